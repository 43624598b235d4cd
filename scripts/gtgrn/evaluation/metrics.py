"""Metrics of a scored split: ranking, early precision, calibration.

The metrics of a ranking are those of :mod:`gtgrn.evaluation.ranking`, under whose rules (universe,
direction, ties, missing edges, NaN) all others stand too.

Training imports this module at every start, so scikit-learn, whose import takes longer than a
small training, is imported by the curves alone; the tests hold all values to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gtgrn.errors import InputError
from gtgrn.evaluation.ranking import (
    auprc,
    auprc_ratio,
    auroc,
    checked,
    early_precision,
    early_precision_ratio,
    mean_within_group_auroc,
    one_class,
    precision_at,
    top_k,
)
from gtgrn.names import (
    AUPRC,
    AUPRC_RATIO,
    AUROC,
    BRIER,
    ECE,
    EPR,
    LABEL,
    PAIR,
    PRECISION_AT_POSITIVES,
    REGULATOR,
    SCORE,
    TARGET,
    WITHIN_GENE,
    WITHIN_TF,
)

__all__ = [
    "auprc",
    "auprc_ratio",
    "auroc",
    "brier",
    "early_precision",
    "early_precision_ratio",
    "evaluate",
    "expected_calibration_error",
    "mean_within_group_auroc",
    "pr_curve",
    "precision_at",
    "reliability_curve",
    "roc_curve",
    "top_k",
]

MAX_POINTS = 500
"""Most points of a curve: more cannot be seen in a figure and make the report heavy."""


def _checked_probabilities(labels: ArrayLike, probabilities: ArrayLike):
    """Return labels and probabilities, or raise ValueError for values outside [0, 1]."""
    positive, probabilities = checked(labels, probabilities)
    if len(probabilities) and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError("probabilities must lie in [0, 1]")
    return positive, probabilities


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean squared difference between probability and label: 0 best, 1 worst.

    Universe and NaN: as the module says; ties and direction have no bearing; a missing edge
    needs a probability like any other.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    probabilities
        (n,) numbers in [0, 1]; others raise ValueError.
    """
    positive, probabilities = _checked_probabilities(labels, probabilities)
    if one_class(positive):
        return float("nan")
    return float(np.mean((probabilities - positive) ** 2))


