"""Two conditions compared: edges, regulators and regulons that differ, and their nulls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from gtgrn.comparison.summaries import CORRELATION
from gtgrn.names import REGULATOR, TARGET
from gtgrn.report import style
from gtgrn.report.style import safe
from gtgrn.report.tables import MISSING, make_measures_table, make_table, read_each
from gtgrn.tables import read_measures

STUDY = "comparison"
TITLE = "Conditions"
LEAD = (
    "What differs between two conditions. Each rate (fdr) is that of Benjamini and Hochberg on "
    "p-values from labellings of the replicates at random, and is never below the share of those "
    "labellings that look as good as the data: where nothing differs, at most one comparison in "
    "twenty claims anything at .05. Replicates are donors where the card names them. Without "
    "donors cells are dealt anew, and cells are no replicates: such a list says that these cells "
    "differ, not that the conditions would in other donors. A correlation that differs is no "
    "regulation that differs; intervals are of 95 %, each for itself. Of a method named in "
    "compare.methods the ranks of its pairs are compared: first and second are ranks, 1 the best, "
    "and an effect of 1 is a rank ten times further up in the first condition."
)
ORDER = 56
DATASET_FILES = {"compared": ["comparison/summary.tsv"]}

SHOWN, DRAWN_BEST, DRAWN_OTHERS, CLAIMED = 15, 1000, 1000, 0.05
AXES = {
    CORRELATION: "Difference of Fisher's z, first less second",
    "rank": "log10 of rank in the second by rank in the first",
}
EFFECT = {"regulators": "rewiring", "regulons": "difference", "edges": "difference"}
HEADINGS = {
    "rank": "rank", REGULATOR: "regulator", TARGET: "target", "first": "first",
    "second": "second", "effect": "effect", "p": "p", "fdr": "fdr",
}  # fmt: skip


def volcano(edges: pd.DataFrame, measure: str = CORRELATION) -> go.Figure:
    """Draw the edges: difference against -log10 p, claimed ones in colour.

    Parameters
    ----------
    edges
        ``edges.tsv.gz``, the largest statistic first; the best thousand are drawn, and as many
        of the others at equal steps.
    measure
        What differs: `CORRELATION`, by Fisher's z, or the ranks of a method, by their logarithm.
    """
    rest = edges.iloc[DRAWN_BEST:]
    drawn = pd.concat([edges.head(DRAWN_BEST), rest.iloc[:: max(len(rest) // DRAWN_OTHERS, 1)]])
    figure = go.Figure()
    for title, rows, colour in (
        ("fdr above .05", drawn[drawn["fdr"] > CLAIMED], style.PALE),
        ("fdr at most .05", drawn[drawn["fdr"] <= CLAIMED], style.ACCENT),
    ):
        names = [f"{safe(r)} \u2013 {safe(t)}" for r, t in rows[[REGULATOR, TARGET]].to_numpy()]
        figure.add_scatter(
            x=rows["difference"].round(3).tolist(),
            y=(-np.log10(rows["p"])).round(3).tolist(),
            mode="markers", name=title, text=names, marker={"color": colour, "size": 5},
        )  # fmt: skip
    axis = AXES[CORRELATION if measure == CORRELATION else "rank"]
    figure.update_xaxes(title_text=axis)
    figure.update_yaxes(title_text="\u2212log10 p")
    return style.polish(figure, 380)


def _write(row, name: str) -> str:
    value = row.get(name, "")
    if name == "effect":
        parts = [row["effect"], row["low"], row["high"]]
        effect, low, high = (f"{part:.3g}".replace("-", "\u2212") for part in parts)
        return f"{effect} [{low}, {high}]"
    if isinstance(value, float):
        return MISSING if pd.isna(value) else f"{value:.3g}".replace("-", "\u2212")
    return str(value) or MISSING


def _table(title: str, table: pd.DataFrame, kind: str) -> dict:
    rows = table.head(SHOWN).rename(columns={EFFECT[kind]: "effect"})
    columns = {name: text for name, text in HEADINGS.items() if name in rows}
    return make_table(f"{title}: {kind}", rows, columns, _write)


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show each comparison: what was compared, what differs, and the volcano of the edges."""
    tables, figures = [], []
    for dataset, summary in read_each(results, datasets, "comparison/summary.tsv"):
        names = [name for name in summary if name not in ("note", "folder")]
        names = [name for name in names if (summary[name].astype(str) != "").any()]
        tables.append(make_measures_table(f"{dataset}: comparisons", summary, names))
        for row in summary.fillna("").to_dict("records"):
            if not row["folder"]:
                continue
            folder = results / dataset / "comparison" / str(row["folder"])
            title = f"{dataset}, {row['within']}, {row['first']} less {row['second']}"
            if row["measure"] != CORRELATION:
                title += f", {row['measure']}"
            note = f" {row['note']}" if row["note"] else ""
            kinds = ("regulators", "regulons", "edges")
            for kind in (k for k in kinds if (folder / f"{k}.tsv.gz").exists()):
                table = read_measures(folder / f"{kind}.tsv.gz")
                if len(table):
                    tables.append(_table(title, table, kind))
                if kind == "edges" and len(table):
                    figure = volcano(table, row["measure"])
                    caption = f"{title}: {row['measure']} of regulator and gene.{note}"
                    figures.append({"figure": figure, "caption": caption})
    return {"tables": tables, "figures": figures}
