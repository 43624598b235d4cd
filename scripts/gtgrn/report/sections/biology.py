"""Section of the report on regulons: known evidence, held-out edges, activity by cell type.

The figures are drawn twice from the same tables: by plotly for the report, and by matplotlib for
papers and slides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.files import atomic_path
from gtgrn.names import REGULATOR, TARGET
from gtgrn.network.activity import GROUP, most_variable
from gtgrn.network.enrichment import EVIDENCE, METHOD, POOL, REFERENCE
from gtgrn.report import style, text
from gtgrn.report.style import safe
from gtgrn.report.tables import MISSING, make_table
from gtgrn.tables import read_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDY = "biology"
TITLE = "Regulons and known biology"
LEAD = (
    "A regulon is a regulator with the targets predicted for it. Known edges in a regulon were "
    "mostly trained on, so their number shows what the model was told, not what it found. The "
    "test of held-out edges asks the fairer question: of the pairs that training did not see, are "
    "the best ones known edges more often than chance (odds ratio above 1)? A predictor that "
    "only counts how many edges a regulator and a target have is above 1 as well; where the best "
    "null reaches the same odds ratio, expression added nothing that this test can see. An edge "
    "that no database lists may be new or wrong, and the support of several expression-only "
    "methods is no independent evidence, for all of them read the same cells. Activity is "
    "decoupler's score of a regulon in a cell (ULM). Its signs and its targets come from the same "
    "cells that it scores, so that it describes these cells and confirms no edge."
)
ORDER = 80
DATASET_FILES = {
    "expressed": [
        "biology/regulons.gmt",
        "biology/adjacencies.tsv",
        "biology/net.tsv",
        "biology/regulators.tsv",
        "biology/novel.tsv",
        "biology/activity.tsv",
        "biology/activity.h5ad",
        "biology/activity.svg",
        "biology/activity.png",
    ],
    "judged": [
        "biology/overlap.tsv",
        "biology/overlap.svg",
        "biology/overlap.png",
        "biology/overlap_regulators.tsv",
    ],
}

REGULATORS, NOVEL, DRAWN = 12, 15, 30
FEWEST = 5
"""Held-out edges that a database needs to be drawn: the interval of fewer fills the axis."""
MODEL, NULL = "GT-GRN", "best null"
COLOURS = {MODEL: style.ACCENT, NULL: style.QUALITATIVE[0]}
SCALE = [(0.0, style.ACCENT), (0.5, "#ffffff"), (1.0, "#d55e00")]
GROUPED_BY = {"cell type": "cell type", "leiden": "Leiden cluster"}
CLUSTERED = " The card names no cell type, so the cells were clustered (scanpy, a fixed seed)."
POOL_NAMES = {"held_out": "validation and test", "test": "test"}
Z = "Mean activity (SD over cells)"
ODDS, HELD_OUT = "Odds ratio (log scale)", "Held-out edges (number)"


def activity_figure(means: pd.DataFrame) -> go.Figure:
    """Draw the regulators whose activity differs most between groups as a heat map.

    Parameters
    ----------
    means
        ``activity.tsv`` of one data set, with a regulator or several.
    """
    wide = most_variable(means, DRAWN)
    raw = most_variable(means, DRAWN, "mean")
    cells = means.drop_duplicates(GROUP).set_index(GROUP)["cells"]
    groups = list(wide.columns)
    limit = _limit(wide)
    figure = go.Figure(
        go.Heatmap(
            z=wide.to_numpy().T.round(3).tolist(),
            x=[safe(name) for name in wide.index],
            y=[safe(name) for name in groups],
            customdata=np.stack(
                [raw.to_numpy().T.round(3), np.tile(cells[groups], (len(wide), 1)).T], axis=-1
            ).tolist(),
            hovertemplate="%{x} in %{y}: %{z:.2f} SD<br>mean ULM score %{customdata[0]:.2f}, "
            "%{customdata[1]:.0f} cells<extra></extra>",
            colorscale=[list(stop) for stop in SCALE],
            zmin=-limit,
            zmax=limit,
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": Z, "side": "right", "font": {"size": 13}},
                "tickfont": {"size": 12},
                "thickness": 14,
            },
        )
    )
    style.polish(figure, 170 + 26 * len(groups))
    figure.update_xaxes(title_text="Regulator", tickangle=-60, automargin=True, showgrid=False)
    figure.update_yaxes(
        title_text=_group_title(means), automargin=True, showgrid=False, type="category"
    )
    return figure.update_xaxes(type="category")


def _limit(wide: pd.DataFrame) -> float:
    return float(max(0.1, np.nanmax(np.abs(wide.to_numpy()))))


def _group_title(means: pd.DataFrame) -> str:
    groups = GROUPED_BY[means["grouped_by"].iloc[0]]
    return groups[0].upper() + groups[1:]


def overlap_rows(overall: pd.DataFrame) -> pd.DataFrame:
    """Return the odds ratios to draw: held-out edges of the reference and of large databases.

    Parameters
    ----------
    overall
        ``overlap.tsv`` of one data set.

    Returns
    -------
    pandas.DataFrame
        The rows with `series` (GT-GRN or best null) and `place`, the evidence's position from
        below plus the offset of series and seed; the reference is at the top.
    """
    rows = overall[overall[POOL] == "held_out"].copy()
    known = rows.groupby(EVIDENCE)["known"].agg(["min", "size"])
    # A database without an edge among the held-out pairs of some seed has no row there.
    known = known.loc[(known["size"] == known["size"].max()) & (known["min"] >= FEWEST), "min"]
    names = known.sort_values(kind="stable").index.tolist()
    names = [*(name for name in names if name != REFERENCE), REFERENCE]
    rows = rows[rows[EVIDENCE].isin(names)]
    rows["series"] = np.where(rows[METHOD] == "model", MODEL, NULL)
    seeds = sorted(rows["seed"].unique())
    slots = {(s, n): i for i, (s, n) in enumerate((s, n) for s in (MODEL, NULL) for n in seeds)}
    step = 0.7 / len(slots)
    offset = [
        step * ((len(slots) - 1) / 2 - slots[key])
        for key in zip(rows["series"], rows["seed"], strict=True)
    ]
    rows["place"] = rows[EVIDENCE].map({n: i for i, n in enumerate(names)}) + np.array(offset)
    return rows


def _names(rows: pd.DataFrame) -> list[str]:
    """Return the names of evidence from below, with the known edges of all seeds."""
    place = rows.groupby(EVIDENCE)["place"].mean().sort_values().index
    counts = rows.groupby(EVIDENCE)["known"].agg(["min", "max"])
    names = []
    for name in place:
        low, high = counts.loc[name]
        number = f"{low}\u2013{high}" if low < high else str(low)
        names.append(f"{name.removeprefix('source ')} ({number})")
    return names


def overlap_figure(overall: pd.DataFrame) -> go.Figure:
    """Draw odds ratios of held-out edges: a point and its interval for each seed.

    Parameters
    ----------
    overall
        ``overlap.tsv`` of one data set.
    """
    rows = overlap_rows(overall)
    splits = list(rows["split"].unique())
    titles = [f"Split {safe(split)}" for split in splits]
    figure = make_subplots(1, len(splits), shared_yaxes=True, subplot_titles=titles)
    names = _names(rows)
    for column, split in enumerate(splits, 1):
        for series, colour in COLOURS.items():
            part = rows[(rows["split"] == split) & (rows["series"] == series)]
            text = [
                f"{safe(r[EVIDENCE])}, seed {r['seed']}, {safe(r[METHOD])}: {r['hits']} of "
                f"{r['known']} known edges among {r['chosen']}, {r['expected']:.1f} by chance"
                for r in part.to_dict("records")
            ]
            figure.add_scatter(
                x=part["odds_ratio"].round(4).tolist(), y=part["place"].round(4).tolist(),
                mode="markers", marker={"color": colour, "size": 7}, name=series, text=text,
                hovertemplate="%{text}<br>odds ratio %{x:.2f}<extra></extra>",
                legendgroup=series, showlegend=column == 1,
                error_x={
                    "array": (part["high"] - part["odds_ratio"]).round(4).tolist(),
                    "arrayminus": (part["odds_ratio"] - part["low"]).round(4).tolist(),
                    "width": 0, "thickness": 1.4, "color": colour,
                },
                row=1, col=column,
            )  # fmt: skip
        figure.add_vline(x=1, line={"color": style.GREY, "dash": "dash"}, row=1, col=column)
    style.polish(figure, max(270, 150 + 40 * len(names)))
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_xaxes(type="log", title_text=ODDS, dtick=1)
    figure.update_yaxes(
        tickvals=list(range(len(names))), automargin=True, range=[-0.6, len(names) - 0.4]
    )
    figure.update_yaxes(
        ticktext=[safe(name) for name in names],
        title_text=HELD_OUT,
        col=1,
    )
    return figure


def draw_activity(means: pd.DataFrame, paths: Sequence[str | Path]) -> None:
    """Draw the heat map of :func:`activity_figure` to files, by matplotlib."""
    shown = min(DRAWN, means[REGULATOR].nunique())
    figure, plt = _canvas(min(9.0, 4.5 + 0.5 * shown), 2.0 + 0.24 * max(1, means[GROUP].nunique()))
    axes = figure.subplots()
    if means.empty:
        axes.text(0.5, 0.5, "No regulon is large enough", ha="center", va="center")
        axes.set_axis_off()
        return _save(figure, plt, paths)
    from matplotlib.colors import LinearSegmentedColormap

    wide = most_variable(means, DRAWN)
    colours = LinearSegmentedColormap.from_list("activity", SCALE)
    limit = _limit(wide)
    image = axes.imshow(
        wide.to_numpy().T, cmap=colours, vmin=-limit, vmax=limit, aspect="auto", origin="lower"
    )
    axes.set_xticks(range(len(wide)), wide.index, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(wide.shape[1]), wide.columns)
    axes.set_xlabel("Regulator")
    axes.set_ylabel(_group_title(means))
    figure.colorbar(image, ax=axes, label=Z)
    return _save(figure, plt, paths)


def draw_overlap(overall: pd.DataFrame, paths: Sequence[str | Path]) -> None:
    """Draw the odds ratios of :func:`overlap_figure` to files, by matplotlib."""
    rows = overlap_rows(overall)
    splits, names = list(rows["split"].unique()), _names(rows)
    figure, plt = _canvas(3.0 + 4.0 * len(splits), max(2.8, 1.8 + 0.36 * len(names)))
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    for axes, split in zip(panels, splits, strict=True):
        for series, colour in COLOURS.items():
            part = rows[(rows["split"] == split) & (rows["series"] == series)]
            axes.hlines(part["place"], part["low"], part["high"], color=colour, linewidth=1.2)
            axes.plot(part["odds_ratio"], part["place"], "o", color=colour, ms=4, label=series)
        axes.axvline(1, color=style.GREY, linestyle="--", linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(ODDS)
        axes.set_title(f"Split {split}", fontsize=10)
        axes.grid(axis="x", color=style.GRID)
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylabel(HELD_OUT)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    _save(figure, plt, paths)


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    """Return an empty figure of a size in inches."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    # Without them an SVG has other names of its parts, and the date, each time it is written.
    plt.rcParams.update({"svg.hashsalt": "gtgrn", "svg.fonttype": "none", "font.size": 9})
    return plt.figure(figsize=(width, height), layout="constrained"), plt


