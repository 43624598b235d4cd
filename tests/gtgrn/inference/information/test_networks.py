from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from gtgrn.errors import InputError
from gtgrn.inference.information import c3net as c3_networks
from gtgrn.inference.information.bc3net import bc3net
from gtgrn.inference.information.c3net import (
    bc3net_null,
    c3,
    c3mtc,
    c3net,
    c3net_null,
)
from gtgrn.inference.information.estimators import bc3net_mi_matrix, c3net_mi_matrix
from gtgrn.inference.information.networks import aracne, clr, mrnet
from gtgrn.inference.information.significance import adjust_p_values
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

NETWORKS = (aracne, mrnet, clr, c3)


def random_mim(seed: int, genes: int, *, levels: int = 0) -> np.ndarray:
    """Symmetric, diagonal 0; `levels` above 0 gives few values and thus many ties."""
    rng = np.random.default_rng(seed)
    full = rng.integers(0, levels, (genes, genes)) / 8 if levels else rng.random((genes, genes))
    upper = np.triu(full, 1)
    return upper + upper.T


def chain(samples: int = 60, genes: int = 9) -> np.ndarray:
    """Each gene depends on the one before: the columns are samples x genes."""
    values = np.random.default_rng(0).normal(size=(samples, genes))
    for g in range(1, genes):
        values[:, g] += 1.5 * values[:, g - 1]
    return values / values.std(0)


# ARACNE


def plain_aracne(mim: np.ndarray, weak) -> np.ndarray:
    out = mim.copy()
    for triple in itertools.combinations(range(len(mim)), 3):
        edges = sorted((mim[a, b], a, b) for a, b in itertools.combinations(triple, 2))
        if weak(edges[0][0], edges[1][0]):
            out[edges[0][1], edges[0][2]] = out[edges[0][2], edges[0][1]] = 0
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 11), st.sampled_from([0, 4]))
def test_aracne_equals_the_loop_over_triples(seed, genes, levels):
    mim = random_mim(seed, genes, levels=levels)
    for eps in (0.0, 0.125, 0.4):
        expected = plain_aracne(mim, lambda low, second, e=eps: second - low > e)
        np.testing.assert_array_equal(aracne(mim, eps=eps), expected)


def test_aracne_keeps_the_diagonal_and_lets_nan_remove_nothing():
    mim = random_mim(0, 6)
    expected = aracne(mim[:5, :5])
    mim[5] = mim[:, 5] = np.nan
    np.fill_diagonal(mim, 7.0)
    ours = aracne(mim)
    np.testing.assert_array_equal(ours.diagonal(), np.full(6, 7.0))
    assert np.isnan(ours[5, :5]).all()
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_array_equal(ours[:5, :5][off], expected[off])


def test_aracne_of_more_columns_than_a_tile_holds():
    mim = random_mim(1, 530)
    detour = np.array([np.minimum(row, mim).max(1) for row in mim])
    np.testing.assert_array_equal(aracne(mim, threads=2), np.where(detour > mim, 0, mim))


def test_tolerances_are_checked():
    mim = random_mim(0, 4)
    for eps in (-0.1, math.nan):
        with pytest.raises(InputError, match=f"eps of {eps}"):
            aracne(mim, eps=eps)


# MRNET


def plain_mrnet(mim: np.ndarray, stop_at_zero: bool) -> np.ndarray:
    n = len(mim)
    out = np.zeros_like(mim)
    for t in range(n):
        chosen = []
        free = [j for j in range(n) if j != t or not stop_at_zero]
        while free:
            scores = [
                mim[t, j] - (sum(mim[j, s] for s in chosen) / len(chosen) if chosen else 0)
                for j in free
            ]
            best = next(k for k, score in enumerate(scores) if score > max(scores) - 1e-12)
            score, j = scores[best], free.pop(best)
            if abs(score) < 1e-12:
                score = 0.0
            out[t, j] = max(score, 0)
            if score < 0 or (stop_at_zero and score == 0):
                break
            chosen.append(j)
    return np.maximum(out, out.T)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from([0, 4]))
def test_mrnet_equals_the_plain_search(seed, genes, levels):
    mim = random_mim(seed, genes, levels=levels)
    for rule in (False, True):
        expected = plain_mrnet(mim, rule)
        np.testing.assert_allclose(mrnet(mim, stop_at_zero=rule), expected, atol=1e-12)


