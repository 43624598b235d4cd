"""Experiments on a simulated gene network: what GeneNetWeaver measures, with microarray noise.

Steady states are those of the perturbed network; with Langevin noise each is simulated on from
there, so that conditions are independent samples.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.seeds import derive_seed
from gtgrn.simulation.dynamics import NOISE, SETTLED, find_steady_state, integrate
from gtgrn.simulation.kinetics import Kinetics

log = logging.getLogger(__name__)

MULTIFACTORIAL_SD = 0.25
"""Standard deviation of the change of each gene's activation in a multifactorial condition."""
PERTURBED_SHARE = 0.33
"""Probability that a gene is perturbed in a time series."""
RELAXATION_MINUTES = 300
"""Deterministic dynamics after a perturbation, before the noise sets in."""
SAMPLING_MINUTES = 300
"""Langevin dynamics before a steady state is measured: six of the longest half-lives."""
SERIES_MINUTES, SERIES_INTERVAL = 1000, 50
"""Length of a time series, and minutes between its points: 21 points."""
KNOCKDOWN = 0.5
EXPERIMENTS = ("multifactorial", "knockouts", "knockdowns", "time_series")


@dataclass(frozen=True)
class Experiment:
    """Measured mRNA, conditions x genes, and what each condition is.

    `conditions` has the index of `expression` and the columns experiment, gene (perturbed, or
    empty) and time (minutes, 0 for a steady state).
    """

    expression: pd.DataFrame
    conditions: pd.DataFrame


@dataclass(frozen=True)
class _Condition:
    """One condition: its name, the gene concerned, the changed activation and transcription."""

    name: str
    gene: str
    shift: np.ndarray
    factor: np.ndarray


def run_experiment(
    kinetics: Kinetics,
    experiment: str,
    *,
    conditions: int | None = None,
    stochastic: bool = True,
    microarray_noise: bool = True,
    seed: int,
    threads: int = 1,
) -> Experiment:
    """Simulate one kind of experiment.

    Every condition has random numbers of its own, derived from `seed` and its name: neither the
    number of threads nor that of conditions changes it.

    Parameters
    ----------
    kinetics
        The network.
    experiment
        ``multifactorial`` (every gene's activation changed by N(0, 0.25), steady states),
        ``knockouts`` or ``knockdowns`` (wild type first, then the transcription of one gene
        multiplied by 0 or 0.5, steady states), or ``time_series`` (a third of the genes
        perturbed to a random activation for 500 minutes, then released for 500 more; 21 points).
    conditions
        Number of multifactorial conditions or time series; the first so many genes to knock out,
        those with most targets first. By default 100 conditions, 10 series, all genes.
    stochastic
        Langevin noise in the dynamics.
    microarray_noise
        Measurement noise, :func:`add_microarray_noise`; the matrix is then divided by its
        largest value.
    seed, threads
        Seed of all random numbers, threads that share the conditions.

    Raises
    ------
    InputError
        If the experiment is unknown or the number of conditions impossible.
    """
    planned = _plan(kinetics, experiment, conditions, seed)
    wild, steady = find_steady_state(kinetics)
    if not steady:
        log.warning("the unperturbed network does not settle; its last state is used")
    noise = NOISE if stochastic else 0.0

    def measure(condition: _Condition) -> list[np.ndarray]:
        own = derive_seed(seed, "dynamics", experiment, condition.name)
        if experiment == "time_series":
            return _follow(kinetics, wild, condition, noise, own)
        return [_settle(kinetics, wild, condition, noise, own)]

    with ThreadPoolExecutor(threads) as pool:
        measured = list(pool.map(measure, planned))
    result = _tabulate(kinetics, experiment, planned, measured)
    table = result.expression
    if microarray_noise:
        table = add_microarray_noise(table, seed=seed)
    table /= max(float(table.to_numpy().max()), np.finfo(float).tiny)
    return Experiment(table, result.conditions)


def _tabulate(
    kinetics: Kinetics,
    experiment: str,
    planned: list[_Condition],
    measured: list[list[np.ndarray]],
) -> Experiment:
    """Return what was measured as tables; a time series has a row for each point."""
    rows = [
        (f"{one.name}_t{number * SERIES_INTERVAL}" if len(points) > 1 else one.name,
         one.gene, float(number * SERIES_INTERVAL), point)
        for one, points in zip(planned, measured, strict=True)
        for number, point in enumerate(points)
    ]  # fmt: skip
    names = pd.Index([name for name, *_ in rows], name="condition")
    table = pd.DataFrame(
        np.array([point for *_, point in rows]), index=names, columns=list(kinetics.genes)
    )
    described = {
        "experiment": experiment,
        "gene": [gene for _, gene, _, _ in rows],
        "time": [time for _, _, time, _ in rows],
    }
    return Experiment(table, pd.DataFrame(described, index=names))


