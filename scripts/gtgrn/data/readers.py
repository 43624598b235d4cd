"""Readers of expression matrices: each file is read as what it is, whatever a card calls it.

Each reader gives an AnnData whose X holds the values that the card speaks of, under the names and
in the order of the file; :func:`gtgrn.data.preprocessing.read_expression` checks and sorts them.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.config.card_checks import check_ships_with_scanpy
from gtgrn.data.gene_lists import read_columns
from gtgrn.data.gene_tables import without_version
from gtgrn.data.hierarchical import (
    ZARR_FILES,
    open_store,
    read_10x_h5,
    read_anndata,
    read_loom,
    zarr_within_zip,
)
from gtgrn.data.mtx_folders import find_matrices, read_mtx_folder
from gtgrn.data.text_tables import read_text_table
from gtgrn.data.value_kinds import COUNTS
from gtgrn.errors import InputError, one_of
from gtgrn.files import is_refusal
from gtgrn.manifest import verified
from gtgrn.opening import HDF5, check_file, first_bytes, refuse_strange
from gtgrn.tables import LONGEST_REASON

log = logging.getLogger(__name__)

H5AD, MTX, TENX_H5, LOOM, TABLE = "h5ad", "10x_mtx", "10x_h5", "loom", "table"
SPELT = {
    H5AD: "an AnnData file (h5ad, zarr)", MTX: "a Matrix Market matrix", TENX_H5: "a 10x h5",
    LOOM: "a loom file", TABLE: "a table of text",
}  # fmt: skip


def find_format(path: Path, expression: dict) -> str:
    """Find out what a file or folder is by its content.

    Parameters
    ----------
    path
        The file or folder.
    expression
        The section `expression` of a card: what will be read.

    Raises
    ------
    InputError
        If it is of a kind that people meet and no reader takes, such as an R object.
    ValueError
        If it is a folder or an HDF5 file of no known kind.
    """
    if path.is_dir():
        if any((path / name).exists() for name in ZARR_FILES):
            return H5AD
        if find_matrices(path):
            return MTX
        raise ValueError("there is no matrix.mtx in the folder, and it is no zarr store")
    check_file(path)
    if zarr_within_zip(path) is not None:
        return H5AD
    start = first_bytes(path)
    refuse_strange(path, start)
    if start.startswith(b"%%MatrixMarket"):
        return MTX
    return _find_hdf5(path, expression) if start.startswith(HDF5) else TABLE


def _find_hdf5(path: Path, expression: dict) -> str:
    with open_store(path, expression) as file:
        keys = set(file)
        if "matrix" in keys and hasattr(file["matrix"], "keys"):
            return TENX_H5
        if "matrix" in keys and {"row_attrs", "col_attrs"} & keys:
            return LOOM
        if {"obs", "var"} <= keys:
            return H5AD
        for name in keys:
            if hasattr(file[name], "keys") and {"barcodes", "indptr"} <= set(file[name]):
                return TENX_H5
    for key, what in (
        ("assays", "an h5Seurat file: convert it to h5ad (SeuratDisk::Convert)"),
        ("mod", "a MuData file (h5mu): write its RNA as h5ad (mdata['rna'].write_h5ad)"),
    ):
        if key in keys:
            problem, remedy = what.split(": ", 1)
            raise InputError(f"it is {problem}", file=path, field="expression.path",
                             remedy=remedy[0].upper() + remedy[1:])  # fmt: skip
    found = ", ".join(sorted(keys)[:4]) or "nothing"
    raise ValueError(f"an HDF5 file that is no h5ad, loom or 10x h5; it holds {found}")


def read_matrix(path: Path, expression: dict) -> ad.AnnData:
    """Read the matrix in a file or folder, as what it is by its content.

    Parameters
    ----------
    path
        The file, for 10x_mtx and zarr the folder.
    expression
        The section `expression` of a card; `format` is what it is thought to be.

    Returns
    -------
    anndata.AnnData
        Cells x genes as stored.

    Raises
    ------
    InputError
        If the file is absent or damaged, or a table whose orientation the card does not say.
    """
    form = expression["format"]
    if form == "scanpy":
        return _read_scanpy(path, expression)
    if form == "genes_only":
        return _read_genes_only(path, expression)
    path = verified(path)
    with reading(path, form):
        found = find_format(path, expression)
        if found == TABLE and form != TABLE:
            raise InputError(
                f"not a readable {form} (it is {SPELT[TABLE]})",
                file=path,
                field="expression.path",
                remedy="Fetch or make it again, or correct expression.format to table and add "
                "'orientation: cells_by_genes' or 'orientation: genes_by_cells'",
            )
        if found != form:
            log.warning("%s: the card says %s; it is %s and read as such", path, form,
                        SPELT[found])  # fmt: skip
        adata = READERS[found](path, expression)
    if "gene_ids" in adata.var and "gene_names" not in expression:
        adata.var_names = _tell_apart(adata.var_names, adata.var["gene_ids"], path)
    elif "Accession" in adata.var and "gene_names" not in expression:
        adata.var_names = _tell_apart(adata.var_names, adata.var["Accession"], path)
    return adata


READERS: dict[str, Callable[[Path, dict], ad.AnnData]] = {
    H5AD: read_anndata,
    MTX: read_mtx_folder,
    TENX_H5: read_10x_h5,
    LOOM: read_loom,
    TABLE: read_text_table,
}


def _tell_apart(
    symbols: Sequence[str] | np.ndarray, identifiers: Sequence[str] | np.ndarray, path: str | Path
) -> np.ndarray:
    """Join the identifier to a symbol that several genes share.

    Every 10x annotation has such symbols. A reference that names one cannot mean either gene
    for sure, so neither keeps the bare symbol.
    """
    names = pd.Series(np.asarray(symbols, dtype=str), dtype=object)
    shared = names.duplicated(keep=False).to_numpy()
    if shared.any():
        log.warning(
            "%s: %d genes share their symbol with another, such as %s; they are now called "
            "symbol_identifier", path, shared.sum(), names[shared].iloc[0],
        )  # fmt: skip
        names[shared] = names[shared] + "_" + np.asarray(identifiers, str)[shared]
    return names.to_numpy()


def _read_genes_only(path: Path, expression: dict) -> ad.AnnData:
    """Read names of genes; there are no cells."""
    column = expression.get("column", "Gene")
    with reading(path, "genes_only"):
        genes = read_columns(path, [column])[column]
    return ad.AnnData(np.zeros((0, len(genes)), np.float32), var=pd.DataFrame(index=genes))


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
        raise bad_path(
            "its values do not follow from whole counts",
            f"scanpy.datasets.{name}",
            "Install the locked scanpy, or declare 'values: lognorm'",
        )
    counts.eliminate_zeros()
    return counts


def name_genes(adata: ad.AnnData, expression: dict, path: str) -> tuple[ad.AnnData, dict]:
    """Return genes the names that the card asks for.

    Parameters
    ----------
    adata
        Cells x genes, as read.
    expression
        The section `expression` of a card: `gene_names`, a column of var, and `gene_map`, a
        table that translates names. Without a match a name stays; genes that come to share a
        name get their old one appended.
    path
        The file, for messages.

    Returns
    -------
    tuple of anndata.AnnData and dict
        The renamed matrix, and counts (translated, kept, shared) where a table was given.

    Raises
    ------
    InputError
        If there is no such column, or the table is unreadable or translates no name.
    """
    counts: dict[str, int] = {}
    before = adata.var_names.astype(str).to_numpy()
    names = before
    if column := expression.get("gene_names"):
        if column not in adata.var:
            raise InputError(
                f"the genes have no column '{column}'",
                file=path,
                field="expression.gene_names",
                remedy=one_of(columns_of(adata, "var")),
            )
        names = _tell_apart(_filled(adata.var[column], before, path), before, path)
    if "gene_map" in expression:
        names, counts = _translate(names, expression["gene_map"], path)
    if names is before:
        return adata, counts
    renamed = ad.AnnData(adata.X, obs=adata.obs, var=pd.DataFrame(index=names), uns=adata.uns)
    return renamed, counts


def _filled(column: pd.Series, before: np.ndarray, path: str) -> np.ndarray:
    """Return the names in a column; a gene without one keeps the name that it has."""
    missing = column.isna().to_numpy() | (column.astype(str).str.strip() == "").to_numpy()
    if missing.any():
        log.warning("%s: %d genes have no name in the column '%s' and keep theirs, such as %s",
                    path, missing.sum(), column.name, before[missing][0])  # fmt: skip
    return np.where(missing, before, column.astype(str).to_numpy(object))


def _translate(names: np.ndarray, gene_map: dict, path: str) -> tuple[np.ndarray, dict[str, int]]:
    """Return the names that a table gives the genes, and how many it translated."""
    table = _read_gene_map(gene_map)
    plain = [without_version(name) for name in names]
    found = [table.get(name, table.get(bare)) for name, bare in zip(names, plain, strict=True)]
    known = np.array([name is not None for name in found])
    if not known.any():
        raise InputError(
            f"none of the {len(names)} genes is in the table; the first are "
            f"{', '.join(names[:2])} here and {', '.join(list(table)[:2])} there",
            file=gene_map["path"],
            field="expression.gene_map.from",
            remedy="Name the column with the names that the matrix has",
        )
    new = [name if one is None else one for name, one in zip(names, found, strict=True)]
    shared = pd.Series(new).duplicated(keep=False)
    log.info(
        "%s: %d of %d names of genes translated by %s, %d not in it keep theirs",
        path, known.sum(), len(known), gene_map["path"], (~known).sum(),
    )  # fmt: skip
    return _tell_apart(new, names, path), {
        "translated": int(known.sum()),
        "kept": int((~known).sum()),
        "shared": int(shared.sum()),
    }


def columns_of(adata: ad.AnnData, frame: str) -> list[str]:
    """Return the names of all columns of obs or var in the file, also of those not read."""
    return list(adata.uns.get("columns", {}).get(frame, getattr(adata, frame).columns))


def _read_gene_map(section: dict) -> dict[str, str]:
    """Read a table of names; of several translations of one name the first counts."""
    pairs = read_columns(section["path"], [section["from"], section["to"]])
    pairs = pairs[[section["from"], section["to"]]]
    pairs = pairs[(pairs != "").all(axis=1)].drop_duplicates(section["from"])
    return dict(pairs.itertuples(index=False, name=None))


@contextmanager
def reading(
    path: Path,
    kind: str,
    field: str | None = "expression.path",
    remedy: str = "Fetch or make it again, or correct expression.format",
) -> Iterator[None]:
    """Turn what a reader raises on an absent or damaged file into one line."""
    try:
        if not path.exists():
            raise InputError("not found", file=path, field=field, remedy="Check the path")
        yield
    except InputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_refusal(error):
            raise
        # Whatever a library raises on a stranger's file: they promise no kind of error.
        reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        problem = f"not a readable {kind} ({reason})"
        if isinstance(error, UnicodeDecodeError) and error.encoding == "utf-8":
            remedy = "Save it as UTF-8 (iconv -f latin1 -t utf-8)"
        raise InputError(problem, file=path, field=field, remedy=remedy) from error


def join_cells(tables: dict[str, ad.AnnData]) -> ad.AnnData:
    """Join the cells of several tables of the same genes.

    Parameters
    ----------
    tables
        Path to cells x genes; the order of genes may differ.

    Returns
    -------
    anndata.AnnData
        The cells of all tables, in the order given; one table is given back as it is.

    Raises
    ------
    InputError
        If a gene occurs twice in a table, or two tables have different genes.
    """
    first, *others = tables
    if not others:
        return tables[first]
    genes = tables[first].var_names
    for path, table in tables.items():
        if not table.var_names.is_unique:
            twice = table.var_names[table.var_names.duplicated()][0]
            raise bad_path(f"the gene '{twice}' occurs twice", path, "Keep one column of it")
        different = sorted(set(genes) ^ set(table.var_names))
        if different:
            raise InputError(
                f"its genes are not those of {first}: {different[0]} is in one of them only",
                file=path,
                field="expression.paths",
                remedy="Name tables of the same genes, or what is no gene in drop_columns",
            )
    matrix = np.concatenate([table[:, genes].X for table in tables.values()])
    cells = np.concatenate([table.obs_names for table in tables.values()])
    left_out = [name for table in tables.values() for name in table.uns.get("left_out", [])]
    var = tables[first].var
    joined = ad.AnnData(matrix, obs=pd.DataFrame(index=cells), var=var)
    joined.uns["left_out"] = left_out
    return joined


def bad_path(problem: str, path: object, remedy: str) -> InputError:
    """Return the error of a matrix that cannot be used."""
    return InputError(problem, file=path, field="expression.path", remedy=remedy)
