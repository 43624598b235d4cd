"""Laplacian positional encodings (equation 6 of the paper)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from gtgrn.config.options import option
from gtgrn.names import REGULATOR, TARGET

logger = logging.getLogger(__name__)

DENSE_LIMIT = 5000
"""Largest connected component, in nodes, whose Laplacian is decomposed in full."""


@dataclass(frozen=True)
class PositionalOptions:
    """Options of the section positional."""

    dimensions: int = option(16, "Number of eigenvectors.", minimum=1)


def laplacian_encodings(
    edges: pd.DataFrame, genes: Sequence[str], *, dimensions: int
) -> np.ndarray:
    """Return the eigenvectors of I - D^-1/2 A D^-1/2 of smallest non-zero eigenvalue.

    The graph is symmetrised and unweighted. Each connected component has one null vector,
    which says only which component a node is in; those are dropped. The sign of a vector is
    free and fixed here so that its largest entry is positive. A gene without an edge has no
    position: its row is zero, as are columns beyond the number of vectors.

    Parameters
    ----------
    edges
        Columns regulator, target: the message graph, so training positives only.
    genes
        All genes, in the order of the rows.
    dimensions
        Number of columns k.

    Returns
    -------
    numpy.ndarray
        (genes, dimensions) float64, columns of unit length.
    """
    genes = list(genes)
    encodings = np.zeros((len(genes), dimensions))
    if edges.empty:
        logger.warning("the message graph has no edge: all positional encodings are zero")
        return encodings
    index = pd.Series(np.arange(len(genes)), index=genes)
    ends = index.loc[edges[REGULATOR]].to_numpy(), index.loc[edges[TARGET]].to_numpy()
    adjacency = sparse.coo_matrix(
        (np.ones(len(edges)), ends), shape=(len(genes), len(genes))
    ).tocsr()
    adjacency = ((adjacency + adjacency.T) > 0).astype(np.float64)
    linked = np.flatnonzero(np.asarray(adjacency.sum(axis=1)).ravel() > 0)
    adjacency = adjacency[linked][:, linked]
    scale = sparse.diags(np.asarray(adjacency.sum(axis=1)).ravel() ** -0.5)
    laplacian = sparse.identity(len(linked)) - scale @ adjacency @ scale
    parts = connected_components(adjacency, directed=False)[1]
    vectors = _smallest(laplacian.tocsr(), parts, dimensions)
    if vectors.shape[1] > 0:
        largest = np.abs(vectors).argmax(axis=0)
        signs = np.sign(vectors[largest, np.arange(vectors.shape[1])])
        encodings[linked, : vectors.shape[1]] = vectors * signs
    return encodings


def _smallest(laplacian: sparse.csr_matrix, parts: np.ndarray, count: int) -> np.ndarray:
    """Return the eigenvectors of the `count` smallest non-zero eigenvalues, in ascending order.

    Each connected component is decomposed by itself: it has exactly one null vector, whereas
    a Lanczos run on the whole graph may miss some of several and then drop others in their
    place.
    """
    found = []
    order = np.argsort(parts, kind="stable")
    for nodes in np.split(order, np.flatnonzero(np.diff(parts[order])) + 1):
        wanted = min(count + 1, len(nodes))
        values, vectors = _decompose(laplacian[nodes][:, nodes], wanted)
        found += [(values[i], nodes, vectors[:, i]) for i in range(1, wanted)]
    found = sorted(found, key=lambda pair: pair[0])[:count]
    result = np.zeros((laplacian.shape[0], len(found)))
    for column, (_, nodes, vector) in enumerate(found):
        result[nodes, column] = vector
    return result


def _decompose(laplacian: sparse.csr_matrix, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` smallest eigenvalues, ascending, and their eigenvectors."""
    n = laplacian.shape[0]
    if n <= DENSE_LIMIT or count >= n - 1:
        return eigh(laplacian.toarray(), subset_by_index=[0, count - 1])
    # Largest of 2I - L are the smallest of L; start and restarts are drawn with a fixed seed.
    values, vectors = eigsh(2 * sparse.identity(n) - laplacian, k=count, rng=0)
    order = np.argsort(-values)
    return 2 - values[order], vectors[:, order]
