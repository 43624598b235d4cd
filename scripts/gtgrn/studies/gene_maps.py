"""Communities and maps of gene representations (Fig. 7).

Every representation is treated alike: genes in the order of their names, each dimension
standardised over the genes, each gene scaled to length 1, so that Euclidean distance ranks
neighbours as the angle between two genes does. Communities are Leiden's (Traag et al. 2019,
doi:10.1038/s41598-019-41695-z) on scanpy's weighted graph of nearest neighbours, the map is
UMAP's of the same graph. A graph of nearest neighbours has communities even where the points are
noise, which is why noise of the same width stands beside the representations.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gtgrn.data.cell_types import by_size
from gtgrn.errors import InputError
from gtgrn.seeds import derive_seed

if TYPE_CHECKING:
    import anndata as ad

RAW, VAE, GLOBAL, NOISE = "raw", "vae", "global", "noise"
UNTRAINED = (RAW, VAE, GLOBAL, NOISE)
"""Representations that no reference edge had a part in."""
MIN_GENES = 5


@dataclass(frozen=True)
class GeneMap:
    """Genes of one representation in communities.

    Parameters
    ----------
    genes
        Sorted names.
    communities
        (genes,) numbers from 0, the largest community first.
    modularity
        Newman's modularity of the communities on the weighted graph of neighbours.
    silhouette
        Mean silhouette of the communities among the scaled vectors, NaN where there is one
        community.
    places
        (genes, 2) of UMAP, None where no map was asked for.
    """

    genes: list[str]
    communities: np.ndarray
    modularity: float
    silhouette: float
    places: np.ndarray | None


def standardise_dimensions(values: np.ndarray) -> np.ndarray:
    """Scale each column to mean 0 and standard deviation 1; a constant column becomes 0."""
    values = np.asarray(values, dtype=float)
    centred, spread = values - values.mean(axis=0), values.std(axis=0)
    # Rounding leaves a constant column a spread that is not quite 0.
    constant = spread <= 1e-9 * np.maximum(np.abs(values).max(axis=0), 1e-30)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=~constant)


def gene_profiles(expression: np.ndarray) -> np.ndarray:
    """Return each gene's profile over cells with mean 0 and standard deviation 1.

    Without this, genes would be neighbours because they are expressed as highly, not because
    they rise and fall together.

    Parameters
    ----------
    expression
        (genes, cells).
    """
    return standardise_dimensions(np.asarray(expression, dtype=float).T).T


def directions(values: np.ndarray) -> np.ndarray:
    """Return standardised dimensions, each gene scaled to length 1; a zero vector stays zero."""
    standard = standardise_dimensions(values)
    length = np.linalg.norm(standard, axis=1, keepdims=True)
    return np.divide(standard, length, out=np.zeros_like(standard), where=length > 0)


def noise(genes: Sequence[str], width: int, seed: int) -> np.ndarray:
    """Return a vector of normal random numbers for each gene, which its name alone decides."""
    return np.array(
        [
            np.random.default_rng(derive_seed(seed, NOISE, gene)).standard_normal(width)
            for gene in genes
        ]
    )


def map_genes(
    values: np.ndarray,
    genes: Sequence[str],
    *,
    neighbors: int = 15,
    resolution: float = 1.0,
    seed: int = 0,
    draw: bool = True,
) -> GeneMap:
    """Find the communities of a representation and, if asked for, draw its map.

    Parameters
    ----------
    values
        (genes, dimensions) of any scale.
    genes
        Names of the rows, in any order: it never changes the result.
    neighbors
        Nearest neighbours of a gene, itself among them, as scanpy counts; fewer where there
        are fewer genes.
    resolution
        Of Leiden's modularity; more gives more and smaller communities.
    seed
        Seed of Leiden and UMAP.
    draw
        Whether to compute UMAP, which takes most of the time.

    Raises
    ------
    InputError
        If there are fewer than 5 genes or a value is not finite.
    """
    if len(genes) < MIN_GENES:
        raise InputError(
            f"{len(genes)} genes make no communities, {MIN_GENES} are needed",
            remedy="Run fig7 and fig8 without the data set (leave it out of the key datasets)",
        )
    if not np.isfinite(values).all():
        raise InputError(
            "a representation holds values that are not finite", remedy="Train it again"
        )
    order = np.argsort(np.asarray(genes, dtype=str), kind="stable")
    vectors = directions(np.asarray(values)[order])
    names = [genes[i] for i in order]
    adata = _cluster(vectors, names, min(neighbors, len(names) - 1), resolution, seed, draw)
    communities = by_size(adata.obs["leiden"].astype(int).to_numpy())
    return GeneMap(
        genes=names,
        communities=communities,
        modularity=modularity(adata.obsp["connectivities"], communities),
        silhouette=silhouette(vectors, communities),
        places=np.asarray(adata.obsm["X_umap"], dtype=float) if draw else None,
    )


def _cluster(
    vectors: np.ndarray,
    names: Sequence[str],
    neighbors: int,
    resolution: float,
    seed: int,
    draw: bool,
) -> ad.AnnData:
    """Return the genes with Leiden's communities and, if asked for, places of UMAP."""
    import anndata as ad
    import scanpy as sc

    adata = ad.AnnData(vectors, obs=pd.DataFrame(index=pd.Index(names, dtype=str)))
    with warnings.catch_warnings():
        # That UMAP gives up threads for a fixed seed is what is wanted.
        warnings.simplefilter("ignore", UserWarning)
        sc.pp.neighbors(adata, n_neighbors=neighbors, use_rep="X", random_state=seed)
        sc.tl.leiden(
            adata, resolution=resolution, flavor="igraph", directed=False, n_iterations=-1,
            random_state=seed,
        )  # fmt: skip
        if draw:
            # Principal components to start from: spectral ones fail on small graphs.
            adata.obsm["start"] = _principal_plane(vectors)
            sc.tl.umap(adata, init_pos="start", random_state=seed)
    return adata


def _principal_plane(vectors: np.ndarray) -> np.ndarray:
    """Return the two main coordinates of rows, the largest entry of each positive, at most 10."""
    centred = vectors - vectors.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    plane = (left * values)[:, :2]
    if plane.shape[1] < 2:
        plane = np.column_stack([plane, np.zeros(len(plane))])
    signs = np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    largest = np.abs(plane).max()
    return (plane * signs * (10.0 / largest if largest > 0 else 1.0)).astype(np.float32)


def modularity(graph: Any, communities: np.ndarray) -> float:
    """Return Newman's modularity of a partition of a weighted graph without direction.

    Parameters
    ----------
    graph
        (n, n) sparse and symmetric.
    communities
        (n,) numbers of the groups.
    """
    rows, columns = graph.nonzero()
    weights = np.asarray(graph[rows, columns], dtype=np.float64).ravel()
    total = weights.sum()
    if total == 0:
        return float("nan")
    inside = weights[communities[rows] == communities[columns]].sum()
    strength = np.bincount(communities, np.asarray(graph.sum(axis=1)).ravel())
    return float(inside / total - ((strength / total) ** 2).sum())


def silhouette(vectors: np.ndarray, communities: np.ndarray) -> float:
    """Return the mean silhouette, NaN where there is one group or each point is its own."""
    if not 1 < len(np.unique(communities)) < len(communities):
        return float("nan")
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(vectors, communities))
