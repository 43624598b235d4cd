from __future__ import annotations

import gzip
import hashlib
import json

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.readers import _recover_counts
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.data.value_kinds import find_kind
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


# Readers


def write_table(path, matrix=COUNTS, rows=CELLS, columns=GENES, sep="\t", corner="") -> str:
    """Write names and values exactly as given."""
    lines = [sep.join([corner, *columns])]
    lines += [sep.join([name, *map(str, row)]) for name, row in zip(rows, matrix, strict=True)]
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.tsv", "x.txt", "x.tsv.gz"])
@pytest.mark.parametrize("orientation", ["cells_by_genes", "genes_by_cells"])
def test_tables_of_either_orientation(tmp_path, name, orientation):
    sep = "," if ".csv" in name else "\t"
    path = tmp_path / name
    if orientation == "cells_by_genes":
        write_table(path, sep=sep)
    else:
        write_table(path, COUNTS.T, GENES, CELLS, sep=sep, corner="gene")
    card = section(path, orientation=orientation)
    adata = read_expression(card)
    check_read(adata)
    assert adata.uns["gtgrn"] == {"source": card}


def test_table_of_r_without_a_corner_and_with_quotes(tmp_path):
    path = tmp_path / "x.tsv"
    lines = ["\t".join(f'"{gene}"' for gene in GENES)]
    lines += [
        "\t".join([f'"{name}"', *map(str, row)]) for name, row in zip(CELLS, COUNTS, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    check_read(read_expression(section(path)))


def test_table_keeps_gene_names_that_look_like_something_else(tmp_path):
    names = ["1e5", "NA", "nan", "007"]
    path = write_table(tmp_path / "x.csv", COUNTS.T, names, CELLS, sep=",")
    adata = read_expression(section(path, orientation="genes_by_cells"))
    assert set(adata.var_names) == set(names)


def test_genes_without_cells(tmp_path):
    path = tmp_path / "genes.csv"
    path.write_text(",Gene,index\n0,MYC,0\n1,FOS,1\n")
    card = {"format": "genes_only", "path": str(path), "column": "Gene"}
    adata = read_expression(card)
    assert adata.shape == (0, 2)
    adata = preprocess(adata, values="continuous", regulators=["MYC"], min_genes_per_cell=200)
    write_expression(adata, tmp_path / "x.h5ad")
    again = read_preprocessed(tmp_path / "x.h5ad")
    assert list(again.var_names) == ["FOS", "MYC"]
    assert list(again.var["is_regulator"]) == [False, True]
    with pytest.raises(InputError, match="Set it to null"):
        preprocess(adata, values="continuous", n_top_genes=1)
    path.write_text("Gene\n")
    assert "the matrix is empty" in message_of(read_expression, card)


@pytest.mark.parametrize(
    ("matrix", "kind"),
    [
        ([[0, 3], [2, 1]], "counts"),
        ([[0, 0.7], [2.1, 1]], "lognorm"),
        ([[0, 1], [1, 0]], "continuous"),
        ([[0.5, 26], [2.1, 1]], "continuous"),
        ([[-0.5, 2], [2.1, 1]], "continuous"),
        ([[-5, 2], [2, 1]], "continuous"),
    ],
)
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_matrix])
def test_detecting_what_values_are(matrix, kind, storage):
    assert find_kind(storage(np.array(matrix, np.float32))).kind == kind


def test_lognorm_that_looks_like_counts_is_warned_of(tmp_path, caplog):
    path = write_table(tmp_path / "x.tsv")
    read_expression(section(path, values="lognorm"))
    assert "declared lognorm, but the values look like counts (largest 7)" in caplog.text
    caplog.clear()
    read_expression(section(path, values="continuous"))
    read_expression(section(path))
    assert not caplog.records


