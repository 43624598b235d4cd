"""One node of a forest's tree: centre its targets, search its best split, divide its cells."""

from __future__ import annotations

import numpy as np
from numba import njit

from gtgrn.inference.trees.split_search import (
    DRAWS,
    ONE_CELL,
    PURE,
    SAME_VALUE,
    STEP,
    draw_feature,
    mix,
    search_bitmap,
    split_gain,
    tabulate_splits,
)

NEAR = 64
"""Most cells in a node of an extra-tree whose values are read from the transposed matrix."""

BOUNDED = 10
"""Most cells in a node whose bound on the gain is worth computing."""

_SHARE = np.array([0.0, 1.0])
_U0, _U1, _U6, _U63 = (np.uint64(i) for i in (0, 1, 6, 63))


@njit(cache=True, nogil=True, error_model="numpy")
def centre(weights, ys, start, stop, parts):
    """Write weight x (target - mean) into `parts`; return the total weight, or 0 if pure."""
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
def search_small(by_cell, sample, node, limits, free, scratch, state):
    """Find the best split of a small node by sorting; return feature, last rank left, gain.

    Parameters
    ----------
    by_cell
        Cells x features, ranks.
    sample
        The tree's cells, their weights and targets; the node's are next to each other.
    node
        Where the node starts, how many cells it has, and their weight.
    limits
        Least weight on a side, and number of features to try.
    free
        The features, of which those tried are moved to the front.
    scratch
        Weight x (target - mean) of the node's cells, room for keys, and 1 / count.
    state
        Of the generator; the new one is returned, too.
    """
    cells, weights, ys = sample
    start, m, total = node
    min_leaf, tried = limits
    parts, keys, inverse = scratch
    bound = np.inf
    if m <= BOUNDED:
        bound = _largest_gain(weights, ys, parts, start, m, total, min_leaf, inverse)
    best, best_feature, best_rank = -1.0, np.int64(-1), _U0
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += STEP
        feature = draw_feature(free, visited, mix(state))
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
def search_big(by_feature, sample, node, limits, free, scratch, state):
    """Find the best split of a big node; return feature, last rank on the left, gain.

    Parameters are those of :func:`search_small`, but for `by_feature`, features x cells, and
    `scratch`, which has after parts and 1 / count a table of products and what
    :func:`~gtgrn.inference.trees.split_search.search_bitmap` needs.
    """
    start, m, total = node
    cells, weights = sample[0][start : start + m], sample[1][start : start + m]
    fewest, tried = limits
    parts, inverse, table, words, counts, sums = scratch
    tabulate_splits(inverse, np.int64(total & DRAWS), table)
    best, best_feature, best_rank = -1.0, np.int64(-1), _U0
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += STEP
        feature = draw_feature(free, visited, mix(state))
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
def search_random(by_feature, by_cell, sample, node, limits, free, scratch, state):
    """Find the best of one random threshold a feature; return feature, threshold, gain.

    Parameters are those of :func:`search_small`, but for the two matrices of values, and
    `scratch`, which has room for a feature's values instead of keys.
    """
    cells, weights, ys = sample
    start, m, total = node
    min_leaf, tried = limits
    parts, row, inverse = scratch
    bound = np.inf
    if m <= BOUNDED:
        bound = _largest_gain(weights, ys, parts, start, m, total, min_leaf, inverse)
    best, best_feature, best_threshold = -1.0, np.int64(-1), np.float32(0)
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += STEP
        bits = mix(state)
        feature = draw_feature(free, visited, bits)
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
def partition(row, threshold, sample, start, stop, spare):
    """Move a node's cells with value <= threshold to its front; return where the rest starts."""
    cells, weights, ys = sample
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
