"""One matrix written in every format, packing, orientation and habit that people have.

Each writer takes a folder and the matrix as a frame (cells x genes) and gives the section
``expression`` of the card, without ``values``.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.preprocessing import read_expression
from gtgrn.errors import LONGEST, InputError
from scipy import sparse

GENES = ["MYC", "NA", "SPI1", "nan", "HLA-A", "1e5", "null", "NKX2-1", "MT-CO1", "CD3E"]
CELLS = [f"cell-{i}" for i in range(12)]
SYMBOLS = [f"ENSG{i:011d}" for i in range(len(GENES))]


def check_same(card: dict, frame: pd.DataFrame, values: str = "auto") -> dict:
    """Check that a card's matrix is that of the frame; give the record of its source."""
    adata = read_expression(card | {"values": values})
    expected = frame[sorted(frame.columns)]
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    assert list(adata.var_names) == list(expected.columns)
    assert list(adata.obs_names) == list(frame.index)
    np.testing.assert_allclose(matrix, expected.to_numpy(np.float32), rtol=1e-6)
    return adata.uns["gtgrn"]["source"]


def refusal(card: dict, values: str = "auto") -> str:
    with pytest.raises(InputError) as caught:
        read_expression(card | {"values": values})
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.field
    assert caught.value.remedy
    assert len(message) <= LONGEST
    return message


def counts(kind: str = "counts") -> pd.DataFrame:
    """Return a matrix of one kind of values, deep enough to tell them apart."""
    rng = np.random.default_rng(3)
    depth = rng.gamma(2.0, 1.0, size=(len(CELLS), 1)) + 0.2
    whole = rng.poisson(depth * rng.gamma(1.0, 6.0, size=(1, len(GENES)))).astype(float)
    whole[whole.sum(axis=1) == 0, 0] = 1
    totals = whole.sum(axis=1, keepdims=True)
    made = {
        "counts": whole,
        "estimated_counts": whole * 0.97 + 0.013 * (whole > 0),
        "tpm": whole / totals * 1e6,
        "lognorm": np.log1p(whole / totals * 1e4),
        "scaled": (whole - whole.mean(axis=0)) / (whole.std(axis=0) + 1e-9),
    }[kind]
    return pd.DataFrame(made, CELLS, GENES)


def pack(path: Path, packing: str) -> Path:
    """Replace a file by its packed form."""
    if not packing:
        return path
    packed = path.with_name(path.name + "." + packing)
    if packing == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    else:
        opener = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}[packing]
        with opener(packed, "wb") as handle:
            handle.write(path.read_bytes())
    path.unlink()
    return packed


def table(
    folder: Path, frame: pd.DataFrame, *, packing: str = "", orientation: str = "cells_by_genes",
    sep: str = ",", decimal: str = ".", suffix: str = "csv", corner: str | None = "",
    encoding: str = "utf-8", newline: str = "\n", quote: bool = False, blank: bool = False,
) -> dict:  # fmt: skip
    """Write a table of text in one of the habits."""
    shown = frame if orientation == "cells_by_genes" else frame.T

    def spell(value: object) -> str:
        text = repr(float(value)).removesuffix(".0") if not isinstance(value, str) else value
        text = text.replace(".", decimal) if not isinstance(value, str) else text
        return f'"{text}"' if quote and isinstance(value, str) else text

    header = [] if corner is None else [corner]
    rows = [[*header, *shown.columns], *([name, *row] for name, row in zip(
        shown.index, shown.to_numpy().tolist(), strict=True))]  # fmt: skip
    joint = sep + " " if blank else sep
    text = newline.join(joint.join(spell(value) for value in row) for row in rows) + newline
    path = folder / f"matrix.{suffix}"
    path.write_bytes(text.encode(encoding))
    card = {"format": "table", "path": str(pack(path, packing)), "orientation": orientation}
    return card


def h5ad(
    folder: Path, frame: pd.DataFrame, *, packing: str = "", store: str = "csr",
    name: str = "matrix.h5ad", form: str = "h5ad", layer: str = "",
) -> dict:  # fmt: skip
    """Write an AnnData file, dense, CSR or CSC, also under a name that says another format."""
    matrix = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.asarray}[store](
        frame.to_numpy(np.float32)
    )
    names = {"obs": pd.DataFrame(index=frame.index), "var": pd.DataFrame(index=frame.columns)}
    adata = ad.AnnData(matrix * 0 if layer else matrix, **names)
    if layer == "raw":
        adata.raw = ad.AnnData(matrix, **names)
    elif layer:
        adata.layers[layer] = matrix
    path = folder / name
    adata.write_h5ad(path)
    key = {"layer": layer} if layer else {}
    return {"format": form, "path": str(pack(path, packing)), **key}


