from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.cell_types import (
    CLUSTER,
    MARGIN,
    label_cells,
    measured_markers,
    name_clusters,
    read_markers,
)
from gtgrn.errors import InputError

MARKERS = {"A": ["g00", "g01", "g02"], "B": ["g03", "g04", "g05"], "C": ["absent"]}


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "markers.tsv"
        path.write_text(text)
        return path

    return write


def counts(seed=0):
    """Return 40 cells x 60 genes: the first 20 express the markers of A, the others those of B."""
    rng = np.random.default_rng(seed)
    values = rng.poisson(5.0, (40, 60))
    values[:20, :3] += 60
    values[20:, 3:6] += 60
    obs = pd.DataFrame(index=[f"c{i:02d}" for i in range(40)])
    var = pd.DataFrame(index=[f"g{i:02d}" for i in range(60)])
    return ad.AnnData(values.astype(np.float32), obs=obs, var=var)


def test_a_table_of_markers_is_read_by_type(table):
    found = read_markers(table("cell_type\tgene\nT\tCD3D\nB\tMS4A1\nT\tCD3D\nT\tCD2\n"))
    assert found == {"B": ["MS4A1"], "T": ["CD2", "CD3D"]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("type\tgene\nT\tCD3D\n", "cell_type.*column missing"),
        ("cell_type\tgene\nT\tCD3D\n", "fewer than two types"),
        ("cell_type\tgene\nT\tCD3D\nB\t\n", "a field is empty"),
    ],
)
def test_bad_tables_are_one_line(table, text, problem):
    with pytest.raises(InputError, match=problem):
        read_markers(table(text))


def test_types_without_a_measured_marker_are_named(caplog):
    assert set(measured_markers(MARKERS, counts().var_names)) == {"A", "B"}
    assert "no marker of C" in caplog.text
    with pytest.raises(InputError, match="1 of 3 types have a marker"):
        measured_markers(MARKERS, pd.Index(["g00"]))


def test_clusters_are_called_after_the_best_mean_score():
    scores = pd.DataFrame({"T": [3.0, 1.0, -1.0, -2.0, 1.0], "B": [1.0, 0.0, -2.0, -1.0, 1.0]},
                          index=list("vwxyz"))  # fmt: skip
    table = name_clusters(np.array([0, 0, 1, 1, 2]), scores)
    assert table["cell_type"].tolist() == ["T", "T", "", "", "B"]
    np.testing.assert_allclose(table[MARGIN], [1.5, 1.5, 0, 0, 0])
    assert table[CLUSTER].tolist() == [0, 0, 1, 1, 2]


@pytest.mark.slow
def test_planted_types_are_found_whatever_the_order_of_cells_and_genes():
    adata = counts()
    before = adata.X.copy()
    found = label_cells(adata, MARKERS, values="counts", seed=0)
    assert found["cell_type"].tolist() == ["A"] * 20 + ["B"] * 20
    assert (found[MARGIN] > 0.5).all()
    np.testing.assert_array_equal(adata.X, before)
    rng = np.random.default_rng(1)
    again = label_cells(
        adata[rng.permutation(40), rng.permutation(60)], MARKERS, values="counts", seed=0
    )
    pd.testing.assert_frame_equal(again.loc[found.index], found)


@pytest.mark.slow
def test_the_shipped_markers_agree_with_the_labels_of_pbmc68k_reduced():
    from pathlib import Path

    from gtgrn.data.preprocessing import read_expression
    from sklearn.metrics import adjusted_rand_score

    section = {"format": "scanpy", "path": "pbmc68k_reduced", "values": "counts",
               "total_counts": "n_counts", "cell_type": "bulk_labels"}  # fmt: skip
    adata = read_expression(section)
    path = Path(__file__).parents[3] / "resources/markers/pbmc.tsv"
    markers = read_markers(path)
    found = label_cells(adata, markers, values="counts", total_counts="n_counts", seed=0)
    known = adata.obs["bulk_labels"].astype(str)
    same = {
        "CD14+ Monocyte": {"CD14 monocyte", "FCGR3A monocyte"},
        "CD19+ B": {"B cell"},
        "CD34+": {"Progenitor"},
        "CD56+ NK": {"NK cell"},
        "Dendritic": {"Dendritic cell", "Plasmacytoid dendritic cell"},
        **dict.fromkeys(
            ["CD4+/CD25 T Reg", "CD4+/CD45RA+/CD25- Naive T", "CD4+/CD45RO+ Memory"],
            {"CD4 T cell"},
        ),
        **dict.fromkeys(["CD8+ Cytotoxic T", "CD8+/CD45RA+ Naive Cytotoxic"], {"CD8 T cell"}),
    }
    agreement = np.mean([a in same[b] for a, b in zip(found["cell_type"], known, strict=True)])
    assert agreement > 0.7
    assert adjusted_rand_score(known, found["cell_type"]) > 0.55
    # B, NK and progenitors are plain; CD4 and CD8 cells are not, with these 765 genes.
    for kind in ("CD19+ B", "CD56+ NK", "CD34+"):
        assert found.loc[known == kind, "cell_type"].isin(same[kind]).mean() > 0.95


def test_every_cell_has_a_type_however_few_genes_it_expresses():
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, size=(60, 80)).astype(np.float32)
    counts[:30, :3] += 40
    counts[30:, 3:6] += 40
    names = [f"G{i:02d}" for i in range(80)]
    adata = ad.AnnData(counts, pd.DataFrame(index=[f"c{i:02d}" for i in range(60)]))
    adata.var_names = names
    markers = {"A": names[:3], "B": names[3:6]}
    types = label_cells(adata, markers, values="counts", total_counts=None, seed=0)
    assert list(types.index) == list(adata.obs_names)
    assert set(types["cell_type"]) == {"A", "B"}
