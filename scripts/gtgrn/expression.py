"""Expression matrices: the one reader of every supported format, and preprocessing.

Genes are sorted by name on reading, so that their order in the file never matters.
"""

from __future__ import annotations

import csv
import gzip
import logging
import math
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.cards import check_ships_with_scanpy
from gtgrn.errors import InputError
from gtgrn.files import atomic_path

log = logging.getLogger(__name__)

COUNTS, LOGNORM, CONTINUOUS = "counts", "lognorm", "continuous"
IS_REGULATOR = "is_regulator"
UNS = "gtgrn"
"""Key of `uns` under which source, filters, settings and versions are recorded."""

MAGIC_DEFAULTS = {"knn": 5, "knn_max": 15, "decay": 1, "t": 3, "n_pca": 100}
"""Defaults of magic-impute 3.0.0, stated because a later version may change them."""

Matrix = np.ndarray | sparse.csr_matrix

UNREADABLE = (
    OSError, EOFError, zlib.error, csv.Error, LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip
"""What scanpy, anndata and h5py raise on a file that is damaged or of another kind."""


def read_expression(expression: dict) -> ad.AnnData:
    """Read the expression matrix that a card names.

    Parameters
    ----------
    expression
        The section `expression` of a card from :func:`gtgrn.cards.load_cards`.

    Returns
    -------
    anndata.AnnData
        Cells x genes, float32, dense or CSR as stored; genes sorted by name; `obs` holds the
        columns that the card names, under their own names; `uns["gtgrn"]["source"]` is the
        section of the card.

    Raises
    ------
    InputError
        If the file is absent, damaged or of another format, a layer or column is missing, a
        gene or cell name occurs twice, or a value contradicts the declared kind of values.
    """
    path = Path(expression["path"])
    adata = READERS[expression["format"]](path, expression)
    obs = _named_columns(adata.obs, expression, path)
    matrix, genes = _as_float32(adata.X), adata.var_names.astype(str)
    if 0 in matrix.shape:
        size = f"{matrix.shape[0]} cells x {matrix.shape[1]} genes"
        raise _bad_path(f"the matrix is empty: {size}", path, "Give one with cells and genes")
    _check_unique(genes, "gene", path, "Sum or drop the copies, or use identifiers as names")
    _check_unique(obs.index, "cell", path, "Make the cell names unique")
    order = np.argsort(genes.to_numpy(str), kind="stable")
    matrix, genes = matrix[:, order], genes[order]
    _check_values(matrix, obs.index, genes, expression["values"], path)
    uns = {UNS: {"source": dict(expression)}}
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=genes), uns=uns)