def zarr(folder: Path, frame: pd.DataFrame, *, zipped: bool = False, store: str = "csr") -> dict:
    """Write an AnnData store of zarr, a folder or a zip of it."""
    matrix = frame.to_numpy(np.float32)
    matrix = sparse.csr_matrix(matrix) if store == "csr" else matrix
    path = folder / "matrix.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ad.AnnData(
            matrix, obs=pd.DataFrame(index=frame.index), var=pd.DataFrame(index=frame.columns)
        ).write_zarr(path)
    if zipped:
        shutil.make_archive(str(path), "zip", path)
        path = folder / "matrix.zarr.zip"
    return {"format": "h5ad", "path": str(path)}


def loom(folder: Path, frame: pd.DataFrame, *, packing: str = "", gene: str = "Gene") -> dict:
    """Write a loom file, as loompy and SCENIC do."""
    path = folder / "matrix.loom"
    text = h5py.string_dtype("utf-8")
    with h5py.File(path, "w") as file:
        file["matrix"] = frame.to_numpy(np.float32).T
        file.create_group("layers")
        file.create_dataset(f"row_attrs/{gene}", data=np.array(frame.columns, object).astype(text))
        file.create_dataset("col_attrs/CellID", data=np.array(frame.index, object).astype(text))
        # SCENIC's regulons: a table in an attribute, which no one asks for.
        auc = np.zeros(len(frame), dtype=[("MYC(+)", "f4"), ("SPI1(+)", "f4")])
        file["col_attrs/RegulonsAUC"] = auc
    return {"format": "loom", "path": str(pack(path, packing))}


def tenx_h5(folder: Path, frame: pd.DataFrame, *, version: int = 3, packing: str = "") -> dict:
    """Write the HDF5 file of Cell Ranger 2 or 3."""
    stored = sparse.csr_matrix(frame.to_numpy(np.float32))
    path = folder / "matrix.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        group["data"] = stored.data
        group["indices"], group["indptr"] = stored.indices.astype(np.int64), stored.indptr
        group["shape"] = np.array(frame.shape[::-1])
        group["barcodes"] = np.array(frame.index, "S")
        if version == 2:
            group["genes"], group["gene_names"] = np.array(SYMBOLS, "S"), np.array(GENES, "S")
        else:
            for key, names in (("name", GENES), ("id", SYMBOLS)):
                group[f"features/{key}"] = np.array(names, "S")
            group["features/feature_type"] = np.array(["Gene Expression"] * len(GENES), "S")
            group["features/genome"] = np.array(["GRCh38"] * len(GENES), "S")
    return {"format": "10x_h5", "path": str(pack(path, packing))}


def mtx(
    folder: Path, frame: pd.DataFrame, *, packing: str = "", names: tuple[str, str, str] = (
        "matrix.mtx", "features.tsv", "barcodes.tsv"), columns: int = 3, transposed: bool = False,
    word: str = "Gene Expression", prefix: str = "", below: str = "", field: str = "real",
    newline: str = "\n",
) -> dict:  # fmt: skip
    """Write a Matrix Market file with its lists, under the names of one of the tools."""
    place = folder / "counts" / below
    place.mkdir(parents=True)
    values = sparse.coo_matrix(frame.to_numpy().T if not transposed else frame.to_numpy())
    entries = [
        f"{i + 1} {j + 1} {value!r}"
        for i, j, value in zip(values.row.tolist(), values.col.tolist(), values.data.tolist(),
                               strict=True)
    ]  # fmt: skip
    head = [f"%%MatrixMarket matrix coordinate {field} general", "% made by a test"]
    lines = [*head, f"{values.shape[0]} {values.shape[1]} {values.nnz}", *entries]
    text = newline.join(lines) + newline
    features = [
        "\t".join([f"ENSG{i:011d}", gene, word][:columns]) if columns > 1 else gene
        for i, gene in enumerate(frame.columns)
    ]
    contents = (text, "\n".join(features) + "\n", "\n".join(frame.index) + "\n")
    for name, content in zip(names, contents, strict=True):
        path = place / (prefix + name)
        path.write_text(content)
        pack(path, packing)
    return {"format": "10x_mtx", "path": str(folder / "counts")}


