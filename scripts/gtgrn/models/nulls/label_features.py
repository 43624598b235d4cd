"""What the train labels alone say of a pair: rates, and the structure of the label matrix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, logit

from gtgrn.splits.universe import PSEUDO_COUNT, LabelledPairs, smoothed_rates

FOLDS = 5
RANKS = (1, 2, 4, 8)
REGULATOR_NEIGHBOURS = (3, 10)
TARGET_NEIGHBOURS = (10, 40)
SHRINKAGE = 0.5
"""Weight of the zero residual with which a neighbourhood's mean is shrunk."""
REGULATOR_COLUMNS, TARGET_COLUMNS = slice(0, 2), slice(2, 4)
"""Which of :func:`label_features` are the log-odds and degree of one end alone."""
BLOCK = 1024
"""Rows of a similarity matrix held at once."""


def additive_log_odds(pairs: LabelledPairs) -> np.ndarray:
    """Return the log-odds of independent effects: TF + target - mean, for each row."""
    return (
        logit(smoothed_rates(pairs, pairs.regulator))[pairs.regulator]
        + logit(smoothed_rates(pairs, pairs.target))[pairs.target]
        - logit(pairs.mean)
    )


def _neighbour_means(
    values: np.ndarray, visible: np.ndarray, profile: np.ndarray, neighbours: tuple[int, ...]
) -> Iterator[np.ndarray]:
    """Return each row's mean of `values` over its most similar rows, weighted by similarity.

    Similarity is the cosine of `profile` rows, negative ones being dropped; ties at rank k
    are all kept, so that no order decides. Only visible entries count, and `SHRINKAGE` of a
    zero is mixed in. With fewer rows than k all others are neighbours; a lone row gives zeros.

    Parameters
    ----------
    values, visible, profile
        (rows, columns); `values` is zero where `visible` is.
    neighbours
        The k of each result.

    Yields
    ------
    (rows, columns), one array for each k.
    """
    length = np.linalg.norm(profile, axis=1, keepdims=True)
    unit = profile / np.where(length > 0, length, 1)
    n = len(unit)
    for k in (min(k, n - 1) for k in neighbours):
        result = np.zeros_like(values)
        for start in range(0, n if k > 0 else 0, BLOCK):
            rows = np.arange(start, min(start + BLOCK, n))
            similarity = unit[rows] @ unit.T
            similarity[np.arange(len(rows)), rows] = -np.inf
            cut = np.partition(similarity, n - k, axis=1)[:, [n - k]]
            weight = np.where(similarity >= cut, np.maximum(similarity, 0), 0)
            result[rows] = (weight @ values) / (weight @ visible + SHRINKAGE)
        yield result


def _low_rank(residual: np.ndarray) -> Iterator[np.ndarray]:
    """Return soft-thresholded truncated SVDs of the residual matrix, one for each rank.

    The singular values are lowered by the first one left out. That shrinks what is mostly
    noise, and it makes the result unique where singular values are equal. Rank r with no
    more than r regulators or targets would return the residuals themselves and is left zero.
    """
    left, values, right = np.linalg.svd(residual, full_matrices=False)
    for rank in RANKS:
        kept = np.maximum(values[:rank] - values[rank], 0) if rank < len(values) else values[:0]
        yield (left[:, : len(kept)] * kept) @ right[: len(kept)]


def label_features(labels: np.ndarray, visible: np.ndarray) -> Iterator[np.ndarray]:
    """Return features of every pair computed from the visible labels alone.

    A pair's own label is in its features if it is visible: hide a pair to ask about it.

    Parameters
    ----------
    labels
        (regulators, targets) 0 or 1; entries that are not visible are not used.
    visible
        (regulators, targets) bool.

    Yields
    ------
    (regulators, targets) float arrays: log-odds of both rates and their sum, degrees, number
    of visible labels of the target, low-rank approximations of the residuals from the
    additive model, mean residuals of similar regulators and of similar targets, and mean
    labels of regulators and targets that share positives.
    """
    visible = visible.astype(float)
    labels = np.where(visible > 0, labels, 0.0)
    mean = (labels.sum() + 0.5) / (visible.sum() + 1)
    effects = []
    for axis in (1, 0):
        positives = labels.sum(axis, keepdims=True)
        counts = visible.sum(axis, keepdims=True)
        effects.append(logit((positives + PSEUDO_COUNT * mean) / (counts + PSEUDO_COUNT)))
        yield np.broadcast_to(effects[-1], labels.shape)
        yield np.broadcast_to(np.log1p(positives), labels.shape)
    yield np.broadcast_to(visible.sum(0), labels.shape)
    additive = effects[0] + effects[1] - logit(mean)
    yield additive
    residual = visible * (labels - expit(additive))
    yield from _low_rank(residual)
    yield from _neighbour_means(residual, visible, residual, REGULATOR_NEIGHBOURS)
    for means in _neighbour_means(residual.T, visible.T, residual.T, TARGET_NEIGHBOURS):
        yield means.T
    centred = visible * (labels - mean)
    yield from _neighbour_means(centred, visible, labels, REGULATOR_NEIGHBOURS[-1:])
    for means in _neighbour_means(centred.T, visible.T, labels.T, TARGET_NEIGHBOURS[-1:]):
        yield means.T


def cross_fitted_features(
    pairs: LabelledPairs, others: np.ndarray, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return features of the train pairs, each without its own label, and of other pairs.

    The train pairs are cut at random, without a look at their labels, into folds; a fold's
    features come from the labels of the other folds. Other pairs get one set of features a
    fold, so that theirs rest on as many labels as those the learners were fitted on.

    Parameters
    ----------
    pairs
        The split.
    others
        Rows to score.
    seed
        Seed of the folds.

    Returns
    -------
    train
        (train pairs, features) float32.
    others
        (folds, rows to score, features) float32.
    """
    fold = np.random.default_rng(seed).permutation(len(pairs.train)) % FOLDS
    regulator, target = pairs.regulator[pairs.train], pairs.target[pairs.train]
    labels = np.zeros(pairs.shape)
    labels[regulator, target] = pairs.labels
    of_train, of_others = [], []
    for number in range(FOLDS):
        held = fold == number
        visible = np.zeros(pairs.shape, dtype=bool)
        visible[regulator[~held], target[~held]] = True
        columns = [
            (
                feature[regulator[held], target[held]].astype(np.float32),
                feature[pairs.regulator[others], pairs.target[others]].astype(np.float32),
            )
            for feature in label_features(labels, visible)
        ]
        of_train.append(np.column_stack([column[0] for column in columns]))
        of_others.append(np.column_stack([column[1] for column in columns]))
    train = np.empty((len(fold), of_train[0].shape[1]), dtype=np.float32)
    for number, block in enumerate(of_train):
        train[fold == number] = block
    return train, np.stack(of_others)
