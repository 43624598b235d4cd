"""Enrichment of a model's best pairs in edges that were held out of its training.

The judged pairs (the background) are pairs of a split outside the training part. Of these the
best are chosen, as many as there are held-out reference edges, in all and for each regulator
alone; the hypergeometric distribution gives the probability of so many known edges among them if
the best had been drawn by chance. A regulator or a target with many edges has many in every part,
so that a predictor which knows these numbers only is enriched as well: the best null stands beside
the model, and only what the model has beyond it is about expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.evaluation.ranking import auprc
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TEST, VAL
from gtgrn.seeds import derive_seed
from gtgrn.splits.universe import label_pairs

POOLS = {"held_out": (VAL, TEST), "test": (TEST,)}
"""Judged pairs by name. The validation part chose the epoch and the calibration, which favours
the model a little; the test part had no say."""
REFERENCE = "reference"
COUNTS = ["pairs", "known", "chosen", "hits"]
TESTED = [*COUNTS, "expected", "odds_ratio", "low", "high", "p"]
METHOD, POOL, EVIDENCE, Q = "method", "pool", "evidence", "q"
LEVEL = 0.95


def hypergeometric(table: pd.DataFrame) -> pd.DataFrame:
    """Test counts for enrichment.

    Parameters
    ----------
    table
        Columns pairs (in the background), known (of these), chosen (of these) and hits (known
        and chosen).

    Returns
    -------
    pandas.DataFrame
        The table with expected (hits by chance), odds_ratio, low and high (95 % interval by
        Woolf's standard error of its logarithm; one half is added to all four cells where one
        is empty, by Haldane and Anscombe) and p (of as many hits or more, one-sided).
    """
    from scipy.stats import hypergeom
    from statsmodels.stats.contingency_tables import Table2x2

    pairs, known, chosen, hits = (table[name].to_numpy(int) for name in COUNTS)
    ratios = []
    for n, k, m, x in zip(pairs, known, chosen, hits, strict=True):
        cells = np.array([[x, m - x], [k - x, n - m - k + x]], dtype=float)
        # Not left to shift_zeros: statsmodels 0.15 changes the empty cells only.
        cells = Table2x2(cells + 0.5 * (cells == 0).any(), shift_zeros=False)
        ratios.append((cells.oddsratio, *cells.oddsratio_confint(1 - LEVEL)))
    ratio, low, high = np.array(ratios, dtype=float).reshape(-1, 3).T
    return table.assign(
        expected=chosen * known / pairs,
        odds_ratio=ratio,
        low=low,
        high=high,
        p=hypergeom.sf(hits - 1, pairs, known, chosen),
    )


def adjust(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add q, the p-values adjusted by Benjamini and Hochberg among the rows of each group."""
    from statsmodels.stats.multitest import multipletests

    if table.empty:
        return table.assign(**{Q: np.array([], dtype=float)})
    adjusted = table.groupby(list(by))["p"].transform(
        lambda p: multipletests(p, method="fdr_bh")[1]
    )
    return table.assign(**{Q: adjusted})


def choose_best(
    pairs: pd.DataFrame, scores: np.ndarray, *, seed: int, within: str | None = None
) -> np.ndarray:
    """Mark the best pairs, as many as there are reference edges.

    Parameters
    ----------
    pairs
        Columns regulator, target, label, sorted by pair.
    scores
        Aligned with the rows; higher is better.
    seed
        Seed of the order of ties. A null scores many pairs alike, and the order of names says
        nothing about them.
    within
        ``regulator``: for each regulator as many as it has reference edges.

    Returns
    -------
    numpy.ndarray
        (pairs,) bool.
    """
    tie = np.random.default_rng(derive_seed(seed, "ties")).permutation(len(pairs))
    rows = pd.DataFrame({"score": -np.asarray(scores, dtype=float), "tie": tie})
    rows["group"] = 0 if within is None else pairs[within].to_numpy()
    rows["label"] = pairs[LABEL].to_numpy(int)
    wanted = rows.groupby("group")["label"].transform("sum")
    place = rows.sort_values(["score", "tie"]).groupby("group").cumcount()
    return (place.sort_index() < wanted).to_numpy()


