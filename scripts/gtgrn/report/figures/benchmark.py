"""Figures of the evaluation: curves, ablations, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.report import style
from gtgrn.report.palette import line_of
from gtgrn.report.style import safe

GRID = np.linspace(0, 1, 101)
DIGITS = 4
OF_METHOD = (style.NETWORK, style.NULL)
"""Kinds whose members are told apart by the method; of others by method and variant."""


def mean_curve(curves: Sequence[pd.DataFrame], *, precision: bool) -> np.ndarray:
    """Average the curves of several seeds at :data:`GRID` on the horizontal axis.

    Parameters
    ----------
    curves
        A table a seed with x ascending and y.
    precision
        Whether these are precision-recall curves. Their point at recall 0, where precision is
        1 by convention only, is then left out, so that no line starts from it.

    Returns
    -------
    numpy.ndarray
        (101,) mean of y, linear between a curve's points.
    """
    rows = []
    for curve in curves:
        x, y = curve["x"].to_numpy(float), curve["y"].to_numpy(float)
        if precision and len(x) > 1:
            x, y = x[1:], y[1:]
        rows.append(np.interp(GRID, x, y))
    return np.mean(rows, axis=0)


WIDTHS = {style.MAIN: 3.2, style.NETWORK: 1.6, style.NULL: 1.4}


def _lines(methods: Sequence[Mapping], best_null: tuple | None) -> dict[tuple, dict]:
    """Return the line of each method by its key."""
    names = {m["key"]: m["key"][0] if m["kind"] in OF_METHOD else m["label"] for m in methods}
    lines = {}
    for method in methods:
        key, kind = method["key"], method["kind"]
        among = [names[m["key"]] for m in methods if m["kind"] == kind]
        lines[key] = line_of(kind, names[key], among) | {"width": WIDTHS.get(kind, 1.4)}
        if key == best_null:
            lines[key] |= {"color": style.INK, "width": 2}
    return lines


def curves_figure(
    curves: pd.DataFrame, methods: Sequence[Mapping], density: float, best_null: tuple | None
) -> go.Figure:
    """Draw ROC and precision-recall curves, the mean over seeds.

    Parameters
    ----------
    curves
        Columns method, variant, curve (ROC or PR), x, y, seed.
    methods
        In the order of the legend: dictionaries with ``key`` (method, variant), ``kind`` and
        ``label``. Variants and controls are drawn when the reader clicks on them.
    density
        Share of positives of the test part, where a random ranking's precision lies.
    best_null
        Key of the null to draw in dark, if any.
    """
    figure = make_subplots(1, 2, subplot_titles=["ROC", "Precision-recall"])
    groups = dict(list(curves.groupby(["method", "variant", "curve"], sort=False)))
    lines = _lines(methods, best_null)
    for method in methods:
        line = lines[method["key"]]
        hidden = method["kind"] in (style.CONTROL, style.MODEL, style.PEER)
        for column, name in enumerate(("ROC", "PR"), start=1):
            table = groups.get((*method["key"], name))
            if table is None:
                continue
            seeds = [curve for _, curve in table.groupby("seed")]
            y = mean_curve(seeds, precision=name == "PR")
            # Below recall 0.01 there is no positive to speak of.
            first = int(name == "PR")
            figure.add_scatter(
                x=GRID[first:].round(DIGITS).tolist(),
                y=y[first:].round(DIGITS).tolist(),
                mode="lines",
                name=safe(method["label"]),
                legendgroup="/".join(method["key"]),
                showlegend=name == "ROC",
                visible="legendonly" if hidden else True,
                line=line,
                row=1,
                col=column,
            )
    guide = {"color": style.GREY, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=guide, row=1, col=1)
    figure.add_shape(type="line", x0=0, y0=density, x1=1, y1=density, line=guide, row=1, col=2)
    figure.update_xaxes(title_text="False positive rate", range=[0, 1], col=1)
    figure.update_xaxes(title_text="Recall", range=[0, 1], col=2)
    figure.update_yaxes(title_text="True positive rate", range=[0, 1.01], col=1)
    figure.update_yaxes(title_text="Precision", rangemode="tozero", col=2)
    return style.polish(
        figure,
        580,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0},
        margin={"l": 60, "r": 16, "t": 50, "b": 210},
    )


def ablation_figure(
    rows: Sequence[Mapping], metrics: Mapping[str, str], references: Mapping[str, Mapping]
) -> go.Figure:
    """Draw each variant's value in each metric: seeds as small dots, their mean as a large one.

    Parameters
    ----------
    rows
        Variants from top to bottom: ``label``, ``kind`` and ``values`` (metric -> one number
        a seed).
    metrics
        Metric -> title; one panel each.
    references
        Metric -> name -> value of vertical lines.
    """
    figure = make_subplots(
        1, len(metrics), shared_yaxes=True, subplot_titles=list(metrics.values())
    )
    labels = [safe(row["label"]) for row in rows]
    colours = {style.MAIN: style.ACCENT, style.CONTROL: style.CONTROLS}
    dashes = ["solid", "dash"]
    for column, metric in enumerate(metrics, start=1):
        for label, row in zip(labels, rows, strict=True):
            values = [round(value, DIGITS) for value in row["values"][metric]]
            colour = colours.get(row["kind"], style.VARIANTS)
            seeds = {"size": 6, "color": colour, "opacity": 0.55}
            figure.add_scatter(
                x=values, y=[label] * len(values), mode="markers", marker=seeds, row=1, col=column,
                hovertemplate="%{y}: %{x:.3f} (one seed)<extra></extra>",
            )  # fmt: skip
            if values:
                mean = {"size": 12, "color": colour, "line": {"color": "white", "width": 1}}
                figure.add_scatter(
                    x=[float(np.mean(values))], y=[label], mode="markers", marker=mean,
                    hovertemplate="%{y}: %{x:.3f} (mean)<extra></extra>", row=1, col=column,
                )  # fmt: skip
        for dash, (name, value) in zip(dashes, references[metric].items(), strict=False):
            if np.isfinite(value):
                line = {"color": style.GREY, "width": 1.2, "dash": dash}
                figure.add_vline(x=value, line=line, row=1, col=column)
                figure.add_scatter(
                    x=[value], y=[labels[-1]], mode="lines", line=line, name=safe(name),
                    showlegend=column == 1, row=1, col=column,
                )  # fmt: skip
    figure.for_each_trace(
        lambda trace: trace.update(showlegend=False) if trace.mode == "markers" else None
    )
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1])
    figure.update_yaxes(automargin=True, col=1)
    return style.polish(
        figure, 150 + 30 * len(rows), legend={"orientation": "h", "y": -0.1, "yanchor": "top"}
    )


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of a share of n (Wilson 1927, doi 10.2307/2276774).

    Parameters
    ----------
    share
        (bins,) observed shares.
    n
        (bins,) numbers behind them, above 0.

    Returns
    -------
    tuple
        Lower and upper ends, (bins,) each.
    """
    z = 1.959964
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def pool_reliability(curves: pd.DataFrame) -> pd.DataFrame:
    """Join the seeds' reliability curves, bin by bin, weighted by their pairs; no empty bins.

    Returns
    -------
    pandas.DataFrame
        mean_probability, observed_frequency, n.
    """
    filled = curves[curves["n"] > 0]
    means = ["mean_probability", "observed_frequency"]
    totals = filled[means].mul(filled["n"], axis=0).assign(n=filled["n"])
    pooled = totals.groupby(filled["lower"]).sum()
    return pooled.assign(**{name: pooled[name] / pooled["n"] for name in means}).reset_index(
        drop=True
    )


