from __future__ import annotations

import pandas as pd
import pytest
from biology_cases import make_means, make_overlap
from gtgrn.report.sections.biology import (
    activity_figure,
    draw_activity,
    draw_overlap,
    make,
    overlap_figure,
    overlap_rows,
)


def test_databases_with_few_edges_are_not_drawn():
    rows = overlap_rows(make_overlap())
    assert set(rows["evidence"]) == {"reference", "source <X>"}
    assert rows["place"].is_unique
    assert (rows.loc[rows["evidence"] == "reference", "place"] > 0.5).all()
    absent = make_overlap()
    gone = (absent["evidence"] == "source <X>") & (absent["seed"] == 1)
    assert set(overlap_rows(absent[~gone])["evidence"]) == {"reference"}


def test_names_are_escaped_and_panels_are_splits():
    figure = overlap_figure(make_overlap(splits=("edges", "genes")))
    text = figure.to_json()
    assert "&lt;X&gt; (6)" in text
    assert "<X>" not in text
    assert text.count('"title":{"font":{"size":13},"standoff":8,"text":"Odds ratio') == 2
    heat = activity_figure(make_means()).to_json()
    assert "p&lt;q" in heat
    assert "p<q" not in heat
    assert "Leiden cluster" in heat


@pytest.mark.parametrize(
    ("draw", "table"),
    [
        (draw_activity, make_means()),
        (draw_activity, make_means(regulators=1, groups=["one"])),
        (draw_activity, make_means()[:0]),
        (draw_overlap, make_overlap(splits=("edges", "genes"))),
    ],
)
def test_static_figures_are_the_same_bytes_each_time(draw, table, tmp_path):
    paths = [tmp_path / "figure.svg", tmp_path / "figure.png"]
    draw(table, paths)
    first = [path.read_bytes() for path in paths]
    assert first[0].startswith(b"<?xml")
    assert first[1].startswith(b"\x89PNG")
    draw(table, paths)
    assert [path.read_bytes() for path in paths] == first


def test_the_section_reads_the_files_of_the_target(tmp_path):
    folder = tmp_path / "toy" / "biology"
    folder.mkdir(parents=True)
    regulators = {
        "regulator": ["A"], "predicted": [7], "predicted_known": [5], "supported": [1],
        "known": [9], "trained": [8], "best_rank": [1],
    }  # fmt: skip
    novel = {
        "rank": [2], "regulator": ["A"], "target": ["B"], "importance": [0.5], "methods": ["x,y"],
        "n_methods": [2], "correlation": [0.25], "sign": ["+"], "regulator_known": [9],
        "regulator_trained": [8],
    }  # fmt: skip
    overlap = make_overlap()
    by_regulator = overlap.drop(columns="evidence").assign(regulator="A")
    for name, table in (
        ("regulators", pd.DataFrame(regulators)),
        ("novel", pd.DataFrame(novel)),
        ("overlap", overlap),
        ("overlap_regulators", by_regulator),
        ("activity", make_means()),
    ):
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    section = make(tmp_path, ["toy", "absent"])
    assert [len(section[key]) for key in ("tables", "figures")] == [3, 2]
    assert section["tables"][0]["rows"] == [["A", "7", "5", "1", "9", "8"]]
    assert section["tables"][1]["rows"][0][-2:] == ["x, y", "8"]
    rows = section["tables"][2]["rows"]
    assert rows[0][:3] == ["edges", "validation and test", "GT-GRN"]
    assert rows[1][2] == "best null (tf_rate)"
    assert rows[0][3:] == ["9.0", "3.0", "1.0", "4.00 [1.50, 9.00]", "1.0e-02", "3.0 of 3.0"]
    for name in ("overlap.tsv", "overlap_regulators.tsv"):
        (folder / name).unlink()
    make_means()[:0].to_csv(folder / "activity.tsv", sep="\t", index=False)
    assert make(tmp_path, ["toy"])["figures"] == []
