"""Importances of stochastic gradient boosting (GRNBoost2) by compiled exact split search.

The same estimator as scikit-learn's ``GradientBoostingRegressor`` with the squared error, stopped
as arboreto stops it (GRNBoost2: Moerman et al. 2019, doi 10.1093/bioinformatics/bty916); only
the random stream differs. Every feature is put in order once for all targets and trees. A node
with many cells adds up the residuals along that order, without the cells of the lowest value,
which are the rest; one with few puts just these on a bitmap of ranks. Residuals are added as
integers, see :mod:`gtgrn.inference.trees.packed_sums`.

What the regression stops on changed in scikit-learn without a change in arboreto: its
out-of-bag improvement once compared a tree's held-out cells before and after the tree; now it
subtracts the score after the tree from that of the previous tree on other held-out cells, which
is mostly noise and stops early. Both are here; :func:`sklearn_stop_rule` tells which one the
installed scikit-learn follows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from gtgrn.inference.trees.options import BoostingOptions
from gtgrn.inference.trees.packed_sums import (
    digits,
    largest_gain,
    pack,
    sums_along,
    sums_by_rank,
    weight_at,
)
from gtgrn.inference.trees.split_search import (
    PURE,
    STEP,
    below,
    check_inputs,
    dense_ranks,
    draw_feature,
    features_tried,
    features_without,
    inverses,
    mix,
    run_targets,
    tabulate_splits,
)

STOP_RULES = ("sklearn", "same_bag")

SCAN_LIMIT = 3
"""A node's cells are looked up one by one if there are this many times fewer than in the order."""

_U1 = np.uint64(1)


def boosting_importances(
    features: np.ndarray,
    targets: np.ndarray,
    own: np.ndarray,
    seeds: np.ndarray,
    *,
    max_depth: int = 3,
    window: int = 25,
    stop: str = "sklearn",
    threads: int = 1,
    progress: str | None = None,
    **options,
) -> tuple[np.ndarray, np.ndarray]:
    """Return every feature's importance for every target, as arboreto writes it.

    Parameters
    ----------
    features, targets, own, seeds, threads, progress
        See :func:`~gtgrn.inference.trees.split_search.check_inputs` and
        :func:`~gtgrn.inference.trees.split_search.run_targets`.
    max_depth
        As in scikit-learn; the default is arboreto's.
    window
        With a subsample below 1, boosting stops when the mean out-of-bag improvement of so many
        last trees is negative.
    stop
        What the improvement of a tree is: ``sklearn``, from the previous tree on its held-out
        cells to this tree on its own (scikit-learn 1.9); ``same_bag``, before and after this
        tree on its own.
    options
        Fields of :class:`~gtgrn.inference.trees.options.BoostingOptions`.

    Returns
    -------
    importances : numpy.ndarray
        Targets x features, float64. A row sums to 1 or, with a subsample below 1, to the number
        of trees (arboreto undoes the normalisation); it is 0 where no tree could split.
    n_trees : numpy.ndarray
        Trees of every target; 0 where there was nothing to explain, or nothing to explain it.

    Raises
    ------
    ValueError
        If `stop` is unknown or the shapes do not fit.
    """
    if stop not in STOP_RULES:
        raise ValueError(f"stop must be one of {STOP_RULES}, not {stop!r}")
    targets, own, seeds = check_inputs(features, targets, own, seeds)
    values = np.ascontiguousarray(features, dtype=np.float32)
    regress = _regression(
        values, targets, own, seeds, BoostingOptions(**options), (max_depth, window, stop)
    )
    results = run_targets(regress, len(targets), threads=threads, progress=progress)
    importances = np.array([result[0] for result in results]).reshape(len(targets), len(values))
    return importances, np.array([result[1] for result in results], dtype=np.int64)


