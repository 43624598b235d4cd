"""Communities and maps of gene representations, and the regulons found in them (Fig. 7).

Every representation is treated alike: genes in the order of their names, each dimension
standardised over the genes, each gene scaled to length 1, so that Euclidean distance ranks
neighbours as the angle between two genes does. Communities are Leiden's (Traag et al. 2019,
doi:10.1038/s41598-019-41695-z) on scanpy's weighted graph of nearest neighbours, the map is
UMAP's of the same graph. A graph of nearest neighbours has communities even where the points are
noise, which is why noise of the same width stands beside the representations.

A regulon is the set of a regulator's known targets. Models are trained on known edges: regulons
in their communities show that they learnt, not that they found anything by themselves.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.data.cell_types import by_size
from gtgrn.errors import InputError
from gtgrn.names import COMMUNITY, REGULATOR, TARGET
from gtgrn.seeds import derive_seed

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
    """Return each column mean 0 and standard deviation 1; a constant column becomes 0."""
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
    """Return each gene a vector of normal random numbers that hangs on its name alone."""
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
            remedy="Leave the data set out of the targets fig7 and fig8",
        )
    if not np.isfinite(values).all():
        raise InputError(
            "a representation holds values that are not finite", remedy="Train it again"
        )
    import anndata as ad
    import scanpy as sc

    order = np.argsort(np.asarray(genes, dtype=str), kind="stable")
    vectors = directions(np.asarray(values)[order])
    names = [genes[i] for i in order]
    adata = ad.AnnData(vectors, obs=pd.DataFrame(index=pd.Index(names, dtype=str)))
    with warnings.catch_warnings():
        # That UMAP gives up threads for a fixed seed is what is wanted.
        warnings.simplefilter("ignore", UserWarning)
        sc.pp.neighbors(
            adata, n_neighbors=min(neighbors, len(names) - 1), use_rep="X", random_state=seed
        )
        sc.tl.leiden(
            adata, resolution=resolution, flavor="igraph", directed=False, n_iterations=-1,
            random_state=seed,
        )  # fmt: skip
        if draw:
            # Principal components to start from: spectral ones fail on small graphs.
            adata.obsm["start"] = _principal_plane(vectors)
            sc.tl.umap(adata, init_pos="start", random_state=seed)
    communities = by_size(adata.obs["leiden"].astype(int).to_numpy())
    return GeneMap(
        genes=names,
        communities=communities,
        modularity=modularity(adata.obsp["connectivities"], communities),
        silhouette=silhouette(vectors, communities),
        places=np.asarray(adata.obsm["X_umap"], dtype=float) if draw else None,
    )


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


def modularity(graph: object, communities: np.ndarray) -> float:
    """Return Newman's modularity of a partition of a weighted graph without direction.

    Parameters
    ----------
    graph
        (n, n) sparse and symmetric.
    communities
        (n,) numbers of the groups.
    """
    rows, columns = graph.nonzero()
    weights = np.asarray(graph[rows, columns], dtype=float).ravel()
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


# Regulons


def regulon_members(
    reference: pd.DataFrame, genes: Sequence[str], min_targets: int
) -> tuple[list[str], np.ndarray]:
    """Return the regulators with enough targets, and who is a target of whom.

    Parameters
    ----------
    reference
        Columns regulator, target.
    genes
        All genes of the data set, the background.
    min_targets
        Targets among the genes that a regulator needs.

    Returns
    -------
    tuple
        Sorted names, and (regulators, genes) of 0 and 1.
    """
    position = {gene: i for i, gene in enumerate(genes)}
    known = reference[reference[TARGET].isin(position)].drop_duplicates([REGULATOR, TARGET])
    counts = known.groupby(REGULATOR).size()
    names = sorted(counts.index[counts >= min_targets])
    members = np.zeros((len(names), len(genes)), dtype=np.int64)
    for row, name in enumerate(names):
        targets = known.loc[known[REGULATOR] == name, TARGET]
        members[row, [position[gene] for gene in targets]] = 1
    return names, members


def upper_tails(genes: int, targets: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return P(X >= k) of the hypergeometric distribution for all margins at once.

    Permutations keep the margins, so that one table serves all of them.

    Parameters
    ----------
    genes
        Number of all genes.
    targets
        (regulons,) sizes of the regulons.
    sizes
        (communities,) sizes of the communities.

    Returns
    -------
    numpy.ndarray
        (regulons, communities, k), k from 0 to the largest overlap that any pair can have.
    """
    from scipy.special import gammaln

    def log_choose(n, k):
        possible = (k >= 0) & (k <= n)
        n, k = np.broadcast_arrays(n, k)
        kept = np.where(possible, k, 0)
        logs = gammaln(n + 1) - gammaln(kept + 1) - gammaln(n - kept + 1)
        return np.where(possible, logs, -np.inf)

    most = int(min(targets.max(initial=0), sizes.max(initial=0)))
    k = np.arange(most + 1)[None, None]
    drawn, marked = np.asarray(sizes)[None, :, None], np.asarray(targets)[:, None, None]
    logs = log_choose(marked, k) + log_choose(genes - marked, drawn - k)
    density = np.exp(logs - log_choose(np.int64(genes), drawn))
    # From the far end: the smallest terms are summed first.
    return np.minimum(density[..., ::-1].cumsum(axis=-1)[..., ::-1], 1.0)


