"""Knock-outs: the genes that respond, and what rewired networks give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from gtgrn.names import GENE
from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.report.tables import make_measures_table, read_each
from gtgrn.tables import read_measures

STUDY = "perturbation"
TITLE = "Knock-outs"
LEAD = (
    "What the network says happens to every gene when one is held at a value: a damped linear "
    "response along the network's best edges, with the regression of each target on its "
    "regulators over the cells. It is a prediction, no measurement, and no better than the "
    "network: where the direction or the cause of a correlation is wrong, so is the response. "
    "p is the share of networks of the same degrees, rewired at random and fitted to the same "
    "cells, in which the gene itself responds as much; fdr compares the sizes of all genes with "
    "those in such networks, and total_p the response of all genes together."
)
ORDER = 57
DATASET_FILES = {"perturbed": ["perturbation/summary.tsv"]}

SHOWN, DRAWN = 15, 30
NAMES = ["rank", GENE, "response", "response_sd", "direct", "p", "fdr"]
SUMMARY = [
    GENE, "to", "mean", "direct", "responding", "total", "total_chance", "total_p", "note",
]  # fmt: skip


def bars(table: pd.DataFrame) -> go.Figure:
    """Draw the strongest responses, those that few rewired networks give in colour.

    Parameters
    ----------
    table
        ``<gene>.tsv.gz``, the largest response first.
    """
    shown = table.head(DRAWN).iloc[::-1]
    colours = [style.ACCENT if fdr <= 0.05 else style.PALE for fdr in shown["fdr"]]
    figure = go.Figure(
        go.Bar(
            x=shown["response_sd"].round(4).tolist(),
            y=[safe(name) for name in shown[GENE].astype(str)],
            orientation="h",
            marker={"color": colours},
        )
    )
    figure.update_xaxes(title_text="Response, standard deviations of the gene")
    figure.update_yaxes(dtick=1, automargin=True)
    return style.polish(figure, 140 + 16 * len(shown))


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the knock-outs of each data set, and the genes that respond the most to each."""
    tables, figures = [], []
    for dataset, summary in read_each(results, datasets, "perturbation/summary.tsv"):
        tables.append(make_measures_table(f"{dataset}: knock-outs", summary.fillna(""), SUMMARY))
        for gene, to, file in summary[[GENE, "to", "file"]].to_numpy():
            table = read_measures(results / dataset / "perturbation" / f"{file}.tsv.gz")
            title = f"{dataset}: {gene} at {float(to):g}"
            tables.append(make_measures_table(title, table.head(SHOWN), NAMES))
            if table["response_sd"].abs().max() > 0:
                caption = f"{title}; in colour the genes with a rate (fdr) of at most .05."
                figures.append({"figure": bars(table), "caption": caption})
    return {"tables": tables, "figures": figures}
