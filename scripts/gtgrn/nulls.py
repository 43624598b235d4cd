"""Predictors that never see expression: what a method must beat before it may claim biology.

Each is fitted on the labels of the train part alone and scores every row of the split. They
know names and labels only: how many targets a regulator has, how many regulators a target
has, and, the strongest of them, which regulators share targets. Labels of other parts are
never read, so those may be permuted or absent without changing a score.

All share one signature, ``null(split, *, seed) -> scores``: `split` has the columns regulator,
target, label and part, each pair once; the scores are float64, aligned with its rows, higher
for a likelier edge, and the same whatever the order of the rows or the number of threads.
:data:`NULLS` names them. Each raises InputError where :func:`encode_pairs` refuses the split.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from gtgrn.edges import LABEL, PAIR, PART, REGULATOR, TARGET, TRAIN
from gtgrn.errors import InputError

logger = logging.getLogger(__name__)

PSEUDO_COUNT = 1.0
"""Pairs at the mean rate added to each regulator and target: the value that reproduces the
additive null of the evaluation design on all of its data sets."""
INVERSE_PENALTY = 3.0
"""C of the one-hot logistic regression."""
FOLDS = 5
RANKS = (1, 2, 4, 8)
REGULATOR_NEIGHBOURS = (3, 10)
TARGET_NEIGHBOURS = (10, 40)
SHRINKAGE = 0.5
"""Weight of the zero residual with which a neighbourhood's mean is shrunk."""
MIN_LEAF = 40
MAX_FIT_ROWS = 500_000
"""Pairs on which the two learners of label_svd are fitted at most: a bound on time."""
BLOCK = 1024
"""Rows of a similarity matrix held at once."""


@dataclass(frozen=True)
class LabelledPairs:
    """A split as codes: the order of names, not of rows, decides everything."""

    regulator: np.ndarray
    target: np.ndarray
    train: np.ndarray
    """Rows of the train part, sorted by the names of regulator and target."""
    labels: np.ndarray
    """Labels of those rows as 0.0 or 1.0."""
    order: np.ndarray
    """All rows, sorted by the names of regulator and target."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of regulators and of targets."""
        return int(self.regulator.max()) + 1, int(self.target.max()) + 1

    @property
    def mean(self) -> float:
        """Train density; half a count either way keeps its log-odds finite."""
        return (self.labels.sum() + 0.5) / (len(self.labels) + 1)


def encode_pairs(split: pd.DataFrame) -> LabelledPairs:
    """Check a split and turn it into codes; labels outside the train part are not touched.

    Raises
    ------
    InputError
        If a column is missing, a pair occurs twice (in train and test, it would be a leak),
        or the train part is empty or holds a label other than 0 and 1.
    """
    for column in (*PAIR, LABEL, PART):
        if column not in split.columns:
            raise InputError(
                "column missing", field=column, remedy="Give regulator, target, label and part"
            )
    regulator, _ = pd.factorize(split[REGULATOR], sort=True)
    target, _ = pd.factorize(split[TARGET], sort=True)
    order = np.lexsort((target, regulator))
    steps = np.abs(np.diff(regulator[order])) + np.abs(np.diff(target[order]))
    if not steps.all():
        first = split.iloc[order[int(np.argmin(steps))]]
        raise InputError(
            f"{first[REGULATOR]} -> {first[TARGET]} occurs twice", remedy="Keep one of them"
        )
    train = order[(split[PART] == TRAIN).to_numpy()[order]]
    labels = split[LABEL].to_numpy()[train].astype(float)
    if not len(train):
        raise InputError("no pair is in the train part", field=PART, remedy="Mend the split")
    if not np.isin(labels, (0, 1)).all():
        raise InputError(
            "a train label is neither 0 nor 1", field=LABEL, remedy="Label every train pair"
        )
    return LabelledPairs(regulator, target, train, labels, order)


def _rates(pairs: LabelledPairs, codes: np.ndarray) -> np.ndarray:
    """Give each entity's smoothed share of positives among its train pairs, in (0, 1)."""
    size = codes.max() + 1
    positives = np.bincount(codes[pairs.train], pairs.labels, minlength=size)
    counts = np.bincount(codes[pairs.train], minlength=size)
    return (positives + PSEUDO_COUNT * pairs.mean) / (counts + PSEUDO_COUNT)


