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
from collections.abc import Callable

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gtgrn.errors import InputError
from gtgrn.models.nulls.label_features import (
    REGULATOR_COLUMNS,
    TARGET_COLUMNS,
    additive_log_odds,
    cross_fitted_features,
)
from gtgrn.names import REGULATOR, TARGET
from gtgrn.splits.universe import LabelledPairs, encode_pairs, smoothed_rates, target_rate

logger = logging.getLogger(__name__)

INVERSE_PENALTY = 3.0
"""C of the one-hot logistic regression."""
MIN_LEAF = 40
MAX_FIT_ROWS = 500_000
"""Pairs on which the two learners of label_svd are fitted at most: a bound on time."""


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
    return smoothed_rates(pairs, pairs.regulator)[pairs.regulator]


def tf_target_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the sum of the log-odds of the regulator's and the target's train rate.

    The sum is taken on log-odds, where the two effects add: a sum of the bare rates lets a
    rare regulator's pairs drown. An entity without train pairs adds nothing, so this null is
    the TF rate on held-out genes and the target's popularity on held-out TFs. `seed` has no
    effect.
    """
    return additive_log_odds(encode_pairs(split))


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
        return additive_log_odds(pairs)
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    codes = np.column_stack([pairs.regulator, pairs.target])
    encoder = OneHotEncoder(handle_unknown="ignore").fit(codes[pairs.train])
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
    with threadpool_limits(1):
        model.fit(encoder.transform(codes[pairs.train]), pairs.labels)
        return model.decision_function(encoder.transform(codes))


def _learners(features: np.ndarray, labels: np.ndarray, *, seed: int) -> list:
    """Fit logistic regression and boosted trees; the trees only where they could split."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

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
    return _score_by_learning(encode_pairs(split), None, seed=seed)


def label_svd_expression(split: pd.DataFrame, features: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the features of :func:`label_svd` and by features of the two genes.

    No null but the strong plain model beside it: what of a method's gain over
    :func:`label_svd` comes from reading expression at all. The learners get the regulator's
    and the target's features as they are.

    Where an end has no train label its label features do not exist, and learners of their own
    are fitted on what does: the rate and degree of the known end, the target's features, and
    those of a known regulator. Features of an unknown regulator are left out: there are tens
    of regulators, which the learners would know by heart and not recognise.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    features
        (genes, features) finite numbers, rows by gene name; every gene of the split has one.
    seed
        Seed of the folds and of the trees.

    Returns
    -------
    (pairs,) log-odds, aligned with the split's rows.

    Raises
    ------
    InputError
        Where the split is refused, a gene has no features or a feature is not finite.
    """
    pairs = encode_pairs(split)
    if not features.index.is_unique:
        raise InputError("a gene has features twice", remedy="Keep one row of it")
    blocks = []
    for end in (REGULATOR, TARGET):
        names = np.unique(split[end].to_numpy(object))
        absent = sorted(set(names) - set(features.index))
        if absent:
            raise InputError(
                f"{len(absent)} of {len(names)} genes have no features, such as {absent[0]}",
                field=end,
                remedy="Give features of every gene of the split",
            )
        blocks.append(features.loc[names].to_numpy(np.float32))
    if not all(np.isfinite(block).all() for block in blocks):
        raise InputError("a feature is not finite", remedy="Leave it out, or fill it")
    return _score_by_learning(pairs, (blocks[0], blocks[1]), seed=seed)


def _score_by_learning(
    pairs: LabelledPairs, genes: tuple[np.ndarray, np.ndarray] | None, *, seed: int
) -> np.ndarray:
    """Score all pairs by learners on label features and, if given, on the genes' features.

    Parameters
    ----------
    pairs
        The split.
    genes
        (regulators, features) and (targets, features) in the order of the codes.
    seed
        Seed of the folds and of the trees.
    """
    scores = additive_log_odds(pairs)
    if len(set(pairs.labels)) < 2:
        logger.warning("label_svd: train part with one class, additive rates given")
        return scores
    known_regulator = np.isin(pairs.regulator, pairs.regulator[pairs.train])
    known_target = np.isin(pairs.target, pairs.target[pairs.train])
    met = known_regulator & known_target
    if not met.all():
        logger.info(
            "label_svd: %d of %d pairs have an end without train labels, %s given",
            (~met).sum(), len(met), "additive rates" if genes is None else "learners of their own",
        )  # fmt: skip
    is_train = np.zeros(len(scores), dtype=bool)
    is_train[pairs.train] = True
    both: tuple[str, ...] = (REGULATOR, TARGET)
    questions: list[tuple[np.ndarray, slice, tuple[str, ...]]] = [
        (met & ~is_train, slice(None), both)
    ]
    if genes is not None:
        questions += [
            (known_regulator & ~known_target, REGULATOR_COLUMNS, both),
            (known_target & ~known_regulator, TARGET_COLUMNS, (TARGET,)),
            (~known_target & ~known_regulator, slice(0), (TARGET,)),
        ]
    asked = np.logical_or.reduce([rows for rows, _, _ in questions])
    others = pairs.order[asked[pairs.order]]
    with threadpool_limits(1):
        train, to_score = cross_fitted_features(pairs, others, seed=seed)
        known = _with_genes(train, pairs, pairs.train, genes, both)
        main = _learners(known, pairs.labels, seed=seed)
        scores[pairs.train] = _mean_log_odds(main, known)
        for number, (rows, columns, ends) in enumerate(questions):
            mine = rows[others]
            if not mine.any():
                continue
            fitted = _with_genes(train[:, columns], pairs, pairs.train, genes, ends)
            models = _learners(fitted, pairs.labels, seed=seed) if number else main
            of_folds = [
                _with_genes(own[mine][:, columns], pairs, others[mine], genes, ends)
                for own in to_score
            ]
            scores[others[mine]] = np.mean([_mean_log_odds(models, own) for own in of_folds], 0)
    return scores


def _with_genes(
    features: np.ndarray,
    pairs: LabelledPairs,
    rows: np.ndarray,
    genes: tuple[np.ndarray, np.ndarray] | None,
    ends: tuple[str, ...],
) -> np.ndarray:
    """Append the features of the pairs' regulators and targets, where there are any."""
    if genes is None:
        return features
    columns = [features]
    if REGULATOR in ends:
        columns.append(genes[0][pairs.regulator[rows]])
    columns.append(genes[1][pairs.target[rows]])
    return np.column_stack(columns)


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
