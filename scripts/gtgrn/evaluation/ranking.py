"""Metrics of a ranking of pairs: the curves' areas, early precision, AUROC inside a group.

All share these rules. The universe is what is passed in, one entry per pair: the caller
hands over every pair of the part, and a pair that a method did not report must be there with
the method's lowest score (0 for a network of non-negative weights), for dropping it would
shrink the universe. Direction: the higher the score, the likelier the edge; of signed weights
pass the absolute value. No metric depends on the order of the entries, so ties are never
broken by position; each docstring says how they count. Input that holds one class only, or
nothing, gives NaN, because a mean over data sets must not mix defined and undefined values;
a NaN or infinite score, a label other than 0 and 1, or a length mismatch raises ValueError.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as bool and scores as float64, or raise ValueError."""
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


def one_class(positive: np.ndarray) -> bool:
    """Say whether labels hold one class only, or nothing."""
    return bool(positive.all() or not positive.any())


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve: P(score of a positive > score of a negative).

    Universe, direction, missing edges and NaN: as the module says. A tied pair of a positive
    and a negative counts one half, so a constant score gives 0.5.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers.
    """
    positive, scores = checked(labels, scores)
    if one_class(positive):
        return float("nan")
    _, value, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    n = positive.sum()
    # Mann-Whitney: the ranks of the positives, less what they take among themselves.
    wins = mean_rank[value][positive].sum() - n * (n + 1) / 2
    return float(wins / (n * (len(scores) - n)))


def auprc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the average precision, which tables of the field call AUPRC.

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
    positive, scores = checked(labels, scores)
    if one_class(positive):
        return float("nan")
    _, value, counts = np.unique(scores, return_inverse=True, return_counts=True)
    hits = np.bincount(value, weights=positive)[::-1]
    precision = np.cumsum(hits) / np.cumsum(counts[::-1])
    return float((precision * hits).sum() / positive.sum())


def auprc_ratio(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return AUPRC over the density of positives: 1 for a constant score.

    Universe, direction, ties, missing edges and NaN: as :func:`auprc`.
    """
    value = auprc(labels, scores)
    return value if np.isnan(value) else value / float(np.mean(np.asarray(labels) == 1))


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Mark the k best predictions by BEELINE's rule of ties (Pratapa et al. 2020).

    Every pair that reaches max(smallest non-zero score, score of rank k) is kept, so more than
    k where rank k is tied and fewer where fewer have a score. Missing edges: as long as no
    score is negative, a zero means "not reported" and is never kept. With a negative score
    among them the scores are log-odds, zero means nothing special and only rank k counts.

    Parameters
    ----------
    scores
        (n,) finite numbers; absolute values of signed weights.
    k
        Number of predictions, 1 to n.

    Returns
    -------
    numpy.ndarray
        (n,) bool.
    """
    kept = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
    return kept & (scores > 0) if scores.min() >= 0 else kept


def early_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the precision of the first k predictions, k being the number of positives.

    Which those are, with ties and missing edges, is said at :func:`top_k`; if nothing is
    reported the precision is 0. BEELINE's rounding to six digits is not done: it would wipe out
    small probabilities. Universe, direction and NaN: as the module says.

    Parameters
    ----------
    labels
        (n,) 0 or 1.
    scores
        (n,) finite numbers; absolute values of signed weights.
    """
    positive, scores = checked(labels, scores)
    if one_class(positive):
        return float("nan")
    kept = top_k(scores, int(positive.sum()))
    return float(positive[kept].mean()) if kept.any() else 0.0


def early_precision_ratio(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the early precision over the density of positives (EPR): about 1 by chance.

    Universe, direction, ties, missing edges and NaN: as :func:`early_precision`.
    """
    value = early_precision(labels, scores)
    return value if np.isnan(value) else value / float(np.mean(np.asarray(labels) == 1))


def precision_at(labels: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Return the share of positives among the k best, exactly k.

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
    positive, scores = checked(labels, scores)
    if one_class(positive):
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
    """Return the unweighted mean of the AUROC inside each group, and how many groups counted.

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
    positive, scores = checked(labels, scores)
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
