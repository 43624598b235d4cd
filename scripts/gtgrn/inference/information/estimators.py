"""Discretisation and mutual-information matrices in nats, as the R packages define them.

Written from the formulas of minet's ``build.mim`` (Meyer et al. 2008,
doi 10.1186/1471-2105-9-461) with infotheo's estimators, of bc3net (de Matos Simoes and
Emmert-Streib 2012, doi 10.1371/journal.pone.0033624) and of c3net (Altay and Emmert-Streib
2010, doi 10.1186/1752-0509-4-132).

Values are samples x genes. Rank and table estimators count in whole numbers, so that neither
the order of the genes nor the number of threads changes a bit of them; Pearson's may differ in
the last bit with the order of the genes, which callers therefore sort by name.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from gtgrn.errors import InputError
from gtgrn.inference.information.correlations import (
    centre_and_scale,
    correlate,
    doubled_ranks,
    gram,
    one_blas_thread,
    square_correlations,
)

CORRELATIONS = ("pearson", "spearman", "kendall")
DISCRETE = {"mi.empirical": "emp", "mi.mm": "mm", "mi.shrink": "shrink", "mi.sg": "sg"}
DISCRETISATIONS = ("equalfreq", "equalwidth", "globalequalwidth")
CAP = 0.999999
"""Largest squared correlation of minet and bc3net: no information exceeds 6.9078 nats."""
C3NET_CAP = 0.9999999
MOST_STATES = 65535
"""States of a gene that the compiled tables can number."""


def check_values(values: np.ndarray, *, missing: bool = False) -> np.ndarray:
    """Return samples x genes as float64, or say which gene cannot be used.

    Parameters
    ----------
    values
        Samples x genes.
    missing
        Whether NaN is allowed.

    Raises
    ------
    InputError
        Not a table of two samples and one gene at least, or infinite or missing values.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1:
        raise InputError(
            f"values of shape {values.shape}, not samples x genes",
            remedy="Give at least two samples and one gene.",
        )
    bad = np.isinf(values) if missing else ~np.isfinite(values)
    if bad.any():
        gene = int(np.flatnonzero(bad.any(0))[0])
        raise InputError(
            f"missing or infinite values in gene column {gene} (counted from 0)",
            field=f"column {gene}",
            remedy="Impute them or leave the gene out.",
        )
    return values


def discretise(values: np.ndarray, *, method: str = "equalfreq", bins: int) -> np.ndarray:
    """Cut each gene into bins, numbered from 1 as in infotheo.

    ``equalfreq`` takes the cut k (from 0) at position (k+1)f - 1, one further for k < m, of the
    sorted samples, with f, m = divmod(samples, bins); ties go to the lower bin. ``equalwidth``
    divides the range of each gene, bins closed on the left; a constant gene lies in bin 1.
    ``globalequalwidth`` divides the range of the whole table, widened by 0.1 % at both ends,
    bins closed on the right.

    Parameters
    ----------
    values
        Samples x genes, finite.
    method
        ``equalfreq``, ``equalwidth`` or ``globalequalwidth``.
    bins
        Number of bins.

    Returns
    -------
    numpy.ndarray
        Samples x genes, int32, from 1.

    Raises
    ------
    InputError
        An unknown method, fewer than one bin, more bins than samples (equalfreq), or values
        that are not finite.
    """
    values = check_values(values)
    n_samples, n_genes = values.shape
    if method not in DISCRETISATIONS:
        raise InputError(
            f"unknown discretisation {method!r}", remedy=f"Use one of {DISCRETISATIONS}."
        )
    if bins < 1 or (method == "equalfreq" and bins > n_samples):
        raise InputError(f"{bins} bins for {n_samples} samples", remedy="Give fewer bins.")
    codes = np.empty((n_samples, n_genes), np.int32)
    if method == "globalequalwidth":
        low, high = values.min(), values.max()
        margin = (high - low or abs(low)) / 1000
        if high == low:
            low, high = low - margin, high + margin
        edges = np.linspace(low, high, bins + 1)
        codes[:] = np.searchsorted(edges[1:-1], values, side="left") + 1
        return codes
    cut = _cut_frequencies if method == "equalfreq" else _cut_widths
    for g in range(n_genes):
        codes[:, g] = cut(values[:, g], bins)
    return codes


def _cut_frequencies(column: np.ndarray, bins: int) -> np.ndarray:
    f, m = divmod(len(column), bins)
    k = np.arange(bins - 1)
    cuts = np.sort(column)[(k + 1) * f - 1 + (k < m)]
    return np.searchsorted(cuts, column, side="left") + 1


def _cut_widths(column: np.ndarray, bins: int) -> np.ndarray:
    low = column.min()
    if column.max() == low:
        return np.ones(len(column), int)
    # The edges themselves are compared, as a quotient may round to the other side.
    edges = low + np.arange(1, bins) * ((column.max() - low) / bins)
    return np.searchsorted(edges, column, side="right") + 1


