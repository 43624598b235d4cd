"""BEELINE's choice of genes: those that change along pseudotime (Pratapa et al. 2020).

BEELINE (Nature Methods 17:147) ships a p-value and a variance of each gene (GeneOrdering.csv); its
p-values come from VGAM, the generalised additive model of expression on pseudotime that Monocle
fits. Where none are shipped they are computed here: the F-test of a natural cubic spline with
three degrees of freedom against the mean, which for Gaussian errors is exact, for all genes at
once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.tables import as_numbers, read_table

log = logging.getLogger(__name__)

P_VALUE, VARIANCE = "p_value", "variance"
SPLINE_KNOTS = 4
"""Two at the ends and two at the terciles: three degrees of freedom, as sm.ns has in VGAM."""


def read_gene_ordering(path: str | Path) -> pd.DataFrame:
    """Read BEELINE's GeneOrdering.csv: names, then p-values, then variances (columns by place).

    Returns
    -------
    pandas.DataFrame
        Columns p_value and variance, by gene, in the order of the file.

    Raises
    ------
    InputError
        If the file is unreadable, has fewer columns, a value is no number or a gene is twice.
    """
    table = read_table(path)
    if table.shape[1] < 3:
        raise InputError(
            f"the table has {table.shape[1]} columns",
            file=path,
            remedy="Give a name, a p-value and a variance for each gene",
        )
    genes = pd.Index(table.iloc[:, 0].astype(str).str.strip())
    values = table.iloc[:, 1:3].apply(as_numbers).set_axis(genes)
    for column, kind in zip(table.columns[1:3], (P_VALUE, VARIANCE), strict=True):
        bad = values[column].isna() | (values[column] < 0)
        if bad.any():
            raise InputError(
                f"'{genes[bad.to_numpy()][0]}' has no {kind.replace('_', '-')}",
                file=path,
                field=str(column),
                remedy="Give a number of 0 or more",
            )
    if genes.has_duplicates:
        raise InputError(
            f"the gene '{genes[genes.duplicated()][0]}' is twice", file=path, remedy="Keep one"
        )
    return values.set_axis([P_VALUE, VARIANCE], axis=1)


def read_pseudotime(path: str | Path, cells: Sequence[str]) -> np.ndarray:
    """Read BEELINE's PseudoTime.csv: one column for each lineage, empty where a cell is not in it.

    Returns
    -------
    numpy.ndarray
        Cells, in the order asked for, x lineages; NaN outside of a lineage.

    Raises
    ------
    InputError
        If the file is unreadable, a cell is twice or absent, or a time is not a number.
    """
    table = read_table(path)
    if not isinstance(table.index, pd.RangeIndex):
        # R leaves out the name of the column of names, and pandas then takes them as the index.
        table = table.reset_index()
    if table.shape[1] < 2:
        raise InputError(
            "the table has one column", file=path, remedy="Give names of cells and their times"
        )
    names = table.iloc[:, 0].astype(str).str.strip()
    if names.duplicated().any():
        raise InputError(
            f"the cell '{names[names.duplicated()].iloc[0]}' is twice",
            file=path,
            remedy="Keep one row of it",
        )
    body = table.iloc[:, 1:].astype(str).set_axis(names)
    empty = body.isin(["", "NA", "nan", "NaN"])
    times = body.apply(as_numbers).mask(empty)
    wrong = times.isna() & ~empty
    if wrong.any(axis=None):
        cell = wrong.index[wrong.any(axis=1)][0]
        raise InputError(
            f"a pseudotime of '{cell}' is not a number", file=path, remedy="Correct it"
        )
    absent = sorted(set(cells) - set(names))
    if absent:
        raise InputError(
            f"{len(absent)} of {len(cells)} cells have no row, such as {absent[0]}",
            file=path,
            remedy="Name the file that belongs to this expression matrix",
        )
    return times.loc[list(cells)].to_numpy(float)


def find_ordering(adata: ad.AnnData, significance: dict, seed: int) -> pd.DataFrame:
    """Return the p-values and variances that a card asks for.

    Parameters
    ----------
    adata
        Cells x genes, filtered and log-normalised, dense.
    significance
        The card's section `preprocess.significance`: with ``gene_ordering`` they are read, with
        ``pseudotime`` computed along the times read, else along diffusion pseudotime from the
        cell ``root``.
    seed
        Seed of diffusion pseudotime.
    """
    if "gene_ordering" in significance:
        return read_gene_ordering(significance["gene_ordering"])
    if "pseudotime" in significance:
        times = read_pseudotime(significance["pseudotime"], adata.obs_names)
    else:
        times = diffusion_pseudotime(adata, root=significance.get("root"), seed=seed)
    return order_genes(adata, times)


def order_genes(adata: ad.AnnData, pseudotime: np.ndarray) -> pd.DataFrame:
    """Compute each gene's p-value along pseudotime, and its variance.

    Parameters
    ----------
    adata
        Cells x genes, log-normalised, dense.
    pseudotime
        Cells, or cells x lineages; NaN outside of a lineage. With several lineages a gene's
        p-value is the smallest times their number.

    Returns
    -------
    pandas.DataFrame
        Columns p_value and variance (with n - 1), by gene. A gene without variance has p = 1.

    Raises
    ------
    InputError
        If no lineage has eight cells at different times.
    """
    times = pseudotime.reshape(adata.n_obs, -1)
    values = np.asarray(adata.X, dtype=float)
    tests = []
    for lineage in times.T:
        inside = np.isfinite(lineage)
        if len(np.unique(lineage[inside])) >= 2 * SPLINE_KNOTS:
            tests.append(spline_test(values[inside], lineage[inside]))
    if not tests:
        raise InputError(
            "no lineage has eight cells at different times",
            field="preprocess.significance.pseudotime",
            remedy="Give a pseudotime of more cells, or leave significance out",
        )
    p_values = np.minimum(np.min(tests, axis=0) * len(tests), 1.0)
    variances = values.var(axis=0, ddof=1)
    return pd.DataFrame({P_VALUE: p_values, VARIANCE: variances}, index=adata.var_names)


def spline_test(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Test each gene for a change along time: F-test of a natural cubic spline against the mean.

    Parameters
    ----------
    values
        Cells x genes.
    time
        Time of each cell, finite.

    Returns
    -------
    numpy.ndarray
        P-value of each gene; 1 for a constant one.
    """
    from scipy.stats import f

    basis = natural_spline(time)
    # An orthonormal basis of the spline without the mean: fitted sums of squares are then those
    # of projections, for all genes in one product.
    orthonormal, _ = np.linalg.qr(basis - basis.mean(axis=0))
    centred = values - values.mean(axis=0)
    total = (centred**2).sum(axis=0)
    explained = ((orthonormal.T @ centred) ** 2).sum(axis=0)
    free = len(time) - basis.shape[1] - 1
    varies = total > 1e-12 * len(time) * np.maximum(np.abs(values).max(axis=0), 1) ** 2
    residual = np.maximum(total - explained, np.finfo(float).tiny)
    statistic = np.where(varies, (explained / basis.shape[1]) / (residual / free), 0.0)
    return f.sf(statistic, basis.shape[1], free)