def _regression(
    values: np.ndarray,
    targets: np.ndarray,
    own: np.ndarray,
    seeds: np.ndarray,
    options: BoostingOptions,
    rule: tuple[int, int, str],
) -> Callable[[int], tuple[np.ndarray, int]]:
    """Return the function from a target to its importances and its number of trees."""
    ranks, order, above = dense_ranks(values)
    varies = above > 0
    max_depth, window, stop = rule

    def regress(target: int) -> tuple[np.ndarray, int]:
        y = targets[target]
        candidates = features_without(len(values), own[target])
        if not varies[candidates].any() or y.min() == y.max():
            return np.zeros(len(values)), 0
        tried = features_tried(options.max_features, len(candidates))
        return _boost(
            (values, ranks, order, above),
            y,
            candidates,
            seeds[target],
            options.n_estimators,
            options.subsample,
            (options.learning_rate, tried, max_depth),
            window,
            stop == "same_bag",
        )

    return regress


def sklearn_stop_rule() -> str:
    """Tell which out-of-bag improvement the installed scikit-learn computes.

    Trees that cannot split improve nothing, so that any improvement is a difference between bags.

    Returns
    -------
    str
        ``same_bag`` or ``other_bag`` (the rule that is called ``sklearn`` here).
    """
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(n_estimators=5, subsample=0.5, random_state=0)
    model.fit(np.zeros((20, 1)), np.arange(20.0))
    return "other_bag" if np.abs(model.oob_improvement_).max() > 1e-6 else "same_bag"


@njit(cache=True, nogil=True, error_model="numpy")
def _search(features, cells, packed, tried, free, scratch, state):
    """Find the best split of a node's sampled cells; return feature, cells on its right, gain.

    Parameters
    ----------
    features
        Values (unused), and what :func:`~gtgrn.inference.trees.split_search.dense_ranks` makes
        of them.
    cells
        Of the node.
    packed
        Of all cells what :func:`~gtgrn.inference.trees.packed_sums.pack` makes of them, 0 outside
        of the node.
    tried, free
        Number of features to try; the features, of which those tried are moved to the front.
    scratch
        Bits of the targets' part, table of products, and what
        :func:`~gtgrn.inference.trees.packed_sums.sums_by_rank` needs.
    state
        Of the generator; the new one is returned, too.
    """
    _, ranks, order, above = features
    bits, table, words, by_rank, sums = scratch
    m, start = len(cells), _U1 << (bits - _U1)
    best, best_feature, best_right = -1.0, np.int64(-1), np.int64(0)
    visited = constant = 0
    while visited < len(free) and (visited < tried or visited <= constant):
        state += STEP
        feature = np.int64(draw_feature(free, visited, mix(state)))
        visited += 1
        along = above[feature] < SCAN_LIMIT * m
        if along:
            n = sums_along(order[feature, : above[feature]], packed, start, sums)
        else:
            n = sums_by_rank(ranks[feature], cells, packed, start, words, by_rank, sums)
        gain = largest_gain(sums[:n], bits, table)
        if gain > best or gain == 0:
            weight = np.int64(weight_at(sums[:n], gain, bits, table))
            constant += weight == 0
            if gain > best and weight > 0:
                best, best_feature = gain, feature
                best_right = weight if along else m - weight
    return best_feature, best_right, best, state


@njit(cache=True, nogil=True, error_model="numpy")
def _halfway(row, order, packed, right):
    """Return the value halfway between the lowest of so many upper cells and the next below."""
    k = 0
    while right > 0:
        right -= packed[order[k] >> 2] != 0
        k += 1
    high = np.float64(row[order[k - 1] >> 2])
    while packed[order[k] >> 2] == 0:
        k += 1
    low = np.float64(row[order[k] >> 2])
    middle = low / 2 + high / 2
    return low if middle == high else middle


@njit(cache=True, nogil=True, error_model="numpy")
def _split_off(row, threshold, cells, start, stop, spare):
    """Move the cells with value <= threshold to the front; return where the rest starts."""
    k = out = 0
    for i in range(start, stop):
        cell = cells[i]
        inside = row[cell] <= threshold
        cells[start + k] = cell
        spare[out] = cell
        k += inside
        out += not inside
    for i in range(out):
        cells[start + k + i] = spare[i]
    return start + k


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_bag(bag, n_bag, state):
    """Draw cells without replacement (selection sampling); return the generator's state."""
    n, chosen = len(bag), 0
    for i in range(n):
        state += STEP
        bag[i] = below(mix(state), n - i) < n_bag - chosen
        chosen += bag[i]
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def _mean_square(residuals, bag):
    """Return the mean squared residual of the cells that are not in the bag."""
    squares, n = 0.0, 0
    for i in range(len(bag)):
        if not bag[i]:
            squares += residuals[i] * residuals[i]
            n += 1
    return squares / n


