"""Damaged and hostile files: one line each, and never another number."""

from __future__ import annotations

import zipfile

import anndata as ad
import h5py
import numpy as np
import pytest
from gtgrn.data.mtx_folders import read_matrix_market
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matrix_cases import check_same, counts, h5ad, loom, mtx, pack, refusal, table, tenx_h5

HEAD = "%%MatrixMarket matrix coordinate integer general\n"


def market(folder, text: str):
    (folder / "matrix.mtx").write_text(text)
    return folder / "matrix.mtx"


@pytest.mark.parametrize("end", [" ", "\t", "\n\n", " \n", "", "\r\n"])
def test_blanks_at_the_end_of_a_matrix_do_not_matter(tmp_path, end):
    path = market(tmp_path, HEAD + "2 2 2\n1 1 5\n2 2 7" + end)
    np.testing.assert_array_equal(read_matrix_market(path).toarray(), [[5, 0], [0, 7]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "its first line is not that of a Matrix Market file"),
        (HEAD + "2 2\n1 1 5\n", "three whole numbers"),
        (HEAD + "2 2 2\n1 1 5\n", "it has 1 entries, its header says 2"),
        (HEAD + "2 2 1\n1 1 5\n2 2 7\n", "it has 2 entries, its header says 1"),
        (HEAD + "2 2 1\n1 1 5 junk\n", "after an entry there is 'junk'"),
        (HEAD + "2 2 1\n1 1 junk\n", "junk"),
        (HEAD + "2 2 1\n1 1\n", "lacks a number"),
        (HEAD + "2 2 1\n3 1 5\n", "an entry lies outside of its 2 x 2 values"),
        (HEAD + "2 2 1\n0 1 5\n", "an entry lies outside"),
        (HEAD + "2 2 1\n1 1 1.5\n", "its header says integer, but a value is 1.5"),
        (HEAD + "2 2 2\n1 1 5\n1 1 6\n", "entries repeat another's place"),
        (HEAD + "-2 2 1\n1 1 5\n", "are impossible"),
        (HEAD + '2 2 1\n1 1 ""5\n', "5"),
        (HEAD + "2 2 \u20281\n1 1 5\n", "three whole numbers"),
        (HEAD + "2 2 1\n1 1 5\0\n", "bytes of zero"),
        (HEAD + "2 99999999999 1\n1 1 5\n", "are impossible"),
        (HEAD + "2 2 " + "9" * 5000 + "\n1 1 5\n", ""),
        (HEAD.replace("integer", "complex") + "2 2 1\n1 1 5 1\n", "its values are complex"),
        (HEAD.replace("general", "symmetric") + "2 2 1\n1 1 5\n", "symmetric"),
        (HEAD.replace("coordinate", "array") + "2 2\n1\n", "it has 1 values, its header says"),
        (HEAD.replace("coordinate", "array") + "2 2 2\n1\n", "two whole numbers"),
        (HEAD.replace("coordinate", "array") + "2 2\n1\n2\n3\n4.5\n", "a value is 4.5"),
        (HEAD.replace("coordinate", "array") + "2 2\n1\n2\n3 4\n", "after an entry there is"),
        (HEAD.replace("coordinate", "array") + "-2 -2\n1\n2\n3\n4\n", "its header says"),
    ],
)
def test_a_bad_matrix_is_refused(tmp_path, text, words):
    card = mtx(tmp_path, counts())
    (tmp_path / "counts/matrix.mtx").write_text(text)
    message = refusal(card)
    assert "not a readable 10x_mtx" in message
    assert words in message


def test_the_remedy_for_fractions_under_an_integer_header(tmp_path):
    frame = counts("estimated_counts")
    card = mtx(tmp_path, frame, field="integer")
    assert "write real there" in refusal(card)
    path = tmp_path / "counts/matrix.mtx"
    path.write_text(path.read_text().replace(" integer ", " real ", 1))
    check_same(card, frame)


def spoil_h5ad(path: str, key: str, change) -> None:
    with h5py.File(path, "a") as file:
        values = change(file[key][:])
        attributes = dict(file[key].attrs)
        del file[key]
        file[key] = values
        file[key].attrs.update(attributes)


