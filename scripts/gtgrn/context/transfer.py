"""Ranking the targets of regulators in cells of which no edge is known, from other contexts.

A ridge regression on what sources say of a pair: how often the gene is bound elsewhere, by kind
of source, and what the same regulator does elsewhere. Its weights are learnt by leaving one
context out: the labels are the rows of one cell type, the features come from all others. So no
label of the cells in question is needed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from gtgrn.context.leaks import drop_repeats, name_context
from gtgrn.context.rows import CHIP, KINDS, SourceRows
from gtgrn.context.tables import GeneEffects, components, match_rows, to_scores

logger = logging.getLogger(__name__)

SMOOTHED = "smoothed copy"
FEATURES = [
    *(f"popularity {kind}" for kind in KINDS),
    *(f"same regulator {kind}" for kind in KINDS),
    SMOOTHED,
]
"""What the regression sees of a pair: the gene's effect over the other regulators of each kind,
the regulator's own rows in each kind, and these rows seen through the components of all rows."""
PENALTY = 0.01
LEAST_TARGETS = 5
"""Targets and non-targets of a row from which weights are learnt."""
MOST = 4.0
"""Deviations beyond which a regulator's own row counts no more."""
BLOCK = 64
"""Regulators whose features are held at once."""


class PairFeatures:
    """Features of pairs from sources, by regulator.

    Parameters
    ----------
    sources
        The sources, on the genes.
    genes
        Number of genes.
    """

    def __init__(self, sources: Sequence[SourceRows], genes: int) -> None:
        self.sources, self.genes = sources, genes
        self.effects = [GeneEffects.of(sources, genes, kind) for kind in KINDS]
        parts = components(sources, genes)
        self.basis = np.linalg.qr(parts)[0] if parts.shape[1] else parts

    def of(self, regulators: np.ndarray) -> np.ndarray:
        """Return (regulators, genes, features) scores with mean 0 within a regulator.

        Parameters
        ----------
        regulators
            Names, spelt as the genes are. One that no source has gets popularity alone.
        """
        columns = [to_scores(effect.effects_without(regulators)) for effect in self.effects]
        copies = [self._copies(regulators, kind) for kind in KINDS]
        # The one target of a row would else outweigh all others of all regulators.
        columns += [np.clip(to_scores(copy), -MOST, MOST) for copy in copies]
        own = sum(_unit(copy) for copy in copies)
        popular = columns[0]
        size = np.maximum((popular**2).sum(axis=1, keepdims=True), 1e-9)
        rest = own - (own * popular).sum(axis=1, keepdims=True) / size * popular
        smooth = (rest @ self.basis) @ self.basis.T
        columns.append(to_scores(smooth))
        return np.stack(columns, axis=2)

    def _copies(self, regulators: np.ndarray, kind: str) -> np.ndarray:
        """Return the mean of the regulators' standardised rows over sources, 0 without any."""
        total, count = np.zeros((len(regulators), self.genes)), np.zeros(len(regulators))
        for source in self.sources:
            if source.kind != kind:
                continue
            asked, own = match_rows(regulators, source.regulators)
            excess = source.edges[own].toarray() - np.outer(source.rate[own], source.known)
            total[asked] += excess / source.scale[own, None]
            count[asked] += 1
        return total / np.maximum(count, 1)[:, None]


def _unit(values: np.ndarray) -> np.ndarray:
    """Return rows with mean 0 and deviation 1, flat rows as zeros."""
    centred = values - values.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)


@dataclass(frozen=True)
class TransferModel:
    """Weights of the features, and from which contexts and rows they were learnt."""

    weights: np.ndarray
    contexts: list[str]
    rows: int

    def score(
        self, sources: Sequence[SourceRows], regulators: Sequence[str], genes: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield scores of the pairs of some regulators at a time.

        Yields
        ------
        positions : numpy.ndarray
            Of the regulators.
        scores : numpy.ndarray
            (regulators, genes), comparable within a regulator only.
        features : numpy.ndarray
            (regulators, genes, features) of :data:`FEATURES`.
        """
        features, names = PairFeatures(sources, genes), np.asarray(regulators, dtype=str)
        for start in range(0, len(names), BLOCK):
            positions = np.arange(start, min(start + BLOCK, len(names)))
            block = features.of(names[positions])
            yield positions, block @ self.weights, block


def fit_transfer(sources: Sequence[SourceRows], genes: Sequence[str]) -> TransferModel:
    """Learn the weights by leaving one context out.

    Parameters
    ----------
    sources
        The sources that are allowed for the cells in question, on the genes.
    genes
        Names of the genes.

    Returns
    -------
    TransferModel
        Every row counts alike, and no weight is negative: a source may say nothing, but never
        the opposite. With fewer than two contexts of ChIP-seq there is nothing to learn from,
        and popularity and the copy weigh alike.
    """
    size = len(FEATURES)
    gram, moment = np.zeros((size, size)), np.zeros(size)
    contexts, rows = [], 0
    groups = sorted({name_context(s) for s in sources if s.kind == CHIP})
    for context in groups:
        labels = [s for s in sources if s.kind == CHIP and name_context(s) == context]
        others = [s for s in sources if name_context(s) != context or s.kind != CHIP]
        if not any(s.kind == CHIP for s in others):
            continue
        others, _ = drop_repeats(others, labels)
        own_gram, own_moment, count = _sums(others, labels, genes)
        if count:
            gram, moment, rows = gram + own_gram, moment + own_moment, rows + count
            contexts.append(context)
    if len(contexts) < 2:
        logger.warning("fewer than two contexts to learn from: popularity and copy weigh alike")
        weights = np.zeros(size)
        weights[[0, len(KINDS)]] = 1.0
        return TransferModel(weights, contexts, rows)
    lower = np.linalg.cholesky(gram / rows + PENALTY * np.eye(size))
    weights, _ = nnls(lower.T, np.linalg.solve(lower, moment / rows))
    return TransferModel(weights, contexts, rows)


def _sums(
    others: list[SourceRows], labels: list[SourceRows], genes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the sums of a context's normal equations over its rows, and the number of rows."""
    size, count = len(FEATURES), 0
    gram, moment = np.zeros((size, size)), np.zeros(size)
    features, position = PairFeatures(others, len(genes)), {g: i for i, g in enumerate(genes)}
    for source in labels:
        known = source.known
        targets = np.asarray(source.edges.sum(axis=1)).ravel()
        enough = np.minimum(targets, known.sum() - targets) >= LEAST_TARGETS
        chosen = np.flatnonzero(enough)
        for start in range(0, len(chosen), BLOCK):
            rows = chosen[start : start + BLOCK]
            block = features.of(source.regulators[rows])
            for name, values, label in zip(
                source.regulators[rows], block, source.edges[rows].toarray(), strict=True
            ):
                seen = known.copy()
                if name in position:
                    seen[position[name]] = False
                design = values[seen] - values[seen].mean(axis=0)
                wanted = label[seen] - label[seen].mean()
                if wanted.std() == 0:
                    continue
                gram += design.T @ design / seen.sum()
                moment += design.T @ wanted / (wanted.std() * seen.sum())
                count += 1
    return gram, moment, count
