from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from gtgrn.inference.consensus import (
    align_weights,
    borda,
    describe_silence,
    log_rank,
    mean_rank,
    supporting_methods,
)
from gtgrn.splits.universe import universe
from hypothesis import given, settings
from hypothesis import strategies as st

PAIRS = universe(["A", "B", "C", "D"], ["A", "B", "C"])
LIST = list(zip(PAIRS["regulator"], PAIRS["target"], strict=True))

# Few different weights, so that ties are everywhere; a pair that is not drawn is left out.
networks = st.dictionaries(
    st.sampled_from(["genie3", "pearson", "grnboost2"]),
    st.dictionaries(st.sampled_from(LIST), st.integers(0, 3)),
    min_size=1,
)


def network(edges: dict) -> pd.DataFrame:
    rows = [(*pair, float(weight)) for pair, weight in edges.items()]
    return pd.DataFrame(rows, columns=["regulator", "target", "weight"]).astype({"weight": float})


def frames(drawn: dict) -> dict[str, pd.DataFrame]:
    return {name: network(edges) for name, edges in drawn.items()}


def weight_of(edges: dict) -> list[float]:
    return [float(edges.get(pair, 0)) for pair in LIST]


# Alignment


def test_weights_follow_the_pairs_and_absent_ones_are_zero():
    edges = network({("B", "A"): 2, ("A", "B"): 1, ("Z", "A"): 9, ("A", "A"): 9})
    pairs = pd.DataFrame(
        {"regulator": ["A", "A", "B"], "target": ["C", "B", "A"]}, index=[7, 7, 1]
    )
    weights = align_weights(pairs.assign(more=0), edges)
    assert weights.tolist() == [0.0, 1.0, 2.0]
    assert weights.dtype == float
    assert align_weights(pairs, network({})).tolist() == [0.0, 0.0, 0.0]


# Ensembles

TIE = {borda: 0.0, mean_rank: 0.5}
"""What a tie counts: Borda gives a point for a pair that is beaten, the mean rank shares it."""


def untold(weights: list[float]) -> list[bool]:
    """Say of each pair whether its regulator has one positive weight, or every pair one."""
    if len(set(weights)) == 1:
        return [True] * len(weights)
    of = {
        name: {w for (r, _), w in zip(LIST, weights, strict=True) if r == name} for name in "ABC"
    }
    return [len(of[r]) == 1 and min(of[r]) > 0 for r, _ in LIST]


def brute_force(drawn: dict, tie: float) -> list[float]:
    """Count the pairs that each pair beats, of those that a method tells apart."""
    scores = []
    for edges in drawn.values():
        weights = weight_of(edges)
        silent = untold(weights)
        told = [i for i in range(len(LIST)) if not silent[i]]
        beaten = {
            i: np.mean(
                [(weights[i] > weights[j]) + tie * (weights[i] == weights[j])
                 for j in told if j != i]
            )
            for i in told
        }  # fmt: skip
        neutral = np.mean(list(beaten.values())) if told else 0.5
        scores.append([beaten.get(i, neutral) for i in range(len(LIST))])
    return np.mean(scores, axis=0)


@pytest.mark.parametrize("combine", TIE)
@settings(max_examples=60, deadline=None)
@given(networks)
def test_ensembles_match_brute_force(combine, drawn):
    scores = combine(PAIRS, frames(drawn))
    np.testing.assert_allclose(scores, brute_force(drawn, TIE[combine]), atol=1e-12)
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.mark.parametrize("combine", TIE)
@settings(max_examples=40, deadline=None)
@given(drawn=networks, order=st.permutations(range(len(LIST))))
def test_ensembles_ignore_order_and_monotone_transformations(combine, drawn, order):
    scores = combine(PAIRS, frames(drawn))
    stretched = {
        name: {pair: math.expm1(weight * (1 + i)) for pair, weight in edges.items()}
        for i, (name, edges) in enumerate(drawn.items())
    }
    np.testing.assert_array_equal(combine(PAIRS, frames(stretched)), scores)
    backwards = {
        name: network(dict(reversed(edges.items()))) for name, edges in reversed(drawn.items())
    }
    np.testing.assert_array_equal(combine(PAIRS.iloc[order], backwards), scores[order])