DAMAGES = {
    "index too large": ("X/indices", lambda x: np.where(np.arange(len(x)) == 3, 10**6, x)),
    "index negative": ("X/indices", lambda x: np.where(np.arange(len(x)) == 3, -1, x)),
    "pointer back": ("X/indptr", lambda x: np.concatenate([[0], x[1:][::-1]])),
    "pointer too large": (
        "X/indptr",
        lambda x: np.where(np.arange(len(x)) == len(x) - 1, 10**6, x),
    ),
    "pointers short": ("X/indptr", lambda x: x[:-1]),
    "values short": ("X/data", lambda x: x[:-1]),
    "complex values": ("X/data", lambda x: x.astype(complex)),
    "text instead of numbers": ("X/data", lambda x: x.astype("S")),
    "values in two columns": ("X/data", lambda x: x[:, None]),
    "indices in two columns": ("X/indices", lambda x: x[:, None]),
    "one pointer": ("X/indptr", lambda x: x[0]),
    "indices are fractions": ("X/indices", lambda x: x + 0.5),
    "names of genes short": ("var/_index", lambda x: x[:-1]),
    "names of cells short": ("obs/_index", lambda x: x[:-1]),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("store", ["csr", "csc"])
def test_a_damaged_h5ad_is_refused(tmp_path, damage, store):
    card = h5ad(tmp_path, counts(), store=store)
    spoil_h5ad(card["path"], *DAMAGES[damage])
    assert "not a readable h5ad" in refusal(card)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
@pytest.mark.parametrize("part", ["indices", "indptr"])
@pytest.mark.parametrize("store", ["csr", "csc", "10x"])
def test_indices_of_any_type_that_holds_them_are_read(tmp_path, kind, part, store):
    frame = counts()
    card = tenx_h5(tmp_path, frame) if store == "10x" else h5ad(tmp_path, frame, store=store)
    group = "matrix" if store == "10x" else "X"
    spoil_h5ad(card["path"], f"{group}/{part}", lambda x: x.astype(kind))
    check_same(card, frame)


@pytest.mark.parametrize("store", ["csr", "csc", "10x"])
def test_pointers_that_go_back_are_seen_among_numbers_without_a_sign(tmp_path, store):
    card = tenx_h5(tmp_path, counts()) if store == "10x" else h5ad(tmp_path, counts(), store=store)
    group = "matrix" if store == "10x" else "X"

    def swap(pointers):
        return np.concatenate([pointers[:1], pointers[1:-1][::-1], pointers[-1:]]).astype("u8")

    spoil_h5ad(card["path"], f"{group}/indptr", swap)
    assert "the pointers of the matrix (indptr)" in refusal(card)


def test_a_damaged_10x_h5_is_refused(tmp_path):
    card = tenx_h5(tmp_path, counts())
    spoil_h5ad(card["path"], "matrix/indices", lambda x: np.where(x == 2, 500, x))
    assert "not a readable 10x_h5 (indices of the matrix lie outside" in refusal(card)


def test_complex_values_of_loom_and_dense_h5ad(tmp_path):
    card = loom(tmp_path, counts())
    spoil_h5ad(card["path"], "matrix", lambda x: x.astype(complex))
    assert "the values are of type complex128, not real numbers" in refusal(card)
    card = h5ad(tmp_path, counts(), store="dense")
    spoil_h5ad(card["path"], "X", lambda x: x.astype(complex))
    assert "the values are of type complex128, not real numbers" in refusal(card)


def test_hdf5_of_other_kinds_is_named(tmp_path):
    card = {"format": "h5ad", "path": str(tmp_path / "x.h5")}
    for key, words in (
        ("assays", "it is an h5Seurat file"),
        ("mod", "it is a MuData file"),
        ("other", "an HDF5 file that is no h5ad, loom or 10x h5; it holds other"),
    ):
        with h5py.File(card["path"], "w") as file:
            file.create_group(key)
        assert words in refusal(card)


@pytest.mark.parametrize("name", ["A\tB", "A\nB", "A\x00B", "A\x1b[31m"])
def test_control_characters_in_names_are_refused(tmp_path, name):
    adata = ad.AnnData(counts().to_numpy(np.float32), var={"n": np.arange(10)})
    adata.obs_names = counts().index
    adata.var_names = [name.replace("\x00", "\x01"), *counts().columns[1:]]
    adata.write_h5ad(tmp_path / "x.h5ad")
    message = refusal({"format": "h5ad", "path": str(tmp_path / "x.h5ad")})
    assert "gene names hold control characters" in message


def test_an_encrypted_archive_is_refused(tmp_path):
    card = table(tmp_path, counts(), packing="zip")
    with open(card["path"], "r+b") as handle:
        data = bytearray(handle.read())
        # The flag of encryption in both headers of the member.
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(magic) + offset] |= 1
        handle.seek(0)
        handle.write(data)
    assert "the archive is encrypted: unpack it" in refusal(card)
    assert zipfile.is_zipfile(card["path"])


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("cut", [5, 40, -30])
def test_a_truncated_packed_table_is_refused(tmp_path, packing, cut):
    card = table(tmp_path, counts(), packing=packing)
    with open(card["path"], "r+b") as handle:
        data = handle.read()
        handle.truncate(cut if cut > 0 else len(data) + cut)
    refusal(card)


