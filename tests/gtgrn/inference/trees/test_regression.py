"""GENIE3, ExtraTrees and GRNBoost2: both engines, workers, shards, failures."""

from __future__ import annotations

from dataclasses import asdict

import arboreto.core
import joblib
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.matrix import read_matrix, write_matrix
from gtgrn.errors import InputError
from gtgrn.inference.methods import extratrees, genie3, grnboost2
from gtgrn.inference.run import infer, shard
from gtgrn.inference.trees import regression as _trees
from gtgrn.seeds import derive_seed
from gtgrn.tables import sort_edges
from inference_cases import (
    ENGINES,
    EXPRESSION,
    FEW,
    PLANTED,
    REGULATORS,
    TREES,
    run,
)
from joblib import Parallel, parallel_config


def by_hand(method: str, expression: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Call arboreto for each target, as its own documentation shows for one machine."""
    regressor, options = {
        "genie3": ("RF", arboreto.core.RF_KWARGS),
        "extratrees": ("ET", arboreto.core.ET_KWARGS),
        "grnboost2": ("GBM", arboreto.core.SGBM_KWARGS),
    }[method]
    features = expression[REGULATORS].to_numpy(dtype=np.float64)
    found = [
        arboreto.core.infer_partial_network(
            regressor,
            options | FEW[method],
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
    edges = run(method, seed=seed, engine="arboreto")
    assert edges.attrs["engine"] == "arboreto"
    edges.attrs = {}
    pd.testing.assert_frame_equal(sort_edges(edges), by_hand(method, EXPRESSION, seed))
    assert (edges["weight"] > 0).all()
    assert (edges["regulator"] != edges["target"]).all()


@pytest.mark.parametrize(
    ("module", "constants"),
    [
        (genie3, arboreto.core.RF_KWARGS),
        (extratrees, arboreto.core.ET_KWARGS),
        (grnboost2, arboreto.core.SGBM_KWARGS),
    ],
)
def test_defaults_are_arboretos(module, constants):
    defaults = asdict(module.Options())
    for name, value in constants.items():
        if name != "n_jobs":
            assert defaults[name] == value


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
    run(method, engine="arboreto", **options)
    assert len(given) == EXPRESSION.shape[1]
    for keywords in given:
        assert (options | FEW[method]).items() <= keywords.items()


@pytest.fixture
def workers(monkeypatch):
    """Record how many worker processes are asked for."""
    asked = []

    def record(n_jobs, **options):
        asked.append(n_jobs)
        return Parallel(n_jobs=n_jobs, **options)

    monkeypatch.setattr(joblib, "Parallel", record)
    return asked


@pytest.mark.parametrize("method", TREES)
@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_threads_change_nothing(method, backend, workers, monkeypatch):
    # Processes, which the workflow uses, take long to start; threads share their order of work.
    monkeypatch.setattr(_trees, "TARGETS_PER_WORKER", 1)
    one = run(method, threads=1, engine="arboreto")
    with parallel_config(backend=backend):
        pd.testing.assert_frame_equal(one, run(method, threads=2, engine="arboreto"))
    assert workers == [1, 2]


def test_few_targets_start_no_worker_that_is_not_worth_it(workers, monkeypatch):
    run("genie3", threads=64, engine="arboreto")
    monkeypatch.setattr(_trees, "TARGETS_PER_WORKER", 4)
    with parallel_config(backend="threading"):
        run("genie3", threads=64, engine="arboreto")
    assert workers == [1, 2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", TREES)
def test_shards_join_to_the_network_whatever_their_number(method, engine):
    whole = sort_edges(run(method, engine=engine))
    for count in (2, 3, 20):
        items = [f"{i}-of-{count}" for i in range(1, count + 1)]
        shards = [shard(EXPRESSION.columns, item) for item in items]
        assert sorted(gene for part in shards for gene in part) == sorted(EXPRESSION)
        parts = [run(method, engine=engine, targets=part) for part in shards]
        pd.testing.assert_frame_equal(sort_edges(pd.concat(parts)), whole)


def test_unknown_engines_targets_and_rules_are_refused():
    with pytest.raises(InputError, match=r"genie3.engine.*'quick' is not one of fast, arboreto"):
        run("genie3", engine="quick")
    with pytest.raises(InputError, match="target Z9 is not among the genes"):
        run("genie3", targets=["G1", "Z9"])
    with pytest.raises(InputError, match="'same_bag' is not a rule that engine arboreto stops by"):
        run("grnboost2", engine="arboreto", stop="same_bag")


def test_the_matrix_reaches_the_trees_without_a_copy(tmp_path, monkeypatch):
    genes = pd.DataFrame({"gene": sorted(EXPRESSION), "is_regulator": True})
    write_matrix(
        EXPRESSION[sorted(EXPRESSION)].to_numpy(), genes, tmp_path / "m.npy", tmp_path / "g.tsv"
    )
    expression, regulators = read_matrix(tmp_path / "m.npy", tmp_path / "g.tsv")
    seen = []

    def look(features, *rest, **options):
        seen.append(features)
        return np.zeros((8, 8))

    monkeypatch.setattr("gtgrn.inference.trees.forest.forest_importances", look)
    infer("genie3", expression, regulators, seed=0)
    base = seen[0]
    while not isinstance(base, np.memmap):
        base = base.base
    assert base.filename == str(tmp_path / "m.npy") or base.filename == tmp_path / "m.npy"
    assert seen[0].flags.c_contiguous


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", TREES)
def test_a_constant_target_has_no_regulator(method, engine):
    expression = EXPRESSION.assign(G1=np.float32(0.1), R2=np.float32(0))
    edges = run(method, expression, engine=engine)
    # A constant gene neither is explained nor explains, and the others stay.
    assert set(edges["target"]) == set(expression) - {"G1", "R2"}
    assert set(edges["regulator"]) == set(REGULATORS) - {"R2"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", TREES)
def test_targets_that_nothing_can_explain(method, engine):
    # R1 is the only regulator that varies: every gene but itself has a regulator.
    constant = dict.fromkeys(["R2", "R3", "R4"], np.float32(0.1))
    edges = run(method, EXPRESSION.assign(**constant), engine=engine)
    assert set(edges["regulator"]) == {"R1"}
    assert set(edges["target"]) == set(PLANTED)
    only = run(method, regulators=["R1"], engine=engine)
    assert set(only["target"]) == set(EXPRESSION) - {"R1"}
    nothing = run(method, EXPRESSION.assign(**constant, R1=np.float32(0)), engine=engine)
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
        run(method, engine="arboreto")


def test_an_answer_without_its_columns_is_an_error(monkeypatch):
    monkeypatch.setattr(
        arboreto.core, "infer_partial_network", lambda *_, **__: pd.DataFrame({"TF": ["R1"]})
    )
    with pytest.raises(RuntimeError, match="regression failed for target G1"):
        run("genie3", engine="arboreto")
