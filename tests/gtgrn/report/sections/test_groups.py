"""The report's section of groups of cells."""

from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.network.activity import MARKERS
from gtgrn.report.sections.groups import count_targets, heat_map, make
from gtgrn.tables import write_table


def network(first: str, second: str) -> pd.DataFrame:
    """Return 40 pairs of which the best four are three of one regulator and one of another."""
    best = [first, first, second, first]
    return pd.DataFrame({"regulator": best + ["Z"] * 36, "target": range(40)})


def test_a_regulators_share_of_the_best_tenth():
    assert count_targets(network("A", "B")).to_dict() == {"A": 0.75, "B": 0.25}
    assert count_targets(network("A", "B").head(3)).to_dict() == {"A": 1.0}


def test_groups_stand_side_by_side(tmp_path):
    rows = [("B<cell>", "mine/B", 60, 60, ""), ("T", "mine/T", 50, 50, ""), ("x", "", 2, 2, "few")]
    for folder, regulators in (("mine/B", ("A", "B")), ("mine/T", ("B", "C"))):
        (tmp_path / folder).mkdir(parents=True)
        write_table(network(*regulators), tmp_path / folder / "network.tsv.gz")
    columns = ["group", "dataset", "cells", "cells_in_file", "left_out"]
    write_table(pd.DataFrame(rows, columns=columns), tmp_path / "mine/groups.tsv")
    made = make(tmp_path, ["mine", "mine/B", "mine/T", "other"])
    groups, regulators = made["tables"]
    assert groups["rows"][2][-1] == "few"
    first = [row for row in regulators["rows"] if row[1] == "1"]
    assert first == [["B<cell>", "1", "A", "0.750", "0.000"], ["T", "1", "B", "0.750", "0.250"]]
    (figure,) = made["figures"]
    drawn = figure["figure"].data[0]
    assert list(drawn.x) == ["B&lt;cell&gt;", "T"]
    assert {y: list(z) for y, z in zip(drawn.y, drawn.z, strict=True)} == {
        "A": [0.75, 0], "B": [0.25, 0.75], "C": [0, 0.25],
    }  # fmt: skip


@pytest.mark.parametrize("regulators", [1, 50])
def test_the_map_shows_those_that_differ_most(regulators):
    shares = pd.DataFrame({"a": [0.1] * regulators, "b": [0.1] * regulators})
    shares.index = [f"R{i:02d}" for i in range(regulators)]
    shares.iloc[-1, 0] = 0.9
    figure = heat_map(shares)
    assert f"R{regulators - 1:02d}" in figure.data[0].y
    assert len(figure.data[0].y) == min(regulators, 30)


def test_a_run_without_groups_shows_nothing(tmp_path):
    assert make(tmp_path, ["mine"]) == {"tables": [], "figures": []}


def test_marker_regulators_stand_beside_marker_genes(tmp_path):
    (tmp_path / "mine/biology").mkdir(parents=True)
    (tmp_path / "mine/B").mkdir()
    write_table(network("A", "B"), tmp_path / "mine/B/network.tsv.gz")
    columns = ["group", "dataset", "cells", "cells_in_file", "left_out"]
    listed = [("B", "mine/B", 5, 5, "")]
    write_table(pd.DataFrame(listed, columns=columns), tmp_path / "mine/groups.tsv")
    rows = [("B", place, f"R{place}", 0.5, 1.0, f"G{place}", 9.0) for place in range(1, 11)]
    markers = pd.DataFrame(rows, columns=MARKERS)
    write_table(markers, tmp_path / "mine/biology/markers.tsv")
    *_, shown = make(tmp_path, ["mine"])["tables"]
    assert len(shown["rows"]) == 5
    assert shown["rows"][0][1:3] == ["1", "R1"]
    assert "cells are no replicates" in shown["caption"]
