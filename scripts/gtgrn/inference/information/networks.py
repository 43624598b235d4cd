"""Networks from a mutual-information matrix: ARACNE, MRNET and CLR.

Written from the formulas of minet and, as options, parmigene. Matrices are genes x genes,
symmetric; networks are undirected.
"""

from __future__ import annotations

import numpy as np

from gtgrn.errors import InputError

TIE = 1e-12
"""Scores closer than this share of the largest information are equal but for rounding."""


def check_mim(mim: np.ndarray) -> np.ndarray:
    """Return a mutual-information matrix as contiguous float64.

    Raises
    ------
    InputError
        Not square, not symmetric (NaN may stand opposite NaN), or infinite.
    """
    mim = np.ascontiguousarray(mim, dtype=float)
    if mim.ndim != 2 or mim.shape[0] != mim.shape[1] or not len(mim):
        raise InputError(f"a mutual-information matrix of shape {mim.shape}, not square")
    for first in range(0, len(mim), 512):
        rows, columns = mim[first : first + 512], mim[:, first : first + 512].T
        if np.isinf(rows).any():
            raise InputError("an infinite value in the mutual-information matrix")
        if not ((rows == columns) | (np.isnan(rows) & np.isnan(columns))).all():
            raise InputError("a mutual-information matrix that is not symmetric")
    return mim


def _prune(mim: np.ndarray, tolerance: float, threads: int, progress: bool) -> np.ndarray:
    """Set to 0 the edges that are the weakest of a triangle by more than the tolerance.

    The second weakest edge of a triangle i, j, k whose weakest is ij is min(M_ik, M_kj): the
    largest over k decides.
    """
    from gtgrn.inference.information.kernels import run_blocks, widest_indirect

    mim = check_mim(mim)
    out = mim.copy()
    # A comparison with NaN is false: such a triangle removes nothing.
    known = np.where(np.isnan(mim), -np.inf, mim)

    def prune(first: int, last: int) -> None:
        detour = np.full((last - first, len(mim)), -np.inf)
        widest_indirect(known, first, last, detour)
        edges = mim[first:last]
        weak = detour - edges > tolerance
        for r, i in enumerate(range(first, last)):
            below = i + 1 + np.flatnonzero(weak[r, i + 1 :])
            out[i, below] = 0.0
            out[below, i] = 0.0

    run_blocks(prune, len(mim), threads=threads, rows=8, progress=progress, label="aracne")
    return out


def aracne(
    mim: np.ndarray, *, eps: float = 0.0, threads: int = 1, progress: bool = False
) -> np.ndarray:
    """ARACNE (Margolin et al. 2006, doi 10.1186/1471-2105-7-S1-S7) as in minet.

    Of every three genes the weakest edge is marked if the second weakest is stronger by more
    than `eps`; marked edges become 0 once all triples are seen. O(genes^3). parmigene's
    ``aracne.a`` is the same.

    Parameters
    ----------
    mim
        Genes x genes. NaN stays and removes nothing; the diagonal stays.
    eps
        Absolute difference, nats.
    threads, progress
        Number of threads, on which no result depends; whether to show a bar.

    Raises
    ------
    InputError
        A matrix that is not square and symmetric, or a negative `eps`.
    """
    if not eps >= 0:
        raise InputError(f"eps of {eps}", field="eps", remedy="Give 0 or more.")
    return _prune(mim, eps, threads, progress)


def mrnet(
    mim: np.ndarray, *, stop_at_zero: bool = False, threads: int = 1, progress: bool = False
) -> np.ndarray:
    """MRNET (Meyer et al. 2007, doi 10.1155/2007/79879): relevance less redundancy.

    For each target, genes are chosen one by one: the next has the largest score, its
    information on the target less its mean information on those chosen. The first negative
    score ends the choice. An edge weighs the larger of its two scores.

    Parameters
    ----------
    mim
        Genes x genes; NaN is never chosen.
    stop_at_zero
        parmigene's rule: a score of 0 ends the choice too, and the target does not take part.
        In minet it does, by the 0 on the diagonal, which only scores of exactly 0 make felt.
    threads, progress
        As :func:`aracne`.

    Raises
    ------
    InputError
        A matrix that is not square and symmetric.
    """
    from gtgrn.inference.information.forward_selection import select_forward
    from gtgrn.inference.information.kernels import run_blocks

    mim = check_mim(mim)
    out = np.zeros_like(mim)
    tie = TIE * np.nanmax(np.abs(mim))
    run_blocks(
        lambda first, last: select_forward(mim, tie, stop_at_zero, first, last, out),
        len(mim),
        threads=threads,
        progress=progress,
        label="mrnet",
    )
    return np.maximum(out, out.T)


def clr(mim: np.ndarray, *, skip_diagonal: bool = True, parmigene: bool = False) -> np.ndarray:
    """CLR (Faith et al. 2007, doi 10.1371/journal.pbio.0050008): context likelihood.

    z of an edge is its excess over the mean of a gene's row in standard deviations, at least
    0; the two z are combined as sqrt(z_i^2 + z_j^2).

    Parameters
    ----------
    mim
        Genes x genes.
    skip_diagonal
        Whether mean and variance (divisor: entries less one) leave the diagonal out, or take
        it as it is.
    parmigene
        parmigene's form (minet's before 3.18): diagonal included, variance divided by the
        number of entries, sqrt(z_i^4 + z_j^4).

    Returns
    -------
    numpy.ndarray
        Genes x genes, diagonal 0. A row without variance, or with NaN, gives NaN; in
        parmigene's form, a row without variance has z of 0.

    Raises
    ------
    InputError
        A matrix that is not square and symmetric.
    """
    mim = check_mim(mim)
    skip = skip_diagonal and not parmigene
    entries = len(mim) - skip
    z = mim.copy()
    if skip:
        # A neighbour's value in its place lets a row of equal entries show as one.
        np.fill_diagonal(z, np.roll(z, -1, axis=1).diagonal())
    constant = np.ptp(z, axis=1) == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        if skip:
            np.fill_diagonal(z, 0.0)
        z -= (z.sum(1) / np.float64(entries))[:, None]
        if skip:
            np.fill_diagonal(z, 0.0)
        variance = np.einsum("ij,ij->i", z, z) / np.float64(entries - (not parmigene))
        variance[constant] = np.nan
        z /= np.sqrt(variance)[:, None]
        np.maximum(z, 0.0, out=z)
        if parmigene:
            z[constant] = 0.0
        z **= 4 if parmigene else 2
        for first in range(0, len(z), 512):
            total = np.sqrt(z[first:, first : first + 512].T + z[first : first + 512, first:])
            z[first : first + 512, first:] = total
            z[first:, first : first + 512] = total.T
    np.fill_diagonal(z, 0.0)
    return z
