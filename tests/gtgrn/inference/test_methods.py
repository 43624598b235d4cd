from __future__ import annotations

import inspect
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS
from gtgrn.errors import InputError
from gtgrn.inference.information import r as _r
from gtgrn.inference.methods import random
from gtgrn.inference.run import infer
from gtgrn.tables import sort_edges
from hypothesis import given, settings
from hypothesis import strategies as st
from inference_cases import (
    DETERMINISTIC,
    EXPRESSION,
    INFORMATION,
    METHODS,
    PLANTED,
    REGULATORS,
    SPARSE,
    TREES,
    matrix,
    run,
    without_loops,
)

# Every method


def test_the_methods_of_the_papers_are_there():
    assert {*TREES, *INFORMATION, "pearson", "partial_correlation", "random"} == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_contract_of_every_method(method):
    parameters = inspect.signature(
        import_module(f"gtgrn.inference.methods.{method}").infer
    ).parameters
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
    assert set(edges["regulator"]) <= set(REGULATORS)
    assert set(edges["target"]) <= set(EXPRESSION)
    if method not in SPARSE:
        assert len(edges) == len(REGULATORS) * EXPRESSION.shape[1]
    assert edges["weight"].dtype == float
    assert (edges["weight"] >= 0).all()
    assert np.isfinite(edges["weight"]).all()
    assert edges["weight"].max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_order_of_genes_and_regulators_changes_nothing(method):
    expected = sort_edges(run(method))
    other = sort_edges(run(method, EXPRESSION[EXPRESSION.columns[::-1]], REGULATORS[::-1]))
    pd.testing.assert_frame_equal(
        expected, other, check_exact="correlation" not in method and method != "pearson"
    )


@pytest.mark.parametrize("method", METHODS)
def test_seeds(method):
    first, again, other = run(method), run(method), run(method, seed=1)
    pd.testing.assert_frame_equal(first, again)
    if method in DETERMINISTIC:
        pd.testing.assert_frame_equal(first, other)
    elif method not in ("c3mtc", "bc3net"):  # whose nulls are drawn; these edges pass any
        assert not sort_edges(first).equals(sort_edges(other))


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"random"}))
def test_planted_regulation_ranks_first(method):
    edges = without_loops(run(method))
    best = edges.drop_duplicates("target").set_index("target")["regulator"]
    assert best[list(PLANTED)].to_dict() == PLANTED
    # And before everything else among the pairs of a target that is not a regulator.
    targets = edges[edges["target"].isin(PLANTED)]
    top = targets.head(len(PLANTED))
    assert dict(zip(top["target"], top["regulator"], strict=True)) == PLANTED


# What no method may stumble over


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("constant", [0.0, 0.7])
def test_a_constant_gene_has_no_weight(method, constant):
    if method == "random":
        pytest.skip("looks at no value")
    changed = EXPRESSION.assign(R2=np.float32(constant), G1=np.float32(constant))
    edges = without_loops(run(method, changed))
    touched = edges["regulator"].eq("R2") | edges["target"].isin(["R2", "G1"])
    assert (edges.loc[touched, "weight"] == 0).all()
    # And it takes nothing from the others.
    best = edges.drop_duplicates("target").set_index("target")["regulator"]
    assert best["G3"] == "R3"
    assert best["G4"] == "R4"


@pytest.mark.parametrize("method", METHODS)
def test_cells_without_a_count_and_duplicate_genes(method):
    changed = EXPRESSION.copy()
    changed.iloc[:10] = 0
    changed["G1"] = changed["R1"]
    edges = run(method, changed)
    assert np.isfinite(edges["weight"]).all()
    assert edges["weight"].max() > 0
    if method not in ("random", "partial_correlation", "c3mtc", "bc3net"):
        best = without_loops(edges).drop_duplicates("target").set_index("target")["regulator"]
        assert best["G1"] == "R1"


@pytest.mark.parametrize("method", METHODS)
def test_three_cells_are_enough_and_two_are_refused_where_they_say_nothing(method):
    edges = run(method, EXPRESSION[:3])
    assert np.isfinite(edges["weight"]).all()
    if method in INFORMATION:
        with pytest.raises(InputError, match="needs 3 cells at least, there are 2"):
            run(method, EXPRESSION[:2])