def copula(values: np.ndarray) -> np.ndarray:
    """Replace values by (rank - 0.5) / samples, ties ranked as they come (c3net's copula)."""
    values = check_values(values)
    return (doubled_ranks(values, ties="first") / len(values) + 1.0) / 2.0


def correlation_information(squares: np.ndarray) -> np.ndarray:
    """Turn squared correlations into -ln(1 - r^2) / 2, in place, with a diagonal of 0."""
    np.negative(squares, out=squares)
    np.log1p(squares, out=squares)
    squares *= -0.5
    np.fill_diagonal(squares, 0.0)
    return squares


def _table_steps(n: int, estimator: str) -> tuple[np.ndarray, float]:
    """Return the steps f(1) - f(0) to f(n) - f(n - 1) as scaled integers, and the scale.

    H is (f(N) - sum of f over the cells) / N for the three estimators: f(n) is n ln n (emp),
    n ln n - 1/2 for n > 0 (mm, after Miller and Madow) and n psi(n + 1) (sg, whose prior is 0
    in infotheo, an integer division).
    """
    count = np.arange(1, n + 1)
    f: np.ndarray
    if estimator == "sg":
        f = count * (np.cumsum(1.0 / count) - np.euler_gamma)
    else:
        f = count * np.log(count) - (0.5 if estimator == "mm" else 0.0)
    scale = 2.0 ** (58 - math.ceil(math.log2(1.0 + np.abs(f).max())))
    return np.diff(np.rint(f * scale).astype(np.int64), prepend=0), scale


