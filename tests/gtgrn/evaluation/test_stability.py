from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation import stability
from gtgrn.evaluation.stability import halves
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

PAIRS = [(f"T{i}", f"G{j}") for i in range(3) for j in range(6)]


def table(rows):
    return pd.DataFrame(rows, columns=["regulator", "target", "weight"])


@st.composite
def networks(draw):
    """Draw an edge table with weights of few values, zeros among them."""
    pairs = draw(st.lists(st.sampled_from(PAIRS), min_size=2, unique=True))
    weights = draw(st.lists(st.integers(0, 4), min_size=len(pairs), max_size=len(pairs)))
    return table([(*pair, float(w)) for pair, w in zip(pairs, weights, strict=True)])


def weight_of(network):
    return {(r, t): w for r, t, w in network.itertuples(index=False)}


def brute_top(network, k, pairs):
    weight = weight_of(network)
    ranked = sorted((weight.get(pair, 0) for pair in pairs), reverse=True)
    cut = ranked[min(k, len(ranked)) - 1]
    return {pair for pair in pairs if weight.get(pair, 0) >= cut and weight.get(pair, 0) > 0}


@settings(max_examples=60, deadline=None)
@given(networks(), networks(), st.integers(1, 25))
def test_agreement_matches_sets_and_scipy(first, second, k):
    pairs = sorted({*weight_of(first), *weight_of(second)})
    jaccard, rank = stability.agreement({"a": first, "b": second}, k)
    one, two = brute_top(first, k, pairs), brute_top(second, k, pairs)
    expected = len(one & two) / len(one | two) if one | two else np.nan
    assert jaccard.loc["a", "b"] == pytest.approx(expected, nan_ok=True)
    vectors = [[weight_of(n).get(pair, 0) for pair in pairs] for n in (first, second)]
    constant = any(len(set(vector)) == 1 for vector in vectors)
    expected = np.nan if constant else spearmanr(*vectors).statistic
    assert rank.loc["a", "b"] == pytest.approx(expected, nan_ok=True)
    for matrix in (jaccard, rank):
        assert (np.diag(matrix) == 1).all()
        pd.testing.assert_frame_equal(matrix, matrix.T)


def test_by_hand_and_missing_edges_count_as_zero():
    first = table([("T", "A", 3.0), ("T", "B", 2.0), ("T", "C", 1.0)])
    second = table([("T", "D", 5.0), ("T", "A", 4.0), ("T", "B", 1.0)])
    jaccard, rank = stability.agreement({"a": first, "b": second}, 2)
    assert jaccard.loc["a", "b"] == pytest.approx(1 / 3)
    # Over A, B, C, D the ranks are 4, 3, 2, 1 and 3, 2, 1, 4.
    assert rank.loc["a", "b"] == pytest.approx(1 - 6 * (1 + 1 + 1 + 9) / (4 * 15))


def test_ties_do_not_agree_by_name():
    flat = table([("T", gene, 1.0) for gene in "ABCD"])
    steep = table([("T", gene, 4.0 - i) for i, gene in enumerate("ABCD")])
    jaccard, rank = stability.agreement({"flat": flat, "steep": steep}, 2)
    assert jaccard.loc["flat", "steep"] == pytest.approx(2 / 4)
    assert np.isnan(rank.loc["flat", "steep"])


def test_the_universe_adds_shared_zeros_and_drops_loops():
    first, second = table([("T", "A", 2.0), ("T", "B", 1.0)]), table([("T", "B", 1.0)])
    universe = pd.DataFrame([("T", g) for g in "ABCDT"], columns=["regulator", "target"])
    aligned = stability.align({"a": first, "b": second}, universe)
    assert aligned["a"].tolist() == [2, 1, 0, 0]
    assert aligned["b"].tolist() == [0, 1, 0, 0]
    loops = stability.align({"a": table([("T", "T", 9.0), ("T", "A", 1.0)])})
    assert loops["a"].tolist() == [1]


def test_vectors_may_be_log_odds():
    first, second = np.array([2.0, 1.0, -1.0, -3.0]), np.array([1.0, 0.0, -2.0, -1.0])
    jaccard, rank = stability.agreement({"a": first, "b": second}, 3)
    assert jaccard.loc["a", "b"] == pytest.approx(2 / 4)
    assert rank.loc["a", "b"] == pytest.approx(0.8)
    assert stability.spearman(first, np.exp(first)) == pytest.approx(1)
    assert stability.spearman(first, -first) == pytest.approx(-1)
    assert np.isnan(stability.jaccard_at(np.array([]), np.array([]), 3))


@settings(max_examples=20, deadline=None)
@given(networks(), networks(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(first, second, random):
    order = list(range(len(first)))
    random.shuffle(order)
    expected = stability.agreement({"a": first, "b": second}, 4)
    shuffled = stability.agreement({"a": first.iloc[order], "b": second}, 4)
    for one, two in zip(expected, shuffled, strict=True):
        pd.testing.assert_frame_equal(one, two)


def test_the_median_leaves_out_what_is_undefined():
    names = ["a", "b", "c"]
    matrix = pd.DataFrame([[1, 0.2, 0.4], [0.2, 1, np.nan], [0.4, np.nan, 1]], names, names)
    assert stability.median_agreement(matrix) == pytest.approx(0.3)
    assert np.isnan(stability.median_agreement(matrix.iloc[:1, :1]))


def test_bad_input_is_refused():
    good = table([("T", "A", 1.0)])
    with pytest.raises(ValueError, match="negative"):
        stability.align({"a": table([("T", "A", -1.0)])})
    with pytest.raises(ValueError, match="NaN"):
        stability.align({"a": table([("T", "A", np.nan)])})
    with pytest.raises(ValueError, match="NaN or infinite"):
        stability.align({"a": np.array([1.0, np.inf])})
    with pytest.raises(ValueError, match="not both"):
        stability.align({"a": good, "b": np.ones(1)})
    with pytest.raises(ValueError, match="same pairs"):
        stability.align({"a": np.ones(2), "b": np.ones(3)})


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
def test_halves_share_no_cell_and_leave_none_out(n):
    one, two = halves(n, seed=3)
    assert sorted([*one, *two]) == list(range(n))
    assert len(two) - len(one) == n % 2
    assert (np.diff(one) > 0).all()
    again = halves(n, seed=3)
    np.testing.assert_array_equal(one, again[0])


def test_another_seed_gives_other_halves():
    assert set(halves(100, seed=0)[0]) != set(halves(100, seed=1)[0])
