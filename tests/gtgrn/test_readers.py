"""Tables without names, several tables, and loom files."""

from __future__ import annotations

import anndata as ad
import h5py
import numpy as np
import pytest
from gtgrn.errors import InputError
from gtgrn.expression import preprocess, read_expression, read_preprocessed, write_expression
from scipy import sparse

GENES = ["MYC", "FOS", "SPI1", "NAT1"]
CELLS = ["c1", "c2", "c3"]
COUNTS = np.array([[0, 3, 1, 7], [2, 0, 0, 5], [1, 1, 4, 0]], dtype=np.float32)
SORTED = ["FOS", "MYC", "NAT1", "SPI1"]
EXPECTED = COUNTS[:, [1, 0, 3, 2]]


def message_of(call, *arguments, **keywords) -> str:
    """Give the message of the error, after checking that it is one line with a remedy."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.field
    assert caught.value.remedy
    return str(caught.value)


def section(path, form: str = "table", values: str = "counts", **keys) -> dict:
    keys |= {"orientation": keys.get("orientation", "cells_by_genes")} if form == "table" else {}
    return {"format": form, "path": str(path), "values": values, **keys}


def check_read(adata: ad.AnnData, expected: np.ndarray = EXPECTED) -> None:
    assert list(adata.var_names) == SORTED
    assert list(adata.obs_names) == CELLS
    assert adata.X.dtype == np.float32
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    np.testing.assert_array_equal(matrix, expected)


def test_tables_without_names_are_joined_by_cells(tmp_path):
    (tmp_path / "wild.tsv").write_text('"MYC"\t"FOS"\t"SPI1"\t"NAT1"\n0\t3\t1\t7\n')
    # Another order of genes, a column that is none, and a blank line between two series.
    text = "Time,SPI1,NAT1,MYC,FOS\n\n0.0,0,5,2,0\n\n10.0,4,0,1,1\n"
    (tmp_path / "series.csv").write_text(text)
    card = section(tmp_path / "x", values="continuous", row_names=False)
    paths = [str(tmp_path / "wild.tsv")]
    card = {key: value for key, value in card.items() if key != "path"} | {"paths": paths}
    adata = read_expression(card)
    assert list(adata.obs_names) == ["wild_1"]
    np.testing.assert_array_equal(adata.X, EXPECTED[:1])
    card |= {"drop_columns": ["Time"], "paths": [str(tmp_path / "series.csv")]}
    adata = read_expression(card)
    assert list(adata.obs_names) == ["series_1", "series_2"]
    np.testing.assert_array_equal(adata.X, EXPECTED[1:])
    (tmp_path / "wild.csv").write_text("SPI1,NAT1,MYC,FOS,Time\n1,7,0,3,-1\n")
    joined = read_expression(card | {"paths": [str(tmp_path / "wild.csv"), *card["paths"]]})
    assert list(joined.obs_names) == ["wild_1", "series_1", "series_2"]
    np.testing.assert_array_equal(joined.X, EXPECTED)
    write_expression(preprocess(joined, values="continuous"), tmp_path / "out.h5ad")
    assert read_preprocessed(tmp_path / "out.h5ad").shape == (3, 4)
    message = message_of(read_expression, card | {"drop_columns": ["Hour"]})
    assert "there is no column 'Hour'; the first are Time, SPI1, NAT1" in message


def test_tables_that_cannot_be_joined(tmp_path):
    for name, genes in (("a", "MYC,FOS"), ("b", "MYC,JUN"), ("c", "FOS,MYC,MYC")):
        ones = ",".join("1" * (genes.count(",") + 1))
        (tmp_path / f"{name}.csv").write_text(f"{genes}\n{ones}\n")
    card = section("x", row_names=False)
    for other, word in (("b", "FOS is in one of them only"), ("c", "'MYC' occurs twice")):
        paths = [str(tmp_path / f"{name}.csv") for name in ("a", other)]
        message = message_of(read_expression, card | {"paths": paths})
        assert message.startswith(f"{paths[1]}: ")
        assert word in message


def loom(path, matrix=COUNTS, accession: bool = False, kind="utf-8"):
    """Write a loom file: genes x cells, names as attributes of rows and columns."""
    text = h5py.string_dtype(kind) if kind == "utf-8" else "S10"
    with h5py.File(path, "w") as file:
        file["matrix"] = np.zeros(matrix.T.shape, np.float32)
        file["layers/umi"] = matrix.T
        file.create_dataset("row_attrs/Gene", data=np.array(GENES, object).astype(text))
        file.create_dataset("col_attrs/CellID", data=np.array(CELLS, object).astype(text))
        file.create_dataset("col_attrs/type", data=np.array(["b", "a", "b"], object).astype(text))
        file["col_attrs/embedding"] = np.zeros((len(matrix), 2))
        if accession:
            names = np.array([f"ENSG{i}" for i in range(4)], object).astype(text)
            file.create_dataset("row_attrs/Accession", data=names)
            file["row_attrs/Gene"][0] = "FOS"
    return path


@pytest.mark.parametrize("kind", ["utf-8", "bytes"])
def test_loom(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("gtgrn.readers.LOOM_BLOCK", 3)
    card = section(loom(tmp_path / "x.loom", kind=kind), "loom", layer="umi", cell_type="type")
    adata = read_expression(card)
    check_read(adata)
    assert sparse.issparse(adata.X)
    assert list(adata.obs["type"]) == ["b", "a", "b"]
    assert read_expression(section(tmp_path / "x.loom", "loom")).X.sum() == 0
    message = message_of(read_expression, section(tmp_path / "x.loom", "loom", layer="raw"))
    assert "no layer 'raw'. Name one of its layers (umi)" in message
    (tmp_path / "y.loom").write_text("no HDF5")
    assert "not a readable loom" in message_of(
        read_expression, section(tmp_path / "y.loom", "loom")
    )
    with h5py.File(tmp_path / "x.loom", "a") as file:
        del file["row_attrs/Gene"]
    assert "no attribute Gene or var_names" in message_of(read_expression, card)


def test_loom_tells_genes_of_one_symbol_apart(tmp_path):
    card = section(loom(tmp_path / "x.loom", accession=True), "loom", layer="umi")
    names = list(read_expression(card).var_names)
    assert names == ["FOS_ENSG0", "FOS_ENSG1", "NAT1", "SPI1"]
