from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from gtgrn.errors import InputError
from gtgrn.inference.information import (
    correlations as mi_correlations,
)
from gtgrn.inference.information import (
    estimators as mutual_information,
)
from gtgrn.inference.information.correlations import doubled_ranks, gram
from gtgrn.inference.information.estimators import (
    bc3net_mi_matrix,
    c3net_mi_matrix,
    copula,
    discretise,
    mi_matrix,
)
from gtgrn.inference.information.kernels import digamma
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

DISCRETE = ("mi.empirical", "mi.mm", "mi.shrink", "mi.sg")
ESTIMATORS = ("spearman", "pearson", "kendall", *DISCRETE)


def counts_table(seed: int, samples: int, genes: int, top: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, top, (samples, genes)).astype(float)


def real_table(seed: int, samples: int, genes: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(samples, genes))


# Discretisation


@pytest.mark.parametrize(
    ("samples", "sizes"), [(37, [7, 5, 6, 6, 6, 7]), (40, [7, 6, 6, 6, 5, 10])]
)
def test_equal_frequencies_have_the_sizes_of_infotheo(samples, sizes):
    values = np.random.default_rng(0).permutation(samples)[:, None]
    codes = discretise(values, method="equalfreq", bins=6)
    assert np.bincount(codes[:, 0], minlength=7)[1:].tolist() == sizes
    # A higher value never lies in a lower bin.
    assert (np.diff(codes[np.argsort(values[:, 0]), 0]) >= 0).all()


def test_ties_at_a_cut_go_to_the_lower_bin():
    values = np.array([0, 0, 0, 0, 1, 2.0])[:, None]
    assert discretise(values, method="equalfreq", bins=3)[:, 0].tolist() == [1, 1, 1, 1, 3, 3]


def test_equal_widths_are_closed_on_the_left_and_a_constant_gene_is_in_bin_1():
    values = np.column_stack([[0, 1, 2, 3, 4.0], [7.0] * 5, [0.0] * 5])
    codes = discretise(values, method="equalwidth", bins=2)
    assert codes.T.tolist() == [[1, 1, 2, 2, 2], [1] * 5, [1] * 5]
    assert codes.dtype == np.int32


def test_the_global_width_is_of_the_whole_table_and_closed_on_the_right():
    values = np.array([[0, 10.0], [2, 4], [4, 8], [5, 5]])
    codes = discretise(values, method="globalequalwidth", bins=5)
    assert codes.tolist() == [[1, 5], [1, 2], [2, 4], [3, 3]]
    assert (discretise(np.full((3, 2), -2.0), method="globalequalwidth", bins=3) == 2).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "equal", "bins": 2}, "unknown discretisation"),
        ({"method": "equalfreq", "bins": 5}, "5 bins for 4 samples"),
        ({"method": "equalwidth", "bins": 0}, "0 bins"),
    ],
)
def test_options_of_discretise_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        discretise(real_table(0, 4, 2), **options)


# Estimators against plain restatements


def entropy(states: list, kind: str) -> float:
    n = np.array(list(Counter(states).values()), dtype=float)
    total, k = n.sum(), len(n)
    if kind in ("mi.empirical", "mi.mm"):
        plain = -(n / total * np.log(n / total)).sum()
        return plain + (k - 1) / (2 * total) * (kind == "mi.mm")
    prior = 0.0
    if kind == "mi.shrink":
        if k == 1:
            return math.nan
        w = (n**2).sum()
        divisor = (total - 1) * (w * k - total**2)
        strength = k * (total**2 - w) / divisor if divisor else math.inf
        if strength >= 1:
            return math.log(k)
        prior = strength / (1 - strength) * total / k
    mass = total + k * prior
    return ((n + prior) * (special.psi(mass + 1) - special.psi(n + prior + 1))).sum() / mass


