"""A source's rows on the genes of a data set: which genes each of its regulators has as targets.

A source is a table of pairs (regulator, target) from elsewhere: ChIP-seq in other cells, motifs
in promoters, curated literature. All that is made of sources here rests on
:class:`SourceRows`, sparse because most sources name few of all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from gtgrn.names import REGULATOR, TARGET

CHIP, MOTIF, CURATED, ASSOCIATION = "chip", "motif", "curated", "association"
PERTURBATION = "perturbation"
KINDS = [CHIP, MOTIF, CURATED, ASSOCIATION]
"""Kinds that speak of binding. A perturbation is another truth (what changes, not what is
bound), and is never mixed with them."""
LEAST_VARIANCE = 0.03
"""Least standard deviation by which a row is divided, that of a rate of one in a thousand."""


@dataclass(frozen=True)
class SourceRows:
    """A source on a list of genes.

    Attributes
    ----------
    name
        Of the source.
    kind
        One of :data:`KINDS` or perturbation.
    organism, cell_type
        Where it was measured; no cell type where there is none, as for motifs.
    regulators
        (rows,) names, spelt as the genes are.
    edges
        (rows, genes) sparse, 1 where the gene is a target.
    rate
        (rows,) share of targets among all genes of the whole source.
    known
        (genes,) bool, whether a gene that is no target is a non-target; unknown otherwise.
    """

    name: str
    kind: str
    organism: str
    cell_type: str | None
    regulators: np.ndarray
    edges: csr_matrix
    rate: np.ndarray
    known: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """(rows,) variance of a row's labels, rate * (1 - rate)."""
        return self.rate * (1 - self.rate)

    @property
    def scale(self) -> np.ndarray:
        """(rows,) standard deviation of a row's labels, bounded from below."""
        return np.maximum(np.sqrt(self.variance), LEAST_VARIANCE)

    def keep(self, rows: np.ndarray) -> SourceRows:
        """Return the source with some of its rows, given as booleans or indices."""
        return replace(
            self, regulators=self.regulators[rows], edges=self.edges[rows], rate=self.rate[rows]
        )

    def dense(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return rows as (rows, genes) float, NaN where a gene is unknown to the source."""
        return np.where(self.known, self.edges[rows].toarray(), np.nan)


def place_source(
    table: pd.DataFrame,
    genes: Sequence[str],
    *,
    name: str,
    kind: str,
    organism: str = "human",
    cell_type: str | None = None,
    whole: bool = True,
    measured: Sequence[str] | None = None,
) -> SourceRows:
    """Return a source's rows on a list of genes.

    Parameters
    ----------
    table
        Columns regulator and target, spelt as the genes are; further columns do not matter.
        Self-loops and repeats do not count.
    genes
        Names of the data set's genes, each once.
    name, kind, organism, cell_type
        See :class:`SourceRows`.
    whole
        Whether a gene that the table does not name is a non-target (a genome-wide table), or
        unknown (a reference cut to some genes).
    measured
        All genes of the table, where those without an edge are known too.
    """
    row, regulators = pd.factorize(table[REGULATOR], sort=True)
    column, targets = pd.factorize(table[TARGET])
    other = table[REGULATOR].to_numpy() != table[TARGET].to_numpy()
    row, column = row[other], column[other]
    row, column = np.divmod(np.unique(row * len(targets) + column), max(len(targets), 1))
    present = np.unique(row)
    regulators, row = np.asarray(regulators)[present].astype(str), np.searchsorted(present, row)
    named = set(targets[np.unique(column)]) | set(() if measured is None else measured)
    place = pd.Index(genes).get_indexer(pd.Index(targets))[column]
    here = place >= 0
    edges = csr_matrix(
        (np.ones(here.sum(), np.float32), (row[here], place[here])),
        shape=(len(regulators), len(genes)),
    )
    rate = np.bincount(row, minlength=len(regulators)) / max(len(named), 1)
    known = np.ones(len(genes), bool) if whole else pd.Index(genes).isin(list(named))
    return SourceRows(name, kind, organism, cell_type, regulators, edges, rate, np.asarray(known))


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Return phi, the correlation of two rows of labels, over the genes that both know.

    Parameters
    ----------
    first, second
        (genes,) 0 or 1, NaN where unknown.

    Returns
    -------
    float
        0 where fewer than three genes are known to both or a row does not vary on them.
    """
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 3 or first[both].std() == 0 or second[both].std() == 0:
        return 0.0
    return float(np.corrcoef(first[both], second[both])[0, 1])