@njit(cache=True, nogil=True, error_model="numpy")
def _grow_tree(features, fit, limits, free, work, scratch, inverse, state):
    """Fit a tree to the residuals of the bag and lower all residuals by its predictions.

    Parameters
    ----------
    features, free, scratch, state
        See :func:`_search`.
    fit
        Residuals, bag and importances; residuals and importances are changed.
    limits
        Learning rate, features to try, depth.
    work
        Weights, parts and numbers of a node's cells, and packed cells.
    inverse
        1 / count.
    """
    residuals, bag, importances = fit
    learning_rate, tried, max_depth = limits
    weights, parts, inside, packed = work
    n, bits = len(residuals), scratch[0]
    cells, spare = np.arange(n).astype(np.uint32), np.empty(n, np.uint32)
    stack = np.empty((2 * max_depth + 4, 3), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, n, 0
    top = 1
    while top > 0:
        top -= 1
        start, stop, depth = stack[top, 0], stack[top, 1], stack[top, 2]
        m, total = 0, 0.0
        for i in range(start, stop):
            if bag[cells[i]]:
                inside[m] = cells[i]
                total += residuals[cells[i]]
                m += 1
        mean, squares, feature, gain = total / m, 0.0, -1, 0.0
        if m > 1 and depth < max_depth:
            for i in range(m):
                parts[i] = residuals[inside[i]] - mean
                squares += parts[i] * parts[i]
            if squares > PURE * m:
                packed[:] = 0
                unit = pack(weights[:m], parts, inside[:m], bits, packed)
                tabulate_splits(inverse, m, scratch[1])
                feature, right, gain, state = _search(
                    features, inside[:m], packed, tried, free, scratch, state
                )
        if feature < 0:
            for i in range(start, stop):
                residuals[cells[i]] -= learning_rate * mean
            continue
        importances[feature] += gain / (unit * unit) * m
        row = features[0][feature]
        threshold = _halfway(row, features[2][feature], packed, right)
        middle = _split_off(row, threshold, cells, start, stop, spare)
        stack[top, 0], stack[top, 1], stack[top, 2] = start, middle, depth + 1
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = middle, stop, depth + 1
        top += 2
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def _boost(features, y, free, seed, n_trees, subsample, limits, window, same_bag):
    """Boost one target; return its importances and the number of trees."""
    n = len(y)
    n_bag = max(1, int(subsample * n))
    sampled = subsample < 1.0
    residuals, bag = y - y.mean(), np.ones(n, np.bool_)
    importances, improvements = np.zeros(len(features[0])), np.zeros(n_trees)
    work = np.ones(n, np.uint64), np.empty(n), np.empty(n, np.uint32), np.zeros(n, np.uint64)
    words, by_rank = np.zeros((n + 63) // 64, np.uint64), np.zeros(n, np.uint64)
    scratch = digits(n), np.empty(n + 1), words, by_rank, np.empty(n + 1, np.uint64)
    inverse = inverses(n)
    fit = residuals, bag, importances
    state, previous, grown = mix(seed), 0.0, 0
    while grown < n_trees:
        if sampled:
            state = _draw_bag(bag, n_bag, state)
            if same_bag or grown == 0:
                previous = _mean_square(residuals, bag)
        state = _grow_tree(features, fit, limits, free, work, scratch, inverse, state)
        if sampled:
            after = _mean_square(residuals, bag)
            improvements[grown] = previous - after
            previous = after
        grown += 1
        if sampled and grown >= window and improvements[grown - window : grown].mean() < 0:
            break
    total_importance = importances.sum()
    if total_importance > 0:
        importances *= (grown if sampled else 1.0) / total_importance
    return importances, grown