@pytest.mark.parametrize("method", METHODS)
def test_one_gene_has_no_edge(method):
    edges = run(method, EXPRESSION[["R1"]], ["R1"])
    assert without_loops(edges).empty
    assert list(edges.columns) == ["regulator", "target", "weight"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_values_are_refused(method, value):
    changed = EXPRESSION.copy()
    changed.loc[4, "G2"] = value
    with pytest.raises(InputError, match="gene G2 has missing or infinite values"):
        run(method, changed)


def test_regulators_must_be_genes():
    with pytest.raises(InputError, match="Z9 is not among the genes"):
        run("pearson", regulators=["R1", "Z9"])
    with pytest.raises(InputError, match="none is given"):
        run("pearson", regulators=[])


# Mutual information


@pytest.mark.parametrize("method", INFORMATION)
def test_the_sidecar_can_say_which_engine_it_was(method):
    attributes = run(method, engine="native").attrs
    assert attributes["engine"] == "native"
    assert attributes["versions"]["numpy"] == np.__version__


R_CALLS = {
    "aracne": (
        {"estimator": "mi.mm", "discretisation": "equalwidth", "bins": 4, "eps": 0.25},
        [
            ("minet::build.mim", {"estimator": "mi.mm", "disc": "equalwidth", "nbins": 4}),
            ("minet::aracne", {"eps": 0.25}),
        ],
    ),
    "mrnet": (
        {},
        [
            ("minet::build.mim", {"estimator": "spearman", "disc": "none", "nbins": 7}),
            ("minet::mrnet", {}),
        ],
    ),
    "clr": (
        {"skip_diagonal": False, "estimator": "kendall"},
        [
            ("minet::build.mim", {"estimator": "kendall", "disc": "none", "nbins": 7}),
            ("minet::clr", {"skipDiagonal": 0}),
        ],
    ),
    "c3net": (
        {
            **{"copula": "none", "step": "MTC", "cutoff": 0.1, "alpha": 0.2},
            **{"correction": "holm", "permutations": 3},
        },
        [
            (
                "c3net::c3net",
                {
                    **{"cop": False, "methodstep1": "MTC", "cutoffMI": 0.1, "alpha": 0.2},
                    **{"MTCmethod": "holm", "itnum": 3, "network": False},
                },
            )
        ],
    ),
    "c3mtc": (
        {
            **{"estimator": "emp", "discretisation": "equalfreq", "corrected": False},
            **{"correction": "BH", "alpha": 0.2, "null_samples": 3},
        },
        [
            (
                "bc3net::c3mtc",
                {
                    **{"estimator": "emp", "disc": "equalfreq", "mtc": False, "adj": "BH"},
                    **{"alpha": 0.2, "nullit": 3, "igraph": False},
                },
            )
        ],
    ),
    "bc3net": (
        {
            **{"bootstraps": 9, "estimator": "emp", "discretisation": "equalfreq"},
            **{"alpha": 0.2, "correction": "BH", "edge_alpha": 0.3},
            **{"edge_correction": "holm", "null_samples": 3},
        },
        [
            (
                "bc3net::bc3net",
                {
                    **{"boot": 9, "estimator": "emp", "disc": "equalfreq", "alpha1": 0.2},
                    **{"adj1": "BH", "alpha2": 0.3, "adj2": "holm", "nullit": 3},
                    "igraph": False,
                },
            )
        ],
    ),
}


@pytest.mark.parametrize("method", INFORMATION)
def test_r_gets_every_option_and_a_matrix_with_names(method, monkeypatch):
    asked = []

    def answer(function, matrix, rows, columns, **options):
        asked.append((function, options, np.shape(matrix), list(rows), list(columns)))
        return np.ones((EXPRESSION.shape[1], EXPRESSION.shape[1]))

    seeds = []
    monkeypatch.setattr(_r, "call", answer)
    monkeypatch.setattr(_r, "problem", lambda packages: None)
    monkeypatch.setattr(_r, "versions", lambda packages: dict.fromkeys(packages, "1.0"))
    monkeypatch.setattr(_r, "set_seed", seeds.append)
    given, calls = R_CALLS[method]
    edges = infer(method, EXPRESSION, REGULATORS, seed=11, **given)
    assert [(function, options) for function, options, *_ in asked] == calls
    assert seeds == [11]
    genes, cells = sorted(EXPRESSION), [f"cell{i}" for i in range(len(EXPRESSION))]
    by_genes = method in ("c3net", "c3mtc", "bc3net")
    _, _, shape, rows, columns = asked[0]
    assert (rows, columns) == ((genes, cells) if by_genes else (cells, genes))
    assert shape == (len(rows), len(columns))
    assert edges.attrs["engine"] == "r"
    assert len(without_loops(edges)) == len(REGULATORS) * (len(genes) - 1)


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
    # 500 in each of ten bins, with a standard error of 21; ten correlations of 1000 values.
    counts, _ = np.histogram(edges["weight"], bins=10, range=(0, 1))
    assert np.abs(counts - 500).max() < ERRORS * (5000 * 0.1 * 0.9) ** 0.5
    rows = matrix(edges, genes, genes[:5])
    assert np.abs(np.corrcoef(rows) - np.eye(5)).max() < ERRORS / 1000**0.5
    # Neither the values nor the other regulators matter.
    fewer = random.infer(expression + 1, genes[3:4], seed=3)
    np.testing.assert_array_equal(matrix(fewer, genes, genes[3:4])[0], rows[3])
