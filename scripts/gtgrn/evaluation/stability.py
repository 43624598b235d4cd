"""Stability: how far networks of other seeds, cells or methods agree.

Networks are edge tables (regulator, target, weight >= 0) or vectors of scores of the same
pairs. A pair that a table lacks has weight 0, the least.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from gtgrn.evaluation.ranking import top_k
from gtgrn.inference.consensus import align_weights
from gtgrn.names import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.seeds import derive_seed

Network = pd.DataFrame | np.ndarray


def align(
    networks: Mapping[str, Network], pairs: pd.DataFrame | None = None
) -> dict[str, np.ndarray]:
    """Return the weights of all networks for the same pairs.

    Parameters
    ----------
    networks
        Edge tables or vectors, by name; a vector is taken as it is.
    pairs
        Columns regulator, target: the universe of the tables; by default the union of their
        pairs, as BEELINE has it. Self-loops are dropped.

    Raises
    ------
    ValueError
        If tables and vectors are mixed, a weight is negative (then a missing edge would not be
        the least), NaN or infinite, or vectors differ in length.
    """
    tables = {name: n for name, n in networks.items() if isinstance(n, pd.DataFrame)}
    if tables and len(tables) < len(networks):
        raise ValueError("give edge tables or vectors, not both")
    if tables:
        if pairs is None:
            pairs = pd.concat([table[PAIR] for table in tables.values()]).drop_duplicates()
        pairs = pairs[pairs[REGULATOR] != pairs[TARGET]]
        for name, table in tables.items():
            if not (table[WEIGHT] >= 0).all():
                raise ValueError(f"{name}: a weight is negative or NaN")
        vectors = {name: align_weights(pairs, table) for name, table in tables.items()}
    else:
        vectors = {name: np.asarray(vector, dtype=float) for name, vector in networks.items()}
    if len({vector.shape for vector in vectors.values()}) > 1:
        raise ValueError("the vectors must score the same pairs")
    for name, vector in vectors.items():
        if not np.isfinite(vector).all():
            raise ValueError(f"{name}: a weight is NaN or infinite")
    return vectors


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


def jaccard_at(first: np.ndarray, second: np.ndarray, k: int) -> float:
    """Return the Jaccard index of the k best pairs of two aligned vectors.

    Ties at rank k and zeros: as :func:`gtgrn.evaluation.ranking.top_k`, so a set may hold more or fewer
    than k; a k beyond the number of pairs means all. Breaking ties by name would make two
    networks of nothing but ties agree. NaN if neither has a scored pair.

    Parameters
    ----------
    first, second
        (pairs,) weights from :func:`align`.
    k
        Number of edges, at least 1.
    """
    if not len(first):
        return float("nan")
    one, two = (top_k(vector, min(k, len(vector))) for vector in (first, second))
    union = (one | two).sum()
    return float((one & two).sum() / union) if union else float("nan")


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation of two aligned vectors; ties share their mean rank.

    NaN where a vector is constant or shorter than two.

    Parameters
    ----------
    first, second
        (pairs,) weights from :func:`align`.
    """
    return _correlation(_centred_ranks(first), _centred_ranks(second))


def agreement(
    networks: Mapping[str, Network], k: int, *, pairs: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return Jaccard@k and Spearman between all pairs of networks.

    Parameters
    ----------
    networks
        Edge tables or vectors, by name.
    k
        Number of edges of the Jaccard index; BEELINE takes that of the reference.
    pairs
        Universe of edge tables; see :func:`align`. All are aligned to one universe, so with
        tables of many methods the shared zeros of two raise their Spearman.

    Returns
    -------
    tuple
        Two square tables, symmetric, names as rows and columns; one on the diagonal.
    """
    vectors = align(networks, pairs)
    ranks = {name: _centred_ranks(vector) for name, vector in vectors.items()}
    jaccard = pd.DataFrame(1.0, index=list(vectors), columns=list(vectors))
    rank_correlation = jaccard.copy()
    for one, two in combinations(vectors, 2):
        jaccard.loc[one, two] = jaccard.loc[two, one] = jaccard_at(vectors[one], vectors[two], k)
        value = _correlation(ranks[one], ranks[two])
        rank_correlation.loc[one, two] = rank_correlation.loc[two, one] = value
    return jaccard, rank_correlation


def median_agreement(matrix: pd.DataFrame) -> float:
    """Return the median over pairs of networks of a table of :func:`agreement`.

    BEELINE's summary; undefined pairs are left out, NaN if none is left.
    """
    values = matrix.to_numpy()[np.triu_indices(len(matrix), 1)]
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _centred_ranks(vector: np.ndarray) -> np.ndarray:
    ranks = rankdata(vector)
    return ranks - (len(ranks) + 1) / 2


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    norm = (first @ first) * (second @ second)
    return float(first @ second / norm**0.5) if norm else float("nan")
