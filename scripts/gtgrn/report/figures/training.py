"""Figures of what the run did: training curves and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.report import style
from gtgrn.report.style import safe

VALIDATION, TRAIN = "validation", "train"


def histories_figure(panels: Sequence[Mapping]) -> go.Figure:
    """Draw training curves, one panel per quantity, one line per run.

    Parameters
    ----------
    panels
        Dictionaries with ``title``, ``quantity`` (columns are train_<quantity> and
        validation_<quantity>), ``histories`` (name of a run -> table with epoch) and ``chosen``
        (name of a run -> epoch of the checkpoint that was kept; may be empty).
    """
    rows = -(-len(panels) // 2)
    figure = make_subplots(
        rows, 2, subplot_titles=[panel["title"] for panel in panels], vertical_spacing=0.22
    )
    legend = {VALIDATION: True, TRAIN: True}
    for position, panel in enumerate(panels):
        place = {"row": position // 2 + 1, "col": position % 2 + 1}
        for run, history in panel["histories"].items():
            for part, colour in ((TRAIN, style.PALE), (VALIDATION, style.ACCENT)):
                column = f"{part}_{panel['quantity']}"
                if column not in history:
                    continue
                values = history[column].to_numpy(float)
                figure.add_scatter(
                    x=history["epoch"].tolist(),
                    y=[float(f"{value:.5g}") if np.isfinite(value) else None for value in values],
                    mode="lines" if len(history) > 1 else "markers",
                    line={"color": colour, "width": 1.5},
                    name=part,
                    legendgroup=part,
                    showlegend=legend[part],
                    hovertemplate=f"{run}, {part}: %{{y}}<extra></extra>",
                    **place,
                )
                legend[part] = False
            chosen = history[history["epoch"] == panel["chosen"].get(run)]
            column = f"{VALIDATION}_{panel['quantity']}"
            if len(chosen) and column in history:
                figure.add_scatter(
                    x=chosen["epoch"].tolist(), y=chosen[column].tolist(), mode="markers",
                    marker={"color": style.ACCENT, "size": 8}, showlegend=False,
                    hovertemplate=f"{run}: checkpoint kept<extra></extra>", **place,
                )  # fmt: skip
        figure.update_xaxes(title_text="Epoch", **place)
    return style.polish(
        figure,
        100 + 260 * rows,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0},
        margin={"l": 60, "r": 16, "t": 58, "b": 84},
    )


def runtime_figure(runtime: pd.DataFrame, datasets: Sequence[str]) -> go.Figure:
    """Draw the time of each rule's jobs, stacked by data set, the longest on top.

    Parameters
    ----------
    runtime
        Columns dataset, rule, seconds.
    datasets
        Order of the stack.
    """
    totals = runtime.pivot_table(
        index="rule", columns="dataset", values="seconds", aggfunc="sum", fill_value=0.0
    )
    order = totals.sum(axis=1).sort_values(kind="stable").index
    totals = totals.loc[order]
    figure = go.Figure()
    for position, dataset in enumerate(name for name in datasets if name in totals):
        figure.add_bar(
            y=[safe(rule) for rule in totals.index],
            x=totals[dataset].round(1).tolist(),
            orientation="h",
            name=safe(dataset),
            marker={"color": style.COLOURS[position % len(style.COLOURS)]},
            hovertemplate="%{y}: %{x:.0f} s<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title_text="Seconds (sum over jobs)")
    figure.update_yaxes(automargin=True)
    return style.polish(
        figure, 110 + 26 * len(totals), barmode="stack", showlegend=True,
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0,
                "traceorder": "normal"},
    )  # fmt: skip
