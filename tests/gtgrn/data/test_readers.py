"""Every format of the user's own data, and tables without names or several of them."""

from __future__ import annotations

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.errors import InputError
from preprocess_cases import preprocess
from scipy import sparse
from scipy.io import mmwrite

GENES = ["MYC", "FOS", "SPI1", "NAT1"]
CELLS = ["c1", "c2", "c3"]
COUNTS = np.array([[0, 3, 1, 7], [2, 0, 0, 5], [1, 1, 4, 0]], dtype=np.float32)
SORTED = ["FOS", "MYC", "NAT1", "SPI1"]
EXPECTED = COUNTS[:, [1, 0, 3, 2]]


def message_of(call, *arguments, **keywords) -> str:
    """Return the message of the error, after checking that it is one line with a remedy."""
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
    monkeypatch.setattr("gtgrn.data.hierarchical.LOOM_BLOCK", 3)
    card = section(loom(tmp_path / "x.loom", kind=kind), "loom", layer="umi", cell_type="type")
    adata = read_expression(card)
    check_read(adata)
    assert sparse.issparse(adata.X)
    assert list(adata.obs["type"]) == ["b", "a", "b"]
    message = message_of(read_expression, section(tmp_path / "x.loom", "loom"))
    assert "all values are 0. Name one of its layers (umi)" in message
    message = message_of(read_expression, section(tmp_path / "x.loom", "loom", layer="raw"))
    assert "no layer 'raw'. Name one of umi" in message
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


FORMATS = ["h5ad", "layer", "raw", "10x_mtx", "10x_h5", "loom", "csv", "tsv", "csv.gz", "tsv.gz"]


def write_as(folder, form: str, kind: str, orientation: str, values=COUNTS) -> dict:
    """Write the counts in one of the formats; give the card's section."""
    stored = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.asarray}[kind](
        values
    )
    names = {
        "obs": pd.DataFrame({"batch": ["a", "b", "a"]}, index=CELLS),
        "var": pd.DataFrame({"gene_ids": [f"ENSG{i:08d}" for i in range(4)]}, index=GENES),
    }
    if form in ("h5ad", "layer", "raw"):
        adata = ad.AnnData(stored if form == "h5ad" else stored * 0, **names)
        if form == "layer":
            adata.layers["umi"] = stored
        if form == "raw":
            adata.raw = ad.AnnData(stored, **names)
        adata.write_h5ad(folder / "x.h5ad")
        key = {"layer": {"layer": "umi"}, "raw": {"layer": "raw"}}.get(form, {})
        return {"format": "h5ad", "path": str(folder / "x.h5ad"), **key}
    if form == "10x_mtx":
        (folder / "mtx").mkdir()
        mmwrite(folder / "mtx/matrix.mtx", sparse.coo_matrix(values.T))
        (folder / "mtx/barcodes.tsv").write_text("\n".join(CELLS) + "\n")
        rows = [f"ENSG{i:08d}\t{gene}" for i, gene in enumerate(GENES)]
        (folder / "mtx/genes.tsv").write_text("\n".join(rows) + "\n")
        return {"format": form, "path": str(folder / "mtx")}
    if form == "10x_h5":
        write_10x_h5(folder / "x.h5", values)
        return {"format": form, "path": str(folder / "x.h5")}
    if form == "loom":
        return {"format": form, "path": str(loom(folder / "x.loom")), "layer": "umi"}
    frame = pd.DataFrame(values, index=CELLS, columns=GENES)
    frame = frame if orientation == "cells_by_genes" else frame.T
    path = folder / f"x.{form}"
    frame.to_csv(path, sep="," if "csv" in form else "\t")
    return {"format": "table", "path": str(path), "orientation": orientation}


def write_10x_h5(path, values) -> None:
    stored = sparse.csr_matrix(values)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["data"] = stored.data.astype(np.int32)
        group["indices"], group["indptr"] = stored.indices.astype(np.int64), stored.indptr
        group["shape"] = np.array(values.T.shape)
        group["barcodes"] = np.array(CELLS, "S")
        for key, names in (("name", GENES), ("id", [f"ENSG{i:08d}" for i in range(4)])):
            group[f"features/{key}"] = np.array(names, "S")
        group["features/feature_type"] = np.array(["Gene Expression"] * 4, "S")
        group["features/genome"] = np.array(["GRCh38"] * 4, "S")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("orientation", ["cells_by_genes", "genes_by_cells"])
