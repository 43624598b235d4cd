"""The benchmark without labels: rankings that never saw an edge of the data set, on its edges.

Truths are of different kinds and stand apart: what is bound (ChIP-seq), what responds (loss or
gain of function) and what a simulation was made of. No number mixes them.

What other contexts say stands beside its nulls (popularity elsewhere, the same regulator
elsewhere, chance) and beside the expression-only methods. Regulators are the units: they are
resampled for the intervals of differences, because the pairs of one regulator stand and fall
together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from gtgrn.context.nulls import COPY, POPULAR
from gtgrn.context.rows import SourceRows
from gtgrn.context.transfer import TransferModel
from gtgrn.names import (
    AUPRC_RATIO,
    AUROC,
    POPULARITY_ELSEWHERE,
    REGULATOR,
    SAME_REGULATOR,
    TARGET,
    WEIGHT,
    WITHIN_TF,
)

TRANSFER_ELSEWHERE, RANDOM = "other_contexts", "random"
MATCHED = "N3m_true_in_degree"
LEAST = 5
"""Targets and non-targets that a regulator needs to be judged."""
SAMPLES = 2000


def label_matrix(
    reference: pd.DataFrame, genes: Sequence[str], regulators: Sequence[str]
) -> np.ndarray:
    """Return (regulators, genes) labels, NaN for a regulator itself."""
    rows, columns = pd.Index(regulators), pd.Index(genes)
    labels = np.zeros((len(rows), len(columns)))
    inside = reference[reference[REGULATOR].isin(rows) & reference[TARGET].isin(columns)]
    labels[rows.get_indexer(inside[REGULATOR]), columns.get_indexer(inside[TARGET])] = 1
    own = columns.get_indexer(rows)
    labels[np.flatnonzero(own >= 0), own[own >= 0]] = np.nan
    return labels


def weight_matrix(
    network: pd.DataFrame, genes: Sequence[str], regulators: Sequence[str]
) -> np.ndarray:
    """Return (regulators, genes) weights of a network; a pair that it lacks has weight 0."""
    rows = pd.Index(regulators).get_indexer(network[REGULATOR])
    columns = pd.Index(genes).get_indexer(network[TARGET])
    here = (rows >= 0) & (columns >= 0)
    weights = np.zeros((len(regulators), len(genes)))
    weights[rows[here], columns[here]] = network[WEIGHT].to_numpy(float)[here]
    return weights


def context_scores(
    model: TransferModel, sources: Sequence[SourceRows], regulators: Sequence[str], genes: int
) -> dict[str, np.ndarray]:
    """Return (regulators, genes) scores of the model and of its nulls, by name."""
    names = (TRANSFER_ELSEWHERE, POPULARITY_ELSEWHERE, SAME_REGULATOR)
    scores = {name: np.zeros((len(regulators), genes)) for name in names}
    for rows, own, features in model.score(sources, regulators, genes):
        scores[TRANSFER_ELSEWHERE][rows] = own
        scores[POPULARITY_ELSEWHERE][rows] = features[:, :, POPULAR]
        scores[SAME_REGULATOR][rows] = features[:, :, COPY]
    return scores


def within(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return (regulators,) the AUROC within each, NaN with too few targets or non-targets."""
    areas = np.full(len(labels), np.nan)
    for number, (row, values) in enumerate(zip(labels, scores, strict=True)):
        known = np.isfinite(row)
        targets = int(row[known].sum())
        if min(targets, known.sum() - targets) >= LEAST:
            ranks = rankdata(values[known])[row[known] == 1].sum()
            areas[number] = (ranks - targets * (targets + 1) / 2) / (
                targets * (known.sum() - targets)
            )
    return areas


def matched(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return (regulators,) the win rate over non-targets of the nearest true in-degree.

    The in-degree is over the other regulators, so that popularity scores one half on each
    matched pair but for what the match leaves. NaN with too few targets or non-targets.
    """
    known = np.isfinite(labels)
    filled = np.where(known, labels, 0)
    total = filled.sum(axis=0)
    wins = np.full(len(labels), np.nan)
    for number, (row, values) in enumerate(zip(labels, scores, strict=True)):
        here = known[number]
        degree, label, score = (total - filled[number])[here], row[here], values[here]
        negatives = np.flatnonzero(label == 0)
        positives = np.flatnonzero(label == 1)
        if min(len(positives), len(negatives)) < LEAST:
            continue
        gained = []
        for gene in positives:
            away = np.abs(degree[negatives] - degree[gene])
            near = score[negatives[away == away.min()]]
            gained.append(np.mean((score[gene] > near) + 0.5 * (score[gene] == near)))
        wins[number] = np.mean(gained)
    return wins


def judge_rankings(
    labels: np.ndarray, rankings: Mapping[str, np.ndarray], *, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the measures of each ranking, and its paired differences to the model.

    Parameters
    ----------
    labels
        (regulators, genes), from :func:`label_matrix`.
    rankings
        Name -> (regulators, genes) scores.
    seed
        Seed of the resampled regulators.

    Returns
    -------
    metrics : pandas.DataFrame
        method, metric, value, n (regulators judged).
    differences : pandas.DataFrame
        model, method, metric, difference (the model less the method), low, high (95 % of the
        resamples of regulators), better (regulators on which it is larger), n. The model is
        other contexts against every other ranking; without sources, each ranking is one against
        chance.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    judged = np.isfinite(within(labels, np.zeros_like(labels)))
    labels = labels[judged]
    known = np.isfinite(labels)
    rows, of_regulators = [], {}
    for name, scores in rankings.items():
        values = scores[judged]
        per = {WITHIN_TF: within(labels, values), MATCHED: matched(labels, values)}
        of_regulators[name] = per
        if not known.any():
            continue
        flat, truth = values[known], labels[known]
        whole = {
            AUROC: roc_auc_score(truth, flat),
            AUPRC_RATIO: average_precision_score(truth, flat) / truth.mean(),
        }
        means = {metric: float(np.mean(own)) for metric, own in per.items()}
        rows += [(name, metric, value, len(labels)) for metric, value in (whole | means).items()]
    return (
        pd.DataFrame(rows, columns=["method", "metric", "value", "n"]),
        _differences(of_regulators, len(labels), seed),
    )


def _differences(
    of_regulators: Mapping[str, Mapping[str, np.ndarray]], count: int, seed: int
) -> pd.DataFrame:
    """Return the paired differences of :func:`judge_rankings`, from measures by regulator."""
    draws = np.random.default_rng(seed).integers(0, max(count, 1), (SAMPLES, count))
    model = TRANSFER_ELSEWHERE if TRANSFER_ELSEWHERE in of_regulators else None
    rows = []
    for name, per in of_regulators.items() if count else ():
        if name == (model or RANDOM):
            continue
        pair = (model, name) if model else (name, RANDOM)
        for metric in per:
            better, worse = (of_regulators[one][metric] for one in pair)
            gain = better - worse
            low, high = np.quantile(gain[draws].mean(axis=1), [0.025, 0.975])
            rows.append((*pair, metric, gain.mean(), low, high, int((gain > 0).sum()), count))
    columns = ["model", "method", "metric", "difference", "low", "high", "better", "n"]
    return pd.DataFrame(rows, columns=columns)
