"""Stability: how far networks of other seeds, cells or methods agree.

A network is the vector of its weights over one list of pairs; a pair that it lacks has weight 0,
the least.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gtgrn.evaluation.ranking import top_k
from gtgrn.seeds import derive_seed


def halves(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide cells into two random halves, as two ascending arrays of rows.

    Parameters
    ----------
    n
        Number of cells; of an odd number the second half has one more.
    seed
        Seed of the division.
    """
    order = np.random.default_rng(derive_seed(seed, "halves")).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def draw_genes(
    genes: Sequence[str], regulators: Collection[str], most: int | None, *, seed: int
) -> list[str]:
    """Return the genes among which stability is measured, in their order.

    The time of most methods grows with the square of the number of genes or faster.

    Parameters
    ----------
    genes, regulators
        Names of all genes, and of the regulators among them.
    most
        Largest number of genes; None for all.
    seed
        Seed of the draw.

    Returns
    -------
    list of str
        All genes where they are few enough; else so many, regulators and others each in their
        share, at least two of either where there are.
    """
    if most is None or len(genes) <= most:
        return list(genes)
    known = set(regulators)
    parts = [[g for g in genes if g in known], [g for g in genes if g not in known]]
    share = round(most * len(parts[0]) / len(genes))
    least = min(2, len(parts[0]))
    first = min(max(share, least), most - min(2, len(parts[1])))
    rng = np.random.default_rng(derive_seed(seed, "genes of stability"))
    drawn: set[str] = set()
    for part, number in zip(parts, (first, most - first), strict=True):
        drawn.update(rng.permutation(part)[:number].tolist())
    return [gene for gene in genes if gene in drawn]


def jaccard_at(first: np.ndarray, second: np.ndarray, k: int) -> float:
    """Return the Jaccard index of the k best pairs of two aligned vectors.

    Ties at rank k and zeros: as :func:`gtgrn.evaluation.ranking.top_k`, so a set may hold more
    or fewer than k; a k beyond the number of pairs means all. Breaking ties by name would make two
    networks of nothing but ties agree. NaN if all pairs of one are tied, at 0 or above: it has no
    best ones that another could share.

    Parameters
    ----------
    first, second
        (pairs,) weights of the same pairs.
    k
        Number of edges, at least 1.
    """
    if not len(first):
        return float("nan")
    if any(vector.min() == vector.max() for vector in (first, second)):
        return float("nan")
    one, two = (top_k(vector, min(k, len(vector))) for vector in (first, second))
    union = (one | two).sum()
    return float((one & two).sum() / union) if union else float("nan")


def agreement(weights: Mapping[str, ArrayLike], k: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return Jaccard@k and Spearman between all pairs of networks.

    Parameters
    ----------
    weights
        Name -> (pairs,) weights or scores, all of the same pairs in the same order.
    k
        Number of edges of the Jaccard index; BEELINE takes that of the reference.

    Returns
    -------
    tuple
        Two square tables, symmetric, names as rows and columns; one on the diagonal. Zeros that
        two networks share raise their Spearman.

    Raises
    ------
    ValueError
        If the vectors differ in length or a weight is NaN or infinite.
    """
    vectors = {name: np.asarray(values, dtype=float) for name, values in weights.items()}
    if len({vector.shape for vector in vectors.values()}) > 1:
        raise ValueError("the vectors must score the same pairs")
    for name, vector in vectors.items():
        if not np.isfinite(vector).all():
            raise ValueError(f"{name}: a weight is NaN or infinite")
    ranks = {name: _centred_ranks(vector) for name, vector in vectors.items()}
    jaccard = pd.DataFrame(1.0, index=list(vectors), columns=list(vectors))
    rank_correlation = jaccard.copy()
    for one, two in combinations(vectors, 2):
        jaccard.loc[one, two] = jaccard.loc[two, one] = jaccard_at(vectors[one], vectors[two], k)
        value = _correlation(ranks[one], ranks[two])
        rank_correlation.loc[one, two] = rank_correlation.loc[two, one] = value
    return jaccard, rank_correlation


def _centred_ranks(vector: np.ndarray) -> np.ndarray:
    """Return ranks less their mean; ties share their mean rank."""
    # It loads as long as many a job that imports this module runs.
    from scipy.stats import rankdata

    ranks = rankdata(vector)
    return ranks - (len(ranks) + 1) / 2


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of centred values, NaN where one is constant or there are none."""
    norm = (first @ first) * (second @ second)
    return float(first @ second / norm**0.5) if norm else float("nan")
