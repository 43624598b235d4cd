"""Kinetics of a gene network: limits with a closed form, signs, steady states, seeds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS, spread_error
from gtgrn.errors import InputError
from gtgrn.simulation import experiments as gnw
from gtgrn.simulation.dynamics import find_steady_state, integrate
from gtgrn.simulation.experiments import add_microarray_noise, run_experiment
from gtgrn.simulation.kinetics import draw_kinetics
from gtgrn.simulation.subnetworks import generate_network

SMALL = generate_network(40, 8, mean_inputs=2.5, seed=1)


def edges_of(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["regulator", "target", "sign"][: len(rows[0])])


def activation_by_hand(kinetics, protein: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Sum over all states of the modules, by the formulas of the paper."""
    result = np.zeros(len(kinetics.genes))
    for i in range(len(kinetics.genes)):
        active = []
        for m in range(kinetics.gene_modules[i], kinetics.gene_modules[i + 1]):
            inputs = range(kinetics.module_inputs[m], kinetics.module_inputs[m + 1])
            u = {
                e: (protein[kinetics.regulator[e]] / kinetics.k[e]) ** kinetics.n[e]
                for e in inputs
            }
            a = math.prod(u[e] for e in inputs if kinetics.activates[e])
            rest = [u[e] for e in inputs if not kinetics.activates[e]]
            if kinetics.complex_bound[m]:
                active.append(a / (1 + a + (a * math.prod(rest) if rest else 0)))
            else:
                active.append(a / math.prod(1 + u[e] for e in inputs))
        start = kinetics.alpha_start[i]
        for state in range(2 ** len(active)):
            p = math.prod(q if state >> j & 1 else 1 - q for j, q in enumerate(active))
            result[i] += p * np.clip(kinetics.alpha[start + state] + shift[i], 0, 1)
    return result


@pytest.mark.parametrize("seed", range(3))
def test_one_step_is_that_of_the_formulas(seed):
    kinetics = draw_kinetics(SMALL, seed=seed)
    rng = np.random.default_rng(seed)
    state = rng.random((2, 40))
    shift, factor = rng.normal(0, 0.3, 40), rng.random(40)
    active = activation_by_hand(kinetics, state[1], shift)
    expected = state + np.array(
        [
            kinetics.decay * (factor * active - state[0]),
            kinetics.protein_decay * (state[0] - state[1]),
        ]
    )
    assert integrate(kinetics, state, 1, shift=shift, factor=factor) == 1
    np.testing.assert_allclose(state, expected, rtol=1e-9, atol=1e-12)


def test_a_gene_without_regulators_rises_as_its_half_life_says():
    kinetics = draw_kinetics(edges_of(("A", "B")), seed=0)
    state = np.zeros((2, 2))
    integrate(kinetics, state, 30, step=0.001)
    assert state[0, 0] == pytest.approx(1 - math.exp(-30 * kinetics.decay[0]), rel=1e-3)
    half_lives = math.log(2) / np.array([kinetics.decay, kinetics.protein_decay])
    assert ((half_lives >= 5) & (half_lives <= 50)).all()


@pytest.mark.parametrize("seed", range(4))
def test_at_a_steady_state_production_equals_decay(seed):
    kinetics = draw_kinetics(SMALL, seed=seed)
    state, steady = find_steady_state(kinetics)
    assert steady
    np.testing.assert_allclose(state[0], state[1], atol=2e-5)
    active = activation_by_hand(kinetics, state[1], np.zeros(40))
    np.testing.assert_allclose(state[0], active, atol=2e-5)
    assert ((state >= 0) & (state <= 1 + 1e-9)).all()


def test_signs_of_regulation_are_those_of_the_truth():
    """More of a regulator never moves a target against the sign of their edge."""
    moved = 0
    for seed in range(4):
        kinetics = draw_kinetics(SMALL, seed=seed)
        place = {gene: i for i, gene in enumerate(kinetics.genes)}
        rng = np.random.default_rng(seed)
        protein = rng.random(40)
        before = activation_by_hand(kinetics, protein, np.zeros(40))
        for regulator, target, sign in kinetics.edges.itertuples(index=False):
            more = protein.copy()
            more[place[regulator]] *= 1.5
            change = activation_by_hand(kinetics, more, np.zeros(40))[place[target]]
            change -= before[place[target]]
            assert change * (1 if sign == "+" else -1) >= -1e-12
            moved += abs(change) > 1e-3
    assert moved > 100


def test_known_signs_are_kept_and_the_others_are_drawn():
    rng = np.random.default_rng(0)
    listed = SMALL.assign(sign=rng.choice(["+", "-"], len(SMALL)))
    kinetics = draw_kinetics(listed, seed=0)
    pd.testing.assert_frame_equal(kinetics.edges, listed)
    mixed = draw_kinetics(edges_of(("A", "B", "-"), ("A", "C", "?"), ("B", "C", "+")), seed=0)
    known = mixed.edges.set_index(["regulator", "target"])["sign"]
    assert known["A", "B"] == "-"
    assert known["B", "C"] == "+"
    drawn = [draw_kinetics(SMALL, seed=seed).edges["sign"] for seed in range(10)]
    assert 0.3 < np.mean([(signs == "+").mean() for signs in drawn]) < 0.7


@pytest.mark.parametrize(("sign", "off", "on"), [("+", 0.25, 1.0), ("-", 1.0, 0.25)])
def test_limits_of_one_regulator(sign, off, on):
    for seed in range(5):
        kinetics = draw_kinetics(edges_of(("A", "B", sign)), seed=seed)
        low, _ = find_steady_state(kinetics, factor=np.array([0.0, 1.0]))
        # Without A its target has the basal activation.
        assert low[0, 1] == pytest.approx(kinetics.basal[1], abs=1e-5)
        end = kinetics.alpha[-1]
        if sign == "+":
            assert kinetics.basal[1] <= off
            assert end == on
        else:
            assert kinetics.basal[1] == off
            assert end <= on