class Enrichment:
    """Tests of all regulons in all communities, on given sizes of both.

    Parameters
    ----------
    communities
        (genes,) numbers from 0.
    members
        (regulators, genes) of 0 and 1.
    fdr
        Adjusted p-value (Benjamini-Hochberg over all pairs) up to which a regulon is enriched.
    """

    def __init__(self, communities: np.ndarray, members: np.ndarray, *, fdr: float = 0.05) -> None:
        self.communities, self.members, self.fdr = communities, members, fdr
        self.sizes = np.bincount(communities)
        self.tails = upper_tails(len(communities), members.sum(axis=1), self.sizes)

    def test(self, communities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return overlaps, p-values and adjusted p-values, (regulators, communities) each.

        Parameters
        ----------
        communities
            Those of the class, or the same with the genes' labels permuted.
        """
        from scipy.stats import false_discovery_control

        member_of = np.eye(len(self.sizes), dtype=np.int64)[communities]
        overlaps = self.members @ member_of
        p = np.take_along_axis(self.tails, overlaps[..., None], axis=-1)[..., 0]
        return overlaps, p, false_discovery_control(p.ravel()).reshape(p.shape)

    def share(self, communities: np.ndarray) -> float:
        """Return the share of regulons that are enriched in at least one community."""
        if not len(self.members):
            return float("nan")
        return float((self.test(communities)[2].min(axis=1) <= self.fdr).mean())

    def permuted_shares(self, permutations: int, seed: int) -> np.ndarray:
        """Return the share with the genes' labels permuted, once a permutation."""
        draws = [
            np.random.default_rng(derive_seed(seed, "permutation", i)).permutation(
                self.communities
            )
            for i in range(permutations)
        ]
        return np.array([self.share(drawn) for drawn in draws])

    def table(self, regulators: Sequence[str]) -> pd.DataFrame:
        """Return each regulon in the community where it is least likely by chance.

        Returns
        -------
        pandas.DataFrame
            Columns regulator, targets, community, community_size, overlap (targets in the
            community), p_value, adjusted_p, enriched (0 or 1); a row a regulator.
        """
        columns = [
            *[REGULATOR, "targets", COMMUNITY, "community_size", "overlap"],
            *["p_value", "adjusted_p", "enriched"],
        ]
        if not len(regulators):
            return pd.DataFrame(columns=columns)
        overlaps, p, adjusted = self.test(self.communities)
        best, rows = p.argmin(axis=1), np.arange(len(regulators))
        values = [
            *[regulators, self.members.sum(axis=1), best, self.sizes[best], overlaps[rows, best]],
            *[p[rows, best], adjusted[rows, best]],
            (adjusted[rows, best] <= self.fdr).astype(int),
        ]
        return pd.DataFrame(dict(zip(columns, values, strict=True)))


def describe_regulons(
    found: GeneMap,
    reference: pd.DataFrame,
    *,
    min_targets: int = 5,
    fdr: float = 0.05,
    permutations: int = 200,
    seed: int = 0,
) -> tuple[dict[str, float], pd.DataFrame]:
    """Say how many regulons the communities of a representation hold, and how many by chance.

    Parameters
    ----------
    found
        From :func:`map_genes`.
    reference
        Columns regulator, target.
    min_targets
        Targets among the genes that a regulator needs to be tested.
    fdr
        Level of the false discovery rate.
    permutations
        Permutations of the genes' labels behind the null.
    seed
        Seed of the permutations.

    Returns
    -------
    tuple
        The numbers: regulons (tested), enriched_share, null_share (mean over permutations) and
        null_p (share of permutations that reach enriched_share, counting the data themselves);
        and the table of :meth:`Enrichment.table`. Without a regulon the shares are NaN.
    """
    regulators, members = regulon_members(reference, found.genes, min_targets)
    tests = Enrichment(found.communities, members, fdr=fdr)
    numbers = {"regulons": len(regulators), "enriched_share": tests.share(found.communities)}
    if regulators:
        null = tests.permuted_shares(permutations, seed)
        reached = (null >= numbers["enriched_share"]).sum()
        numbers |= {"null_share": null.mean(), "null_p": (1 + reached) / (1 + permutations)}
    else:
        numbers |= {"null_share": np.nan, "null_p": np.nan}
    return numbers, tests.table(regulators)