def count_overlap(
    pairs: pd.DataFrame, chosen: np.ndarray, known: np.ndarray, by: str | None = None
) -> pd.DataFrame:
    """Count pairs, known edges, chosen pairs and hits, in all or for each regulator.

    Regulators without a known edge or a chosen pair are left out: nothing can be tested.
    """
    counts = pd.DataFrame(
        {"pairs": 1, "known": known.astype(int), "chosen": chosen.astype(int),
         "hits": (known & chosen).astype(int)}
    )  # fmt: skip
    if by is None:
        table = counts.sum().to_frame().T
    else:
        table = counts.groupby(pairs[by].to_numpy()).sum().rename_axis(by).reset_index()
    return table[(table["known"] > 0) & (table["chosen"] > 0)]


def best_null(labels: np.ndarray, nulls: Mapping[str, np.ndarray]) -> str:
    """Name the null with the highest AUPRC on the judged pairs, which favours it."""
    return min(sorted(nulls), key=lambda name: -auprc(labels, nulls[name]))


def judge_overlap(
    split: pd.DataFrame,
    model: np.ndarray,
    nulls: Mapping[str, np.ndarray],
    evidence: Mapping[str, pd.DataFrame],
    *,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test the model's best pairs and those of the best null for held-out edges.

    Parameters
    ----------
    split
        Columns regulator, target, label, part, each pair once: pairs of labelled regulators.
    model, nulls
        Scores of the model and null -> scores, aligned with the rows.
    evidence
        Name -> known edges (regulator, target), such as those of one database. The reference's
        own labels are always tested, under ``reference``.
    seed
        Seed of the order of ties.

    Returns
    -------
    tuple
        Two tables of pool, method (``model``, or the name of the best null), counts and tests:
        one of all pairs by evidence, q over the evidence other than the reference; one by
        regulator, with the reference's labels alone, q over regulators.
    """
    order = split.reset_index(drop=True).sort_values(PAIR).index.to_numpy()
    split = split.iloc[order].reset_index(drop=True)
    scores = {name: np.asarray(values)[order] for name, values in nulls.items()}
    scores["model"] = np.asarray(model)[order]
    overall, by_regulator = [], []
    for pool, parts in POOLS.items():
        rows = split[PART].isin(parts).to_numpy()
        pairs = split[rows].reset_index(drop=True)
        names = ["model"]
        if nulls:
            labels = pairs[LABEL].to_numpy(int)
            names.append(best_null(labels, {name: scores[name][rows] for name in nulls}))
        marks = {REFERENCE: pairs[LABEL].to_numpy() == 1} | {
            name: label_pairs(pairs, edges).astype(bool) for name, edges in evidence.items()
        }
        for method in names:
            first = {POOL: pool, METHOD: method}
            counts = _count_both(pairs, scores[method][rows], marks, seed)
            overall.append(counts[0].assign(**first))
            by_regulator.append(counts[1].assign(**first))
    overall, by_regulator = (
        hypergeometric(pd.concat(tables, ignore_index=True)) for tables in (overall, by_regulator)
    )
    overall["other"] = overall[EVIDENCE] != REFERENCE
    overall = adjust(overall, [POOL, METHOD, "other"])
    by_regulator = adjust(by_regulator, [POOL, METHOD])
    return (
        overall[[POOL, METHOD, EVIDENCE, *TESTED, Q]],
        by_regulator[[POOL, METHOD, REGULATOR, *TESTED, Q]],
    )


def _count_both(
    pairs: pd.DataFrame, scores: np.ndarray, marks: Mapping[str, np.ndarray], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count a method's hits in all pairs by evidence, and of the reference by regulator."""
    chosen = choose_best(pairs, scores, seed=seed)
    overall = [
        count_overlap(pairs, chosen, known).assign(**{EVIDENCE: name})
        for name, known in marks.items()
    ]
    chosen = choose_best(pairs, scores, seed=seed, within=REGULATOR)
    return pd.concat(overall), count_overlap(pairs, chosen, marks[REFERENCE], REGULATOR)
