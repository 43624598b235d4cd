"""The network of a data set without known edges, by other contexts, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from gtgrn.context.rows import ASSOCIATION, CHIP, CURATED, KINDS, MOTIF, SourceRows
from gtgrn.context.tables import match_rows
from gtgrn.context.transfer import FEATURES, SMOOTHED, TransferModel
from gtgrn.names import REGULATOR, SCORE, TARGET

RESTS_ON = "rests_on"
SPECIFIC = "specific_score"
BOUND = "bound_elsewhere"
IN_REGULATOR, IN_TARGET = "rank_in_regulator", "rank_in_target"
SUPPORT: dict[str, list[str]] = {
    "same regulator elsewhere": [
        f"same regulator {CHIP}", f"same regulator {ASSOCIATION}", SMOOTHED,
    ],
    "motif": [f"same regulator {MOTIF}"],
    "literature": [f"same regulator {CURATED}"],
    "popularity": [f"popularity {kind}" for kind in KINDS],
}  # fmt: skip
"""What a rank can rest on, and the features behind it; the last is no property of the pair."""
POPULARITY = "popularity"


def rank_pairs(
    model: TransferModel,
    sources: Sequence[SourceRows],
    regulators: Sequence[str],
    genes: Sequence[str],
) -> pd.DataFrame:
    """Return all pairs of the regulators that some source names, ranked by other contexts.

    Parameters
    ----------
    model
        From :func:`gtgrn.context.transfer.fit_transfer`.
    sources
        The sources, on the genes.
    regulators, genes
        Names of the data set.

    Returns
    -------
    pandas.DataFrame
        regulator, target, score, specific_score (the score without the gene's popularity),
        bound_elsewhere (sources of ChIP-seq in which the regulator has the target),
        rank_in_regulator and rank_in_target (1 is best; ties share a mean rank) and rests_on
        (what raises the score, see :data:`SUPPORT`); best first.
    """
    named = sorted({str(name) for source in sources for name in source.regulators})
    chosen = np.array(sorted(set(regulators) & set(named)), dtype=str)
    groups = np.array([[f in columns for f in FEATURES] for columns in SUPPORT.values()])
    count = len(genes)
    score, specific = np.zeros((len(chosen), count)), np.zeros((len(chosen), count))
    support = np.zeros((len(chosen), count), dtype=np.int8)
    for rows, own, features in model.score(sources, chosen.tolist(), count):
        parts = np.einsum("rgf,kf->krg", features * model.weights, groups.astype(float))
        score[rows], specific[rows] = own, own - parts[list(SUPPORT).index(POPULARITY)]
        support[rows] = (np.round(parts, 9) > 0).T.swapaxes(0, 1) @ (1 << np.arange(len(SUPPORT)))
    ranks = rankdata(-np.round(score, 9), axis=1), rankdata(-np.round(score, 9), axis=0)
    names = np.asarray(genes, dtype=object)
    table = pd.DataFrame(
        {
            REGULATOR: np.repeat(chosen.astype(object), count),
            TARGET: np.tile(names, len(chosen)),
            SCORE: score.ravel(),
            SPECIFIC: specific.ravel(),
            BOUND: count_sources(sources, chosen, count).ravel(),
            IN_REGULATOR: ranks[0].ravel(),
            IN_TARGET: ranks[1].ravel(),
            RESTS_ON: _texts()[support.ravel()],
        }
    )
    table = table[table[REGULATOR] != table[TARGET]]
    return table.sort_values(
        [SCORE, REGULATOR, TARGET], ascending=[False, True, True], ignore_index=True
    )


def count_sources(sources: Sequence[SourceRows], regulators: np.ndarray, genes: int) -> np.ndarray:
    """Return (regulators, genes) the number of ChIP sources in which a pair is an edge."""
    counts = np.zeros((len(regulators), genes), dtype=int)
    for source in sources:
        if source.kind == CHIP:
            asked, own = match_rows(regulators, source.regulators)
            counts[asked] += source.edges[own].toarray().astype(int)
    return counts


def _texts() -> np.ndarray:
    """Return the names of what a rank rests on, by the sum of their bits."""
    names = list(SUPPORT)
    return np.array(
        [
            ",".join(name for bit, name in enumerate(names) if number >> bit & 1)
            for number in range(1 << len(names))
        ],
        dtype=object,
    )


def describe_missing(sources: Sequence[str], dataset: str) -> str:
    """Return the line that says which sources could not be had, and what to do about it."""
    return (
        f"{dataset}: {' and '.join(sources)} could not be fetched, so other contexts say less or "
        "nothing of these cells; run 'snakemake sources' where there is a Python index, then "
        "again, or set context: {sources: []}"
    )


def describe_ranking(
    table: pd.DataFrame,
    model: TransferModel,
    sources: Sequence[SourceRows],
    licences: Mapping[str, str],
) -> dict:
    """Return what a ranking rests on, JSON-able.

    Parameters
    ----------
    table
        From :func:`rank_pairs`.
    model
        The model behind it.
    sources
        The sources that were used.
    licences
        Source card -> licence.
    """
    listed = [
        {
            "source": source.name,
            "kind": source.kind,
            "organism": source.organism,
            "cell_type": source.cell_type or "",
            "regulators": len(source.regulators),
            "edges": int(source.edges.nnz),
        }
        for source in sources
    ]
    shares = table[RESTS_ON].str.get_dummies(",").mean() if len(table) else pd.Series(dtype=float)
    first = table.loc[table.groupby(TARGET)[SCORE].idxmax(), REGULATOR] if len(table) else table
    return {
        "sources": listed,
        "licences": dict(licences),
        "weights": dict(zip(FEATURES, model.weights.round(6).tolist(), strict=True)),
        "learnt_from": {"contexts": model.contexts, "rows": model.rows},
        "ranked_regulators": int(table[REGULATOR].nunique()),
        "rests_on": {name: round(float(shares.get(name, 0.0)), 6) for name in SUPPORT},
        "first_regulator": {
            str(name): round(float(share), 6)
            for name, share in first.value_counts(normalize=True).head(3).items()
        } if len(table) else {},
    }  # fmt: skip
