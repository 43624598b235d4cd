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

import numpy as np
from numba import njit

from gtgrn.inference.trees.split_search import (
    DRAWS,
    ONE_CELL,
    PURE,
    SAME_VALUE,
    below,
    check_inputs,
    dense_ranks,
    features_tried,
    features_without,
    inverses,
    mix,
    run_targets,
    search_bitmap,
    split_gain,
    tabulate_splits,
)

SMALL = 12
"""Most cells in a node that is sorted rather than put on the bitmap of ranks; below 64."""

NEAR = 64
"""Most cells in a node of an extra-tree whose values are read from the transposed matrix."""

BOUNDED = 10
"""Most cells in a node whose bound on the gain is worth computing."""

UNLIMITED = 2**30
"""Depth of a tree without a limit."""

_SHARE = np.array([0.0, 1.0])
_U0, _U1, _U6, _U32, _U63 = (np.uint64(i) for i in (0, 1, 6, 32, 63))
_STEP = np.uint64(0x9E3779B97F4A7C15)


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
    """Return every feature's importance for every target, as ``feature_importances_`` does.

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
        bound = max(bound, split_gain(sum_left, left, total, min_leaf, inverse))
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
                gain = split_gain(sum_left, left, total, min_leaf, inverse)
                if gain > best:
                    best, best_feature, best_rank = gain, np.int64(feature), keys[k] >> _U6
        if best >= bound:
            break
    return best_feature, best_rank, best, state


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
    """Return the number and the sum of the cells with value <= threshold."""
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
        gain = split_gain(sum_left, left, total, min_leaf, inverse)
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
    """Return the mean normalised importances of trees with the best splits of ranks."""
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
    """Return the mean normalised importances of trees with random thresholds of values."""
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
