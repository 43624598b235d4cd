"""Knock-outs predicted on linear systems whose response is known."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.perturbation.response import choose_structure, correlate_all, fit, respond
from gtgrn.perturbation.rewiring import rewire
from gtgrn.perturbation.tables import check_genes, perturb
from scipy.stats import binom

GENES = [f"G{n:02d}" for n in range(30)]
EDGES = [("G00", "G01", 0.8), ("G01", "G10", -0.7), ("G01", "G11", 0.7), ("G00", "G12", -0.9),
         ("G02", "G13", 0.8), ("G02", "G14", 0.8), ("G03", "G15", 0.8), ("G00", "G16", 0.6),
         ("G02", "G16", 0.6)]  # fmt: skip


def draw(cells: int, seed: int) -> pd.DataFrame:
    """Cells of a linear system without circles: each gene is its regulators and noise."""
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.normal(size=(cells, 30)), columns=GENES)
    for regulator, target, weight in EDGES:
        values[target] = values[target] * 0.6 + weight * values[regulator]
    return values + 5


def rank(edges, regulators=("G00", "G01", "G02", "G03")) -> pd.DataFrame:
    """A network with some edges first, then all others of the regulators in no order."""
    first = [(r, t) for r, t, *_ in edges]
    rest = [(r, t) for r in regulators for t in GENES if r != t and (r, t) not in first]
    rest = [rest[n] for n in np.random.default_rng(0).permutation(len(rest))]
    table = pd.DataFrame(first + rest, columns=["regulator", "target"])
    return table.assign(score=np.linspace(1, 0, len(table)))


def test_the_response_follows_the_paths_with_their_signs():
    table, summary = perturb(draw(2000, 0), rank(EDGES), "G00", 0.0, rewirings=50, seed=0)
    found = table.set_index("gene")["response_sd"]
    assert summary["mean"] == pytest.approx(5, abs=0.2)
    # Held five standard deviations low: what it activates falls, what it represses rises.
    assert found["G01"] < -1
    assert found["G16"] < -0.5
    assert found["G12"] > 1
    # Passed on by G01, and less so.
    assert found["G10"] > 0.3
    assert found["G11"] < -0.3
    assert abs(found["G10"]) < abs(found["G01"])
    assert "G00" not in found.index
    assert list(table["rank"]) == list(range(1, 30))
    assert set(table.loc[table["direct"] == 1, "gene"]) >= {"G01", "G12", "G16"}


def test_the_sum_over_paths_is_that_of_the_formula():
    values = draw(500, 1)[GENES].to_numpy()
    structure = choose_structure(rank(EDGES), GENES)
    coefficient = fit(structure, correlate_all(values, structure.regulators))
    matrix = np.zeros((30, 30))
    matrix[structure.target, structure.regulators[structure.source]] = 0.5 * coefficient
    matrix[0] = 0
    held = np.zeros(30)
    held[0] = -2.0
    expected = sum(np.linalg.matrix_power(matrix, n) @ held for n in range(11))
    assert respond(structure, coefficient, 0, -2.0, 30) == pytest.approx(expected)


def test_coefficients_are_those_of_ridge_regression():
    from sklearn.linear_model import Ridge

    values = draw(400, 2)
    network = rank(EDGES)
    structure = choose_structure(network, GENES)
    coefficient = fit(structure, correlate_all(values.to_numpy(), structure.regulators))
    scaled = (values - values.mean()) / values.std(ddof=0)
    own = structure.target == GENES.index("G16")
    names = [GENES[structure.regulators[s]] for s in structure.source[own]]
    # Penalties are brought into the values: x / sqrt(penalty) with a penalty of 1 a cell.
    root = np.sqrt(structure.penalty[own])
    model = Ridge(alpha=len(values), fit_intercept=False)
    model.fit(scaled[names].to_numpy() / root, scaled["G16"])
    assert coefficient[own] == pytest.approx(model.coef_ / root, rel=1e-6)


def test_a_known_sign_that_the_cells_contradict_carries_nothing():
    network = rank(EDGES).assign(sign="+", sign_from="reference")
    table, _ = perturb(draw(1000, 3), network, "G00", 0.0, rewirings=20, seed=0)
    found = table.set_index("gene")["response_sd"]
    assert found["G12"] == 0
    assert found["G01"] < -1


def test_rewired_networks_keep_degrees_and_have_no_edge_twice():
    structure = choose_structure(rank(EDGES), GENES)
    before = np.bincount(structure.source)
    moved = []
    for one in rewire(structure, 30, 20, seed=0):
        assert (np.bincount(one.source) == before).all()
        assert (one.target == structure.target).all()
        regulators = one.regulators[one.source]
        assert (regulators != one.target).all()
        assert len(set(zip(regulators, one.target, strict=True))) == len(one.target)
        moved.append((one.source != structure.source).mean())
    assert max(moved) > 0.2


def test_true_edges_respond_more_than_rewired_ones():
    rng = np.random.default_rng(0)
    names = [f"N{n:03d}" for n in range(500)]
    values = pd.DataFrame(rng.normal(size=(300, 500)), columns=names)
    # A hundred regulators with four targets each.
    edges = [(names[n % 100], names[100 + n], 0.9) for n in range(400)]
    for regulator, target, weight in edges:
        values[target] += weight * values[regulator]
    network = pd.DataFrame(edges, columns=["regulator", "target", "score"])
    padding = [(r, t, 0.1) for r in names[:100] for t in names if r != t]
    padding = pd.DataFrame(padding, columns=network.columns).sample(frac=1, random_state=0)
    network = pd.concat([network, padding]).drop_duplicates(["regulator", "target"])
    table, summary = perturb(values, network, "N000", -2.0, rewirings=200, seed=0)
    assert summary["total_p"] <= 0.05
    claimed = table[table["fdr"] <= 0.05]
    assert set(claimed["gene"]) == set(names[100::100])
    assert (claimed["response"] < 0).all()


def test_a_random_network_claims_little():
    # It is one of its rewired ones: it claims with a chance of at most .05.
    runs, claiming = 40, 0
    for seed in range(runs):
        network = rank([]).sample(frac=1, random_state=seed)
        network["score"] = np.linspace(1, 0, len(network))
        table, _ = perturb(draw(200, seed), network, "G00", 0.0, rewirings=99, seed=seed)
        claiming += (table["fdr"] <= 0.05).any()
    assert claiming <= binom.ppf(1 - 1e-6, runs, 0.05)


def test_what_cannot_respond_says_so():
    values = draw(100, 0)
    table, summary = perturb(values, rank(EDGES), "G20", 0.0, rewirings=10, seed=0)
    assert "No" in summary["note"]
    assert (table["response"] == 0).all()
    values["G00"] = 0.0
    table, summary = perturb(values, rank(EDGES), "G00", 0.0, rewirings=10, seed=0)
    assert "nothing changes" in summary["note"]
    assert (table["p"] == 1).all()


def test_unknown_genes_are_named_with_the_nearest():
    var = pd.DataFrame({"is_regulator": [g < "G04" for g in GENES]}, index=GENES)
    adata = ad.AnnData(draw(20, 0).to_numpy(), var=var)
    made = check_genes(adata, [{"gene": "G01", "to": 2.0}], "mine")
    assert made.loc[0, "mean"] == pytest.approx(adata[:, "G01"].X.mean())
    with pytest.raises(InputError, match="Did you mean 'G01'"):
        check_genes(adata, [{"gene": "g01", "to": 0.0}], "mine")
    with pytest.raises(InputError, match=r"no regulator.*Add it to the card's regulators"):
        check_genes(adata, [{"gene": "G20", "to": 0.0}], "mine")
    adata.var.loc["G20", "is_regulator"] = True
    assert check_genes(adata, [{"gene": "G20", "to": 0.0}], "mine").loc[0, "to"] == 0
