"""The paper's figures, interactive and static, and the report's section."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.config.settings import FEATURE_SETS
from gtgrn.report.figures import paper, paper_static
from gtgrn.report.sections import paper as section_of_paper
from gtgrn.report.sections.tuning import tuning_figure
from gtgrn.studies import characteristics as regeneration
from gtgrn.studies import paper_tables
from gtgrn.studies import power_law as degree_law
from gtgrn.tables import write_table

NUMBERS = paper_tables.read_paper_numbers(
    Path(__file__).parents[4] / "resources" / "paper_numbers.tsv"
)


@pytest.fixture
def reconstructions():
    rows = [
        (dataset, pairs, kind, method, variant, 2, mean + gain + shift, 0.01)
        for dataset, shift in (("a", 0.0), ("b<c", 0.05))
        for pairs, gain in (("untrained", 0.0), ("all", 0.02))
        for kind, method, variant, mean in (
            ("model", "gtgrn", "mine", 0.8), ("peer", "gne", "published", 0.7),
            ("peer", "genelink", "published", 0.75), ("network", "clr", "network", 0.6),
            ("null_model", "tf_rate", "null_model", 0.81),
            ("null_model", "random", "null_model", 0.5),
        )
    ]  # fmt: skip
    columns = ["dataset", "pairs", "kind", "method", "variant", "seeds", "mean", "sd"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def degrees():
    rng = np.random.default_rng(0)
    genes = [f"G{i:03d}" for i in range(120)]
    pairs = pd.DataFrame(
        [(tf, gene) for tf in genes[:10] for gene in genes if tf != gene],
        columns=["regulator", "target"],
    )
    reference = pairs.sample(200, random_state=0, weights=rng.pareto(1.0, len(pairs)))
    cut = regeneration.cut_networks(
        {"gtgrn/mine": rng.random(len(pairs))}, {"tf_rate": rng.random(len(pairs))}, pairs,
        reference, 0.9,
    )  # fmt: skip
    table = regeneration.describe_regenerated(
        cut, {"gtgrn/mine": (0.8, 0.2)}, {"gtgrn/mine": "model"}, NUMBERS
    )
    return *degree_law.compare_degrees(cut, samples=3, seed=0), table


def test_methods_are_ordered_by_kind_and_of_the_nulls_the_best_stays(reconstructions):
    rows, order = paper.arrange_reconstructions(reconstructions)
    assert order == ["Best null", "clr", "gne published", "genelink published", "gtgrn mine"]
    assert set(rows.loc[rows["kind"] == "null_model", "method"]) == {"tf_rate"}


def test_static_and_interactive_reconstructions_show_the_same_points(reconstructions):
    interactive = paper.reconstruction_figure(reconstructions)
    drawn = sorted(
        round(x, 4) for trace in interactive.data if trace.mode == "markers" for x in trace.x
    )
    figure = paper_static.draw_reconstruction(reconstructions)
    printed = [
        round(float(x), 4)
        for axis in figure.axes
        for container in axis.containers
        for x in container.lines[0].get_xdata()
    ]
    assert drawn == sorted(printed)
    assert len(drawn) == 2 * 2 * 5
    titles = [note.text for note in interactive.layout.annotations]
    assert "b&lt;c" in titles
    assert [axis.get_title() for axis in figure.axes] == ["a", "b<c"]
    assert any("not trained" in trace.name for trace in interactive.data)


def test_static_and_interactive_degrees_show_the_same_points(degrees):
    distribution, fits, _ = degrees
    interactive = paper.degree_figure(distribution, fits)
    drawn = sorted(x for trace in interactive.data if trace.mode == "markers" for x in trace.x)
    figure = paper_static.draw_degrees(distribution, fits)
    lines = [line for axis in figure.axes for line in axis.lines if line.get_marker() != "None"]
    assert drawn == sorted(x for line in lines for x in line.get_xdata())
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["gtgrn mine", "best null: tf_rate", "every pair an edge"]
    assert all(axis.get_xscale() == "log" == axis.get_yscale() for axis in figure.axes)
    names = [trace.name for trace in interactive.data if trace.showlegend]
    assert len(names) == len(set(names)) == 4


def test_fitted_lines_end_below_the_lowest_dot(degrees):
    distribution, fits, _ = degrees
    steep = fits.assign(alpha=9.0)
    lowest = distribution["share_at_least"].min()
    for name in paper.degree_panels(distribution):
        for _, _, line, _ in paper.degree_series(distribution, steep, name):
            assert (line["share_at_least"] >= lowest / 2).all()
    axis = paper_static.draw_degrees(distribution, steep).axes[0]
    assert axis.get_ylim()[0] > lowest / 10


def test_a_panel_alone_has_room_for_its_legend(reconstructions):
    alone = reconstructions[reconstructions["dataset"] == reconstructions["dataset"].iloc[0]]
    figure = paper_static.draw_reconstruction(alone)
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def tuned():
    rows = [("gtgrn", f"p{i}", 0.8 + i / 100, int(i == 2)) for i in range(3)]
    rows += [("gne", f"p{i}", 0.7 + i / 100, int(i == 0)) for i in range(3)]
    return pd.DataFrame(rows, columns=["model", "point", "test_AUROC", "chosen"])


def test_tuning_has_the_best_nulls_line_where_there_is_one():
    null = {"best_null": "tf<rate", "null": 0.85}
    figure = paper.with_null_line(tuning_figure(tuned()), null)
    assert figure.layout.shapes[0].y0 == 0.85
    assert figure.layout.annotations[0].text == "best null: tf&lt;rate"
    axis = paper_static.draw_tuning(tuned(), null).axes[0]
    assert 0.85 in [line.get_ydata()[0] for line in axis.lines]
    chosen = [line for line in axis.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in chosen] == pytest.approx([0.82, 0.70])
    nothing = {"best_null": "", "null": float("nan")}
    assert not paper.with_null_line(tuning_figure(tuned()), nothing).layout.shapes


def test_the_same_table_gives_the_same_files(reconstructions, tmp_path):
    written = []
    for name in ("one", "two"):
        paths = [str(tmp_path / f"{name}.{ext}") for ext in ("html", "svg", "png")]
        interactive = paper.reconstruction_figure(reconstructions)
        paper_static.write_figures(
            interactive, paper_static.draw_reconstruction(reconstructions), paths
        )
        written.append([Path(path).read_bytes() for path in paths])
    assert written[0] == written[1]
    assert b"b&lt;c" in written[0][1]


def test_the_section_shows_our_numbers_the_papers_and_the_nulls(
    reconstructions, degrees, tmp_path
):
    distribution, fits, table5 = degrees
    third = pd.DataFrame(
        [("a", "hESC-500", "gtgrn", "mine", "AUROC", 2, 0.8, 0.01, 0.8793, -0.0793, "tf_rate",
          0.89, 0.0107, 0.15, "0.079 below the paper; the best null exceeds ours")],
        columns=paper_tables.TABLE3,
    )  # fmt: skip
    ablated = pd.DataFrame(
        [("a", "feature set", row, row, "AUROC", 2, 0.8, 0.01, "PGE", -0.01, -0.02, 0.0, 0.04,
          0.85, "tf_rate", 0.89, "") for row in FEATURE_SETS],
        columns=paper_tables.TABLE6,
    )  # fmt: skip
    write_table(third, tmp_path / "paper/table3.tsv")
    write_table(reconstructions, tmp_path / "paper/fig4.tsv")
    for name, rows in (("table5", table5), ("fig6", distribution), ("fig6_fits", fits),
                       ("table6", ablated)):  # fmt: skip
        write_table(rows, tmp_path / f"a/paper/{name}.tsv")
    section = section_of_paper.make(tmp_path, ["a", "b<c"])
    captions = [table["caption"].partition(":")[0] for table in section["tables"]]
    assert captions == ["Table 3", "Table 5", "Figure 6", "Table 6"]
    for table in section["tables"]:
        for row in table["rows"]:
            assert len(row) == len(table["columns"])
            assert all(isinstance(cell, str) for cell in row)
            assert "nan" not in row
    first = section["tables"][0]["rows"][0]
    assert "0.800 \u00b1 0.010" in first
    assert "0.879" in first
    printed = [row for row in section["tables"][1]["rows"] if row[1] == "paper"]
    assert len(printed) == 5
    assert "5671530" in printed[2]
    assert len(section["figures"]) == 2
