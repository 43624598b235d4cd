"""Ranks of a method in two conditions: the numbers, the null, and what differs in truth."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from gtgrn.comparison.design import make_design
from gtgrn.comparison.networks import EDGES, REGULATORS
from gtgrn.comparison.ranks import Ranking, compare_ranks
from gtgrn.inference.run import infer
from scipy.stats import binom, rankdata

GENES = [f"G{n:02d}" for n in range(24)]
NAMES = GENES[:6]
AB = ("a", "b")
PEARSON = partial(infer, "pearson", seed=0)


def draw(cells: int, seed: int, rewired: float = 0.0, donors: int = 0):
    """Return cells x genes and the design; G00 moves three targets from G15-17 to G12-14."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(cells, len(GENES)))
    first = np.arange(cells) % 2 == 0
    for regulator in range(1, 6):
        values[:, 6 + regulator] += values[:, regulator]
    values[first, 12:15] += rewired * values[first][:, [0]]
    values[~first, 15:18] += rewired * values[~first][:, [0]]
    conditions = np.where(first, "a", "b").tolist()
    names = [f"{c}{n // 2 % donors}" for n, c in enumerate(conditions)] if donors else None
    design = make_design(conditions, AB, names, min_cells=20)
    return values[design.rows], design


def compare(values, design, method=PEARSON, labellings=40, seed=0):
    settings = {"labellings": labellings, "permutations": 200, "seed": seed}
    return compare_ranks(values, GENES, NAMES, design, method, **settings)


def test_places_are_ranks_of_the_weights():
    values, design = draw(80, 0)
    ranking = Ranking(values, GENES, NAMES, PEARSON)
    places = ranking.places(design.first)
    r = np.abs(np.corrcoef(values[design.first].T)[:6])
    # Two regulators have one correlation with each other, and share a rank.
    ranks = rankdata(-r[ranking.own].round(9))
    assert 10 ** -places[ranking.own] == pytest.approx(ranks, rel=1e-4)
    assert (places[np.arange(6), np.arange(6)] == 0).all()


def test_pairs_that_a_method_leaves_out_share_the_last_places():
    values, design = draw(80, 0)

    def sparse(cells, regulators):
        return pd.DataFrame({"regulator": ["G00"], "target": ["G12"], "weight": [2.0]})

    places = 10 ** -Ranking(values, GENES, NAMES, sparse).places(design.first)
    own = np.ones(places.shape, dtype=bool)
    own[np.arange(6), np.arange(6)] = False
    assert places[0, 12] == pytest.approx(1)
    # 137 others have the places 2 to 138.
    assert sorted(set(places[own].round(2))) == [1, 70]


@pytest.mark.parametrize("donors", [0, 5])
@pytest.mark.parametrize("method", ["pearson", "genie3"])
def test_the_rewired_regulator_and_its_edges_are_found(donors, method):
    values, design = draw(400, 1, rewired=1.0, donors=donors)
    trees = {"n_estimators": 100} if method == "genie3" else {}
    run = partial(infer, method, seed=0, **trees)
    edges, regulators, summary = compare(values, design, run)
    assert list(edges.columns) == EDGES
    assert list(regulators.columns) == REGULATORS
    assert regulators["regulator"].iloc[0] == "G00"
    assert regulators["fdr"].iloc[0] <= 0.05
    claimed = edges[edges["fdr"] <= 0.05]
    moved = claimed[claimed["regulator"].eq("G00") & claimed["target"].between("G12", "G17")]
    # r = .7 against 0: the places are among the first ten, and anywhere.
    assert len(moved) >= 3
    assert (np.sign(moved["difference"]) == np.where(moved["target"] < "G15", 1, -1)).all()
    assert ((moved["low"] > 0) | (moved["high"] < 0)).mean() > 0.5
    assert summary["labellings"] == (126 if donors else 41)


def test_the_difference_is_the_logarithm_of_both_ranks():
    values, design = draw(200, 1, rewired=1.0, donors=4)
    edges, *_ = compare(values, design)
    logs = np.log10(edges["second"] / edges["first"])
    assert edges["difference"].to_numpy() == pytest.approx(logs, abs=1e-4)
    assert edges[["first", "second"]].min(axis=None) >= 1


@pytest.mark.parametrize("donors", [0, 4])
def test_where_nothing_differs_little_is_claimed(donors):
    # Each run claims with a chance of at most .05; more than the bound are one in a million.
    runs, claiming = 20, np.zeros(2)
    for seed in range(runs):
        values, design = draw(96, 100 + seed, donors=donors)
        edges, regulators, _ = compare(values, design, seed=seed)
        claiming += [(table["fdr"] <= 0.05).any() for table in (edges, regulators)]
    assert (claiming <= binom.ppf(1 - 1e-6, runs, 0.05)).all()


def test_the_larger_condition_has_the_better_network_and_nothing_follows_from_it():
    """Against the plain null of no difference at all, strong edges of 300 cells would differ."""
    runs, claiming = 20, np.zeros(2)
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        values, _ = draw(360, 200 + seed)
        design = make_design(rng.permutation(["a"] * 300 + ["b"] * 60).tolist(), AB)
        edges, regulators, _ = compare(values, design, seed=seed)
        claiming += [(table["fdr"] <= 0.05).any() for table in (edges, regulators)]
    assert (claiming <= binom.ppf(1 - 1e-6, runs, 0.05)).all()


def test_a_labelling_infers_two_networks_and_a_donor_one():
    calls = []

    def count(cells, regulators):
        calls.append(len(cells))
        return PEARSON(cells, regulators)

    compare(*draw(80, 0), count, labellings=25)
    assert len(calls) == 2 * 26
    calls.clear()
    compare(*draw(80, 0, donors=4), count)
    assert calls == [10] * 8