@pytest.mark.parametrize("kind", DISCRETE)
@pytest.mark.parametrize(("samples", "top"), [(50, 3), (9, 4), (200, 15)])
def test_table_estimators_equal_a_plain_restatement(kind, samples, top):
    # More zeros than anything else, as in counts of single cells; one gene is constant.
    values = counts_table(1, samples, 6, top) * (counts_table(2, samples, 6, 2) > 0)
    values[:, 5] = 3
    ours = mi_matrix(values, estimator=kind)
    for i in range(6):
        for j in range(6):
            x, y = values[:, i].tolist(), values[:, j].tolist()
            plain = entropy(x, kind) + entropy(y, kind)
            plain -= entropy(list(zip(x, y, strict=True)), kind)
            expected = 0.0 if i == j else max(plain, 0.0) if not np.isnan(plain) else plain
            np.testing.assert_allclose(ours[i, j], expected, atol=1e-12)


def test_many_states_are_counted_too():
    # The table of a pair is larger than eight times the samples: it is cleared cell by cell.
    values = np.random.default_rng(0).permuted(np.tile(np.arange(60.0), (4, 1)), axis=1).T
    ours = mi_matrix(values, estimator="mi.empirical")
    np.testing.assert_allclose(ours[~np.eye(4, dtype=bool)], math.log(60), rtol=1e-12)


@pytest.mark.parametrize("x", [1e-3, 0.4, 1.0, 3.7, 9.99, 10.0, 55.5, 1e6, 1e15])
def test_digamma(x):
    np.testing.assert_allclose(digamma(x), special.psi(x), rtol=1e-13)


def r_squares(values: np.ndarray, kind: str) -> np.ndarray:
    p = values.shape[1]
    r = np.zeros((p, p))
    function = {
        "pearson": stats.pearsonr,
        "spearman": stats.spearmanr,
        "kendall": stats.kendalltau,
    }[kind]
    for i in range(p):
        for j in range(p):
            if i != j:
                r[i, j] = function(values[:, i], values[:, j])[0]
    return r**2


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
@pytest.mark.parametrize("ties", [False, True])
def test_correlations_equal_scipy(kind, ties):
    # 400 samples have more pairs than Kendall's counts hold at a time.
    values = counts_table(3, 400, 5, 6) if ties else real_table(3, 400, 5)
    values[:, 1] += values[:, 0]
    expected = -0.5 * np.log(1 - np.minimum(r_squares(values, kind), 0.999999))
    np.testing.assert_allclose(mi_matrix(values, estimator=kind), expected, atol=1e-12)


def test_the_copula_ranks_ties_as_they_come():
    values = np.array([[1.0, 5], [0, 5], [1, 5], [0, 5]])
    expected = np.array([[5, 1], [1, 3], [7, 5], [3, 7]]) / 8
    np.testing.assert_allclose(copula(values), expected, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=12))
def test_doubled_ranks_are_those_of_scipy(column):
    values = np.array(column, dtype=float)[:, None]
    for ties, method in (("average", "average"), ("first", "ordinal")):
        expected = 2 * stats.rankdata(column, method=method) - len(column) - 1
        assert doubled_ranks(values, ties=ties)[:, 0].tolist() == expected.tolist()


def test_products_by_blocks(monkeypatch):
    columns = counts_table(4, 7, 11)
    monkeypatch.setattr(mi_correlations, "TILE", 4)
    np.testing.assert_array_equal(gram(columns, threads=2), columns.T @ columns)


def test_squares_by_blocks(monkeypatch):
    values = counts_table(4, 30, 11)
    expected = mi_matrix(values)
    monkeypatch.setattr(mi_correlations, "TILE", 4)
    np.testing.assert_array_equal(mi_matrix(values, threads=2), expected)


# The form of bc3net and of c3net