def test_a_score_of_zero_goes_on_in_minet_and_stops_in_parmigene():
    # Target 0: gene 1 first; then gene 2 scores 0.25 - 0.25 = 0 and gene 3 0.5 - 0.5 = 0, but
    # with both chosen gene 4 scores 0.375 - (1 + 0 + 0) / 3 > 0.
    mim = np.zeros((5, 5))
    for i, j, value in [(0, 1, 2), (0, 2, 1), (0, 3, 2), (0, 4, 1.5), (1, 2, 1), (1, 4, 4)]:
        mim[i, j] = mim[j, i] = value / 4
    mim[1, 3] = mim[3, 1] = 0.5
    mim[4, 1] = mim[1, 4] = 0.9
    minets, parmigenes = mrnet(mim), mrnet(mim, stop_at_zero=True)
    np.testing.assert_allclose(minets, plain_mrnet(mim, False), atol=1e-15)
    np.testing.assert_allclose(parmigenes, plain_mrnet(mim, True), atol=1e-15)
    assert minets[0, 4] > parmigenes[0, 4] == 0


# CLR


@pytest.mark.parametrize("form", ["minet", "diagonal", "parmigene"])
def test_clr_equals_its_formula(form):
    mim = random_mim(3, 7)
    np.fill_diagonal(mim, 0.3)
    z = np.zeros((7, 7))
    for i in range(7):
        row = np.delete(mim[i], i) if form == "minet" else mim[i]
        z[i] = np.maximum(0, (mim[i] - row.mean()) / row.std(ddof=int(form != "parmigene")))
    power = 4 if form == "parmigene" else 2
    expected = np.sqrt(z**power + z.T**power)
    np.fill_diagonal(expected, 0)
    ours = clr(mim, skip_diagonal=form == "minet", parmigene=form == "parmigene")
    np.testing.assert_allclose(ours, expected, atol=1e-13)


def test_clr_of_a_row_without_variance():
    mim = random_mim(4, 5)
    mim[2] = mim[:, 2] = 0.1  # the mean of 0.1 rounds
    mim[2, 2] = 0
    ours = clr(mim)
    assert np.isnan(ours[2, [0, 1, 3, 4]]).all()
    assert np.isfinite(ours[0, [1, 3, 4]]).all()
    assert not ours.diagonal().any()
    mim[2] = mim[:, 2] = 0.0
    assert np.isfinite(clr(mim, parmigene=True)).all()


def test_clr_by_blocks_is_symmetric():
    ours = clr(random_mim(5, 600))
    np.testing.assert_array_equal(ours, ours.T)
    z = ours[550, 3] ** 2
    row = random_mim(5, 600)
    for i, j in ((550, 3), (3, 550)):
        others = np.delete(row[i], i)
        z -= max(0, (row[i, j] - others.mean()) / others.std(ddof=1)) ** 2
    assert abs(z) < 1e-9


# What all networks share


@pytest.mark.parametrize("network", NETWORKS)
def test_matrices_are_checked(network):
    with pytest.raises(InputError, match="not square"):
        network(np.zeros((2, 3)))
    if network is not c3:
        with pytest.raises(InputError, match="not symmetric"):
            network(np.array([[0.0, 1], [2, 0]]))
    with pytest.raises(InputError, match="infinite"):
        network(np.array([[0.0, np.inf], [np.inf, 0]]))


@pytest.mark.parametrize("network", NETWORKS)
def test_one_gene_has_no_edge(network):
    np.testing.assert_array_equal(network(np.zeros((1, 1))), [[0.0]])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 20))
def test_networks_are_symmetric_whatever_the_order_of_genes_and_threads(seed, genes):
    mim = random_mim(seed, genes)
    order = np.random.default_rng(seed).permutation(genes)
    for network in NETWORKS:
        ours = network(mim)
        np.testing.assert_array_equal(ours, ours.T)
        shuffled = network(mim[np.ix_(order, order)])
        np.testing.assert_allclose(shuffled, ours[np.ix_(order, order)], atol=1e-12)
        if network in (aracne, mrnet):
            np.testing.assert_array_equal(network(mim, threads=3), ours)


def test_networks_leave_their_input_alone():
    mim = random_mim(6, 9)
    np.fill_diagonal(mim, 0.5)
    before = mim.copy()
    for network in NETWORKS:
        network(mim)
        np.testing.assert_array_equal(mim, before)


# C3NET


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([0, 3]))
def test_c3_keeps_the_first_strongest_edge_of_each_gene(seed, genes, levels):
    mim = random_mim(seed, genes, levels=levels)
    expected = np.zeros_like(mim)
    for i in range(genes):
        if mim[i].sum():
            j = int(mim[i].argmax())
            expected[i, j] = expected[j, i] = mim[i, j]
    np.testing.assert_array_equal(c3(mim), expected)


