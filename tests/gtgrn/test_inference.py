from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import arboreto.core
import gtgrn.inference
import numpy as np
import pandas as pd
import pytest
from gtgrn.edges import sort_edges
from gtgrn.inference import _trees, genie3, grnboost2, random
from gtgrn.seeds import derive_seed
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import Parallel, parallel_config

METHODS = [
    module.name
    for module in pkgutil.iter_modules(gtgrn.inference.__path__)
    if not module.name.startswith("_")
]
FEW_TREES = {"genie3": {"n_estimators": 8}, "grnboost2": {"n_estimators": 30}}
TREES = {"genie3": genie3, "grnboost2": grnboost2}
REGULATORS = ["R1", "R2", "R3", "R4"]
PLANTED = {"G1": "R1", "G2": "R2", "G3": "R3", "G4": "R4"}


def make_expression(cells: int = 60) -> pd.DataFrame:
    """Give expression in which each target follows one regulator, up or down."""
    rng = np.random.default_rng(0)
    values = {name: rng.gamma(2.0, 1.0, cells) for name in REGULATORS}
    for i, (target, regulator) in enumerate(PLANTED.items()):
        follows = values[regulator] * (-1) ** i
        values[target] = follows - follows.min() + 0.1 * rng.random(cells)
    return pd.DataFrame(values).astype(np.float32)


EXPRESSION = make_expression()


def run(method: str, expression=EXPRESSION, regulators=REGULATORS, *, seed=0, **options):
    infer = import_module(f"gtgrn.inference.{method}").infer
    return infer(expression, list(regulators), seed=seed, **FEW_TREES.get(method, {}), **options)


def without_loops(edges: pd.DataFrame) -> pd.DataFrame:
    return sort_edges(edges[edges["regulator"] != edges["target"]])


def matrix(edges: pd.DataFrame, genes, regulators=REGULATORS) -> np.ndarray:
    table = edges.pivot_table(index="regulator", columns="target", values="weight")
    return table.loc[list(regulators), list(genes)].to_numpy()


# Every method


def test_the_four_methods_are_there():
    assert {"genie3", "grnboost2", "pearson", "random"} <= set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_contract_of_every_method(method):
    parameters = inspect.signature(import_module(f"gtgrn.inference.{method}").infer).parameters
    assert list(parameters)[:4] == ["expression", "regulators", "seed", "threads"]
    assert parameters["seed"].default is inspect.Parameter.empty
    assert parameters["threads"].default == 1
    before = EXPRESSION.copy()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    edges = run(method)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    pd.testing.assert_frame_equal(EXPRESSION, before)
    assert list(edges.columns) == ["regulator", "target", "weight"]
    assert not edges.duplicated(["regulator", "target"]).any()
    assert set(edges["regulator"]) == set(REGULATORS)
    assert set(edges["target"]) == set(EXPRESSION)
    assert edges["weight"].dtype == float
    assert (edges["weight"] >= 0).all()
    assert np.isfinite(edges["weight"]).all()
    assert edges["weight"].max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_order_of_genes_and_regulators_changes_nothing(method):
    expected = sort_edges(run(method))
    other = sort_edges(run(method, EXPRESSION[EXPRESSION.columns[::-1]], REGULATORS[::-1]))
    pd.testing.assert_frame_equal(expected, other, check_exact=method != "pearson")


@pytest.mark.parametrize("method", METHODS)
def test_seeds(method):
    first, again, other = run(method), run(method), run(method, seed=1)
    pd.testing.assert_frame_equal(first, again)
    assert sort_edges(first).equals(sort_edges(other)) == (method == "pearson")


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"random"}))
def test_planted_regulation_ranks_first(method):
    edges = without_loops(run(method))
    best = edges.drop_duplicates("target").set_index("target")["regulator"]
    assert best[list(PLANTED)].to_dict() == PLANTED
    # And before everything else among the pairs of a target that is not a regulator.
    targets = edges[edges["target"].isin(PLANTED)]
    top = targets.head(len(PLANTED))
    assert dict(zip(top["target"], top["regulator"], strict=True)) == PLANTED


