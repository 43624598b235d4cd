"""The paper's experiments: its tables and figures with our numbers beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.names import AUROC
from gtgrn.report.figures.paper import degree_figure, reconstruction_figure
from gtgrn.report.tables import MISSING, make_table, write_mean
from gtgrn.tables import read_measures

STUDY = "paper"
TITLE = "The paper's experiments"
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
ORDER = 10
FILES = ["paper/table3.tsv", "paper/fig4.tsv"]
DATASET_FILES = {
    "studied": ["paper/table5.tsv", "paper/fig6.tsv", "paper/fig6_fits.tsv", "paper/table6.tsv"]
}

COUNTS = {"directed_edges", "maximum_degree", "triangles", "genes", "xmin", "tail"}
"""Columns that are written without decimals."""


def _number(value: object, digits: int = 3) -> str:
    """Write a number; one of a column of counts without decimals."""
    if not isinstance(value, (int, float)):
        return str(value) or MISSING
    return MISSING if np.isnan(value) else f"{value:.{digits}f}"


def _lines(caption: str, columns: Mapping[str, str], rows: pd.DataFrame, digits: int = 3) -> dict:
    """Return a table; a column with a column ``<name>_sd`` beside it is shown with its spread."""

    def write(row: Mapping, name: str) -> str:
        if f"{name}_sd" in row:
            return write_mean(row, name)
        return _number(row[name], 0 if name in COUNTS else digits)

    return make_table(caption, rows, columns, write)


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
        AUROC: AUROC,
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


def make(results: Path, datasets: Sequence[str]) -> dict:
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
    return {"tables": tables, "figures": figures}
