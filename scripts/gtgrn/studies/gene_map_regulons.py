"""Known regulons in the communities of gene representations (Fig. 7).

A regulon is the set of a regulator's known targets. Models are trained on known edges: regulons
in their communities show that they learnt, not that they found anything by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gtgrn.names import COMMUNITY, REGULATOR, TARGET
from gtgrn.seeds import derive_seed
from gtgrn.studies.gene_maps import GeneMap


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
        """Return the share of each permutation of the genes' labels."""
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
            community), p_value, adjusted_p, enriched (0 or 1); one row per regulator.
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
        From :func:`gtgrn.studies.gene_maps.map_genes`.
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
