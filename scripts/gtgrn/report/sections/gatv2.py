"""GATv2 on Boolean models: protocols, shared edges, the grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import AREAS
from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table
from gtgrn.studies.gatv2_tables import METRICS
from gtgrn.tables import read_measures

STUDY = "gatv2"
TITLE = "GATv2 on Boolean models"
LEAD = (
    "One network behind all simulated sets. paper_leaky repeats the rarer class and "
    "then splits, so that the test part holds copies of trained samples and the same edges "
    "in other sets: memory, which looks up the trained label of a pair and sees nothing else, "
    "is as good. majority gives every pair the commoner label: an accuracy below its own says "
    "less than how rare edges are. split_first and leave_one_regulator_out hold the same pairs "
    "out of all sets. "
    "Reported is what arXiv 2409.13664 says."
)
ORDER = 40
FILES = ["gatv2/protocols.tsv", "gatv2/shared_edges.tsv", "gatv2/grid.tsv"]


def grid_figure(table: pd.DataFrame) -> go.Figure:
    """Draw test AUROC and AUPRC against the number of layers, one line per number of heads."""
    panels = [(b, m) for b in table["boolean"].unique() for m in AREAS]
    titles = [f"{safe(boolean)}: {metric}" for boolean, metric in panels]
    figure = make_subplots(len(panels) // 2, 2, subplot_titles=titles)
    for i, (boolean, metric) in enumerate(panels):
        rows = table[table["boolean"] == boolean]
        for k, (heads, line) in enumerate(rows.groupby("heads")):
            colour = style.COLOURS[k % len(style.COLOURS)]
            spread = line[f"{metric}_sd"].fillna(0.0).round(4).tolist()
            figure.add_scatter(
                x=line["layers"].tolist(), y=line[metric].round(4).tolist(), name=f"{heads} heads",
                mode="lines+markers", line={"color": colour}, legendgroup=str(heads),
                error_y={"array": spread, "width": 3, "thickness": 1}, showlegend=i == 0,
                row=i // 2 + 1, col=i % 2 + 1,
            )  # fmt: skip
    figure.update_xaxes(title_text="Layers", dtick=1)
    return style.polish(figure, 90 + 330 * (len(panels) // 2))


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the GATv2 study: protocols beside the publication, shared edges, the grid."""
    folder = results / "gatv2"
    protocols, shared, grid = (
        read_measures(folder / f"{name}.tsv") for name in ("protocols", "shared_edges", "grid")
    )
    counts = ["edges", "test_edges", "pairs", "test_pairs", "samples", "test_samples"]
    shared = shared.groupby(["boolean", "protocol"], sort=False)[counts].sum().reset_index()
    protocols["runs"] = protocols["runs"].map(lambda n: "" if pd.isna(n) else str(int(n)))
    return {
        "tables": [
            make_measures_table(
                "Protocols", protocols, ["boolean", "protocol", "method", "runs"], METRICS
            ),
            make_measures_table(
                "What the training and the test part share",
                shared,
                ["boolean", "protocol", *counts],
            ),
            make_measures_table(
                "Layers x heads, split_first",
                grid,
                ["boolean", "layers", "heads", "chosen"],
                ["validation_AUPRC", *METRICS],
            ),
        ],
        "figures": [
            {
                "figure": grid_figure(grid),
                "caption": "Test scores of split_first by number of layers; bars are standard "
                "deviations over seeds.",
            }
        ],
    }