# Correlation


def test_pearson_is_numpys_up_to_the_sign():
    genes = sorted(EXPRESSION)
    correlations = np.abs(np.corrcoef(EXPRESSION[genes].to_numpy(float), rowvar=False))
    rows = [genes.index(name) for name in REGULATORS]
    weights = matrix(run("pearson"), genes)
    np.testing.assert_allclose(weights, correlations[rows], atol=1e-12)
    assert weights.max() <= 1
    assert len(run("pearson")) == len(REGULATORS) * len(genes)


@pytest.mark.parametrize("constant", [0.0, 0.1, 0.7, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_gene_correlates_with_nothing(constant, dtype):
    # In double precision, the mean of equal values need not be their value.
    expression = EXPRESSION.astype(dtype).assign(R2=dtype(constant), G1=dtype(constant))
    edges = without_loops(run("pearson", expression[:37]))
    touched = edges["regulator"].eq("R2") | edges["target"].isin(["R2", "G1"])
    assert touched.sum() == 7 + 3 + 3
    assert (edges.loc[touched, "weight"] == 0).all()
    assert (edges.loc[~touched, "weight"] > 0).all()


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-50, 50), scale=st.floats(0.01, 100), sign=st.sampled_from([-1, 1]))
def test_pearson_ignores_shift_scale_and_sign(shift, scale, sign):
    expression = EXPRESSION.astype(float)
    moved = expression.assign(R1=sign * scale * expression["R1"] + shift)
    genes = sorted(expression)
    np.testing.assert_allclose(
        matrix(run("pearson", moved), genes), matrix(run("pearson", expression), genes), atol=1e-9
    )


# Chance


def test_random_weights_are_uniform_and_depend_on_names_only():
    genes = [f"G{i}" for i in range(1000)]
    expression = pd.DataFrame(np.zeros((1, 1000)), columns=genes)
    edges = random.infer(expression, genes[:5], seed=3)
    assert len(edges) == 5000
    assert edges["weight"].between(0, 1, inclusive="left").all()
    counts, _ = np.histogram(edges["weight"], bins=10, range=(0, 1))
    assert counts.min() > 400
    assert counts.max() < 600
    rows = matrix(edges, genes, genes[:5])
    assert np.abs(np.corrcoef(rows) - np.eye(5)).max() < 0.15
    # Neither the values nor the other regulators matter.
    fewer = random.infer(expression + 1, genes[3:4], seed=3)
    np.testing.assert_array_equal(matrix(fewer, genes, genes[3:4])[0], rows[3])


# Trees