Writer = Callable[[Path, pd.DataFrame], dict]


def combinations() -> Iterator[tuple[str, str, Writer]]:
    """Yield (name, kind of values, writer) of every combination that must be read alike."""
    kinds = ("counts", "estimated_counts", "tpm", "lognorm", "scaled")
    for kind in kinds:
        for orientation in ("cells_by_genes", "genes_by_cells"):
            for packing in ("", "gz", "bz2", "xz", "zip"):
                for suffix, sep in (("csv", ","), ("tsv", "\t")):
                    name = f"{kind}-{orientation}-{suffix}-{packing or 'plain'}"
                    yield name, kind, _with(table, packing=packing, orientation=orientation,
                                            suffix=suffix, sep=sep)  # fmt: skip
        for name, keys in HABITS.items():
            yield f"{kind}-{name}", kind, _with(table, **keys)
        for store in ("dense", "csr", "csc"):
            for packing in ("", "gz", "xz"):
                yield f"{kind}-h5ad-{store}-{packing or 'plain'}", kind, _with(
                    h5ad, packing=packing, store=store)  # fmt: skip
        yield f"{kind}-h5ad-as-h5", kind, _with(h5ad, name="GSE0_matrix.h5", form="10x_h5")
        yield f"{kind}-h5ad-as-table", kind, _with(h5ad, name="x.csv", form="loom")
        yield f"{kind}-h5ad-raw", kind, _with(h5ad, layer="raw")
        yield f"{kind}-h5ad-layer", kind, _with(h5ad, layer="umi")
        for zipped in (False, True):
            yield f"{kind}-zarr-{'zip' if zipped else 'folder'}", kind, _with(zarr, zipped=zipped)
        for packing in ("", "gz"):
            yield f"{kind}-loom-{packing or 'plain'}", kind, _with(loom, packing=packing)
    for name, keys in FOLDERS.items():
        for packing in ("", "gz", "bz2"):
            for kind in ("counts", "estimated_counts"):
                yield f"{kind}-{name}-{packing or 'plain'}", kind, _with(
                    mtx, packing=packing, **keys)  # fmt: skip
    for version in (2, 3):
        for packing in ("", "gz"):
            yield f"counts-10x-h5-v{version}-{packing or 'plain'}", "counts", _with(
                tenx_h5, version=version, packing=packing)  # fmt: skip


def _with(writer: Callable, **keys) -> Writer:
    return lambda folder, frame: writer(folder, frame, **keys)


HABITS = {
    "semicolon": {"sep": ";"},
    "decimal-comma": {"sep": ";", "decimal": ","},
    "decimal-comma-tabs": {"sep": "\t", "decimal": ",", "suffix": "txt"},
    "byte-order-mark": {"encoding": "utf-8-sig"},
    "utf-16": {"encoding": "utf-16", "sep": "\t", "suffix": "txt"},
    "crlf": {"newline": "\r\n"},
    "quotes": {"quote": True},
    "blank-after-comma": {"blank": True},
    "no-corner": {"corner": None},
    "no-corner-blanks": {"corner": None, "sep": " ", "suffix": "txt", "quote": True},
    "corner-gene": {"corner": "gene", "orientation": "genes_by_cells"},
    "commas-in-tsv": {"sep": ",", "suffix": "tsv"},
    "tabs-in-csv": {"sep": "\t", "suffix": "csv"},
}

FOLDERS = {
    "cellranger-3": {},
    "cellranger-2": {"names": ("matrix.mtx", "genes.tsv", "barcodes.tsv"), "columns": 2},
    "one-column": {"columns": 1},
    "two-columns": {"columns": 2},
    "other-word": {"word": "gene"},
    "cells-by-genes": {"transposed": True},
    "geo": {"prefix": "GSM1_donor1_"},
    "geo-dots": {"prefix": "GSM1."},
    "starsolo": {"below": "Solo.out/Gene/filtered"},
    "alevin-fry": {"names": ("quants_mat.mtx", "quants_mat_cols.txt", "quants_mat_rows.txt"),
                   "columns": 1, "transposed": True, "below": "alevin"},
    "kallisto": {"names": ("cells_x_genes.mtx", "cells_x_genes.genes.txt",
                           "cells_x_genes.barcodes.txt"),
                 "columns": 1, "transposed": True, "below": "counts_unfiltered"},
    "crlf": {"newline": "\r\n"},
}  # fmt: skip
