"""The final network: ranked, calibrated where a model could be trained, with its support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pandas as pd

from gtgrn.config.settings import parse_scheme
from gtgrn.evaluation.calibration import Calibrator
from gtgrn.evaluation.metrics import reliability_curve
from gtgrn.inference.consensus import log_rank, supporting_methods
from gtgrn.names import (
    EDGES,
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
    UNSEEN_REGULATORS,
    VAL,
)
from gtgrn.network.evidence import TRAINED, count_methods
from gtgrn.network.popularity import (
    SPECIFIC_RANK,
    describe_popularity,
    first_regulators,
    specific_rank,
)
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
ANY_GENE = (
    "Every gene is a candidate, transcription factor or not, so a pair says no more than that two "
    "genes vary together. In the data set file, 'organism: human' (or mouse) or "
    "'regulators: {list: shipped}' keeps transcription factors as regulators."
)
UNAVAILABLE = (
    "The sources {} could not be fetched: run 'snakemake sources' where there is a Python index."
)
UNNAMED = "No source at hand names a regulator of these genes."
UNORDERED = "Every pair is tied with another: ranks within a tie follow the names of the genes."
SUPERVISED = (
    "The probability is the mean over seeds of GT-GRN's score, calibrated on each seed's "
    "validation part. For a known edge it is optimistic where the edge was trained on "
    "(trained_seeds > 0); for a pair that the reference does not list it is too low there, "
    "because the pair was trained on as a non-edge: untrained_probability is the mean over the "
    "seeds that did not train on the pair. rank_apart ranks known and novel pairs each among "
    "themselves. "
    "A regulator without a known edge was neither trained nor calibrated: its pairs have no "
    "probability and follow the others, in the order of the expression-only consensus."
)
UNCALIBRATED = (
    "The score is the mean over seeds of GT-GRN's log-odds and no probability: this split judges "
    "regulators that were not trained on, and what calibrates on some regulators does not hold "
    "for others. untrained_score is the mean over the seeds that did not train on the pair. "
    "rank_apart ranks known and novel pairs each among themselves. A regulator without a known "
    "edge was neither trained nor judged: its pairs have no score and follow the others, in the "
    "order of the expression-only consensus."
)
RANK_APART = "rank_apart"
UNTRAINED = "untrained_"
"""Beginning of the column of the mean over the seeds that did not train on a pair."""


def supervised_network(
    runs: Mapping[int, pd.DataFrame],
    networks: Mapping[str, pd.DataFrame],
    reference: pd.DataFrame,
    *,
    support_fraction: float,
    split: str = EDGES,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank all pairs by the mean calibrated probability over seeds.

    On a split that judges unseen regulators they are ranked by the mean score, without a
    probability: the validation part has other regulators than the test part, and on real sets a
    map that was fitted to it was worse than the base rate.

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
    split
        The split of the runs.

    Returns
    -------
    tuple
        The network (rank, regulator, target, probability, score, consensus, known,
        trained_seeds, untrained_probability, rank_apart, specific_rank, methods), best first,
        and the reliability curves on the test parts (columns of
        :func:`gtgrn.evaluation.metrics.reliability_curve` and seed), none without probabilities.
    """
    calibrated = parse_scheme(split)[0] not in UNSEEN_REGULATORS
    table, curves = _mean_over_seeds(runs, PROBABILITY if calibrated else SCORE)
    table[CONSENSUS] = log_rank(table[PAIR], networks) if networks else 0.0
    table = _annotate(table, networks, reference, support_fraction)
    # The raw score breaks ties that calibration made.
    values = [name for name in (PROBABILITY, SCORE) if name in table]
    ranked = _ranked(table, [*values, CONSENSUS])
    ranked[RANK_APART] = ranked.groupby(KNOWN).cumcount() + 1
    columns = [RANK, *PAIR, *values, CONSENSUS, KNOWN, TRAINED, UNTRAINED + values[0], RANK_APART]
    reliability = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame({"seed": []})
    return ranked[[*columns, SPECIFIC_RANK, METHODS]], reliability