@pytest.mark.parametrize("kind", ["dense", "csr", "csc"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_orientation_and_sparsity(tmp_path, form, kind, orientation):
    card = write_as(tmp_path, form, kind, orientation)
    for values in ("counts", "auto"):
        adata = read_expression(card | {"values": values})
        check_read(adata)
        assert adata.uns["gtgrn"]["source"]["values"] == "counts"
    small = preprocess(adata, values="counts", min_cells_fraction=0.5, n_top_genes=2)
    scaled = np.log1p(EXPECTED / EXPECTED.sum(axis=1, keepdims=True) * 1e4)
    best = np.sort(np.argsort(-scaled.var(axis=0))[:2])
    assert list(small.var_names) == [SORTED[i] for i in best]
    np.testing.assert_allclose(small.X, scaled[:, best], rtol=1e-5)


def test_a_large_dense_h5ad_is_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("gtgrn.data.hierarchical.LARGE", 4)
    card = write_as(tmp_path, "h5ad", "dense", "cells_by_genes") | {"values": "counts"}
    adata = read_expression(card)
    assert sparse.issparse(adata.X)
    check_read(adata)


@pytest.mark.parametrize(
    ("values", "kind"),
    [(COUNTS, "counts"), (np.log1p(COUNTS), "lognorm"), (COUNTS - 1.5, "continuous")],
)
def test_values_are_detected_stated_and_can_be_overruled(tmp_path, caplog, values, kind):
    card = write_as(tmp_path, "h5ad", "dense", "cells_by_genes", values.astype(np.float32))
    source = read_expression(card | {"values": "auto"}).uns["gtgrn"]["source"]
    assert (source["values"], source["values_detected"]) == (kind, True)
    assert f"the values look like {kind} and are taken as such" in caplog.text
    overruled = read_expression(card | {"values": "continuous"}).uns["gtgrn"]["source"]
    assert overruled["values"] == "continuous"
    assert "values_detected" not in overruled


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", ["h5ad", "10x_mtx", "10x_h5"])
def test_names_from_a_column_and_back_by_a_table(tmp_path, form, caplog):
    caplog.set_level("INFO")
    card = write_as(tmp_path, form, "csr", "cells_by_genes") | {"values": "counts"}
    card["gene_names"] = "gene_ids"
    assert list(read_expression(card).var_names) == [f"ENSG{i:08d}" for i in range(4)]
    (tmp_path / "map.tsv").write_text(
        "id\tsymbol\nENSG00000000\tMYC\nENSG00000001\tFOS\nENSG00000002\tFOS\nX\tY\n"
    )
    section = {"path": str(tmp_path / "map.tsv"), "from": "id", "to": "symbol"}
    adata = read_expression(card | {"gene_map": section})
    expected = ["ENSG00000003", "FOS_ENSG00000001", "FOS_ENSG00000002", "MYC"]
    assert list(adata.var_names) == expected
    counts = adata.uns["gtgrn"]["source"]["gene_map_counts"]
    assert counts == {"translated": 3, "kept": 1, "shared": 2}
    assert "3 of 4 names of genes translated" in caplog.text
    (tmp_path / "map.tsv").write_text("id\tsymbol\nQ\tMYC\n")
    message = message_of(read_expression, card | {"gene_map": section})
    assert "none of the 4 genes is in the table" in message
    assert "the genes have no column 'x'. Name one of" in message_of(
        read_expression, card | {"gene_names": "x"}
    )


def test_versions_of_ensembl_identifiers_do_not_matter(tmp_path):
    frame = pd.DataFrame(COUNTS, CELLS, [f"ENSG0000000000{i}.{i + 3}" for i in range(4)])
    frame.to_csv(tmp_path / "x.csv")
    rows = [f"ENSG0000000000{i},{gene}" for i, gene in enumerate(GENES)]
    (tmp_path / "map.csv").write_text("\n".join(["id,name", *rows]) + "\n")
    section_of_map = {"path": str(tmp_path / "map.csv"), "from": "id", "to": "name"}
    check_read(read_expression(section(tmp_path / "x.csv", gene_map=section_of_map)))
