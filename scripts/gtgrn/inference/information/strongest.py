"""The strongest partner of each gene: the step that makes C3NET's network sparse.

Partners that tie are taken in the order of the genes, which callers sort by name. Two that are
equal but for rounding tie as well, for rounding follows the order of the cells.
"""

from __future__ import annotations

import numpy as np

from gtgrn.errors import InputError

EQUAL = 1e-9
"""Values that differ by less than this share of them are equal but for rounding."""
BLOCK = 512
"""Rows that are compared at a time."""


def strongest_pairs(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs i < j in which one is the other's strongest, once each.

    A gene whose scores are all 0 has none; of scores that are equal but for rounding (`EQUAL`)
    the first is taken. The diagonal plays no part, and is lost.
    """
    n = len(scores)
    if n < 2:
        return np.empty(0, int), np.empty(0, int)
    np.fill_diagonal(scores, 0.0)
    active = scores.any(1)
    np.fill_diagonal(scores, -np.inf)
    i, j = np.flatnonzero(active), _first_of_largest(scores)[active]
    pairs = np.unique(np.minimum(i, j) * n + np.maximum(i, j))
    return pairs // n, pairs % n


def _first_of_largest(scores: np.ndarray) -> np.ndarray:
    """Return the first column, for each row, whose score is the largest but for rounding."""
    found = np.empty(len(scores), int)
    # In blocks of rows: the comparison of the whole would be one more matrix.
    for start in range(0, len(scores), BLOCK):
        rows = scores[start : start + BLOCK]
        largest = rows.max(axis=1, keepdims=True)
        found[start : start + BLOCK] = (rows >= largest - EQUAL * np.abs(largest)).argmax(axis=1)
    return found


def to_matrix(n: int, i: np.ndarray, j: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the symmetric n x n matrix with these weights at i, j and j, i."""
    out = np.zeros((n, n))
    out[i, j] = weights
    out[j, i] = weights
    return out


def c3(mim: np.ndarray) -> np.ndarray:
    """Keep the strongest edge of each gene, both ways: at most as many edges as genes.

    Parameters
    ----------
    mim
        Genes x genes, symmetric; the diagonal is ignored.

    Raises
    ------
    InputError
        A matrix that is not square, or with values that are not finite off the diagonal.
    """
    mim = np.array(mim, dtype=float)
    if mim.ndim != 2 or mim.shape[0] != mim.shape[1]:
        raise InputError(f"a mutual-information matrix of shape {mim.shape}, not square")
    np.fill_diagonal(mim, 0.0)
    if not np.isfinite(mim).all():
        raise InputError(
            "a missing or infinite mutual information", remedy="Leave constant genes out."
        )
    i, j = strongest_pairs(mim)
    return to_matrix(len(mim), i, j, mim[i, j])
