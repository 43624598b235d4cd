"""Tables of the paper's experiments, as its figures and its section read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from gtgrn.studies import characteristics, paper_tables, power_law

NUMBERS = paper_tables.read_paper_numbers(
    Path(__file__).parents[3] / "resources" / "paper_numbers.tsv"
)


def make_reconstructions() -> pd.DataFrame:
    """Return ``fig4.tsv`` of two data sets, methods of every kind in each."""
    rows = [
        (dataset, pairs, kind, method, variant, 2, mean + gain + shift, 0.01)
        for dataset, shift in (("a", 0.0), ("b<c", 0.05))
        for pairs, gain in (("untrained", 0.0), ("all", 0.02))
        for kind, method, variant, mean in (
            ("model", "gtgrn", "mine", 0.8), ("peer", "gne", "published", 0.7),
            ("peer", "genelink", "published", 0.75), ("network", "clr", "network", 0.6),
            ("null_model", "tf_rate", "null_model", 0.81),
            ("null_model", "random", "null_model", 0.5),
        )
    ]  # fmt: skip
    columns = ["dataset", "pairs", "kind", "method", "variant", "seeds", "mean", "sd"]
    return pd.DataFrame(rows, columns=columns)


def make_degrees() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return ``fig6.tsv``, ``fig6_fits.tsv`` and ``table5.tsv`` of one data set."""
    rng = np.random.default_rng(0)
    genes = [f"G{i:03d}" for i in range(120)]
    pairs = pd.DataFrame(
        [(tf, gene) for tf in genes[:10] for gene in genes if tf != gene],
        columns=["regulator", "target"],
    )
    reference = pairs.sample(200, random_state=0, weights=rng.pareto(1.0, len(pairs)))
    cut = characteristics.cut_networks(
        {"gtgrn/mine": rng.random(len(pairs))}, {"tf_rate": rng.random(len(pairs))}, pairs,
        reference, 0.9,
    )  # fmt: skip
    table = characteristics.describe_regenerated(
        cut, {"gtgrn/mine": (0.8, 0.2)}, {"gtgrn/mine": "model"}, NUMBERS
    )
    return *power_law.compare_degrees(cut, samples=3, seed=0), table