def as_anndata(matrix=COUNTS) -> ad.AnnData:
    obs = pd.DataFrame(
        {"n": [20.0, 21.0, 22.0], "type": pd.Categorical(["b", "a", "b"]), "other": 1},
        index=CELLS,
    )
    return ad.AnnData(np.log1p(matrix), obs=obs, var=pd.DataFrame(index=GENES))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_h5ad_layers(tmp_path, kind, dtype):
    adata = as_anndata()
    adata.layers["umi"] = kind(COUNTS.astype(dtype))
    raw = ad.AnnData(kind(COUNTS.astype(dtype)), obs=adata.obs, var=adata.var)
    adata.raw = raw
    adata.write_h5ad(tmp_path / "x.h5ad")
    path = tmp_path / "x.h5ad"
    check_read(read_expression(section(path, "h5ad", layer="umi")))
    check_read(read_expression(section(path, "h5ad", layer="raw")))
    card = section(path, "h5ad", "lognorm", cell_type="type")
    check_read(read_expression(card), np.log1p(EXPECTED))


def test_h5ad_keeps_the_named_columns_of_obs(tmp_path):
    as_anndata().write_h5ad(tmp_path / "x.h5ad")
    card = section(tmp_path / "x.h5ad", "h5ad", "lognorm", cell_type="type", total_counts="n")
    adata = read_expression(card)
    assert set(adata.obs) == {"type", "n"}
    assert list(adata.obs["type"]) == ["b", "a", "b"]
    message = message_of(read_expression, card | {"cell_type": "kind"})
    assert "'expression.cell_type': obs has no column 'kind'. Name one of n, type" in message
    message = message_of(read_expression, card | {"total_counts": "sum"})
    assert "'expression.total_counts': obs has no column 'sum'" in message


def write_10x_mtx(folder, symbols=GENES, kinds=None):
    """Write a folder as Cell Ranger 3 and later do."""
    folder.mkdir()
    with gzip.open(folder / "matrix.mtx.gz", "wb") as handle:
        mmwrite(handle, sparse.coo_matrix(COUNTS.T.astype(int)))
    kinds = kinds or ["Gene Expression"] * len(symbols)
    features = [f"ENSG{i}\t{s}\t{k}" for i, (s, k) in enumerate(zip(symbols, kinds, strict=True))]
    for name, lines in (("features.tsv.gz", features), ("barcodes.tsv.gz", CELLS)):
        with gzip.open(folder / name, "wt") as handle:
            handle.write("\n".join(lines) + "\n")
    return folder


def write_10x_h5(path, symbols=GENES):
    """Write an h5 as Cell Ranger 3 and later do."""
    matrix = sparse.csr_matrix(COUNTS.astype(np.int32))
    with h5py.File(path, "w") as handle:
        group = handle.create_group("matrix")
        group["data"], group["indices"], group["indptr"] = (
            matrix.data,
            matrix.indices.astype(np.int64),
            matrix.indptr.astype(np.int64),
        )
        group["shape"] = np.array(COUNTS.T.shape, dtype=np.int32)
        group["barcodes"] = np.array(CELLS, dtype="S")
        features = group.create_group("features")
        features["id"] = np.array([f"ENSG{i}" for i in range(len(symbols))], dtype="S")
        features["name"] = np.array(symbols, dtype="S")
        features["feature_type"] = np.array(["Gene Expression"] * len(symbols), dtype="S")
        features["genome"] = np.array(["GRCh38"] * len(symbols), dtype="S")
    return path


def test_10x_formats(tmp_path):
    check_read(read_expression(section(write_10x_mtx(tmp_path / "mtx"), "10x_mtx")))
    check_read(read_expression(section(write_10x_h5(tmp_path / "x.h5"), "10x_h5")))


def test_10x_folder_of_cell_ranger_2(tmp_path):
    mmwrite(tmp_path / "matrix.mtx", sparse.coo_matrix(COUNTS.T.astype(int)))
    genes = "".join(f"ENSG{i}\t{gene}\n" for i, gene in enumerate(GENES))
    (tmp_path / "genes.tsv").write_text(genes)
    (tmp_path / "barcodes.tsv").write_text("\n".join(CELLS) + "\n")
    check_read(read_expression(section(tmp_path, "10x_mtx")))


