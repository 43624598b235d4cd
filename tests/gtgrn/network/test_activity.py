from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from biology_cases import make_means
from gtgrn.network.activity import (
    group_cells,
    mark_groups,
    mean_by_group,
    most_variable,
    score_cells,
    specificity,
)
from scipy.stats import linregress

GENES = [f"g{i:02d}" for i in range(12)]


@pytest.fixture
def expression():
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(20)]
    return pd.DataFrame(rng.gamma(2.0, size=(20, 12)), index=names, columns=GENES)


def make_net(**weights):
    rows = [(name, gene, w) for name, by_gene in weights.items() for gene, w in by_gene.items()]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


NET = make_net(A=dict.fromkeys(GENES[:5], 1.0), B=dict.fromkeys(GENES[3:9], -0.5), C={"g00": 1.0})


def test_the_score_is_the_t_value_of_a_regression_over_genes(expression):
    scores = score_cells(expression, NET, 5)
    # C has one target.
    assert list(scores) == ["A", "B"]
    for cell in expression.index[:5]:
        for source, weight in (("A", 1.0), ("B", -0.5)):
            x = np.zeros(12)
            x[[GENES.index(g) for g in NET.loc[NET["source"] == source, "target"]]] = weight
            fit = linregress(x, expression.loc[cell])
            assert scores.loc[cell, source] == pytest.approx(fit.slope / fit.stderr, abs=1e-3)


def test_scores_depend_on_names_only(expression):
    scores = score_cells(expression, NET, 5)
    order = np.random.default_rng(1).permutation
    mixed = expression.iloc[order(20), order(12)]
    pd.testing.assert_frame_equal(score_cells(mixed, NET.iloc[::-1], 5).loc[scores.index], scores)


def test_cells_and_regulators_without_a_slope(expression):
    expression.loc["c3"] = 0.0
    net = pd.concat([NET, make_net(D=dict.fromkeys(GENES, 0.7))])
    scores = score_cells(expression, net, 5)
    assert list(scores) == ["A", "B"]
    assert scores.loc["c3"].isna().all()
    assert scores.drop("c3").notna().all(axis=None)
    groups = pd.Series(["x"] * 20, index=expression.index)
    means = mean_by_group(scores, groups)
    assert means["mean"].tolist() == pytest.approx(scores.mean().tolist(), abs=1e-5)
    assert means["z"].tolist() == pytest.approx([0, 0], abs=1e-5)


def test_no_regulon_gives_no_score(expression):
    assert score_cells(expression, NET[:0], 1).shape == (20, 0)
    scores = score_cells(expression, NET, 10)
    assert scores.shape == (20, 0)
    means = mean_by_group(scores, pd.Series("x", index=expression.index))
    assert means.empty
    assert {"group", "regulator", "z"} <= set(means)


def test_means_by_hand():
    activity = pd.DataFrame({"A": [1.0, 3.0, 5.0, 7.0], "B": 2.0}, index=list("wxyz"))
    groups = pd.Series({"z": "q", "y": "q", "x": "p", "w": "p"})
    table = mean_by_group(activity, groups)
    assert table["group"].tolist() == ["p", "p", "q", "q"]
    assert table["regulator"].tolist() == ["A", "B", "A", "B"]
    assert table["cells"].tolist() == [2] * 4
    assert table["mean"].tolist() == [2, 2, 6, 2]
    assert table["sd"].tolist() == [1, 0, 1, 0]
    # Of 1, 3, 5, 7: mean 4, standard deviation root of 5.
    assert table["z"].tolist() == pytest.approx([-2 / 5**0.5, 0, 2 / 5**0.5, 0], abs=1e-5)


def two_blobs():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(size=(40, 12)), rng.normal(size=(60, 12)) + 6])
    names = [f"c{i:03d}" for i in range(100)]
    return ad.AnnData(pd.DataFrame(values, index=names, columns=GENES))


def test_leiden_separates_blobs_whatever_the_order_of_cells_and_genes():
    adata = two_blobs()
    groups = group_cells(adata, None, seed=0)
    assert groups.name == "leiden"
    assert not set(groups[:40]) & set(groups[40:])
    order = np.random.default_rng(2).permutation
    mixed = group_cells(adata[order(100), order(12)].copy(), None, seed=0)
    pd.testing.assert_series_equal(mixed.loc[groups.index], groups)


def test_few_cells_are_one_cluster():
    assert set(group_cells(two_blobs()[:10].copy(), None, seed=0)) == {"0"}


def test_cell_types_are_those_of_the_card():
    adata = two_blobs()[:3].copy()
    adata.obs["kind"] = pd.Categorical(["T", None, "B"])
    assert group_cells(adata, "kind", seed=0).tolist() == ["T", "unknown", "B"]


def test_the_most_variable_regulators_are_shown():
    means = make_means()
    wide = most_variable(means, 2)
    assert set(wide.index) == {"R2", "R3"}
    assert set(wide.columns) == {"p<q", "r", "s"}
    raw = most_variable(means, 2, "mean")
    assert (raw.index == wide.index).all()
    assert raw.to_numpy() == pytest.approx(wide.to_numpy() + 10)


def test_of_equal_regulators_the_first_by_name_is_shown():
    means = make_means().assign(z=[1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 0, 0])
    assert set(most_variable(means, 2).index) == {"R0", "R1"}


def test_specificity_is_one_where_a_group_alone_is_as_active():
    groups = pd.Series(["x"] * 4 + ["y"] * 6, index=[f"c{i}" for i in range(10)])
    activity = pd.DataFrame(
        {"A": [2.0] * 4 + [-1.0] * 6, "B": 1.0, "C": -1.0, "D": [0.0] * 4 + [3.0] * 6},
        index=groups.index,
    )  # fmt: skip
    found = specificity(activity, groups)
    assert found.loc["x", "A"] == pytest.approx(1)
    assert found.loc["y", "D"] == pytest.approx(1)
    assert found.loc["x", "D"] == pytest.approx(0)
    # By hand: even activity P = 1/10 against Q = 1/4 over four cells, M their mean.
    p, q = np.full(10, 0.1), np.array([0.25] * 4 + [0.0] * 6)
    middle = (p + q) / 2
    divergence = 0.5 * (p * np.log2(p / middle)).sum() + 0.5 * 4 * 0.25 * np.log2(0.25 / middle[0])
    assert found.loc["x", "B"] == pytest.approx(1 - np.sqrt(divergence))
    assert found["C"].isna().all()


def test_markers_of_each_group_whatever_the_order_of_cells():
    rng = np.random.default_rng(0)
    names = [f"c{i:02d}" for i in range(60)]
    values = pd.DataFrame(rng.gamma(2.0, size=(60, 12)), index=names, columns=GENES)
    values.iloc[:30, :5] += 4
    groups = pd.Series(["x"] * 30 + ["y"] * 30, index=names)
    means = mean_by_group(score_cells(values, NET, 5), groups)
    found = mark_groups(values, groups, means, 5)
    own = found[found["group"] == "x"]
    assert own["regulator"].iloc[0] == "A"
    assert set(own["gene"]) == set(GENES[:5])
    assert list(own["place"]) == list(range(1, 6))
    mixed = values.iloc[rng.permutation(60)]
    again = mark_groups(mixed, groups, means, 5)
    pd.testing.assert_frame_equal(again, found)
    alone = pd.Series("x", index=names)
    assert mark_groups(values, alone, means, 5).empty
