"""Every format x packing x orientation x kind of values is read as the plain form is."""

from __future__ import annotations

import bz2
import gzip
import shutil
import zipfile

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.preprocessing import read_expression
from matrix_cases import (
    CELLS,
    GENES,
    check_same,
    combinations,
    counts,
    h5ad,
    mtx,
    pack,
    refusal,
    table,
)

COMBINATIONS = list(combinations())


def test_there_are_enough_combinations():
    names = [name for name, _, _ in COMBINATIONS]
    assert len(set(names)) == len(names) >= 120


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("kind", "write"),
    [pytest.param(kind, write, id=name) for name, kind, write in COMBINATIONS],
)
def test_every_combination_is_read_alike(tmp_path, kind, write):
    frame = counts(kind)
    source = check_same(write(tmp_path, frame), frame)
    assert source["values"] == kind
    assert "left_out" not in source


@pytest.mark.parametrize("form", ["h5ad", "10x_h5", "loom", "10x_mtx"])
def test_a_table_that_is_called_otherwise_says_how_to_say_so(tmp_path, form):
    frame = counts()
    card = table(tmp_path, frame)
    message = refusal({"format": form, "path": card["path"]})
    assert f"not a readable {form} (it is a table of text)" in message
    assert "correct expression.format to table" in message
    assert "'orientation: cells_by_genes'" in message
    check_same({"format": "table", "path": card["path"], "orientation": "cells_by_genes"}, frame)


def test_several_matrices_in_a_folder_are_named_and_one_can_be_chosen(tmp_path):
    frame = counts()
    for number in (1, 2):
        part = tmp_path / f"part{number}"
        part.mkdir()
        card = mtx(part, frame, prefix=f"GSM{number}_")
        for path in list((part / "counts").iterdir()):
            path.rename(tmp_path / path.name)
        (part / "counts").rmdir()
        part.rmdir()
    card["path"] = str(tmp_path)
    message = refusal(card)
    assert "there are 2 matrices: GSM1_matrix.mtx, GSM2_matrix.mtx" in message
    assert "Give the path of one of them" in message
    check_same(card | {"path": str(tmp_path / "GSM2_matrix.mtx")}, frame)


def test_lists_that_do_not_fit_the_matrix(tmp_path):
    card = mtx(tmp_path, counts())
    path = tmp_path / "counts/features.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    message = refusal(card)
    assert "the matrix is 10 x 12, but features.tsv has 9 lines and barcodes.tsv 12" in message
    path.unlink()
    assert "there is no features.tsv or genes.tsv, plain or packed, beside matrix.mtx" in refusal(
        card
    )


def test_lists_with_a_header(tmp_path):
    card = mtx(tmp_path, counts(), columns=1)
    for name, header in (("features.tsv", "gene"), ("barcodes.tsv", "barcode")):
        path = tmp_path / "counts" / name
        path.write_text(header + "\n" + path.read_text())
    check_same(card, counts())


@pytest.mark.parametrize("swapped", [False, True])
def test_identifiers_and_symbols_in_either_order(tmp_path, swapped):
    card = mtx(tmp_path, counts(), columns=2)
    path = tmp_path / "counts/features.tsv"
    if swapped:
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        path.write_text("".join(f"{b}\t{a}\n" for a, b in rows))
    check_same(card, counts())


def test_features_that_are_no_genes(tmp_path):
    card = mtx(tmp_path, counts())
    path = tmp_path / "counts/features.tsv"
    lines = path.read_text().splitlines()
    lines[-1] = lines[-1].replace("Gene Expression", "Antibody Capture")
    path.write_text("\n".join(lines) + "\n")
    check_same(card, counts().iloc[:, :-1])
    path.write_text("\n".join(lines).replace("Gene Expression", "Peaks") + "\n")
    assert "10 features are antibody capture, peaks; none is a gene" in refusal(card)


