"""The paper's figures, interactive and static."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from gtgrn.report.figures import paper, paper_static
from gtgrn.report.sections.tuning import tuning_figure
from paper_cases import make_degrees, make_reconstructions


@pytest.fixture
def reconstructions():
    return make_reconstructions()


@pytest.fixture
def degrees():
    return make_degrees()


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
