"""Compiled loops of the mutual-information engine.

All take plain arrays, release the interpreter lock and write to rows of their own, so that
:func:`run_blocks` may spread them over threads without any effect on the result. Integer and
order-free arithmetic is used wherever the answer allows it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from tqdm import tqdm

from gtgrn.inference.information.strongest import EQUAL

ROWS = 16
"""Rows that a block of work holds; its size has no effect on any result."""


def run_blocks(
    kernel: Callable[[int, int], None],
    n_rows: int,
    *,
    threads: int = 1,
    rows: int = ROWS,
    progress: bool = False,
    label: str = "",
) -> None:
    """Call ``kernel(first, last)`` for blocks of rows, on several threads.

    Parameters
    ----------
    kernel
        Writes to rows first to last - 1 (and what only they own), nothing else.
    n_rows
        Number of rows in all.
    threads
        Number of threads.
    rows
        Rows a block.
    progress, label
        Whether to show a bar on stderr, and its title.
    """
    blocks = [(first, min(first + rows, n_rows)) for first in range(0, n_rows, rows)]
    bar = tqdm(total=n_rows, desc=label, mininterval=5, file=sys.stderr, disable=not progress)
    with bar, ThreadPoolExecutor(threads) as pool:
        for (first, last), _ in zip(
            blocks, pool.map(lambda block: kernel(*block), blocks), strict=True
        ):
            bar.update(last - first)


@intrinsic
def _count_bits(context, word):
    """Count the set bits of a 64-bit word, by the processor's own instruction."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True)
def digamma(x):
    """Logarithmic derivative of the gamma function at x > 0, to about 1e-15 of its size.

    Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
    """
    shift = 0.0
    while x < 10.0:
        shift -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = 1.0 / 132.0 - y * (691.0 / 32760.0 - y / 12.0)
    series = 1.0 / 252.0 - y * (1.0 / 240.0 - y * series)
    return shift + math.log(x) - 0.5 / x - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * series))


@njit(cache=True, nogil=True)
def table_information(codes, levels, steps, sums, scale, first, last, out):
    """Mutual information by estimators that are a sum of f(n) over the cells of a table.

    H = (f(N) - sum f(n)) / N, so that I = (f(N) - F_x - F_y + F_xy) / N. f is held as integers
    of 1/`scale` and its steps are added sample by sample: no table need be read again, and
    neither the order of the samples nor that of the genes changes a bit of the result.

    Parameters
    ----------
    codes
        Genes x samples, uint16, dense from 0.
    levels
        Number of distinct codes of each gene.
    steps
        f(n + 1) - f(n) for n = 0 to N - 1, scaled, int64.
    sums
        Scaled F of each gene, int64.
    scale
        Of the integers.
    first, last
        Rows (genes) to fill, against all later genes.
    out
        Genes x genes; both triangles are written.
    """
    n_genes, n_samples = codes.shape
    width = np.uint32(levels.max())
    counts = np.zeros(np.int64(levels[first:last].max()) * np.int64(width), np.uint32)
    rows = np.empty(n_samples, np.uint32)
    total = np.int64(0)
    for s in range(n_samples):
        total += steps[s]
    factor = 1.0 / (scale * n_samples)
    for i in range(first, last):
        cells = levels[i] * np.int64(width)
        for s in range(n_samples):
            rows[s] = np.uint32(codes[i, s]) * width
        for j in range(i + 1, n_genes):
            joint = np.int64(0)
            for s in range(n_samples):
                cell = rows[s] + codes[j, s]
                joint += steps[counts[cell]]
                counts[cell] += np.uint32(1)
            if cells < 8 * n_samples:
                for cell in range(cells):
                    counts[cell] = 0
            else:
                for s in range(n_samples):
                    counts[rows[s] + codes[j, s]] = 0
            value = (total - sums[i] - sums[j] + joint) * factor
            out[i, j] = value
            out[j, i] = value


