"""The targets fig7 and fig8 on a tiny configuration, with cells typed by marker genes."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.report.sections import cell_annotation, gene_maps
from project_cases import TINY, make_project, tiny_card, tiny_counts

pytestmark = pytest.mark.slow

SETTINGS = {
    **TINY,
    "inference": {"methods": ["pearson", "random"]},
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    "ablations": {},
    "peers": {"methods": ["gne"], "options": {"gne": {"published": {"epochs": 2}}},
              "forms": ["published"]},
    "embedding_map": {"neighbors": 5, "min_targets": 3, "permutations": 20},
    "annotation": {"epochs": 20, "bootstrap": 20, "components": 5, "genes": 10},
}  # fmt: skip
RUNS = {
    ("raw", ""), ("vae", ""), ("global", ""), ("noise", ""),
    ("gtgrn", "full"), ("gtgrn", "paper"), ("gne", "published"),
}  # fmt: skip
MARKERS = {"A": ["G24", "G25", "G26"], "B": ["G27", "G28", "G29"]}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A project of two kinds of cells, each with three genes of its own, and both figures."""
    project = make_project(tmp_path_factory.mktemp("drawn"))
    counts, edges = tiny_counts()
    # Without zeros, which on a log scale would drown the markers of so few cells and genes.
    counts += 20
    for i, genes in enumerate(MARKERS.values()):
        counts.loc[counts.index[i * 30 : i * 30 + 30], genes] += 100
    data = project.folder / "data"
    data.mkdir()
    counts.to_csv(data / "counts.csv")
    edges.to_csv(data / "edges.tsv", sep="\t", index=False)
    rows = [(kind, gene) for kind, genes in MARKERS.items() for gene in genes]
    table = pd.DataFrame(rows, columns=["cell_type", "gene"])
    table.to_csv(data / "markers.tsv", sep="\t", index=False)
    by_cells = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
    card = tiny_card(
        {**by_cells, "markers": "data/markers.tsv"}, reference={"path": "data/edges.tsv"}
    )
    project.add_card("tiny", **card)
    project.configure(datasets=["tiny"], **SETTINGS)
    run = project.snakemake("--cores", "2", "--", "fig7", "fig8")
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def table(project, path):
    return pd.read_csv(project.folder / "results/tiny" / path, sep="\t", keep_default_na=False)


def names(rows):
    return set(zip(rows["representation"], rows["variant"], strict=True))


def test_every_representation_has_a_map_and_scores(drawn):
    coordinates = table(drawn, "embedding_map/coordinates.tsv.gz")
    assert names(coordinates) == RUNS
    assert (coordinates.groupby(["representation", "variant"]).size() == 30).all()
    assert np.isfinite(coordinates[["x", "y"]].astype(float)).all(axis=None)
    assert set(coordinates.loc[coordinates["is_regulator"] == 1, "gene"]) <= {
        f"G0{i}" for i in range(6)
    }
    scores = table(drawn, "embedding_map/scores.tsv")
    trained = scores.set_index("representation")["trained_on_reference"]
    assert trained[trained == 1].index.tolist() == ["gtgrn", "gtgrn", "gne"]
    regulons = table(drawn, "embedding_map/regulons.tsv")
    assert names(regulons) == RUNS
    assert (regulons["targets"] >= 3).all()


def test_markers_give_the_planted_types(drawn):
    obs = ad.read_h5ad(drawn.folder / "results/tiny/expression.h5ad").obs
    assert (obs["cell_type"].to_numpy(str) == np.repeat(["A", "B"], 30)).all()
    assert (obs["marker_margin"] > 0).all()


def test_types_are_predicted_from_every_representation(drawn):
    scores = table(drawn, "annotation/scores.tsv")
    assert names(scores) == RUNS | {("pca", ""), ("variable_genes", "")}
    auroc = scores[scores["metric"] == "AUROC"].set_index("representation")["value"]
    assert auroc["variable_genes"] > 0.95
    assert len(table(drawn, "annotation/predictions.tsv.gz")) == len(auroc) * 60
    assert set(table(drawn, "annotation/by_type.tsv")["cell_type"]) == {"A", "B"}
    assert table(drawn, "annotation/left_out.tsv").empty


@pytest.mark.parametrize("folder", ["embedding_map", "annotation"])
def test_figures_are_drawn(drawn, folder):
    figure = drawn.folder / "results/tiny" / folder
    assert "GT-GRN, full" in (figure / "figure.svg").read_text()
    assert (figure / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("section", [gene_maps, cell_annotation])
def test_the_report_has_a_section(drawn, section):
    made = section.make(drawn.folder / "results", ["tiny"])
    assert made["tables"][0]["rows"]
    assert all(figure["figure"].data for figure in made["figures"])


def test_a_second_run_has_nothing_to_do(drawn):
    run = drawn.snakemake("--cores", "1", "-n", "--", "fig7", "fig8")
    assert "Nothing to be done" in run.stdout
