"""Metrics of a scored split: ranking, early precision, calibration.

All metrics share these rules. The universe is what is passed in, one entry a pair: the caller
hands over every pair of the part, and a pair that a method did not report must be there with
the method's lowest score (0 for a network of non-negative weights), for dropping it would
shrink the universe. Direction: the higher the score, the likelier the edge; of signed weights
pass the absolute value. No metric depends on the order of the entries, so ties are never
broken by position; each docstring says how they count. Input that holds one class only, or
nothing, gives NaN, because a mean over data sets must not mix defined and undefined values;
a NaN or infinite score, a label other than 0 and 1, or a length mismatch raises ValueError.

Training imports this module at every start, so scikit-learn, whose import takes longer than a
small training, is imported by the curves alone; the tests hold all values to it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gtgrn.edges import LABEL, PAIR, REGULATOR, SCORE, TARGET
from gtgrn.errors import InputError

MAX_POINTS = 500
"""Most points of a curve: more cannot be seen in a figure and make the report heavy."""


def _checked(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give labels as bool and scores as float64, or raise ValueError."""
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(
            f"labels {labels.shape} and scores {scores.shape} must be vectors of one length"
        )
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} scores are NaN or infinite")
    positive = labels == 1
    if not (positive | (labels == 0)).all():
        raise ValueError("labels must be 0 or 1")
    return positive, scores


def _checked_probabilities(labels: ArrayLike, probabilities: ArrayLike):
    """Give labels and probabilities, or raise ValueError for values outside [0, 1]."""
    positive, probabilities = _checked(labels, probabilities)
    if len(probabilities) and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError("probabilities must lie in [0, 1]")
    return positive, probabilities


def _one_class(positive: np.ndarray) -> bool:
    return positive.all() or not positive.any()


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give the area under the ROC curve: P(score of a positive > score of a negative).

    Universe, direction, missing edges and NaN: as the module says. A tied pair of a positive
    and a negative counts one half, so a constant score gives 0.5.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers.
    """
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return float("nan")
    _, value, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    n = positive.sum()
    # Mann-Whitney: the ranks of the positives, less what they take among themselves.
    wins = mean_rank[value][positive].sum() - n * (n + 1) / 2
    return float(wins / (n * (len(scores) - n)))


def auprc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give the average precision, which tables of the field call AUPRC.

    The sum over thresholds of (recall step) * precision, without interpolation. Universe,
    direction, missing edges and NaN: as the module says. Tied scores form one threshold, so
    a constant score gives the density.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers.
    """
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return float("nan")
    _, value, counts = np.unique(scores, return_inverse=True, return_counts=True)
    hits = np.bincount(value, weights=positive)[::-1]
    precision = np.cumsum(hits) / np.cumsum(counts[::-1])
    return float((precision * hits).sum() / positive.sum())