def test_bc3net_keeps_negative_values_and_entropies():
    values = real_table(5, 90, 9)
    ours = bc3net_mi_matrix(values, estimator="mm", discretisation="equalfreq", bins=3)
    codes = discretise(values, method="equalfreq", bins=3)
    np.testing.assert_allclose(
        ours.diagonal(), [entropy(gene.tolist(), "mi.mm") for gene in codes.T], atol=1e-12
    )
    clipped = mi_matrix(codes, estimator="mi.mm")
    off = ~np.eye(9, dtype=bool)
    np.testing.assert_allclose(np.maximum(ours, 0)[off], clipped[off], atol=1e-12)
    assert (ours < 0).any()


def test_bc3net_takes_the_bins_from_the_number_of_genes():
    values = real_table(6, 50, 16)
    by_default = bc3net_mi_matrix(values, estimator="emp")
    np.testing.assert_array_equal(by_default, bc3net_mi_matrix(values, estimator="emp", bins=4))
    assert (by_default != bc3net_mi_matrix(values, estimator="emp", bins=7)).any()


def test_bc3net_has_signed_correlations_and_no_nan():
    values = real_table(6, 20, 4)
    values[:, 1], values[:, 3] = -values[:, 0], 0.1
    ours = bc3net_mi_matrix(values, estimator="cor")
    np.testing.assert_allclose(ours[:3, :3], np.corrcoef(values[:, :3].T), atol=1e-14)
    assert not ours[3].any()
    assert not bc3net_mi_matrix(values, estimator="spearman")[3].any()


def test_c3net_caps_collinear_genes_however_they_round():
    x = real_table(7, 33, 1)
    values = np.hstack([x, -0.7 * x + 1 / 3, x * 1e-3, real_table(8, 33, 1)])
    ours = c3net_mi_matrix(values, copula="none")
    cap = -0.5 * math.log(1 - 0.9999999)
    np.testing.assert_allclose(ours[[0, 0, 1], [1, 2, 2]], cap, rtol=1e-9)
    assert ours[0, 3] < 0.5
    np.testing.assert_allclose(c3net_mi_matrix(values)[0, 1:3], cap, rtol=1e-9)


# Invariants


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_threads_and_the_order_of_genes_change_nothing(estimator):
    values = counts_table(9, 60, 41, 5)
    options = {"estimator": estimator, "discretisation": "equalwidth", "bins": 4}
    expected = mi_matrix(values, **options)
    np.testing.assert_array_equal(mi_matrix(values, threads=3, **options), expected)
    order = np.random.default_rng(0).permutation(41)
    shuffled = mi_matrix(np.asfortranarray(values[:, order]), **options)
    if estimator == "pearson":
        np.testing.assert_allclose(shuffled, expected[np.ix_(order, order)], atol=1e-14)
    else:
        np.testing.assert_array_equal(shuffled, expected[np.ix_(order, order)])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 30), st.sampled_from(ESTIMATORS))