@pytest.mark.parametrize("form", ["10x_mtx", "10x_h5"])
def test_10x_symbols_shared_by_genes_get_their_identifier(tmp_path, form, caplog):
    writer = write_10x_mtx if form == "10x_mtx" else write_10x_h5
    path = writer(tmp_path / "x", ["MYC", "FOS", "MYC", "SPI1"])
    adata = read_expression(section(path, form))
    assert list(adata.var_names) == ["FOS", "MYC_ENSG0", "MYC_ENSG2", "SPI1"]
    np.testing.assert_array_equal(adata[:, "MYC_ENSG2"].X.toarray().ravel(), COUNTS[:, 2])
    assert "2 genes share their symbol with another, such as MYC" in caplog.text


def test_10x_other_features_are_left_out(tmp_path):
    kinds = ["Gene Expression"] * 3 + ["Antibody Capture"]
    adata = read_expression(section(write_10x_mtx(tmp_path / "x", kinds=kinds), "10x_mtx"))
    assert list(adata.var_names) == ["FOS", "MYC", "SPI1"]


def test_pbmc68k_reduced_gives_back_the_counts():
    card = section("pbmc68k_reduced", "scanpy", total_counts="n_counts", cell_type="bulk_labels")
    adata = read_expression(card)
    assert adata.shape == (700, 765)
    counts = adata.X.toarray()
    np.testing.assert_array_equal(counts, np.rint(counts))
    assert (counts.sum(axis=1) < adata.obs["n_counts"]).all()
    raw = sc.datasets.pbmc68k_reduced().raw.to_adata()[:, adata.var_names].X.toarray()
    done = preprocess(adata, values="counts", total_counts="n_counts")
    # The stored values are rounded to three decimals.
    np.testing.assert_allclose(done.X, raw, rtol=0, atol=5.1e-4)
    np.testing.assert_array_equal(done.layers["counts"].toarray(), counts)
    lognorm = read_expression(card | {"values": "lognorm"})
    np.testing.assert_array_equal(lognorm.X.toarray(), raw)


def test_recovered_counts_are_checked():
    totals = np.array([1000.0, 2000.0])
    counts = sparse.csr_matrix(np.array([[1.0, 0.0, 5.0], [0.0, 2.0, 40.0]]))
    lognorm = counts.copy()
    lognorm.data = np.round(np.log1p(counts.data / totals[[0, 0, 1, 1]] * 1e4), 3)
    np.testing.assert_array_equal(
        _recover_counts(lognorm, totals, "x").toarray(), counts.toarray()
    )
    lognorm.data[2] += 0.01
    message = message_of(_recover_counts, lognorm, totals, "x")
    assert message.startswith("scanpy.datasets.x: 'expression.path': its values do not follow")


# Errors of reading


def test_absent_and_unshipped_data(tmp_path):
    for form in ("h5ad", "10x_mtx", "10x_h5", "table"):
        path = tmp_path / "none.h5ad"
        message = message_of(read_expression, section(path, form))
        assert message == f"{path}: 'expression.path': not found. Check the path"
    message = message_of(read_expression, section("pbmc3k", "scanpy"))
    assert "'pbmc3k' does not ship with scanpy; it would be downloaded unchecked" in message


