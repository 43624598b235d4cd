"""What a user's h5ad says of cells and genes, by their names."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.annotations import read_annotations


def write(path, cells=("a", "b", "c")):
    adata = ad.AnnData(
        np.ones((3, 2), np.float32),
        obs=pd.DataFrame({"type": pd.Categorical(["x", "y", "x"]), "n": [1, 2, 3]}, list(cells)),
        var=pd.DataFrame({"chromosome": ["1", "2"]}, ["G1", "G2"]),
        obsm={"X_umap": np.arange(6.0).reshape(3, 2)},
    )
    adata.write_h5ad(path)
    return {"format": "h5ad", "path": str(path)}


def test_rows_follow_the_names(tmp_path):
    obs, obsm, var = read_annotations(write(tmp_path / "x.h5ad"), ["c", "a"], ["G2", "G9"])
    assert list(obs["n"]) == [3, 1]
    assert list(obs["type"]) == ["x", "x"]
    assert obsm["X_umap"].tolist() == [[4, 5], [0, 1]]
    assert var.loc["G2", "chromosome"] == "2"
    assert pd.isna(var.loc["G9", "chromosome"])
    made = ad.AnnData(np.zeros((2, 2)), obs=obs, var=var, obsm=obsm)
    made.write_h5ad(tmp_path / "y.h5ad")
    assert ad.read_h5ad(tmp_path / "y.h5ad").obsm["X_umap"].shape == (2, 2)


@pytest.mark.filterwarnings("ignore:Observation names")
@pytest.mark.parametrize("cells", [("a", "a", "b"), ("p", "q", "r")])
def test_names_that_do_not_meet_give_nothing_and_a_word(tmp_path, caplog, cells):
    obs, obsm, var = read_annotations(write(tmp_path / "x.h5ad", cells), ["a", "b"], ["G1"])
    assert obs.shape == (2, 0)
    assert obsm == {}
    assert var.shape == (1, 0)
    assert "not carried over" in caplog.text


def test_other_formats_have_none(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n")
    expression = {"format": "table", "path": str(tmp_path / "x.csv")}
    assert read_annotations(expression, ["a"], ["G1"])[1] == {}
