"""Positives of the test part against drawn negatives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auprc, auroc
from gtgrn.names import AUPRC, AUROC, LABEL, PAIR, PART, REGULATOR, TEST, WIN_RATE
from gtgrn.splits.negatives import DRAW, MATCHED, N3M, POSITIVE_TARGET, SCHEME, find_rows


def compare_positives(
    split: pd.DataFrame,
    scores: np.ndarray,
    negatives: pd.DataFrame,
    *,
    rows: tuple[np.ndarray, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Return how often each matched positive scores higher than its negatives (N3, N3m).

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    scores
        Scores aligned with its rows, higher for a likelier edge.
    negatives
        From :func:`gtgrn.splits.negatives.draw_negatives` on this split.
    rows
        What :func:`gtgrn.splits.negatives.find_rows` gives, to find it once for many scores.

    Returns
    -------
    pandas.DataFrame
        regulator, target and wins in [0, 1]: the mean over a positive's negatives of 1 for a
        higher score and 0.5 for the same. Sorted by pair; one row for each positive that has
        a negative. Rows are what a paired bootstrap draws.

    Raises
    ------
    InputError
        If a pair is not in the split or its label is not the one expected.
    """
    scores = np.asarray(scores, dtype=float)
    positive, negative = find_rows(split, negatives) if rows is None else rows
    wins = (scores[positive] > scores[negative]) + 0.5 * (scores[positive] == scores[negative])
    own = negatives[[REGULATOR, POSITIVE_TARGET]].set_axis(PAIR, axis=1)
    return own.assign(wins=wins).groupby(PAIR, sort=True)["wins"].mean().reset_index()


def score_negatives(
    split: pd.DataFrame,
    scores: np.ndarray,
    negatives: pd.DataFrame,
    *,
    part: str = TEST,
    rows: tuple[np.ndarray, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Judge scores against drawn negatives.

    N0 gives AUROC and AUPRC over all pairs of the part. N1, N2 and N3 pool the draws, each
    with its positives once, so that classes are even: AUROC is the mean over the draws, and a
    constant score has AUPRC 0.5. N3 and N3m give the win rate: the mean of
    :func:`compare_positives` over positives. Matched schemes count the positives that found
    no negative.

    Parameters
    ----------
    split, negatives, rows
        See :func:`compare_positives`.
    scores
        Scores aligned with its rows, all finite, higher for a likelier edge.
    part
        The part for which they were drawn.

    Returns
    -------
    pandas.DataFrame
        metric, value, n, n_positive. Metrics: AUROC, AUPRC, win_rate, unmatched_positives,
        as far as the scheme has them. n is the number of negatives (all draws), n_positive
        that of different positives judged.

    Raises
    ------
    InputError
        If a pair is not in the split or its label is not the one expected.
    ValueError
        If a score is NaN or infinite.
    """
    scores = _checked(scores, len(split))
    scheme = negatives[SCHEME].iloc[0]
    positive, negative = own = find_rows(split, negatives) if rows is None else rows
    inside = (split[PART] == part).to_numpy()
    of_part = np.flatnonzero(inside & (split[LABEL] == 1).to_numpy())
    if not inside[negative].all():
        raise InputError(f"a negative is not in the {part} part", remedy="Draw them again")
    lines = []
    if scheme != N3M:
        if scheme not in MATCHED:
            positive = np.tile(of_part, negatives[DRAW].nunique())
        both = np.concatenate([scores[positive], scores[negative]])
        labels = np.repeat([1, 0], [len(positive), len(negative)])
        lines += [(AUROC, auroc(labels, both)), (AUPRC, auprc(labels, both))]
    judged = len(np.unique(positive))
    if scheme in MATCHED:
        wins = compare_positives(split, scores, negatives, rows=own)["wins"]
        lines.append((WIN_RATE, float(wins.mean())))
        lines.append(("unmatched_positives", float(len(of_part) - judged)))
    table = pd.DataFrame(lines, columns=["metric", "value"])
    return table.assign(n=len(negatives), n_positive=judged)


def _checked(scores: np.ndarray, n: int) -> np.ndarray:
    scores = np.asarray(scores, dtype=float)
    if scores.shape != (n,) or not np.isfinite(scores).all():
        raise ValueError(f"scores {scores.shape} must be finite, one for each of {n} rows")
    return scores