def random(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by uniform random numbers: AUROC 0.5, AUPRC the density."""
    pairs = encode_pairs(split)
    scores = np.empty(len(split))
    scores[pairs.order] = np.random.default_rng(seed).random(len(split))
    return scores


def tf_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the regulator's smoothed train rate; within a TF it is a constant.

    A regulator without train pairs gets the mean rate. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    return _rates(pairs, pairs.regulator)[pairs.regulator]


def target_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the target's smoothed train rate: the gene's popularity.

    A target without train pairs gets the mean rate. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    return _rates(pairs, pairs.target)[pairs.target]


def _additive(pairs: LabelledPairs) -> np.ndarray:
    """Give the log-odds of independent effects: TF + target - mean, for each row."""
    return (
        logit(_rates(pairs, pairs.regulator))[pairs.regulator]
        + logit(_rates(pairs, pairs.target))[pairs.target]
        - logit(pairs.mean)
    )


def tf_target_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the sum of the log-odds of the regulator's and the target's train rate.

    The sum is taken on log-odds, where the two effects add: a sum of the bare rates lets a
    rare regulator's pairs drown. An entity without train pairs adds nothing, so this null is
    the TF rate on held-out genes and the target's popularity on held-out TFs. `seed` has no
    effect.
    """
    return _additive(encode_pairs(split))


def degree_product(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by (out-degree of the TF + 1) * (in-degree of the target + 1) over train edges.

    Preferential attachment on the bipartite train graph. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    out_degree = np.bincount(pairs.regulator[pairs.train], pairs.labels, pairs.shape[0])
    in_degree = np.bincount(pairs.target[pairs.train], pairs.labels, pairs.shape[1])
    return (out_degree[pairs.regulator] + 1) * (in_degree[pairs.target] + 1)


def tf_target_logit(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by a ridge logistic regression on one-hot regulator + one-hot target.

    The same additive model as :func:`tf_target_rate`, but the two effects are fitted
    together; scores are log-odds. An entity without train pairs has no effect. Where the
    train part holds one class the additive rates stand in. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    if len(set(pairs.labels)) < 2:
        logger.warning("tf_target_logit: train part with one class, additive rates given")
        return _additive(pairs)
    codes = np.column_stack([pairs.regulator, pairs.target])
    encoder = OneHotEncoder(handle_unknown="ignore").fit(codes[pairs.train])
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
    with threadpool_limits(1):
        model.fit(encoder.transform(codes[pairs.train]), pairs.labels)
        return model.decision_function(encoder.transform(codes))


def _neighbour_means(
    values: np.ndarray, visible: np.ndarray, profile: np.ndarray, neighbours: tuple[int, ...]
) -> Iterator[np.ndarray]:
    """Give each row's mean of `values` over its most similar rows, weighted by similarity.

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
    """Give soft-thresholded truncated SVDs of the residual matrix, one for each rank.

    The singular values are lowered by the first one left out. That shrinks what is mostly
    noise, and it makes the result unique where singular values are equal. Rank r with no
    more than r regulators or targets would return the residuals themselves and is left zero.
    """
    left, values, right = np.linalg.svd(residual, full_matrices=False)
    for rank in RANKS:
        kept = np.maximum(values[:rank] - values[rank], 0) if rank < len(values) else values[:0]
        yield (left[:, : len(kept)] * kept) @ right[: len(kept)]


def label_features(labels: np.ndarray, visible: np.ndarray) -> Iterator[np.ndarray]:
    """Give features of every pair computed from the visible labels alone.

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
    """Give features of the train pairs, each without its own label, and of other pairs.

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


def _learners(features: np.ndarray, labels: np.ndarray, *, seed: int) -> list:
    """Fit logistic regression and boosted trees; the trees only where they could split."""
    rows = np.arange(len(labels))
    if len(rows) > MAX_FIT_ROWS:
        rows = np.random.default_rng(seed).choice(rows, MAX_FIT_ROWS, replace=False)
    models = [make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))]
    if len(rows) >= 2 * MIN_LEAF:
        models.append(
            HistGradientBoostingClassifier(
                learning_rate=0.05,
                max_iter=150,
                max_leaf_nodes=8,
                min_samples_leaf=MIN_LEAF,
                l2_regularization=5,
                early_stopping=False,
                random_state=seed,
            )
        )
    else:
        logger.warning("label_svd: %d train pairs, logistic regression alone", len(rows))
    return [model.fit(features[rows], labels[rows]) for model in models]


def label_svd(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by learning from the train label matrix alone: the serious opponent.

    Low-rank and nearest-neighbour features of the label matrix (:func:`label_features`,
    cross-fitted) go into a logistic regression and a histogram gradient boosting, whose
    log-odds are averaged. What beats it has learnt something that the labels do not say.

    A pair whose regulator or target has no train label gets the additive log-odds: beyond
    the other end's rate the labels know nothing of it, and the learners never met such a
    pair. So does every pair where the train part holds one class; both are logged. Train
    pairs are scored by the models that were fitted on them: judge by the other parts.
    """
    pairs = encode_pairs(split)
    scores = _additive(pairs)
    if len(set(pairs.labels)) < 2:
        logger.warning("label_svd: train part with one class, additive rates given")
        return scores
    met = np.isin(pairs.regulator, pairs.regulator[pairs.train])
    met &= np.isin(pairs.target, pairs.target[pairs.train])
    if not met.all():
        logger.info(
            "label_svd: %d of %d pairs have an end without train labels, additive rates given",
            (~met).sum(),
            len(met),
        )
    is_train = np.zeros(len(split), dtype=bool)
    is_train[pairs.train] = True
    others = pairs.order[(met & ~is_train)[pairs.order]]
    with threadpool_limits(1):
        train, to_score = cross_fitted_features(pairs, others, seed=seed)
        models = _learners(train, pairs.labels, seed=seed)
        scores[pairs.train] = _mean_log_odds(models, train)
        if len(others):
            scores[others] = np.mean(
                [_mean_log_odds(models, features) for features in to_score], axis=0
            )
    return scores


def _mean_log_odds(models: list, features: np.ndarray) -> np.ndarray:
    return np.mean([model.decision_function(features) for model in models], axis=0)


NULLS: dict[str, Callable[..., np.ndarray]] = {
    "random": random,
    "tf_rate": tf_rate,
    "target_rate": target_rate,
    "tf_target_rate": tf_target_rate,
    "tf_target_logit": tf_target_logit,
    "degree_product": degree_product,
    "label_svd": label_svd,
}
