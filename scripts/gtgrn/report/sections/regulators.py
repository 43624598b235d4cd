"""Key regulators: central genes, attention, and the network between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gtgrn.names import GENE, PAIR, RANK, REGULATOR, TARGET
from gtgrn.report.figures.network import network_figure
from gtgrn.report.tables import make_measures_table, read_each
from gtgrn.tables import read_measures, read_table

STUDY = "regulators"
TITLE = "Key regulators"
LEAD = (
    "Attention is what the targets of a gene pay to it, summed; a gene with many "
    "targets collects more for that alone. First is the gene that comes first in most seeds, "
    "first_share the share of seeds, spearman the mean rank correlation between two seeds. "
    "Centralities are degree, betweenness, closeness, eigenvector, PageRank and Katz, each "
    "of the network without direction and of its reverse; the predicted network has as many "
    "edges as the reference."
)
ORDER = 50
DATASET_FILES = {"judged": ["regulators/ranking.tsv", "regulators/stability.tsv", "reference.tsv"]}

SHOWN_GENES, DRAWN_EDGES = 15, 150


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show central genes, attention's stability over seeds, and the network between them."""
    tables, figures = [], []
    for dataset, ranking in read_each(results, datasets, "regulators/ranking.tsv"):
        folder = results / dataset / "regulators"
        for network, rows in ranking.groupby("network", sort=False):
            shown = rows.head(SHOWN_GENES)
            ranks = ["mean_rank", "best_rank", "worst_rank"]
            caption = f"{dataset}: genes by mean rank over centralities, {network} network"
            tables.append(make_measures_table(caption, shown, [GENE, *ranks, "first", "measures"]))
        stable = read_measures(folder / "stability.tsv")
        names = ["model", "variant", "layer", "head", "seeds", "first", "first_share", "spearman"]
        caption = f"{dataset}: attention by layer and head (0: mean of all), agreement of seeds"
        tables.append(make_measures_table(caption, stable, names))
        figures.append(_central_network(results / dataset, dataset, ranking))
    return {
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
