from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation import stability
from gtgrn.evaluation.stability import draw_genes, halves
from gtgrn.inference.consensus import align_weights
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


def aligned(first, second):
    """Return the weights of two edge tables over all pairs of either."""
    pairs = pd.concat([first, second])[["regulator", "target"]].drop_duplicates()
    return {name: align_weights(pairs, n) for name, n in (("a", first), ("b", second))}


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
    jaccard, rank = stability.agreement(aligned(first, second), k)
    one, two = brute_top(first, k, pairs), brute_top(second, k, pairs)
    vectors = [[weight_of(n).get(pair, 0) for pair in pairs] for n in (first, second)]
    constant = any(len(set(vector)) == 1 for vector in vectors)
    expected = np.nan if constant or not one | two else len(one & two) / len(one | two)
    assert jaccard.loc["a", "b"] == pytest.approx(expected, nan_ok=True)
    expected = np.nan if constant else spearmanr(*vectors).statistic
    assert rank.loc["a", "b"] == pytest.approx(expected, nan_ok=True)
    for matrix in (jaccard, rank):
        assert (np.diag(matrix) == 1).all()
        pd.testing.assert_frame_equal(matrix, matrix.T)


def test_by_hand_and_missing_edges_count_as_zero():
    first = table([("T", "A", 3.0), ("T", "B", 2.0), ("T", "C", 1.0)])
    second = table([("T", "D", 5.0), ("T", "A", 4.0), ("T", "B", 1.0)])
    jaccard, rank = stability.agreement(aligned(first, second), 2)
    assert jaccard.loc["a", "b"] == pytest.approx(1 / 3)
    # Over A, B, C, D the ranks are 4, 3, 2, 1 and 3, 2, 1, 4.
    assert rank.loc["a", "b"] == pytest.approx(1 - 6 * (1 + 1 + 1 + 9) / (4 * 15))


def test_ties_do_not_agree_by_name():
    flat = table([*(("T", gene, 2.0) for gene in "ABCD"), ("T", "E", 1.0)])
    steep = table([("T", gene, 5.0 - i) for i, gene in enumerate("ABCDE")])
    assert stability.agreement(aligned(flat, steep), 2)[0].loc["a", "b"] == pytest.approx(2 / 4)


def test_what_tells_nothing_apart_agrees_with_nothing():
    flat = table([("T", gene, 1.0) for gene in "ABCD"])
    steep = table([("T", gene, 4.0 - i) for i, gene in enumerate("ABCD")])
    for other in (flat, steep, flat.assign(weight=0.0), flat.assign(weight=-1.0)):
        jaccard, rank = stability.agreement(aligned(flat, other), 2)
        assert np.isnan(jaccard.loc["a", "b"])
        assert np.isnan(rank.loc["a", "b"])


def test_vectors_may_be_log_odds():
    first, second = np.array([2.0, 1.0, -1.0, -3.0]), np.array([1.0, 0.0, -2.0, -1.0])
    jaccard, rank = stability.agreement({"a": first, "b": second}, 3)
    assert jaccard.loc["a", "b"] == pytest.approx(2 / 4)
    assert rank.loc["a", "b"] == pytest.approx(0.8)
    turned = {"a": first, "b": np.exp(first), "c": -first}
    assert stability.agreement(turned, 3)[1].loc["a"].tolist() == pytest.approx([1, 1, -1])
    assert np.isnan(stability.jaccard_at(np.array([]), np.array([]), 3))


@settings(max_examples=20, deadline=None)
@given(networks(), networks(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(first, second, random):
    order = list(range(len(first)))
    random.shuffle(order)
    expected = stability.agreement(aligned(first, second), 4)
    shuffled = stability.agreement(aligned(first.iloc[order], second), 4)
    for one, two in zip(expected, shuffled, strict=True):
        pd.testing.assert_frame_equal(one, two)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="b: a weight is NaN or infinite"):
        stability.agreement({"a": np.ones(2), "b": np.array([1.0, np.inf])}, 1)
    with pytest.raises(ValueError, match="same pairs"):
        stability.agreement({"a": np.ones(2), "b": np.ones(3)}, 1)


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


@pytest.mark.parametrize(
    ("n_regulators", "most", "expected"),
    [(100, 50, 5), (1000, 50, 50), (3, 50, 2), (0, 50, 0), (999, 50, 49), (1000, 10, 10)],
)
def test_stability_is_measured_among_so_many_genes(n_regulators, most, expected):
    genes = [f"g{i:04d}" for i in range(1000)]
    regulators = genes[:n_regulators]
    drawn = draw_genes(genes, regulators, most, seed=0)
    assert len(drawn) == most == len(set(drawn))
    assert drawn == sorted(drawn)
    # At least two of the others, where there are two.
    assert len(set(drawn) & set(regulators)) == min(expected, most - min(2, 1000 - n_regulators))
    assert drawn == draw_genes(genes, regulators, most, seed=0)
    assert drawn != draw_genes(genes, regulators, most, seed=1)


@pytest.mark.parametrize("most", [None, 20, 21])
def test_few_genes_are_all_taken(most):
    genes = [f"g{i}" for i in range(20)]
    assert draw_genes(genes, genes[:5], most, seed=0) == genes
