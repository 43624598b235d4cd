"""Sections of the report on the peers: their table, tuning, the GATv2 study, key regulators.

Each function reads the files of one target and gives a dictionary with ``title``, ``lead``,
``tables`` (caption, columns, rows of texts) and ``figures`` (figure, caption), which the
template shows as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import GENE, PAIR, RANK, REGULATOR, TARGET
from gtgrn.report import style
from gtgrn.report.figures.network import network_figure
from gtgrn.report.sections.biology import biology_section
from gtgrn.report.sections.paper import paper_section
from gtgrn.report.style import safe
from gtgrn.studies.gatv2_tables import METRICS
from gtgrn.studies.peers import read_measures
from gtgrn.tables import read_table

COLOURS = [style.ACCENT, *style.QUALITATIVE]
DIGITS = 3
SHOWN_GENES, DRAWN_EDGES = 15, 150


def tuning_figure(table: pd.DataFrame) -> go.Figure:
    """Draw each model's test AUROC over its grid as a box; the chosen point is a diamond.

    Parameters
    ----------
    table
        ``tuning.tsv`` of one data set.
    """
    figure = go.Figure()
    for model, rows in table.groupby("model", sort=False):
        colour = COLOURS[len(figure.data) // 2 % len(COLOURS)]
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


def grid_figure(table: pd.DataFrame) -> go.Figure:
    """Draw test AUROC and AUPRC against the number of layers, a line a number of heads."""
    panels = [(b, m) for b in table["boolean"].unique() for m in ("AUROC", "AUPRC")]
    titles = [f"{safe(boolean)}: {metric}" for boolean, metric in panels]
    figure = make_subplots(len(panels) // 2, 2, subplot_titles=titles)
    for i, (boolean, metric) in enumerate(panels):
        rows = table[table["boolean"] == boolean]
        for k, (heads, line) in enumerate(rows.groupby("heads")):
            colour = COLOURS[k % len(COLOURS)]
            spread = line[f"{metric}_sd"].fillna(0.0).round(4).tolist()
            figure.add_scatter(
                x=line["layers"].tolist(), y=line[metric].round(4).tolist(), name=f"{heads} heads",
                mode="lines+markers", line={"color": colour}, legendgroup=str(heads),
                error_y={"array": spread, "width": 3, "thickness": 1}, showlegend=i == 0,
                row=i // 2 + 1, col=i % 2 + 1,
            )  # fmt: skip
    figure.update_xaxes(title_text="Layers", dtick=1)
    return style.polish(figure, 90 + 330 * (len(panels) // 2))


def _text(value: object) -> str:
    if isinstance(value, float):
        return "\u2013" if pd.isna(value) else f"{value:.{DIGITS}f}"
    return str(value) or "\u2013"


def _pair(row: Mapping, metric: str) -> str:
    mean, spread = row[metric], row.get(f"{metric}_sd", float("nan"))
    return _text(float(mean)) + ("" if pd.isna(spread) else f" \u00b1 {spread:.{DIGITS}f}")


def _table(caption: str, rows: pd.DataFrame, names: Sequence[str], metrics: Sequence[str]) -> dict:
    lines = [
        [*(_text(row[name]) for name in names), *(_pair(row, metric) for metric in metrics)]
        for row in rows.to_dict("records")
    ]
    return {"caption": caption, "columns": [*names, *metrics], "rows": lines}


def sections(results: Path, datasets: Sequence[str], settings: Mapping) -> list[dict]:
    """Return the sections of the studies that the configuration shows, in its order."""
    # Imported here: both take the form of their tables from this module.
    from gtgrn.report.sections.cell_annotation import annotation_section
    from gtgrn.report.sections.gene_maps import embeddings_section

    makers = {
        "peers": peers_section,
        "tuning": tuning_section,
        "gatv2": gatv2_section,
        "regulators": regulators_section,
        "fig7": embeddings_section,
        "fig8": annotation_section,
        "biology": biology_section,
        "paper": paper_section,
    }
    studies = settings.get("report", {}).get("studies", [])
    return [makers[study](Path(results), datasets) for study in studies]


def _each(results: Path, datasets: Sequence[str], name: str) -> list[tuple[str, pd.DataFrame]]:
    paths = [(dataset, results / dataset / name) for dataset in datasets]
    return [(dataset, read_measures(path)) for dataset, path in paths if path.exists()]


def peers_section(results: Path, datasets: Sequence[str]) -> dict:
    """Show the peers' test scores beside those of the originals' code."""
    originals = ["original_AUROC", "original_AUPRC"]
    tables = []
    for dataset, rows in _each(results, datasets, "peers.tsv"):
        metrics = ["AUROC", "AUPRC", "within_TF_AUROC"]
        names = ["model", "form", "split", "seeds", *originals]
        tables.append(_table(dataset, rows, names, metrics))
    return {
        "title": "Peers",
        "lead": "Published is the release with its quirks and its schedule; repaired is without "
        "them, with supervised edges hidden from the messages and early stopping. The originals' "
        "columns are what the authors' own code reached on the same split, where it was run.",
        "tables": tables,
        "figures": [],
    }


def tuning_section(results: Path, datasets: Sequence[str]) -> dict:
    """Show the spread over each model's grid and the points that validation chose."""
    metrics = ["validation_AUPRC", "test_AUROC", "test_AUPRC"]
    found = _each(results, datasets, "tuning.tsv")
    return {
        "title": "Hyper-parameters",
        "lead": "The grid of each model; the validation part chose, the test part had no say.",
        "tables": [
            _table(dataset, rows[rows["chosen"] == 1], ["model", "point", "seeds"], metrics)
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


def gatv2_section(results: Path, datasets: Sequence[str]) -> dict:
    """Show the GATv2 study: protocols beside the publication, shared edges, the grid."""
    folder = results / "gatv2"
    protocols, shared, grid = (
        read_measures(folder / f"{name}.tsv") for name in ("protocols", "shared_edges", "grid")
    )
    counts = ["edges", "test_edges", "pairs", "test_pairs", "samples", "test_samples"]
    shared = shared.groupby(["boolean", "protocol"], sort=False)[counts].sum().reset_index()
    protocols["runs"] = protocols["runs"].map(lambda n: "" if pd.isna(n) else str(int(n)))
    return {
        "title": "GATv2 on Boolean models",
        "lead": "One network behind all simulated sets. paper_leaky repeats the rarer class and "
        "then splits, so that the test part holds copies of trained samples and the same edges "
        "in other sets: memory, which looks up the trained label of a pair and sees nothing else, "
        "is as good. split_first and leave_one_regulator_out hold the same pairs out of all sets. "
        "Reported is what arXiv 2409.13664 says.",
        "tables": [
            _table("Protocols", protocols, ["boolean", "protocol", "method", "runs"], METRICS),
            _table("What the training and the test part share", shared,
                   ["boolean", "protocol", *counts], []),
            _table("Layers x heads, split_first", grid,
                   ["boolean", "layers", "heads", "chosen"], ["validation_AUPRC", *METRICS]),
        ],
        "figures": [
            {
                "figure": grid_figure(grid),
                "caption": "Test scores of split_first by number of layers; bars are standard "
                "deviations over seeds.",
            }
        ],
    }  # fmt: skip


def regulators_section(results: Path, datasets: Sequence[str]) -> dict:
    """Show central genes, attention's stability over seeds, and the network between them."""
    tables, figures = [], []
    for dataset, ranking in _each(results, datasets, "regulators/ranking.tsv"):
        folder = results / dataset / "regulators"
        for network, rows in ranking.groupby("network", sort=False):
            shown = rows.head(SHOWN_GENES)
            ranks = ["mean_rank", "best_rank", "worst_rank"]
            caption = f"{dataset}: genes by mean rank over centralities, {network} network"
            tables.append(_table(caption, shown, [GENE, *ranks, "first", "measures"], []))
        stable = read_measures(folder / "stability.tsv")
        names = ["model", "variant", "layer", "head", "seeds", "first", "first_share", "spearman"]
        caption = f"{dataset}: attention by layer and head (0: mean of all), agreement of seeds"
        tables.append(_table(caption, stable, names, []))
        figures.append(_central_network(results / dataset, dataset, ranking))
    return {
        "title": "Key regulators",
        "lead": "Attention is what the targets of a gene pay to it, summed; a gene with many "
        "targets collects more for that alone. First is the gene that comes first in most seeds, "
        "first_share the share of seeds, spearman the mean rank correlation between two seeds. "
        "Centralities are degree, betweenness, closeness, eigenvector, PageRank and Katz, each "
        "of the network without direction and of its reverse; the predicted network has as many "
        "edges as the reference.",
        "tables": tables,
        "figures": [figure for figure in figures if figure is not None],
    }


def _central_network(folder: Path, dataset: str, ranking: pd.DataFrame) -> dict | None:
    """Draw the reference around its most central regulators."""
    reference = read_table(folder / "reference.tsv", PAIR)
    central = ranking[
        (ranking["network"] == "reference") & ranking[GENE].isin(reference[REGULATOR])
    ]
    order = {gene: i for i, gene in enumerate(central[GENE])}
    edges = reference.assign(
        **{RANK: (reference[REGULATOR].map(order) + 1).astype(int), "value": 1.0}
    )
    edges = edges.sort_values([RANK, TARGET]).head(DRAWN_EDGES)
    if edges.empty:
        return None
    return {
        "figure": network_figure(edges, set(edges[REGULATOR]), "value"),
        "caption": f"{dataset}: {len(edges)} reference edges of the most central regulators.",
    }