def test_spliced_and_ambiguous_counts_of_alevin_fry(tmp_path, caplog):
    whole = counts().to_numpy()
    three = pd.DataFrame(
        np.hstack([whole, whole * 5, whole * 2]), CELLS,
        [*GENES, *(f"{gene}-U" for gene in GENES), *(f"{gene}-A" for gene in GENES)],
    )  # fmt: skip
    names = ("quants_mat.mtx", "quants_mat_cols.txt", "quants_mat_rows.txt")
    card = mtx(tmp_path, three, names=names, columns=1, transposed=True)
    check_same(card, pd.DataFrame(whole * 3, CELLS, GENES))
    assert "spliced and ambiguous counts are added up" in caplog.text


def test_an_unneeded_element_of_an_unknown_encoding_does_not_matter(tmp_path):
    import h5py

    frame = counts()
    card = h5ad(tmp_path, frame)
    with h5py.File(card["path"], "a") as file:
        for place in ("obs/new", "var/new", "uns/new", "obsm/new"):
            file[place] = np.zeros(len(frame))
            file[place].attrs["encoding-type"] = "of-tomorrow"
            file[place].attrs["encoding-version"] = "9.9.9"
        file["obs"].attrs["column-order"] = ["new"]
    check_same(card, frame)
    message = refusal(card | {"cell_type": "new"})
    assert message.startswith(f"{card['path']}: 'expression.path': not a readable h5ad (")
    message = refusal(card | {"cell_type": "old"})
    assert "obs has no column 'old'. Name one of new, or remove it" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RDX3\nX\n\0\0", "an R workspace"),
        (b"X\n\0\0\0\3", "an R object (.rds)"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\n <html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        (b"\x28\xb5\x2f\xfd\0\0", "packed with zstandard"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_no_reader_takes_is_named(tmp_path, content, words, packed):
    path = tmp_path / "matrix.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    card = {"format": "table", "path": str(path), "orientation": "cells_by_genes"}
    assert f"it is {words}" in refusal(card)


def zarr_of(folder, name: str = "x.zarr") -> pd.DataFrame:
    frame = counts()
    table = ad.AnnData(frame.to_numpy(np.float32))
    table.obs_names, table.var_names = frame.index, frame.columns
    table.write_zarr(folder / name)
    return frame


@pytest.mark.parametrize("within", ["", "x.zarr"], ids=["its files", "the folder"])
def test_a_zarr_store_is_read_however_it_was_zipped(tmp_path, within):
    frame = zarr_of(tmp_path)
    below = tmp_path if within else tmp_path / "x.zarr"
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", below, within or None)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("__MACOSX/._x.zarr", b"of a Mac")
    check_same({"format": "h5ad", "path": packed}, frame)


def test_two_zarr_stores_in_a_zip_are_refused(tmp_path):
    (tmp_path / "both").mkdir()
    for name in ("a.zarr", "b.zarr"):
        zarr_of(tmp_path / "both", name)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "both")
    assert "unpack it and name one" in refusal({"format": "h5ad", "path": packed})


def test_an_archive_of_several_files(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", ",A\nc,1\n")
        archive.writestr("b.csv", ",A\nc,1\n")
    card = {"format": "table", "path": str(path), "orientation": "cells_by_genes"}
    assert "the archive holds 2 files: unpack it and name one" in refusal(card)


def test_an_unpacked_size_beyond_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("gtgrn.opening.LARGEST_UNPACKED", 1000)
    monkeypatch.setattr("gtgrn.opening.LARGEST_RATIO", 2)
    path = tmp_path / "x.csv"
    path.write_text(",A\n" + "c,0\n" * 100_000)
    card = {"format": "table", "path": str(pack(path, "gz")), "orientation": "cells_by_genes"}
    assert "it unpacks to more than" in refusal(card)
    # What the message says to do.
    path.write_text(",A,B\n" + "".join(f"c{i},{i % 3},1\n" for i in range(9000)))
    assert "if that is right, unpack it and name" in refusal(
        card | {"path": str(pack(path, "bz2"))}
    )
    (tmp_path / "x.csv").write_bytes(bz2.decompress((tmp_path / "x.csv.bz2").read_bytes()))
    adata = read_expression(card | {"path": str(path), "values": "auto"})
    assert adata.shape == (9000, 2)