def test_damaged_files(tmp_path):
    as_anndata().write_h5ad(tmp_path / "x.h5ad")
    content = (tmp_path / "x.h5ad").read_bytes()
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(content[: len(content) // 2])
    text = write_table(tmp_path / "text.h5ad")
    plain = tmp_path / "plain.h5ad"
    with h5py.File(plain, "w") as handle:
        handle["numbers"] = np.arange(3)
    packed = write_table(tmp_path / "x.tsv.gz", np.random.default_rng(0).random((3, 4)))
    cut_table = tmp_path / "cut.tsv.gz"
    cut_table.write_bytes(packed.read_bytes()[:-20])
    not_gzip = tmp_path / "not.tsv.gz"
    not_gzip.write_text("a\tb\n")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    for path, form in (
        (cut, "h5ad"), (text, "h5ad"), (plain, "10x_h5"), (plain, "h5ad"), (cut, "10x_h5"),
        (cut_table, "table"), (not_gzip, "table"), (empty, "table"),
        (cut, "table"), (cut, "10x_mtx"),
    ):  # fmt: skip
        message = message_of(read_expression, section(path, form))
        assert message.startswith(f"{path}: 'expression.path': "), (path, form)
        assert "not a readable" in message, (path, form)
        assert "Fetch or make it again" in message


def test_unknown_layer(tmp_path):
    adata = as_anndata()
    adata.layers["umi"] = COUNTS
    adata.write_h5ad(tmp_path / "x.h5ad")
    for layer in ("counts", "raw"):
        message = message_of(read_expression, section(tmp_path / "x.h5ad", "h5ad", layer=layer))
        assert f"'expression.layer': the file has no layer '{layer}'" in message
        assert "Name one of umi" in message


def test_no_x(tmp_path):
    ad.AnnData(obs=pd.DataFrame(index=CELLS), var=pd.DataFrame(index=GENES)).write_h5ad(
        tmp_path / "x.h5ad"
    )
    message = message_of(read_expression, section(tmp_path / "x.h5ad", "h5ad"))
    assert "the file has no X" in message


def test_names_that_occur_twice_or_are_absent(tmp_path):
    path = tmp_path / "x.csv"
    write_table(path, columns=["FOS", "MYC", "FOS", "MYC"], sep=",")
    message = message_of(read_expression, section(path))
    assert f"{path}: 'expression.path': gene names that occur more than once: FOS, MYC." in message
    write_table(path, np.ones((3, 10)), columns=[*"AABBCCDDEE"], sep=",")
    assert "more than once: A, B, C and 2 more" in message_of(read_expression, section(path))
    write_table(path, rows=["c1", "c2", "c1"], sep=",")
    assert "cell names that occur more than once: c1" in message_of(read_expression, section(path))
    write_table(path, columns=["FOS", "MYC", "", "SPI1"], sep=",")
    assert "a gene has no name" in message_of(read_expression, section(path))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize(
    ("values", "bad", "words"),
    [
        ("counts", -1, "negative, the first -1"),
        ("counts", 1.5, "not a whole number, the first 1.5"),
        ("counts", np.nan, "missing or infinite, the first nan"),
        ("lognorm", -0.5, "negative, the first -0.5"),
        ("lognorm", np.inf, "missing or infinite, the first inf"),
        ("continuous", np.nan, "missing or infinite, the first nan"),
        ("continuous", -np.inf, "missing or infinite, the first -inf"),
    ],
)
def test_impossible_values(tmp_path, kind, values, bad, words):
    matrix = COUNTS.copy()
    matrix[1, 3] = matrix[2, 3] = bad
    adata = ad.AnnData(kind(matrix), obs=as_anndata().obs, var=as_anndata().var)
    adata.write_h5ad(tmp_path / "x.h5ad")
    message = message_of(read_expression, section(tmp_path / "x.h5ad", "h5ad", values))
    assert message.startswith(
        f"{tmp_path / 'x.h5ad'}: 'expression.values': declared {values}, but 2 values are {words} "
        "(cell 'c2', gene 'NAT1')"
    )


def test_values_that_are_allowed(tmp_path):
    path = write_table(tmp_path / "x.csv", COUNTS - 1.5, sep=",")
    check_read(read_expression(section(path, values="continuous")), EXPECTED - 1.5)
    path = write_table(tmp_path / "x.csv", COUNTS / 2, sep=",")
    check_read(read_expression(section(path, values="lognorm")), EXPECTED / 2)


def test_tables_that_are_not_matrices(tmp_path):
    path = tmp_path / "x.tsv"
    card = section(path)
    matrix = COUNTS.astype(object)
    matrix[1, 2] = "high"
    write_table(path, matrix)
    message = message_of(read_expression, card)
    assert f"{path}: 'expression.path': row 'c2', column 'SPI1': 'high' is not a number" in message
    matrix[:, 2] = True
    write_table(path, matrix)
    assert "row 'c1', column 'SPI1': 'True' is not" in message_of(read_expression, card)
    matrix[:, 2] = ""
    write_table(path, matrix)
    assert "3 values are missing" in message_of(read_expression, card)
    # A short row looks like a row whose last values are missing.
    path.write_text("\tFOS\tMYC\nc1\t1\t2\nc2\t3\n")
    message = message_of(read_expression, card)
    assert "missing or infinite" in message
    assert "(cell 'c2', gene 'MYC')" in message
    path.write_text("\tFOS\tMYC\nc1\t1\t2\nc2\t3\t4\t5\n")
    assert "not a readable table" in message_of(read_expression, card)
    path.write_text("\tFOS\tMYC\nc1\t1\t2\t3\t4\n")
    message = message_of(read_expression, card)
    assert "the header has 3 names, the first row 5 fields" in message
    path.write_text("cell~FOS~MYC\nc1~1~2\n")
    message = message_of(read_expression, card)
    assert "the header has 1 names" in message
    assert "Separate by commas in .csv, by tabs else" in message


def test_empty_matrices(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(",FOS,MYC\n")
    assert "'expression.path'" in message_of(read_expression, section(path))
    empty = ad.AnnData(np.zeros((0, 2), np.float32), var=pd.DataFrame(index=["A", "B"]))
    empty.write_h5ad(tmp_path / "x.h5ad")
    message = message_of(read_expression, section(tmp_path / "x.h5ad", "h5ad"))
    assert "the matrix is empty: 0 cells x 2 genes" in message


def test_file_order_of_genes_changes_nothing(tmp_path):
    order = [2, 0, 3, 1]
    columns = [GENES[i] for i in order]
    one = read_expression(section(write_table(tmp_path / "a.tsv")))
    other = read_expression(
        section(write_table(tmp_path / "b.tsv", COUNTS[:, order], columns=columns))
    )
    check_read(other)
    np.testing.assert_array_equal(one.X, other.X)


# Writing


def preprocessed(tmp_path, **options) -> ad.AnnData:
    path = write_table(tmp_path / "x.tsv")
    return preprocess(read_expression(section(path)), values="counts", **options)


def test_round_trip(tmp_path):
    adata = preprocessed(tmp_path, regulators=["FOS"], n_top_genes=2, min_cells_fraction=0.5)
    path = tmp_path / "results" / "expression.h5ad"
    write_expression(adata, path)
    again = read_preprocessed(path)
    np.testing.assert_array_equal(again.X, adata.X)
    np.testing.assert_array_equal(again.layers["counts"], adata.layers["counts"])
    pd.testing.assert_frame_equal(again.var, adata.var)
    assert list(again.obs_names) == list(adata.obs_names)
    assert again.uns["gtgrn"] == adata.uns["gtgrn"]
    assert json.loads(json.dumps(again.uns["gtgrn"])) == adata.uns["gtgrn"]
    assert again.uns["gtgrn"].keys() == {"source", "filters", "settings", "versions"}
    assert again.uns["gtgrn"]["settings"]["n_top_genes"] == 2
    assert [file.name for file in path.parent.iterdir()] == ["expression.h5ad"]


def test_same_data_give_the_same_bytes(tmp_path):
    digests = set()
    for name in ("a.h5ad", "b.h5ad"):
        write_expression(preprocessed(tmp_path), tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_failed_write_leaves_nothing(tmp_path):
    adata = preprocessed(tmp_path)
    adata.uns["no"] = object()
    with pytest.raises(Exception, match="object"):
        write_expression(adata, tmp_path / "out" / "x.h5ad")
    assert not list(tmp_path.glob("out/*"))


def test_reading_back_what_is_not_there_or_not_ours(tmp_path):
    with pytest.raises(InputError, match="not found"):
        read_preprocessed(tmp_path / "none.h5ad")
    as_anndata().write_h5ad(tmp_path / "x.h5ad")
    message = message_of(read_preprocessed, tmp_path / "x.h5ad")
    assert f"{tmp_path / 'x.h5ad'}: 'var.is_regulator': not made by this workflow" in message
    (tmp_path / "x.h5ad").write_bytes((tmp_path / "x.h5ad").read_bytes()[:900])
    with pytest.raises(InputError, match=r"not a readable h5ad .* let the rule preprocess"):
        read_preprocessed(tmp_path / "x.h5ad")
