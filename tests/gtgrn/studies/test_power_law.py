"""Fits of power laws to degrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import powerlaw
import pytest
from chance_cases import ERRORS
from gtgrn.studies import power_law as degree_law
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import zeta


def draw(alpha, xmin, size, seed):
    """Draw from the discrete power law by a table of its shares, not by the module's zeta."""
    values = np.arange(xmin, 10**6)
    shares = values ** -float(alpha)
    rng = np.random.default_rng(seed)
    return values[np.searchsorted(np.cumsum(shares / shares.sum()), rng.random(size))]


@pytest.mark.parametrize("alpha", [2.0, 2.5, 3.2, 4.5])
def test_data_from_a_power_law_give_its_exponent_and_are_not_excluded(alpha):
    fit = degree_law.fit_degree_law(draw(alpha, 1, 4000, seed=1), samples=19)
    assert fit["alpha"] == pytest.approx(alpha, abs=0.15)
    assert fit["KS"] < 0.05
    assert fit["genes"] == 4000
    assert fit["KS_p"] > 0.1
    assert fit["reading"].startswith("a power law is possible")


@pytest.mark.parametrize("alpha", [1.8, 2.4])
def test_the_fit_is_that_of_the_package_powerlaw(alpha):
    degrees = draw(alpha, 1, 600, seed=2)
    found = degree_law.fit_tail(degrees)
    other = powerlaw.Fit(degrees, xmin=found[1], discrete=True, verbose=False)
    assert found[0] == pytest.approx(other.power_law.alpha, abs=1e-3)


@given(st.lists(st.integers(1, 60), min_size=10, max_size=80).filter(lambda x: len(set(x)) > 2))
@settings(max_examples=25, deadline=None)
def test_the_fit_has_the_highest_likelihood_and_the_distance_is_that_of_all_degrees(degrees):
    degrees = np.array(degrees)
    alpha, xmin, distance = degree_law.fit_tail(degrees)
    tail = degrees[degrees >= xmin]

    def likelihood(a):
        return -a * np.log(tail).sum() - len(tail) * np.log(zeta(a, xmin))

    grid = np.arange(1.01, 19.99, 0.01)
    assert likelihood(alpha) >= likelihood(grid).max() - 1e-6
    whole = np.arange(xmin, degrees.max() + 1)
    law = 1 - zeta(alpha, whole + 1) / zeta(alpha, xmin)
    seen = np.array([(tail <= k).mean() for k in whole])
    assert distance == pytest.approx(np.abs(law - seen).max(), abs=1e-9)


def test_the_bound_lies_where_the_tail_begins():
    rng = np.random.default_rng(3)
    degrees = np.concatenate([rng.integers(1, 20, 3000), draw(2.5, 20, 3000, seed=4)])
    fit = degree_law.fit_degree_law(degrees)
    assert 18 <= fit["xmin"] <= 30
    assert fit["alpha"] == pytest.approx(2.5, abs=0.2)
    assert np.isnan(fit["KS_p"])


def test_degrees_drawn_from_the_law_are_its_own():
    drawn = degree_law.draw_degrees(2.2, 2, 20000, rng=np.random.default_rng(0))
    assert drawn.min() == 2
    for degree in (3, 5, 20, 200):
        expected = zeta(2.2, degree) / zeta(2.2, 2)
        spread = np.sqrt(expected * (1 - expected) / len(drawn))
        assert (drawn >= degree).mean() == pytest.approx(expected, abs=ERRORS * spread)
    heavy = degree_law.draw_degrees(1.2, 1, 2000, rng=np.random.default_rng(0))
    at_least = zeta(1.2, 10**6) / zeta(1.2, 1)
    spread = np.sqrt(at_least * (1 - at_least) / len(heavy))
    assert (heavy >= 10**6).mean() == pytest.approx(at_least, abs=ERRORS * spread)


def test_a_lognormal_is_told_from_a_power_law():
    rng = np.random.default_rng(6)
    degrees = np.ceil(rng.lognormal(2.0, 0.3, 3000)).astype(int)
    ratio, p = degree_law.compare_with_lognormal(degrees, 5)
    assert ratio < 0
    assert p < 1e-3
    assert degree_law.compare_with_lognormal(draw(2.5, 1, 3000, seed=1), 1)[0] > -2
    uniform = degree_law.fit_degree_law(rng.integers(50, 60, 2000), samples=19)
    assert uniform["reading"].startswith("no power law")


@pytest.mark.parametrize("degrees", [[], [1, 1, 1], [1] * 10 + [9] * 3])
def test_too_few_distinct_degrees_give_no_fit(degrees):
    fit = degree_law.fit_degree_law(np.array(degrees), samples=10)
    assert list(fit) == degree_law.FIT
    assert np.isnan(fit["alpha"])
    assert fit["reading"] == "too few distinct degrees for a fit"
    assert degree_law.fitted_line(fit, 100).empty


def test_the_order_of_genes_has_no_part_in_the_fit():
    degrees = draw(2.5, 2, 300, seed=7)
    once = degree_law.fit_degree_law(degrees, samples=10, seed=3)
    assert once == degree_law.fit_degree_law(degrees[::-1], samples=10, seed=3)


def test_the_line_is_the_share_of_the_law_from_xmin():
    fit = {"alpha": 2.5, "xmin": 3, "tail": 50, "genes": 200}
    line = degree_law.fitted_line(fit, 300)
    assert line["degree"].iloc[[0, -1]].tolist() == [3, 300]
    assert line["share_at_least"].iloc[0] == pytest.approx(50 / 200)
    degrees = np.arange(3, 10**6, dtype=float)
    mass = degrees**-2.5
    at = line.iloc[len(line) // 2]
    expected = mass[degrees >= at["degree"]].sum() / mass.sum() * 0.25
    assert at["share_at_least"] == pytest.approx(expected, rel=1e-4)


def test_each_network_has_its_distribution_and_fit():
    star = pd.DataFrame({"regulator": ["A"] * 4, "target": list("BCDE")})
    degrees, fits = degree_law.compare_degrees(
        {("x", "matched"): star, ("x", "none"): star[:0]}, samples=5, seed=0
    )
    own = degrees[degrees["selection"] == "matched"]
    assert own[["degree", "genes"]].to_numpy().tolist() == [[1, 4], [4, 1]]
    assert own["share_at_least"].tolist() == [1.0, 0.2]
    assert fits["genes"].tolist() == [5, 0]
