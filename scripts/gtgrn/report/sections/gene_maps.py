"""Section fig7 of the report: maps of gene representations, and the same for print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import COMMUNITY, GENE, REPRESENTATION, VARIANT
from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table, read_each
from gtgrn.report.text import REPRESENTATIONS, name_representation
from gtgrn.tables import read_table

STUDY = "fig7"
TITLE = "Gene representations"
LEAD = (
    "Each representation puts genes that it takes for similar next to each other; "
    "Leiden's communities are its groups. Modularity and silhouette say how clearly the "
    "groups are apart, not whether they mean anything: compare with Noise, random numbers as "
    "wide as GT-GRN's embedding. enriched_share is the share of known regulons (a regulator's "
    "targets) of which some community holds more than chance allows (hypergeometric test, "
    "false discovery rate .05 unless configured otherwise), null_share the same after the "
    "genes' names were shuffled. Where trained_on_reference says yes, the model learnt from "
    "these very edges, so its enrichment shows what it was taught and is no independent "
    "evidence; raw expression, VAE and the global embedding saw no known edge."
)
ORDER = 60
DATASET_FILES = {
    "judged": [
        "embedding_map/scores.tsv",
        "embedding_map/coordinates.tsv.gz",
        "embedding_map/figure.svg",
    ]
}

REGULATOR_MARK = "is_regulator"
ROLES = ((0, "target gene", "circle"), (1, "regulator", "diamond"))
COLUMNS = 4
MOST_SHAPES = 20_000
"""More points than this are drawn on a canvas: each would be an element of the page."""


def colour_of(communities: pd.Series) -> list[str]:
    """Return a colour of its own for each of the largest communities, a pale one for others."""
    return [style.COLOURS[c] if c < len(style.COLOURS) else style.PALE for c in communities]


def panels(coordinates: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return (title, rows) of each representation in the table's order."""
    for (name, variant), rows in coordinates.groupby([REPRESENTATION, VARIANT], sort=False):
        yield name_representation(name, variant), rows


def map_figure(coordinates: pd.DataFrame) -> go.Figure:
    """Draw a panel for each representation; hover shows gene, community and role.

    Parameters
    ----------
    coordinates
        ``coordinates.tsv.gz`` of one data set.
    """
    drawn = list(panels(coordinates))
    height = int(np.ceil(len(drawn) / COLUMNS))
    figure = make_subplots(
        height, COLUMNS, subplot_titles=[safe(title) for title, _ in drawn],
        horizontal_spacing=0.03, vertical_spacing=0.3 / (height + 2),
    )  # fmt: skip
    add = go.Scattergl if len(coordinates) > MOST_SHAPES else go.Scatter
    for i, (_, rows) in enumerate(drawn):
        for is_regulator, role, symbol in ROLES:
            chosen = rows[rows[REGULATOR_MARK] == is_regulator]
            trace = add(
                x=chosen["x"].round(3).tolist(), y=chosen["y"].round(3).tolist(), mode="markers",
                text=chosen[GENE].map(safe).tolist(), customdata=chosen[COMMUNITY].tolist(),
                marker={
                    "color": colour_of(chosen[COMMUNITY]), "symbol": symbol,
                    "size": 8 if is_regulator else 4,
                    "line": {"color": style.INK, "width": is_regulator},
                },
                hovertemplate="<b>%{text}</b><br>community %{customdata}<br>"
                f"{role}<extra></extra>",
                name=role, legendgroup=role, showlegend=i == 0,
            )  # fmt: skip
            figure.add_trace(trace, row=i // COLUMNS + 1, col=i % COLUMNS + 1)
    style.polish(figure, 60 + 240 * height, margin={"l": 30, "r": 8, "t": 70, "b": 30})
    figure.update_xaxes(showticklabels=False, ticks="", showgrid=False, title_text="")
    figure.update_yaxes(showticklabels=False, ticks="", showgrid=False, title_text="")
    figure.update_xaxes(title_text="UMAP 1", row=height)
    figure.update_yaxes(title_text="UMAP 2", col=1)
    return figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1 + 34 / (240 * height), "yanchor": "bottom"}
    )


def draw_map(coordinates: pd.DataFrame, svg: str | Path, png: str | Path) -> None:
    """Draw the panels of :func:`map_figure` for print."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from gtgrn.report import static

    drawn = list(panels(coordinates))
    height = int(np.ceil(len(drawn) / COLUMNS))
    with static.look():
        figure = Figure(figsize=(9.2, 0.6 + 2.3 * height), layout="constrained")
        axes = figure.subplots(height, COLUMNS, squeeze=False).ravel()
        for axis, (title, rows) in zip(axes, drawn, strict=False):
            for is_regulator, mark in ((0, "o"), (1, "D")):
                chosen = rows[rows[REGULATOR_MARK] == is_regulator]
                axis.scatter(
                    chosen["x"], chosen["y"], c=colour_of(chosen[COMMUNITY]), marker=mark,
                    s=16 if is_regulator else 5, linewidths=0.6 if is_regulator else 0,
                    edgecolors=style.INK if is_regulator else "none",
                )  # fmt: skip
            axis.set(title=title, xticks=[], yticks=[])
        for axis in axes[len(drawn) :]:
            axis.set_axis_off()
        figure.supxlabel("UMAP 1", fontsize=9)
        figure.supylabel("UMAP 2", fontsize=9)
        # Grey, for colours mean communities.
        keys = [
            Line2D([], [], color=style.GREY, marker=mark, linestyle="", label=role)
            for (_, role, _), mark in zip(ROLES, "oD", strict=True)
        ]
        figure.legend(handles=keys, loc="outside upper left", ncols=2, frameon=False)
    static.save(figure, svg, png)


def _summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over seeds."""
    names = [REPRESENTATION, VARIANT, "trained_on_reference", "dimensions", "regulons"]
    groups = scores.groupby(names, sort=False)
    table = pd.DataFrame({"seeds": groups.size()})
    for measure in ("communities", "silhouette", "modularity", "enriched_share", "null_share"):
        table[measure] = groups[measure].mean().astype(float)
        table[f"{measure}_sd"] = groups[measure].std(ddof=1)
    table = table.reset_index()
    table["trained_on_reference"] = np.where(table["trained_on_reference"] == 1, "yes", "no")
    table[REPRESENTATION] = [REPRESENTATIONS.get(name, name) for name in table[REPRESENTATION]]
    return table


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the maps of gene representations and what their communities hold."""
    tables, figures = [], []
    for dataset, scores in read_each(results, datasets, "embedding_map/scores.tsv"):
        columns = [REPRESENTATION, VARIANT, "trained_on_reference", "dimensions", "seeds"]
        measures = ["communities", "silhouette", "modularity", "enriched_share", "null_share"]
        caption = f"{dataset}: communities of genes, and known regulons in them"
        rows = _summarise(scores)
        tables.append(make_measures_table(caption, rows, [*columns, "regulons"], measures))
        coordinates = read_table(results / dataset / "embedding_map" / "coordinates.tsv.gz")
        figures.append(
            {
                "figure": map_figure(coordinates),
                "caption": f"{dataset}: UMAP of each representation, first seed. Colours are its "
                f"own Leiden communities, the {len(style.COLOURS)} largest of each panel, others "
                "pale; one colour in two panels does not mean the same genes.",
            }
        )
    return {
        "tables": tables,
        "figures": figures,
    }
