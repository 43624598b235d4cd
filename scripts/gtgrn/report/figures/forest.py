"""Differences to the best null with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import AUPRC
from gtgrn.report import style
from gtgrn.report.verdicts import BEST_NULL, QUESTIONS, Method, over_seeds
from gtgrn.splits.negatives import N0, N3

FOREST_ROWS = 12
"""Most methods that a figure shows: those with the largest differences."""


def forest_figure(
    comparisons: pd.DataFrame, label: Callable[[Method], str], main: Method, positives: float
) -> go.Figure | None:
    """Draw each method's difference to the best null with its interval, one panel per metric.

    Parameters
    ----------
    comparisons, label, main, positives
        See :func:`judge_block`.
    """
    panels = _panels(comparisons, {key: QUESTIONS[key] for key in QUESTIONS if key[0] != N3})
    if not panels:
        return None
    keys = _drawn_methods(panels[min(1, len(panels) - 1)][1], main)
    figure = make_subplots(
        1, len(panels), shared_yaxes=True, subplot_titles=[title for title, _ in panels],
        horizontal_spacing=0.03,
    )  # fmt: skip
    for column, (_, table) in enumerate(panels, start=1):
        joined = {
            key: over_seeds(rows, positives) for key, rows in table.groupby(["method", "variant"])
        }
        figure.add_trace(
            _differences({key: joined[key] for key in keys if key in joined}, label, main),
            row=1,
            col=column,
        )
        figure.add_vline(x=0, line={"color": style.INK, "width": 1}, row=1, col=column)
    style.polish(figure, 110 + 24 * len(keys), margin={"l": 170, "r": 16, "t": 40, "b": 46})
    figure.update_xaxes(title_text="difference to the best null", title_font_size=11, nticks=4)
    figure.update_yaxes(automargin=True)
    return figure


def _panels(
    comparisons: pd.DataFrame, questions: Mapping[tuple[str, str], str]
) -> list[tuple[str, pd.DataFrame]]:
    """Return (heading, rows against the best null) of each question that was compared."""
    panels = [
        (title, comparisons[
            (comparisons["negatives"] == negatives)
            & (comparisons["metric"] == metric)
            & (comparisons["rival"] == BEST_NULL)
        ])
        for (negatives, metric), title in questions.items()
    ]  # fmt: skip
    return [(title, table) for title, table in panels if len(table)]


def _drawn_methods(ranked: pd.DataFrame, main: Method) -> list[Method]:
    """Return the methods of the largest mean differences, ascending, the main model among them."""
    means = ranked.groupby(["method", "variant"])["difference"].mean().sort_values()
    keys = [key for key in means.index if key != main][-FOREST_ROWS + 1 :]
    return sorted([*keys, *([main] if main in means.index else [])], key=lambda key: means[key])


def _differences(
    found: Mapping[Method, dict], label: Callable[[Method], str], main: Method
) -> go.Scatter:
    """Return the trace of one panel: a mark per method with its interval."""
    values = list(found.values())
    return go.Scatter(
        x=[one["mean"] for one in values],
        y=[style.safe(label(key)) for key in found],
        error_x={
            "type": "data",
            "array": [one["high"] - one["mean"] for one in values],
            "arrayminus": [one["mean"] - one["low"] for one in values],
            "color": style.GREY,
            "thickness": 1.2,
            "width": 3,
        },
        mode="markers",
        marker={
            "size": 8,
            "color": [style.ACCENT if key == main else style.GREY for key in found],
            "symbol": [
                "circle" if one["verdict"] == "better" else "circle-open" for one in values
            ],
            "line": {"width": 1.6},
        },
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        showlegend=False,
    )


def trust_figure(
    comparisons: pd.DataFrame, label: Callable[[Method], str], main: Method, positives: float
) -> go.Figure | None:
    """Draw what the network's model and the best expression-only method add to the best null.

    One line a metric, with the interval; the line at zero is the best null. The expression-only
    method is the one of the largest mean difference in the metric that ranks methods.

    Parameters
    ----------
    comparisons, label, main, positives
        See :func:`gtgrn.report.judgement.judge_block`.
    """
    panels = _panels(comparisons, QUESTIONS)[::-1]
    if not panels:
        return None
    series: list[tuple[Method, str, str]] = [(main, style.ACCENT, "circle")]
    networks = comparisons[
        (comparisons["variant"] == "network") & (comparisons["rival"] == BEST_NULL)
    ]
    ranked = networks[(networks["metric"] == AUPRC) & (networks["negatives"] == N0)]
    if len(ranked):
        means = ranked.groupby("method")["difference"].mean().sort_index()
        series.append(((str(means.idxmax()), "network"), style.QUALITATIVE[4], "diamond"))
    figure = go.Figure()
    for shift, (key, colour, symbol) in zip((0.12, -0.12), series, strict=False):
        found = {}
        for place, (title, table) in enumerate(panels):
            own = table[(table["method"] == key[0]) & (table["variant"] == key[1])]
            if len(own):
                found[place] = (title, over_seeds(own, positives))
        ones = [one for _, one in found.values()]
        figure.add_scatter(
            x=[one["mean"] for one in ones],
            y=[place + shift for place in found],
            error_x={
                "array": [one["high"] - one["mean"] for one in ones],
                "arrayminus": [one["mean"] - one["low"] for one in ones],
                "color": colour, "thickness": 1.6, "width": 4,
            },
            mode="markers", name=style.safe(label(key)),
            marker={"size": 10, "color": colour, "symbol": symbol},
            text=[f"{name}: {o['mean']:+.3f} ({o['verdict']})" for name, o in found.values()],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": style.INK, "width": 1.4})
    style.polish(figure, 120 + 46 * len(panels), margin={"l": 110, "r": 12, "t": 34, "b": 52})
    figure.update_yaxes(
        tickvals=list(range(len(panels))),
        ticktext=[title for title, _ in panels],
        range=[-0.6, len(panels) - 0.4],
    )
    figure.update_xaxes(
        title_text="worse \u2190 difference to the best null \u2192 better", nticks=6
    )
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    return figure.update_layout(legend=legend)
