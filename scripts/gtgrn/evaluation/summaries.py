"""Tables over all data sets, splits and seeds of a run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gtgrn.evaluation import claims, reconstruction
from gtgrn.evaluation.uncertainty import over_seeds, rank_methods
from gtgrn.names import AUPRC, AUROC, EPR, WIN_RATE, WITHIN_TF
from gtgrn.splits.negatives import N0, N3, N3M
from gtgrn.tables import read_table

KEYS = ["dataset", "split", "part", "negatives", "method", "variant", "seed", "metric"]
COLUMNS = [*KEYS, "value", "n", "n_positive"]
GROUP = ["dataset", "split", "negatives", "method", "variant", "metric"]
RANKED = {N0: [AUROC, AUPRC, EPR, WITHIN_TF], N3M: [WIN_RATE]}
"""Choice of negatives -> metrics by which methods are ranked over data sets."""
MEASURES = {
    **{metric: (N0, metric) for metric in RANKED[N0]},
    "N3_win_rate": (N3, WIN_RATE),
    "N3m_win_rate": (N3M, WIN_RATE),
}
"""Column of the table of a benchmark -> choice of negatives and metric."""
NULL, PEER = "best null", "best peer"
RANKS = [
    *["split", "negatives", "metric", "datasets", "method", "variant", "mean_rank"],
    *["critical_difference", "friedman_p", "groups"],
]


LAYOUTS = {
    "comparisons": [*claims.COLUMNS, "dataset", "split", "seed"],
    "permutations": [*claims.PERMUTATIONS, "dataset", "split", "seed"],
    "reconstruction": [*reconstruction.COLUMNS, "seed", "dataset", "split"],
    "stability": ["method", "between", "k", "genes", "jaccard", "spearman", "dataset"],
}
"""Columns of the joined tables. They are stated, because a run may have no such table to join."""


def join_tables(paths: Sequence[str | Path], columns: Sequence[str]) -> pd.DataFrame:
    """Read and join tables of one layout.

    Parameters
    ----------
    paths
        The files; without any the table has its columns and no row, which stands for a run in
        which no data set has a reference.
    columns
        Those that must be there, and the order to give them in.
    """
    tables = [read_table(path, columns)[list(columns)] for path in paths]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns))


def summarise_seeds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return mean, standard deviation and t-interval over seeds of each value.

    Parameters
    ----------
    metrics
        Columns `COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        dataset, split, negatives, method, variant, metric, seeds, mean, sd, low, high.
    """
    return over_seeds(metrics, GROUP)


def headline_table(metrics: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return one row per method: means, spreads and the differences to the best null and peer.

    Parameters
    ----------
    metrics
        Columns `COLUMNS`.
    comparisons
        method, variant, rival, negatives, metric, difference, low, high, dataset, split, seed;
        may be empty.

    Returns
    -------
    pandas.DataFrame
        dataset, split, method, variant, seeds; for each name of `MEASURES` the mean over seeds
        and, as ``<name>_sd``, the standard deviation; for each rival
        ``<name>_minus_<rival>``, its mean, with ``_low`` and ``_high``, the ends of the widest
        interval of a seed. Sorted by data set, split and descending AUPRC.
    """
    keys = ["dataset", "split", "method", "variant"]
    columns = [metrics.groupby(keys)["seed"].nunique().rename("seeds")]
    for name, (negatives, metric) in MEASURES.items():
        rows = metrics[(metrics["negatives"] == negatives) & (metrics["metric"] == metric)]
        groups = rows.groupby(keys)["value"]
        columns += [groups.mean().rename(name), groups.std().rename(f"{name}_sd")]
        for rival in (NULL, PEER) if len(comparisons) else ():
            against = comparisons[
                (comparisons["negatives"] == negatives)
                & (comparisons["metric"] == metric)
                & (comparisons["rival"] == rival)
            ].groupby(keys)
            stem = f"{name}_minus_{rival.replace(' ', '_')}"
            columns += [
                against["difference"].mean().rename(stem),
                against["low"].min().rename(f"{stem}_low"),
                against["high"].max().rename(f"{stem}_high"),
            ]
    table = pd.concat(columns, axis=1).reset_index()
    order = ["dataset", "split", AUPRC, "method", "variant"]
    return table.sort_values(order, ascending=[True, True, False, True, True])


def rank_over_datasets(metrics: pd.DataFrame) -> pd.DataFrame:
    """Rank methods over data sets, by metric, with what mean ranks cannot tell apart.

    Simulated repetitions of one network and groups of cells (the data sets of one card) are one
    data set here: they share their edges, and would count one outcome several times. Methods
    that some data set lacks are left out; with fewer than two data sets or methods there is no
    rank.

    Parameters
    ----------
    metrics
        Columns `COLUMNS`; replicates are named ``<card>-...``, groups ``<card>/...``.

    Returns
    -------
    pandas.DataFrame
        split, negatives, metric, datasets (their number), method, variant, mean_rank (1 is
        best), critical_difference (Nemenyi, 95 %), friedman_p, groups (letters; methods that
        share one cannot be told apart).
    """
    tables = [pd.DataFrame(columns=RANKS)]
    cards = [re.split("[-/]", str(name), maxsplit=1)[0] for name in metrics["dataset"]]
    metrics = metrics.assign(card=cards)
    for (split, negatives, metric), rows in metrics.groupby(["split", "negatives", "metric"]):
        if metric not in RANKED.get(negatives, ()):
            continue
        values = rows.pivot_table("value", "card", ["method", "variant"], aggfunc="mean")
        values = values.dropna(axis=1)
        if min(values.shape) < 2:
            continue
        values.columns = values.columns.map("/".join)
        ranks = rank_methods(values)
        names = ranks.mean_ranks.index.to_series().str.split("/", n=1, expand=True)
        table = pd.DataFrame(
            {
                "method": names[0].to_numpy(),
                "variant": names[1].to_numpy(),
                "mean_rank": ranks.mean_ranks.to_numpy(),
                "groups": [_letters(name, ranks.cliques) for name in ranks.mean_ranks.index],
            }
        )
        tables.append(
            table.assign(
                split=split,
                negatives=negatives,
                metric=metric,
                datasets=len(values),
                critical_difference=ranks.critical_difference,
                friedman_p=ranks.p,
            )
        )
    return pd.concat(tables, ignore_index=True)[RANKS]


def _letters(name: str, groups: Sequence[Sequence[str]]) -> str:
    return "".join(chr(ord("a") + i) for i, group in enumerate(groups) if name in group)
