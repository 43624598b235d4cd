"""The order of the cells is no information: no method may take any from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chance_cases import largest_t, t_bound
from gtgrn.errors import InputError
from gtgrn.inference.information.c3net import COPULAS, c3net
from gtgrn.inference.information.estimators import (
    CORRELATIONS,
    DISCRETE,
    DISCRETISATIONS,
    bc3net_mi_matrix,
    c3net_mi_matrix,
    mi_matrix,
)
from gtgrn.names import PAIR
from inference_cases import METHODS, run
from order_cases import BLOCKS, REGULATORS, orders, sparse_expression

EXPRESSION = sparse_expression()
SEEDS = 24
LIGHT = {
    "genie3": {"n_estimators": 4},
    "extratrees": {"n_estimators": 4},
    "grnboost2": {"n_estimators": 10},
    "c3mtc": {"null_samples": 5},
    "bc3net": {"null_samples": 5, "bootstraps": 10},
}


def infer(method: str, expression: pd.DataFrame, *, seed: int = 0, **options) -> pd.DataFrame:
    return run(method, expression, REGULATORS, seed=seed, **{**LIGHT.get(method, {}), **options})


def same(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    """Say whether two networks have the same edges, with weights that differ by rounding only."""
    first, second = (edges.set_index(list(PAIR))["weight"] for edges in (first, second))
    if not first.index.sort_values().equals(second.index.sort_values()):
        return False
    return np.allclose(second.reindex(first.index), first, rtol=1e-6, atol=1e-9)


def sample(method: str, expression: pd.DataFrame, seeds: range) -> np.ndarray:
    """Return seeds x pairs, 0 where a network lacks the pair."""
    pairs = pd.MultiIndex.from_product([REGULATORS, sorted(expression)])
    networks = (infer(method, expression, seed=seed) for seed in seeds)
    indexed = (edges.set_index(list(PAIR))["weight"] for edges in networks)
    return np.array([edges.reindex(pairs).fillna(0.0).to_numpy() for edges in indexed])


def check_order(method: str) -> None:
    """Compare networks of the same cells in several orders: exactly, else in the mean."""
    first = infer(method, EXPRESSION)
    moved = [EXPRESSION.iloc[order].reset_index(drop=True) for order in orders(EXPRESSION)]
    if all(same(first, infer(method, expression)) for expression in moved):
        return
    assert not same(first, infer(method, EXPRESSION, seed=1)), "no seed explains it"
    here = sample(method, EXPRESSION, range(SEEDS))
    there = sample(method, moved[BLOCKS], range(SEEDS, 2 * SEEDS))
    varies = (here.std(axis=0) > 0) | (there.std(axis=0) > 0)
    np.testing.assert_allclose(here[:, ~varies], there[:, ~varies])
    # Welch's degrees of freedom are those of one sample at least.
    bound = t_bound(int(varies.sum()), SEEDS - 1)
    assert largest_t(here[:, varies], there[:, varies]) < bound


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_cells_changes_no_network(method):
    check_order(method)


def test_what_reads_the_order_is_found(monkeypatch):
    """Let the check see a method that hangs on the order, alone and beside a seed."""
    from gtgrn.inference.methods import pearson

    honest = pearson.infer

    def reads_the_first_cells(expression, regulators, *, seed, threads=1):
        return honest(expression.iloc[:20], regulators, seed=seed)

    def subsamples(expression, regulators, *, seed, threads=1):
        kept = np.random.default_rng(seed).permutation(20)[:16]
        return honest(expression.iloc[kept], regulators, seed=seed)

    monkeypatch.setattr(pearson, "infer", reads_the_first_cells)
    with pytest.raises(AssertionError, match="no seed"):
        check_order("pearson")
    monkeypatch.setattr(pearson, "infer", subsamples)
    with pytest.raises(AssertionError):
        check_order("pearson")


# Ranks of tied values


def test_ties_ranked_as_they_come_make_independent_genes_correlate():
    rng = np.random.default_rng(0)
    values = np.where(rng.random((400, 30)) < 0.9, 0.0, rng.gamma(1.0, 1.0, (400, 30)))
    upper = np.triu_indices(30, 1)
    mean = {
        copula: np.sqrt(1 - np.exp(-2 * c3net_mi_matrix(values, copula=copula)[upper])).mean()
        for copula in COPULAS
    }
    # Of independent genes |r| is .04 in the mean, with 400 cells; zeros in the order of the
    # cells give a rank correlation of about two thirds.
    assert mean["first"] > 0.5
    assert mean["average"] < 0.1
    assert mean["none"] < 0.1


@pytest.mark.parametrize("copula", COPULAS)
@pytest.mark.parametrize("step", ["cutoff", "MTC", "justp"])
def test_only_ranks_as_they_come_hang_on_the_order(copula, step):
    rng = np.random.default_rng(2)
    values = np.where(rng.random((60, 14)) < 0.7, 0.0, rng.gamma(1.0, 1.0, (60, 14)))
    values[:, 1::2] += values[:, ::2]
    options = {"copula": copula, "step": step, "alpha": 0.2, "correction": "none"}
    here = c3net(values, **options)
    there = c3net(values[rng.permutation(60)], **options)
    assert np.count_nonzero(here)
    assert np.allclose(here, there, atol=1e-9) == (copula != "first")


ESTIMATED = [
    *((mi_matrix, {"estimator": name}) for name in CORRELATIONS),
    *(
        (mi_matrix, {"estimator": name, "discretisation": cut})
        for name in DISCRETE
        for cut in DISCRETISATIONS
    ),
    *((bc3net_mi_matrix, {"estimator": name}) for name in (*CORRELATIONS, "cor")),
]


@pytest.mark.parametrize(("estimate", "options"), ESTIMATED)
def test_the_order_of_the_cells_changes_no_information(estimate, options):
    values = EXPRESSION.to_numpy(float)
    here = estimate(values, **options)
    for order in orders(EXPRESSION):
        np.testing.assert_allclose(estimate(values[order], **options), here, atol=1e-9)


def test_average_ranks_are_not_asked_of_r():
    with pytest.raises(InputError, match="copula"):
        infer("c3net", EXPRESSION, engine="r")
    assert infer("c3net", EXPRESSION, engine="auto").attrs["engine"] == "native"
    with pytest.raises(InputError, match="unknown copula 'mean'"):
        infer("c3net", EXPRESSION, copula="mean")
