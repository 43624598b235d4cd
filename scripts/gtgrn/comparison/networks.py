"""Edges and regulators that differ between two conditions, with what was found by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import stats

from gtgrn.comparison.claims import BINS, count_bins, judge, standardise, to_bins
from gtgrn.comparison.correlations import (
    LEVEL,
    CellCorrelations,
    DonorCorrelations,
    Effects,
)
from gtgrn.comparison.design import Design, draw_labellings
from gtgrn.names import REGULATOR, TARGET

FIRST, SECOND = "first", "second"
DIFFERENCE, LOW, HIGH = "difference", "low", "high"
STATISTIC, P, FDR = "statistic", "p", "fdr"
REWIRING, RANK = "rewiring", "rank"
EDGES = [REGULATOR, TARGET, FIRST, SECOND, DIFFERENCE, LOW, HIGH, STATISTIC, P, FDR]
REGULATORS = [RANK, REGULATOR, REWIRING, LOW, HIGH, STATISTIC, P, FDR, "edges"]
CLAIMED = 0.05
LARGEST_SQUARE = 100.0


class Engine(Protocol):
    """What finds the differences between the two conditions for a labelling of the replicates.

    Arrays are (2, regulators, genes): what edges and what regulators are judged by.
    """

    regulators: np.ndarray
    design: Design

    def calibrate(self, labellings: np.ndarray) -> np.ndarray:
        """Take from null labellings what the statistics need; return those left as the null."""

    def statistics(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences for a labelling and their statistics, large for a difference."""

    def effects(self) -> Effects:
        """Return the effects for the observed labels."""


@dataclass(frozen=True)
class _Null:
    """What is kept of the null labellings.

    Counts of the edges' statistics by bin and the strength of each regulator, both by labelling,
    and the regulators' mean squared difference over all labellings.
    """

    counts: np.ndarray
    strength: np.ndarray
    chance: np.ndarray


