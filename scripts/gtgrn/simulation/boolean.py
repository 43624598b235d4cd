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

import ast
import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numba import njit

from gtgrn.errors import InputError
from gtgrn.names import REGULATOR, SIGN, TARGET
from gtgrn.seeds import derive_seed

TRANSCRIPTION, MRNA_DECAY = 20.0, 10.0  # m, l_x: an active gene's mRNA settles at 2
TRANSLATION, PROTEIN_DECAY = 10.0, 1.0  # r, l_p: its protein settles at 20 (y_max)
HILL, THRESHOLD = 10.0, 10.0  # n, k: the threshold is half of y_max
NOISE = 10.0  # factor of the noise 10 sqrt(y) N(0, sd = step)
BASAL = 0.01  # initial mRNA of a gene for which the model gives none
SILENT = 0.1 * TRANSCRIPTION / MRNA_DECAY  # extinct: every mRNA is below this
MAX_STEP = 1 / MRNA_DECAY  # beyond it an Euler step overshoots zero
MAX_REDRAWS, MAX_REGULATORS = 99, 12

_KEYS = ("name", "source", "licence", "rules", "initial")
_GENE_NAME = r"[\w.\-]+"
_SYNTAX = {"and", "or", "not", "(", ")"}


@dataclass(frozen=True)
class Rule:
    """A Boolean function: sorted regulators, a truth table with one axis (off, on) for each."""

    regulators: tuple[str, ...]
    table: np.ndarray


@dataclass(frozen=True)
class BooleanModel:
    """A Boolean network, sorted by gene, and its initial mRNA (a gene fully on has 2)."""

    name: str
    genes: tuple[str, ...]
    rules: dict[str, Rule]
    initial: dict[str, float]


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


class _TextLoader(yaml.BaseLoader):
    """YAML that builds only text (a gene may be called NO) and in which no key recurs."""

    def construct_mapping(self, node, deep=False):
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            raise yaml.MarkedYAMLError(problem="a key twice", problem_mark=node.start_mark)
        return mapping