def reliability_figure(curves: pd.DataFrame) -> go.Figure:
    """Draw observed against predicted frequency, and how many pairs are behind each point.

    Parameters
    ----------
    curves
        Columns lower, mean_probability, observed_frequency, n, seed.
    """
    pooled = pool_reliability(curves)
    x, y, n = (pooled[name].to_numpy(float) for name in pooled.columns)
    low, high = wilson(y, n)
    figure = make_subplots(
        2, 1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.05
    )
    figure.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, row=1, col=1,
        line={"color": style.GREY, "width": 1, "dash": "dot"},
    )  # fmt: skip
    for _, seed in curves[curves["n"] > 0].groupby("seed"):
        figure.add_scatter(
            x=seed["mean_probability"].round(DIGITS).tolist(),
            y=seed["observed_frequency"].round(DIGITS).tolist(),
            mode="lines", line={"color": style.VARIANTS, "width": 1}, hoverinfo="skip",
            row=1, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=x.round(DIGITS).tolist(),
        y=y.round(DIGITS).tolist(),
        mode="markers",
        marker={"color": style.ACCENT, "size": 9},
        error_y={
            "array": (high - y).round(DIGITS).tolist(),
            "arrayminus": (y - low).round(DIGITS).tolist(),
            "color": style.ACCENT,
            "thickness": 1.2,
            "width": 3,
        },
        customdata=n.astype(int).tolist(),
        hovertemplate="predicted %{x:.3f}, observed %{y:.3f}, %{customdata} pairs<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=x.round(DIGITS).tolist(),
        y=n.astype(int).tolist(),
        marker={"color": style.VARIANTS},
        width=0.03,
        hovertemplate="%{y} pairs<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_xaxes(title_text="Predicted probability (mean of a bin)", row=2)
    figure.update_yaxes(title_text="Observed frequency", range=[-0.03, 1.03], row=1)
    figure.update_yaxes(title_text="Pairs (log)", type="log", nticks=5, row=2)
    return style.polish(figure, 480, showlegend=False)
