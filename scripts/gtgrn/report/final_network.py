"""The final network on the page: what the explorer holds, and the regulators that matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from gtgrn.names import KNOWN, METHODS, PROBABILITY, RANK, REGULATOR, SCORE, TARGET
from gtgrn.report import explorer, first
from gtgrn.report.headings import tip
from gtgrn.tables import read_measures

TIPS = {
    "regulator": tip(REGULATOR),
    "target": tip(TARGET),
    "rank": tip(RANK),
    "in_r": "Place of the target among all genes ranked for this regulator, 1 being the best.",
    "in_t": "Place of the regulator among all regulators of this target, 1 being the best.",
    "sign": "+ activates, \u2212 represses: from the reference, else from the correlation "
    "over these cells. In brackets the probability that the sign is right, where it could be "
    "tested; a dash is no evidence for either.",
    "known": "Known: the reference lists the pair. Novel: it does not, which cannot tell an edge "
    "that nobody tested from a pair that is none.",
    "trained": "Seeds whose training part held the pair: its value is too high there for a known "
    "edge and too low for another pair, which was trained on as a non-edge.",
    "methods": "Expression-only methods that rank the pair in their own top fraction. They read "
    "the same cells, so that they are no independent evidence.",
}


def describe_network(
    results: Path, dataset: str, card: dict, summary: Mapping, settings: Mapping
) -> dict:
    """Return what the template shows of a data set's network.

    Parameters
    ----------
    results
        Folder of the run's results.
    dataset, card
        The data set.
    summary
        Its ``network.json``.
    settings
        The run's configuration.
    """
    table = read_measures(results / dataset / "network.tsv.gz", [RANK, REGULATOR, TARGET])
    value = PROBABILITY if PROBABILITY in table else SCORE
    counts = [name for name in (KNOWN, "trained_seeds") if name in table]
    table = table.astype(dict.fromkeys(counts, float))
    # In a tiny universe the usual number would be every pair, which says nothing.
    first_edges = min(
        settings["network"]["graph_edges"], max(summary["known"], len(table) // 10, 1)
    )
    top = table.head(first_edges)
    hubs, strangers = _hubs(table, top, value)
    shown = hubs.head(first.SHOWN_REGULATORS)
    names = list(shown[REGULATOR])
    shown = shown.assign(
        where=shown[REGULATOR].map(first.where_expressed(results / dataset, card, names)),
        groups=shown[REGULATOR].map(first.where_it_matters(results, dataset, names)),
    )
    data = explorer.explore(
        table, summary, explorer.share_of(len(settings["datasets"])), first_edges
    )
    best = table.iloc[0]
    return {
        "value": value,
        "has_known": KNOWN in table,
        "top": len(top),
        "top_known": int(top[KNOWN].sum()) if KNOWN in top else 0,
        "hubs": shown.astype(object).where(shown.notna(), "").to_dict("records"),
        "n_hubs": len(hubs),
        "has_where": bool(shown["where"].notna().any()),
        "has_groups": bool(shown["groups"].notna().any()),
        "strangers": strangers,
        "strange_edges": int(top[REGULATOR].isin(strangers).sum()),
        "best": {"regulator": best[REGULATOR], "target": best[TARGET]},
        "data": data,
        "json": _write_json(data),
        "tips": _write_json(TIPS | {"value": tip(value)}),
        "signed": "sign" in data["columns"],
        "has_methods": METHODS in table,
    }


def _hubs(table: pd.DataFrame, top: pd.DataFrame, value: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the regulators by their edges among the first, and those without a known edge."""
    groups = top.groupby(REGULATOR)
    hubs = pd.DataFrame({"edges": groups.size(), "value": groups[value].mean()})
    strangers: list[str] = []
    if KNOWN in table:
        # Nothing about a regulator without a known edge was trained, calibrated or tested.
        known = table.groupby(REGULATOR)[KNOWN].sum()
        strangers = sorted(known.index[known == 0])
        hubs[KNOWN] = groups[KNOWN].sum().astype(int)
        hubs["known_targets"] = known.reindex(hubs.index)
    hubs = hubs.reset_index().sort_values(["edges", REGULATOR], ascending=[False, True])
    return hubs, strangers


def _write_json(data: Mapping) -> Markup:
    """Return JSON that may stand inside an HTML script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
