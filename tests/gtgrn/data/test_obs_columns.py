"""Cells counted by columns of obs from the file alone, as anndata itself reads them."""

from __future__ import annotations

from collections import Counter

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from gtgrn.data import hdf5_guard
from gtgrn.data.obs_columns import count_cells, text_values
from gtgrn.data.preprocessing import read_expression
from gtgrn.errors import InputError

VALUES = ["B", "T", "T", None, "NK", "T"]
COLUMNS = {
    "categorical": pd.Categorical(VALUES),
    "ordered": pd.Categorical(VALUES, ["T", "NK", "B"], ordered=True),
    "numbers as categories": pd.Categorical([3, 1, 1, None, 2, 1]),
    "nullable text": pd.array(VALUES, dtype="string"),
    "truth": np.array([True, False, False, True, False, False]),
    "text": np.array(["B", "T", "T", "", "NK", "T"], dtype=object),
}


def matrix(**columns) -> ad.AnnData:
    obs = pd.DataFrame(columns, index=[f"c{i}" for i in range(6)])
    return ad.AnnData(np.ones((6, 2), np.float32), obs=obs)


@pytest.mark.parametrize("kind", COLUMNS)
def test_counted_as_anndata_reads_them(tmp_path, kind):
    path = tmp_path / "x.h5ad"
    ad.settings.allow_write_nullable_strings = True
    matrix(kind=COLUMNS[kind]).write_h5ad(path)
    counts = count_cells({"format": "h5ad", "path": path}, ["kind"], ["groups.by"])
    read = text_values(ad.read_h5ad(path).obs["kind"])
    assert counts == Counter((value,) for value in read)
    assert sum(counts.values()) == 6
    assert len(counts) > 1


def test_two_columns_are_counted_together(tmp_path):
    path = tmp_path / "x.h5ad"
    donors = [1, 1, 2, 2, 2, 2]
    matrix(kind=pd.Categorical(VALUES), donor=donors).write_h5ad(path)
    section = {"format": "h5ad", "path": path}
    counts = count_cells(section, ["kind", "donor"], ["a", "b"], numbers=["donor"])
    assert counts[("T", "2")] == 2
    assert counts[(None, "2")] == 1
    with pytest.raises(InputError, match="'b'.*'donor' holds numbers, not groups"):
        count_cells(section, ["kind", "donor"], ["a", "b"])


def test_a_missing_column_names_those_that_are_there(tmp_path):
    path = tmp_path / "x.h5ad"
    matrix(kind=VALUES, batch=VALUES).write_h5ad(path)
    with pytest.raises(InputError, match="'groups.by': obs has no column 'cell'.*kind, batch"):
        count_cells({"format": "h5ad", "path": path}, ["cell"], ["groups.by"])


def test_the_file_that_ships_with_scanpy_is_of_an_old_layout():
    section = {"format": "scanpy", "path": "pbmc68k_reduced"}
    counts = count_cells(section, ["bulk_labels"], ["groups.by"])
    import scanpy as sc

    read = sc.datasets.pbmc68k_reduced().obs["bulk_labels"]
    assert counts == Counter((value,) for value in text_values(read))
    with pytest.raises(InputError, match="n_genes, percent_mito"):
        count_cells(section, ["none"], ["groups.by"])
    with pytest.raises(InputError, match="holds numbers"):
        count_cells(section, ["n_genes"], ["groups.by"])


def test_loom_attributes(tmp_path):
    path = tmp_path / "x.loom"
    with h5py.File(path, "w") as file:
        file["matrix"] = np.ones((2, 3))
        file["col_attrs/CellID"] = np.array(["a", "b", "c"], dtype="S1")
        file["col_attrs/kind"] = np.array(["x", "y", "x"], dtype=h5py.string_dtype())
    section = {"format": "loom", "path": path}
    assert count_cells(section, ["kind"], ["groups.by"]) == {("x",): 2, ("y",): 1}
    with pytest.raises(InputError, match="Name one of kind, or give"):
        count_cells(section, ["no"], ["groups.by"])


def test_what_cannot_be_read_before_the_run_is_told_apart_from_what_is_damaged(tmp_path):
    path = tmp_path / "x.h5ad"
    section = {"format": "h5ad", "path": path}
    assert count_cells(section, ["kind"], ["groups.by"]) is None
    path.write_bytes(b"\x1f\x8b packed")
    assert count_cells(section, ["kind"], ["groups.by"]) is None
    path.write_bytes(b"\x89HDF\r\n\x1a\n and nothing")
    with pytest.raises(InputError, match="obs is not readable"):
        count_cells(section, ["kind"], ["groups.by"])


