"""Matrices in HDF5 and zarr: AnnData (h5ad, zarr), loom and 10x, read by anndata and scanpy.

Only what a card names is read, so that an element that this anndata does not know, such as a
column of obs in a newer encoding, matters to no one who does not ask for it.
"""

from __future__ import annotations

import logging
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.data.hdf5_guard import try_hdf5
from gtgrn.data.obs_columns import wanted_columns
from gtgrn.errors import InputError, one_of
from gtgrn.opening import check_files_below, unpacked_file

log = logging.getLogger(__name__)

LARGE = 200_000_000
"""Values above which a dense h5ad is read in blocks into a sparse matrix (800 MB as float32)."""
LOOM_BLOCK = 256
"""Genes read from a loom file at a time, so that the dense matrix is never in memory."""

ZARR_FILES = (".zgroup", "zarr.json", ".zattrs")
"""Of which one lies at the root of a zarr store."""
GENE_ATTRIBUTES = ("Gene", "var_names", "gene_names", "GeneName", "Symbol", "Accession")
CELL_ATTRIBUTES = ("CellID", "obs_names", "cell_names", "Barcode", "barcode")


@contextmanager
def unpacked_hdf5(path: Path, expression: dict) -> Iterator[Path]:
    """Return a path to an HDF5 file, unpacked and tried in another process.

    Raises
    ------
    ValueError
        If this process must not open it.
    """
    names = [expression["gene_names"]] if "gene_names" in expression else []
    columns = [*wanted_columns(expression).values(), *names]
    with unpacked_file(path) as plain:
        try_hdf5(plain, expression.get("layer"), columns, source=path)
        yield plain


@contextmanager
def open_store(path: Path, expression: dict) -> Iterator:
    """Open an HDF5 file, packed or not, or a zarr store (a folder or a zip of one).

    Parameters
    ----------
    path
        The file or folder.
    expression
        The section `expression` of a card: what will be read.
    """
    import h5py

    within = zarr_within_zip(path)
    if path.is_dir() or within is not None:
        import zarr

        if path.is_dir():
            check_files_below(path)
        store = str(path) if path.is_dir() else zarr.storage.ZipStore(path, mode="r")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield zarr.open_group(store, path=within or None, mode="r")
        return
    with unpacked_hdf5(path, expression) as plain, h5py.File(plain, "r") as file:
        yield file


def zarr_within_zip(path: Path) -> str | None:
    """Return the folder of a zip in which a zarr store lies, empty at its root; None without.

    A folder that is packed as a whole comes with its own name before each of its files.
    """
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    tops = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] in ZARR_FILES}
    top = min(tops, key=len, default=None)
    if top is None or "/" in top or (top and not all(x.startswith(f"{top}/") for x in names)):
        return None
    return top


def read_anndata(path: Path, expression: dict) -> ad.AnnData:
    """Read the matrix that the card names and no other; a large dense one becomes sparse.

    Raises
    ------
    InputError
        If there is no such layer or column.
    """
    layer = expression.get("layer")
    with open_store(path, expression) as file:
        if "_index" not in file.get("obs", file).attrs and not path.is_dir():
            # Written before anndata 0.7, as one table: only anndata itself knows the layouts.
            with unpacked_hdf5(path, expression) as plain:
                adata = _pick_layer(ad.read_h5ad(plain), path, layer)
                # Readers tell of columns and layers there; the file's own would be taken for it.
                adata.uns.clear()
                return adata
        layers = _layers(file)
        place = f"layers/{layer}" if layer else "X"
        has_raw = _has_raw(file)
        if layer == "raw" and has_raw:
            place = "raw/X"
        if place not in file:
            raise _no_layer(path, layer, [*layers, *(["raw"] if has_raw else [])])
        frame = "raw/var" if place == "raw/X" else "var"
        asked = list(wanted_columns(expression).values())
        names = [expression["gene_names"]] if "gene_names" in expression else []
        adata = ad.AnnData(
            _read_matrix(file[place]),
            obs=_read_columns(file["obs"], asked),
            var=_read_columns(file[frame], names),
        )
        adata.uns["columns"] = {"obs": _columns(file["obs"]), "var": _columns(file[frame])}
        adata.uns["layers"] = layers + (["raw"] if has_raw else [])
        return adata


def _layers(file) -> list[str]:
    """Return the names of the layers; what is called so and is no group holds none."""
    layers = file.get("layers")
    return list(layers.keys()) if hasattr(layers, "keys") else []


def _has_raw(file) -> bool:
    return "raw" in file and hasattr(file["raw"], "keys") and "X" in file["raw"]