def preprocess(
    adata: ad.AnnData,
    *,
    values: str,
    min_cells_fraction: float = 0.0,
    min_genes_per_cell: int = 0,
    target_sum: float = 1e4,
    magic: dict | bool | None = None,
    n_top_genes: int | None = None,
    regulators: Sequence[str] | None = None,
    total_counts: str | None = None,
    seed: int = 0,
) -> ad.AnnData:
    """Filter, normalise and select genes.

    In this order: cells by expressed genes, genes by the fraction of the remaining cells,
    normalisation (counts only), MAGIC, log1p (counts only), selection of variable genes.

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
        `uns["gtgrn"]` with source, filters (numbers before and after), settings and versions.
        Genes without variance stay, because dropping them would change what is evaluated.

    Raises
    ------
    InputError
        If no cell or gene passes, total counts are impossible, or MAGIC has too few cells.
    """
    magic = _magic_settings(magic)
    adata = adata[:, np.argsort(adata.var_names.to_numpy(str), kind="stable")].copy()
    sizes = {"cells_before": adata.n_obs, "genes_before": adata.n_vars}
    adata = _filter(adata, min_cells_fraction, min_genes_per_cell)
    sizes |= {"cells_after": adata.n_obs, "genes_after": adata.n_vars}
    if values == COUNTS:
        adata.layers["counts"] = adata.X.copy()
        _normalise(adata, target_sum, total_counts)
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    if magic is not None:
        matrix = _impute(matrix, magic, seed)
    adata.X = np.log1p(matrix) if values == COUNTS else matrix
    known = adata.var_names if regulators is None else regulators
    adata.var[IS_REGULATOR] = adata.var_names.isin(known)
    if n_top_genes is not None:
        always = adata.var[IS_REGULATOR].to_numpy() & (regulators is not None)
        adata = adata[:, _variable_genes(adata, n_top_genes, always)].copy()
    sizes |= {"genes_kept": adata.n_vars, "regulators_kept": int(adata.var[IS_REGULATOR].sum())}
    log.info("filters: %s", ", ".join(f"{key} {value}" for key, value in sizes.items()))
    constant = int((np.ptp(adata.X, axis=0) == 0).sum())
    if constant:
        log.warning("%d genes are constant over the cells: they stay, but say nothing", constant)
    settings = {
        "values": values,
        "min_cells_fraction": float(min_cells_fraction),
        "min_genes_per_cell": int(min_genes_per_cell),
        "target_sum": float(target_sum),
        "total_counts": total_counts or "",
        "magic": magic or "off",
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
    return adata


def write_expression(adata: ad.AnnData, path: str | Path) -> None:
    """Write an expression matrix as h5ad, atomically and always with the same bytes."""
    with atomic_path(path) as temporary:
        adata.write_h5ad(temporary, compression="gzip")


def read_preprocessed(path: str | Path) -> ad.AnnData:
    """Read what :func:`preprocess` made and :func:`write_expression` wrote.

    Raises
    ------
    InputError
        If the file is absent, damaged or was not made by this workflow.
    """
    path, remedy = Path(path), "Remove the file and let the rule preprocess make it again"
    with _reading(path, "h5ad", None, remedy):
        adata = ad.read_h5ad(path)
    if IS_REGULATOR not in adata.var or UNS not in adata.uns or adata.X is None:
        raise InputError(
            "not made by this workflow", file=path, field=f"var.{IS_REGULATOR}", remedy=remedy
        )
    adata.uns[UNS] = _plain(adata.uns[UNS])
    return adata


# Readers: each gives an AnnData whose X holds the values the card speaks of.


def _read_h5ad(path: Path, expression: dict) -> ad.AnnData:
    layer = expression.get("layer")
    with _reading(path, "h5ad"):
        adata = ad.read_h5ad(path)
    if layer == "raw" and adata.raw is not None:
        return ad.AnnData(adata.raw.X, obs=adata.obs, var=pd.DataFrame(index=adata.raw.var_names))
    if layer in adata.layers:
        adata.X = adata.layers[layer]
    elif layer or adata.X is None:
        there = [*adata.layers, *(["raw"] if adata.raw is not None else [])]
        raise InputError(
            f"the file has no layer '{layer}'" if layer else "the file has no X",
            file=path,
            field="expression.layer",
            remedy=f"Name one of its layers ({', '.join(there) or 'none'}), or none to use X",
        )
    return adata


def _read_10x(path: Path, expression: dict) -> ad.AnnData:
    """Read a 10x matrix; join the identifier to a symbol that several of its genes share.

    Every 10x annotation has such symbols. A reference that names one cannot mean either gene
    for sure, so neither keeps the bare symbol.
    """
    # Imported where it is needed: it takes seconds, and most jobs only read our own files.
    import scanpy as sc

    form = expression["format"]
    with _reading(path, form), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variable names are not unique", UserWarning)
        if form == "10x_mtx":
            adata = sc.read_10x_mtx(path, make_unique=False)
        else:
            adata = sc.read_10x_h5(path)
    names = pd.Series(adata.var_names.astype(str))
    shared = names.duplicated(keep=False).to_numpy()
    if shared.any():
        log.warning(
            "%s: %d genes share their symbol with another, such as %s; they are now called "
            "symbol_identifier", path, shared.sum(), names[shared].iloc[0],
        )  # fmt: skip
        names[shared] = names[shared] + "_" + adata.var["gene_ids"].to_numpy(str)[shared]
    adata.var_names = names.to_numpy()
    return adata


def _read_table(path: Path, expression: dict) -> ad.AnnData:
    sep = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    opener = gzip.open if path.suffix == ".gz" else open
    with _reading(path, "table"):
        with opener(path, "rt", encoding="utf-8-sig", newline="") as handle:
            header = next(csv.reader(handle, delimiter=sep), [])
        # The names of rows go through `str`, because a gene may be called NA or 1e5.
        frame = pd.read_csv(
            path, sep=sep, header=None, skiprows=1, converters={0: str}, low_memory=False
        )
    # R's write.table leaves out the name of the column of row names.
    columns = header if len(header) == frame.shape[1] - 1 else header[1:]
    if len(columns) != frame.shape[1] - 1 or not columns:
        raise _bad_path(
            f"the header has {len(header)} names, the first row {frame.shape[1]} fields",
            path,
            "Separate by commas in .csv, by tabs else; a row needs as many fields as the header",
        )
    rows, body = frame[0].to_numpy(), frame.iloc[:, 1:]
    _check_numeric(body, rows, columns, path)
    matrix = body.to_numpy(np.float32)
    if expression["orientation"] == "genes_by_cells":
        matrix, rows, columns = np.ascontiguousarray(matrix.T), columns, rows
    return ad.AnnData(matrix, obs=pd.DataFrame(index=rows), var=pd.DataFrame(index=columns))


def _check_numeric(body: pd.DataFrame, rows: np.ndarray, columns: list, path: Path) -> None:
    for position, kind in enumerate(body.dtypes):
        if kind not in (object, bool):
            continue
        column = body.iloc[:, position].astype(object)
        bad = column.notna() & pd.to_numeric(column.astype(str), errors="coerce").isna()
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            where = f"row '{rows[first]}', column '{columns[position]}'"
            raise _bad_path(
                f"{where}: '{column.iloc[first]}' is not a number",
                path,
                "Only the first row and the first column may be names",
            )


def _read_scanpy(path: Path, expression: dict) -> ad.AnnData:
    import scanpy as sc

    name = str(path)
    check_ships_with_scanpy(name)
    with warnings.catch_warnings():
        # The file was written by an old anndata; nothing a user could do.
        warnings.simplefilter("ignore")
        adata = getattr(sc.datasets, name)()
    matrix = sparse.csr_matrix(adata.raw.X)
    if expression["values"] == COUNTS:
        matrix = _recover_counts(matrix, adata.obs["n_counts"].to_numpy(float), name)
    return ad.AnnData(matrix, obs=adata.obs, var=pd.DataFrame(index=adata.raw.var_names))


def _recover_counts(lognorm: sparse.csr_matrix, totals: np.ndarray, name: str):
    """Undo log1p(counts / total * 1e4); the values are rounded to 3 decimals, counts are whole."""
    scale = np.repeat(totals, np.diff(lognorm.indptr)) / 1e4
    counts = lognorm.copy()
    counts.data = np.rint(np.expm1(lognorm.data.astype(float)) * scale)
    if np.abs(np.log1p(counts.data / scale) - lognorm.data).max() > 2e-3:
        raise _bad_path(
            "its values do not follow from whole counts",
            f"scanpy.datasets.{name}",
            "Install the locked scanpy, or declare 'values: lognorm'",
        )
    counts.eliminate_zeros()
    return counts


READERS: dict[str, Callable[[Path, dict], ad.AnnData]] = {
    "h5ad": _read_h5ad,
    "10x_mtx": _read_10x,
    "10x_h5": _read_10x,
    "table": _read_table,
    "scanpy": _read_scanpy,
}


@contextmanager
def _reading(
    path: Path,
    kind: str,
    field: str | None = "expression.path",
    remedy: str = "Fetch or make it again, or correct expression.format",
) -> Iterator[None]:
    """Turn what a reader raises on an absent or damaged file into one line."""
    if not path.exists():
        raise InputError("not found", file=path, field=field, remedy="Check the path")
    try:
        yield
    except UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        problem = f"not a readable {kind} ({reason})"
        raise InputError(problem, file=path, field=field, remedy=remedy) from error


def _bad_path(problem: str, path: object, remedy: str) -> InputError:
    return InputError(problem, file=path, field="expression.path", remedy=remedy)


def _named_columns(obs: pd.DataFrame, expression: dict, path: Path) -> pd.DataFrame:
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


def _check_unique(names: pd.Index, kind: str, path: Path, remedy: str) -> None:
    twice = sorted(set(names[names.duplicated()]))
    if twice:
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise _bad_path(
            f"{kind} names that occur more than once: {', '.join(twice[:3])}{more}", path, remedy
        )
    if (names == "").any():
        raise _bad_path(f"a {kind} has no name", path, f"Name every {kind}")


def _check_values(
    matrix: Matrix, cells: pd.Index, genes: pd.Index, values: str, path: Path
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


def _variable_genes(adata: ad.AnnData, n_top: int, always: np.ndarray) -> np.ndarray:
    """Give the positions, ascending, of the genes to keep."""
    variance = adata.X.var(axis=0, dtype=float)
    # Positions are in the order of names, so that a stable sort breaks ties by name.
    ranking = np.argsort(-variance, kind="stable")
    chosen = [position for position in ranking if not always[position]][:n_top]
    return np.sort(np.concatenate([np.flatnonzero(always), np.array(chosen, dtype=int)]))


def _plain(value: object) -> object:
    """Turn the NumPy scalars that h5ad gives back into Python's own types."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value