def _number_states(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Renumber the states of a gene from 0 without gaps; return also how many there are."""
    if codes.dtype.kind == "i" and codes.min() >= 0 and codes.max() <= len(codes):
        seen = np.bincount(codes) > 0
        numbers, n_states = (np.cumsum(seen) - 1)[codes], int(seen.sum())
    else:
        states, numbers = np.unique(codes, return_inverse=True)
        n_states = len(states)
    if n_states > MOST_STATES:
        raise InputError(
            f"a gene with {n_states} states", remedy=f"Discretise to at most {MOST_STATES}."
        )
    return numbers, n_states


def discrete_information(
    codes: np.ndarray, *, estimator: str, threads: int = 1, progress: bool = False
) -> np.ndarray:
    """Mutual information of discrete genes by infotheo's estimators, entropies on the diagonal.

    Parameters
    ----------
    codes
        Samples x genes, any numbers: equal ones are one state.
    estimator
        ``emp``, ``mm``, ``shrink`` or ``sg``.
    threads, progress
        As :func:`mi_matrix`.

    Returns
    -------
    numpy.ndarray
        Genes x genes, nats; ``shrink`` gives NaN where a gene has one state.
    """
    from gtgrn.inference.information import kernels as mi_kernels

    n_samples, n_genes = codes.shape
    dense = np.empty((n_genes, n_samples), np.uint16)
    levels = np.empty(n_genes, np.int64)
    for g in range(n_genes):
        dense[g], levels[g] = _number_states(codes[:, g])
    out = np.empty((n_genes, n_genes))
    if estimator == "shrink":
        entropies = np.empty(n_genes)
        mi_kernels.shrinkage_entropies(dense, entropies)
        fill = partial(mi_kernels.shrinkage_information, dense, levels, entropies, out=out)
    else:
        steps, scale = _table_steps(n_samples, estimator)
        totals = np.concatenate([[0], np.cumsum(steps)])
        sums = np.array([totals[np.bincount(gene)].sum() for gene in dense])
        entropies = (totals[-1] - sums) / (scale * n_samples)
        fill = partial(mi_kernels.table_information, dense, levels, steps, sums, scale, out=out)
    mi_kernels.run_blocks(fill, n_genes, threads=threads, progress=progress, label=estimator)
    np.fill_diagonal(out, entropies)
    return out


def mi_matrix(
    values: np.ndarray,
    *,
    estimator: str = "spearman",
    discretisation: str = "none",
    bins: int | None = None,
    threads: int = 1,
    progress: bool = False,
) -> np.ndarray:
    """Mutual-information matrix of minet's ``build.mim``.

    Correlations give -ln(1 - r^2) / 2 with r^2 at most 0.999999 (Spearman with average ranks,
    Kendall's tau-b), samples with a missing value left out for all genes; a constant gene has
    NaN. The estimators ``mi.*`` are infotheo's on discrete values, what is negative set to 0;
    a constant gene has 0 (NaN with ``mi.shrink``).

    Parameters
    ----------
    values
        Samples x genes.
    estimator
        ``spearman``, ``pearson``, ``kendall``, ``mi.empirical``, ``mi.mm``, ``mi.shrink`` or
        ``mi.sg``.
    discretisation
        ``none`` or a method of :func:`discretise`, applied before any estimator.
    bins
        Number of bins; None is the root of the number of samples, rounded down.
    threads
        Number of threads; no result depends on it.
    progress
        Whether to show a bar on stderr.

    Returns
    -------
    numpy.ndarray
        Genes x genes, symmetric, with a diagonal of 0.

    Raises
    ------
    InputError
        Unknown options, values that are not finite (with a correlation: infinite, or fewer
        than two complete samples), or ``mi.*`` of values that are neither whole numbers nor
        discretised.
    """
    values = _check_estimator(values, estimator, discretisation)
    if discretisation != "none":
        bins = math.isqrt(len(values)) if bins is None else bins
        values = discretise(values, method=discretisation, bins=bins)
    if estimator in CORRELATIONS:
        with one_blas_thread():
            squares = correlate(np.asarray(values, float), estimator, threads, progress)
        return correlation_information(np.minimum(squares, CAP, out=squares))
    mim = discrete_information(
        values, estimator=DISCRETE[estimator], threads=threads, progress=progress
    )
    np.fill_diagonal(mim, 0.0)
    return np.maximum(mim, 0.0, out=mim)


def _check_estimator(values: np.ndarray, estimator: str, discretisation: str) -> np.ndarray:
    """Return the values that an estimator of minet can use."""
    if estimator not in (*CORRELATIONS, *DISCRETE):
        raise InputError(
            f"unknown estimator {estimator!r}",
            remedy=f"Use one of {(*CORRELATIONS, *DISCRETE)}.",
        )
    values = check_values(values, missing=estimator in CORRELATIONS)
    if estimator in CORRELATIONS:
        values = check_values(values[~np.isnan(values).any(1)])
    elif discretisation == "none" and (values != np.rint(values)).any():
        raise InputError(
            f"{estimator} of values that are not discrete",
            remedy=f"Set the discretisation to one of {DISCRETISATIONS}.",
        )
    return values


def bc3net_mi_matrix(
    values: np.ndarray,
    *,
    estimator: str = "pearson",
    discretisation: str = "equalwidth",
    bins: int | None = None,
    threads: int = 1,
    progress: bool = False,
) -> np.ndarray:
    """Mutual-information matrix of bc3net's ``mimwrap``.

    As :func:`mi_matrix`, but NaN becomes 0, and the discrete estimators (``emp``, ``mm``,
    ``shrink``, ``sg``) keep negative values and have the entropies on the diagonal. ``cor`` is
    Pearson's r itself.

    Parameters
    ----------
    values
        Samples x genes, finite.
    estimator
        ``pearson``, ``spearman``, ``kendall``, ``cor``, ``emp``, ``mm``, ``shrink``, ``sg``.
    discretisation
        As :func:`discretise`; only the discrete estimators use it.
    bins
        None is the root of the number of *genes*, rounded down, as in bc3net.
    threads, progress
        As :func:`mi_matrix`.

    Raises
    ------
    InputError
        Unknown options or values that are not finite.
    """
    values = check_values(values)
    if estimator in CORRELATIONS:
        mim = mi_matrix(values, estimator=estimator, threads=threads, progress=progress)
    elif estimator == "cor":
        columns = centre_and_scale(values)
        norms = np.sqrt((columns * columns).sum(0))
        with one_blas_thread():
            mim = gram(columns / np.where(norms > 0, norms, np.nan), threads=threads)
    elif estimator in DISCRETE.values():
        bins = math.isqrt(values.shape[1]) if bins is None else bins
        codes = discretise(values, method=discretisation, bins=bins)
        mim = discrete_information(codes, estimator=estimator, threads=threads, progress=progress)
    else:
        raise InputError(
            f"unknown estimator {estimator!r}",
            remedy=f"Use one of {(*CORRELATIONS, 'cor', *DISCRETE.values())}.",
        )
    mim[np.isnan(mim)] = 0.0
    return mim


def c3net_mi_matrix(values: np.ndarray, *, copula: str = "first", threads: int = 1) -> np.ndarray:
    """Mutual-information matrix of c3net's ``makemim``.

    -ln(1 - r^2) / 2 of Pearson's r, where r^2 of 1 becomes 0.9999999. Rounding may leave the
    r^2 of collinear genes just below 1, with which the R function lets 18 nats pass for the
    8.06 of the cap; here 1 - 1e-12 is the limit, so that the result is that of every machine.

    Parameters
    ----------
    values
        Samples x genes, finite.
    copula
        What is correlated: ranks, with ties that share their mean (``average``) or are ranked
        as they come, as in c3net (``first``), or the values themselves (``none``).
    threads
        As :func:`mi_matrix`.

    Raises
    ------
    InputError
        Values that are not finite, or a constant gene unless ties are ranked as they come.
    """
    values = check_values(values)
    columns = centre_and_scale(values) if copula == "none" else doubled_ranks(values, ties=copula)
    with one_blas_thread():
        squares = square_correlations(gram(columns, threads=threads))
    constant = np.flatnonzero(np.isnan(squares.diagonal()))
    if len(constant):
        raise InputError(
            f"gene column {constant[0]} (counted from 0) is constant",
            field=f"column {constant[0]}",
            remedy="Leave constant genes out.",
        )
    squares[squares >= 1.0 - 1e-12] = C3NET_CAP
    return correlation_information(squares)
