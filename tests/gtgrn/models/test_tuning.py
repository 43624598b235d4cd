from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.config.grids import grid_points
from gtgrn.models.tuning import choose, measure_point
from sklearn.metrics import average_precision_score, roc_auc_score


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


def grid_rows():
    """The point best on the test part is the worst on the validation part."""
    rows = []
    for seed in (0, 1):
        for point, validation, test in (("p1", 0.8, 0.1), ("p2", 0.6, 0.9)):
            rows.append(
                {
                    "dataset": "d", "model": "m", "point": point, "seed": seed,
                    "validation_AUROC": 0.5, "validation_AUPRC": validation + 0.01 * seed,
                    "test_AUROC": test, "test_AUPRC": test,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_grid_is_every_combination_under_names_of_paths():
    points = grid_points({"epochs": [5, 10], "hidden": [[8, 4], [8, 2]]})
    assert points["epochs=10,hidden=8x2"] == {"epochs": 10, "hidden": [8, 2]}
    assert len(points) == 4
    assert not any("/" in name or " " in name for name in points)


def test_a_point_is_measured_on_validation_and_test():
    table = scored()
    row = measure_point(table).iloc[0]
    for name, part in (("validation", "val"), ("test", "test")):
        rows = table[table["part"] == part]
        assert row[f"{name}_AUROC"] == pytest.approx(roc_auc_score(rows["label"], rows["score"]))
        assert row[f"{name}_AUPRC"] == pytest.approx(
            average_precision_score(rows["label"], rows["score"])
        )


def test_validation_chooses_and_test_scores_do_not():
    table = choose(grid_rows()).set_index("point")
    assert table["chosen"].to_dict() == {"p1": 1, "p2": 0}
    assert table.loc["p1", "validation_AUPRC"] == pytest.approx(0.805)
    assert table.loc["p1", "seeds"] == 2
    other = choose(grid_rows().assign(test_AUROC=0.0, test_AUPRC=0.0)).set_index("point")
    assert other["chosen"].equals(table["chosen"])
