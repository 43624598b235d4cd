"""Readers of expression matrices: one for each format that a card can name.

Each gives an AnnData whose X holds the values that the card speaks of, under the names and in the
order of the file; :func:`gtgrn.data.preprocessing.read_expression` checks and sorts them.
"""

from __future__ import annotations

import csv
import gzip
import logging
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.config.cards import check_ships_with_scanpy
from gtgrn.errors import InputError
from gtgrn.tables import read_table

log = logging.getLogger(__name__)

COUNTS, LOGNORM, CONTINUOUS, AUTO = "counts", "lognorm", "continuous", "auto"
ENSEMBL_VERSION = re.compile(r"^(ENS[A-Z]*G\d{6,})\.\d+$")
LARGE = 200_000_000
"""Values above which a dense h5ad is read in blocks into a sparse matrix (800 MB as float32)."""
LOOM_BLOCK = 256
"""Genes read from a loom file at a time, so that the dense matrix is never in memory."""

UNREADABLE = (
    OSError, EOFError, zlib.error, csv.Error, LookupError, ValueError, TypeError, AttributeError,
)  # fmt: skip
"""What scanpy, anndata and h5py raise on a file that is damaged or of another kind."""


def _read_h5ad(path: Path, expression: dict) -> ad.AnnData:
    """Read the matrix that the card names and no other; a large dense one becomes sparse."""
    import h5py

    layer = expression.get("layer")
    with reading(path, "h5ad"), h5py.File(path) as file:
        if "encoding-type" not in file.get("obs", file).attrs:
            # Written before anndata 0.8: only anndata itself knows all the layouts.
            return _pick_layer(ad.read_h5ad(path), path, layer)
        layers = list(file.get("layers", []))
        place = f"layers/{layer}" if layer else "X"
        if layer == "raw" and "raw" in file:
            place = "raw/X"
        if place not in file:
            there = [*layers, *(["raw"] if "raw" in file else [])]
            raise _no_layer(path, layer, there)
        var = ad.io.read_elem(file["raw/var" if place == "raw/X" else "var"])
        matrix = _read_matrix(file[place])
        return ad.AnnData(matrix, obs=ad.io.read_elem(file["obs"]), var=var)


