"""The paper's figures from our results; :mod:`gtgrn.report.figures.paper_static` prints them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.studies.power_law import fitted_line

COLUMNS = 3
KINDS = {
    "model": ("GT-GRN", style.ACCENT),
    "peer": ("Peer", style.QUALITATIVE[0]),
    "network": ("Network from expression", style.QUALITATIVE[1]),
    "null_model": ("Best null", style.GREY),
}
"""Kind of a method -> words and colour."""
PAIRS = {"untrained": ("pairs it was not trained on", True), "all": ("all pairs", False)}
"""Judged pairs -> words, and whether the mark is filled."""
EVERY_PAIR = "every_pair"
SELECTIONS = {
    "reference": ("Reference", style.GREY, "circle"),
    "matched": ("As many edges as the reference", style.ACCENT, "diamond"),
    "threshold": ("Edges above the threshold", style.QUALITATIVE[4], "square-open"),
    EVERY_PAIR: ("Every pair an edge", style.QUALITATIVE[2], "triangle-up"),
}
"""Selection of edges -> words, colour and mark."""
NO_VARIANT = ("network", "null_model")
"""What stands as the variant of a method that has none."""
DEGREE, SHARE = "Degree (neighbours of a gene)", "Share of genes \u2265 degree"


def panels(count: int) -> tuple[int, int]:
    """Return rows and columns of so many panels."""
    columns = max(min(COLUMNS, count), 1)
    return -(-count // columns), columns


def label(method: str, variant: str) -> str:
    """Name a method in a figure."""
    return method if variant in NO_VARIANT else f"{method} {variant}"


def arrange_reconstructions(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Keep of all nulls each data set's best, and order the methods from bottom to top.

    Parameters
    ----------
    table
        ``fig4.tsv``.

    Returns
    -------
    tuple
        The rows with the column label, and the labels: by kind, then by mean AUROC over the
        data sets on pairs that were not trained on.
    """
    nulls = table[(table["kind"] == "null_model") & (table["pairs"] == "untrained")]
    nulls = nulls.sort_values(["mean", "method"], ascending=[False, True])
    best = nulls.drop_duplicates("dataset").set_index("dataset")["method"]
    kept = (table["kind"] != "null_model") | (table["method"] == table["dataset"].map(best))
    rows = table[kept]
    names = [label(*name) for name in zip(rows["method"], rows["variant"], strict=True)]
    rows = rows.assign(label=np.where(rows["kind"] == "null_model", KINDS["null_model"][0], names))
    untrained = rows[rows["pairs"] == "untrained"]
    order = untrained.groupby(["kind", "label"])["mean"].mean().reset_index()
    order["place"] = order["kind"].map({kind: -i for i, kind in enumerate(KINDS)})
    order = order.sort_values(["place", "mean", "label"])
    return rows, order["label"].tolist()


