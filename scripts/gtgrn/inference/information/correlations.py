"""Squared correlations of all pairs of genes, by matrix products and counted signs.

Ranks and signs are whole numbers that float64 holds exactly, so that Spearman's and Kendall's
coefficients are the same to the bit whatever the order of genes and the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

TILE = 512
"""Columns of a block of a matrix product."""
SIGN_WORDS = 512
"""Words of sample pairs that Kendall's counts hold at a time, for each gene."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep the linear algebra library to one thread: the threads are ours, over blocks.

    The limit is the whole process's, so a pool of threads is to be started within it.
    """
    with _blas_controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas_controller() -> ThreadpoolController:
    """Find the libraries once: the search takes longer than a small matrix."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def tie_groups(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort each gene and find the ties of each sample.

    Parameters
    ----------
    values
        Samples x genes.

    Returns
    -------
    order, first, last
        Genes x samples, int32: the samples in increasing order, and of each sample the first
        and last position of the samples tied with it.
    """
    rows = np.ascontiguousarray(values.T)
    order = np.argsort(rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order, 1)
    n_samples = rows.shape[1]
    opens = np.ones(rows.shape, bool)
    opens[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    closes = np.ones(rows.shape, bool)
    closes[:, :-1] = opens[:, 1:]
    position = np.arange(n_samples, dtype=np.int32)
    first, last = np.empty(rows.shape, np.int32), np.empty(rows.shape, np.int32)
    start = np.maximum.accumulate(np.where(opens, position, 0), axis=1)
    end = np.minimum.accumulate(np.where(closes, position, n_samples)[:, ::-1], axis=1)[:, ::-1]
    np.put_along_axis(first, order, start.astype(np.int32), 1)
    np.put_along_axis(last, order, end.astype(np.int32), 1)
    return order.astype(np.int32), first, last


def doubled_ranks(values: np.ndarray, *, ties: str = "average") -> np.ndarray:
    """Return 2 rank - (samples + 1), whole numbers of mean 0; samples x genes, float64.

    `ties` share their average rank (``average``) or are ranked as they come (``first``).
    """
    n_samples = len(values)
    if ties not in ("average", "first"):
        raise ValueError(f"ties are ranked by average or first, not {ties!r}")
    if ties == "average":
        _, first, last = tie_groups(values)
        return (first + last + (1 - n_samples)).T.astype(float)
    ranks = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")
    return 2.0 * ranks - (n_samples - 1)


def gram(columns: np.ndarray, *, threads: int = 1) -> np.ndarray:
    """Return the matrix of inner products of columns, by blocks that no thread count changes."""
    p = columns.shape[1]
    starts = range(0, p, TILE)
    if len(starts) == 1:
        return columns.T @ columns
    out = np.empty((p, p))

    def fill(block: tuple[int, int]) -> None:
        i, j = (slice(start, start + TILE) for start in block)
        np.matmul(columns[:, i].T, columns[:, j], out=out[i, j])
        if block[0] != block[1]:
            out[j, i] = out[i, j].T

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, [(i, j) for i in starts for j in starts if i <= j]))
    return out


def square_correlations(products: np.ndarray) -> np.ndarray:
    """Turn inner products into squared cosines, in place; NaN where a vector is 0.

    Squares are divided, not roots: the cosine of equal or opposite vectors is 1 to the bit.
    """
    norms = products.diagonal().copy()
    norms[norms == 0] = np.nan
    for first in range(0, len(norms), TILE):
        rows = products[first : first + TILE]
        rows *= rows
        rows /= norms[first : first + TILE, None] * norms
    return products


def centre_and_scale(values: np.ndarray) -> np.ndarray:
    """Centre each gene and scale it to a largest deviation of 1; a constant one becomes 0."""
    centred = values - values.mean(0)
    # The mean of equal values may be off by rounding, which must not pass for variation.
    centred[:, values.min(0) == values.max(0)] = 0.0
    spread = np.abs(centred).max(0)
    centred /= np.where(spread > 0, spread, 1.0)
    return centred


def _kendall_products(values: np.ndarray, threads: int, progress: bool) -> np.ndarray:
    """Concordant less discordant pairs of samples; untied pairs on the diagonal."""
    from gtgrn.inference.information.kernels import add_concordance, pack_signs, run_blocks

    n_samples, n_genes = values.shape
    rows = np.ascontiguousarray(values.T)
    out = np.zeros((n_genes, n_genes))
    first = 0
    while first < n_samples - 1:
        last, pairs = first + 1, n_samples - 1 - first
        while last < n_samples - 1 and pairs + n_samples - 1 - last <= 64 * SIGN_WORDS:
            pairs += n_samples - 1 - last
            last += 1
        untied = np.empty((n_genes, -(-pairs // 64)), np.uint64)
        rising = np.empty_like(untied)
        pack_signs(rows, first, last, untied, rising)
        run_blocks(
            partial(add_concordance, untied, rising, out=out),
            n_genes,
            threads=threads,
            progress=progress,
            label="kendall",
        )
        first = last
    for i in range(n_genes):
        out[i + 1 :, i] = out[i, i + 1 :]
    return out


def correlate(values: np.ndarray, estimator: str, threads: int, progress: bool) -> np.ndarray:
    """Squared correlations, genes x genes; NaN with a constant gene."""
    if estimator == "kendall":
        return square_correlations(_kendall_products(values, threads, progress))
    columns = centre_and_scale(values) if estimator == "pearson" else doubled_ranks(values)
    return square_correlations(gram(columns, threads=threads))
