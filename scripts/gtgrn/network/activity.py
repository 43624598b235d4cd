"""Activity of regulators in cells, from their predicted regulons, and its mean by cell type.

The score of a cell and a regulator is decoupler's univariate linear model: the t-value of the
slope when the cell's expression of all genes is regressed on the regulator's weights
(Badia-i-Mompel et al. 2022, doi:10.1093/bioadv/vbac016). It is high where the activated targets
are expressed more, and the repressed less, than other genes of the same cell.
"""

from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.names import REGULATOR

log = logging.getLogger(__name__)

GROUP, LEIDEN, ALL = "group", "leiden", "all cells"
RSS = "rss"
COLUMNS = [GROUP, REGULATOR, "cells", "mean", "sd", "z", RSS]
MARKERS = [GROUP, "place", REGULATOR, RSS, "z", "gene", "gene_score"]
"""Columns of the markers: the regulators by specificity, the genes by Wilcoxon's score."""
NEIGHBOURS, COMPONENTS, RESOLUTION = 15, 30, 1.0
DIGITS = 5


def group_cells(adata: ad.AnnData, cell_type: str | None, *, seed: int) -> pd.Series:
    """Return each cell's type, or its cluster where the card names no type.

    Parameters
    ----------
    adata
        Log-normalised expression, cells x genes.
    cell_type
        Column of obs; None clusters the cells.
    seed
        Seed of the clustering.

    Returns
    -------
    pandas.Series
        Named ``cell type`` or ``leiden``; cells without a type are ``unknown``.
    """
    if cell_type is not None:
        types = adata.obs[cell_type].astype(object)
        return types.where(types.notna(), "unknown").astype(str).rename("cell type")
    return cluster_cells(adata, seed=seed)


def cluster_cells(adata: ad.AnnData, *, seed: int) -> pd.Series:
    """Cluster cells by Leiden's method on 15 neighbours in 30 principal components (scanpy).

    Cells and genes are put in the order of their names first, so that theirs has no part in it.
    A few cells are one cluster.
    """
    import scanpy as sc

    if min(adata.shape) < 3 or adata.n_obs <= NEIGHBOURS:
        return pd.Series("0", index=adata.obs_names, name=LEIDEN)
    ordered = ad.AnnData(adata.to_df().sort_index(axis=0).sort_index(axis=1))
    components = min(COMPONENTS, min(ordered.shape) - 1)
    sc.pp.pca(ordered, n_comps=components, svd_solver="full")
    # Gaussian weights: those of UMAP would be compiled at every first use.
    sc.pp.neighbors(
        ordered, n_neighbors=NEIGHBOURS, use_rep="X_pca", method="gauss", random_state=seed
    )
    sc.tl.leiden(
        ordered,
        resolution=RESOLUTION,
        random_state=seed,
        flavor="igraph",
        directed=False,
        n_iterations=2,
    )
    return ordered.obs["leiden"].astype(str).rename(LEIDEN).reindex(adata.obs_names)


