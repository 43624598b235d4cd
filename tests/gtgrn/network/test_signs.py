"""Signs of edges: from the reference, from the correlation, or none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.network.regulons import RHO
from gtgrn.network.signs import COLUMNS, FEWEST, add_signs, judge_signs

REGULATORS = [f"R{n}" for n in range(10)]
TARGETS = [f"T{n:02d}" for n in range(12)]


@pytest.fixture
def cells():
    """Cells in which the first half of the targets follow all regulators, the others oppose."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(300, 1))
    sides = [1] * 10 + [1] * 6 + [-1] * 6
    values = shared * sides + rng.normal(size=(300, 22))
    return pd.DataFrame(values, columns=REGULATORS + TARGETS)


def pairs() -> pd.DataFrame:
    rows = [(r, t) for r in REGULATORS for t in TARGETS]
    return pd.DataFrame(rows, columns=["regulator", "target"]).assign(rank=range(1, 121))


def known(signs) -> pd.DataFrame:
    """Return signed edges to the targets but the last of either half, which stay novel."""
    table = pairs()[["regulator", "target"]]
    table = table[~table["target"].isin(["T05", "T11"])].reset_index(drop=True)
    return table.assign(sign=signs(table))


def test_without_a_signed_reference_the_sign_is_that_of_the_correlation(cells):
    network, summary = add_signs(pairs(), cells, None)
    assert list(network.columns) == ["regulator", "target", "rank", *COLUMNS]
    assert (network["sign"] == np.where(network["target"] < "T06", "+", "-")).all()
    assert network["sign_probability"].isna().all()
    assert (network["sign_from"] == "correlation").all()
    assert summary == {"positive": 0, "negative": 0}


def test_where_correlations_tell_the_sign_the_probability_says_so(cells):
    reference = known(lambda t: np.where(t["target"] < "T06", "+", "-"))
    network, summary = add_signs(pairs(), cells, reference)
    novel = network[network["target"].isin(["T05", "T11"])]
    assert (novel["sign"] == np.where(novel["target"] < "T06", "+", "-")).all()
    assert (novel["sign_probability"] > 0.9).all()
    of_reference = network[network["sign_from"] == "reference"]
    assert len(of_reference) == 100
    assert of_reference["sign_probability"].isna().all()
    assert summary["accuracy_fitted"] == summary["accuracy_correlation"] == 1
    assert summary["accuracy_majority"] <= 0.6


def test_a_negative_correlation_is_never_called_activation(cells):
    """Four of five signed edges activate, whatever the correlation."""
    rng = np.random.default_rng(0)
    reference = known(lambda t: rng.permutation(["+"] * 80 + ["-"] * 20))
    network, summary = add_signs(pairs(), cells, reference)
    novel = network[network["target"].isin(["T05", "T11"])]
    negative = novel["correlation"] < -RHO
    assert negative.sum() == 10
    assert (novel.loc[negative, "sign"] == "").all()
    assert novel.loc[negative, "sign_probability"].isna().all()
    assert (novel.loc[~negative, "sign"] == "+").all()
    # 80 of 100 at any correlation; 20 edges more or less of one side would not cross these.
    assert novel.loc[~negative, "sign_probability"].between(0.6, 0.95).all()
    assert summary["accuracy_fitted"] == pytest.approx(summary["accuracy_majority"])
    assert summary["accuracy_correlation"] < 0.75


def test_a_sign_of_the_reference_stands_against_the_correlation(cells):
    reference = pd.DataFrame([("R0", "T00", "-"), ("R0", "T11", "")], columns=[
        "regulator", "target", "sign"])  # fmt: skip
    network, summary = add_signs(pairs(), cells, reference)
    rows = network.set_index(["regulator", "target"])
    assert rows.loc[("R0", "T00"), "sign"] == "-"
    assert rows.loc[("R0", "T00"), "sign_from"] == "reference"
    assert rows.loc[("R0", "T11"), "sign_from"] == "correlation"
    assert summary == {"positive": 0, "negative": 1}


def test_too_few_signs_of_a_kind_fit_nothing(cells):
    some = ["-"] * (FEWEST - 1)
    reference = known(lambda t: np.array([*some, *["+"] * (len(t) - len(some))]))
    network, summary = add_signs(pairs(), cells, reference)
    assert network["sign_probability"].isna().all()
    assert "accuracy_fitted" not in summary


def test_one_regulator_cannot_be_judged():
    assert judge_signs(np.array([0.1, -0.1]), np.array([True, False]), np.array(["A", "A"])) == {}
