"""Steps of preprocessing: filters, normalisation, imputation and the most variable genes."""

from __future__ import annotations

import math
from collections.abc import Collection

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.data.store import UNS
from gtgrn.errors import InputError
from gtgrn.tables import as_numbers

BLOCK = 10_000
"""Cells of a sparse matrix that are worked on at a time."""

FEWEST_CELLS = 10
"""Cells that must express a gene by default, and the part of few cells: a tenth."""

MAGIC_DEFAULTS = {"knn": 5, "knn_max": 15, "decay": 1, "t": 3, "n_pca": 100}
"""Defaults of magic-impute 3.0.0, stated because a later version may change them."""

Matrix = np.ndarray | sparse.csr_matrix


def magic_settings(magic: dict | bool | None) -> dict | None:
    """Return the settings of MAGIC with its defaults filled in; None where it is off."""
    if magic is None or magic is False:
        return None
    return MAGIC_DEFAULTS | ({} if magic is True else magic)


def cells_needed(n_cells: int, fraction: float | None, least: int | None) -> int:
    """Return in how many cells a gene must be expressed to stay.

    Parameters
    ----------
    n_cells
        Number of cells.
    fraction, least
        The options min_cells_fraction and min_cells. Without either, ten cells, or a tenth of
        the cells where that is fewer: a share of the cells drops the genes of rare cells, and
        the more cells are measured, the less it says that a gene is too rare to tell anything.
    """
    if fraction is None and least is None:
        return min(FEWEST_CELLS, math.ceil(n_cells / FEWEST_CELLS))
    # Without the rounding, 0.07 of 100 cells would ask for more than 7.
    return max(math.ceil(round((fraction or 0) * n_cells, 6)), least or 0)


def _file_of(adata: ad.AnnData) -> str | None:
    """Return the file that a matrix was read from, for messages."""
    source = adata.uns.get(UNS, {}).get("source", {})
    return source.get("path") or ", ".join(source.get("paths", [])) or None


def filter_cells(adata: ad.AnnData, min_genes_per_cell: int) -> ad.AnnData:
    """Keep the cells that express enough genes."""
    n_genes = np.asarray((adata.X != 0).sum(axis=1)).ravel()
    if (n_genes < min_genes_per_cell).all():
        raise InputError(
            f"no cell expresses {min_genes_per_cell} genes (the best expresses {n_genes.max()})",
            file=_file_of(adata),
            field="preprocess.min_genes_per_cell",
            remedy="Lower it in the card's section preprocess; 0 keeps every cell",
        )
    return adata[n_genes >= min_genes_per_cell]


def count_cells(adata: ad.AnnData) -> pd.Series:
    """Return in how many cells each gene is expressed."""
    return pd.Series(np.asarray((adata.X != 0).sum(axis=0)).ravel(), adata.var_names)


def filter_genes(
    adata: ad.AnnData, n_cells: pd.Series, needed: int, keep: Collection[str] = ()
) -> ad.AnnData:
    """Keep the genes that enough cells express, and those to keep that any cell expresses."""
    if (n_cells < needed).all():
        raise InputError(
            f"no gene is expressed in {needed} cells (the best is in {n_cells.max()})",
            file=_file_of(adata),
            field="preprocess.min_cells_fraction",
            remedy="Lower it (or min_cells) in the card's section preprocess; 0 keeps every gene",
        )
    wanted = adata.var_names.isin(list(keep)) & (n_cells > 0).to_numpy()
    return adata[:, (n_cells >= needed).to_numpy() | wanted].copy()


def normalise(adata: ad.AnnData, target_sum: float, total_counts: str | None) -> None:
    """Scale each cell to the same total, in place; a cell without counts stays as it is."""
    sums = np.asarray(adata.X.sum(axis=1, dtype=float)).ravel()
    totals = np.where(sums > 0, sums, target_sum)
    if total_counts is not None:
        totals = as_numbers(adata.obs[total_counts]).to_numpy(float)
        wrong = ~(np.isfinite(totals) & (totals > 0) & (totals >= sums * (1 - 1e-6)))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{wrong.sum()} cells have an impossible total, the first "
                f"'{adata.obs_names[first]}': {adata.obs[total_counts].iloc[first]} for a sum of "
                f"{sums[first]:g} over its genes",
                file=_file_of(adata),
                field="expression.total_counts",
                remedy="Name the column with each cell's total over all genes, or remove the key",
            )
    adata.X = sparse.diags_array((target_sum / totals).astype(np.float32)) @ adata.X


def impute(matrix: np.ndarray, settings: dict, seed: int) -> np.ndarray:
    """Impute with MAGIC (van Dijk et al. 2018; package magic-impute)."""
    if len(matrix) <= settings["knn_max"] + 1:
        raise InputError(
            f"MAGIC with knn_max {settings['knn_max']} needs more cells than {len(matrix)}",
            field="preprocess.magic",
            remedy="Lower knn_max or switch MAGIC off",
        )
    # Imported here: it takes seconds and pulls in plotting, and is seldom used.
    from magic import MAGIC

    operator = MAGIC(**settings, random_state=seed, n_jobs=1, verbose=0)
    return operator.fit_transform(matrix).astype(np.float32)


def variable_genes(
    adata: ad.AnnData, n_top: int, always: np.ndarray, variance: np.ndarray | None
) -> np.ndarray:
    """Return the positions, ascending, of the genes to keep."""
    if variance is None:
        variance = _variance(adata.X)
    # Positions are in the order of names, so that a stable sort breaks ties by name.
    ranking = np.argsort(-variance, kind="stable")
    chosen = [position for position in ranking if not always[position]][:n_top]
    return np.sort(np.concatenate([np.flatnonzero(always), np.array(chosen, dtype=int)]))


def _variance(matrix: Matrix) -> np.ndarray:
    """Return each gene's variance (with n); of a sparse matrix without making it dense."""
    if not sparse.issparse(matrix):
        return matrix.var(axis=0, dtype=float)
    cells, genes = matrix.shape
    mean = np.asarray(matrix.sum(axis=0, dtype=float)).ravel() / cells
    squares = np.zeros(genes)
    stored = np.zeros(genes)
    # By blocks of cells: the squares are float64, twice the size of the matrix.
    for start in range(0, cells, BLOCK):
        block = matrix[start : start + BLOCK]
        deviation = block.data.astype(float) - mean[block.indices]
        squares += np.bincount(block.indices, deviation**2, genes)
        stored += np.bincount(block.indices, minlength=genes)
    return (squares + (cells - stored) * mean**2) / cells
