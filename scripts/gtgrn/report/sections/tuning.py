"""Hyper-parameters (Fig. 5 of the paper): each model's grid, and what validation chose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from gtgrn.report import style
from gtgrn.report.palette import line_of
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table, read_each

STUDY = "tuning"
TITLE = "Hyper-parameters"
LEAD = "The grid of each model; the validation part chose, the test part had no say."
ORDER = 30
DATASET_FILES = {"tuned": ["tuning.tsv"]}


def tuning_figure(table: pd.DataFrame) -> go.Figure:
    """Draw each model's test AUROC over its grid as a box; the chosen point is a diamond.

    Parameters
    ----------
    table
        ``tuning.tsv`` of one data set.
    """
    figure = go.Figure()
    for model, rows in table.groupby("model", sort=False):
        kind = style.MAIN if model == "gtgrn" else style.PEER
        colour = line_of(kind, f"{model} repaired", [f"{model} repaired"])["color"]
        figure.add_box(
            y=rows["test_AUROC"].round(4).tolist(), x=[safe(model)] * len(rows),
            text=rows["point"].map(safe).tolist(), name=safe(model), boxpoints="all",
            marker={"color": colour, "size": 5}, line={"color": colour}, showlegend=False,
        )  # fmt: skip
        best = rows[rows["chosen"] == 1]
        figure.add_scatter(
            x=[safe(model)] * len(best), y=best["test_AUROC"].round(4).tolist(), mode="markers",
            text=best["point"].map(safe).tolist(), showlegend=False, name="chosen by validation",
            marker={"symbol": "diamond", "size": 11, "color": style.INK},
        )  # fmt: skip
    figure.update_yaxes(title_text="Test AUROC")
    return style.polish(figure, 420)


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the spread over each model's grid and the points that validation chose."""
    metrics = ["validation_AUPRC", "test_AUROC", "test_AUPRC"]
    found = read_each(results, datasets, "tuning.tsv")
    return {
        "tables": [
            make_measures_table(
                dataset, rows[rows["chosen"] == 1], ["model", "point", "seeds"], metrics
            )
            for dataset, rows in found
        ],
        "figures": [
            {
                "figure": tuning_figure(rows),
                "caption": f"{dataset}: test AUROC over the grid of each model; a dot is a grid "
                "point (mean over seeds), the diamond the one that validation chose.",
            }
            for dataset, rows in found
        ],
    }
