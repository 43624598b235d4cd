"""Regulons whose activity differs between two conditions, on pseudobulk.

Activity is decoupler's univariate linear model (:mod:`gtgrn.network.activity`) of the summed
counts of a sample, normalised and logged as a cell is: of a donor's cells of a condition where
there are donors, else of all cells of a condition. Cells never count as replicates of activity;
without donors the null is that of cells dealt anew, and says whether the cells differ, not
whether another donor's would.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from gtgrn.comparison.claims import count_bins, judge
from gtgrn.comparison.correlations import FOLDS, LEVEL, jackknife, moments, welch
from gtgrn.comparison.design import Design, draw_labellings
from gtgrn.comparison.networks import (
    DIFFERENCE,
    FDR,
    FIRST,
    HIGH,
    LOW,
    RANK,
    SECOND,
    STATISTIC,
    P,
)
from gtgrn.names import REGULATOR
from gtgrn.network.activity import score_cells

TARGETS = "targets"
COLUMNS = [
    RANK, REGULATOR, TARGETS, FIRST, SECOND, DIFFERENCE, LOW, HIGH, STATISTIC, P, FDR,
]  # fmt: skip
TOTAL = 1e4


def pseudobulk(values: np.ndarray, members: np.ndarray, counts: bool) -> np.ndarray:
    """Return the profile of each sample.

    Parameters
    ----------
    values
        Cells x genes: counts, or log-normalised values where there are none.
    members
        (samples, cells) bool.
    counts
        Whether the values are counts: then they are summed, scaled to 10,000 and logged, else
        averaged.
    """
    sums = members.astype(np.float64) @ values
    if not counts:
        return sums / members.sum(axis=1, keepdims=True)
    totals = sums.sum(axis=1, keepdims=True)
    return np.log1p(TOTAL * sums / np.where(totals > 0, totals, 1.0))


def compare_regulons(
    values: np.ndarray,
    genes: list[str],
    net: pd.DataFrame,
    design: Design,
    *,
    counts: bool,
    minimum: int,
    permutations: int,
    seed: int,
) -> tuple[pd.DataFrame, float]:
    """Compare the activity of regulons.

    Parameters
    ----------
    values, counts
        As for :func:`pseudobulk`; the design's cells in its order.
    genes
        Names of the columns.
    net
        source, target, weight, as :func:`gtgrn.network.regulons.to_net` gives it.
    design
        From :func:`gtgrn.comparison.design.make_design`.
    minimum
        A regulator with fewer targets is left out.
    permutations, seed
        Null labellings, and the seed of their draws.

    Returns
    -------
    tuple
        rank, regulator, targets (their number), first, second (mean activity in either
        condition), difference, low, high, statistic, p, fdr, the largest statistic first; and
        the overall share of null labellings (:func:`gtgrn.comparison.claims.judge`).
    """
    labellings = draw_labellings(design, permutations, seed=seed)

    def score(members: np.ndarray) -> pd.DataFrame:
        profiles = pseudobulk(values, members, counts)
        names = [f"profile{number}" for number in range(len(profiles))]
        return score_cells(pd.DataFrame(profiles, names, genes), net, minimum).fillna(0.0)

    if design.donors:
        found = _between_donors(score, design, labellings)
    else:
        found = _between_cells(score, design, labellings)
    if found is None:
        return pd.DataFrame(columns=COLUMNS), 1.0
    table, observed, null = found
    p, rate, overall = judge(observed, count_bins(null))
    table = table.assign(**{STATISTIC: observed, P: p, FDR: rate})
    sizes = net.loc[net["target"].isin(genes), "source"].value_counts()
    table[TARGETS] = table[REGULATOR].map(sizes).astype(int)
    table = table.sort_values([STATISTIC, REGULATOR], ascending=[False, True], ignore_index=True)
    table[RANK] = np.arange(1, len(table) + 1)
    return table[COLUMNS], overall


def _between_donors(score, design: Design, labellings: np.ndarray):
    labels = design.labels
    activity = score(design.sample == np.arange(len(labels))[:, None])
    if activity.empty:
        return None
    values = activity.to_numpy()
    difference, error, freedom = welch(values, labels, design.paired)
    width = stats.t.ppf((1 + LEVEL) / 2, freedom) * error
    tests = [moments(values, own, design.paired) for own in (labels, *labellings)]
    # The spread that is added is that of all labellings: none of them is preferred.
    fudge = float(np.median([error for _, error in tests]))
    sizes = np.array([np.abs(d) / (e + fudge if fudge > 0 else 1.0) for d, e in tests])
    table = _tabulate(activity, values[labels], values[~labels], difference, width)
    return table, sizes[0], sizes[1:]


def _between_cells(score, design: Design, labellings: np.ndarray):
    first = np.vstack([design.first, labellings])
    activity = score(np.vstack([first, ~first]))
    if activity.empty:
        return None
    one, two = np.split(activity.to_numpy(), 2)
    differences = one - two
    scale = np.sqrt((differences**2).mean(axis=0))
    sizes = np.abs(differences) / np.where(scale > 0, scale, np.inf)
    labels = design.first
    folds = min(FOLDS, int(labels.sum()), int((~labels).sum()))
    place = np.where(labels, np.cumsum(labels), np.cumsum(~labels)) % folds
    kept = place != np.arange(folds)[:, None]
    own = score(np.vstack([kept & labels, kept & ~labels]))
    own = own.reindex(columns=activity.columns, fill_value=0.0).to_numpy()
    error = jackknife(own[:folds] - own[folds:])
    width = stats.t.ppf((1 + LEVEL) / 2, folds - 1) * error
    table = _tabulate(activity, one[:1], two[:1], differences[0], width)
    return table, sizes[0], sizes[1:]


def _tabulate(activity, one, two, difference, width) -> pd.DataFrame:
    return pd.DataFrame(
        {
            REGULATOR: list(activity.columns),
            FIRST: one.mean(axis=0),
            SECOND: two.mean(axis=0),
            DIFFERENCE: difference,
            LOW: difference - width,
            HIGH: difference + width,
        }
    )
