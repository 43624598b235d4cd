from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.report.sections.gene_maps import colour_of, draw_map, make, map_figure
from gtgrn.tables import write_table


@pytest.fixture
def coordinates():
    rows = [
        [name, variant, 0, f"<g{i}>", float(i), float(i % 7), i % 12, int(i < 2)]
        for name, variant in (("raw", ""), ("gtgrn", "full"))
        for i in range(24)
    ]
    columns = ["representation", "variant", "seed", "gene", "x", "y", "community", "is_regulator"]
    return pd.DataFrame(rows, columns=columns)


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


def test_static_figures_are_the_same_bytes_twice(tmp_path, coordinates):
    paths = [[tmp_path / f"figure{i}.{ext}" for ext in ("svg", "png")] for i in (0, 1)]
    for pair in paths:
        draw_map(coordinates, *pair)
    for first, second in zip(*paths, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert paths[0][0].read_text().count("GT-GRN, full<") == 1


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
    section = make(tmp_path, ["set", "absent"])
    table = section["tables"][0]
    shown = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert [row["Trained on the reference"] for row in shown] == ["no", "yes"]
    assert shown[1]["Enriched regulons"].startswith("0.600 ± ")
    assert len(section["figures"]) == 1