def _plan(
    kinetics: Kinetics, experiment: str, conditions: int | None, seed: int
) -> list[_Condition]:
    if experiment not in EXPERIMENTS:
        raise InputError(
            f"unknown experiment '{experiment}'",
            field="experiment",
            remedy=f"Use one of {', '.join(EXPERIMENTS)}",
        )
    size = len(kinetics.genes)
    still, full = np.zeros(size), np.ones(size)
    if experiment in ("knockouts", "knockdowns"):
        targets = kinetics.edges["regulator"].value_counts()
        order = sorted(kinetics.genes, key=lambda gene: (-targets.get(gene, 0), gene))
        number = size if conditions is None else conditions
        _check_number(number, size)
        remaining = KNOCKDOWN if experiment == "knockdowns" else 0.0
        planned = [_Condition("wildtype", "", still, full)]
        for gene in order[:number]:
            factor = full.copy()
            factor[kinetics.genes.index(gene)] = remaining
            planned.append(_Condition(f"{experiment[:-1]}_{gene}", gene, still, factor))
        return planned
    number = conditions or (10 if experiment == "time_series" else 100)
    _check_number(number, 10**6)
    planned = []
    for place in range(1, number + 1):
        name = f"{'series' if experiment == 'time_series' else 'condition'}{place:04d}"
        rng = np.random.default_rng(derive_seed(seed, experiment, name))
        planned.append(_Condition(name, "", _draw_shift(rng, experiment, kinetics.basal), full))
    return planned


def _draw_shift(rng: np.random.Generator, experiment: str, basal: np.ndarray) -> np.ndarray:
    """Draw changes of activation; the basal one stays in [0, 1], as GeneNetWeaver sees to."""
    if experiment == "multifactorial":
        shift = rng.normal(0, MULTIFACTORIAL_SD, len(basal))
    else:
        perturbed = rng.random(len(basal)) < PERTURBED_SHARE
        shift = np.where(perturbed, rng.random(len(basal)) - basal, 0.0)
    return np.clip(basal + shift, 0, 1) - basal


def _check_number(number: int, largest: int) -> None:
    if not 1 <= number <= largest:
        raise InputError(f"{number} given", field="conditions", remedy=f"Use 1 to {largest}")


def _settle(
    kinetics: Kinetics, wild: np.ndarray, condition: _Condition, noise: float, seed: int
) -> np.ndarray:
    changed: dict[str, Any] = {"shift": condition.shift, "factor": condition.factor}
    if noise:
        # The noise forgets the start, so that getting near the steady state is enough.
        state = wild.copy()
        integrate(kinetics, state, RELAXATION_MINUTES, settled=SETTLED, **changed)
        integrate(kinetics, state, SAMPLING_MINUTES, noise=noise, seed=seed, **changed)
        return state[0]
    state, steady = find_steady_state(kinetics, start=wild, **changed)
    if not steady:
        log.warning("%s does not settle; its last state is used", condition.name)
    return state[0]


def _follow(
    kinetics: Kinetics, wild: np.ndarray, condition: _Condition, noise: float, seed: int
) -> list[np.ndarray]:
    """Follow the response to a perturbation, and the recovery from it."""
    state = wild.copy()
    if noise:
        start = derive_seed(seed, "wildtype")
        integrate(kinetics, state, SAMPLING_MINUTES, noise=noise, seed=start)
    points = [state[0].copy()]
    for time in range(0, SERIES_MINUTES, SERIES_INTERVAL):
        shift = condition.shift if time < SERIES_MINUTES / 2 else None
        own = derive_seed(seed, "interval", time)
        integrate(kinetics, state, SERIES_INTERVAL, shift=shift, noise=noise, seed=own)
        points.append(state[0].copy())
    return points


def add_microarray_noise(expression: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Multiply each value x by exp(w), w ~ N(0, v), v = 0.001 + 0.689 / (1 + 100 x).

    The model of Tu, Stolovitzky and Klein (2002, doi:10.1073/pnas.222164199) with the constants
    of GeneNetWeaver: the lower the expression, the larger the error; 0 stays 0.

    Parameters
    ----------
    expression
        Conditions x genes, not negative; 1 is the largest deterministic concentration.
    seed
        Seed of the noise; a gene's noise depends on its name, not on its place.
    """
    noisy = {}
    for gene in expression.columns:
        values = expression[gene].to_numpy(float)
        rng = np.random.default_rng(derive_seed(seed, "microarray", gene))
        sd = np.sqrt(0.001 + 0.689 / (1 + values / 0.01))
        noisy[gene] = values * np.exp(rng.normal(size=len(values)) * sd)
    return pd.DataFrame(noisy, index=expression.index)
