"""The final network on the page: its best edges, its hubs and their drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.names import KNOWN, METHODS, PROBABILITY, RANK, REGULATOR, SCORE, SIGN, TARGET
from gtgrn.network.signs import SIGN_PROBABILITY
from gtgrn.report.figures import network
from gtgrn.tables import read_measures

DRAWN_EDGES, NOVEL_EDGES, KNOWN_EDGES, TOP_REGULATORS = 150, 30, 15, 15


def _write_sign(row: Sequence) -> str:
    """Return a sign with its probability in brackets; a dash where there is no evidence."""
    sign, probability = {"+": "+", "-": "\u2212"}.get(row[0], "\u2013"), row[1]
    return sign if pd.isna(probability) else f"{sign} ({float(probability):.2f})"


def describe_network(folder: Path, summary: Mapping, settings: Mapping) -> dict:
    """Return what the template shows of a data set's network.

    Parameters
    ----------
    folder
        The data set's results.
    summary
        Its ``network.json``.
    settings
        The run's configuration.
    """
    table = read_measures(folder / "network.tsv.gz", [RANK, REGULATOR, TARGET])
    value = PROBABILITY if PROBABILITY in table else SCORE
    counts = [name for name in (KNOWN, "trained_seeds") if name in table]
    table = table.astype(dict.fromkeys(counts, float))
    if METHODS not in table:
        table[METHODS] = ""
    if SIGN in table:
        table[SIGN] = [_write_sign(row) for row in table[[SIGN, SIGN_PROBABILITY]].to_numpy()]
    # In a tiny universe the usual number would be every pair, which says nothing.
    top = table.head(
        min(settings["network"]["graph_edges"], max(summary["known"], len(table) // 10, 1))
    )
    # Every regulator has pairs in the universe, so the table names them all.
    regulators = set(table[REGULATOR])
    groups = top.groupby(REGULATOR)
    hubs = pd.DataFrame({"edges": groups.size(), "value": groups[value].mean()})
    best: dict[str, pd.DataFrame] = {"Best edges": table.head(NOVEL_EDGES)}
    strangers: list[str] = []
    if KNOWN in table:
        # Nothing about a regulator without a known edge was trained, calibrated or tested.
        known = table.groupby(REGULATOR)[KNOWN].sum()
        strangers = sorted(known.index[known == 0])
        table["known_targets"] = table[REGULATOR].map(known)
        hubs[KNOWN] = groups[KNOWN].sum().astype(int)
        hubs["known_targets"] = known.reindex(hubs.index)
        novel = table[table[KNOWN] == 0]
        best = {"Best novel edges": novel.head(NOVEL_EDGES)}
        if best["Best novel edges"]["known_targets"].eq(0).any():
            title = "Best novel edges of regulators with known targets"
            best[title] = novel[novel["known_targets"] > 0].head(NOVEL_EDGES)
        best["Best known edges"] = table[table[KNOWN] == 1].head(KNOWN_EDGES)
    hubs = hubs.reset_index().sort_values(["edges", REGULATOR], ascending=[False, True])
    drawn = top.head(DRAWN_EDGES)
    return {
        "value": value,
        "has_known": KNOWN in table,
        "top": len(top),
        "hubs": hubs.head(TOP_REGULATORS).to_dict("records"),
        "n_hubs": len(hubs),
        "strangers": strangers,
        "strange_edges": int(top[REGULATOR].isin(strangers).sum()),
        "best": {title: rows.to_dict("records") for title, rows in best.items()},
        "drawn": len(drawn),
        "figure": network.network_figure(drawn, regulators, value),
    }
