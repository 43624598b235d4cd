"""Ranks of an expression-only method's pairs that differ between two conditions.

Weights of such methods have no scale, so places in the ranking are compared, by their logarithm:
from place 10 to 100 is as far as from 100 to 1,000, while among the many pairs without support
places are noise. The null deals the conditions anew and infers both networks again, so the
labellings are few where cells are dealt. Between donors one network is inferred for each sample,
and the labellings cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gtgrn.comparison.correlations import DonorDifferences, Effects
from gtgrn.comparison.design import Design, draw_labellings
from gtgrn.comparison.networks import FIRST, SECOND, judge_differences
from gtgrn.inference.consensus import log_rank
from gtgrn.names import REGULATOR, TARGET

log = logging.getLogger(__name__)

Infer = Callable[[pd.DataFrame, Sequence[str]], pd.DataFrame]
"""Cells x genes and regulators -> regulator, target, weight."""


class Ranking:
    """Networks of some cells as places: minus the decimal logarithm of each pair's rank.

    Parameters
    ----------
    values
        Cells x genes, log-normalised.
    genes, regulators
        Names, sorted; the regulators are among the genes.
    infer
        The method.
    """

    def __init__(
        self, values: np.ndarray, genes: Sequence[str], regulators: Sequence[str], infer: Infer
    ) -> None:
        self.cells, self.names, self.infer = pd.DataFrame(values, columns=genes), regulators, infer
        own = np.ones((len(regulators), len(genes)), dtype=bool)
        self.regulators = np.searchsorted(np.asarray(genes), np.asarray(regulators))
        own[np.arange(len(regulators)), self.regulators] = False
        row, column = np.nonzero(own)
        names = np.asarray(regulators, object)[row], np.asarray(genes, object)[column]
        self.own, self.pairs = own, pd.DataFrame({REGULATOR: names[0], TARGET: names[1]})

    def places(self, chosen: np.ndarray) -> np.ndarray:
        """Return (regulators, genes) for some cells; 0 for a gene with itself."""
        network = self.infer(self.cells[chosen].reset_index(drop=True), self.names)
        places = np.zeros(self.own.shape, dtype=np.float32)
        behind = 1 - log_rank(self.pairs, {"": network})
        places[self.own] = -np.log10(len(self.pairs)) * behind
        return places


class CellRanks:
    """The comparison between cells: both networks are inferred anew for each labelling.

    Parameters
    ----------
    ranking
        Of the design's cells in its order.
    design
        From :func:`gtgrn.comparison.design.make_design`, without donors.
    """

    def __init__(self, ranking: Ranking, design: Design) -> None:
        self.ranking, self.design, self.regulators = ranking, design, ranking.regulators
        self.first, self.second = self._infer(design.labels)
        self.found: dict[bytes, np.ndarray] = {}

    def _infer(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.ranking.places(labels), self.ranking.places(~labels)

    def calibrate(self, labellings: np.ndarray) -> np.ndarray:
        """Infer the networks of all labellings and take each pair's mean and spread from them.

        The observed labelling is one of them, so that none is preferred. The larger condition
        has the better network, hence the mean. A few labellings say little about the spread of
        one pair: all are judged by one, the median.
        """
        self.found[self.design.labels.tobytes()] = self.first - self.second
        for number, labels in enumerate(labellings, start=1):
            one, two = self._infer(labels)
            self.found[labels.tobytes()] = one - two
            log.info("labelling %d of %d", number, len(labellings))
        every = np.array(list(self.found.values()))
        self.mean, self.spread = every.mean(axis=0), every.std(axis=0, ddof=1)
        self.freedom = len(every) - 1
        typical = float(np.median(self.spread[self.ranking.own]))
        self.scale = typical if typical > 0 else 1.0
        return labellings

    def statistics(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences, less their mean, and their size by the median spread."""
        found = self.found[labels.tobytes()] - self.mean
        # Edges and regulators are judged by the same differences.
        shape = (2, *found.shape)
        return np.broadcast_to(found, shape), np.broadcast_to(np.abs(found) / self.scale, shape)

    def effects(self) -> Effects:
        """Return the effects; their errors are the spreads over the labellings."""
        squares = np.array([((own - self.mean) ** 2).mean(axis=1) for own in self.found.values()])
        found = self.statistics(self.design.labels)[0][0]
        freedom = np.full(found.shape, float(self.freedom))
        return Effects(
            self.first, self.second, found, self.spread, freedom,
            (found**2).mean(axis=1), squares.std(axis=0, ddof=1),
        )  # fmt: skip


def compare_ranks(
    values: np.ndarray,
    genes: Sequence[str],
    regulators: Sequence[str],
    design: Design,
    infer: Infer,
    *,
    labellings: int,
    permutations: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Compare the ranks that a method gives to pairs of regulator and gene.

    Parameters
    ----------
    values, genes, regulators, design
        As for :func:`gtgrn.comparison.networks.compare_networks`.
    infer
        The method; it gets cells x genes and the regulators.
    labellings, permutations
        Null labellings where cells are dealt, each of two networks, and between donors.
    seed
        Of their draws.

    Returns
    -------
    tuple
        Edges, regulators and summary as of
        :func:`gtgrn.comparison.networks.compare_networks`; first and second are ranks (1 the
        best pair; between donors their geometric mean), difference the decimal logarithm of the
        second by the first, less its mean over the labellings where cells are dealt.
    """
    ranking = Ranking(values, genes, regulators, infer)
    if design.donors:
        samples = range(len(design.labels))
        places = [ranking.places(design.sample == sample) for sample in samples]
        pair = np.repeat(np.array(places)[:, None], 2, axis=1)
        engine: CellRanks | DonorDifferences = DonorDifferences(pair, ranking.regulators, design)
    else:
        engine, permutations = CellRanks(ranking, design), labellings
    drawn = draw_labellings(design, permutations, seed=seed)
    edges, table, summary = judge_differences(engine, genes, regulators, drawn)
    edges[[FIRST, SECOND]] = 10 ** -edges[[FIRST, SECOND]]
    return edges, table, summary