def test_c3_refuses_nan():
    with pytest.raises(InputError, match="missing"):
        c3(np.array([[0, np.nan], [np.nan, 0]]))


P = np.array([0.01, 0.04, 0.03, 0.005, 0.04, 0.9])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("none", P),
        ("bonferroni", [0.06, 0.24, 0.18, 0.03, 0.24, 1]),
        ("holm", [0.05, 0.12, 0.12, 0.03, 0.12, 0.9]),
        ("hochberg", [0.05, 0.08, 0.08, 0.03, 0.08, 0.9]),
        ("BH", stats.false_discovery_control(P, method="bh")),
        ("BY", stats.false_discovery_control(P, method="by")),
    ],
)
def test_adjusted_p_values(method, expected):
    np.testing.assert_allclose(adjust_p_values(P, method), expected, rtol=1e-14)
    assert len(adjust_p_values(np.empty(0), method)) == 0


def test_unknown_options_of_the_tests():
    values = chain()
    with pytest.raises(InputError, match="unknown adjustment"):
        adjust_p_values(P, "fdr2")
    with pytest.raises(InputError, match="unknown first step"):
        c3net(values, step="mtc")
    with pytest.raises(InputError, match="alpha"):
        c3net(values, alpha=1.0)
    for function in (c3mtc, bc3net_null, bc3net):
        with pytest.raises(InputError, match="1 genes|2 genes"):
            function(values[:, :2], estimator="pearson")
    with pytest.raises(InputError, match="0 shuffles"):
        bc3net_null(values, null_samples=0)
    with pytest.raises(InputError, match="0 permutations"):
        c3net_null(values, permutations=0)


def test_the_three_first_steps_of_c3net():
    values = chain()
    mim = c3net_mi_matrix(values)
    upper = mim[np.triu_indices(9, 1)]
    null = np.random.default_rng(0).permutation(np.linspace(0.001, 0.3, 500))
    limit = np.sort(null)[math.ceil(0.9 * 500) - 1]
    p = (null[None, :] > upper[:, None]).mean(1)
    kept = np.zeros_like(mim)
    kept[np.triu_indices(9, 1)] = upper * (adjust_p_values(p, "holm") <= 0.1)
    for options, expected in [
        ({}, np.where(mim < upper.mean(), 0, mim)),
        ({"cutoff": 0.3}, np.where(mim < 0.3, 0, mim)),
        ({"step": "justp"}, np.where(mim < limit, 0, mim)),
        ({"step": "MTC", "correction": "holm"}, kept + kept.T),
    ]:
        ours = c3net(values, null=null, alpha=0.1, **options)
        np.testing.assert_allclose(ours, c3(expected), atol=1e-14)
        assert 0 < np.count_nonzero(ours) < 2 * 9


def test_c3net_finds_the_chain_by_a_null_of_its_own():
    ours = c3net(chain(200), step="MTC", correction="bonferroni", permutations=20)
    i, j = np.nonzero(ours)
    assert len(i) >= 10
    assert (np.abs(i - j) == 1).all()


def test_c3mtc_tests_the_edges_of_c3_only():
    values = chain()
    mim = bc3net_mi_matrix(values)
    edges = c3(mim)
    i, j = np.nonzero(np.triu(edges))
    null = np.sort(np.append(np.linspace(0, 0.2, 99), edges[i[0], j[0]]))
    p = np.array([(null > value).mean() for value in edges[i, j]])
    p[edges[i, j] > null.max()] = 1 / 100
    expected = np.zeros_like(mim)
    keep = adjust_p_values(p, "bonferroni") <= 0.05
    # The one equal to the largest null value has p = 0, those above it 1 / 100.
    assert 0 < keep.sum() < len(keep)
    expected[i[keep], j[keep]] = edges[i[keep], j[keep]]
    ours = c3mtc(values, null=null)
    np.testing.assert_allclose(ours, expected + expected.T, atol=1e-13)
    np.testing.assert_array_equal(c3mtc(values, corrected=False), edges)


# BC3NET


def plain_bc3net(values: np.ndarray, null: np.ndarray, draws: np.ndarray, **options) -> np.ndarray:
    n, counts = values.shape[1], 0
    for indices in draws:
        mim = bc3net_mi_matrix(values[indices], **options)
        np.fill_diagonal(mim, 0)
        edges = np.triu(c3(mim))
        i, j = np.nonzero(edges)
        p = np.array([(null > value).mean() for value in edges[i, j]])
        p[p == 0] = 1 / len(null)
        keep = adjust_p_values(p, "BH") <= 0.2
        hit = np.zeros((n, n))
        hit[i[keep], j[keep]] = 1
        counts = counts + hit
    i, j = np.nonzero(counts)
    chance = counts.sum() / (len(draws) * n * (n - 1) / 2)
    tail = adjust_p_values(stats.binom.sf(counts[i, j], len(draws), chance), "holm")
    counts[i[tail > 0.3], j[tail > 0.3]] = 0
    return (counts + counts.T) / len(draws)


