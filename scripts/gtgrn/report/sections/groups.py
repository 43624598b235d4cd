"""Groups of cells side by side: their sizes, and the regulators of their networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from gtgrn.names import REGULATOR
from gtgrn.report import style
from gtgrn.report.first import count_targets
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table, read_each
from gtgrn.tables import read_table

STUDY = "groups"
TITLE = "Groups of cells"
LEAD = (
    "One network for each group of cells, from the whole's normalised values and genes; the "
    "groups' own networks stand with the data sets. Groups differ in their number of cells, and "
    "a network of few cells is noisier: a regulator that stands out in a small group alone is a "
    "weaker finding than its colour says."
)
ORDER = 55
DATASET_FILES = {"grouped": ["groups.tsv", "biology/markers.tsv"], "expressed": ["network.tsv.gz"]}

SHOWN_REGULATORS, TOP = 30, 5


def heat_map(shares: pd.DataFrame) -> go.Figure:
    """Draw regulators x groups: share of a group's best edges.

    Parameters
    ----------
    shares
        Regulators x groups; those that differ most between groups are shown.
    """
    spread = (shares.max(axis=1) - shares.min(axis=1)).sort_index()
    shown = spread.sort_values(ascending=False, kind="stable").index[:SHOWN_REGULATORS]
    # Regulators of the same group side by side.
    order = shares.loc[shown].assign(best=shares.loc[shown].to_numpy().argmax(axis=1))
    order = order.sort_values("best", kind="stable").index[::-1]
    figure = go.Figure(
        go.Heatmap(
            z=shares.loc[order].to_numpy().round(4).tolist(),
            x=[safe(name) for name in shares.columns],
            y=[safe(name) for name in order],
            colorscale=[[0, "#ffffff"], [1, style.ACCENT]],
            zmin=0,
            colorbar={"title": {"text": "share of edges"}, "thickness": 12},
        )
    )
    figure.update_yaxes(dtick=1, automargin=True)
    figure.update_xaxes(automargin=True)
    return style.polish(figure, 160 + 18 * len(order))


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the groups with their cells, and the regulators of their networks side by side."""
    tables, figures = [], []
    for dataset, groups in read_each(results, datasets, "groups.tsv"):
        names = ["group", "dataset", "cells", "cells_in_file", "left_out"]
        tables.append(make_measures_table(f"{dataset}: groups of cells", groups, names))
        shares = {}
        for group, name in groups.loc[groups["dataset"] != "", ["group", "dataset"]].to_numpy():
            network = read_table(results / name / "network.tsv.gz", [REGULATOR])
            shares[str(group)] = count_targets(network)
        if not shares:
            continue
        table = pd.DataFrame(shares).fillna(0.0)
        figures.append(
            {
                "figure": heat_map(table),
                "caption": f"{dataset}: share of a group's best edges by regulator; the "
                f"{min(SHOWN_REGULATORS, len(table))} regulators that differ most between groups.",
            }
        )
        tables.append(_first_regulators(dataset, table))
    for dataset, markers in read_each(results, datasets, "biology/markers.tsv"):
        # Every data set has this file where the study of biology is shown.
        if (results / dataset / "groups.tsv").exists() and len(markers):
            shown = markers[markers["place"] <= TOP]
            caption = f"{dataset}: regulators whose activity, and genes whose expression, marks a "
            caption += "group; cells are no replicates, so the scores choose and test nothing"
            tables.append(make_measures_table(caption, shown, list(markers)))
    return {"tables": tables, "figures": figures}


def _first_regulators(dataset: str, shares: pd.DataFrame) -> dict:
    rows = []
    for group in shares:
        ordered = shares[group].sort_index().sort_values(ascending=False, kind="stable")
        others = shares.drop(columns=group).mean(axis=1) if shares.shape[1] > 1 else ordered * 0
        for place, (regulator, share) in enumerate(ordered.head(TOP).items(), start=1):
            row = {"group": group, "place": place, "regulator": regulator, "share": float(share)}
            rows.append({**row, "mean_of_others": float(others[regulator])})
    columns = ["group", "place", "regulator", "share", "mean_of_others"]
    caption = f"{dataset}: regulators with the most of a group's best edges"
    return make_measures_table(caption, pd.DataFrame(rows), columns)
