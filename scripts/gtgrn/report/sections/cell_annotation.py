"""Section fig8 of the report: cell types from gene representations, and the same for print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import AREAS, AUPRC, AUROC, CELL_TYPE, REPRESENTATION, VARIANT
from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table, read_each, write_value
from gtgrn.report.text import REPRESENTATIONS, name_representation
from gtgrn.tables import read_measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

STUDY = "fig8"
TITLE = "Cell types from gene representations"
LEAD = (
    "A cell is the mean of its genes' vectors, weighted by how much of each it "
    "expresses; a perceptron of three layers learns the type in folds, and everything fitted "
    "sees training cells alone. Any gene vectors carry the expression that weighs them, so "
    "that even Noise (random vectors) scores high: what a representation adds is its "
    "difference from the floors (Noise, PCA, variable genes), given with a 95 % interval over "
    "cells. The VAE, the walks and the models were trained on the expression of all cells, "
    "without their types; the floors and raw expression were not, so the comparison leans "
    "towards the former. Intervals over folds are somewhat too narrow, for folds share "
    "training cells. The paper shows its Fig. 8 without numbers, so none stand here."
)
ORDER = 70
DATASET_FILES = {
    "typed": [
        "annotation/scores.tsv",
        "annotation/by_type.tsv",
        "annotation/left_out.tsv",
        "annotation/figure.svg",
    ]
}

FLOORS = ("pca", "variable_genes", "noise")
"""What a representation must beat; they know no network."""
KEYS = (("pca", "floor"), ("gtgrn", "GT-GRN"), ("other", "other gene representation"))
SCALE = [(0.0, "#ffffff"), (1.0, style.ACCENT)]


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return means over seeds, one row per representation and metric, in the table's order.

    Intervals are averaged: each is that of one embedding, whose seed adds to it.
    """
    scores = scores.assign(**{VARIANT: scores[VARIANT].fillna("").astype(str)})
    keys = [REPRESENTATION, VARIANT, "metric"]
    keys += [CELL_TYPE, "cells"] if CELL_TYPE in scores else []
    table = scores.drop(columns="seed").groupby(keys, sort=False).mean().reset_index()
    table["seeds"] = scores.groupby(keys, sort=False).size().to_numpy()
    table["label"] = [
        name_representation(*names) for names in table[[REPRESENTATION, VARIANT]].to_numpy()
    ]
    return table


def colour(name: str) -> str:
    """Return the colour of a representation: grey for floors, the accent for GT-GRN."""
    if name in FLOORS:
        return style.GREY
    return style.ACCENT if name == "gtgrn" else style.QUALITATIVE[0]


def scores_figure(scores: pd.DataFrame) -> go.Figure:
    """Draw macro AUROC and AUPRC of each representation with the interval over folds.

    Parameters
    ----------
    scores
        ``scores.tsv`` of one data set.
    """
    table = over_seeds(scores)
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.05)
    for column, metric in enumerate(AREAS, 1):
        rows = table[table["metric"] == metric].iloc[::-1]
        texts = [
            f"{safe(row.label)}<br>{metric} {row.value:.3f}<br>"
            f"folds {row.fold_low:.3f} to {row.fold_high:.3f}<br>"
            f"all folds together {row.pooled:.3f}<br>"
            f"cells {row.cells_low:.3f} to {row.cells_high:.3f}"
            for row in rows.itertuples()
        ]
        figure.add_scatter(
            x=rows["value"].round(4).tolist(), y=rows["label"].map(safe).tolist(), mode="markers",
            marker={"size": 9, "color": [colour(name) for name in rows[REPRESENTATION]]},
            error_x={
                "array": (rows["fold_high"] - rows["value"]).round(4).tolist(),
                "arrayminus": (rows["value"] - rows["fold_low"]).round(4).tolist(),
                "color": style.PALE, "thickness": 2, "width": 0,
            },
            text=texts, hoverinfo="text", showlegend=False, row=1, col=column,
        )  # fmt: skip
        figure.update_xaxes(title_text=f"{metric}, mean over types", row=1, col=column)
    style.polish(figure, 110 + 26 * table["label"].nunique())
    figure.update_yaxes(automargin=True, tickfont={"color": style.INK})
    return figure


def types_figure(by_type: pd.DataFrame, metric: str = AUPRC) -> go.Figure:
    """Draw one metric of each representation and cell type as a map of colours."""
    values, kinds = _by_type(by_type, metric)
    texts = [[f"{value:.2f}" for value in row] for row in values.to_numpy()]
    figure = go.Figure(
        go.Heatmap(
            z=values.round(4).to_numpy().tolist(), x=[safe(kind) for kind in kinds],
            y=[safe(name) for name in values.index], text=texts, texttemplate="%{text}",
            colorscale=[list(stop) for stop in SCALE], zmin=0, zmax=1,
            colorbar={"title": {"text": metric}},
            hovertemplate=f"%{{y}}<br>%{{x}}<br>{metric} %{{z:.3f}}<extra></extra>",
        )
    )  # fmt: skip
    style.polish(figure, 240 + 26 * len(values))
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont={"color": style.INK})
    figure.update_xaxes(automargin=True, tickangle=-35, title_text="Cell type (number of cells)")
    return figure


