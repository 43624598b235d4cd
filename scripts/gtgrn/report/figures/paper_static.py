"""The paper's figures for print: the same tables as the interactive ones, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gtgrn.files import write_text
from gtgrn.report import style
from gtgrn.report.figures.paper import (
    DEGREE,
    KINDS,
    PAIRS,
    SELECTIONS,
    SHARE,
    arrange_reconstructions,
    degree_panels,
    degree_series,
    panel_title,
    panels,
)
from gtgrn.report.static import LOOK, save

MARKS = {"circle": "o", "diamond": "D", "square-open": "s", "triangle-up": "^"}


def write_figures(interactive: go.Figure, static: Figure, paths: Sequence[str]) -> None:
    """Write a figure as a page that opens offline, and as SVG and PNG.

    Parameters
    ----------
    interactive, static
        The same figure twice.
    paths
        ``.html``, ``.svg`` and ``.png``, in this order.
    """
    html, svg, png = paths
    write_text(interactive.to_html(include_plotlyjs=True, div_id="figure"), html)
    save(static, svg, png)


def _grid(
    count: int, width: float, height: float, xlabel: str = "", ylabel: str = ""
) -> tuple[Figure, np.ndarray]:
    """Return a figure of so many panels, each of a size in inches, and the panels."""
    rows, columns = panels(count)
    # Not by pyplot, which keeps every figure in memory.
    figure = Figure(figsize=(width * columns + 1.6, height * rows + 1.1), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.set_visible(False)
    # The lowest panel of each column has the labels, also where the last row is not full.
    for axis in axes[max(count - columns, 0) : count]:
        axis.xaxis.set_tick_params(labelbottom=True)
        axis.set_xlabel(xlabel)
    for axis in axes[:count:columns]:
        axis.set_ylabel(ylabel)
    return figure, axes[:count]


def _legend(figure: Figure, axis: Axes, columns: int) -> None:
    handles, names = axis.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False)


@mpl.rc_context(LOOK)
def draw_reconstruction(table: pd.DataFrame) -> Figure:
    """Draw Figure 4 for print; see :func:`gtgrn.report.figures.paper.reconstruction_figure`."""
    rows, order = arrange_reconstructions(table)
    datasets = rows["dataset"].drop_duplicates().tolist()
    # A panel alone is too narrow for two columns of the legend, which then takes height.
    alone = len(datasets) == 1
    figure, axes = _grid(len(datasets), 2.9, 0.8 + alone + 0.19 * len(order), "AUROC")
    for axis, dataset in zip(axes, datasets, strict=True):
        own = rows[rows["dataset"] == dataset]
        axis.axvline(0.5, color=style.PALE, linewidth=0.8)
        for kind, (words, colour) in KINDS.items():
            for pairs, (judged, filled) in PAIRS.items():
                dots = own[(own["kind"] == kind) & (own["pairs"] == pairs)]
                height = [order.index(name) for name in dots["label"]]
                axis.errorbar(
                    dots["mean"], height, xerr=dots["sd"].fillna(0), fmt="o", markersize=5,
                    color=colour, elinewidth=0.8, markerfacecolor=colour if filled else "white",
                    label=f"{words}, {judged}",
                )  # fmt: skip
        null = own[(own["kind"] == "null_model") & (own["pairs"] == "untrained")]["mean"]
        if len(null):
            axis.axvline(null.iloc[0], color=style.GREY, linestyle=":", linewidth=1)
        axis.set_title(dataset)
        axis.set_yticks(range(len(order)), order)
        axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axis.set_axisbelow(True)
    _legend(figure, axes[0], 1 if alone else 2)
    return figure


@mpl.rc_context(LOOK)
def draw_tuning(table: pd.DataFrame, null: Mapping) -> Figure:
    """Draw Figure 5 for print; see :func:`gtgrn.report.sections.tuning.tuning_figure`."""
    models = table["model"].drop_duplicates().tolist()
    figure, (axis,) = _grid(1, 1.2 + 1.1 * len(models), 3.0, ylabel="Test AUROC")
    for i, model in enumerate(models):
        rows = table[table["model"] == model]
        colour = style.COLOURS[i % len(style.COLOURS)]
        axis.boxplot(
            rows["test_AUROC"], positions=[i], widths=0.5, showfliers=False,
            **{f"{part}props": {"color": colour} for part in ("box", "whisker", "cap", "median")},
        )  # fmt: skip
        axis.plot([i] * len(rows), rows["test_AUROC"], "o", color=colour, markersize=4, alpha=0.7)
        best = rows[rows["chosen"] == 1]
        axis.plot(
            [i] * len(best), best["test_AUROC"], "D", color=style.INK, markersize=6,
            label="chosen by validation" if i == 0 else None,
        )  # fmt: skip
    if np.isfinite(null["null"]):
        label = f"best null: {null['best_null']}"
        axis.axhline(null["null"], color=style.GREY, linestyle=":", label=label)
    axis.set_xticks(range(len(models)), models)
    _legend(figure, axis, 2)
    return figure


@mpl.rc_context(LOOK)
def draw_degrees(degrees: pd.DataFrame, fits: pd.DataFrame) -> Figure:
    """Draw Figure 6 for print; see :func:`gtgrn.report.figures.paper.degree_figure`."""
    names = degree_panels(degrees)
    figure, axes = _grid(len(names), 2.8, 2.5, DEGREE, SHARE)
    handles = {}
    for axis, name in zip(axes, names, strict=True):
        for selection, dots, line, _ in degree_series(degrees, fits, name):
            words, colour, mark = SELECTIONS[selection]
            face = "none" if mark.endswith("open") else colour
            (handles[words],) = axis.plot(
                dots["degree"], dots["share_at_least"], MARKS[mark], color=colour, markersize=3.5,
                markerfacecolor=face, linestyle="none",
            )  # fmt: skip
            axis.plot(line["degree"], line["share_at_least"], color=colour, linewidth=1.2)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(panel_title(name))
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=2, frameon=False
    )
    return figure
