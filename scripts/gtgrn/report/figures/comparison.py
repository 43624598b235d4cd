"""Methods against each other: means, spreads and paired differences over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.config.settings import variant_options
from gtgrn.names import AUPRC, BRIER, ECE, HEADLINE
from gtgrn.report import headings, style
from gtgrn.report.text import plain, signed

MODEL = "gtgrn"

METRICS = {name: title for name, (title, _) in headings.METRICS.items()}
"""Names in the file -> headings; a metric that is not here follows under its own name."""
RANKED_BY = AUPRC

KIND_OF = {"network": style.NETWORK, "null_model": style.NULL}
"""What the column `variant` says of methods that are not models."""
LEGEND = [style.MAIN, style.PEER, style.NETWORK, style.NULL, style.CONTROL, style.MODEL]


@dataclass(frozen=True)
class Difference:
    """Paired differences of one metric over seeds.

    Attributes
    ----------
    mean, low, high
        Mean, smallest and largest difference; NaN without a seed.
    seeds
        Number of seeds that have both values.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def agreement(self) -> str:
        """``above``, ``below`` or ``not apart from`` the other, by the signs of all seeds.

        It describes the seeds and decides nothing: what is better is said by the intervals of
        :func:`gtgrn.report.verdicts.over_seeds` alone.
        """
        if self.low <= 0 <= self.high:
            return "not apart from"
        return "above" if self.low > 0 else "below"


class Block:
    """The metrics of one data set, split and choice of negatives, on the test part.

    Parameters
    ----------
    table
        Rows of metrics.tsv: method, variant, seed, metric, value, n, n_positive.
    settings
        The run's configuration.
    """

    def __init__(self, table: pd.DataFrame, settings: dict) -> None:
        self.table, self.settings = table, settings
        self.seeds = sorted(table["seed"].unique())
        self.keys = sorted(set(zip(table["method"], table["variant"], strict=True)))
        found = set(table["metric"])
        self.metrics = [name for name in METRICS if name in found]
        self.metrics += sorted(found.difference(METRICS))
        self.wide = {
            metric: rows.pivot(index="seed", columns=["method", "variant"], values="value")
            for metric, rows in table.groupby("metric")
        }
        whole = table[table["metric"] == RANKED_BY].drop_duplicates("seed")
        self.density = float((whole["n_positive"] / whole["n"]).mean())

    @property
    def main(self) -> tuple[str, str]:
        """Return the key of the variant that ranks the final network."""
        return MODEL, self.settings["network"]["variant"]

    def kind(self, key: tuple[str, str]) -> str:
        """Say what a method is, by its variant: see :mod:`gtgrn.report.style`."""
        method, variant = key
        if variant in KIND_OF:
            return KIND_OF[variant]
        if key == self.main:
            return style.MAIN
        if method != MODEL:
            return style.PEER
        control = self.settings["variants"].get(variant, {}).get("control", "none")
        return style.MODEL if control == "none" else style.CONTROL

    def label(self, key: tuple[str, str]) -> str:
        """Return the name to print; a name that two kinds share is told apart by its kind."""
        method, variant = key
        if variant not in KIND_OF:
            return f"{'GT-GRN' if method == MODEL else method} {variant}"
        shared = sum(method == other for other, _ in self.keys) > 1
        return f"{method} {KIND_OF[variant]}" if shared else method

    def values(self, key: tuple[str, str], metric: str) -> pd.Series:
        """Return the seeds' values of a method without missing ones; perhaps none."""
        table = self.wide.get(metric)
        if table is None or key not in table:
            return pd.Series(dtype=float)
        return table[key].dropna()

    def mean(self, key: tuple[str, str], metric: str) -> float:
        """Return the mean over seeds."""
        return float(self.values(key, metric).mean())

    def cell(self, key: tuple[str, str], metric: str) -> dict:
        """Return mean, standard deviation (n - 1) and number of seeds."""
        values = self.values(key, metric)
        return {"mean": values.mean(), "sd": values.std(ddof=1), "seeds": len(values)}

    def best(self, kind: str, metric: str) -> tuple[str, str] | None:
        """Return the method of a kind with the highest mean; ties by name, None without any."""
        scored = [(-self.mean(key, metric), key) for key in self.keys if self.kind(key) == kind]
        return min((pair for pair in scored if np.isfinite(pair[0])), default=(0, None))[1]

    def difference(self, first: tuple, second: tuple, metric: str) -> Difference:
        """Return the seeds' differences, first minus second."""
        gaps = (self.values(first, metric) - self.values(second, metric)).dropna()
        return Difference(float(gaps.mean()), float(gaps.min()), float(gaps.max()), len(gaps))

    def methods(self) -> list[dict]:
        """Return all methods by kind, the best first: key, kind, label, cells by metric."""
        listed = [
            {
                "key": key,
                "kind": self.kind(key),
                "label": self.label(key),
                "cells": {metric: self.cell(key, metric) for metric in self.metrics},
            }
            for key in self.keys
        ]

        def position(row):
            mean = self.mean(row["key"], RANKED_BY)
            return LEGEND.index(row["kind"]), -mean if np.isfinite(mean) else 1, row["key"]

        return sorted(listed, key=position)