def _columns(group) -> list[str]:
    """Return the names of the columns of obs or var; their index is none."""
    order = group.attrs.get("column-order", [])
    return [str(name) for name in order]


def _read_columns(group, names: Sequence[str]) -> pd.DataFrame:
    """Read the index of obs or var and those of the columns that are there."""
    index = np.asarray(ad.io.read_elem(group[group.attrs["_index"]]))
    if index.ndim != 1:
        raise ValueError(f"the names in {group.name} are no list")
    index = np.where(pd.isna(index), "", index.astype(object))  # a missing name is none
    frame = pd.DataFrame(index=pd.Index(index).astype(str))
    for name in dict.fromkeys(names):
        if name in group:
            values = _read_column(group, name)
            # Set in a frame, one value would be repeated, and none would be missing values.
            if getattr(values, "shape", None) != index.shape:
                raise ValueError(f"its column {name} has not one value for each of {len(index)}")
            if getattr(values.dtype, "kind", "O") == "V":
                raise ValueError(f"its column {name} holds tables, not values")
            frame[name] = np.asarray(values) if not hasattr(values, "dtype") else values
    return frame


def _read_column(group, name: str):
    """Read a column of obs or var; anndata 0.7 kept the categories apart from their codes."""
    values = ad.io.read_elem(group[name])
    apart = group.get("__categories", {})
    if name not in apart:
        return values
    return pd.Categorical.from_codes(values, ad.io.read_elem(apart[name]))


