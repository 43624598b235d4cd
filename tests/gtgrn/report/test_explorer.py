from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from gtgrn.report.explorer import TARGETS_PER_REGULATOR, choose_held, explore, share_of


def ranking(regulators: int, targets: int, seed: int = 0) -> pd.DataFrame:
    pairs = [(f"R{r}", f"g{t}") for r in range(regulators) for t in range(targets)]
    order = np.random.default_rng(seed).permutation(len(pairs))
    table = pd.DataFrame([pairs[i] for i in order], columns=["regulator", "target"])
    return table.assign(rank=np.arange(1, len(table) + 1), score=1 / np.arange(1, len(table) + 1))


def test_all_edges_are_held_where_they_fit():
    held, k = choose_held(ranking(3, 20), 60, 5)
    assert held.all()
    assert k == 60


@pytest.mark.parametrize("budget", [250, 400, 900])
def test_the_top_of_each_gene_is_held_and_the_budget_kept(budget):
    table = ranking(12, 100)
    held, k = choose_held(table, budget, 5)
    assert k > 0
    assert held.sum() <= budget
    assert held[:5].all()
    by_target = table.groupby("target").cumcount()
    by_regulator = table.groupby("regulator").cumcount()
    assert held[(by_target < k) | (by_regulator < k * TARGETS_PER_REGULATOR)].all()
    # One more for each gene would not have fitted.
    more = (by_target <= k) | (by_regulator < (k + 1) * TARGETS_PER_REGULATOR)
    more[:5] = True
    assert more.sum() > budget


def test_the_best_edges_alone_are_held_where_one_a_gene_is_too_many():
    held, k = choose_held(ranking(3, 200), 50, 5)
    assert k == 0
    assert held.sum() == 50
    assert held[:50].all()


def test_a_page_of_many_data_sets_shares_its_room():
    assert share_of(1) > share_of(4) > share_of(10_000) > 0


def test_the_explorer_of_a_million_edges_is_small_and_says_what_it_holds():
    rng = np.random.default_rng(0)
    regulators, targets = np.divmod(rng.permutation(1_000_000), 10_000)
    names = {
        "regulator": [f"TF{i}" for i in range(100)],
        "target": [f"G{i}" for i in range(10_000)],
    }
    table = pd.DataFrame(
        {
            "regulator": np.array(names["regulator"])[regulators],
            "target": np.array(names["target"])[targets],
            "rank": np.arange(1, 1_000_001),
            "score": np.linspace(1, 0, 1_000_000),
            "methods": np.where(rng.random(1_000_000) < 0.3, "clr,genie3", ""),
        }
    )
    data = explore(table, {"supervised": False}, share_of(1), 500)
    assert (data["pairs"], data["per_target"] > 0) == (1_000_000, True)
    assert data["held"] == len(data["columns"]["r"]) <= share_of(1)
    assert len(json.dumps(data)) < 6e6
    assert set(data["columns"]["t"]) == set(map(data["genes"].index, names["target"]))
    assert max(data["outs"]) == 10_000
    assert max(data["ins"]) == 100


def test_missing_values_and_unknown_columns_stand_as_they_are():
    table = ranking(2, 3).assign(
        probability=[0.91234, 1e-05, 0.5, np.nan, np.nan, np.nan],
        known=[1.0, 0, 0, 0, 0, 0],
        sign=["+", "-", "", "", "", ""],
        sign_probability=[0.9, np.nan, np.nan, np.nan, np.nan, np.nan],
        methods=["b,a", "", "a", "", "", ""],
        rests_on=["x", "", "y", "x", "", ""],
        distance=[1.5, np.nan, 2, 3, 4, 5],
    )
    data = explore(table, {"supervised": True}, 100, 2)
    columns = data["columns"]
    assert columns["value"] == [0.912, 1e-05, 0.5, None, None, None]
    assert columns["sign"] == [1, -1, 0, 0, 0, 0]
    assert columns["sign_p"] == [0.9, None, None, None, None, None]
    assert data["methods"] == ["a", "b"]
    assert columns["methods"] == [3, 0, 1, 0, 0, 0]
    extra = {one["name"]: one for one in data["extra"]}
    assert list(extra) == ["rests_on", "distance"]
    assert [extra["rests_on"]["texts"][i] for i in extra["rests_on"]["values"]] == list(
        table["rests_on"]
    )
    assert extra["distance"]["values"] == [1.5, None, 2, 3, 4, 5]
    assert extra["distance"]["label"] == "Distance"


def test_ranks_within_a_gene_that_the_file_has_are_kept():
    table = ranking(2, 3).assign(rank_in_regulator=[1.5, 1.5, 1, 2, 3, 3])
    assert explore(table, {"supervised": False}, 100, 2)["columns"]["in_r"] == [
        1.5,
        1.5,
        1,
        2,
        3,
        3,
    ]