def endless(path) -> None:
    """Write into the first text of a file a size with which libhdf5 walks in a circle."""
    data = bytearray(path.read_bytes())
    size = data.index(b"GCOL") + 16 + 8
    data[size : size + 8] = (2**64 - 16).to_bytes(8, "little")
    path.write_bytes(data)


def elsewhere(path) -> None:
    with h5py.File(path, "a") as file:
        del file["obs/kind"]
        file["obs/kind"] = h5py.ExternalLink("/dev/zero", "/X")


def circle(path) -> None:
    with h5py.File(path, "a") as file:
        del file["obs/kind/codes"]
        file["obs/kind/codes"] = h5py.SoftLink("/obs/kind/codes")


def replaced(name, change):
    def spoil(path) -> None:
        with h5py.File(path, "a") as file:
            values = change(file[name][()])
            del file[name]
            file[name] = values

    return spoil


HOSTILE = {
    "a circle in the heap": (endless, "does not end within"),
    "another file": (elsewhere, "lies in another file"),
    "a link to itself": (circle, "obs is not readable"),
    "a category that is not there": (replaced("obs/kind/codes", lambda x: x + 99), "category"),
    "too few cells": (replaced("obs/donor", lambda x: x[:-1]), "obs is not readable"),
    "codes of text": (replaced("obs/kind/codes", lambda x: x.astype("S1")), "obs is not readable"),
    "one category": (replaced("obs/kind/categories", lambda x: x[0]), "obs is not readable"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_ends_the_start_in_one_line(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(hdf5_guard, "CPU_SECONDS", 1)
    spoil, words = HOSTILE[kind]
    path = tmp_path / "x.h5ad"
    matrix(kind=pd.Categorical(VALUES), donor=[1, 1, 2, 2, 2, 2]).write_h5ad(path)
    spoil(path)
    section = {"format": "h5ad", "path": path}
    with pytest.raises(InputError, match=words) as caught:
        count_cells(section, ["kind", "donor"], ["groups.by", "d"], numbers=["donor"])
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_the_matrix_is_not_read_for_its_columns(tmp_path):
    path = tmp_path / "x.h5ad"
    matrix(kind=pd.Categorical(VALUES)).write_h5ad(path)
    with h5py.File(path, "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink("none.h5", "/X")
        file["uns/far"] = h5py.ExternalLink("none.h5", "/X")
    # At the top a part in another file is refused whatever is read, below it does not matter.
    with pytest.raises(InputError, match="its part X lies in another file"):
        count_cells({"format": "h5ad", "path": path}, ["kind"], ["groups.by"])
    with h5py.File(path, "a") as file:
        del file["X"]
        file.create_dataset("X", (10**9, 10**9), np.float32, chunks=(1000, 1000))
    counts = count_cells({"format": "h5ad", "path": path}, ["kind"], ["groups.by"])
    assert counts[("T",)] == 3


def as_in_0_7(path) -> None:
    """Lay categorical columns down as anndata 0.7 did: codes, and the categories elsewhere."""
    with h5py.File(path, "a") as file:
        for frame in ("obs", "var"):
            group = file[frame]
            group.attrs["encoding-version"] = "0.1.0"
            for name in [key for key in group if hasattr(group[key], "keys")]:
                codes, names = group[f"{name}/codes"][:], group[f"{name}/categories"][:]
                del group[name]
                group[name], group[f"__categories/{name}"] = codes, names
                group[name].attrs["categories"] = group[f"__categories/{name}"].ref
                group[f"__categories/{name}"].attrs["ordered"] = False


def test_categories_of_anndata_0_7_are_their_names_and_not_their_codes(tmp_path):
    path = tmp_path / "x.h5ad"
    adata = matrix(kind=pd.Categorical(VALUES))
    adata.var["symbol"] = pd.Categorical(["ZEB2", "AIRE"], ["ZEB2", "AIRE"])
    adata.write_h5ad(path)
    as_in_0_7(path)
    section = {"format": "h5ad", "path": str(path), "values": "counts"}
    assert list(ad.read_h5ad(path).obs["kind"].astype(object)) == [v or np.nan for v in VALUES]
    assert count_cells(section, ["kind"], ["groups.by"])[("T",)] == 3
    asked = section | {"cell_type": "kind", "gene_names": "symbol"}
    read = read_expression(asked)
    assert text_values(read.obs["kind"]) == VALUES
    assert list(read.var_names) == ["AIRE", "ZEB2"]
    with h5py.File(path, "a") as file:
        file["obs/kind"][0] = 99
    with pytest.raises(InputError, match="not a readable h5ad"):
        read_expression(asked)
