"""What compiled forests and boosting share: ranks, searching splits, random numbers, threads."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from tqdm import tqdm

SAME_VALUE = 1e-7
"""Values nearer than this count as equal, as in scikit-learn's splitter."""

PURE = float(np.finfo(np.float64).eps)
"""Variance at which a node is a leaf, as in scikit-learn's tree builder."""

ONE_CELL = np.uint64(2**32)
DRAWS = np.uint64(2**32 - 1)
"""A cell's weight holds one cell and its number of draws, so that one sum counts both."""

ALONE, LAST = np.uint32(1), np.uint32(2)
"""Marks in an order of cells, see :func:`dense_ranks`."""

_U0, _U1, _U6, _U27, _U30, _U31, _U32, _U63 = (np.uint64(i) for i in (0, 1, 6, 27, 30, 31, 32, 63))
STEP = np.uint64(0x9E3779B97F4A7C15)
"""What the state of the generator grows by at each draw."""
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def check_inputs(
    features: np.ndarray, targets: np.ndarray, own: np.ndarray, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check that the shapes fit; return targets, own and seeds in the types of the kernels.

    Parameters
    ----------
    features
        Regulators x cells; may be a read-only memory map. Compared as 32-bit floats, as in
        scikit-learn.
    targets
        Targets x cells.
    own
        For every target, the row of `features` that is the target itself, or -1: that row is
        no feature.
    seeds
        One number a target. The result of a target depends on `features`, its values and its
        seed alone, not on the other targets or on the number of threads.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    targets = np.ascontiguousarray(targets, dtype=np.float64)
    own, seeds = np.asarray(own, dtype=np.int64), np.asarray(seeds).astype(np.uint64)
    if features.ndim != 2 or targets.ndim != 2 or features.shape[1] != targets.shape[1]:
        raise ValueError(
            f"features {features.shape} and targets {targets.shape} must be genes x the same cells"
        )
    if own.shape != (len(targets),) or seeds.shape != (len(targets),):
        raise ValueError("own and seeds must have one number for every target")
    if len(own) and not (own.min() >= -1 and own.max() < len(features)):
        raise ValueError("own must be a row of features or -1")
    return targets, own, seeds


def run_targets(
    regress: Callable[[int], object], n_targets: int, *, threads: int, progress: str | None
) -> list:
    """Return `regress` of every target, in order, by threads (the kernels release the lock).

    Parameters
    ----------
    regress
        Number of a target -> result.
    n_targets, threads
        Number of targets, and how many are regressed at the same time.
    progress
        Label of a progress bar on standard error; none without it.
    """

    def shown(results: Iterable) -> Iterable:
        if progress is None:
            return results
        return tqdm(
            results,
            total=n_targets,
            desc=progress,
            unit="target",
            file=sys.stderr,
            mininterval=5,
        )

    if threads <= 1:
        return list(shown(map(regress, range(n_targets))))
    with ThreadPoolExecutor(threads) as pool:
        return list(shown(pool.map(regress, range(n_targets))))


def features_without(n_features: int, own: int) -> np.ndarray:
    """List all features but the target's own."""
    candidates = np.arange(n_features, dtype=np.uint32)
    return candidates if own < 0 else np.delete(candidates, own)


def features_tried(max_features: str | float | int, n_features: int) -> int:
    """Return scikit-learn's number of features tried at a split.

    Raises
    ------
    ValueError
        If `max_features` is not ``sqrt``, a share in (0, 1] or a positive number.
    """
    if max_features == "sqrt":
        return max(1, math.isqrt(n_features))
    if isinstance(max_features, float) and 0 < max_features <= 1:
        return max(1, int(max_features * n_features))
    if isinstance(max_features, int) and max_features > 0:
        return min(max_features, max(1, n_features))
    raise ValueError(f"max_features must be 'sqrt', a share or a number, not {max_features!r}")


def dense_ranks(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Replace every row's values by 0, 1, ...: equal values share a number, none is skipped.

    Parameters
    ----------
    values
        Features x cells, float32.

    Returns
    -------
    ranks : numpy.ndarray
        Same shape, uint16 where that holds the number of cells, else uint32.
    order : numpy.ndarray
        The cells of every row from the highest value to the lowest, uint16 or uint32; a cell is
        times four, plus :data:`ALONE` if no other cell has its rank, plus :data:`LAST` if others
        have and it is their last.
    above : numpy.ndarray
        Number of cells of every row that do not share the lowest rank.
    """
    n_cells = values.shape[1]
    ranks = np.empty(values.shape, dtype=np.uint16 if n_cells <= 2**16 else np.uint32)
    order = np.empty(values.shape, dtype=np.uint16 if n_cells <= 2**14 else np.uint32)
    above = np.empty(len(values), dtype=np.int64)
    step = np.zeros(n_cells + 1, dtype=np.uint32)
    step[n_cells] = 1
    for i, row in enumerate(values):
        cells = np.argsort(row, kind="stable").astype(np.uint32)
        ordered = row[cells].astype(np.float64)
        step[1:-1] = ordered[1:] > ordered[:-1] + SAME_VALUE
        first, last = step[:-1], step[1:]
        ranks[i, cells] = np.cumsum(first)
        order[i] = (4 * cells + LAST * (first & ~last) + ALONE * (first & last))[::-1]
        above[i] = n_cells - first.argmax() if first.any() else 0
    return ranks, order, above


def _trailing_zeros(_context, bits):
    """Return the number of trailing zero bits of a uint64 that is not 0 (one instruction)."""

    def generate(_target, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


# Its type is that of the call in compiled code, which has no context.
trailing_zeros: Callable[[int], int] = cast(Any, intrinsic(_trailing_zeros))


@njit(cache=True)
def mix(state):
    """Scramble the state of a SplitMix64 generator (Steele et al. 2014) into 64 random bits."""
    state = (state ^ (state >> _U30)) * _MIX1
    state = (state ^ (state >> _U27)) * _MIX2
    return state ^ (state >> _U31)


@njit(cache=True)
def below(bits, bound):
    """Turn random bits into a number from 0 to bound - 1 (bias below bound / 2**32)."""
    return np.int64(((bits >> _U32) * np.uint64(bound)) >> _U32)


@njit(cache=True)
def draw_feature(free, visited, bits):
    """Draw one of the features not yet tried and move it to the end of those tried; return it."""
    j = visited + below(bits, len(free) - visited)
    feature = free[j]
    free[j] = free[visited]
    free[visited] = feature
    return feature


@njit(cache=True)
def inverses(n):
    """Tabulate 1 / count. That of an empty side makes a gain of -inf or nan: never the best."""
    table = np.empty(n + 1)
    table[0] = -np.inf
    for i in range(1, n + 1):
        table[i] = 1.0 / i
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def split_gain(sum_left, left, total, min_leaf, inverse):
    """Return the gain of a split over the node's weight, -1 if a side has too few cells."""
    right = total - left
    gain = sum_left * sum_left * inverse[left & DRAWS] * inverse[right & DRAWS]
    return gain if min(left, right) >= min_leaf else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def tabulate_splits(inverse, total, table):
    """Tabulate 1 / (left x right) for every weight on the left side; 0 if a side is empty."""
    table[0] = table[total] = 0.0
    for i in range(1, total):
        table[i] = inverse[i] * inverse[total - i]


@njit(cache=True, nogil=True, error_model="numpy")
def search_bitmap(row, cells, weights, parts, fewest, total, table, words, counts, sums):
    """Find the best split of a node by a bitmap of ranks.

    Parameters
    ----------
    row
        A feature's ranks of all cells.
    cells, weights, parts
        Of the node: cells, their weights (see :data:`DRAWS`), weight x (target - mean).
    fewest, total
        Least weight on a side, in cells, and weight of the node.
    table
        What :func:`tabulate_splits` makes of the node's weight.
    words, counts, sums
        Zeros: a bit, a weight and a sum for every rank. They are zeros again at the end.

    Returns
    -------
    best : float
        Gain over the node's weight, -1 if there is no split.
    best_rank : int
        Last rank on the left side.
    distinct : int
        Number of different ranks.
    """
    span = total - fewest - fewest
    for i in range(len(cells)):
        rank = np.uint64(row[cells[i]])
        words[rank >> _U6] |= _U1 << (rank & _U63)
        counts[rank] += weights[i]
        sums[rank] += parts[i]
    left, sum_left, distinct = _U0, 0.0, 0
    best, best_rank = -1.0, _U0
    for q in range(len(words)):
        bits = words[q]
        words[q] = 0
        while bits:
            rank = (np.uint64(q) << _U6) | trailing_zeros(bits)
            bits &= bits - _U1
            distinct += 1
            left += counts[rank]
            sum_left += sums[rank]
            counts[rank] = 0
            sums[rank] = 0.0
            gain = sum_left * sum_left * table[left & DRAWS]
            # One comparison for both sides: too few cells on the left wrap around.
            better = (gain > best) & (left - fewest <= span)
            best = gain if better else best
            best_rank = rank if better else best_rank
    return best, best_rank, distinct
