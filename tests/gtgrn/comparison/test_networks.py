"""Correlations of two conditions: the numbers, the null, and a regulator that is rewired."""

from __future__ import annotations

import numpy as np
import pytest
from gtgrn.comparison.correlations import (
    CellCorrelations,
    DonorCorrelations,
    fisher,
    moments,
    partial,
    unit_variance,
    welch,
)
from gtgrn.comparison.design import make_design
from gtgrn.comparison.networks import compare_networks
from scipy import stats
from scipy.stats import binom

GENES = [f"G{n:02d}" for n in range(24)]
REGULATORS = GENES[:6]
AB = ("a", "b")


def draw(cells: int, seed: int, rewired: float = 0.0, donors: int = 0):
    """Return cells x genes, conditions and donors; R0 moves six targets by `rewired`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(cells, len(GENES)))
    first = np.arange(cells) % 2 == 0
    values[:, 6:12] += 0.8 * values[:, [1]]
    values[first, 12:15] += rewired * values[first][:, [0]]
    values[~first, 15:18] += rewired * values[~first][:, [0]]
    conditions = np.where(first, "a", "b").tolist()
    names = [f"{c}{n // 2 % donors}" for n, c in enumerate(conditions)] if donors else None
    return values, conditions, names


def compare(values, conditions, donors, permutations=100, seed=0):
    design = make_design(conditions, AB, donors, min_cells=20)
    return compare_networks(
        values[design.rows], GENES, REGULATORS, design, permutations=permutations, seed=seed
    )


def test_differences_are_those_of_numpy():
    values, conditions, _ = draw(120, 0, rewired=1.0)
    values[:60, 20] = 0.0
    edges, _, _ = compare(values, conditions, None)
    assert len(edges) == 6 * 23
    assert not (edges["regulator"] == edges["target"]).any()
    first = np.array(conditions) == "a"
    position = {name: n for n, name in enumerate(GENES)}
    for row in edges.sample(20, random_state=0).itertuples():
        pair = [position[row.regulator], position[row.target]]
        r1, r2 = (np.corrcoef(values[own][:, pair].T)[0, 1] for own in (first, ~first))
        assert row.first == pytest.approx(r1, abs=1e-5)
        assert row.second == pytest.approx(r2, abs=1e-5)
        assert row.difference == pytest.approx(np.arctanh(r1) - np.arctanh(r2), abs=1e-4)
        assert row.low < row.difference < row.high


def test_a_constant_gene_correlates_with_nothing():
    values, conditions, _ = draw(120, 0)
    values[:, 23] = 3.0
    edges, _, _ = compare(values, conditions, None)
    rows = edges[edges["target"] == "G23"]
    assert (rows[["first", "second", "difference", "statistic"]] == 0).all(axis=None)
    assert (rows["fdr"] == 1).all()


def test_partial_correlations_are_those_of_residuals():
    values = unit_variance(draw(3000, 0, rewired=1.0)[0])
    positions = np.arange(6)
    r = np.corrcoef(values.T)[:6].copy()
    r[positions, positions] = 0
    # So many cells that the shrinkage is nothing beside the tolerance.
    found = partial(r, positions, 10**9)
    for regulator, target in ((1, 8), (0, 13), (2, 4)):
        others = [n for n in range(6) if n not in (regulator, target)]
        design = np.column_stack([values[:, others], np.ones(len(values))])
        rest = [
            values[:, n] - design @ np.linalg.lstsq(design, values[:, n], rcond=None)[0]
            for n in (regulator, target)
        ]
        assert found[regulator, target] == pytest.approx(np.corrcoef(rest)[0, 1], abs=2e-3)
    assert (found[positions, positions] == 0).all()


def test_tests_between_donors_are_scipys():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(7, 5))
    labels = np.array([True, False, True, False, True, False, False])
    difference, error = moments(values, labels, paired=False)
    student = stats.ttest_ind(values[labels], values[~labels])
    assert difference / error == pytest.approx(student.statistic)
    difference, error, freedom = welch(values, labels, paired=False)
    unequal = stats.ttest_ind(values[labels], values[~labels], equal_var=False)
    assert difference / error == pytest.approx(unequal.statistic)
    assert freedom == pytest.approx(unequal.df)
    values, labels = values[:6], np.array([False, True] * 3)
    difference, error = moments(values, labels, paired=True)
    pairs = stats.ttest_rel(values[1::2], values[::2])
    assert difference / error == pytest.approx(pairs.statistic)


def test_a_labelling_and_its_mirror_differ_in_sign_alone():
    values, conditions, donors = draw(160, 0, rewired=1.0, donors=4)
    for engine, names in ((CellCorrelations, None), (DonorCorrelations, donors)):
        design = make_design(conditions, AB, names, min_cells=20)
        made = engine(values[design.rows], np.arange(6), design)
        made.calibrate(design.labels[None])
        difference, statistic = made.statistics(design.labels)
        mirrored, same = made.statistics(~design.labels)
        assert mirrored == pytest.approx(-difference, abs=1e-4)
        assert same == pytest.approx(statistic, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("donors", [0, 5])
def test_the_rewired_regulator_comes_first(donors):
    values, conditions, names = draw(400, 1, rewired=1.0, donors=donors)
    edges, regulators, summary = compare(values, conditions, names, permutations=200)
    # Twelve ends of one regulator with r = .7 against 0, from 200 cells a side: z of about 8.
    assert regulators["regulator"].iloc[0] == "G00"
    assert regulators["fdr"].iloc[0] <= 0.05
    best = edges.head(6)
    assert set(best["regulator"]) == {"G00"}
    assert set(best["target"]) == set(GENES[12:18])
    assert (best["fdr"] <= 0.05).all()
    assert (np.sign(best["difference"]) == np.where(best["target"] < "G15", 1, -1)).all()
    assert ((best["low"] > 0) | (best["high"] < 0)).all()
    assert regulators["edges"].iloc[0] >= 6
    assert summary["labellings"] == (161 if not donors else 126)


@pytest.mark.parametrize("donors", [0, 4])
def test_where_nothing_differs_little_is_claimed(donors):
    # Each run claims with a chance of at most .05; more than the bound are one in a million.
    runs, claiming = 20, np.zeros(2)
    for seed in range(runs):
        values, conditions, names = draw(80 if not donors else 96, 100 + seed, donors=donors)
        edges, regulators, _ = compare(values, conditions, names, seed=seed)
        claiming += [(table["fdr"] <= 0.05).any() for table in (edges, regulators)]
    assert (claiming <= binom.ppf(1 - 1e-6, runs, 0.05)).all()


def test_heavy_tails_do_not_make_claims():
    """Counts with many zeros have correlations that the textbook's spread does not hold for."""
    runs, claiming, small = 20, 0, []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        values = np.log1p(rng.negative_binomial(0.1, 0.05, size=(100, len(GENES))))
        conditions = rng.permutation(["a", "b"] * 50).tolist()
        edges, _, _ = compare(values, conditions, None, seed=seed)
        claiming += (edges["fdr"] <= 0.05).any()
        small.append((edges["p"] <= 0.01).mean())
    assert claiming <= binom.ppf(1 - 1e-6, runs, 0.05)
    # Six standard errors of a mean over runs above 1 %.
    assert np.mean(small) <= 0.01 + 6 * np.std(small, ddof=1) / np.sqrt(runs)


def test_fishers_z_is_finite():
    assert np.isfinite(fisher(np.array([-1.0, 1.0]))).all()
