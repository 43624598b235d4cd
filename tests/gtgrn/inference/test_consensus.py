from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from gtgrn.inference.consensus import align_weights, borda, mean_rank, supporting_methods
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


def brute_force(drawn: dict, tie: float) -> list[float]:
    """Count the pairs that each pair beats."""
    scores = []
    for i in range(len(LIST)):
        beaten = []
        for edges in drawn.values():
            weights = weight_of(edges)
            others = weights[:i] + weights[i + 1 :]
            beaten.append(np.mean([(weights[i] > w) + tie * (weights[i] == w) for w in others]))
        scores.append(np.mean(beaten))
    return scores


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
    np.testing.assert_allclose(combine(PAIRS, {"a": network({})}), TIE[combine])


# Support


def brute_support(edges: dict, top: int) -> set[tuple]:
    """Return the pairs with fewer than `top` better ones, of those that have a weight."""
    weights = dict(zip(LIST, weight_of(edges), strict=True))
    return {
        pair
        for pair, weight in weights.items()
        if weight > 0 and sum(other > weight for other in weights.values()) < top
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
        # All of a tie at the border.
        ([9, 7, 7, 7, 5, 4, 3, 2, 1], 2 / 9, 4),
        ([7, 7, 7, 7, 5, 4, 3, 2, 1], 1 / 9, 4),
        # A weight of zero never supports, though it is in the top half.
        ([9, 8, 0, 0, 0, 0, 0, 0, 0], 0.5, 2),
        ([0] * 9, 1.0, 0),
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
