"""A network that rests on other cells, on the page: its sources, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.config.locations import shipped
from gtgrn.names import POPULARITY_ELSEWHERE, SAME_REGULATOR, WITHIN_TF
from gtgrn.tables import read_table

STANDING = "resources/reference_free.tsv"
"""The benchmark without labels on published sets; bench/elsewhere.py writes it."""
TRUTHS = {
    "binding": "binding (ChIP-seq of these cells)",
    "perturbation": "response (loss or gain of function)",
    "simulation": "simulated network, knock-outs",
}
"""Truth of a card's reference -> words."""
METHODS = {
    "other_contexts": "other contexts",
    POPULARITY_ELSEWHERE: "null: how often a gene is bound elsewhere",
    SAME_REGULATOR: "null: the same regulator elsewhere",
    "pearson": "expression: |r|",
    "grnboost2": "expression: GRNBoost2",
    "genie3": "expression: GENIE3",
    "random": "chance",
}
"""Methods of the table -> words, in the order to show."""


def describe_context(summary: Mapping) -> dict | None:
    """Return what the template shows of the sources behind a network, None where there are none.

    Parameters
    ----------
    summary
        The data set's ``network.json``.
    """
    context = summary.get("context")
    if not context:
        return None
    licences, standing = context["licences"], standing_figures(Path(shipped(STANDING)))
    sources = [
        source | {"licence": licences.get(source["source"].split(" ")[0], "")}
        for source in context["sources"]
    ]
    return {
        "sources": sources,
        "rests_on": context["rests_on"],
        "ranked_regulators": context["ranked_regulators"],
        "contexts": len(context["learnt_from"]["contexts"]),
        "dropped": context.get("dropped", []),
        "standing": standing,
        "worth": say_worth(standing),
    }


def say_worth(standing: Sequence[Mapping]) -> str:
    """Return in a sentence what such a ranking was worth where binding is known, or nothing.

    Parameters
    ----------
    standing
        From :func:`standing_figures`.
    """
    spans = []
    for method in ("other_contexts", POPULARITY_ELSEWHERE):
        own = [
            row["value"]
            for row in standing
            if row["method"] == method and row["truth"] == TRUTHS["binding"]
        ]
        if not own:
            return ""
        spans.append((f"{min(own):.2f} to {max(own):.2f}", len(own)))
    (ours, number), (null, _) = spans
    return (
        f"On {number} published sets whose binding is known, such a ranking told the targets of a "
        f"regulator from other genes with an AUROC of {ours} (0.5 is chance), against {null} of a "
        "null that only counts how often a gene is bound in other cells."
    )


def standing_figures(path: Path) -> list[dict]:
    """Return the rows of the standing benchmark, by data set and method.

    Parameters
    ----------
    path
        Table with dataset, truth, method, metric, value, n and, of the difference of other
        contexts to the method over regulators, difference, low and high.
    """
    if not path.is_file():
        return []
    table = read_table(path)
    table = table[(table["metric"] == WITHIN_TF) & table["method"].isin(list(METHODS))]
    numbers = ["value", "difference", "low", "high"]
    table[numbers] = table[numbers].apply(pd.to_numeric, errors="coerce")
    order = {method: place for place, method in enumerate(METHODS)}
    rows = []
    for (dataset, truth), own in table.groupby(["dataset", "truth"], sort=False):
        own = own.sort_values("method", key=lambda names: names.map(order))
        for row in own.to_dict("records"):
            rows.append(
                row
                | {"dataset": dataset, "truth": TRUTHS.get(truth, truth)}
                | {"label": METHODS[row["method"]]}
            )
    return rows