def by_hand(method: str, expression: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Call arboreto for each target, as its own documentation shows for one machine."""
    regressor, options = {
        "genie3": ("RF", arboreto.core.RF_KWARGS),
        "grnboost2": ("GBM", arboreto.core.SGBM_KWARGS),
    }[method]
    features = expression[REGULATORS].to_numpy(dtype=np.float64)
    found = [
        arboreto.core.infer_partial_network(
            regressor,
            options | FEW_TREES[method],
            features,
            REGULATORS,
            gene,
            expression[gene].to_numpy(dtype=np.float64),
            seed=derive_seed(seed, method, gene),
        )
        for gene in expression
    ]
    return sort_edges(pd.concat(found).set_axis(["regulator", "target", "weight"], axis=1))


@pytest.mark.parametrize("method", TREES)
@pytest.mark.parametrize("seed", [0, 7])
def test_trees_are_arboretos(method, seed):
    edges = run(method, seed=seed)
    pd.testing.assert_frame_equal(sort_edges(edges), by_hand(method, EXPRESSION, seed))
    assert (edges["weight"] > 0).all()
    assert (edges["regulator"] != edges["target"]).all()


@pytest.mark.parametrize(
    ("module", "constants"),
    [(genie3, arboreto.core.RF_KWARGS), (grnboost2, arboreto.core.SGBM_KWARGS)],
)
def test_defaults_are_arboretos(module, constants):
    parameters = inspect.signature(module.infer).parameters
    for name, value in constants.items():
        if name != "n_jobs":
            assert parameters[name].default == value


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("genie3", {"max_features": 1.0}),
        ("grnboost2", {"learning_rate": 0.2}),
        ("grnboost2", {"max_features": 1.0}),
        ("grnboost2", {"subsample": 0.5}),
    ],
)
def test_each_option_reaches_the_regressor(method, options, monkeypatch):
    given = []

    def record(regressor, keywords, *arguments, **more):
        given.append(keywords)
        return original(regressor, keywords, *arguments, **more)

    original = arboreto.core.infer_partial_network
    monkeypatch.setattr(arboreto.core, "infer_partial_network", record)
    run(method, **options)
    assert len(given) == EXPRESSION.shape[1]
    for keywords in given:
        assert (options | FEW_TREES[method]).items() <= keywords.items()


@pytest.fixture
def workers(monkeypatch):
    """Record how many worker processes are asked for."""
    asked = []

    def record(n_jobs, **options):
        asked.append(n_jobs)
        return Parallel(n_jobs=n_jobs, **options)

    monkeypatch.setattr(_trees, "Parallel", record)
    return asked


@pytest.mark.parametrize("method", TREES)
@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_threads_change_nothing(method, backend, workers, monkeypatch):
    # Processes, which the workflow uses, take long to start; threads share their order of work.
    monkeypatch.setattr(_trees, "TARGETS_PER_WORKER", 1)
    one = run(method, threads=1)
    with parallel_config(backend=backend):
        pd.testing.assert_frame_equal(one, run(method, threads=2))
    assert workers == [1, 2]


def test_few_targets_start_no_worker_that_is_not_worth_it(workers, monkeypatch):
    run("genie3", threads=64)
    monkeypatch.setattr(_trees, "TARGETS_PER_WORKER", 4)
    with parallel_config(backend="threading"):
        run("genie3", threads=64)
    assert workers == [1, 2]


@pytest.mark.parametrize("method", TREES)
def test_a_constant_target_has_no_regulator(method):
    expression = EXPRESSION.assign(G1=np.float32(0.1), R2=np.float32(0))
    edges = run(method, expression)
    # A constant gene neither is explained nor explains, and the others stay.
    assert set(edges["target"]) == set(expression) - {"G1", "R2"}
    assert set(edges["regulator"]) == set(REGULATORS) - {"R2"}


@pytest.mark.parametrize("method", TREES)
def test_targets_that_nothing_can_explain(method):
    # R1 is the only regulator that varies: every gene but itself has a regulator.
    constant = dict.fromkeys(["R2", "R3", "R4"], np.float32(0.1))
    edges = run(method, EXPRESSION.assign(**constant))
    assert set(edges["regulator"]) == {"R1"}
    assert set(edges["target"]) == set(PLANTED)
    only = run(method, regulators=["R1"])
    assert set(only["target"]) == set(EXPRESSION) - {"R1"}
    nothing = run(method, EXPRESSION.assign(**constant, R1=np.float32(0)))
    assert list(nothing.columns) == ["regulator", "target", "weight"]
    assert nothing.empty


@pytest.mark.parametrize("method", TREES)
def test_a_failed_regression_is_an_error(method, monkeypatch):
    # arboreto logs the failure ten times and answers with an empty table.
    fit_model = arboreto.core.fit_model

    def fail_for_one(regressor, options, features, target, *arguments):
        if np.array_equal(target, EXPRESSION["G3"].to_numpy(float)):
            raise ValueError("no convergence")
        return fit_model(regressor, options, features, target, *arguments)

    monkeypatch.setattr(arboreto.core, "fit_model", fail_for_one)
    with pytest.raises(RuntimeError, match="regression failed for target G3"):
        run(method)


def test_an_answer_without_its_columns_is_an_error(monkeypatch):
    monkeypatch.setattr(
        arboreto.core, "infer_partial_network", lambda *_, **__: pd.DataFrame({"TF": ["R1"]})
    )
    with pytest.raises(RuntimeError, match="regression failed for target G1"):
        run("genie3")