def auprc_ratio(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give AUPRC over the density of positives: 1 for a constant score.

    Universe, direction, ties, missing edges and NaN: as :func:`auprc`.
    """
    value = auprc(labels, scores)
    return value if np.isnan(value) else value / float(np.mean(np.asarray(labels) == 1))


def early_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give the precision of the first k predictions, k being the number of positives.

    Ties follow BEELINE (Pratapa et al. 2020): every pair that reaches
    max(smallest non-zero score, score of rank k) is kept, so more than k where rank k is
    tied and fewer where fewer have a score. Missing edges: as long as no score is negative,
    a zero means "not reported" and is never kept, and if nothing is reported the precision
    is 0. With a negative score among them the scores are log-odds, zero means nothing special
    and only rank k counts. BEELINE's rounding to six digits is not done: it would wipe out
    small probabilities. Universe, direction and NaN: as the module says.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers; absolute values of signed weights.
    """
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return float("nan")
    k = int(positive.sum())
    kept = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
    if scores.min() >= 0:
        kept &= scores > 0
    return float(positive[kept].mean()) if kept.any() else 0.0


def early_precision_ratio(labels: ArrayLike, scores: ArrayLike) -> float:
    """Give the early precision over the density of positives (EPR): about 1 by chance.

    Universe, direction, ties, missing edges and NaN: as :func:`early_precision`.
    """
    value = early_precision(labels, scores)
    return value if np.isnan(value) else value / float(np.mean(np.asarray(labels) == 1))


def precision_at(labels: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Give the share of positives among the k best, exactly k.

    Ties at rank k: the expectation over a random order of the tied pairs. Universe,
    direction, missing edges and NaN: as the module says.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers.
    k
        Number of predictions, 1 to n; outside it a ValueError is raised.
    """
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return float("nan")
    if not 1 <= k <= len(scores):
        raise ValueError(f"k is {k}, but there are {len(scores)} pairs")
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    above, tied = scores > threshold, scores == threshold
    drawn = k - int(above.sum())
    return float((positive[above].sum() + drawn * positive[tied].mean()) / k)


def mean_within_group_auroc(
    labels: ArrayLike, scores: ArrayLike, groups: ArrayLike
) -> tuple[float, int]:
    """Give the unweighted mean of the AUROC inside each group, and how many groups counted.

    With regulators as groups it is the within-TF AUROC (can the method tell a TF's targets
    from its non-targets, whatever the TF's degree), with targets the within-gene AUROC.
    Groups that hold one class are left out; if all are, the mean is NaN and the number 0.
    Ties count one half. Universe, direction and missing edges: as the module says.

    One sort serves all groups: the AUROC of a group is its Mann-Whitney statistic, and the
    ranks inside a group are the ranks of the sorted table less the group's start.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers.
    groups
        (n,) names or codes.
    """
    positive, scores = _checked(labels, scores)
    codes, names = pd.factorize(np.asarray(groups), use_na_sentinel=False)
    if codes.shape != scores.shape:
        raise ValueError(f"groups {codes.shape} and scores {scores.shape} must match")
    if not len(scores):
        return float("nan"), 0
    order = np.lexsort((scores, codes))
    codes, scores, positive = codes[order], scores[order], positive[order]
    first = np.concatenate([[True], (np.diff(codes) != 0) | (np.diff(scores) != 0)])
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(scores))
    midranks = ((starts + ends + 1) / 2)[np.cumsum(first) - 1]
    size = np.bincount(codes, minlength=len(names))
    midranks -= (np.cumsum(size) - size)[codes]
    n_positive = np.bincount(codes, weights=positive, minlength=len(names))
    rank_sum = np.bincount(codes, weights=midranks * positive, minlength=len(names))
    pairs = n_positive * (size - n_positive)
    counted = pairs > 0
    if not counted.any():
        return float("nan"), 0
    wins = rank_sum - n_positive * (n_positive + 1) / 2
    # Sorted, because the codes follow the order of the entries and a float sum would too.
    values = np.sort(wins[counted] / pairs[counted])
    return float(values.mean()), int(counted.sum())


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Give the mean squared difference between probability and label: 0 best, 1 worst.

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
    if _one_class(positive):
        return float("nan")
    return float(np.mean((probabilities - positive) ** 2))


def reliability_curve(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Give predicted against observed frequency in bins of equal width.

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
    """Give the mean of |mean probability - observed frequency|, each bin by its size.

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
    if _one_class(positive):
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
    """Give the ROC curve for plotting, from (0, 0) to (1, 1).

    Tied scores are one point. Universe, direction and missing edges: as the module says.

    Returns
    -------
    pandas.DataFrame
        false_positive_rate, true_positive_rate, ascending, at most 500 rows; no row where
        there is one class.
    """
    columns = ["false_positive_rate", "true_positive_rate"]
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return pd.DataFrame(columns=columns, dtype=float)
    from sklearn.metrics import roc_curve as curve

    false_positive, true_positive, _ = curve(positive, scores)
    return _thinned(pd.DataFrame(dict(zip(columns, (false_positive, true_positive), strict=True))))


def pr_curve(labels: ArrayLike, scores: ArrayLike) -> pd.DataFrame:
    """Give the precision-recall curve for plotting, from recall 0 to recall 1.

    Tied scores are one point; by convention precision is 1 at recall 0. Universe, direction
    and missing edges: as the module says.

    Returns
    -------
    pandas.DataFrame
        recall, precision; recall ascending, at most 500 rows; no row where there is one class.
    """
    positive, scores = _checked(labels, scores)
    if _one_class(positive):
        return pd.DataFrame(columns=["recall", "precision"], dtype=float)
    from sklearn.metrics import precision_recall_curve as curve

    precision, recall, _ = curve(positive, scores, drop_intermediate=True)
    return _thinned(pd.DataFrame({"recall": recall[::-1], "precision": precision[::-1]}))


def evaluate(split_part: pd.DataFrame, *, probabilities: bool = False) -> pd.DataFrame:
    """Give every metric of one scored part in long form.

    Parameters
    ----------
    split_part
        Columns regulator, target, label, score: all pairs of the part and only those, each
        once; a pair that the method left out carries its lowest score.
    probabilities
        Whether the scores are probabilities; then Brier and ECE are given too.

    Returns
    -------
    pandas.DataFrame
        metric, value, n, n_positive. Metrics: AUROC, AUPRC, AUPRC_ratio, EPR,
        precision_at_positives (k = number of positives), within_TF_AUROC,
        within_gene_AUROC[, Brier, ECE]. n is the number of pairs, for the within_ metrics
        the number of regulators or genes counted; n_positive is that of the part.

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
    positive, scores = _checked(split_part[LABEL], split_part[SCORE])
    n, n_positive = len(scores), int(positive.sum())
    within_tf, n_tf = mean_within_group_auroc(positive, scores, split_part[REGULATOR])
    within_gene, n_gene = mean_within_group_auroc(positive, scores, split_part[TARGET])
    at_positives = float("nan") if not n_positive else precision_at(positive, scores, n_positive)
    rows = [
        ("AUROC", auroc(positive, scores), n),
        ("AUPRC", auprc(positive, scores), n),
        ("AUPRC_ratio", auprc_ratio(positive, scores), n),
        ("EPR", early_precision_ratio(positive, scores), n),
        ("precision_at_positives", at_positives, n),
        ("within_TF_AUROC", within_tf, n_tf),
        ("within_gene_AUROC", within_gene, n_gene),
    ]
    if probabilities:
        rows += [
            ("Brier", brier(positive, scores), n),
            ("ECE", expected_calibration_error(positive, scores), n),
        ]
    table = pd.DataFrame(rows, columns=["metric", "value", "n"])
    return table.assign(n_positive=n_positive)
