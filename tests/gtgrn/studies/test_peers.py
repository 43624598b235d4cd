from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.studies.peers import measure, summarise
from sklearn.metrics import roc_auc_score


def scored(seed=0):
    rng = np.random.default_rng(seed)
    n = 90
    labels = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "regulator": np.repeat(["a", "b", "c"], 30),
            "target": [f"g{i % 30}" for i in range(n)],
            "label": labels,
            "part": rng.choice(["train", "val", "test"], n),
            "score": labels + rng.normal(size=n),
        }
    )


def test_peers_are_averaged_over_seeds_beside_the_originals():
    runs = [("genelink", "published", "edges", seed, scored(seed)) for seed in (0, 1)]
    rows = measure(runs)
    test = scored(0).query("part == 'test'")
    assert rows["AUROC"][0] == pytest.approx(roc_auc_score(test["label"], test["score"]))
    originals = pd.DataFrame(
        {"card": ["d", "other"], "split": "edges", "model": "genelink", "AUROC": [".8", ".9"],
         "AUPRC": [".4", ".5"]}
    )  # fmt: skip
    table = summarise(rows, originals, "d").iloc[0]
    assert table["AUROC"] == pytest.approx(rows["AUROC"].mean())
    assert table["AUROC_sd"] == pytest.approx(rows["AUROC"].std())
    assert (table["seeds"], table["original_AUROC"]) == (2, ".8")