def test_information_is_symmetric_and_not_negative(seed, samples, estimator):
    values = counts_table(seed, samples, 4)
    ours = mi_matrix(values, estimator=estimator)
    np.testing.assert_array_equal(ours, ours.T)
    assert not (ours < 0).any()
    assert not ours.diagonal().any()
    if estimator == "mi.empirical":
        codes = discretise(values, method="equalwidth", bins=4)
        bound = [entropy(gene.tolist(), estimator) for gene in codes.T]
        assert (ours <= np.minimum.outer(bound, bound) + 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_samples_changes_nothing_in_counts(seed):
    values = counts_table(seed, 25, 5)
    order = np.random.default_rng(seed).permutation(25)
    for estimator in ("kendall", "mi.mm", "spearman"):
        np.testing.assert_array_equal(
            mi_matrix(values, estimator=estimator), mi_matrix(values[order], estimator=estimator)
        )


# Degenerate input


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_constant_gene(estimator):
    values = np.round(real_table(10, 12, 3) * 3)
    values[:, 1] = 0.0
    ours = mi_matrix(values, estimator=estimator)
    undefined = estimator in ("spearman", "pearson", "kendall", "mi.shrink")
    assert np.isnan(ours[1, [0, 2]]).all() == undefined
    assert ours[1, 1] == 0
    assert undefined or not ours[1].any()
    assert np.isfinite(ours[0, 2])


def test_a_constant_gene_whose_mean_rounds():
    values = np.column_stack([np.full(37, 0.1), real_table(0, 37, 1)])
    assert np.isnan(mi_matrix(values, estimator="pearson")[0, 1])
    with pytest.raises(InputError, match="column 0 .* is constant"):
        c3net_mi_matrix(values, copula="none")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_all_zero(estimator):
    ours = mi_matrix(np.zeros((5, 2)), estimator=estimator)
    assert np.isnan(ours[0, 1]) or ours[0, 1] == 0


@pytest.mark.parametrize("estimator", ["spearman", "pearson", "kendall"])
def test_duplicate_genes_reach_the_cap(estimator):
    x = real_table(11, 20, 1)
    ours = mi_matrix(np.hstack([x, x, -x]), estimator=estimator)
    np.testing.assert_allclose(ours[0, 1:], -0.5 * math.log(1e-6), rtol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_gene_and_three_samples(estimator):
    options = {"estimator": estimator, "discretisation": "equalfreq", "bins": 2}
    assert mi_matrix(real_table(0, 3, 1), **options).tolist() == [[0.0]]
    assert mi_matrix(real_table(0, 3, 2), **options).shape == (2, 2)


@pytest.mark.parametrize("function", [mi_matrix, bc3net_mi_matrix, c3net_mi_matrix, copula])
@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((1, 3)), np.zeros((3, 0))])
def test_shapes_are_checked(function, bad):
    with pytest.raises(InputError, match="not samples x genes"):
        function(bad)


def test_missing_values_name_the_gene_or_drop_the_sample():
    values = np.round(real_table(12, 15, 4) * 2)
    values[3, 2] = np.nan
    for estimator in ("spearman", "pearson", "kendall"):
        np.testing.assert_array_equal(
            mi_matrix(values, estimator=estimator),
            mi_matrix(np.delete(values, 3, axis=0), estimator=estimator),
        )
    for function in (bc3net_mi_matrix, c3net_mi_matrix, lambda x: discretise(x, bins=2)):
        with pytest.raises(InputError, match="gene column 2"):
            function(values)
    with pytest.raises(InputError, match="gene column 2"):
        mi_matrix(values, estimator="mi.mm")
    values[:, 1] = np.inf
    with pytest.raises(InputError, match="gene column 1"):
        mi_matrix(values)


def test_real_values_need_a_discretisation():
    with pytest.raises(InputError, match="not discrete"):
        mi_matrix(real_table(0, 9, 2), estimator="mi.mm")
    for function in (mi_matrix, bc3net_mi_matrix):
        with pytest.raises(InputError, match="unknown estimator"):
            function(real_table(0, 9, 2), estimator="gauss")


def test_bins_default_to_the_root_of_the_samples():
    values = real_table(13, 30, 4)
    np.testing.assert_array_equal(
        mi_matrix(values, estimator="mi.mm", discretisation="equalfreq"),
        mi_matrix(values, estimator="mi.mm", discretisation="equalfreq", bins=5),
    )


def test_progress_goes_to_stderr(capsys):
    mi_matrix(counts_table(0, 9, 3), estimator="mi.mm", progress=True)
    captured = capsys.readouterr()
    assert "mm" in captured.err
    assert captured.out == ""


def test_too_many_states_are_refused(monkeypatch):
    monkeypatch.setattr(mutual_information, "MOST_STATES", 5)
    values = counts_table(0, 40, 2, 7)
    for discretisation in ("none", "equalwidth"):
        with pytest.raises(InputError, match="at most 5"):
            mi_matrix(values, estimator="mi.mm", discretisation=discretisation, bins=7)