def _save(figure: Figure, plt: Any, paths: Sequence[str | Path]) -> None:
    for path in paths:
        metadata = {"Date": None} if str(path).endswith(".svg") else None
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=200, metadata=metadata)
    plt.close(figure)


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show regulators with their evidence, the test of held-out edges and activity."""
    tables, figures = [], []
    for dataset in datasets:
        folder = Path(results) / dataset / "biology"
        if not (folder / "regulators.tsv").exists():
            continue
        tables += [_regulators(folder, dataset), _novel(folder, dataset)]
        if (folder / "overlap.tsv").exists():
            overall = read_table(folder / "overlap.tsv")
            by_regulator = read_table(folder / "overlap_regulators.tsv")
            tables.append(_overlap(overall, by_regulator, dataset))
            figures.append(
                {
                    "figure": overlap_figure(overall),
                    "caption": f"{dataset}: are the best pairs outside the training part known "
                    "edges? As many pairs are chosen as there are held-out edges. A point is a "
                    f"seed, the line its 95 % interval; databases with {FEWEST} held-out edges or "
                    "more, their number in brackets. The dashed line is chance.",
                }
            )
        means = read_table(folder / "activity.tsv", [GROUP, REGULATOR])
        if len(means):
            groups = GROUPED_BY[means["grouped_by"].iloc[0]]
            shown = min(DRAWN, means[REGULATOR].nunique())
            figures.append(
                {
                    "figure": activity_figure(means.astype({GROUP: str, REGULATOR: str})),
                    "caption": f"{dataset}: activity of the {shown} regulators that "
                    f"differ most, mean by {groups} less the mean of all cells, in standard "
                    f"deviations over cells.{CLUSTERED if 'Leiden' in groups else ''}",
                }
            )
    return {"tables": tables, "figures": figures}


def _write(row: Mapping, name: str) -> str:
    value = row[name]
    return text.number(value) if isinstance(value, float) else str(value) or MISSING


def _regulators(folder: Path, dataset: str) -> dict:
    table = read_table(folder / "regulators.tsv", [REGULATOR])
    columns = {
        REGULATOR: "Regulator", "predicted": "Predicted targets",
        "predicted_known": "of these known", "supported": "of these supported by methods",
        "known": "Known edges", "trained": "of these trained on",
    }  # fmt: skip
    if "mean_rank" in table:
        columns["mean_rank"] = "Mean centrality rank"
        table["mean_rank"] = pd.to_numeric(table["mean_rank"]).astype(float)
    caption = f"{dataset}: regulators with most predicted targets ({len(table)} have any)"
    return make_table(caption, table.head(REGULATORS), columns, _write)


def _novel(folder: Path, dataset: str) -> dict:
    table = read_table(folder / "novel.tsv", [REGULATOR, TARGET])
    columns = {
        "rank": "Rank", REGULATOR: "Regulator", TARGET: "Target", "importance": "Score",
        "correlation": "Correlation", "n_methods": "Methods", "methods": "Names of methods",
        "regulator_trained": "Trained edges of the regulator",
    }  # fmt: skip
    table["methods"] = table["methods"].str.replace(",", ", ")
    caption = f"{dataset}: best edges that the reference lacks"
    return make_table(caption, table.head(NOVEL), columns, _write)


def _overlap(overall: pd.DataFrame, by_regulator: pd.DataFrame, dataset: str) -> dict:
    """Tabulate the reference's held-out edges over seeds."""
    rows = overall[overall[EVIDENCE] == REFERENCE].copy()
    keys = ["split", POOL, "series"]
    for table in (rows, by_regulator):
        table["series"] = np.where(table[METHOD] == "model", MODEL, NULL)
    tested = by_regulator.assign(found=by_regulator["q"].astype(float) < 0.05)
    found = tested.groupby([*keys, "seed"])["found"].agg(["sum", "size"]).groupby(keys).mean()
    lines = []
    for key, part in rows.groupby(keys, sort=False):
        sums, size = found.loc[key]
        names = ", ".join(sorted(set(part[METHOD]))) if key[2] == NULL else ""
        lines.append(
            {
                "split": key[0],
                "pool": POOL_NAMES[key[1]],
                "method": f"{key[2]} ({names})" if names else key[2],
                "known": f"{part['known'].mean():.1f}",
                "hits": f"{part['hits'].mean():.1f}",
                "expected": f"{part['expected'].mean():.1f}",
                "odds": f"{part['odds_ratio'].mean():.2f} [{part['low'].min():.2f}, "
                f"{part['high'].max():.2f}]",
                "p": f"{part['p'].astype(float).max():.1e}",
                "regulators": f"{sums:.1f} of {size:.1f}",
            }
        )
    columns = {
        "split": "Split", "pool": "Pairs of", "method": "Method", "known": "Known edges",
        "hits": "of these among the best", "expected": "by chance",
        "odds": "Odds ratio [lowest, highest bound]", "p": "Largest p",
        "regulators": "Regulators with q < .05",
    }  # fmt: skip
    caption = (
        f"{dataset}: held-out edges among the best pairs, mean over seeds; the last column tests "
        "each regulator's own pairs"
    )
    return make_table(caption, pd.DataFrame(lines), columns, _write)