def test_rows_and_other_genes_do_not_matter():
    first, second = (draw_kinetics(rows, seed=5) for rows in (SMALL, SMALL[::-1]))
    for name in ("decay", "k", "n", "alpha", "regulator", "activates"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    more = pd.concat([SMALL, edges_of(("A0", "A1"))])
    wider = draw_kinetics(more, seed=5)
    assert wider.decay[2:].tolist() == first.decay.tolist()


def test_of_a_pair_with_both_signs_the_same_counts_in_any_order():
    both = edges_of(("A", "B", "-"), ("A", "B", "+"))
    assert draw_kinetics(both, seed=0).edges.equals(draw_kinetics(both[::-1], seed=0).edges)


def test_self_loops_act_but_are_no_edge():
    kinetics = draw_kinetics(edges_of(("A", "A"), ("A", "B")), seed=0)
    assert list(kinetics.edges["target"]) == ["B"]
    assert len(kinetics.regulator) == 2
    with pytest.raises(InputError, match="has no edge"):
        draw_kinetics(edges_of(("A", "B"))[:0], seed=0)


def test_langevin_noise_vanishes_with_its_factor():
    kinetics = draw_kinetics(SMALL, seed=0)
    start, _ = find_steady_state(kinetics)
    spread = {}
    for noise in (0.001, 0.05):
        ends = []
        for seed in range(20):
            state = start.copy()
            integrate(kinetics, state, 120, noise=noise, seed=seed)
            ends.append(state[0].copy())
        spread[noise] = np.std(ends, axis=0)
        assert (np.array(ends) >= 0).all()
    free = kinetics.basal == 1
    assert free.any()
    # At a steady state with x = 1 the variance is c^2: production and decay add up to 2 d.
    np.testing.assert_allclose(spread[0.05][free].mean(), 0.05, rtol=0.35)
    assert spread[0.001].max() < 0.1 * spread[0.05].max()


def test_experiments():
    kinetics = draw_kinetics(SMALL, seed=0)
    wild, _ = find_steady_state(kinetics)
    quiet = {"stochastic": False, "microarray_noise": False, "seed": 3}
    knocked = run_experiment(kinetics, "knockouts", **quiet)
    assert knocked.expression.shape == (41, 40)
    first = knocked.expression.iloc[0]
    np.testing.assert_allclose(first / first.max(), wild[0] / wild[0].max(), atol=1e-5)
    for name, gene in knocked.conditions["gene"].iloc[1:].items():
        assert knocked.expression.loc[name, gene] == pytest.approx(0, abs=1e-4)
    halved = run_experiment(kinetics, "knockdowns", conditions=3, **quiet)
    assert list(halved.expression.index)[0] == "wildtype"
    assert len(halved.expression) == 4
    series = run_experiment(kinetics, "time_series", conditions=2, **quiet)
    assert series.expression.shape == (42, 40)
    first = series.expression.to_numpy()[:21]
    # Perturbed for the first half, and back at the wild type at the end.
    assert np.abs(first[10] - first[0]).max() > 0.1
    assert np.abs(first[20] - first[0]).max() < 0.02
    assert list(series.conditions["time"][:3]) == [0, 50, 100]
    many = run_experiment(kinetics, "multifactorial", conditions=4, **quiet)
    few = run_experiment(kinetics, "multifactorial", conditions=2, **quiet)
    ratio = many.expression.iloc[:2] / few.expression
    assert np.nanmax(ratio) == pytest.approx(np.nanmin(ratio))


def test_unknown_experiments_and_numbers():
    kinetics = draw_kinetics(SMALL, seed=0)
    with pytest.raises(InputError, match="Use one of multifactorial"):
        run_experiment(kinetics, "dual", seed=0)
    with pytest.raises(InputError, match="Use 1 to 40"):
        run_experiment(kinetics, "knockouts", conditions=41, seed=0)


def test_seeds_threads_and_noise():
    kinetics = draw_kinetics(SMALL, seed=0)
    one = run_experiment(kinetics, "multifactorial", conditions=6, seed=1)
    two = run_experiment(kinetics, "multifactorial", conditions=6, seed=1, threads=2)
    pd.testing.assert_frame_equal(one.expression, two.expression)
    other = run_experiment(kinetics, "multifactorial", conditions=6, seed=2)
    assert not np.allclose(one.expression, other.expression)
    assert one.expression.to_numpy().max() == 1
    assert (one.expression.to_numpy() >= 0).all()


def test_microarray_noise_grows_as_expression_falls():
    values = pd.DataFrame({"high": np.ones(4000), "low": np.full(4000, 0.01), "none": 0.0})
    noisy = add_microarray_noise(values, seed=0)
    logs = np.log(noisy[["high", "low"]] / values[["high", "low"]])
    # A variance has twice the relative error of a standard deviation.
    error = 2 * ERRORS * spread_error(4000)
    assert logs["high"].var() == pytest.approx(0.001 + 0.689 / 101, rel=error)
    assert logs["low"].var() == pytest.approx(0.001 + 0.689 / 2, rel=error)
    assert (noisy["none"] == 0).all()
    swapped = add_microarray_noise(values[["low", "high", "none"]], seed=0)
    pd.testing.assert_frame_equal(swapped[noisy.columns], noisy)


def test_the_experiments_are_named_in_one_place():
    assert set(gnw.EXPERIMENTS) == {"multifactorial", "knockouts", "knockdowns", "time_series"}
