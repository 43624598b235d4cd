from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.report.sections.cell_annotation import (
    annotation_section,
    draw_scores,
    over_seeds,
    scores_figure,
    types_figure,
)
from gtgrn.report.sections.gene_maps import colour_of, draw_map, embeddings_section, map_figure
from gtgrn.tables import write_table

RUNS = [("raw", "", 0), ("gtgrn", "full", 0), ("gtgrn", "full", 1), ("pca", "", 0)]


@pytest.fixture
def coordinates():
    rows = [
        [name, variant, 0, f"<g{i}>", float(i), float(i % 7), i % 12, int(i < 2)]
        for name, variant in (("raw", ""), ("gtgrn", "full"))
        for i in range(24)
    ]
    columns = ["representation", "variant", "seed", "gene", "x", "y", "community", "is_regulator"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def scores():
    rows = []
    for k, names in enumerate(RUNS):
        for metric in ("AUROC", "AUPRC"):
            rows.append([*names, metric, 0.6 + k / 10, 0.5, 0.95, 0.7, 0.55, 0.9, 0.1, 0.0, 0.2])
    columns = [
        *["representation", "variant", "seed", "metric", "value", "fold_low", "fold_high"],
        *["pooled", "cells_low", "cells_high", "minus_pca", "minus_pca_low", "minus_pca_high"],
    ]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def by_type(scores):
    parts = [scores.iloc[:, :10].assign(cell_type=k, cells=n) for k, n in (("B", 9), ("T<", 30))]
    return pd.concat(parts, ignore_index=True)


def test_each_representation_has_a_panel_with_genes_and_regulators(coordinates):
    figure = map_figure(coordinates)
    assert [a.text for a in figure.layout.annotations] == ["Raw expression", "GT-GRN, full"]
    assert len(figure.data) == 4
    genes, regulators = figure.data[:2]
    assert (len(genes.x), len(regulators.x)) == (22, 2)
    assert regulators.text[0] == "&lt;g0&gt;"
    assert "regulator" in regulators.hovertemplate
    assert regulators.customdata == (0, 1)


def test_communities_beyond_the_colours_are_pale():
    colours = colour_of(pd.Series([0, 7, 8, 40]))
    assert colours[2] == colours[3] != colours[0] != colours[1]


def test_scores_are_means_over_seeds(scores):
    table = over_seeds(scores)
    own = table[(table["representation"] == "gtgrn") & (table["metric"] == "AUROC")]
    assert own["value"].iloc[0] == pytest.approx(0.75)
    assert own["seeds"].iloc[0] == 2
    assert table["label"].drop_duplicates().tolist() == [
        *["Raw expression", "GT-GRN, full", "PCA of expression"]
    ]
    assert len(scores_figure(scores).data) == 2


def test_types_come_by_size_and_escaped(by_type):
    figure = types_figure(by_type)
    assert figure.data[0].x == ("T&lt; (30)", "B (9)")
    assert figure.data[0].y == ("Raw expression", "GT-GRN, full", "PCA of expression")


def test_static_figures_are_the_same_bytes_twice(tmp_path, coordinates, scores, by_type):
    for name, draw in (
        ("map", lambda *paths: draw_map(coordinates, *paths)),
        ("scores", lambda *paths: draw_scores(scores, by_type, *paths)),
    ):
        paths = [[tmp_path / f"{name}{i}.{ext}" for ext in ("svg", "png")] for i in (0, 1)]
        for pair in paths:
            draw(*pair)
        for first, second in zip(*paths, strict=True):
            assert first.read_bytes() == second.read_bytes()
        # As text, and in the chart of scores once on the dots and once on the map of types.
        assert paths[0][0].read_text().count("GT-GRN, full<") == {"map": 1, "scores": 2}[name]


def test_sections_tell_what_was_trained_on_the_reference(tmp_path, coordinates):
    folder = tmp_path / "set" / "embedding_map"
    rows = [
        ["raw", "", 0, 0, 60, 4, 0.1, 0.5, 3, 0.0, 0.01, 1.0],
        ["gtgrn", "full", 0, 1, 8, 4, 0.2, 0.6, 3, 0.5, 0.01, 0.01],
        ["gtgrn", "full", 1, 1, 8, 6, None, 0.6, 3, 0.7, 0.01, 0.01],
    ]
    columns = [
        *["representation", "variant", "seed", "trained_on_reference", "dimensions"],
        *["communities", "silhouette", "modularity", "regulons", "enriched_share"],
        *["null_share", "null_p"],
    ]
    write_table(pd.DataFrame(rows, columns=columns), folder / "scores.tsv")
    write_table(coordinates, folder / "coordinates.tsv.gz")
    section = embeddings_section(tmp_path, ["set", "absent"])
    table = section["tables"][0]
    shown = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert [row["trained_on_reference"] for row in shown] == ["no", "yes"]
    assert shown[1]["enriched_share"].startswith("0.600 ± ")
    assert len(section["figures"]) == 1
    assert "no independent evidence" in section["lead"]


def test_the_annotation_section_names_types_left_out(tmp_path, scores, by_type):
    folder = tmp_path / "set" / "annotation"
    write_table(scores, folder / "scores.tsv")
    write_table(by_type, folder / "by_type.tsv")
    write_table(pd.DataFrame({"cell_type": ["rare"], "cells": [3]}), folder / "left_out.tsv")
    section = annotation_section(tmp_path, ["set"])
    assert section["tables"][0]["rows"][1][3] == "0.750 (0.500 to 0.950)"
    assert section["tables"][1]["rows"] == [["rare", "3"]]
    assert len(section["figures"]) == 2