def compare(block: Block, judged: Mapping[str, Mapping]) -> dict:
    """Hold the final variant against the best null, the best network and the controls.

    Parameters
    ----------
    block
        The metrics of a data set and split.
    judged
        Metric -> the model against the best null, from
        :func:`gtgrn.report.verdicts.over_seeds`.
    """
    columns = []
    for metric in HEADLINE:
        null, peer = block.best(style.NULL, metric), block.best(style.NETWORK, metric)
        rivals = [
            {"title": title, "label": block.label(key), "cell": block.cell(key, metric)}
            for title, key in ((style.NULL, null), (style.NETWORK, peer))
            if key is not None
        ]
        columns.append(
            {
                "metric": metric,
                "cell": block.cell(block.main, metric),
                "rivals": rivals,
                "judged": judged.get(metric),
            }
        )
    controls = [
        {"label": block.label(key), "difference": block.difference(block.main, key, RANKED_BY)}
        for key in block.keys
        if block.kind(key) == style.CONTROL
    ]
    label = block.label(block.main)
    return {"label": label, "columns": columns, "verdict": verdict(label, columns, controls)}


def verdict(label: str, columns: Iterable[Mapping], controls: Iterable[Mapping]) -> str:
    """Say in words what the intervals against the best null are, and where the controls lie.

    Parameters
    ----------
    label
        Name of the model.
    columns
        A dictionary a metric, with ``metric``, ``rivals`` (``title``, ``label``) and ``judged``
        (``mean``, ``verdict``, ``rivals``; None where nothing was compared).
    controls
        Dictionaries with ``label`` and ``difference`` in :data:`RANKED_BY`.
    """
    columns = list(columns)
    judged = [(METRICS[c["metric"]], c["judged"]) for c in columns if c["judged"]]
    if not judged:
        return "No null was compared, so that nothing can be said about this model."
    words = {
        "better": "is better than the best null in",
        "tie": "cannot be told from the best null in",
        "worse": "is worse than the best null in",
        "too few": "is judged on too few known edges in",
    }
    clauses = []
    for outcome, text in words.items():
        parts = [
            f"{name} ({signed(found['mean'])} against {found['rivals']})"
            for name, found in judged
            if found["verdict"] == outcome
        ]
        if parts:
            clauses.append(f"{text} {_join(parts)}")
    sentence = f"{label} {'; it '.join(clauses)}."
    peers = [
        f"{rival['label']} in {METRICS[column['metric']]}"
        for column in columns
        for rival in column["rivals"]
        if rival["title"] == style.NETWORK
    ]
    if peers:
        sentence += f" Best networks from expression alone: {', '.join(peers)}."
    parts = [
        f"{control['difference'].agreement} {control['label']} "
        f"({signed(control['difference'].mean)})"
        for control in controls
        if control["difference"].seeds
    ]
    if parts:
        sentence += f" Over all seeds its {RANKED_BY} is {_join(parts)}."
    return sentence


def _join(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def ablation_rows(block: Block) -> list[dict]:
    """Return the final variant, those beside it and the ablations, in the configuration's order.

    Returns
    -------
    list of dict
        label, kind, features, control, base (the first variant of the same form), others (what
        else the configuration changes for this variant), and by metric: values of the seeds,
        cells and differences to the base. Empty where there is no other variant.
    """
    settings = block.settings
    listed = [block.main[1], *settings["network"].get("beside", [])]
    keys = [
        (MODEL, variant)
        for variant in dict.fromkeys([*listed, *settings["ablations"]["variants"]])
        if (MODEL, variant) in block.keys
    ]
    if len(keys) < 2:
        return []
    rows: list[dict] = []
    bases: dict[str, tuple[str, str]] = {}
    for key in keys:
        options = variant_options(settings, key[1])
        base = bases.setdefault(options["form"], key)
        rows.append(
            {
                "label": key[1],
                "kind": block.kind(key),
                "features": ", ".join(options.get("features", [])),
                "control": options.get("control", "none"),
                "base": base[1],
                "others": _other_options(settings, key[1]),
                "values": {metric: list(block.values(key, metric)) for metric in HEADLINE},
                "cells": {metric: block.cell(key, metric) for metric in HEADLINE},
                "differences": {
                    metric: block.difference(key, base, metric) for metric in HEADLINE
                },
            }
        )
    return rows


def _other_options(settings: dict, variant: str) -> str:
    options = settings["variants"].get(variant, {})
    told = ("form", "features", "control")
    return plain({key: options[key] for key in options if key not in told})


def calibration_rows(block: Block) -> list[dict]:
    """Return ECE and Brier of the model, the best null and the best network."""
    keys = [block.main, block.best(style.NULL, RANKED_BY), block.best(style.NETWORK, RANKED_BY)]
    rows: list[dict] = [
        {"label": block.label(key), **{name: block.cell(key, name) for name in (ECE, BRIER)}}
        for key in keys
        if key is not None
    ]
    return [row for row in rows if row[ECE]["seeds"]]