@pytest.mark.parametrize("combine", TIE)
def test_ends_of_the_scale(combine):
    edges = {pair: i for i, pair in enumerate(LIST)}
    other = {pair: 10 * i for i, pair in enumerate(LIST)}
    scores = combine(PAIRS, frames({"a": edges, "b": other}))
    np.testing.assert_allclose(scores, np.linspace(0, 1, len(LIST)))
    # Left out is as good as weight zero, and what all are equal in is a tie.
    without = {pair: weight for pair, weight in edges.items() if weight}
    np.testing.assert_array_equal(combine(PAIRS, frames({"a": without, "b": other})), scores)
    np.testing.assert_array_equal(combine(PAIRS, {"a": network({})}), 0.5)


# Support


def brute_support(edges: dict, top: int) -> set[tuple]:
    """Return the pairs whose mean rank, in any order of ties, is within `top`."""
    weights = weight_of(edges)
    silent = untold(weights)
    return {
        pair
        for i, pair in enumerate(LIST)
        if weights[i] > 0
        and not silent[i]
        and sum(w > weights[i] for w in weights) + (sum(w == weights[i] for w in weights) + 1) / 2
        <= top
    }


@settings(max_examples=60, deadline=None)
@given(drawn=networks, fraction=st.sampled_from([0.01, 1 / 9, 0.2, 3 / 9, 0.5, 1.0]))
def test_support_matches_brute_force(drawn, fraction):
    support = supporting_methods(PAIRS, frames(drawn), fraction)
    top = next(k for k in range(1, 10) if k / 9 >= fraction - 1e-9)
    supported = {name: brute_support(edges, top) for name, edges in drawn.items()}
    expected = [
        ",".join(name for name in sorted(supported) if pair in supported[name]) for pair in LIST
    ]
    assert list(support) == expected


def test_support_follows_the_index_of_the_pairs():
    pairs = PAIRS.set_axis(range(100, 109))
    support = supporting_methods(pairs, {"a": network({LIST[4]: 1.0})}, 0.5)
    assert list(support.index) == list(pairs.index)
    assert support[support != ""].to_dict() == {104: "a"}


@pytest.mark.parametrize(
    ("weights", "fraction", "supported"),
    [
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], 3 / 9, 3),
        # Rounded up to whole pairs.
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], 3.1 / 9, 4),
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], 1e-9, 1),
        # A tie at the border counts if half of it lies within.
        ([9, 7, 7, 7, 5, 4, 3, 2, 1], 3 / 9, 4),
        ([9, 7, 7, 7, 5, 4, 3, 2, 1], 2 / 9, 1),
        ([9, 1, 1, 1, 1, 1, 1, 1, 1], 2 / 9, 1),
        ([7, 7, 7, 7, 5, 4, 3, 2, 1], 1 / 9, 0),
        # A weight of zero never supports, though it is in the top half.
        ([9, 8, 0, 0, 0, 0, 0, 0, 0], 0.5, 2),
        ([0] * 9, 1.0, 0),
        # One weight for all says nothing, nor does one for all targets of a regulator (the first).
        ([3] * 9, 1.0, 0),
        ([9, 9, 9, 6, 5, 4, 3, 2, 1], 5 / 9, 2),
    ],
)
def test_share_of_the_universe(weights, fraction, supported):
    edges = network(dict(zip(LIST, weights, strict=True)))
    assert (supporting_methods(PAIRS, {"a": edges}, fraction) == "a").sum() == supported


@pytest.mark.parametrize(("fraction", "supported"), [(0.07, 7), (0.14, 14), (0.55, 55), (0.05, 5)])
def test_share_is_exact(fraction, supported):
    # In floating point, 7 % of 100 pairs are a little more than 7.
    pairs = pd.DataFrame({"regulator": "A", "target": [f"G{i}" for i in range(100)]})
    edges = pairs.assign(weight=np.arange(1.0, 101.0))
    assert (supporting_methods(pairs, {"a": edges}, fraction) == "a").sum() == supported


