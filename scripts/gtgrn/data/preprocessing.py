"""Expression matrices: reading by a card, checks of names and values, and preprocessing.

Genes are sorted by name on reading, so that their order in the file never matters.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.data.gene_selection import VARIANCE, find_ordering, significant_genes
from gtgrn.data.readers import (
    AUTO,
    CONTINUOUS,
    COUNTS,
    LOGNORM,
    READERS,
    bad_path,
    join_cells,
    name_genes,
)
from gtgrn.data.store import UNS
from gtgrn.errors import InputError
from gtgrn.names import IS_REGULATOR

log = logging.getLogger(__name__)

LARGEST_LOG = 25.0
BLOCK = 10_000
"""Cells of a sparse matrix that are worked on at a time."""

DROPPED = "gtgrn_dropped"
"""Key of `uns` with the names of the genes that were read and not kept."""

MAGIC_DEFAULTS = {"knn": 5, "knn_max": 15, "decay": 1, "t": 3, "n_pca": 100}
"""Defaults of magic-impute 3.0.0, stated because a later version may change them."""

Matrix = np.ndarray | sparse.csr_matrix


def read_expression(expression: dict) -> ad.AnnData:
    """Read the expression matrix that a card names.

    Parameters
    ----------
    expression
        The section `expression` of a card from :func:`gtgrn.config.cards.load_cards`.

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
    read, paths = READERS[expression["format"]], expression.get("paths") or [expression["path"]]
    adata = join_cells({path: read(Path(path), expression) for path in paths})
    path = ", ".join(map(str, paths))
    obs = _named_columns(adata.obs, expression, path)
    adata, named = name_genes(adata, expression, path)
    matrix, genes = _as_float32(adata.X), adata.var_names.astype(str)
    if 0 in matrix.shape and (expression["format"] != "genes_only" or not len(genes)):
        size = f"{matrix.shape[0]} cells x {matrix.shape[1]} genes"
        raise bad_path(f"the matrix is empty: {size}", path, "Give one with cells and genes")
    _check_unique(genes, "gene", path, "Sum or drop the copies, or use identifiers as names")
    _check_unique(obs.index, "cell", path, "Make the cell names unique")
    order = np.argsort(genes.to_numpy(str), kind="stable")
    if (order[1:] < order[:-1]).any():
        matrix, genes = matrix[:, order], genes[order]
    source = dict(expression)
    if expression["format"] != "genes_only":
        # First of all, as nothing can be guessed from values that are missing.
        _check_values(matrix, obs.index, genes, expression["values"], path)
        likely = detect_values(matrix)
        if expression["values"] == AUTO:
            source |= {"values": likely, "values_detected": True}
            log.warning(
                "%s: the values look like %s and are taken as such; set expression.values in "
                "the card if they are not", path, likely,
            )  # fmt: skip
        if likely != expression["values"] == LOGNORM:
            log.warning(
                "%s: declared lognorm, but the values look like %s (largest %g): correct "
                "expression.values if they are", path, likely, matrix.max(),
            )  # fmt: skip
    uns = {UNS: {"source": source | ({"gene_map_counts": named} if named else {})}}
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=genes), uns=uns)


def detect_values(matrix: Matrix) -> str:
    """Guess what values are from the values alone.

    Parameters
    ----------
    matrix
        Cells x genes, finite.

    Returns
    -------
    str
        ``counts`` if all are whole and one is above 1, ``continuous`` if one is negative or
        above 25 (no cell has e^25 molecules, so such values are on no log scale), else
        ``lognorm``. A guess, for warnings only: the card decides.
    """
    stored = matrix.data if sparse.issparse(matrix) else matrix
    if not stored.size or stored.min() < 0:
        return CONTINUOUS
    if stored.max() > 1 and (stored == np.rint(stored)).all():
        return COUNTS
    return CONTINUOUS if stored.max() > LARGEST_LOG else LOGNORM