def read_model(path: str | Path) -> BooleanModel:
    """Read a Boolean model.

    Parameters
    ----------
    path
        A YAML file with the keys ``name``, ``rules`` (gene: expression of ``and``, ``or``,
        ``not``, parentheses and gene names; names are made of letters, digits, ``-``, ``_``
        and ``.``) and optionally ``source``, ``licence`` and ``initial`` (gene: mRNA at time
        0, 0.01 where absent). An input gene has itself as its rule.

    Raises
    ------
    InputError
        If the file is not such YAML, there is no rule, a rule has a syntax error or an unknown
        gene, or an initial value is not a number or of an unknown gene.
    """
    bad = partial(InputError, file=path)
    try:
        document = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_TextLoader)
    except FileNotFoundError as error:
        raise bad("file not found", remedy="Check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise bad(f"not YAML ({' '.join(str(error).split())})", remedy="Mend it") from error
    if not isinstance(document, dict):
        raise bad("not a mapping of keys", remedy=f"Give {', '.join(_KEYS)}")
    if unknown := set(document) - set(_KEYS):
        raise bad("unknown key", field=min(unknown), remedy=f"Use {', '.join(_KEYS)}")
    name, texts = document.get("name"), document.get("rules")
    if not (isinstance(name, str) and name):
        raise bad("no name given", field="name", remedy="Name the model")
    if not (isinstance(texts, dict) and texts):
        raise bad("no rules given", field="rules", remedy="Give one rule for each gene")
    rules = {gene: _read_rule(gene, texts, partial(bad, field=gene)) for gene in sorted(texts)}
    initial = _read_initial(document.get("initial") or {}, rules, bad)
    return BooleanModel(name, tuple(rules), rules, initial)


def _read_rule(gene: str, texts: dict, bad: partial) -> Rule:
    """Turn a rule's text into its truth table, by way of names that are valid in Python."""
    if not re.fullmatch(_GENE_NAME, gene) or gene in _SYNTAX:
        remedy = "Use letters, digits, '-', '_' and '.', and neither of and, or, not"
        raise bad("not a possible gene name", remedy=remedy)
    text = str(texts[gene])  # a list or mapping has brackets, which no rule may have
    tokens = re.findall(rf"[()]|{_GENE_NAME}|\S", text)
    for token in tokens:
        if token not in _SYNTAX and token not in texts:
            remedy = "Give it a rule of its own (an input gene has itself) or mend this rule"
            raise bad(f"unknown gene '{token}' in the rule", remedy=remedy)
    regulators = sorted(set(tokens) - _SYNTAX)
    if len(regulators) > MAX_REGULATORS:
        raise bad(f"{len(regulators)} regulators", remedy=f"Use at most {MAX_REGULATORS}")
    place = {name: f"g{j}" for j, name in enumerate(regulators)}
    states = np.indices((2,) * len(regulators)).astype(bool)
    try:
        tree = ast.parse(" ".join(place.get(token, token) for token in tokens), mode="eval")
        table = _evaluate(tree.body, dict(zip(place.values(), states, strict=True)))
    except SyntaxError as error:
        remedy = "Use gene names, and, or, not and matched parentheses"
        raise bad(f"syntax error in the rule '{text}'", remedy=remedy) from error
    return Rule(tuple(regulators), table)


def _evaluate(node: ast.expr, states: dict[str, np.ndarray]) -> np.ndarray:
    """Evaluate a parsed rule in all states at once; anything but and, or, not is refused."""
    if isinstance(node, ast.Name):
        return states[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_evaluate(node.operand, states)
    if isinstance(node, ast.BoolOp):
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(join, [_evaluate(value, states) for value in node.values])
    raise SyntaxError(f"{type(node).__name__} is not allowed")


def _read_initial(values: object, genes: dict, bad: partial) -> dict[str, float]:
    """Check the initial values and add those not given."""
    if not isinstance(values, dict):
        raise bad("not a mapping", field="initial", remedy="Give 'gene: number' pairs")
    initial = dict.fromkeys(genes, BASAL)
    for gene, text in values.items():
        if gene not in initial:
            remedy = "Give the gene a rule or drop the value"
            raise bad("initial value of an unknown gene", field=gene, remedy=remedy)
        try:
            initial[gene] = float(text)
        except (TypeError, ValueError):
            initial[gene] = math.nan
        if not 0 <= initial[gene] < math.inf:
            remedy = "Give mRNA in model units (a gene fully on has 2)"
            raise bad(f"initial value '{text}' is not a number >= 0", field=gene, remedy=remedy)
    return initial


def reference_edges(model: BooleanModel) -> pd.DataFrame:
    """List the model's edges, self-loops left out.

    Returns
    -------
    pandas.DataFrame
        ``regulator``, ``target``, ``sign``, sorted by name. The sign is ``+`` if turning the
        regulator on can only turn the target's rule on, ``-`` if only off, ``?`` if either,
        depending on the other regulators. A regulator that does neither has no edge.
    """
    rows = []
    for target, rule in model.rules.items():
        for axis, regulator in enumerate(rule.regulators):
            off, on = rule.table.take(0, axis), rule.table.take(1, axis)
            rises, falls = (on & ~off).any(), (off & ~on).any()
            if regulator != target and (rises or falls):
                rows.append((regulator, target, "?" if rises and falls else "+-"[int(falls)]))
    return pd.DataFrame(sorted(rows), columns=[REGULATOR, TARGET, SIGN])


def attractors(model: BooleanModel) -> list[tuple[frozenset[str], ...]]:
    """List the attractors of the synchronous Boolean dynamics.

    They say what simulated cells must come to: where the kinetics without noise settle away
    from the thresholds, the genes that are on form a fixed point. The tests rest on this.
    All 2^genes states are held in memory: for models of up to 20 genes or so.

    Returns
    -------
    list of tuple of frozenset
        Each attractor is a cycle of states, a state the set of genes that are on; a fixed
        point is a cycle of length one. Sorted by length, then by the genes on.
    """
    states = np.arange(2 ** len(model.genes))
    on = {gene: states >> i & 1 for i, gene in enumerate(model.genes)}
    successor = np.zeros_like(states)
    for i, rule in enumerate(model.rules.values()):
        value = rule.table[tuple(on[regulator] for regulator in rule.regulators)]
        successor |= value.astype(states.dtype) << i
    reached = successor
    for _ in model.genes:  # each turn doubles the number of steps: 2^genes in the end
        reached = reached[reached]
    remaining, found = set(reached.tolist()), []
    while remaining:
        state, cycle = min(remaining), []
        while state in remaining:
            remaining.remove(state)
            cycle.append(frozenset(gene for gene in model.genes if on[gene][state]))
            state = int(successor[state])
        found.append(tuple(cycle))
    return sorted(found, key=lambda cycle: (len(cycle), *map(sorted, cycle)))


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
    model
        The Boolean model.
    n_cells, seed, threads
        Number of cells, called ``cell0001`` and so on, seed of all random numbers, number of
        threads that share the cells.
    t_max, step
        Length of a simulation and of an Euler-Maruyama step, which is shortened a little if it
        does not divide `t_max`. A cell's time is uniform among the steps in (0, t_max].
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
        remedy = "Start some genes higher, or set redraw_extinct to false"
        raise InputError("a cell always goes extinct", field=model.name, remedy=remedy)
    names = pd.Index([f"cell{c + 1:04d}" for c in range(n_cells)], name="cell")
    pseudotime = pd.Series(taken[:, 0] / steps, names, name="pseudotime")
    time = t_max * pseudotime.to_numpy()
    return Simulation(*_label(cells, names, model), time, pseudotime, taken[:, 1])


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
