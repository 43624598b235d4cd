from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.report.sections.cell_annotation import (
    draw_scores,
    make,
    over_seeds,
    scores_figure,
    types_figure,
)
from gtgrn.tables import write_table

RUNS = [("raw", "", 0), ("gtgrn", "full", 0), ("gtgrn", "full", 1), ("pca", "", 0)]


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


def test_static_figures_are_the_same_bytes_twice(tmp_path, scores, by_type):
    paths = [[tmp_path / f"figure{i}.{ext}" for ext in ("svg", "png")] for i in (0, 1)]
    for pair in paths:
        draw_scores(scores, by_type, *pair)
    for first, second in zip(*paths, strict=True):
        assert first.read_bytes() == second.read_bytes()
    # As text, once on the dots and once on the map of types.
    assert paths[0][0].read_text().count("GT-GRN, full<") == 2


def test_the_annotation_section_names_types_left_out(tmp_path, scores, by_type):
    folder = tmp_path / "set" / "annotation"
    write_table(scores, folder / "scores.tsv")
    write_table(by_type, folder / "by_type.tsv")
    write_table(pd.DataFrame({"cell_type": ["rare"], "cells": [3]}), folder / "left_out.tsv")
    section = make(tmp_path, ["set"])
    assert section["tables"][0]["rows"][1][3] == "0.750 (0.500 to 0.950)"
    assert section["tables"][1]["rows"] == [["rare", "3"]]
    assert len(section["figures"]) == 2