def preprocess(
    adata: ad.AnnData,
    *,
    values: str,
    min_cells_fraction: float = 0.0,
    min_genes_per_cell: int = 0,
    target_sum: float = 1e4,
    magic: dict | bool | None = None,
    significance: dict | None = None,
    n_top_genes: int | None = None,
    regulators: Sequence[str] | None = None,
    total_counts: str | None = None,
    seed: int = 0,
) -> ad.AnnData:
    """Filter, normalise and select genes.

    In this order: cells by expressed genes, genes by the fraction of the remaining cells,
    normalisation (counts only), MAGIC, log1p (counts only), genes that change along pseudotime
    (where asked), selection of variable genes.

    Parameters
    ----------
    adata
        Cells x genes from :func:`read_expression`; it is not changed.
    values
        ``counts``, or ``lognorm`` or ``continuous``, which are neither normalised nor logged.
    min_cells_fraction
        Keep genes expressed (not 0) in at least this fraction of the cells.
    min_genes_per_cell
        Keep cells that express at least this many genes.
    target_sum
        Total of each cell after normalisation.
    magic
        Settings of MAGIC (knn, knn_max, decay, t, n_pca), True for the published ones, None
        or False for no imputation. Imputation inflates correlations (PMC8848013).
    significance
        Keep the genes, regulators too, that change along pseudotime, as BEELINE does: the keys
        of :func:`gtgrn.data.gene_selection.find_ordering` and ``p_value`` (0.01, before the Bonferroni
        correction). Genes are then ranked by the variances that come with the p-values. None
        keeps all genes.
    n_top_genes
        Keep all regulators that passed the filters and this many other genes, those with the
        largest variance of X, ties by name. None keeps all genes.
    regulators
        Names of the candidate regulators. None makes every gene one; `n_top_genes` then
        counts all genes.
    total_counts
        Column of `obs` with a cell's total over all genes, the size factor where the matrix
        holds a subset of them. None uses the sum over the genes that passed.
    seed
        Seed of MAGIC's randomised principal components.

    Returns
    -------
    anndata.AnnData
        X dense float32; `layers["counts"]` where values are counts; `var["is_regulator"]`;
        `uns["gtgrn"]` with source, filters (numbers before and after), settings and versions;
        `uns["gtgrn_dropped"]` with the names of the genes that were dropped.
        Genes without variance stay, because dropping them would change what is evaluated.

    Raises
    ------
    InputError
        If no cell or gene passes, total counts are impossible, or MAGIC has too few cells.
    """
    magic = _magic_settings(magic)
    adata = adata[:, np.argsort(adata.var_names.to_numpy(str), kind="stable")].copy()
    sizes = {"cells_before": adata.n_obs, "genes_before": adata.n_vars}
    measured = adata.var_names
    if adata.n_obs:
        adata = _filter(adata, min_cells_fraction, min_genes_per_cell)
    elif n_top_genes is not None:
        raise InputError(
            "there is no expression to find the most variable genes by",
            field="preprocess.n_top_genes",
            remedy="Set it to null in the card's section preprocess",
        )
    sizes |= {"cells_after": adata.n_obs, "genes_after": adata.n_vars}
    if values == COUNTS:
        adata.layers["counts"] = adata.X.copy()
        _normalise(adata, target_sum, total_counts)
    matrix = adata.X
    if sparse.issparse(matrix) and (magic is not None or significance is not None):
        matrix = matrix.toarray()
    if magic is not None:
        matrix = _impute(matrix, magic, seed)
    if values == COUNTS:
        matrix = matrix.log1p() if sparse.issparse(matrix) else np.log1p(matrix)
    adata.X = matrix
    variance = None
    if significance is not None:
        ordering = find_ordering(adata, significance, seed)
        passed = significant_genes(ordering, adata.var_names, significance.get("p_value", 0.01))
        adata = adata[:, adata.var_names.isin(passed)].copy()
        variance = ordering.loc[adata.var_names, VARIANCE].to_numpy()
        sizes["genes_significant"] = adata.n_vars
    known = adata.var_names if regulators is None else regulators
    adata.var[IS_REGULATOR] = adata.var_names.isin(known)
    if n_top_genes is not None:
        always = adata.var[IS_REGULATOR].to_numpy() & (regulators is not None)
        adata = adata[:, _variable_genes(adata, n_top_genes, always, variance)].copy()
    # Dense from here on: before, a sparse matrix of all genes may be all that fits into memory.
    if sparse.issparse(adata.X):
        adata.X = adata.X.toarray()
    sizes |= {"genes_kept": adata.n_vars, "regulators_kept": int(adata.var[IS_REGULATOR].sum())}
    log.info("filters: %s", ", ".join(f"{key} {value}" for key, value in sizes.items()))
    constant = int((np.ptp(adata.X, axis=0) == 0).sum()) if adata.n_obs else 0
    if constant:
        log.warning("%d genes are constant over the cells: they stay, but say nothing", constant)
    settings = {
        "values": values,
        "min_cells_fraction": float(min_cells_fraction),
        "min_genes_per_cell": int(min_genes_per_cell),
        "target_sum": float(target_sum),
        "total_counts": total_counts or "",
        "magic": magic or "off",
        "significance": significance or "off",
        "n_top_genes": "all" if n_top_genes is None else int(n_top_genes),
        "seed": int(seed),
    }
    packages = ["anndata", "numpy", "scanpy", *(["magic-impute"] if magic else [])]
    adata.uns[UNS] = {
        **adata.uns.get(UNS, {}),
        "filters": sizes,
        "settings": settings,
        "versions": {name: version(name) for name in packages},
    }
    adata.uns[DROPPED] = measured.difference(adata.var_names).to_numpy(str)
    return adata


