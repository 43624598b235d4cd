"""Importances of random forests and of extra-trees, by compiled exact split search.

The same estimator as scikit-learn's ``RandomForestRegressor`` and ``ExtraTreesRegressor`` with
the squared error, which is what arboreto runs (GENIE3: Huynh-Thu et al. 2010,
doi 10.1371/journal.pone.0012776; extra-trees: Geurts et al. 2006,
doi 10.1007/s10994-006-6226-1). No candidate split is left out and no value is binned; only the
random stream differs. What makes it faster:

- values become dense ranks once for all targets and trees, so that nothing compares floats;
- a big node is put in order by a bitmap of ranks, a small one by sorting a few packed integers
  read from the transposed matrix, whose rows of a small subtree stay in the cache;
- targets are centred in the node, so that a split costs two products and no division;
- no partition of a node's targets beats the best one of the targets in order. A feature that
  reaches that bound ends the search (scikit-learn keeps the first of equal splits). With two
  cells every feature that varies reaches it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from tqdm import tqdm

SAME_VALUE = 1e-7
"""Values nearer than this count as equal, as in scikit-learn's splitter."""

PURE = float(np.finfo(np.float64).eps)
"""Variance at which a node is a leaf, as in scikit-learn's tree builder."""

SMALL = 12
"""Most cells in a node that is sorted rather than put on the bitmap of ranks; below 64."""

NEAR = 64
"""Most cells in a node of an extra-tree whose values are read from the transposed matrix."""

BOUNDED = 10
"""Most cells in a node whose bound on the gain is worth computing."""

UNLIMITED = 2**30
"""Depth of a tree without a limit."""

ONE_CELL = np.uint64(2**32)
DRAWS = np.uint64(2**32 - 1)
"""A cell's weight holds one cell and its number of draws, so that one sum counts both."""

_SHARE = np.array([0.0, 1.0])
_U = [np.uint64(i) for i in range(64)]
_U0, _U1, _U6, _U27, _U30, _U31, _U32, _U63 = (_U[i] for i in (0, 1, 6, 27, 30, 31, 32, 63))
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def forest_importances(
    features: np.ndarray,
    targets: np.ndarray,
    own: np.ndarray,
    seeds: np.ndarray,
    *,
    kind: str = "rf",
    n_estimators: int = 1000,
    max_features: str | float | int = "sqrt",
    max_depth: int | None = None,
    min_samples_leaf: int = 1,
    bootstrap: bool = True,
    threads: int = 1,
    progress: str | None = None,
) -> np.ndarray:
    """Give every feature's importance for every target, as ``feature_importances_`` does.

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
        seed alone, not on the other targets or on `threads`.
    kind
        ``rf``: bootstrap samples and best splits; ``et``: all cells and one random threshold
        for each feature tried.
    n_estimators, max_depth, min_samples_leaf
        As in scikit-learn; a leaf counts distinct cells.
    max_features
        Features tried at a split: ``sqrt``, a share of the features, or a number.
    bootstrap
        Draw a bootstrap sample for every tree of ``rf``; extra-trees use all cells.
    threads
        Targets regressed at the same time.
    progress
        Label of a progress bar on standard error; none without it.

    Returns
    -------
    numpy.ndarray
        Targets x features, float64. A row is the mean of the trees' normalised importances
        and sums to 1, or is 0 where no tree could split (constant target or features).

    Raises
    ------
    ValueError
        If `kind` is unknown or the shapes do not fit.
    """
    if kind not in ("rf", "et"):
        raise ValueError(f"kind must be 'rf' or 'et', not {kind!r}")
    targets, own, seeds = check_inputs(features, targets, own, seeds)
    values = np.ascontiguousarray(features, dtype=np.float32)
    if kind == "rf":
        grow = _random_forest
        by_feature = dense_ranks(values)[0]
    else:
        grow = _extra_trees
        by_feature = values
    by_cell = np.ascontiguousarray(by_feature.T)

    def regress(target: int) -> np.ndarray:
        candidates = features_without(len(features), own[target])
        return grow(
            by_feature,
            by_cell,
            targets[target],
            candidates,
            seeds[target],
            n_estimators,
            features_tried(max_features, len(candidates)),
            UNLIMITED if max_depth is None else max_depth,
            min_samples_leaf,
            bootstrap,
        )

    return np.array(
        run_targets(regress, len(targets), threads=threads, progress=progress)
    ).reshape(len(targets), len(features))