def _read_matrix(stored) -> np.ndarray | sparse.spmatrix:
    """Read a matrix and check it; a dense one of many values by blocks of rows.

    Raises
    ------
    ValueError
        If indices lie outside of the matrix, or values are no real numbers.
    """
    if hasattr(stored, "shape"):
        _check_kind(stored.dtype)
        if len(stored.shape) != 2:
            raise ValueError(f"the matrix has {len(stored.shape)} dimensions, not two")
        if int(np.prod(stored.shape)) <= LARGE:
            return ad.io.read_elem(stored)
        rows = max(LARGE // (20 * stored.shape[1]), 1)
        blocks = [
            sparse.csr_matrix(stored[start : start + rows], dtype=np.float32)
            for start in range(0, stored.shape[0], rows)
        ]
        return sparse.vstack(blocks).tocsr()
    if "data" in stored:
        _check_kind(stored["data"].dtype)
        _check_sparse(stored)
    matrix = ad.io.read_elem(stored)
    if not sparse.issparse(matrix):
        raise ValueError(f"the matrix is stored as {type(matrix).__name__}")
    _take_usual_indices(matrix)
    return matrix


def _take_usual_indices(matrix: sparse.csr_matrix | sparse.csc_matrix) -> None:
    """Give a matrix indices of one type that SciPy's routines know.

    Other programs write what is narrow enough (int8, uint16) or what their language has (uint64).
    """
    largest = max(*matrix.shape, len(matrix.indices))
    kind = np.int32 if largest <= np.iinfo(np.int32).max else np.int64
    matrix.indices = matrix.indices.astype(kind, copy=False)
    matrix.indptr = matrix.indptr.astype(kind, copy=False)


def _check_kind(kind: np.dtype) -> None:
    if kind.kind not in "biuf":
        raise ValueError(f"the values are of type {kind}, not real numbers")


def _check_sparse(stored) -> None:
    """Check a sparse matrix before it is made: bad indices crash the routines that use them."""
    for part in ("data", "indices", "indptr"):
        if getattr(stored[part], "ndim", None) != 1:
            raise ValueError(f"the {part} of the matrix are no list")
    shape = [int(size) for size in stored.attrs["shape"]]
    if len(shape) != 2:
        raise ValueError(f"the matrix has {len(shape)} dimensions, not two")
    major = 0 if str(stored.attrs["encoding-type"]).startswith("csr") else 1
    indices, indptr = np.asarray(stored["indices"][:]), np.asarray(stored["indptr"][:])
    if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
        raise ValueError("the indices of the matrix are no whole numbers")
    indptr = indptr.astype(np.int64)  # differences of unsigned numbers are never negative
    if len(indptr) != shape[major] + 1 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise ValueError("the pointers of the matrix (indptr) do not fit its shape")
    if indptr[-1] != len(indices) or len(indices) != stored["data"].shape[0]:
        raise ValueError("the matrix has not as many indices as values")
    if len(indices) and (indices.min() < 0 or indices.max() >= shape[1 - major]):
        raise ValueError("indices of the matrix lie outside of its shape")


def _pick_layer(adata: ad.AnnData, path: Path, layer: str | None) -> ad.AnnData:
    if layer == "raw" and adata.raw is not None:
        adata = ad.AnnData(adata.raw.X, obs=adata.obs, var=adata.raw.var)
    elif layer in adata.layers:
        adata.X = adata.layers[layer]
    elif layer or adata.X is None:
        there = [*adata.layers, *(["raw"] if adata.raw is not None else [])]
        raise _no_layer(path, layer, there)
    if sparse.issparse(adata.X):
        adata.X.check_format(full_check=True)
    return adata


def _no_layer(path: Path, layer: str | None, there: list[str]) -> InputError:
    return InputError(
        f"the file has no layer '{layer}'" if layer else "the file has no X",
        file=path,
        field="expression.layer",
        remedy=one_of(there, "remove it to use X" if layer else "give a file with a matrix"),
    )


def read_10x_h5(path: Path, expression: dict) -> ad.AnnData:
    """Read the HDF5 file of Cell Ranger 2 or later, or of CellBender."""
    # Imported where it is needed: it takes seconds, and most jobs only read our own files.
    import scanpy as sc

    with open_store(path, expression) as file:
        _check_10x(file)
        genome = _find_genome(file, path, expression.get("layer"))
    with unpacked_hdf5(path, expression) as plain, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variable names are not unique", UserWarning)
        return sc.read_10x_h5(plain, genome=genome)


def _find_genome(file, path: Path, layer: str | None) -> str | None:
    """Return the genome that the card names, of several in a file of Cell Ranger 2."""
    there = [name for name in file if hasattr(file[name], "keys") and "genes" in file[name]]
    if layer in there:
        return layer
    if layer or len(there) > 1:
        raise InputError(
            f"there is no genome '{layer}'" if layer else
            f"the file holds matrices of {len(there)} genomes",
            file=path, field="expression.layer", remedy=one_of(there, "remove the key"),
        )  # fmt: skip
    return None


def _check_10x(file) -> None:
    """Check the indices of each matrix in a 10x file."""
    for group in file.values():
        if not hasattr(group, "keys") or not {"indices", "indptr", "shape"} <= set(group):
            continue
        genes = int(group["shape"][0])
        indices, indptr = group["indices"][:], group["indptr"][:]
        fits = len(indices) == group["data"].shape[0] == indptr[-1] and indptr[0] == 0
        if not fits or (np.diff(indptr.astype(np.int64)) < 0).any():
            raise ValueError("the pointers of the matrix (indptr) do not fit its values")
        if len(indices) and (indices.min() < 0 or indices.max() >= genes):
            raise ValueError("indices of the matrix lie outside of its shape")


def read_loom(path: Path, expression: dict) -> ad.AnnData:
    """Read a loom file (HDF5: genes x cells, dense), block by block into a sparse matrix.

    Raises
    ------
    InputError
        If there is no such layer.
    """
    layer = expression.get("layer")
    with open_store(path, expression) as file:
        layers = _layers(file)
        if layer and layer not in layers:
            raise _no_layer(path, layer, layers)
        stored = file[f"layers/{layer}"] if layer else file["matrix"]
        _check_kind(stored.dtype)
        blocks = [
            sparse.csr_matrix(stored[start : start + LOOM_BLOCK], dtype=np.float32)
            for start in range(0, stored.shape[0], LOOM_BLOCK)
        ]
        asked = list(wanted_columns(expression).values())
        names = [expression["gene_names"]] if "gene_names" in expression else []
        obs = _attributes(file, "col_attrs", asked, CELL_ATTRIBUTES)
        var = _attributes(file, "row_attrs", [*names, "Accession"], GENE_ATTRIBUTES)
        columns = {"obs": _flat(file["col_attrs"]), "var": _flat(file["row_attrs"])}
    adata = ad.AnnData(sparse.vstack(blocks).T.tocsr(), obs=obs, var=var)
    adata.uns |= {"columns": columns, "layers": layers}
    return adata


def _flat(group) -> list[str]:
    return [name for name, values in group.items() if getattr(values, "ndim", 0) == 1]


def _attributes(file, group: str, names: Sequence[str], index: Sequence[str]) -> pd.DataFrame:
    """Read attributes of genes or cells; the first of `index` that is there names them."""
    there = [name for name in index if name in file[group]]
    if not there:
        raise ValueError(f"no attribute {' or '.join(index[:2])} in {group}")
    if file[group][there[0]].ndim != 1:
        raise ValueError(f"the attribute {there[0]} in {group} is no list of names")
    columns = {name: _text(file[group][name]) for name in names if name in file[group]}
    return pd.DataFrame(columns, index=pd.Index(_text(file[group][there[0]])).astype(str))


def _text(values) -> np.ndarray:
    return values.asstr()[:] if values.dtype.kind in "OS" else values[:]
