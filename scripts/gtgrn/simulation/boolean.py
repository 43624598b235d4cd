"""Stochastic simulation of single cells from a Boolean gene network.

The kinetics are those of BoolODE (Pratapa et al. 2020, Nature Methods 17:147): each gene has an
mRNA x and a protein p,

    dx/dt = m f(p) - l_x x,    dp/dt = r x - l_p p,

and f turns its Boolean rule into a smooth one,

    f = [a_0 + sum_S a_S prod_{j in S} (p_j/k)^n] / [1 + sum_S prod_{j in S} (p_j/k)^n],

S running over the non-empty sets of regulators, a_S being the rule's value when exactly S is on.
A cell is the state of one simulation of its own at one random time.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit

from gtgrn.errors import InputError
from gtgrn.seeds import derive_seed
from gtgrn.simulation.boolean_models import BooleanModel

TRANSCRIPTION, MRNA_DECAY = 20.0, 10.0  # m, l_x: an active gene's mRNA settles at 2
TRANSLATION, PROTEIN_DECAY = 10.0, 1.0  # r, l_p: its protein settles at 20 (y_max)
HILL, THRESHOLD = 10.0, 10.0  # n, k: the threshold is half of y_max
NOISE = 10.0  # factor of the noise 10 sqrt(y) N(0, sd = step)
SILENT = 0.1 * TRANSCRIPTION / MRNA_DECAY  # extinct: every mRNA is below this
MAX_STEP = 1 / MRNA_DECAY  # beyond it an Euler step overshoots zero
MAX_REDRAWS = 99
EXTINCT_REMEDY = "Start some genes higher, or set redraw_extinct to false"


@dataclass(frozen=True)
class Simulation:
    """Simulated cells.

    `expression` (mRNA) and `protein` are cells x genes, in arbitrary units; `time` is each
    cell's simulation time in (0, t_max] and `pseudotime` is time / t_max, whatever the latest
    cell; `attempts` counts each cell's simulations, all but the last of which went extinct.
    """

    expression: pd.DataFrame
    protein: pd.DataFrame
    time: np.ndarray
    pseudotime: pd.Series
    attempts: np.ndarray


def _flatten(model: BooleanModel) -> tuple[tuple, np.ndarray, np.ndarray]:
    """Return what the compiled functions take: the network, the initial state and scratch.

    The network is the truth tables end to end, where each gene's begins, the regulators'
    places, where each gene's begin. A state is all mRNA, then all protein; the protein starts
    at the steady state of the mRNA. Scratch has rows for s (see below), f and a truth table.
    """
    rules, genes = list(model.rules.values()), model.genes
    network = (
        np.concatenate([rule.table.ravel() for rule in rules]).astype(float),
        np.cumsum([0, *(rule.table.size for rule in rules)]),
        np.array([genes.index(r) for rule in rules for r in rule.regulators], dtype=int),
        np.cumsum([0, *(len(rule.regulators) for rule in rules)]),
    )
    mrna = np.array([model.initial[gene] for gene in genes])
    scratch = np.zeros((3, max(len(genes), *(rule.table.size for rule in rules))))
    return network, np.concatenate([mrna, TRANSLATION / PROTEIN_DECAY * mrna]), scratch


# Compiled functions are not cached on disk: the installation may be read-only. They use plain
# loops, as whole-array operations take numba several times as long to compile.
_GAMMA, _MIX1, _MIX2 = map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S30, _S27, _S31, _S11 = map(np.uint64, (30, 27, 31, 11))


@njit
def _draw_uniform(streams, c):
    """Draw from (0, 1) by SplitMix64 (Steele et al. 2014): one word of state for each cell."""
    streams[c] += _GAMMA
    z = (streams[c] ^ (streams[c] >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return (np.float64((z ^ (z >> _S31)) >> _S11) + 0.5) * 2.0**-53


@njit
def _draw_normal_pair(streams, c):
    """Draw two independent standard normal numbers (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(_draw_uniform(streams, c)))
    angle = 2.0 * math.pi * _draw_uniform(streams, c)
    return radius * math.cos(angle), radius * math.sin(angle)