def compare_networks(
    values: np.ndarray,
    genes: Sequence[str],
    regulators: Sequence[str],
    design: Design,
    *,
    permutations: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Compare correlations between two conditions.

    Parameters
    ----------
    values
        Cells x genes, log-normalised, the design's cells in its order.
    genes, regulators
        Names; the regulators are among the genes.
    design
        From :func:`gtgrn.comparison.design.make_design`.
    permutations, seed
        Null labellings, and the seed of their draws.

    Returns
    -------
    tuple
        Edges (regulator, target, first and second: correlation in either condition, difference
        of Fisher's z with low and high, statistic, p, fdr), the largest statistic first; the
        regulators (rank, regulator, rewiring: mean squared difference of the partial
        correlations' Fisher z, less its mean over the null labellings, low, high, statistic, p,
        fdr, edges: number of its edges with a rate of at most .05); and a dictionary with
        labellings, edges_overall and regulators_overall (see
        :func:`gtgrn.comparison.claims.judge`).
    """
    positions = np.searchsorted(np.asarray(genes), np.asarray(regulators))
    made = DonorCorrelations if design.donors else CellCorrelations
    labellings = draw_labellings(design, permutations, seed=seed)
    return judge_differences(made(values, positions, design), genes, regulators, labellings)


def judge_differences(
    engine: Engine, genes: Sequence[str], regulators: Sequence[str], labellings: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Judge the differences of an engine against those of null labellings.

    Parameters
    ----------
    engine
        What finds the differences for a labelling.
    genes, regulators
        Names; the regulators are among the genes.
    labellings
        From :func:`gtgrn.comparison.design.draw_labellings`.

    Returns
    -------
    tuple
        As of :func:`compare_networks`.
    """
    left, positions = engine.calibrate(labellings), engine.regulators
    observed = engine.statistics(engine.design.labels)[1]
    null = _collect_null(engine, left)
    own = np.ones(observed[0].shape, dtype=bool)
    own[np.arange(len(positions)), positions] = False
    effects = engine.effects()
    p, rate, overall = judge(observed[0][own], null.counts, same=len(positions))
    edges = _table_edges(effects, observed[0], own, genes, regulators).assign(**{P: p, FDR: rate})
    claimed = edges.loc[edges[FDR] <= CLAIMED, REGULATOR].value_counts()
    rated, others = standardise(regulator_strength(observed[1]), null.strength)
    p, rate, overall_regulators = judge(rated, count_bins(others))
    values_of = {STATISTIC: rated, P: p, FDR: rate}
    table = _table_regulators(effects, null.chance, regulators).assign(**values_of)
    table["edges"] = table[REGULATOR].map(claimed).fillna(0).astype(int)
    summary = {"labellings": len(left) + 1, "edges_overall": overall}
    summary["regulators_overall"] = overall_regulators
    by = [STATISTIC, REWIRING, REGULATOR]
    table = table.sort_values(by, ascending=[False, False, True], ignore_index=True)
    table[RANK] = np.arange(1, len(table) + 1)
    by = [STATISTIC, REGULATOR, TARGET]
    edges = edges.sort_values(by, ascending=[False, True, True], ignore_index=True)
    return edges[EDGES], table[REGULATORS], summary


def _collect_null(engine: Engine, labellings: np.ndarray) -> _Null:
    """Run through the null labellings once, keeping counts and sums."""
    regulators = len(engine.regulators)
    null = _Null(
        np.zeros((len(labellings), BINS), dtype=np.int32),
        np.zeros((len(labellings), regulators)),
        np.zeros(regulators),
    )
    for number, labels in enumerate(labellings):
        difference, statistic = engine.statistics(labels)
        null.counts[number] = np.bincount(to_bins(statistic[0]).ravel(), minlength=BINS)
        null.strength[number] = regulator_strength(statistic[1])
        null.chance[:] += (difference[1] ** 2).mean(axis=1) / len(labellings)
    return null


def regulator_strength(statistic: np.ndarray) -> np.ndarray:
    """Return how much a regulator's edges differ, (regulators,), as a logarithm.

    The mean over genes of the squared statistics, each weighted by its share among those of all
    regulators on the same gene: a gene that loses a regulator has other partial correlations
    with its remaining ones too, for less of it is unexplained, and the plain mean credits all of
    them alike. A square counts up to `LARGEST_SQUARE`, so that one edge is no rewiring.

    Parameters
    ----------
    statistic
        (regulators, genes); 0 for a gene with itself.
    """
    squares = np.minimum(statistic**2, LARGEST_SQUARE)
    share = squares / np.maximum(squares.sum(axis=0), 1e-9)
    return np.log(np.einsum("ij,ij->i", squares, share) / statistic.shape[1] + 1e-12)


def _table_edges(
    effects: Effects,
    statistic: np.ndarray,
    own: np.ndarray,
    genes: Sequence[str],
    regulators: Sequence[str],
) -> pd.DataFrame:
    low, high = effects.interval()
    shape = own.shape
    names = {
        REGULATOR: np.broadcast_to(np.asarray(regulators, object)[:, None], shape)[own],
        TARGET: np.broadcast_to(np.asarray(genes, object), shape)[own],
    }
    columns = {
        FIRST: effects.first, SECOND: effects.second, DIFFERENCE: effects.difference,
        LOW: low, HIGH: high, STATISTIC: statistic,
    }  # fmt: skip
    return pd.DataFrame(names | {name: column[own] for name, column in columns.items()})


def _table_regulators(
    effects: Effects, chance: np.ndarray, regulators: Sequence[str]
) -> pd.DataFrame:
    width = stats.norm.ppf((1 + LEVEL) / 2) * effects.rewiring_error
    excess = effects.rewiring - chance
    columns = {REWIRING: excess, LOW: excess - width, HIGH: excess + width}
    return pd.DataFrame({REGULATOR: list(regulators), **columns})