@njit(cache=True, nogil=True)
def _shrinkage_entropy(frequency, largest, n_cells, squares, n_samples):
    """Entropy of the `shrink` estimator from the frequency of each count."""
    n, k = np.float64(n_samples), np.float64(n_cells)
    if n_cells == 1:
        return np.nan
    excess = squares * k - n * n
    if excess <= 0.0:
        return math.log(k)
    intensity = k * (n * n - squares) / ((n - 1.0) * excess)
    if intensity >= 1.0:
        return math.log(k)
    prior = intensity / (1.0 - intensity) * n / k
    mass = n + k * prior
    top, entropy = digamma(mass + 1.0), 0.0
    for count in range(1, largest + 1):
        if frequency[count]:
            weight = frequency[count] * (count + prior)
            entropy += weight * (top - digamma(count + prior + 1.0))
    return entropy / mass


@njit(cache=True, nogil=True)
def _joint_shrinkage_entropy(rows, codes, counts, frequency):
    """Entropy of the cells rows + codes; leaves `counts` and `frequency` at zero."""
    n_samples = len(rows)
    n_cells, squares, largest = 0, 0.0, 0
    for s in range(n_samples):
        cell = rows[s] + codes[s]
        count = np.int64(counts[cell])
        counts[cell] = count + 1
        n_cells += count == 0
        squares += 2 * count + 1
        frequency[count] -= 1
        frequency[count + 1] += 1
        largest = max(largest, count + 1)
    entropy = _shrinkage_entropy(frequency, largest, n_cells, squares, n_samples)
    for s in range(n_samples):
        counts[rows[s] + codes[s]] = 0
    for count in range(largest + 1):
        frequency[count] = 0
    return entropy


@njit(cache=True, nogil=True)
def shrinkage_entropies(codes, out):
    """Entropy (nats) of each gene by the `shrink` estimator; `codes` is genes x samples."""
    n_genes, n_samples = codes.shape
    counts = np.zeros(65536, np.uint32)
    frequency = np.zeros(n_samples + 1, np.int64)
    rows = np.zeros(n_samples, np.uint32)
    for i in range(n_genes):
        out[i] = _joint_shrinkage_entropy(rows, codes[i], counts, frequency)


@njit(cache=True, nogil=True)
def shrinkage_information(codes, levels, entropies, first, last, out):
    """Mutual information by the `shrink` estimator; arguments as :func:`table_information`."""
    n_genes, n_samples = codes.shape
    width = np.uint32(levels.max())
    counts = np.zeros(np.int64(levels[first:last].max()) * np.int64(width), np.uint32)
    frequency = np.zeros(n_samples + 1, np.int64)
    rows = np.empty(n_samples, np.uint32)
    for i in range(first, last):
        for s in range(n_samples):
            rows[s] = np.uint32(codes[i, s]) * width
        for j in range(i + 1, n_genes):
            joint = _joint_shrinkage_entropy(rows, codes[j], counts, frequency)
            value = entropies[i] + entropies[j] - joint
            out[i, j] = value
            out[j, i] = value


@njit(cache=True, nogil=True)
def pack_signs(values, first, last, untied, rising):
    """Pack the signs of x_t - x_s, s from `first` to `last` - 1 and t > s, into words.

    Parameters
    ----------
    values
        Genes x samples.
    first, last
        The earlier samples of the pairs.
    untied, rising
        Genes x words, uint64: whether the two differ, and whether the later is the larger.
    """
    n_genes, n_samples = values.shape
    one = np.uint64(1)
    for g in range(n_genes):
        word, bit = 0, np.uint64(0)
        differ, rise = np.uint64(0), np.uint64(0)
        for s in range(first, last):
            x = values[g, s]
            for t in range(s + 1, n_samples):
                differ |= np.uint64(values[g, t] != x) << bit
                rise |= np.uint64(values[g, t] > x) << bit
                bit += one
                if bit == np.uint64(64):
                    untied[g, word], rising[g, word] = differ, rise
                    word, bit = word + 1, np.uint64(0)
                    differ, rise = np.uint64(0), np.uint64(0)
        for w in range(word, untied.shape[1]):
            untied[g, w], rising[g, w] = differ, rise
            differ, rise = np.uint64(0), np.uint64(0)