WRITERS = [h5ad, loom, tenx_h5, mtx, table]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(WRITERS), st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_bytes_at_random_end_in_one_line_or_a_matrix(tmp_path_factory, writer, place, junk):
    from gtgrn.data.preprocessing import read_expression
    from gtgrn.errors import InputError

    folder = tmp_path_factory.mktemp("fuzz")
    card = writer(folder, counts())
    path = folder / "counts/matrix.mtx" if writer is mtx else folder / card["path"]
    data = bytearray(path.read_bytes())
    start = place % len(data)
    data[start : start + len(junk)] = junk
    path.write_bytes(bytes(data))
    message = ""
    try:
        read_expression(card | {"values": "auto"})
    except InputError as error:
        message = str(error)
    assert "\n" not in message


def test_a_packed_matrix_of_nothing(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("")
    card = {"format": "table", "orientation": "cells_by_genes", "path": str(pack(path, "gz"))}
    assert "not a readable table" in refusal(card)


ODD_COLUMNS = {
    "a group": lambda file: file.create_group("obs/kind"),
    "one value": lambda file: file.create_dataset("obs/kind", data="B"),
    "a table": lambda file: file.create_dataset("obs/kind", data=np.zeros((12, 2))),
    "too few": lambda file: file.create_dataset("obs/kind", data=np.zeros(11)),
    "nothing": lambda file: file.create_dataset("obs/kind", data=h5py.Empty("f4")),
    "tables": lambda file: file.create_dataset("obs/kind", data=np.zeros(12, [("a", "f4")])),
}


@pytest.mark.parametrize("key", ["cell_type", "total_counts"])
@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_a_column_that_fits_no_row_is_refused(tmp_path, kind, key):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        ODD_COLUMNS[kind](file)
    assert "not a readable h5ad" in refusal(card | {key: "kind"})
    check_same(card, counts())


@pytest.mark.parametrize("key", ["layers", "columns", "left_out", "gtgrn"])
@pytest.mark.parametrize("old", [True, False])
def test_what_a_file_says_of_its_own_is_not_taken_for_the_readers(tmp_path, key, old):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        if old:
            as_one_table(file, "obs")
            as_one_table(file, "var")
        file["uns"].create_dataset(key, data=np.zeros((3, 2)))
    record = check_same(card, counts())
    assert "left_out" not in record


def as_one_table(file: h5py.File, name: str) -> None:
    """Write obs or var as anndata did before 0.7."""
    names = file[f"{name}/_index"].asstr()[:]
    del file[name]
    file[name] = np.array([(text,) for text in names], [("index", "S20")])


@pytest.mark.parametrize("missing", ["encoding-type", "encoding-version", "column-order"])
def test_names_do_not_hang_on_the_encoding_of_their_frame(tmp_path, missing):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        for name in ("obs", "var"):
            del file[name].attrs[missing]
    check_same(card, counts())


def test_a_shape_of_three_numbers_is_refused(tmp_path):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        file["X"].attrs["shape"] = [12, 10, 1]
    assert "the matrix has 3 dimensions" in refusal(card)
