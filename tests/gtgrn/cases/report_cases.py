"""A made-up run whose scores can be told by hand."""

from __future__ import annotations

import html
import re

import numpy as np
import pandas as pd

SEEDS = [3, 4, 5]
EVIL = "<i>G0</i>&"
REGULATORS = [EVIL, "TF1", "TF2"]
GENES = [*REGULATORS, *(f"g{i}" for i in range(9))]
# AUROC of a method in each seed; the other metrics follow from it.
AUROC = {
    ("genie3", "network"): [0.60, 0.61, 0.62],
    ("random", "network"): [0.50, 0.51, 0.49],
    ("random", "null_model"): [0.49, 0.52, 0.50],
    ("tf_rate", "null_model"): [0.70, 0.72, 0.71],
    ("gtgrn", "full"): [0.80, 0.83, 0.79],
    ("gtgrn", "P"): [0.79, 0.84, 0.78],
    ("gtgrn", "noise"): [0.65, 0.66, 0.64],
}
SETTINGS = {
    "datasets": ["alpha", "beta"],
    "seeds": SEEDS,
    "splits": {"schemes": ["edges"]},
    "gtgrn": {"features": ["P", "G"], "epochs": 7},
    "variants": {
        "full": {"prior": True},
        "P": {"features": ["P"]},
        "noise": {"prior": True, "control": "random"},
    },
    "ablations": {"datasets": ["alpha"], "variants": ["P", "noise"]},
    "network": {"variant": "full", "support_fraction": 0.05, "graph_edges": 500},
}
CARDS = {
    "alpha": {
        "card": "alpha",
        "title": "Alpha & <b>co</b>",
        "organism": "mouse",
        "citation": "Someone 2020, doi:10.1000/xyz.1",
        "licence": "CC0",
        "expression": {
            "format": "table",
            "path": "a.csv",
            "values": "counts",
            "cell_type": "kind",
        },
        "reference": {"path": "r.tsv", "source": "made up"},
    },
    "beta": {"card": "beta", "title": "Beta", "expression": {"format": "table", "path": "b.csv"}},
}


def metrics() -> pd.DataFrame:
    rows = []
    for (method, variant), values in AUROC.items():
        for seed, value in zip(SEEDS, values, strict=True):
            derived = {"AUROC": value, "AUPRC": value / 2, "within_TF_AUROC": 1.2 - value}
            derived |= {"Brier": 0.1 * value, "ECE": 0.01 * value, "EPR": 4 * value}
            rows += [
                ("alpha", "edges", "test", "N0", method, variant, seed, metric, number_, 1200, 90)
                for metric, number_ in derived.items()
            ]
    columns = ["dataset", "split", "part", "negatives", "method", "variant", "seed", "metric"]
    return pd.DataFrame(rows, columns=[*columns, "value", "n", "n_positive"])


INTERVALS = {"AUROC": (0.02, 0.18), "AUPRC": (-0.01, 0.10), "within_TF_AUROC": (-0.6, -0.4)}
"""Of the model less the best null, in each seed: better, undecided though seeds agree, worse."""


def comparisons() -> pd.DataFrame:
    rows = []
    for metric, (low, high) in INTERVALS.items():
        null = "random" if metric == "within_TF_AUROC" else "tf_rate"
        values = ("gtgrn", "full", "best null", null, "null_model", "N0", metric)
        rows += [
            ("alpha", "edges", seed, *values, (low + high) / 2, low, high, 0.1) for seed in SEEDS
        ]
    columns = ["dataset", "split", "seed", "method", "variant", "rival", "rival_method"]
    columns += ["rival_variant", "negatives", "metric", "difference", "low", "high", "p"]
    return pd.DataFrame(rows, columns=columns)


def network(supervised: bool) -> pd.DataFrame:
    pairs = [(tf, gene) for gene in reversed(GENES) for tf in REGULATORS if tf != gene]
    table = pd.DataFrame(pairs, columns=["regulator", "target"])
    table["rank"] = np.arange(1, len(table) + 1)
    table["score"] = 1 - table["rank"] / 100
    table["methods"] = ["genie3,pearson", ""] * (len(table) // 2) + [""] * (len(table) % 2)
    if supervised:
        table["probability"] = table["score"] ** 2
        # The regulator with the evil name has no known edge.
        table["known"] = ((table["regulator"] == "TF1") & (table["rank"] % 2 == 0)).astype(int)
        table["trained_seeds"] = 2
    return table


def text_of(fragment: str) -> str:
    """Return what a reader sees, with single spaces."""
    fragment = re.sub(r"<script.*?</script>", " ", fragment, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", fragment)).split())
