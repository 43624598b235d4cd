"""Features of genes from sources: how often a gene is bound elsewhere, and by whose like.

The additive effect of a gene over the regulators of all sources is what a network of other cells
says of it before anything is known of a regulator ("popularity elsewhere"). T holds it beside a
column for each source, U the principal components of all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.linalg import LinearOperator, svds

from gtgrn.context.rows import CHIP, SourceRows

SHRINKAGE = 3.0
"""Expected variance added to a gene's effect: as many labels that say nothing."""
COMPONENTS = 32
DECIMALS = 9
LEAST_LABELS = 10
"""Targets and non-targets that a row needs to join a model as a further regulator."""


def to_scores(values: np.ndarray) -> np.ndarray:
    """Return the ranks along the last axis with mean 0 and deviation 1; a flat row is zero.

    Values that differ by rounding alone are ties: else the order of a sum would rank them.
    """
    # It loads as long as many a job that imports this module runs.
    from scipy.stats import rankdata

    if not values.shape[-1]:
        return np.zeros_like(values, dtype=float)
    ranks = rankdata(np.round(values, DECIMALS), axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    spread = ranks.std(axis=-1, keepdims=True)
    return np.divide(ranks, spread, out=np.zeros_like(ranks), where=spread > 0)


@dataclass(frozen=True)
class GeneEffects:
    """The additive effect of genes over the rows of some sources, and of each regulator's own.

    Attributes
    ----------
    excess
        (genes,) sum of label - rate over the rows that know the gene.
    information
        (genes,) sum of rate (1 - rate) over them.
    """

    excess: np.ndarray
    information: np.ndarray
    sources: Sequence[SourceRows]

    @classmethod
    def of(cls, sources: Sequence[SourceRows], genes: int, kind: str | None = CHIP) -> GeneEffects:
        """Sum over the rows of the sources of a kind (None: of all)."""
        chosen = [source for source in sources if kind in (None, source.kind)]
        excess, information = np.zeros(genes), np.zeros(genes)
        for source in chosen:
            excess += np.asarray(source.edges.sum(axis=0)).ravel()
            excess -= source.known * source.rate.sum()
            information += source.known * source.variance.sum()
        return cls(excess, information, chosen)

    def effect(self) -> np.ndarray:
        """Return (genes,) the effect over all rows."""
        return self.excess / (SHRINKAGE + self.information)

    def effects_without(self, regulators: np.ndarray) -> np.ndarray:
        """Return (regulators, genes) the effect, each without the rows of that regulator."""
        excess = np.tile(self.excess, (len(regulators), 1))
        information = np.tile(self.information, (len(regulators), 1))
        for source in self.sources:
            asked, own = match_rows(regulators, source.regulators)
            excess[asked] -= source.edges[own].toarray()
            excess[asked] += np.outer(source.rate[own], source.known)
            information[asked] -= np.outer(source.variance[own], source.known)
        return excess / (SHRINKAGE + np.maximum(information, 0))


def match_rows(regulators: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the names that two lists share, in the first and in the second."""
    _, asked, own = np.intersect1d(regulators, rows, return_indices=True)
    return asked, own


def popularity(source: SourceRows) -> np.ndarray:
    """Return (genes,) the scores of genes by in-degree in one source; 0 where it is unknown."""
    degree = np.asarray(source.edges.sum(axis=0)).ravel()
    scores = np.zeros(len(degree))
    scores[source.known] = to_scores(degree[source.known])
    return scores


def gene_table(sources: Sequence[SourceRows], genes: int) -> np.ndarray:
    """Return T, (genes, sources + 1): a column for each source, then the effect over all ChIP."""
    columns = [popularity(source) for source in sources]
    effect = GeneEffects.of(sources, genes).effect()
    return np.column_stack([*columns, to_scores(effect)])


def components(sources: Sequence[SourceRows], genes: int, count: int = COMPONENTS) -> np.ndarray:
    """Return U, the principal components of the rows of all sources, every source weighed alike.

    Parameters
    ----------
    sources
        The sources; a row is (label - rate) / deviation, 0 where a gene is unknown, less its
        mean, over the square root of the number of the source's rows.
    genes
        Number of genes.
    count
        Most components.

    Returns
    -------
    numpy.ndarray
        (genes, components), scaled to the first singular value and the number of genes. The
        sign makes the sum of cubes of a component positive.
    """
    chosen = [source for source in sources if len(source.regulators)]
    if not chosen or not genes:
        return np.zeros((genes, 0))
    weights = [1 / (source.scale * np.sqrt(len(source.rate))) for source in chosen]
    edges = vstack(
        [
            source.edges.multiply(weight[:, None])
            for source, weight in zip(chosen, weights, strict=True)
        ]
    ).tocsr()
    operator = _centred(edges, chosen, weights, genes)
    most = min(count, min(operator.shape))
    if most < min(operator.shape) and min(operator.shape) > 4 * count:
        start = np.random.default_rng(0).standard_normal(min(operator.shape))
        _, values, right = svds(operator, k=most, v0=start)
    else:
        dense = operator.matmat(np.eye(genes))
        _, values, right = np.linalg.svd(dense, full_matrices=False)
    order = np.argsort(values)[::-1][:most]
    order = order[values[order] > 1e-9 * max(values.max(), 1e-300)]
    parts = right[order].T * (values[order] / max(values.max(), 1e-300)) * np.sqrt(genes)
    return parts * np.where((parts**3).sum(axis=0) < 0, -1.0, 1.0)


def _centred(
    edges: csr_matrix, sources: list[SourceRows], weights: list[np.ndarray], genes: int
) -> LinearOperator:
    """Return the rows less their rates and means, as products: they are dense, the edges not."""
    groups = np.repeat(np.arange(len(sources)), [len(source.rate) for source in sources])
    known = np.stack([source.known for source in sources]).astype(float)
    rates = np.concatenate([s.rate * w for s, w in zip(sources, weights, strict=True)])
    means = (np.asarray(edges.sum(axis=1)).ravel() - rates * known.sum(axis=1)[groups]) / genes

    def forward(block: np.ndarray) -> np.ndarray:
        block = block.reshape(genes, -1)
        expected = rates[:, None] * (known @ block)[groups]
        return edges @ block - expected - means[:, None] * block.sum(axis=0)

    def backward(block: np.ndarray) -> np.ndarray:
        block = block.reshape(len(groups), -1)
        expected = np.zeros((len(sources), block.shape[1]))
        np.add.at(expected, groups, rates[:, None] * block)
        return edges.T @ block - known.T @ expected - (means @ block)[None]

    return LinearOperator(
        edges.shape, matvec=forward, rmatvec=backward, matmat=forward, rmatmat=backward,
        dtype=float,
    )  # fmt: skip


def stack_rows(sources: Sequence[SourceRows]) -> tuple[list[str], np.ndarray]:
    """Return rows of ChIP-seq elsewhere that may join a model as further regulators.

    Returns
    -------
    names : list of str
        ``source:regulator`` of each row.
    labels : numpy.ndarray
        (rows, genes), NaN where a gene is unknown; rows with fewer than
        :data:`LEAST_LABELS` targets or non-targets are left out.
    """
    names, labels = [], []
    for source in sources:
        targets = np.asarray(source.edges.sum(axis=1)).ravel()
        enough = np.minimum(targets, source.known.sum() - targets) >= LEAST_LABELS
        if source.kind == CHIP and enough.any():
            kept = source.keep(enough)
            names += [f"{source.name}:{regulator}" for regulator in kept.regulators]
            labels.append(kept.dense())
    genes = len(sources[0].known) if sources else 0
    return names, np.concatenate(labels) if labels else np.zeros((0, genes))