@njit
def _activate(network, state, scratch):
    """Write f of every gene to the second row of `scratch`.

    With s_j = (p_j/k)^n / (1 + (p_j/k)^n), f is the expected value of the rule when regulator
    j is on with probability s_j, independently. It is had by folding the truth table along
    one regulator after another, and nothing overflows, as no power but that of k/p is taken.
    """
    table, table_start, regulator, regulator_start = network
    genes = len(state) // 2
    for j in range(genes):
        p = state[genes + j]
        scratch[0, j] = 1.0 / (1.0 + (THRESHOLD / p) ** HILL) if p > 0.0 else 0.0
    for i in range(genes):
        size = table_start[i + 1] - table_start[i]
        for v in range(size):
            scratch[2, v] = table[table_start[i] + v]
        for r in range(regulator_start[i], regulator_start[i + 1]):
            s = scratch[0, regulator[r]]
            size //= 2
            for v in range(size):
                scratch[2, v] = (1.0 - s) * scratch[2, v] + s * scratch[2, v + size]
        scratch[1, i] = scratch[2, 0]


@njit
def _advance(network, state, step, noise, streams, c, scratch):
    """Advance mRNA and protein by one step of Euler-Maruyama; return the largest mRNA.

    As in BoolODE, the noise has the step, not its root, as standard deviation, and a value
    that would turn negative stays as it was.
    """
    _activate(network, state, scratch)
    genes, largest = len(state) // 2, 0.0
    for i in range(genes):
        x, p = state[i], state[genes + i]
        next_x = x + step * (TRANSCRIPTION * scratch[1, i] - MRNA_DECAY * x)
        next_p = p + step * (TRANSLATION * x - PROTEIN_DECAY * p)
        if noise > 0.0:
            first, second = _draw_normal_pair(streams, c)
            next_x += noise * math.sqrt(x) * step * first
            next_p += noise * math.sqrt(p) * step * second
        if next_x >= 0.0:
            state[i] = next_x
        if next_p >= 0.0:
            state[genes + i] = next_p
        largest = max(largest, state[i])
    return largest


@njit(nogil=True)
def _run_cells(network, initial, steps, step, noise, redraws, streams, cells, taken, scratch):
    """Simulate one cell for each stream.

    Fills `cells` with states and `taken` (cells x 2) with the step at which a cell was taken
    and the simulations run for it. An extinct simulation is repeated at most `redraws` times,
    then 0 is left for it; with no redraws all will do.
    """
    state = initial.copy()
    for c in range(len(streams)):
        taken[c, 0] = 1 + int(_draw_uniform(streams, c) * steps)
        # An extinct simulation is refused as a whole, so it is run beyond the cell's time.
        last = steps if redraws else taken[c, 0]
        for attempt in range(1, redraws + 2):
            for v in range(len(state)):
                state[v] = initial[v]
            for now in range(1, last + 1):
                largest = _advance(network, state, step, noise, streams, c, scratch)
                if now == taken[c, 0]:
                    for v in range(len(state)):
                        cells[c, v] = state[v]
                if redraws and largest < SILENT:
                    break
            else:
                taken[c, 1] = attempt
                break


def _check_range(field: str, value: float, low: float, high: float = 1e9) -> None:
    if not low <= value <= high:
        raise InputError(f"{value} given", field=field, remedy=f"Use {low:g} to {high:g}")


def _count_steps(t_max: float, step: float) -> int:
    _check_range("step", step, 1e-6, min(t_max, MAX_STEP))
    return math.ceil(t_max / step - 1e-9)  # 8 / .01 is to be 800 whatever the rounding


def _label(states: np.ndarray, index: pd.Index, model: BooleanModel) -> list[pd.DataFrame]:
    """Turn rows of states into a table of mRNA and one of protein."""
    return [pd.DataFrame(half, index, list(model.genes)) for half in np.split(states, 2, axis=1)]


def integrate(model: BooleanModel, t_max: float = 8.0, step: float = 0.01) -> list[pd.DataFrame]:
    """Follow the kinetics without noise from the model's initial values.

    Parameters
    ----------
    model
        The Boolean model.
    t_max, step
        Length of the simulation (1 is the mean lifetime of a protein) and of an explicit
        Euler step, which is shortened a little if it does not divide `t_max`.

    Returns
    -------
    list of pandas.DataFrame
        mRNA and protein, times x genes; the index is the time, from 0 to `t_max`.
    """
    steps = _count_steps(t_max, step)
    network, state, scratch = _flatten(model)
    stream, path = np.zeros(1, dtype=np.uint64), [state.copy()]
    for _ in range(steps):
        _advance(network, state, t_max / steps, 0.0, stream, 0, scratch)
        path.append(state.copy())
    times = pd.Index(np.linspace(0, t_max, steps + 1), name="time")
    return _label(np.array(path), times, model)