def _named_columns(obs: pd.DataFrame, expression: dict, path: str) -> pd.DataFrame:
    """Keep the columns of `obs` that the card names."""
    columns = []
    for key in ("total_counts", "cell_type"):
        if key not in expression:
            continue
        if expression[key] not in obs:
            raise InputError(
                f"obs has no column '{expression[key]}'",
                file=path,
                field=f"expression.{key}",
                remedy=f"Name one of {', '.join(map(str, obs.columns)) or '(none)'}, or remove it",
            )
        columns.append(expression[key])
    obs = obs[list(dict.fromkeys(columns))].copy()
    obs.index = obs.index.astype(str).rename(None)
    return obs


def _as_float32(matrix: object) -> Matrix:
    if sparse.issparse(matrix):
        matrix = sparse.csr_matrix(matrix, dtype=np.float32)
        matrix.sum_duplicates()
        return matrix
    return np.asarray(matrix, dtype=np.float32)


def _check_unique(names: pd.Index, kind: str, path: str, remedy: str) -> None:
    twice = sorted(set(names[names.duplicated()]))
    if twice:
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise bad_path(
            f"{kind} names that occur more than once: {', '.join(twice[:3])}{more}", path, remedy
        )
    if (names == "").any():
        raise bad_path(f"a {kind} has no name", path, f"Name every {kind}")


def _check_values(
    matrix: Matrix, cells: pd.Index, genes: pd.Index, values: str, path: str
) -> None:
    """Check that the values can be what the card declares; name the first that cannot."""
    rules = [(lambda x: ~np.isfinite(x), "missing or infinite", "Fill or drop it")]
    if values in (COUNTS, LOGNORM):
        rules.append((lambda x: x < 0, "negative", "Declare 'continuous', or correct the file"))
    if values == COUNTS:
        remedy = "Declare 'lognorm' or 'continuous', name the layer of the counts, or round"
        rules.append((lambda x: x != np.rint(x), "not a whole number", remedy))
    stored = matrix.data if sparse.issparse(matrix) else matrix
    for is_bad, problem, remedy in rules:
        bad = is_bad(stored)
        if not bad.any():
            continue
        if sparse.issparse(matrix):
            first = np.flatnonzero(bad)[0]
            row = np.searchsorted(matrix.indptr, first, side="right") - 1
            column = matrix.indices[first]
        else:
            row, column = np.argwhere(bad)[0]
        raise InputError(
            f"declared {values}, but {bad.sum()} values are {problem}, the first "
            f"{matrix[row, column]:g} (cell '{cells[row]}', gene '{genes[column]}')",
            file=path,
            field="expression.values",
            remedy=remedy,
        )


def _magic_settings(magic: dict | bool | None) -> dict | None:
    if magic is None or magic is False:
        return None
    return MAGIC_DEFAULTS | ({} if magic is True else magic)


def _filter(adata: ad.AnnData, min_cells_fraction: float, min_genes_per_cell: int) -> ad.AnnData:
    n_genes = np.asarray((adata.X != 0).sum(axis=1)).ravel()
    if (n_genes < min_genes_per_cell).all():
        raise InputError(
            f"no cell expresses {min_genes_per_cell} genes (the best expresses {n_genes.max()})",
            field="preprocess.min_genes_per_cell",
            remedy="Lower it in the card's section preprocess",
        )
    adata = adata[n_genes >= min_genes_per_cell]
    n_cells = np.asarray((adata.X != 0).sum(axis=0)).ravel()
    # Without the rounding, 0.07 of 100 cells would ask for more than 7.
    needed = math.ceil(round(min_cells_fraction * adata.n_obs, 6))
    if (n_cells < needed).all():
        raise InputError(
            f"no gene is expressed in {needed} cells (the best is in {n_cells.max()})",
            field="preprocess.min_cells_fraction",
            remedy="Lower it in the card's section preprocess",
        )
    return adata[:, n_cells >= needed].copy()


def _normalise(adata: ad.AnnData, target_sum: float, total_counts: str | None) -> None:
    """Scale each cell to the same total, in place; a cell without counts stays as it is."""
    sums = np.asarray(adata.X.sum(axis=1, dtype=float)).ravel()
    totals = np.where(sums > 0, sums, target_sum)
    if total_counts is not None:
        totals = pd.to_numeric(adata.obs[total_counts], errors="coerce").to_numpy(float)
        wrong = ~(np.isfinite(totals) & (totals > 0) & (totals >= sums * (1 - 1e-6)))
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{wrong.sum()} cells have an impossible total, the first "
                f"'{adata.obs_names[first]}': {adata.obs[total_counts].iloc[first]} for a sum of "
                f"{sums[first]:g} over its genes",
                field="expression.total_counts",
                remedy="Name the column with each cell's total over all genes, or remove the key",
            )
    adata.X = sparse.diags_array((target_sum / totals).astype(np.float32)) @ adata.X


def _impute(matrix: np.ndarray, settings: dict, seed: int) -> np.ndarray:
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


def _variable_genes(
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
