"""The paper's figures from our results, and the report's section that sets both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.studies.peers import read_measures
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
DASH = "\u2013"


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
    """Draw Figure 4: AUROC of every method over whole networks, a panel a data set.

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
        From :func:`gtgrn.report.sections.peers.tuning_figure`.
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


COUNTS = {"directed_edges", "maximum_degree", "triangles", "genes", "xmin", "tail"}
"""Columns that are written without decimals."""


def _number(value: object, digits: int = 3) -> str:
    """Write a number; one of a column of counts without decimals."""
    if not isinstance(value, (int, float)):
        return str(value) or DASH
    return DASH if np.isnan(value) else f"{value:.{digits}f}"


def _spread(mean: float, sd: float) -> str:
    return _number(mean) + ("" if np.isnan(sd) else f" \u00b1 {sd:.3f}")


def _lines(caption: str, columns: Mapping[str, str], rows: pd.DataFrame, digits: int = 3) -> dict:
    """Return a table of the report; a column with the column ``<name>_sd`` beside has its spread."""
    lines = [
        [
            _spread(row[name], row[f"{name}_sd"]) if f"{name}_sd" in row
            else _number(row[name], 0 if name in COUNTS else digits)
            for name in columns
        ]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return {"caption": caption, "columns": list(columns.values()), "rows": lines}


def _table3(folder: Path, datasets: Sequence[str]) -> list[dict]:
    rows = read_measures(folder / "table3.tsv").rename(columns={"sd": "mean_sd"})
    rows = rows[rows["dataset"].isin(list(datasets))]
    columns = {
        "dataset": "data set", "method": "method", "variant": "form", "mean": "ours",
        "paper": "paper", "null": "best null", "best_null": "which", "density": "density",
        "reading": "reading",
    }  # fmt: skip
    return [
        _lines(f"Table 3: {metric} on the test pairs", columns, own)
        for metric, own in rows.groupby("metric", sort=False)
    ]


def _table5(dataset: str, rows: pd.DataFrame) -> dict:
    columns = {
        "network": "network", "selection": "edges chosen by", "directed_edges": "edges",
        "maximum_degree": "maximum degree", "assortativity": "assortativity",
        "triangles": "triangles", "transitivity": "clustering",
        "characteristic_path_length": "path length", "PCC": "PCC", "log_PCC": "PCC of logarithms",
        "AUROC": "AUROC",
    }  # fmt: skip
    caption = (
        f"Table 5: {dataset}. Rows chosen by 'paper' are those that the paper prints, of its PBMC "
        "set (8000 cells, hTFtarget)"
    )
    return _lines(caption, columns, rows, 4)


def _table6(dataset: str, rows: pd.DataFrame) -> list[dict]:
    columns = {
        "row": "features", "note": "what", "mean": "ours", "against": "against",
        "difference": "difference", "low": "from", "high": "to",
        "paper": "paper (its PBMC set)", "null": "best null",
    }  # fmt: skip
    rows = rows.rename(columns={"sd": "mean_sd"})
    return [
        _lines(f"Table 6: {dataset}, {metric}", columns, own)
        for metric, own in rows.groupby("metric", sort=False)
    ]


def _fits(dataset: str, rows: pd.DataFrame) -> dict:
    columns = {
        "network": "network", "selection": "edges chosen by", "genes": "genes",
        "alpha": "exponent", "xmin": "from degree", "tail": "genes in the tail", "KS": "KS",
        "KS_p": "p of KS", "likelihood_ratio": "against lognormal", "ratio_p": "its p",
        "reading": "reading",
    }  # fmt: skip
    return _lines(f"Figure 6: {dataset}, fitted power laws", columns, rows)


def paper_section(results: Path, datasets: Sequence[str]) -> dict:
    """Show the paper's tables and figures beside ours."""
    tables = _table3(results / "paper", datasets)
    reconstruction = read_measures(results / "paper" / "fig4.tsv")
    figures = [
        {
            "figure": reconstruction_figure(
                reconstruction[reconstruction["dataset"].isin(list(datasets))]
            ),
            "caption": "Figure 4: AUROC over the whole network. Open marks count the pairs that "
            "a supervised model was trained on, as the paper's figure does; filled marks leave "
            "them out. The dotted line is the best null on pairs it was not trained on.",
        }
    ]
    for dataset in datasets:
        folder = results / dataset / "paper"
        if not (folder / "table5.tsv").exists():
            continue
        fits, degrees = (read_measures(folder / f"{n}.tsv") for n in ("fig6_fits", "fig6"))
        tables.append(_table5(dataset, read_measures(folder / "table5.tsv")))
        tables.append(_fits(dataset, fits))
        tables += _table6(dataset, read_measures(folder / "table6.tsv"))
        figures.append(
            {
                "figure": degree_figure(degrees, fits),
                "caption": f"Figure 6: {dataset}, share of genes with at least so many "
                "neighbours, and the fitted power law of the tail.",
            }
        )
    return {"title": "The paper's experiments", "lead": LEAD, "tables": tables, "figures": figures}


LEAD = (
    "Tables and figures of the GT-GRN paper (arXiv 2504.16961) with its numbers beside ours and "
    "beside the best null, a predictor that never sees expression. Where the null exceeds the "
    "paper's number, that number shows nothing about regulation. The paper's AUPRC of GNE comes "
    "from as many negatives as positives (chance .5), ours from all negatives (chance is the "
    "density). PCC in Table 5 correlates five numbers of unlike size, so that the largest, the "
    "triangles, decides: the graph of every pair of 54 regulators and 4000 genes, which predicts "
    "nothing, has all that the paper prints for GENELink and GNNLink and their PCC of .9817. "
    "Intervals in Table 6 are 95 % from paired resamples of the test pairs; one that holds zero "
    "is a tie. A straight line in Figure 6 is no proof of a power law: the likelihood ratio says "
    "whether a lognormal fits the tail as well."
)