def simulate(
    model: BooleanModel,
    *,
    n_cells: int,
    seed: int,
    t_max: float = 8.0,
    step: float = 0.01,
    noise: bool | float = True,
    threads: int = 1,
    redraw_extinct: bool = True,
) -> Simulation:
    """Simulate cells, each at a random time of a simulation of its own.

    A cell's random numbers depend on `seed` and its position alone: neither the number of
    threads nor that of cells changes it.

    Parameters
    ----------
    model, n_cells, seed, threads
        The Boolean model, number of cells, called ``cell0001`` and so on, seed, and threads that
        share the cells.
    t_max, step
        As for :func:`integrate`. A cell's time is uniform among the steps in (0, t_max].
    noise
        The factor of the noise; True is the published 10, False is 0.
    redraw_extinct
        Repeat a simulation in which, at any time up to `t_max`, all mRNA is below a tenth of
        its maximum, as BoolODE does: a quarter of the HSC model's simulations.

    Raises
    ------
    InputError
        If an argument is out of its range, or every redraw of a cell went extinct.
    """
    strength = NOISE * noise if isinstance(noise, bool) else noise
    _check_range("n_cells", n_cells, 1)
    _check_range("threads", threads, 1)
    _check_range("noise", strength, 0)
    steps = _count_steps(t_max, step)
    # A 64-bit state for each cell: among thousands of 31-bit ones two would soon be equal.
    rng = np.random.default_rng(derive_seed(seed, "cells"))
    streams = rng.integers(2**64, size=n_cells, dtype=np.uint64)
    network, initial, scratch = _flatten(model)
    settings = steps, t_max / steps, float(strength), MAX_REDRAWS if redraw_extinct else 0
    cells = np.empty((n_cells, len(initial)))
    taken = np.zeros((n_cells, 2), dtype=np.int64)

    def run(a: int, b: int) -> None:
        own = streams[a:b], cells[a:b], taken[a:b], scratch.copy()
        _run_cells(network, initial, *settings, *own)

    bounds = [n_cells * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, bounds[:-1], bounds[1:]))  # list() re-raises a thread's exception
    if not taken[:, 1].all():
        raise InputError("a cell always goes extinct", field=model.name, remedy=EXTINCT_REMEDY)
    names = pd.Index([f"cell{c + 1:04d}" for c in range(n_cells)], name="cell")
    pseudotime = pd.Series(taken[:, 0] / steps, names, name="pseudotime")
    mrna, protein = _label(cells, names, model)
    return Simulation(mrna, protein, t_max * pseudotime.to_numpy(), pseudotime, taken[:, 1])


def add_dropout(
    expression: pd.DataFrame, *, quantile: float, probability: float, seed: int
) -> pd.DataFrame:
    """Set low values to zero at random, as BEELINE does (Pratapa et al. 2020).

    A value below its gene's quantile becomes 0 with the given probability; "50 % dropout" is
    (.5, .5) and "70 %" is (.7, .7). A gene's random numbers depend on `seed` and its name, not
    on `quantile` and `probability`: gene order is irrelevant, and for one seed the zeros of a
    weaker dropout are among those of a stronger one.

    Parameters
    ----------
    expression
        Cells x genes.
    quantile, probability
        Both in [0, 1].
    seed
        Seed of the random numbers.

    Raises
    ------
    InputError
        If `quantile` or `probability` is outside [0, 1].
    """
    _check_range("quantile", quantile, 0, 1)
    _check_range("probability", probability, 0, 1)
    result = expression.copy()
    for gene in expression.columns:
        values = expression[gene].to_numpy()
        chance = np.random.default_rng(derive_seed(seed, "dropout", gene)).random(len(values))
        lost = (values < np.quantile(values, quantile)) & (chance < probability)
        result[gene] = np.where(lost, 0.0, values)
    return result
