"""Tables of the target biology, as its section reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_means(regulators=4, groups=("p<q", "r", "s")):
    """Return ``activity.tsv``."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(g, f"R{i}") for g in groups for i in range(regulators)], columns=["group", "regulator"]
    )
    spread = table["regulator"].str[1:].astype(int)
    table["z"] = rng.normal(size=len(table)) * spread
    return table.assign(cells=5, mean=table["z"] + 10, sd=1.0, grouped_by="leiden")


def make_overlap(seeds=(0, 1), splits=("edges",)):
    """Return ``overlap.tsv``."""
    rows = [
        (split, seed, pool, method, evidence, 100, known, 9, 3, 1.0, 4.0, 1.5, 9.0, 0.01, 0.02)
        for split in splits
        for seed in seeds
        for pool in ("held_out", "test")
        for method in ("model", "tf_rate")
        for evidence, known in (("reference", 9), ("source <X>", 6), ("source few", 2))
    ]
    columns = ["split", "seed", "pool", "method", "evidence", "pairs", "known", "chosen", "hits"]
    columns += ["expected", "odds_ratio", "low", "high", "p", "q"]
    return pd.DataFrame(rows, columns=columns)