def _read_matrix(stored) -> np.ndarray | sparse.spmatrix:
    """Read a matrix of an h5ad file, a dense one of many values by blocks of rows."""
    if not hasattr(stored, "shape") or stored.size <= LARGE:
        return ad.io.read_elem(stored)
    rows = max(LARGE // (20 * stored.shape[1]), 1)
    blocks = [
        sparse.csr_matrix(stored[start : start + rows], dtype=np.float32)
        for start in range(0, stored.shape[0], rows)
    ]
    return sparse.vstack(blocks).tocsr()


def _pick_layer(adata: ad.AnnData, path: Path, layer: str | None) -> ad.AnnData:
    if layer == "raw" and adata.raw is not None:
        return ad.AnnData(adata.raw.X, obs=adata.obs, var=adata.raw.var)
    if layer in adata.layers:
        adata.X = adata.layers[layer]
    elif layer or adata.X is None:
        there = [*adata.layers, *(["raw"] if adata.raw is not None else [])]
        raise _no_layer(path, layer, there)
    return adata


def _no_layer(path: Path, layer: str | None, there: list[str]) -> InputError:
    return InputError(
        f"the file has no layer '{layer}'" if layer else "the file has no X",
        file=path,
        field="expression.layer",
        remedy=f"Name one of its layers ({', '.join(there) or 'none'}), or none to use X",
    )


def _read_10x(path: Path, expression: dict) -> ad.AnnData:
    """Read a 10x matrix; join the identifier to a symbol that several of its genes share.

    Every 10x annotation has such symbols. A reference that names one cannot mean either gene
    for sure, so neither keeps the bare symbol.
    """
    # Imported where it is needed: it takes seconds, and most jobs only read our own files.
    import scanpy as sc

    form = expression["format"]
    with reading(path, form), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variable names are not unique", UserWarning)
        if form == "10x_mtx":
            adata = sc.read_10x_mtx(path, make_unique=False)
        else:
            adata = sc.read_10x_h5(path)
    if "gene_names" in expression:
        return adata  # the card chooses the names, and read_expression checks them
    adata.var_names = _tell_apart(adata.var_names, adata.var["gene_ids"], path)
    return adata


def _tell_apart(symbols: Sequence[str], identifiers: Sequence[str], path: Path) -> np.ndarray:
    names = pd.Series(np.asarray(symbols, dtype=str), dtype=object)
    shared = names.duplicated(keep=False).to_numpy()
    if shared.any():
        log.warning(
            "%s: %d genes share their symbol with another, such as %s; they are now called "
            "symbol_identifier", path, shared.sum(), names[shared].iloc[0],
        )  # fmt: skip
        names[shared] = names[shared] + "_" + np.asarray(identifiers, str)[shared]
    return names.to_numpy()


def _read_table(path: Path, expression: dict) -> ad.AnnData:
    named = expression.get("row_names", True)
    sep = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    opener = gzip.open if path.suffix == ".gz" else open
    with reading(path, "table"):
        with opener(path, "rt", encoding="utf-8-sig", newline="") as handle:
            header = next(csv.reader(handle, delimiter=sep), [])
        # The names of rows go through `str`, because a gene may be called NA or 1e5.
        frame = pd.read_csv(
            path, sep=sep, header=None, skiprows=1, low_memory=False,
            converters={0: str} if named else None,
        )  # fmt: skip
    if not named:
        # Nothing else tells the cells of several such tables apart.
        stem = path.name.split(".")[0]
        frame.insert(0, -1, [f"{stem}_{number}" for number in range(1, len(frame) + 1)])
        frame.columns, header = range(frame.shape[1]), ["", *header]
    # R's write.table leaves out the name of the column of row names.
    columns = header if len(header) == frame.shape[1] - 1 else header[1:]
    if len(columns) != frame.shape[1] - 1 or not columns:
        raise bad_path(
            f"the header has {len(header)} names, the first row {frame.shape[1]} fields",
            path,
            "Separate by commas in .csv, by tabs else; a row needs as many fields as the header",
        )
    rows, body = frame[0].to_numpy(), frame.iloc[:, 1:]
    for name in expression.get("drop_columns", []):
        if name not in columns:
            raise InputError(
                f"there is no column '{name}'; the first are {', '.join(columns[:3])}",
                file=path,
                field="expression.drop_columns",
                remedy="Correct or remove it",
            )
        position = columns.index(name)
        columns, body = (
            columns[:position] + columns[position + 1 :],
            body.drop(columns=body.columns[position]),
        )
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
            raise bad_path(
                f"{where}: '{column.iloc[first]}' is not a number",
                path,
                "Only the first row and the first column may be names",
            )


def _read_loom(path: Path, expression: dict) -> ad.AnnData:
    """Read a loom file (HDF5: genes x cells, dense), block by block into a sparse matrix."""
    import h5py

    layer = expression.get("layer")
    with reading(path, "loom"), h5py.File(path) as file:
        layers = list(file.get("layers", []))
        if layer and layer not in layers:
            raise InputError(
                f"the file has no layer '{layer}'",
                file=path,
                field="expression.layer",
                remedy=f"Name one of its layers ({', '.join(layers) or 'none'}), or none",
            )
        stored = file[f"layers/{layer}"] if layer else file["matrix"]
        blocks = [
            sparse.csr_matrix(stored[start : start + LOOM_BLOCK], dtype=np.float32)
            for start in range(0, stored.shape[0], LOOM_BLOCK)
        ]
        genes = _attribute(file, "row_attrs", ("Gene", "var_names"))
        var = pd.DataFrame(
            {name: _attribute(file, "row_attrs", (name,))
             for name, values in file["row_attrs"].items() if values.ndim == 1},
        )  # fmt: skip
        cells = _attribute(file, "col_attrs", ("CellID", "obs_names"))
        if "row_attrs/Accession" in file:
            genes = _tell_apart(genes, _attribute(file, "row_attrs", ("Accession",)), path)
        obs = pd.DataFrame(
            {
                name: _attribute(file, "col_attrs", (name,))
                for name, values in file["col_attrs"].items()
                if values.ndim == 1
            },
            index=cells,
        )
    matrix = sparse.vstack(blocks).T.tocsr()
    return ad.AnnData(matrix, obs=obs, var=var.set_index(pd.Index(genes)))


def _attribute(file, group: str, names: Sequence[str]) -> np.ndarray:
    """Return the first of the attributes that the loom file has."""
    for name in names:
        if name in file[group]:
            values = file[group][name]
            return values.asstr()[:] if values.dtype.kind in "OS" else values[:]
    raise ValueError(f"no attribute {' or '.join(names)} in {group}")


def _read_genes_only(path: Path, expression: dict) -> ad.AnnData:
    """Read names of genes; there are no cells."""
    column = expression.get("column", "Gene")
    genes = read_table(path, [column])[column].astype(str).str.strip()
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
                remedy=f"Name one of {', '.join(map(str, adata.var)) or '(none)'}, or remove it",
            )
        names = _tell_apart(adata.var[column].astype(str), before, path)
    if "gene_map" in expression:
        table = _read_gene_map(expression["gene_map"])
        # A version such as .12 is no part of an Ensembl identifier's meaning.
        plain = [ENSEMBL_VERSION.sub(r"\1", name) for name in names]
        found = [table.get(name, table.get(bare)) for name, bare in zip(names, plain, strict=True)]
        known = np.array([name is not None for name in found])
        if not known.any():
            raise InputError(
                f"none of the {len(names)} genes is in the table; the first are "
                f"{', '.join(names[:2])} here and {', '.join(list(table)[:2])} there",
                file=expression["gene_map"]["path"],
                field="expression.gene_map.from",
                remedy="Name the column with the names that the matrix has",
            )
        new = [name if one is None else one for name, one in zip(names, found, strict=True)]
        shared = pd.Series(new).duplicated(keep=False)
        names = _tell_apart(new, names, path)
        counts = {
            "translated": int(known.sum()),
            "kept": int((~known).sum()),
            "shared": int(shared.sum()),
        }
        log.info(
            "%s: %d of %d names of genes translated by %s, %d not in it keep theirs",
            path, known.sum(), len(known), expression["gene_map"]["path"], (~known).sum(),
        )  # fmt: skip
    if names is before:
        return adata, counts
    return ad.AnnData(adata.X, obs=adata.obs, var=pd.DataFrame(index=names)), counts


def _read_gene_map(section: dict) -> dict[str, str]:
    """Read a table of names; of several translations of one name the first counts."""
    table = read_table(section["path"], [section["from"], section["to"]])
    pairs = table[[section["from"], section["to"]]].astype(str).apply(lambda x: x.str.strip())
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
    if not path.exists():
        raise InputError("not found", file=path, field=field, remedy="Check the path")
    try:
        yield
    except UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        problem = f"not a readable {kind} ({reason})"
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
    return ad.AnnData(matrix, obs=pd.DataFrame(index=cells), var=pd.DataFrame(index=genes))


def bad_path(problem: str, path: object, remedy: str) -> InputError:
    """Return the error of a matrix that cannot be used."""
    return InputError(problem, file=path, field="expression.path", remedy=remedy)


READERS: dict[str, Callable[[Path, dict], ad.AnnData]] = {
    "h5ad": _read_h5ad,
    "10x_mtx": _read_10x,
    "10x_h5": _read_10x,
    "loom": _read_loom,
    "table": _read_table,
    "scanpy": _read_scanpy,
    "genes_only": _read_genes_only,
}