def score_cells(expression: pd.DataFrame, net: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Score cells by decoupler's univariate linear model.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    net
        From :func:`gtgrn.network.regulons.to_net`: source, target, weight.
    minimum
        A regulator with fewer targets in the expression is left out.

    Returns
    -------
    pandas.DataFrame
        Cells x regulators, t-values, rounded to five digits; missing in cells that express all
        genes alike (or none), for which no slope is defined. A regulator whose weights are the
        same for all genes is left out too.
    """
    genes = sorted(expression.columns)
    rows = net[net["target"].isin(genes)]
    weights = rows.pivot(index="source", columns="target", values="weight")
    weights = weights.reindex(columns=genes)
    kept = weights.index[(weights.notna().sum(axis=1) >= minimum) & _varied(weights.fillna(0.0))]
    cells = expression.index[_varied(expression)]
    if not len(kept) or not len(cells):
        log.warning("no regulon of at least %d targets, so no activity", minimum)
        return pd.DataFrame(index=expression.index)
    import decoupler as dc

    log.info("%d regulators; %d of %d cells", len(kept), len(cells), len(expression))
    rows = rows.loc[rows["source"].isin(kept), ["source", "target", "weight"]]
    scores = dc.mt.ulm(expression.loc[cells, genes], rows, tmin=minimum, empty=False)[0]
    return scores.reindex(expression.index).astype(float).sort_index(axis=1).round(DIGITS)


def _varied(table: pd.DataFrame) -> pd.Series:
    """Tell rows that hold more than one value; a sum of squares would round to more than zero."""
    return table.max(axis=1) > table.min(axis=1)


def mean_by_group(activity: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the mean activity of each regulator in each group of cells.

    Parameters
    ----------
    activity
        From :func:`score_cells`.
    groups
        The group of each cell.

    Returns
    -------
    pandas.DataFrame
        group, regulator, cells, mean and sd (t-values, over the group's cells), z: by how
        many standard deviations over all cells the mean lies above that of all cells, and rss
        (:func:`specificity`). The t-values of two regulators share no scale, for they grow with
        the regulon's size.
    """
    if activity.empty:
        return pd.DataFrame(columns=COLUMNS)
    # A score that never varies lies nowhere above its mean.
    z = (activity - activity.mean()) / activity.std(ddof=0).replace(0.0, np.inf)
    by = groups.reindex(activity.index).rename(GROUP)
    table = activity.groupby(by).mean().rename_axis(columns=REGULATOR).stack().rename("mean")
    table = table.to_frame()
    table["sd"] = activity.groupby(by).std(ddof=0).rename_axis(columns=REGULATOR).stack()
    table["z"] = z.groupby(by).mean().rename_axis(columns=REGULATOR).stack()
    table = table.reset_index()
    table["cells"] = table[GROUP].map(by.value_counts())
    rss = specificity(activity, by).rename_axis(columns=REGULATOR).stack().rename(RSS)
    table = table.merge(rss.reset_index(), on=[GROUP, REGULATOR], how="left")
    return table.sort_values([GROUP, REGULATOR], ignore_index=True)[COLUMNS].round(DIGITS)


def specificity(activity: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the regulon specificity score of each group and regulator.

    One less the root of the Jensen-Shannon divergence, in bits, between a regulator's activity
    over the cells, scaled to the sum 1, and the group's cells (Suo et al. 2018,
    doi:10.1016/j.celrep.2018.10.045): 1 where all cells of the group, and no other, are as
    active. Activity there is not negative; here what is below 0 counts as none.

    Parameters
    ----------
    activity
        From :func:`score_cells`.
    groups
        The group of each cell.

    Returns
    -------
    pandas.DataFrame
        Groups x regulators; missing for a regulator that is active in no cell.
    """
    from scipy.spatial.distance import jensenshannon

    # A sum over cells: in the order of their names, so that theirs in the file has no part.
    ordered = activity.sort_index()
    by = groups.reindex(ordered.index)
    active = np.maximum(ordered.fillna(0.0).to_numpy(float), 0.0)
    some = active.sum(axis=0) > 0
    found = pd.DataFrame(np.nan, sorted(by.dropna().unique()), activity.columns)
    for group in found.index:
        own = (by == group).to_numpy(float)[:, None] * np.ones(some.sum())
        found.loc[group, some] = 1 - jensenshannon(active[:, some], own, base=2, axis=0)
    return found.rename_axis(index=GROUP)


def mark_groups(
    expression: pd.DataFrame, groups: pd.Series, means: pd.DataFrame, count: int
) -> pd.DataFrame:
    """Return the regulators that mark each group beside the genes that do.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    groups
        The group of each cell.
    means
        From :func:`mean_by_group`.
    count
        Number of each.

    Returns
    -------
    pandas.DataFrame
        `MARKERS`: by place the regulators of the highest specificity, and the genes of the
        highest Wilcoxon score (scanpy) of the group's cells against the others. Groups of one
        cell, and a group that is all cells, have none. The scores choose; cells are no
        replicates, so they are no test.
    """
    import scanpy as sc

    sizes = groups.value_counts()
    tested = sorted(sizes.index[sizes > 1])
    if len(sizes) < 2 or not tested or means.empty:
        return pd.DataFrame(columns=MARKERS)
    ordered = expression.sort_index(axis=1)
    by = pd.Categorical(groups.reindex(ordered.index))
    cells = ad.AnnData(ordered, obs=pd.DataFrame({GROUP: by}, index=ordered.index))
    sc.tl.rank_genes_groups(cells, GROUP, groups=tested, method="wilcoxon", n_genes=count)
    found = cells.uns["rank_genes_groups"]
    tables = []
    for group in tested:
        rows = means[means[GROUP] == group].dropna(subset=[RSS])
        rows = rows.sort_values([RSS, REGULATOR], ascending=[False, True]).head(count)
        genes = pd.DataFrame({"gene": found["names"][group], "gene_score": found["scores"][group]})
        joined = pd.concat([rows[[REGULATOR, RSS, "z"]].reset_index(drop=True), genes], axis=1)
        tables.append(joined.assign(**{GROUP: group, "place": np.arange(1, len(joined) + 1)}))
    return pd.concat(tables, ignore_index=True)[MARKERS].round(DIGITS)


def most_variable(means: pd.DataFrame, count: int, value: str = "z") -> pd.DataFrame:
    """Return the regulators whose mean differs most between groups, alike ones side by side.

    Parameters
    ----------
    means
        From :func:`mean_by_group`.
    count
        Number of regulators.
    value
        What to show; z chooses the regulators in any case.

    Returns
    -------
    pandas.DataFrame
        Regulators x groups, both in the order of the leaves of average linkage.
    """
    wide = means.pivot(index=REGULATOR, columns=GROUP, values="z")
    variance = wide.var(axis=1, ddof=0).round(DIGITS)
    # Sorted by name before, so that equal variances keep the order of names.
    chosen = variance.sort_index().sort_values(ascending=False, kind="stable").index[:count]
    wide = wide.loc[sorted(chosen), sorted(wide.columns)]
    wide = wide.iloc[_leaves(wide.to_numpy()), _leaves(wide.to_numpy().T)]
    shown = means.pivot(index=REGULATOR, columns=GROUP, values=value)
    return shown.loc[wide.index, wide.columns]


def _leaves(values: np.ndarray) -> list[int]:
    """Return the order in which average linkage puts rows."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(values) < 3:
        return list(range(len(values)))
    return list(leaves_list(linkage(values, "average", optimal_ordering=True)))
