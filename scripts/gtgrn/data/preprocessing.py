"""Expression matrices: reading by a card, checks of names and values, and preprocessing.

Genes are sorted by name on reading, so that their order in the file never matters.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.config.options import make
from gtgrn.data.checks import (
    as_float32,
    check_unique,
    check_values,
    named_columns,
    settle_values,
)
from gtgrn.data.filters import (
    cells_needed,
    count_cells,
    filter_cells,
    filter_genes,
    impute,
    magic_settings,
    normalise,
    variable_genes,
)
from gtgrn.data.gene_selection import VARIANCE, find_ordering, significant_genes
from gtgrn.data.name_checks import check_meaning
from gtgrn.data.not_genes import KEEP, leave_out
from gtgrn.data.obs_columns import OBS
from gtgrn.data.preprocess_options import CardPreprocessOptions
from gtgrn.data.readers import bad_path, columns_of, join_cells, name_genes, read_matrix
from gtgrn.data.store import UNS
from gtgrn.data.value_kinds import LOGGED, NORMALISED
from gtgrn.errors import InputError
from gtgrn.names import IS_REGULATOR

log = logging.getLogger(__name__)

DROPPED = "gtgrn_dropped"
"""Key of `uns` with the names of the genes that were read and not kept."""
DROPPED_CELLS = "gtgrn_dropped_cells"
"""Key of `uns` with the number of cells that express each of them."""


def read_expression(expression: dict, columns: Mapping[str, str] | None = None) -> ad.AnnData:
    """Read the expression matrix that a card names.

    Parameters
    ----------
    expression
        The section `expression` of a card from :func:`gtgrn.config.cards.load_cards`.
    columns
        Further columns of obs to keep, by the key of the card that names each.

    Returns
    -------
    anndata.AnnData
        Cells x genes, float32, dense or CSR as stored; genes sorted by name; `obs` holds the
        columns that the card names, under their own names; `uns["gtgrn"]["source"]` is the
        section of the card. With format ``genes_only`` there are no cells.

    Raises
    ------
    InputError
        If the file is absent, damaged or of another format, a layer or column is missing, a
        gene or cell name occurs twice, or a value contradicts the declared kind of values.
    """
    paths = expression.get("paths") or [expression["path"]]
    asked = {**expression, OBS: columns} if columns else expression
    adata = join_cells({path: read_matrix(Path(path), asked) for path in paths})
    path = ", ".join(map(str, paths))
    obs = named_columns(adata, asked, path)
    adata, named = name_genes(adata, expression, path)
    adata.obs = obs
    left_out = list(adata.uns.get("left_out", []))
    layers = [name for name in adata.uns.get("layers", []) if name != expression.get("layer")]
    only_names = expression["format"] == "genes_only"
    if not only_names and 0 not in adata.shape and expression.get("not_genes") != KEEP:
        adata, odd = leave_out(adata, path)
        left_out += odd
    matrix = as_float32(adata.X, path)
    # As in tables: a blank at the end of a name is not seen, and matches no reference.
    obs, genes = adata.obs, adata.var_names.astype(str).str.strip()
    obs.index = obs.index.str.strip()
    if 0 in matrix.shape and (not only_names or not len(genes)):
        size = f"{matrix.shape[0]} cells x {matrix.shape[1]} genes"
        raise bad_path(f"the matrix is empty: {size}", path, "Give one with cells and genes")
    check_meaning(list(genes), list(obs.index), path, expression, columns_of(adata, "var"))
    check_unique(genes, "gene", path, "Sum or drop the copies, or use identifiers as names")
    check_unique(obs.index, "cell", path, "Make the cell names unique")
    order = np.argsort(genes.to_numpy(str), kind="stable")
    if (order[1:] < order[:-1]).any():
        matrix, genes = matrix[:, order], genes[order]
    source = dict(expression)
    if not only_names:
        # First of all, as nothing can be guessed from values that are missing.
        check_values(matrix, obs.index, genes, expression["values"], path)
        source |= settle_values(matrix, expression, path, layers)
        if source["values"] != expression["values"]:
            check_values(matrix, obs.index, genes, source["values"], path, how="taken as")
    found = {"gene_map_counts": named, "left_out": left_out}
    source |= {key: value for key, value in found.items() if value}
    uns = {UNS: {"source": source}}
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=genes), uns=uns)


def preprocess(
    adata: ad.AnnData,
    *,
    values: str,
    regulators: Sequence[str] | None = None,
    keep: Collection[str] = (),
    beside: Collection[str] = (),
    total_counts: str | None = None,
    seed: int = 0,
    **options: object,
) -> ad.AnnData:
    """Filter, normalise and select genes.

    In this order: cells, genes, normalisation, MAGIC, log1p (each as the values need or as
    asked), genes that change along pseudotime (where asked), variable genes.

    Parameters
    ----------
    adata
        Cells x genes, not changed.
    values
        ``counts`` and ``estimated_counts`` are normalised and logged, ``tpm`` is logged.
    regulators
        Names of the candidate regulators; None makes every gene one.
    keep, beside
        Genes that stay if any cell expresses them; those of `also`, beside the variable ones.
    total_counts
        Column of `obs` with a cell's total over all genes, for a matrix that holds a subset.
    seed, options
        Of MAGIC's principal components; of :class:`CardPreprocessOptions`, but `keep`.

    Returns
    -------
    anndata.AnnData
        X dense float32; `layers["counts"]` of normalised values; `var["is_regulator"]`;
        `uns["gtgrn"]` with source, filters, settings and versions;
        `uns["gtgrn_dropped"]`, names of dropped genes, and their numbers of cells. Genes without
        variance stay: dropping them would change what is evaluated.

    Raises
    ------
    InputError
        If no cell or gene passes, total counts are impossible, or MAGIC has too few cells.
    """
    chosen = make(CardPreprocessOptions, options, field="preprocess")
    magic = magic_settings(chosen.magic)
    adata = adata[:, np.argsort(adata.var_names.to_numpy(str), kind="stable")].copy()
    sizes, measured = {"cells_before": adata.n_obs, "genes_before": adata.n_vars}, adata.var_names
    adata, n_cells = _filtered(adata, chosen, keep)
    sizes |= {"cells_after": adata.n_obs, "genes_after": adata.n_vars}
    _transform(adata, values, chosen, magic, total_counts, seed)
    adata, variance = _along_pseudotime(adata, chosen.significance, seed)
    if variance is not None:
        sizes["genes_significant"] = adata.n_vars
    adata = _chosen_genes(adata, chosen.n_top_genes, regulators, {*keep, *beside}, variance)
    sizes |= {"genes_kept": adata.n_vars, "regulators_kept": int(adata.var[IS_REGULATOR].sum())}
    n_cells = n_cells[measured.difference(adata.var_names)]
    adata.uns |= {DROPPED: n_cells.index.to_numpy(str), DROPPED_CELLS: n_cells.to_numpy(int)}
    _record(adata, chosen, sizes, magic, keep, values=values, total_counts=total_counts, seed=seed)
    return adata


def _chosen_genes(
    adata: ad.AnnData,
    n_top_genes: int | None,
    regulators: Sequence[str] | None,
    keep: Collection[str],
    variance: np.ndarray | None,
) -> ad.AnnData:
    """Mark the regulators, keep them and the most variable of the other genes, dense."""
    known = adata.var_names if regulators is None else regulators
    adata.var[IS_REGULATOR] = adata.var_names.isin(known)
    if n_top_genes is not None:
        always = adata.var[IS_REGULATOR].to_numpy() & (regulators is not None)
        always |= adata.var_names.isin(list(keep))
        adata = adata[:, variable_genes(adata, n_top_genes, always, variance)].copy()
    # Dense from here on: before, a sparse matrix of all genes may be all that fits into memory.
    if sparse.issparse(adata.X):
        adata.X = adata.X.toarray()
    return adata


def _filtered(
    adata: ad.AnnData, options: CardPreprocessOptions, keep: Collection[str]
) -> tuple[ad.AnnData, pd.Series]:
    """Drop cells with few genes, then genes with few cells; return each gene's cells beside.

    A list of genes has no cells, and nothing is dropped.
    """
    if adata.n_obs:
        adata = filter_cells(adata, options.min_genes_per_cell)
        n_cells = count_cells(adata)
        needed = cells_needed(adata.n_obs, options.min_cells_fraction, options.min_cells)
        return filter_genes(adata, n_cells, needed, keep), n_cells
    if options.n_top_genes is not None:
        raise InputError(
            "there is no expression to find the most variable genes by",
            field="preprocess.n_top_genes",
            remedy="Set it to null in the card's section preprocess",
        )
    return adata, pd.Series(0, adata.var_names)


def _transform(
    adata: ad.AnnData,
    values: str,
    options: CardPreprocessOptions,
    magic: dict | None,
    total_counts: str | None,
    seed: int,
) -> None:
    """Normalise, impute and log the values, in place, as they need or as asked."""
    if values in NORMALISED:
        adata.layers["counts"] = adata.X.copy()
        normalise(adata, options.target_sum, total_counts)
    matrix = adata.X
    if sparse.issparse(matrix) and (magic is not None or options.significance is not None):
        matrix = matrix.toarray()
    if magic is not None:
        matrix = impute(matrix, magic, seed)
    if values in LOGGED:
        matrix = matrix.log1p() if sparse.issparse(matrix) else np.log1p(matrix)
    adata.X = matrix


def _along_pseudotime(
    adata: ad.AnnData, significance: dict | None, seed: int
) -> tuple[ad.AnnData, np.ndarray | None]:
    """Keep the genes that change along pseudotime, where asked; return their variances beside."""
    if significance is None:
        return adata, None
    ordering = find_ordering(adata, significance, seed)
    passed = significant_genes(ordering, adata.var_names, significance.get("p_value", 0.01))
    adata = adata[:, adata.var_names.isin(passed)].copy()
    return adata, ordering.loc[adata.var_names, VARIANCE].to_numpy()


def _record(
    adata: ad.AnnData,
    options: CardPreprocessOptions,
    sizes: dict[str, int],
    magic: dict | None,
    keep: Collection[str],
    *,
    values: str,
    total_counts: str | None,
    seed: int,
) -> None:
    """Log what the filters did, and put it and the settings into `uns`."""
    log.info("filters: %s", ", ".join(f"{key} {value}" for key, value in sizes.items()))
    constant = int((np.ptp(adata.X, axis=0) == 0).sum()) if adata.n_obs else 0
    if constant:
        log.warning("%d genes are constant over the cells: they stay, but say nothing", constant)
    settings = {
        "values": values,
        "min_cells_fraction": _or_auto(options.min_cells_fraction),
        "min_genes_per_cell": int(options.min_genes_per_cell),
        "target_sum": float(options.target_sum),
        "total_counts": total_counts or "",
        "magic": magic or "off",
        "significance": options.significance or "off",
        "n_top_genes": "all" if options.n_top_genes is None else int(options.n_top_genes),
        "seed": int(seed),
    }
    # Stated where used, so that older results stay what they are.
    settings |= {"min_cells": int(options.min_cells)} if options.min_cells else {}
    settings |= {"kept_genes": len(set(keep))} if keep else {}
    settings |= {"also": ", ".join(options.also)} if options.also else {}
    packages = ["anndata", "numpy", "scanpy", *(["magic-impute"] if magic else [])]
    adata.uns[UNS] = {
        **adata.uns.get(UNS, {}),
        "filters": sizes,
        "settings": settings,
        "versions": {name: version(name) for name in packages},
    }


def _or_auto(value: float | None) -> float | str:
    """Return a setting as it is recorded: h5ad has no None."""
    return "auto" if value is None else float(value)
