"""Scores of predicted cell types: by fold, with intervals over folds and over cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.evaluation.ranking import auprc, auroc
from gtgrn.names import AREAS
from gtgrn.seeds import derive_seed

LEVEL = 0.95
INTERVALS = ["value", "fold_low", "fold_high", "pooled", "cells_low", "cells_high"]
"""Columns of a score: the mean over folds, and the same predictions of all folds together."""


def fold_scores(probabilities: np.ndarray, types: np.ndarray, fold: np.ndarray) -> pd.DataFrame:
    """Score each type against the rest in each fold: columns type, metric, fold, value."""
    rows = [
        [kind, metric, number, function(types[fold == number] == kind, column[fold == number])]
        for kind, column in zip(np.unique(types), probabilities.T, strict=True)
        for number in np.unique(fold)
        for metric, function in zip(AREAS, (auroc, auprc), strict=True)
    ]
    return pd.DataFrame(rows, columns=["type", "metric", "fold", "value"])


def interval_over_folds(values: np.ndarray) -> tuple[float, float]:
    """Return Student's 95 % interval of a mean over folds, inside [0, 1].

    Folds share training cells, so that it is somewhat too narrow.
    """
    from scipy.stats import t

    if len(values) < 2:
        return float("nan"), float("nan")
    half = t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(max(0.0, values.mean() - half)), float(min(1.0, values.mean() + half))


def draw_counts(types: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Draw how often each cell is in each resample, (samples, cells); types keep their sizes."""
    counts = np.zeros((samples, len(types)), dtype=np.int32)
    for kind in np.unique(types):
        rows = np.flatnonzero(types == kind)
        rng = np.random.default_rng(derive_seed(seed, "cells", kind))
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), samples)
    return counts


def resampled_areas(
    positive: np.ndarray, scores: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return AUROC and average precision of every resample at once.

    Ties are as in :mod:`gtgrn.evaluation.ranking`.

    Parameters
    ----------
    positive, scores
        (cells,) each.
    counts
        (samples, cells) from :func:`draw_counts`.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf) != 0)
    drawn = counts[:, order].astype(float)
    hits = np.add.reduceat(drawn * positive[order], starts, axis=1)
    others = np.add.reduceat(drawn * ~positive[order], starts, axis=1)
    below = others.sum(axis=1, keepdims=True) - others.cumsum(axis=1)
    total, rest = hits.sum(axis=1), others.sum(axis=1)
    first = (hits * (below + others / 2)).sum(axis=1) / (total * rest)
    found = hits.cumsum(axis=1)
    seen = found + others.cumsum(axis=1)
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return first, (precision * hits).sum(axis=1) / total


def bootstrap_areas(
    probabilities: np.ndarray, types: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return (types, samples) of each metric, from the predictions of all folds together."""
    kinds = np.unique(types)
    drawn = [
        resampled_areas(types == kind, column, counts)
        for kind, column in zip(kinds, probabilities.T, strict=True)
    ]
    return {metric: np.array([areas[i] for areas in drawn]) for i, metric in enumerate(AREAS)}


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of the 95 % interval of resampled values."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def score_rows(scores: pd.DataFrame, drawn: dict[str, np.ndarray]) -> tuple[list, list]:
    """Return the macro rows and the rows by type; the first sample is the cells themselves."""
    macro, by_type = [], []
    for metric in AREAS:
        rows = scores[scores["metric"] == metric]
        over_types = rows.groupby("fold")["value"].mean().to_numpy()
        whole, *samples = drawn[metric].mean(axis=0)
        intervals = *interval_over_folds(over_types), whole, *percentiles(samples)
        macro.append([metric, over_types.mean(), *intervals])
        for i, (kind, of_type) in enumerate(rows.groupby("type")):
            values = of_type["value"].to_numpy()
            whole, *samples = drawn[metric][i]
            intervals = *interval_over_folds(values), whole, *percentiles(samples)
            by_type.append([metric, kind, values.mean(), *intervals])
    return macro, by_type