def reliability_curve(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Return predicted against observed frequency in bins of equal width.

    Bins hold their lower edge, the last one both. Universe: as the module says; ties fall
    into one bin; one class is no obstacle here.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    probabilities
        (n,) numbers in [0, 1]; others raise ValueError.
    bins
        Number of bins on [0, 1].

    Returns
    -------
    pandas.DataFrame
        One row a bin: lower, upper, mean_probability, observed_frequency, n; the two means
        are NaN in an empty bin.
    """
    positive, probabilities = _checked_probabilities(labels, probabilities)
    # Division gives the floats that 0.1, 0.2, 0.3 denote; linspace(0, 1, 11) does not.
    edges = np.arange(bins + 1) / bins
    index = np.searchsorted(edges[1:-1], probabilities, side="right")
    n = np.bincount(index, minlength=bins)
    divisor = np.where(n > 0, n, np.nan)
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "mean_probability": np.bincount(index, probabilities, bins) / divisor,
            "observed_frequency": np.bincount(index, positive, bins) / divisor,
            "n": n,
        }
    )


def expected_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = 10
) -> float:
    """Return the mean of |mean probability - observed frequency|, each bin by its size.

    Bins of equal width as in :func:`reliability_curve`; empty ones have no weight. Universe
    and NaN: as the module says.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    probabilities
        (n,) numbers in [0, 1]; others raise ValueError.
    bins
        Number of bins on [0, 1].
    """
    positive, _ = _checked_probabilities(labels, probabilities)
    if one_class(positive):
        return float("nan")
    curve = reliability_curve(labels, probabilities, bins)
    gap = (curve["mean_probability"] - curve["observed_frequency"]).abs()
    return float((gap * curve["n"]).sum() / curve["n"].sum())


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep at most MAX_POINTS rows, evenly along the drawn line, both ends among them."""
    if len(curve) <= MAX_POINTS:
        return curve
    steps = np.abs(np.diff(curve.to_numpy(), axis=0)).sum(axis=1)
    length = np.concatenate([[0], np.cumsum(steps)])
    rows = np.searchsorted(length, np.linspace(0, length[-1], MAX_POINTS))
    return curve.iloc[np.unique(rows)].reset_index(drop=True)


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Return the ROC curve for plotting, from (0, 0) to (1, 1).

    Tied scores are one point. Universe, direction and missing edges: as the module says.

    Returns
    -------
    pandas.DataFrame
        false_positive_rate, true_positive_rate, ascending, at most 500 rows; no row where
        there is one class.
    """
    columns = ["false_positive_rate", "true_positive_rate"]
    positive, scores = checked(labels, scores)
    if one_class(positive):
        return pd.DataFrame(columns=columns, dtype=float)
    from sklearn.metrics import roc_curve as curve

    false_positive, true_positive, _ = curve(positive, scores)
    return _thinned(pd.DataFrame(dict(zip(columns, (false_positive, true_positive), strict=True))))


def pr_curve(labels: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Return the precision-recall curve for plotting, from recall 0 to recall 1.

    Tied scores are one point; by convention precision is 1 at recall 0. Universe, direction
    and missing edges: as the module says.

    Returns
    -------
    pandas.DataFrame
        recall, precision; recall ascending, at most 500 rows; no row where there is one class.
    """
    positive, scores = checked(labels, scores)
    if one_class(positive):
        return pd.DataFrame(columns=["recall", "precision"], dtype=float)
    from sklearn.metrics import precision_recall_curve as curve

    precision, recall, _ = curve(positive, scores, drop_intermediate=True)
    return _thinned(pd.DataFrame({"recall": recall[::-1], "precision": precision[::-1]}))


def evaluate(
    split_part: pd.DataFrame, *, probabilities: bool = False, at: Sequence[int] = ()
) -> pd.DataFrame:
    """Return every metric of one scored part in long form.

    Parameters
    ----------
    split_part
        Columns regulator, target, label, score: all pairs of the part and only those, each
        once; a pair that the method left out carries its lowest score.
    probabilities
        Whether the scores are probabilities; then Brier and ECE are given too.
    at
        Numbers of predictions whose precision is given too; NaN beyond the number of pairs.

    Returns
    -------
    pandas.DataFrame
        metric, value, n, n_positive. Metrics: AUROC, AUPRC, AUPRC_ratio, EPR,
        precision_at_positives (k = number of positives), within_TF_AUROC,
        within_gene_AUROC[, precision_at_<k> ...][, Brier, ECE]. n is the number of pairs, for
        the within_ metrics the number of regulators or genes counted; n_positive is that of
        the part.

    Raises
    ------
    InputError
        If a column is missing.
    ValueError
        If a score is NaN or infinite, or a label is not 0 or 1.
    """
    for column in (*PAIR, LABEL, SCORE):
        if column not in split_part.columns:
            raise InputError(
                "column missing", field=column, remedy=f"Give {', '.join([*PAIR, LABEL, SCORE])}"
            )
    positive, scores = checked(split_part[LABEL], split_part[SCORE])
    n, n_positive = len(scores), int(positive.sum())
    within_tf, n_tf = mean_within_group_auroc(positive, scores, split_part[REGULATOR])
    within_gene, n_gene = mean_within_group_auroc(positive, scores, split_part[TARGET])
    at_positives = precision_at(positive, scores, n_positive) if n_positive else float("nan")
    rows = [
        (AUROC, auroc(positive, scores), n),
        (AUPRC, auprc(positive, scores), n),
        (AUPRC_RATIO, auprc_ratio(positive, scores), n),
        (EPR, early_precision_ratio(positive, scores), n),
        (PRECISION_AT_POSITIVES, at_positives, n),
        (WITHIN_TF, within_tf, n_tf),
        (WITHIN_GENE, within_gene, n_gene),
    ]
    rows += [
        (f"precision_at_{k}", precision_at(positive, scores, k) if k <= n else float("nan"), n)
        for k in at
    ]
    if probabilities:
        rows.append((BRIER, brier(positive, scores), n))
        rows.append((ECE, expected_calibration_error(positive, scores), n))
    table = pd.DataFrame(rows, columns=["metric", "value", "n"])
    return table.assign(n_positive=n_positive)