def reconstruction_figure(table: pd.DataFrame) -> go.Figure:
    """Draw Figure 4: AUROC of every method over whole networks, one panel per data set.

    Parameters
    ----------
    table
        ``fig4.tsv``.
    """
    rows, order = arrange_reconstructions(table)
    datasets = rows["dataset"].drop_duplicates().tolist()
    height, width = panels(len(datasets))
    figure = make_subplots(
        height, width, shared_yaxes="all", shared_xaxes="all",
        subplot_titles=list(map(safe, datasets)),
        horizontal_spacing=0.03, vertical_spacing=0.25 / height / 2,
    )  # fmt: skip
    named = set()
    for i, dataset in enumerate(datasets):
        place = {"row": i // width + 1, "col": i % width + 1}
        own = rows[rows["dataset"] == dataset]
        for kind, (words, colour) in KINDS.items():
            for pairs, (judged, filled) in PAIRS.items():
                dots = own[(own["kind"] == kind) & (own["pairs"] == pairs)]
                name = f"{words}, {judged}"
                figure.add_scatter(
                    x=dots["mean"].round(4).tolist(), y=dots["label"].map(safe).tolist(),
                    mode="markers", name=name, legendgroup=name,
                    showlegend=len(dots) > 0 and name not in named,
                    text=dots["method"].map(safe).tolist(),
                    error_x={"array": dots["sd"].fillna(0).tolist(), "width": 2, "thickness": 1},
                    marker={"color": colour, "size": 9, "line": {"color": colour, "width": 1.5},
                            "symbol": "circle" if filled else "circle-open"}, **place,
                )  # fmt: skip
                named |= {name} if len(dots) else set()
        null = own[(own["kind"] == "null_model") & (own["pairs"] == "untrained")]["mean"]
        if len(null):
            figure.add_vline(null.iloc[0], line={"color": style.GREY, "dash": "dot"}, **place)
        figure.add_vline(0.5, line={"color": style.PALE, "width": 1}, **place)
    figure.update_yaxes(categoryorder="array", categoryarray=list(map(safe, order)))
    pixels = 130 + height * (60 + 21 * len(order))
    style.polish(figure, pixels, margin={"l": 150, "r": 16, "t": 40, "b": 130})
    _name_lowest(figure, len(datasets), "AUROC")
    return figure.update_layout(
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    )


def _name_lowest(figure: go.Figure, count: int, title: str) -> None:
    """Label the x axis of each column's lowest panel, also where the last row is not full."""
    width = panels(count)[1]
    for i in range(max(count - width, 0), count):
        figure.update_xaxes(
            title_text=title, showticklabels=True, row=i // width + 1, col=i % width + 1
        )


def with_null_line(figure: go.Figure, null: Mapping) -> go.Figure:
    """Add the best null to the box plot of hyper-parameters, in place.

    Parameters
    ----------
    figure
        From :func:`gtgrn.report.sections.tuning.tuning_figure`.
    null
        best_null and null, its test AUROC; NaN where there is none.
    """
    if np.isfinite(null["null"]):
        figure.add_hline(
            null["null"], line={"color": style.GREY, "dash": "dot"},
            annotation_text=f"best null: {safe(null['best_null'])}",
            annotation_position="bottom left",
        )  # fmt: skip
    return figure


def degree_panels(degrees: pd.DataFrame) -> list[str]:
    """Return the networks that have a panel: all but the reference, which is in each."""
    return [name for name in degrees["network"].drop_duplicates() if name != "reference"]


def degree_series(
    degrees: pd.DataFrame, fits: pd.DataFrame, network: str
) -> list[tuple[str, pd.DataFrame, pd.DataFrame, Mapping]]:
    """Return what a panel of Figure 6 shows.

    Parameters
    ----------
    degrees, fits
        ``fig6.tsv`` and ``fig6_fits.tsv``.
    network
        Its network.

    Returns
    -------
    list
        Selection, distribution, fitted line and fit; the reference first. Lines end below the
        lowest dot of all panels: a steep one would stretch the shared axis over empty decades.
    """
    shown, lowest = [], degrees["share_at_least"].min() / 2
    for name in ("reference", network):
        rows = degrees[degrees["network"] == name]
        for selection, dots in rows.groupby("selection", sort=False):
            own = fits[(fits["network"] == name) & (fits["selection"] == selection)]
            fit = own.iloc[0].to_dict()
            line = fitted_line(fit, int(dots["degree"].max()))
            shown.append((selection, dots, line[line["share_at_least"] >= lowest], fit))
    return shown


def degree_figure(degrees: pd.DataFrame, fits: pd.DataFrame) -> go.Figure:
    """Draw Figure 6: the share of genes of at least a degree, with the fitted power laws.

    Parameters
    ----------
    degrees, fits
        ``fig6.tsv`` and ``fig6_fits.tsv``.
    """
    names = degree_panels(degrees)
    height, width = panels(len(names))
    figure = make_subplots(
        height, width, shared_yaxes="all", shared_xaxes="all",
        subplot_titles=[safe(panel_title(name)) for name in names],
        horizontal_spacing=0.04, vertical_spacing=0.3 / height / 2,
    )  # fmt: skip
    named = set()
    for i, name in enumerate(names):
        place = {"row": i // width + 1, "col": i % width + 1}
        for selection, dots, line, fit in degree_series(degrees, fits, name):
            words, colour, mark = SELECTIONS[selection]
            exponent = "no fit" if np.isnan(fit["alpha"]) else f"exponent {fit['alpha']:.2f}"
            figure.add_scatter(
                x=dots["degree"].tolist(), y=dots["share_at_least"].round(6).tolist(),
                mode="markers", name=words, legendgroup=selection,
                showlegend=selection not in named, hovertext=exponent,
                marker={"color": colour, "size": 5, "symbol": mark}, **place,
            )  # fmt: skip
            figure.add_scatter(
                x=line["degree"].tolist(), y=line["share_at_least"].round(6).tolist(),
                mode="lines", legendgroup=selection, showlegend=False, hoverinfo="skip",
                line={"color": colour, "width": 1.5}, **place,
            )  # fmt: skip
            named.add(selection)
    figure.update_xaxes(type="log", dtick=1)
    figure.update_yaxes(type="log", dtick=1)
    style.polish(figure, 110 + 260 * height, margin={"l": 70, "r": 16, "t": 40, "b": 100})
    _name_lowest(figure, len(names), DEGREE)
    for row in range(1, height + 1):
        figure.update_yaxes(title_text=SHARE, row=row, col=1)
    return figure.update_layout(
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    )


def panel_title(network: str) -> str:
    """Name a network above its panel; a model's name holds its form."""
    if network == EVERY_PAIR:
        return "every pair an edge"
    return network.replace("/", " ") if "/" in network else f"best null: {network}"