# A tie that says nothing


def test_a_lone_regulator_is_supported_by_no_forest(caplog):
    pairs = universe([*"ABCDEFG"], ["A"])
    rng = np.random.default_rng(0)
    told = pairs.assign(weight=rng.permutation(6) + 1.0)
    rounded = pairs.assign(weight=1.0 + 1e-9 * rng.random(6))
    networks = {"genie3": rounded, "pearson": told}
    support = supporting_methods(pairs, networks, 0.34)
    assert support.str.split(",").explode().value_counts().to_dict() == {"": 3, "pearson": 3}
    for combine in TIE:
        alone, beside = combine(pairs, {"pearson": told}), combine(pairs, networks)
        np.testing.assert_array_equal(np.argsort(alone), np.argsort(beside))
    (said,) = describe_silence(pairs, networks, "blood")
    assert said == "On blood, genie3 gives all 6 pairs one weight: it supports none of them."
    assert said in caplog.text
    assert describe_silence(pairs, {"pearson": told}, "blood") == []


def test_a_regulator_that_is_told_nothing_about_stands_in_the_middle():
    weights = [9, 9, 9, 1, 2, 3, 4, 5, 6]
    edges = network(dict(zip(LIST, weights, strict=True)))
    scores = mean_rank(PAIRS, {"a": edges})
    np.testing.assert_allclose(scores[:3], 0.5)
    np.testing.assert_allclose(scores[3:], np.linspace(0, 1, 6))
    (said,) = describe_silence(PAIRS, {"a": edges}, "blood")
    assert "a gives all targets of A one weight" in said
    # What a method leaves out is the least, not unknown.
    without = network({pair: w for pair, w in zip(LIST, weights, strict=True) if pair[0] != "A"})
    np.testing.assert_allclose(mean_rank(PAIRS, {"a": without})[:3], 1 / 8)
    assert describe_silence(PAIRS, {"a": without}, "blood") == []


# Weighted log rank


@settings(max_examples=40, deadline=None)
@given(drawn=networks, order=st.permutations(range(len(LIST))))
def test_log_rank_matches_brute_force_in_any_order(drawn, order):
    total, say = np.zeros(9), 0.0
    for edges in drawn.values():
        weights = weight_of(edges)
        silent = untold(weights)
        told = [w for w, untell in zip(weights, silent, strict=True) if not untell]
        ranked = sum(w > 0 for w in told) / 9
        above = [
            4.0 if untell else (sum(v > w for v in told) + (told.count(w) - 1) / 2)
            * 8 / max(1, len(told) - 1)
            for w, untell in zip(weights, silent, strict=True)
        ]  # fmt: skip
        total += ranked * np.log(9 / (1 + np.array(above)))
        say += ranked
    expected = total / (say * np.log(9)) if say else np.full(9, 0.5)
    scores = log_rank(PAIRS, frames(drawn))
    np.testing.assert_allclose(scores, expected, atol=1e-12)
    backwards = frames(dict(reversed(drawn.items())))
    np.testing.assert_array_equal(log_rank(PAIRS.iloc[order], backwards), scores[order])


def test_sparse_methods_do_not_dominate_the_log_rank():
    pairs = pd.DataFrame({"regulator": "A", "target": [f"G{i:03d}" for i in range(400)]})
    dense = pairs.assign(weight=np.arange(400.0, 0.0, -1.0))
    # Nine methods that have the worst four of the dense one, and nothing else.
    few = {f"sparse{i}": dense.tail(4).assign(weight=1.0) for i in range(9)}
    both = {"dense": dense, **few}
    top = {
        combine: set(np.argsort(-combine(pairs, both), kind="stable")[:20])
        for combine in (mean_rank, log_rank)
    }
    assert set(range(396, 400)) <= top[mean_rank]
    assert len(set(range(20)) & top[log_rank]) >= 16
    scores = log_rank(pairs, {"dense": dense, "flat": pairs.assign(weight=2.0)})
    np.testing.assert_array_equal(scores, log_rank(pairs, {"dense": dense}))
    assert (scores[0], scores[-1]) == (1.0, 0.0)