@pytest.mark.parametrize("estimator", ["pearson", "spearman", "kendall", "emp", "mm"])
def test_bc3net_equals_a_plain_restatement(estimator):
    values = np.round(chain(40, 8), 1)
    values[:, 7] = values[:, 7] > 1.6  # now and then constant in a bootstrap
    draws = np.random.default_rng(1).integers(0, 40, (25, 40))
    null = np.abs(np.random.default_rng(2).normal(0, 0.06, 400))
    ours = bc3net(
        values,
        estimator=estimator,
        null=null,
        indices=draws,
        alpha=0.2,
        correction="BH",
        edge_alpha=0.3,
        edge_correction="holm",
    )
    expected = plain_bc3net(values, null, draws, estimator=estimator)
    np.testing.assert_allclose(ours, expected, atol=1e-15)
    assert np.count_nonzero(ours) > 0


def test_bc3net_depends_on_the_seed_but_not_on_threads():
    values = chain()
    options = {"bootstraps": 30, "null_samples": 100}
    first = bc3net(values, seed=1, **options)
    np.testing.assert_array_equal(bc3net(values, seed=1, threads=3, **options), first)
    assert (bc3net(values, seed=2, **options) != first).any()
    binary = bc3net(values, seed=1, weighted=False, **options)
    np.testing.assert_array_equal(binary, first > 0)
    everything = bc3net(values, seed=1, corrected=False, edge_corrected=False, **options)
    assert np.count_nonzero(everything) > np.count_nonzero(first)


def test_nulls_depend_on_the_seed_but_not_on_threads():
    values = chain()
    for function in (c3net_null, lambda x, **options: bc3net_null(x, null_samples=4, **options)):
        ours = function(values, seed=3)
        np.testing.assert_array_equal(function(values, seed=3, threads=2), ours)
        np.testing.assert_array_equal(function(values, seed=3, threads=7), ours)
        assert (np.diff(ours) >= 0).all()
        assert len(function(values, seed=4)) == len(ours)
        assert (function(values, seed=4) != ours).any()
    assert len(c3net_null(values, permutations=3)) == 3 * 36


def test_the_null_of_bc3net_has_a_hundred_thousand_values(monkeypatch):
    monkeypatch.setattr(c3_networks, "NULL_SIZE", 1e3)
    # ceil(1e3 / (81 / 2 - 9)) = 32 tables of 36 pairs.
    assert len(bc3net_null(chain())) == 32 * 36


@pytest.mark.parametrize("estimator", ["pearson", "spearman", "emp"])
def test_degenerate_values(estimator):
    options = {"estimator": estimator, "discretisation": "equalwidth"}
    zeros = np.zeros((6, 4))
    assert not c3mtc(zeros, **options).any()
    with pytest.raises(InputError, match="null distribution that is empty"):
        bc3net(zeros, null_samples=2, **options)
    x = np.random.default_rng(0).normal(size=(12, 3))
    doubled = np.hstack([x, x[:, :1], np.zeros((12, 1))])
    ours = c3mtc(doubled, alpha=1.0, null_samples=50, **options)
    assert ours[0, 3] > 0.6
    assert c3mtc(x[:3], alpha=1.0, null_samples=50, **options).shape == (3, 3)


def test_bootstrap_indices_are_checked():
    values = chain()
    for wrong in (np.full((2, 60), 60), np.full((2, 60), -1)):
        with pytest.raises(InputError, match="beyond the samples"):
            bc3net(values, indices=wrong, corrected=False)
    with pytest.raises(InputError, match="no bootstrap"):
        bc3net(values, bootstraps=0)


def test_missing_values_name_the_gene():
    values = chain()
    values[4, 6] = np.nan
    for function in (c3net, c3net_null, c3mtc, bc3net_null, bc3net):
        with pytest.raises(InputError, match="gene column 6"):
            function(values)


def test_progress_goes_to_stderr(capsys):
    bc3net(chain(), bootstraps=3, null_samples=2, progress=True)
    captured = capsys.readouterr()
    assert "bootstraps" in captured.err
    assert "null" in captured.err
    assert captured.out == ""
