"""Agreement of simulated data sets: by hand, and of ours with BEELINE's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.simulation.agreement import compare_expression, correlation_auroc
from gtgrn.simulation.boolean import simulate
from gtgrn.simulation.boolean_models import read_model, reference_edges

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT.parent / "shared" / "data" / "hsc_boolean"


def draw(seed: int) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(500, 3))
    values[:, 1] += values[:, 0]
    return pd.DataFrame(values, columns=list("ABC"))


def test_a_sample_agrees_with_itself_in_any_order():
    sample = draw(0)
    found = compare_expression(sample, sample.sample(frac=1, random_state=0)[["C", "A", "B"]])
    for key in ("mean_ks", "max_ks", "mean_difference", "correlation_difference"):
        assert found[key] == pytest.approx(0)
    assert found["correlation_r"] == pytest.approx(1)


def test_a_shift_and_a_lost_correlation_show():
    sample, other = draw(0), draw(1)
    shifted = compare_expression(sample, sample + 10)
    assert shifted["max_ks"] == 1
    assert shifted["mean_difference"] == pytest.approx(10)
    assert shifted["correlation_difference"] == pytest.approx(0)
    other["B"] = other["B"].sample(frac=1, random_state=0).to_numpy()
    assert compare_expression(sample, other)["correlation_difference"] > 0.15


def test_auroc_of_correlations_by_hand():
    edges = pd.DataFrame({"regulator": ["A", "A"], "target": ["B", "A"]})
    # Of six ordered pairs A-B and B-A tie at the top, and one of them is the edge.
    assert correlation_auroc(draw(0), edges) == pytest.approx(0.9)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs ../shared/data")
def test_simulated_hsc_cells_agree_with_those_of_beeline():
    model = read_model(ROOT / "resources" / "boolean_models" / "hsc.yaml")
    ours = simulate(model, n_cells=2000, seed=0, t_max=8).expression
    theirs = pd.read_csv(PUBLISHED / "HSC_2000_0/ExpressionData.csv.gz", index_col=0).T
    found = compare_expression(ours, theirs)
    assert found["mean_ks"] < 0.05
    assert found["max_ks"] < 0.1
    assert found["correlation_r"] > 0.99
    assert found["correlation_difference"] < 0.04
    edges = reference_edges(model)
    assert correlation_auroc(ours, edges) == pytest.approx(
        correlation_auroc(theirs, edges), abs=0.03
    )