@njit(cache=True, nogil=True)
def add_concordance(untied, rising, first, last, out):
    """Add concordant less discordant sample pairs of genes i <= j to out[i, j].

    The diagonal receives the untied pairs. `out` is genes x genes float64 (whole numbers);
    rows `first` to `last` - 1 are written.
    """
    n_genes, n_words = untied.shape
    tile = 32
    for start in range(first, n_genes, tile):
        for i in range(first, last):
            for j in range(max(i, start), min(start + tile, n_genes)):
                both, opposed = np.uint64(0), np.uint64(0)
                for w in range(n_words):
                    shared = untied[i, w] & untied[j, w]
                    both += _count_bits(shared)
                    opposed += _count_bits(shared & (rising[i, w] ^ rising[j, w]))
                out[i, j] += np.float64(np.int64(both) - 2 * np.int64(opposed))


@njit(cache=True, nogil=True)
def resample_ranks(order, group_first, group_last, draws, out):
    """Centred, doubled average ranks of a bootstrap sample, without sorting again.

    Parameters
    ----------
    order
        Genes x samples: samples from the smallest value to the largest.
    group_first, group_last
        Genes x samples: first and last position, in that order, of the ties of a sample.
    draws
        How often each sample is drawn.
    out
        Genes x draws, float64: 2 rank - (N + 1) of each draw, samples in their own order.
    """
    n_genes, n_samples = order.shape
    below = np.zeros(n_samples + 1, np.int64)
    for g in range(n_genes):
        for k in range(n_samples):
            below[k + 1] = below[k] + draws[order[g, k]]
        column = 0
        for s in range(n_samples):
            if draws[s]:
                rank = below[group_first[g, s]] + below[group_last[g, s] + 1] - n_samples
                for _ in range(draws[s]):
                    out[g, column] = rank
                    column += 1


@njit(cache=True, nogil=True)
def strongest_squares(products, cap, partner, square):
    """Return each gene's strongest partner by squared cosine, and that square.

    In one pass over the inner products, where dividing all of them first would read and write
    them three times. Squares above `cap` are equal to it and the first of equal ones is taken,
    equal but for rounding (`EQUAL`); a gene whose squares are all 0 has the partner -1.
    """
    n_genes = len(products)
    for i in range(n_genes):
        own, best, place = products[i, i], 0.0, -1
        for j in range(n_genes):
            norm = own * products[j, j]
            if j == i or norm == 0.0:
                continue
            value = min(products[i, j] * products[i, j] / norm, cap)
            if value > best * (1.0 + EQUAL):
                best, place = value, j
        partner[i], square[i] = place, best


@njit(cache=True, nogil=True)
def widest_indirect(mim, first, last, out):
    """Return max over k of min(M_ik, M_kj) for rows `first` to `last` - 1 and j >= `first`.

    `mim` is symmetric, without NaN; `out` has last - first rows.
    """
    n_genes = len(mim)
    tile = 512
    for start in range(first, n_genes, tile):
        stop = min(start + tile, n_genes)
        for r in range(last - first):
            for j in range(start, stop):
                out[r, j] = -np.inf
        # Four k at a time, as reading and writing `out` costs more than the comparisons; the
        # last may come twice, which a maximum does not mind.
        for k in range(0, n_genes, 4):
            k1, k2, k3 = min(k + 1, n_genes - 1), min(k + 2, n_genes - 1), min(k + 3, n_genes - 1)
            right, right1 = mim[k, start:stop], mim[k1, start:stop]
            right2, right3 = mim[k2, start:stop], mim[k3, start:stop]
            for r in range(last - first):
                row, best = mim[first + r], out[r, start:stop]
                left, left1, left2, left3 = row[k], row[k1], row[k2], row[k3]
                for j in range(stop - start):
                    way = max(min(right[j], left), min(right1[j], left1))
                    other = max(min(right2[j], left2), min(right3[j], left3))
                    best[j] = max(best[j], max(way, other))