def _by_type(by_type: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, list[str]]:
    """Return representations x types, most frequent first, and the types with their sizes."""
    rows = over_seeds(by_type)
    rows = rows[rows["metric"] == metric]
    sizes = rows.drop_duplicates(CELL_TYPE).sort_values(
        ["cells", CELL_TYPE], ascending=[False, True]
    )
    values = rows.pivot(index="label", columns=CELL_TYPE, values="value")
    values = values.loc[rows["label"].drop_duplicates(), sizes[CELL_TYPE]]
    return values, [f"{row[CELL_TYPE]} ({row['cells']})" for row in sizes.to_dict("records")]


def draw_scores(
    scores: pd.DataFrame, by_type: pd.DataFrame, svg: str | Path, png: str | Path
) -> None:
    """Draw :func:`scores_figure` and :func:`types_figure` for print, one above the other."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from gtgrn.report import static

    table = over_seeds(scores)
    values, kinds = _by_type(by_type, AUPRC)
    with static.look():
        figure = Figure(figsize=(9.2, 3.2 + 0.46 * len(values)), layout="constrained")
        grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.3])
        left = figure.add_subplot(grid[0, 0])
        _draw_metric(left, table, AUROC, labelled=True)
        _draw_metric(figure.add_subplot(grid[0, 1], sharey=left), table, AUPRC, labelled=False)
        left.invert_yaxis()
        keys = [
            Line2D([], [], color=colour(name), marker="o", linestyle="", label=text)
            for name, text in KEYS
        ]
        figure.legend(handles=keys, loc="outside upper left", ncols=len(keys), frameon=False)
        axis = figure.add_subplot(grid[1, :])
        figure.colorbar(_draw_types(axis, values, kinds), ax=axis, label="AUPRC", pad=0.01)
    static.save(figure, svg, png)


def _draw_metric(axis: Axes, table: pd.DataFrame, metric: str, *, labelled: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    part = table[table["metric"] == metric].reset_index(drop=True)
    axis.hlines(part.index, part["fold_low"], part["fold_high"], style.PALE, linewidth=2)
    colours = [colour(name) for name in part[REPRESENTATION]]
    axis.scatter(part["value"], part.index, c=colours, s=28, zorder=3)
    if labelled:
        axis.set_yticks(part.index, part["label"])
    # The axes share their labels: to empty one's would empty the other's.
    axis.tick_params(axis="y", labelleft=labelled)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.set_xlabel(f"{metric}, mean over types")
    axis.grid(axis="x", color=style.GRID)
    axis.set_axisbelow(True)


def _draw_types(axis: Axes, values: pd.DataFrame, kinds: Sequence[str]) -> AxesImage:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("accent", [c for _, c in SCALE])
    image = axis.imshow(values.to_numpy(), cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values.to_numpy()):
        ink = "white" if value > 0.6 else style.INK
        axis.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=8)
    axis.set_xticks(range(len(kinds)), kinds, rotation=35, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(values)), values.index)
    axis.set_xlabel("Cell type (number of cells)")
    return image


def _score_table(dataset: str, scores: pd.DataFrame) -> dict:
    table = over_seeds(scores)
    wide = table.drop_duplicates(["label"])[["label", REPRESENTATION, VARIANT, "seeds"]].copy()
    columns = []
    for metric in AREAS:
        rows = table[table["metric"] == metric].set_index("label").loc[wide["label"]]
        for name, parts in (
            (metric, ("value", "fold_low", "fold_high")),
            (f"{metric} minus PCA", ("minus_pca", "minus_pca_low", "minus_pca_high")),
        ):
            numbers = rows[list(parts)].to_numpy(float)
            wide[name] = [
                f"{write_value(v)} ({write_value(a)} to {write_value(b)})" for v, a, b in numbers
            ]
            columns.append(name)
    wide[REPRESENTATION] = [REPRESENTATIONS.get(name, name) for name in wide[REPRESENTATION]]
    caption = f"{dataset}: cell types from each representation"
    return make_measures_table(caption, wide, [REPRESENTATION, VARIANT, "seeds", *columns])


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show how well each representation tells cell types apart, beside the floors."""
    tables, figures = [], []
    for dataset, scores in read_each(results, datasets, "annotation/scores.tsv"):
        by_type = read_measures(results / dataset / "annotation" / "by_type.tsv")
        left_out = read_measures(results / dataset / "annotation" / "left_out.tsv")
        tables.append(_score_table(dataset, scores))
        if len(left_out):
            caption = f"{dataset}: types that are left out, having too few cells"
            tables.append(make_measures_table(caption, left_out, [CELL_TYPE, "cells"]))
        figures += [
            {
                "figure": scores_figure(scores),
                "caption": f"{dataset}: mean over cell types; lines are 95 % intervals over the "
                "folds. Grey are the floors, which know no network, blue is GT-GRN, orange is "
                "any other gene representation.",
            },
            {
                "figure": types_figure(by_type),
                "caption": f"{dataset}: AUPRC of each type against all others; guessing scores "
                "the type's share of the cells.",
            },
        ]
    return {
        "tables": tables,
        "figures": figures,
    }
