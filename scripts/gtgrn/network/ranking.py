"""The final network: ranked, calibrated where a model could be trained, with its support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pandas as pd

from gtgrn.evaluation.calibration import Calibrator
from gtgrn.evaluation.metrics import reliability_curve
from gtgrn.inference.consensus import log_rank, supporting_methods
from gtgrn.names import (
    KNOWN,
    LABEL,
    METHODS,
    PAIR,
    PART,
    PROBABILITY,
    RANK,
    REGULATOR,
    SCORE,
    TARGET,
    TEST,
    TRAIN,
    UNLABELLED,
    VAL,
)
from gtgrn.network.evidence import count_methods
from gtgrn.splits.universe import label_pairs

if TYPE_CHECKING:
    from anndata import AnnData

CONSENSUS = "consensus"
CONTEXT_COLUMNS = [
    *["specific_score", "bound_elsewhere", "rank_in_regulator", "rank_in_target", "rests_on"],
]
EXPRESSION_SUPPORT = "expression_support"
"""Column of the number of expression-only methods that support a pair: what these cells say."""

BINDING_ELSEWHERE = (
    "Binding seen in other cells, never regulation shown here: no known edge of these cells was "
    "given, so the ranking rests on what other cells' ChIP-seq, motifs and the literature say "
    "(rests_on names it for each pair), not on these cells' expression, which the columns "
    "consensus, methods and expression_support hold beside it. It is no probability, and binding "
    "is no response. It compares the targets of one regulator (rank_in_regulator); how many "
    "targets a regulator has is not known. specific_score leaves out that some genes are bound by "
    "most regulators. Pairs of regulators that no source names follow, in the order of the "
    "expression-only consensus."
)
UNSUPERVISED = (
    "No reference network was given, so no supervised model could be trained: the score is the "
    "consensus (weighted log rank) of the expression-only methods, not a probability."
)
UNAVAILABLE = (
    "The sources {} could not be fetched: run 'snakemake sources' where there is a Python index."
)
UNNAMED = "No source at hand names a regulator of these genes."
UNORDERED = "Every pair is tied with another: ranks within a tie follow the names of the genes."
SUPERVISED = (
    "The probability is the mean over seeds of GT-GRN's score, calibrated on each seed's "
    "validation part. It is optimistic for pairs that were trained on (trained_seeds > 0). "
    "A regulator without a known edge was neither trained nor calibrated: its pairs have no "
    "probability and follow the others, in the order of the expression-only consensus."
)


def supervised_network(
    runs: Mapping[int, pd.DataFrame],
    networks: Mapping[str, pd.DataFrame],
    reference: pd.DataFrame,
    *,
    support_fraction: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank all pairs by the mean calibrated probability over seeds.

    A model's scores for a regulator without any known edge rest on nothing that was trained,
    calibrated or tested, and can be arbitrarily high; such pairs get no probability and no
    score, and are ranked after the others by the consensus of the expression-only methods.

    Parameters
    ----------
    runs
        Seed -> regulator, target, part, label, score: every pair of the universe.
    networks
        Expression-only networks, by method.
    reference
        Known edges.
    support_fraction
        See :func:`gtgrn.inference.consensus.supporting_methods`.

    Returns
    -------
    tuple
        The network (rank, regulator, target, probability, score, consensus, known,
        trained_seeds, methods), best first, and the reliability curves on the test parts
        (columns of :func:`gtgrn.evaluation.metrics.reliability_curve` and seed).
    """
    first = next(iter(runs.values())).sort_values(PAIR, ignore_index=True)
    pairs, unlabelled = first[PAIR], first[PART] == UNLABELLED
    total = {column: np.zeros(len(pairs)) for column in (PROBABILITY, SCORE, "trained_seeds")}
    curves = []
    for seed, run in runs.items():
        run = run.sort_values(PAIR, ignore_index=True)
        if not run[PAIR].equals(pairs):
            raise ValueError("the runs score different pairs")
        val, test = run[run[PART] == VAL], run[PART] == TEST
        calibrator = Calibrator().fit(val[SCORE], val[LABEL].astype(int))
        probability = calibrator.transform(run[SCORE])
        curves.append(
            reliability_curve(run.loc[test, LABEL].astype(int), probability[test]).assign(
                seed=seed
            )
        )
        total[PROBABILITY] += probability / len(runs)
        total[SCORE] += run[SCORE].to_numpy() / len(runs)
        total["trained_seeds"] += (run[PART] == TRAIN).to_numpy()
    table = pairs.assign(**total).astype({"trained_seeds": int})
    table.loc[unlabelled, [PROBABILITY, SCORE]] = np.nan
    table[CONSENSUS] = log_rank(pairs, networks) if networks else 0.0
    table = _annotate(table, networks, reference, support_fraction)
    # The raw score breaks ties that calibration made.
    ranked = _ranked(table, [PROBABILITY, SCORE, CONSENSUS])
    columns = [RANK, *PAIR, PROBABILITY, SCORE, CONSENSUS, KNOWN, "trained_seeds", METHODS]
    return ranked[columns], pd.concat(curves, ignore_index=True)