def _mean_over_seeds(
    runs: Mapping[int, pd.DataFrame], value: str
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return pairs with the mean over seeds, over those that did not train on them, and curves.

    Pairs of a regulator without a known edge have no value.
    """
    first = next(iter(runs.values())).sort_values(PAIR, ignore_index=True)
    values: dict[str, list[np.ndarray]] = {value: [], SCORE: []}
    left_out, curves = [], []
    for seed, run in runs.items():
        run = run.sort_values(PAIR, ignore_index=True)
        if not run[PAIR].equals(first[PAIR]):
            raise ValueError("the runs score different pairs")
        values[SCORE].append(run[SCORE].to_numpy(float))
        if value == PROBABILITY:
            probability, curve = _calibrate(run)
            values[PROBABILITY].append(probability)
            curves.append(curve.assign(seed=seed))
        left_out.append((run[PART] != TRAIN).to_numpy())
    table = first[PAIR].assign(**{name: np.mean(each, axis=0) for name, each in values.items()})
    others = np.sum(left_out, axis=0)
    table[TRAINED] = len(runs) - others
    total = np.where(left_out, values[value], 0).sum(axis=0)
    table[UNTRAINED + value] = np.where(others > 0, total / np.maximum(others, 1), np.nan)
    table.loc[first[PART] == UNLABELLED, [*values, UNTRAINED + value]] = np.nan
    return table, curves


def _calibrate(run: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the probabilities of a run by its validation part, and the curve of its test part."""
    val, test = run[run[PART] == VAL], run[PART] == TEST
    calibrator = Calibrator().fit(val[SCORE], val[LABEL].astype(int))
    probability = calibrator.transform(run[SCORE])
    labels = run.loc[test, LABEL].astype(int)
    return probability, reliability_curve(labels, probability[test])


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
        rank, regulator, target, score, specific_rank, methods; best first.
    """
    table = consensus.sort_values(PAIR, ignore_index=True).set_axis([*PAIR, SCORE], axis=1)
    table = _annotate(table, networks, None, support_fraction)
    return _ranked(table, [SCORE])[[RANK, *PAIR, SCORE, SPECIFIC_RANK, METHODS]]


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
        rank_in_target, rests_on, consensus, expression_support, specific_rank, methods; best
        first.
    """
    table = consensus.sort_values(PAIR, ignore_index=True).set_axis([*PAIR, CONSENSUS], axis=1)
    table = table.merge(ranking[[*PAIR, SCORE, *CONTEXT_COLUMNS]], on=PAIR, how="left")
    table["rests_on"] = table["rests_on"].fillna("expression only")
    table = _annotate(table, networks, None, support_fraction)
    table[EXPRESSION_SUPPORT] = count_methods(table)
    ranked = _ranked(table, [SCORE, CONSENSUS])
    columns = [RANK, *PAIR, SCORE, *CONTEXT_COLUMNS, CONSENSUS, EXPRESSION_SUPPORT]
    return ranked[[*columns, SPECIFIC_RANK, METHODS]]


def _annotate(table, networks, reference, support_fraction):
    table[METHODS] = supporting_methods(table, networks, support_fraction)
    if reference is not None:
        table[KNOWN] = label_pairs(table, reference)
    return table


def _ranked(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rank by some columns, descending, missing values last; names break what ties are left."""
    ascending = [False] * len(by) + [True, True]
    table = table.sort_values([*by, *PAIR], ascending=ascending, ignore_index=True)
    table[RANK] = np.arange(1, len(table) + 1)
    return table.assign(**{SPECIFIC_RANK: specific_rank(table)})


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
    trained: Mapping | None = None,
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
    trained
        Of a network that models ranked: their split and seeds.
    context
        What the ranking of other contexts rests on, where it is theirs.
    said
        Sentences that stand beside the statement: on sources that could not be had, and on
        methods that do not tell pairs apart.

    Returns
    -------
    dict
        cells, genes, regulators, pairs, known, density, tied (pairs that share their score with
        another, so that names order them), supervised, split and seeds where models ranked it,
        first_regulator (those that come first for most genes, with the share) and a statement of
        what the ranking is.
    """
    known = int(network[KNOWN].sum()) if trained else 0
    values = [name for name in (PROBABILITY, SCORE, CONSENSUS) if name in network]
    tied = int(network.duplicated(values, keep=False).sum())
    statement = [_state(network, trained, context)]
    if not trained and context is None and len(regulators) == adata.n_vars:
        statement.append(ANY_GENE)
    statement += said
    if tied == len(network) > 1:
        statement.append(UNORDERED)
    elif popular := describe_popularity(network):
        statement.append(popular)
    return {
        "cells": int(adata.n_obs),
        "genes": int(adata.n_vars),
        "regulators": len(regulators),
        "pairs": len(network),
        "known": known,
        "density": known / len(network),
        "tied": tied,
        "supervised": bool(trained),
        **(dict(trained) if trained else {}),
        "first_regulator": first_regulators(network),
        "statement": " ".join(statement),
        **({} if context is None else {"context": dict(context)}),
    }


def _state(network: pd.DataFrame, trained: Mapping | None, context: Mapping | None) -> str:
    """Return what a ranking is."""
    if trained:
        seeds = f"{len(trained['seeds'])} seed{'s' if len(trained['seeds']) > 1 else ''}"
        what = SUPERVISED if PROBABILITY in network else UNCALIBRATED
        return f"GT-GRN was trained on the split {trained['split']}, {seeds}. {what}"
    return UNSUPERVISED if context is None else BINDING_ELSEWHERE