def natural_spline(time: np.ndarray) -> np.ndarray:
    """Return a basis, without the intercept, of the natural cubic splines of one variable.

    Knots are at both ends and the terciles; beyond the ends the curve is a line. The columns are
    truncated powers (Hastie, Tibshirani and Friedman 2009, eq. 5.4-5.5).

    Returns
    -------
    numpy.ndarray
        len(time) x 3.
    """
    knots = np.quantile(time, np.linspace(0, 1, SPLINE_KNOTS))
    # Tied times can make knots coincide; equally spaced ones never do.
    if (np.diff(knots) <= 0).any():
        knots = np.linspace(time.min(), time.max(), SPLINE_KNOTS)
    scaled, knots = ((x - knots[0]) / (knots[-1] - knots[0]) for x in (time, knots))
    cubes = np.maximum(scaled[:, None] - knots, 0) ** 3
    slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([scaled, slopes[:, :-1] - slopes[:, -1:]])


def diffusion_pseudotime(adata: ad.AnnData, *, root: str | None = None, seed: int = 0):
    """Order the cells by diffusion pseudotime (Haghverdi et al. 2016; scanpy).

    Parameters
    ----------
    adata
        Cells x genes, log-normalised, dense; it is not changed.
    root
        Name of the first cell; by default an end of the first diffusion component, so that the
        direction of time is arbitrary. The p-values of :func:`order_genes` do not depend on it
        strongly, because a spline fits a curve and its mirror image equally well.
    seed
        Seed of the principal components and eigenvectors.

    Returns
    -------
    numpy.ndarray
        Pseudotime of each cell in [0, 1]; NaN for cells that no path joins to the root.

    Raises
    ------
    InputError
        If the root is not one of the cells.
    """
    import scanpy as sc

    if root is not None and root not in adata.obs_names:
        raise InputError(
            f"there is no cell '{root}'",
            field="preprocess.significance.root",
            remedy="Name one of the cells that passed the filters",
        )
    graph = ad.AnnData(
        np.asarray(adata.X, dtype=np.float32), obs=pd.DataFrame(index=adata.obs_names)
    )
    components = min(50, *(n - 1 for n in graph.shape))
    sc.pp.pca(graph, n_comps=components, random_state=seed)
    # Gaussian weights: exact neighbours, and none of the seconds that umap takes to compile.
    neighbours = min(15, graph.n_obs - 1)
    sc.pp.neighbors(graph, neighbours, method="gauss", random_state=seed)
    sc.tl.diffmap(graph, n_comps=min(10, graph.n_obs - 2), random_state=seed)
    first = graph.obsm["X_diffmap"][:, 1]
    graph.uns["iroot"] = int(np.argmax(np.abs(first)) if root is None
                             else graph.obs_names.get_loc(root))  # fmt: skip
    sc.tl.dpt(graph)
    time = graph.obs["dpt_pseudotime"].to_numpy(float)
    return np.where(np.isfinite(time), time, np.nan)


def significant_genes(ordering: pd.DataFrame, genes: Collection[str], p_value: float) -> list[str]:
    """Keep the genes whose p-value is below the Bonferroni-corrected limit.

    Parameters
    ----------
    ordering
        Columns p_value and variance, by gene.
    genes
        Genes of the expression. The limit is divided by the number of those that have a p-value.
    p_value
        Limit before the correction; 0 keeps all genes that have a p-value, as BEELINE does.

    Returns
    -------
    list of str
        In the order of p-values; ties by name.

    Raises
    ------
    InputError
        If no gene passes.
    """
    tested = ordering[ordering.index.isin(genes)].sort_index().sort_values(P_VALUE, kind="stable")
    limit = p_value / max(len(tested), 1)
    passed = tested if p_value == 0 else tested[tested[P_VALUE] < limit]
    log.info(
        "%d of %d genes have p < %.3g (%g / %d)",
        len(passed), len(tested), limit, p_value, len(tested),
    )  # fmt: skip
    if passed.empty:
        best = tested[P_VALUE].min() if len(tested) else float("nan")
        raise InputError(
            f"no gene changes along pseudotime with p < {limit:.3g} (the best has {best:.3g} "
            f"among {len(tested)} genes)",
            field="preprocess.significance.p_value",
            remedy="Raise it, or check that the p-values belong to this expression matrix",
        )
    return list(passed.index)
