"""Cells counted by columns of obs from the file alone, as anndata itself reads them."""

from __future__ import annotations

from collections import Counter

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.obs_columns import count_cells, text_values
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
    with pytest.raises(InputError, match="Name one of kind$"):
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