def consensus_network(
    consensus: pd.DataFrame, networks: Mapping[str, pd.DataFrame], *, support_fraction: float
) -> pd.DataFrame:
    """Rank all pairs by the consensus of the expression-only methods.

    Parameters
    ----------
    consensus
        Columns regulator, target, weight: Borda scores of the universe.
    networks, support_fraction
        See :func:`supervised_network`.

    Returns
    -------
    pandas.DataFrame
        rank, regulator, target, score, methods; best first.
    """
    table = consensus.sort_values(PAIR, ignore_index=True).set_axis([*PAIR, SCORE], axis=1)
    table = _annotate(table, networks, None, support_fraction)
    return _ranked(table, [SCORE])[[RANK, *PAIR, SCORE, METHODS]]


def context_network(
    ranking: pd.DataFrame,
    consensus: pd.DataFrame,
    networks: Mapping[str, pd.DataFrame],
    *,
    support_fraction: float,
) -> pd.DataFrame:
    """Rank all pairs by what other contexts say, those that they do not name by the consensus.

    Parameters
    ----------
    ranking
        Columns regulator, target, score and :data:`CONTEXT_COLUMNS`: the pairs of regulators
        that some source names.
    consensus, networks, support_fraction
        See :func:`consensus_network`.

    Returns
    -------
    pandas.DataFrame
        rank, regulator, target, score, specific_score, bound_elsewhere, rank_in_regulator,
        rank_in_target, rests_on, consensus, expression_support, methods; best first.
    """
    table = consensus.sort_values(PAIR, ignore_index=True).set_axis([*PAIR, CONSENSUS], axis=1)
    table = table.merge(ranking[[*PAIR, SCORE, *CONTEXT_COLUMNS]], on=PAIR, how="left")
    table["rests_on"] = table["rests_on"].fillna("expression only")
    table = _annotate(table, networks, None, support_fraction)
    table[EXPRESSION_SUPPORT] = count_methods(table)
    ranked = _ranked(table, [SCORE, CONSENSUS])
    return ranked[[RANK, *PAIR, SCORE, *CONTEXT_COLUMNS, CONSENSUS, EXPRESSION_SUPPORT, METHODS]]


def _annotate(table, networks, reference, support_fraction):
    table[METHODS] = supporting_methods(table, networks, support_fraction)
    if reference is not None:
        table[KNOWN] = label_pairs(table, reference)
    return table


def _ranked(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rank by some columns, descending, missing values last; names break what ties are left."""
    ascending = [False] * len(by) + [True, True]
    table = table.sort_values([*by, *PAIR], ascending=ascending, ignore_index=True)
    return table.assign(**{RANK: np.arange(1, len(table) + 1)})


def to_graph(network: pd.DataFrame, regulators: Sequence[str], edges: int) -> nx.DiGraph:
    """Return the highest ranked edges as a directed graph for Cytoscape or networkx.

    Parameters
    ----------
    network
        From :func:`supervised_network` or :func:`consensus_network`.
    regulators
        Names of the regulators, marked on the nodes.
    edges
        Number of edges to keep; genes without one are left out.
    """
    graph = nx.DiGraph()
    known = set(regulators)
    top = network.head(edges)
    for gene in sorted({*top[REGULATOR], *top[TARGET]}):
        graph.add_node(gene, is_regulator=gene in known)
    for row in top.to_dict("records"):
        source, target = row.pop(REGULATOR), row.pop(TARGET)
        # GraphML readers take a missing value for the text "nan".
        graph.add_edge(source, target, **{key: x for key, x in row.items() if not pd.isna(x)})
    return graph


def summarise(
    network: pd.DataFrame,
    adata: AnnData,
    regulators: Sequence[str],
    *,
    supervised: bool,
    context: Mapping | None = None,
    said: Sequence[str] = (),
) -> dict:
    """Return the numbers that belong beside the network, JSON-able.

    Parameters
    ----------
    network
        The ranked network.
    adata
        The preprocessed expression (cells x genes).
    regulators
        Names of the regulators.
    supervised
        Whether a model could be trained.
    context
        What the ranking of other contexts rests on, where it is theirs.
    said
        Sentences that stand beside the statement: on sources that could not be had, and on
        methods that do not tell pairs apart.

    Returns
    -------
    dict
        cells, genes, regulators, pairs, known, density, tied (pairs that share their score with
        another, so that names order them), supervised and a statement of what the ranking is.
    """
    known = int(network[KNOWN].sum()) if supervised else 0
    unlabelled = UNSUPERVISED if context is None else BINDING_ELSEWHERE
    values = [name for name in (PROBABILITY, SCORE, CONSENSUS) if name in network]
    tied = int(network.duplicated(values, keep=False).sum())
    statement = [SUPERVISED if supervised else unlabelled, *said]
    if tied == len(network) > 1:
        statement.append(UNORDERED)
    return {
        "cells": int(adata.n_obs),
        "genes": int(adata.n_vars),
        "regulators": len(regulators),
        "pairs": len(network),
        "known": known,
        "density": known / len(network),
        "tied": tied,
        "supervised": supervised,
        "statement": " ".join(statement),
        **({} if context is None else {"context": dict(context)}),
    }