def check_inputs(
    features: np.ndarray, targets: np.ndarray, own: np.ndarray, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check that the shapes fit; give targets, own and seeds in the types of the kernels.

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
    """Give `regress` of every target, in order, by threads (the kernels release the lock)."""

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
    """Give scikit-learn's number of features tried at a split.

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
        The cells of every row from the lowest rank to the highest, uint32; a cell is doubled,
        plus 1 if it is the first of its rank.
    lowest : numpy.ndarray
        Number of cells of every row that share the lowest rank.
    """
    n_cells = values.shape[1]
    ranks = np.empty(values.shape, dtype=np.uint16 if n_cells <= 2**16 else np.uint32)
    order = np.empty(values.shape, dtype=np.uint32)
    lowest = np.empty(len(values), dtype=np.int64)
    step = np.zeros(n_cells, dtype=np.uint32)
    for i, row in enumerate(values):
        cells = np.argsort(row, kind="stable").astype(np.uint32)
        ordered = row[cells].astype(np.float64)
        step[1:] = ordered[1:] > ordered[:-1] + SAME_VALUE
        ranks[i, cells] = np.cumsum(step)
        order[i] = 2 * cells + step
        lowest[i] = step.argmax() if step.any() else n_cells
    return ranks, order, lowest


@intrinsic
def trailing_zeros(_context, bits):
    """Give the number of trailing zero bits of a uint64 that is not 0 (one instruction)."""

    def generate(_target, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


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
def inverses(n):
    """Tabulate 1 / count. That of an empty side makes a gain of -inf or nan: never the best."""
    table = np.empty(n + 1)
    table[0] = -np.inf
    for i in range(1, n + 1):
        table[i] = 1.0 / i
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_cells(y, bootstrap, state, cells, weights, ys):
    """Draw a tree's cells; give their number and the new state of the generator."""
    n = len(y)
    counts = np.zeros(n, np.uint64)
    if bootstrap:
        for _ in range(n):
            state += _STEP
            counts[below(mix(state), n)] += _U1
    else:
        counts[:] = 1
    m = 0
    for i in range(n):
        if counts[i] > 0:
            cells[m], weights[m], ys[m] = i, counts[i] | ONE_CELL, y[i]
            m += 1
    return m, state


@njit(cache=True, nogil=True, error_model="numpy")
def _centre(weights, ys, start, stop, parts):
    """Write weight x (target - mean) into `parts`; give the total weight, or 0 if pure."""
    total, sum_y = _U0, 0.0
    low = high = ys[start]
    for i in range(start, stop):
        total += weights[i]
        sum_y += (weights[i] & DRAWS) * ys[i]
        low, high = min(low, ys[i]), max(high, ys[i])
    mean, squares = sum_y / (total & DRAWS), 0.0
    for i in range(start, stop):
        deviation = ys[i] - mean
        parts[i - start] = (weights[i] & DRAWS) * deviation
        squares += parts[i - start] * deviation
    return total if low < high and squares > PURE * (total & DRAWS) else _U0


@njit(cache=True, nogil=True, error_model="numpy")
def _gain(sum_left, left, total, min_leaf, inverse):
    """Give the gain of a split over the node's weight, -1 if a side has too few cells."""
    right = total - left
    gain = sum_left * sum_left * inverse[left & DRAWS] * inverse[right & DRAWS]
    return gain if min(left, right) >= min_leaf else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _largest_gain(weights, ys, parts, start, m, total, min_leaf, inverse):
    """Bound the gain of any split of a node: the best split of the targets in order."""
    order = np.empty(BOUNDED, np.int64)
    for i in range(m):
        k = i
        while k > 0 and ys[start + order[k - 1]] > ys[start + i]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = i
    bound, left, sum_left = 0.0, _U0, 0.0
    for k in range(m - 1):
        left += weights[start + order[k]]
        sum_left += parts[order[k]]
        bound = max(bound, _gain(sum_left, left, total, min_leaf, inverse))
    # Two orders of adding the same numbers differ in the last digits.
    return bound * (1 - 1e-12)


@njit(cache=True, nogil=True, error_model="numpy")
def _search_small(
    by_cell,
    cells,
    weights,
    ys,
    parts,
    start,
    m,
    total,
    min_leaf,
    tried,
    free,
    inverse,
    keys,
    state,
):
    """Find the best split of a small node by sorting; give feature, last rank left, gain."""
    bound = np.inf
    if m <= BOUNDED:
        bound = _largest_gain(weights, ys, parts, start, m, total, min_leaf, inverse)
    best, best_feature, best_rank = -1.0, -1, _U0
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += _STEP
        j = visited + below(mix(state), len(free) - visited)
        feature = free[j]
        free[j] = free[visited]
        free[visited] = feature
        visited += 1
        for i in range(m):
            key = (np.uint64(by_cell[cells[start + i], feature]) << _U6) | np.uint64(i)
            k = i
            while k > 0 and keys[k - 1] > key:
                keys[k] = keys[k - 1]
                k -= 1
            keys[k] = key
        if keys[0] >> _U6 == keys[m - 1] >> _U6:
            constant += 1
            continue
        left, sum_left = _U0, 0.0
        for k in range(m - 1):
            i = keys[k] & _U63
            left += weights[start + np.int64(i)]
            sum_left += parts[i]
            if keys[k] >> _U6 != keys[k + 1] >> _U6:
                gain = _gain(sum_left, left, total, min_leaf, inverse)
                if gain > best:
                    best, best_feature, best_rank = gain, np.int64(feature), keys[k] >> _U6
        if best >= bound:
            break
    return best_feature, best_rank, best, state


@njit(cache=True, nogil=True, error_model="numpy")
def tabulate_splits(inverse, total, table):
    """Tabulate 1 / (left x right) for every weight on the left side of a node's split."""
    for i in range(total + 1):
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


@njit(cache=True, nogil=True, error_model="numpy")
def _search_big(
    by_feature, cells, weights, parts, total, fewest, tried, free, inverse, table, words, counts,
    sums, state,
):  # fmt: skip
    """Find the best split of a big node; give feature, last rank on the left, gain."""
    tabulate_splits(inverse, np.int64(total & DRAWS), table)
    best, best_feature, best_rank = -1.0, -1, _U0
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += _STEP
        j = visited + below(mix(state), len(free) - visited)
        feature = free[j]
        free[j] = free[visited]
        free[visited] = feature
        visited += 1
        gain, rank, distinct = search_bitmap(
            by_feature[feature], cells, weights, parts, fewest, total, table, words, counts, sums
        )
        constant += distinct == 1
        if gain > best:
            best, best_feature, best_rank = gain, np.int64(feature), rank
    return best_feature, best_rank, best, state


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_left(row, parts, m, threshold):
    """Give the number and the sum of the cells with value <= threshold."""
    # Products, because a branch would be guessed wrong half of the time.
    n_left, sum_left = 0, 0.0
    for i in range(m):
        inside = row[i] <= threshold
        part = parts[i]
        n_left += inside
        sum_left += part * _SHARE[np.uint64(inside)]
    return n_left, sum_left


@njit(cache=True, nogil=True, error_model="numpy")
def _search_random(
    by_feature, by_cell, cells, weights, ys, parts, start, m, total, min_leaf, tried, free,
    inverse, row, state,
):  # fmt: skip
    """Find the best of one random threshold a feature; give feature, threshold, gain."""
    bound = np.inf
    if m <= BOUNDED:
        bound = _largest_gain(weights, ys, parts, start, m, total, min_leaf, inverse)
    best, best_feature, best_threshold = -1.0, -1, np.float32(0)
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += _STEP
        bits = mix(state)
        j = visited + below(bits, len(free) - visited)
        feature = free[j]
        free[j] = free[visited]
        free[visited] = feature
        visited += 1
        if m <= NEAR:
            low = high = by_cell[cells[start], feature]
            for i in range(m):
                value = by_cell[cells[start + i], feature]
                row[i] = value
                low = value if value < low else low
                high = value if value > high else high
        else:
            values = by_feature[feature]
            low = high = values[cells[start]]
            for i in range(m):
                value = values[cells[start + i]]
                row[i] = value
                low = value if value < low else low
                high = value if value > high else high
        if high <= low + np.float32(SAME_VALUE):
            constant += 1
            continue
        # The low half of the bits is not what drew the feature.
        share = np.float64(bits & np.uint64(0xFFFFFFFF)) / 2.0**32
        threshold = np.float32(low + share * (np.float64(high) - np.float64(low)))
        if threshold >= high:
            threshold = low
        n_left, sum_left = _sum_left(row, parts, m, threshold)
        left = np.uint64(n_left) * (ONE_CELL | _U1)
        gain = _gain(sum_left, left, total, min_leaf, inverse)
        if gain > best:
            best, best_feature, best_threshold = gain, np.int64(feature), threshold
            if best >= bound:
                break
    return best_feature, best_threshold, best, state


@njit(cache=True, nogil=True, error_model="numpy")
def _partition(row, threshold, cells, weights, ys, start, stop, spare):
    """Move a node's cells with value <= threshold to its front; give where the rest starts."""
    spare_cells, spare_weights, spare_ys = spare
    k = out = 0
    for i in range(start, stop):
        cell, weight, y = cells[i], weights[i], ys[i]
        inside = row[cell] <= threshold
        # Both are written: a branch here would be guessed wrong half of the time.
        cells[start + k], weights[start + k], ys[start + k] = cell, weight, y
        spare_cells[out], spare_weights[out], spare_ys[out] = cell, weight, y
        k += inside
        out += not inside
    for i in range(out):
        cells[start + k + i] = spare_cells[i]
        weights[start + k + i], ys[start + k + i] = spare_weights[i], spare_ys[i]
    return start + k


@njit(cache=True, nogil=True, error_model="numpy")
def _push(stack, top, start, middle, stop, depth):
    """Put a node's children on the stack, the smaller on top, so that it stays short."""
    big, small = (start, middle), (middle, stop)
    if middle - start < stop - middle:
        big, small = small, big
    stack[top, 0], stack[top, 1], stack[top, 2] = big[0], big[1], depth
    stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = small[0], small[1], depth
    return top + 2


@njit(cache=True, nogil=True, error_model="numpy")
def _add_tree(tree, forest):
    """Add a tree's normalised importances to the forest's and empty the tree's."""
    total = tree.sum()
    if total > 0:
        for i in range(len(tree)):
            forest[i] += tree[i] / total
            tree[i] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _random_forest(
    by_feature, by_cell, y, free, seed, n_trees, tried, max_depth, min_leaf, bootstrap
):
    """Give the mean normalised importances of trees with the best splits of ranks."""
    n = len(y)
    cells, weights, ys = np.empty(n, np.uint32), np.empty(n, np.uint64), np.empty(n)
    spare = np.empty(n, np.uint32), np.empty(n, np.uint64), np.empty(n)
    parts, keys, inverse = np.empty(n), np.empty(64, np.uint64), inverses(n)
    words = np.zeros((n + 63) // 64, np.uint64)
    counts, sums = np.zeros(n, np.uint64), np.zeros(n)
    table = np.empty(n + 1)
    stack = np.empty((n + 2, 3), np.int64)
    tree, forest = np.zeros(len(by_feature)), np.zeros(len(by_feature))
    state, fewest = mix(seed), np.uint64(min_leaf) << _U32
    for _ in range(n_trees):
        size, state = _draw_cells(y, bootstrap, state, cells, weights, ys)
        stack[0, 0], stack[0, 1], stack[0, 2] = 0, size, 0
        top = 1
        while top > 0:
            top -= 1
            start, stop, depth = stack[top, 0], stack[top, 1], stack[top, 2]
            m = stop - start
            if m < 2 * min_leaf or m < 2 or depth >= max_depth:
                continue
            total = _centre(weights, ys, start, stop, parts)
            if total == 0:
                continue
            if m <= SMALL:
                feature, rank, gain, state = _search_small(
                    by_cell, cells, weights, ys, parts, start, m, total, fewest, tried, free,
                    inverse, keys, state,
                )  # fmt: skip
            else:
                feature, rank, gain, state = _search_big(
                    by_feature, cells[start:stop], weights[start:stop], parts, total, fewest,
                    tried, free, inverse, table, words, counts, sums, state,
                )  # fmt: skip
            if feature < 0:
                continue
            tree[feature] += gain * (total & DRAWS)
            middle = _partition(by_feature[feature], rank, cells, weights, ys, start, stop, spare)
            top = _push(stack, top, start, middle, stop, depth + 1)
        _add_tree(tree, forest)
    total_weight = forest.sum()
    return forest / total_weight if total_weight > 0 else forest


@njit(cache=True, nogil=True, error_model="numpy")
def _extra_trees(
    by_feature, by_cell, y, free, seed, n_trees, tried, max_depth, min_leaf, _bootstrap
):
    """Give the mean normalised importances of trees with random thresholds of values."""
    n = len(y)
    cells, weights, ys = np.empty(n, np.uint32), np.empty(n, np.uint64), np.empty(n)
    spare = np.empty(n, np.uint32), np.empty(n, np.uint64), np.empty(n)
    parts, row, inverse = np.empty(n), np.empty(n, np.float32), inverses(n)
    stack = np.empty((n + 2, 3), np.int64)
    tree, forest = np.zeros(len(by_feature)), np.zeros(len(by_feature))
    state, fewest = mix(seed), np.uint64(min_leaf) << _U32
    for _ in range(n_trees):
        size, state = _draw_cells(y, False, state, cells, weights, ys)
        stack[0, 0], stack[0, 1], stack[0, 2] = 0, size, 0
        top = 1
        while top > 0:
            top -= 1
            start, stop, depth = stack[top, 0], stack[top, 1], stack[top, 2]
            m = stop - start
            if m < 2 * min_leaf or m < 2 or depth >= max_depth:
                continue
            total = _centre(weights, ys, start, stop, parts)
            if total == 0:
                continue
            feature, threshold, gain, state = _search_random(
                by_feature, by_cell, cells, weights, ys, parts, start, m, total, fewest, tried,
                free, inverse, row, state,
            )  # fmt: skip
            if feature < 0:
                continue
            tree[feature] += gain * (total & DRAWS)
            middle = _partition(
                by_feature[feature], threshold, cells, weights, ys, start, stop, spare
            )
            top = _push(stack, top, start, middle, stop, depth + 1)
        _add_tree(tree, forest)
    total_weight = forest.sum()
    return forest / total_weight if total_weight > 0 else forest
