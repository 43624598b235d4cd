"""Kinetics of a gene network as GeneNetWeaver draws them, and the cells they give.

Marbach et al. (2010, doi:10.1073/pnas.0913357107) and Schaffter et al. (2011,
doi:10.1093/bioinformatics/btr373): mRNA x and protein y of gene i follow

    dx/dt = d_i f_i(y) - d_i x,    dy/dt = e_i x - e_i y,

so that an active gene settles at x = y = 1. The regulators of a gene are grouped into modules;
with u_j = (y_j / k_j)^n_j a module is active with probability

    prod_A u / prod_{A, D} (1 + u)                  (independent binding), or
    prod_A u / (1 + prod_A u + prod_{A, D} u)       (binding as a complex),

A being its activators and D its deactivators, and f is the mean of alpha_s over the states s of
the modules (which of them are active). The Langevin form adds c sqrt(production + decay) dW to
each equation. Numbers and distributions are those of GeneNetWeaver 3.1's settings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit

from gtgrn.errors import InputError
from gtgrn.names import PAIR, REGULATOR, SIGN, TARGET
from gtgrn.seeds import derive_seed

HALF_LIFE = (5.0, 50.0)  # minutes
DISSOCIATION = (0.01, 1.0)
HILL = (1.0, 10.0, 2.0, 2.0)  # smallest, largest, mean, standard deviation
WEAK = 0.25  # activation below which a gene counts as off
LEAK = (0.0, WEAK, 0.0, 0.05)  # basal activation where there are only enhancers
MEDIUM = (WEAK, 1 - WEAK)  # basal activation where there are enhancers and repressors
EFFECT = (WEAK, 1.0)  # change of activation by one module
NOISE = 0.05  # c
STEP = 1.0  # minutes
LONGEST = 2000  # minutes after which a system without steady state is left as it is
SETTLED = 1e-7  # largest change in a minute at a steady state
MAX_MODULES = 12


@dataclass(frozen=True)
class Kinetics:
    """A network with its parameters, in the order of sorted gene names.

    `decay` and `protein_decay` are per minute. The modules of gene i are
    `gene_modules[i]:gene_modules[i + 1]`, the inputs of module m are
    `module_inputs[m]:module_inputs[m + 1]`; an input has `regulator` (position of a gene),
    `activates` (of the module, not of the gene), `k` and `n`. `alpha[alpha_start[i]:]` holds
    the activation of gene i in its 2^modules states, bit j for module j. `edges` is the truth:
    regulator, target, sign, without self-loops.
    """

    genes: tuple[str, ...]
    decay: np.ndarray
    protein_decay: np.ndarray
    gene_modules: np.ndarray
    complex_bound: np.ndarray
    module_inputs: np.ndarray
    regulator: np.ndarray
    activates: np.ndarray
    k: np.ndarray
    n: np.ndarray
    alpha: np.ndarray
    alpha_start: np.ndarray
    edges: pd.DataFrame

    @property
    def network(self) -> tuple[np.ndarray, ...]:
        """What the compiled functions take."""
        return (
            *(self.gene_modules, self.complex_bound, self.module_inputs, self.regulator),
            *(self.activates, np.log(self.k), self.n, self.alpha, self.alpha_start),
        )

    @property
    def basal(self) -> np.ndarray:
        """Activation of each gene without any module."""
        return self.alpha[self.alpha_start[:-1]]


@dataclass(frozen=True)
class _Gene:
    """The draw of one gene: half-lives, modules of (regulator, activates, k, n) and alpha."""

    decay: float
    protein_decay: float
    enhancer: list[bool]
    complex_bound: list[bool]
    inputs: list[list[tuple[str, bool, float, float]]]
    alpha: np.ndarray


def draw_kinetics(edges: pd.DataFrame, *, seed: int) -> Kinetics:
    """Draw the parameters of every gene of a network.

    A gene's parameters depend on `seed`, its name and its regulators alone, whatever the rest of
    the network and the order of rows.

    Parameters
    ----------
    edges
        Columns regulator, target and optionally sign (``+``, ``-``; anything else is unknown and
        drawn). Self-loops take part in the dynamics.
    seed
        Seed of all parameters.

    Raises
    ------
    InputError
        If there is no edge, or a gene has so many regulators that they fall into more than
        twelve modules.
    """
    if edges.empty:
        raise InputError("the network has no edge", field="network", remedy="Give one with edges")
    # Of a pair with both signs the same one counts whatever the order of rows.
    ordered = edges.astype(str).sort_values([*PAIR, *edges.columns.difference(PAIR)])
    pairs = ordered.drop_duplicates(PAIR)
    genes = tuple(np.unique(pairs[PAIR].to_numpy(str)).tolist())
    signs = pairs[SIGN].astype(str) if SIGN in pairs else pd.Series("", pairs.index)
    listed: dict[str, list[tuple[str, str]]] = {gene: [] for gene in genes}
    for regulator, target, sign in zip(pairs[REGULATOR], pairs[TARGET], signs, strict=True):
        listed[target].append((regulator, sign))
    signed = bool(signs.isin(["+", "-"]).any())
    drawn = [_draw_gene(gene, sorted(listed[gene]), signed, seed) for gene in genes]
    return _flatten(genes, drawn)


def _draw_gene(gene: str, regulators: list[tuple[str, str]], signed: bool, seed: int) -> _Gene:
    rng = np.random.default_rng(derive_seed(seed, "kinetics", gene))
    decays = [math.log(2) / _truncated(rng, *HALF_LIFE) for _ in range(2)]
    modules = _assign_modules(gene, regulators, rng)
    enhancer, inputs = [], []
    for members in modules:
        enhances, roles = _draw_roles([sign for _, sign in members], signed, rng)
        enhancer.append(enhances)
        inputs.append(
            [
                (name, role, rng.uniform(*DISSOCIATION), _truncated(rng, *HILL))
                for (name, _), role in zip(members, roles, strict=True)
            ]
        )
    complex_bound = [bool(rng.integers(2)) for _ in modules]
    return _Gene(*decays, enhancer, complex_bound, inputs, _draw_alpha(enhancer, rng))


def _truncated(
    rng: np.random.Generator, low: float, high: float, mean: float | None = None,
    sd: float | None = None,
) -> float:  # fmt: skip
    """Draw from a normal distribution cut at both ends; by default six sd from end to end."""
    mean = (low + high) / 2 if mean is None else mean
    sd = (high - low) / 6 if sd is None else sd
    while not low <= (value := rng.normal(mean, sd)) <= high:
        pass
    return value


def _assign_modules(gene: str, regulators: list, rng: np.random.Generator) -> list[list]:
    """Put each regulator into one of the modules so far or a new one, all equally likely."""
    modules: list[list] = []
    for place in rng.permutation(len(regulators)):
        chosen = int(rng.integers(len(modules) + 1))
        if chosen == len(modules):
            modules.append([])
        modules[chosen].append(regulators[place])
    if len(modules) > MAX_MODULES:
        raise InputError(
            f"'{gene}' has {len(regulators)} regulators in {len(modules)} modules",
            field="network",
            remedy=f"Use another seed, or a network with at most {MAX_MODULES} a gene",
        )
    return modules


def _draw_roles(signs: list[str], signed: bool, rng: np.random.Generator) -> tuple[bool, list]:
    """Tell whether a module enhances, and which of its inputs activate it.

    Most inputs activate their module: one with more repressing inputs is a repressor that they
    activate. Without signs at least half of the inputs activate.
    """
    plus, minus = signs.count("+"), signs.count("-")
    enhances = plus > minus if plus != minus else bool(rng.integers(2))
    known = {"+": enhances, "-": not enhances}
    roles = [known.get(sign) for sign in signs]
    if not signed:
        roles[: (len(signs) + 1) // 2] = [True] * ((len(signs) + 1) // 2)
    elif True not in roles:
        roles[roles.index(None)] = True
    return enhances, [bool(rng.integers(2)) if role is None else role for role in roles]


def _draw_alpha(enhancer: list[bool], rng: np.random.Generator) -> np.ndarray:
    """Draw the activation in each state of the modules.

    All enhancers together raise it to 1 at least, all repressors together lower it into
    [0, 0.25] (of what is drawn, the weakest effect is made stronger until that holds).
    """
    effect = np.array([_truncated(rng, *EFFECT) * (1 if e else -1) for e in enhancer])
    positive, negative = effect[effect > 0].sum(), effect[effect < 0].sum()
    if not positive:
        basal = 1.0
    elif not negative:
        basal = _truncated(rng, *LEAK)
    else:
        basal = _truncated(rng, *MEDIUM)
    if positive and basal + positive < 1:
        effect[np.argmin(np.where(effect > 0, effect, np.inf))] += 1 - basal - positive
    if negative and basal + negative > WEAK:
        weakest = np.argmax(np.where(effect < 0, effect, -np.inf))
        effect[weakest] += _truncated(rng, *LEAK) - basal - negative
    states = np.arange(2 ** len(enhancer))[:, None] >> np.arange(len(enhancer)) & 1
    return np.clip(basal + states @ effect, 0, 1)


def _flatten(genes: tuple[str, ...], drawn: list[_Gene]) -> Kinetics:
    place = {gene: position for position, gene in enumerate(genes)}
    modules = [module for one in drawn for module in one.inputs]
    inputs = [single for module in modules for single in module]
    rows = [
        (regulator, gene, "+" if enhances == activates else "-")
        for gene, one in zip(genes, drawn, strict=True)
        for enhances, module in zip(one.enhancer, one.inputs, strict=True)
        for regulator, activates, _, _ in module
        if regulator != gene
    ]
    starts = [np.cumsum([0, *map(len, parts)]) for parts in ([o.inputs for o in drawn], modules)]
    return Kinetics(
        genes=genes,
        decay=np.array([one.decay for one in drawn]),
        protein_decay=np.array([one.protein_decay for one in drawn]),
        gene_modules=starts[0],
        complex_bound=np.array([c for one in drawn for c in one.complex_bound], dtype=bool),
        module_inputs=starts[1],
        regulator=np.array([place[name] for name, _, _, _ in inputs], dtype=np.int64),
        activates=np.array([activates for _, activates, _, _ in inputs], dtype=bool),
        k=np.array([k for _, _, k, _ in inputs]),
        n=np.array([n for _, _, _, n in inputs]),
        alpha=np.concatenate([one.alpha for one in drawn]),
        alpha_start=np.cumsum([0, *(len(one.alpha) for one in drawn)]),
        edges=pd.DataFrame(sorted(rows), columns=[*PAIR, SIGN]),
    )


@njit(cache=True, nogil=True)
def _activate(network, protein, shift, scratch, activation):
    """Write each gene's mean activation; products of u are sums of logarithms, as u overflows."""
    gene_modules, complex_bound, module_inputs = network[0], network[1], network[2]
    regulator, activates, log_k, hill = network[3], network[4], network[5], network[6]
    alpha, alpha_start = network[7], network[8]
    log_protein, states = scratch
    for j in range(len(protein)):
        log_protein[j] = math.log(protein[j]) if protein[j] > 0.0 else -np.inf
    for i in range(len(activation)):
        size = alpha_start[i + 1] - alpha_start[i]
        for s in range(size):
            states[s] = min(max(alpha[alpha_start[i] + s] + shift[i], 0.0), 1.0)
        # The last module is the highest bit: folding halves the table from its end.
        for m in range(gene_modules[i + 1] - 1, gene_modules[i] - 1, -1):
            log_activators, log_deactivators, bound = 0.0, 0.0, 1.0
            for e in range(module_inputs[m], module_inputs[m + 1]):
                log_u = hill[e] * (log_protein[regulator[e]] - log_k[e])
                if activates[e]:
                    log_activators += log_u
                    bound /= 1.0 + math.exp(-log_u)
                else:
                    log_deactivators += log_u
                    bound /= 1.0 + math.exp(log_u)
            if complex_bound[m]:
                inactive = 1.0 + math.exp(-log_activators)
                # A complex without deactivators has no third state.
                for e in range(module_inputs[m], module_inputs[m + 1]):
                    if not activates[e]:
                        inactive += math.exp(log_deactivators)
                        break
                bound = 1.0 / inactive
            size //= 2
            for s in range(size):
                states[s] = (1.0 - bound) * states[s] + bound * states[s + size]
        activation[i] = states[0]


@njit(cache=True, nogil=True)
def _run(network, rates, condition, state, steps, step, noise, normals, settled, scratch):
    """Advance a state by at most `steps` steps of Euler-Maruyama; give the steps taken.

    `rates` is the decay of mRNA and protein, `condition` each gene's shift of activation and
    factor of transcription, `state` mRNA and protein. Without noise the run ends when nothing
    changes by more than `settled` in a minute. A value that would turn negative becomes 0.
    """
    decay, protein_decay = rates
    shift, factor = condition
    mrna, protein = state
    tables, activation = (scratch[0], scratch[1]), scratch[2]
    root = math.sqrt(step)
    for t in range(steps):
        _activate(network, protein, shift, tables, activation)
        largest = 0.0
        for i in range(len(mrna)):
            made, lost = decay[i] * factor[i] * activation[i], decay[i] * mrna[i]
            translated = protein_decay[i] * mrna[i]
            degraded = protein_decay[i] * protein[i]
            change, protein_change = made - lost, translated - degraded
            largest = max(largest, abs(change), abs(protein_change))
            mrna[i] += step * change
            protein[i] += step * protein_change
            if noise > 0.0:
                mrna[i] += noise * root * math.sqrt(made + lost) * normals[t, 0, i]
                protein[i] += noise * root * math.sqrt(translated + degraded) * normals[t, 1, i]
                mrna[i], protein[i] = max(mrna[i], 0.0), max(protein[i], 0.0)
        if noise == 0.0 and largest < settled:
            return t + 1
    return steps


def integrate(
    kinetics: Kinetics,
    state: np.ndarray,
    minutes: float,
    *,
    shift: np.ndarray | None = None,
    factor: np.ndarray | None = None,
    noise: float = 0.0,
    seed: int = 0,
    settled: float = 0.0,
    step: float = STEP,
) -> int:
    """Advance one condition in place.

    Parameters
    ----------
    kinetics
        The network.
    state
        2 x genes: mRNA and protein; it is changed.
    minutes, step
        Length of the run and of an explicit step.
    shift
        Change of each gene's activation; what leaves [0, 1] is cut.
    factor
        Factor of each gene's transcription: 0 is a knockout.
    noise
        Factor c of the Langevin noise; 0 is the deterministic limit.
    seed
        Seed of the noise.
    settled
        Without noise, stop when no concentration changes faster than this in a minute.

    Returns
    -------
    int
        Steps taken.
    """
    size = len(kinetics.genes)
    condition = (
        np.zeros(size) if shift is None else shift,
        np.ones(size) if factor is None else factor,
    )
    states = int(np.diff(kinetics.alpha_start).max())
    scratch = np.zeros(size), np.zeros(states), np.zeros(size)
    rates = kinetics.decay, kinetics.protein_decay
    run = kinetics.network, rates, condition, (state[0], state[1])
    rng = np.random.default_rng(seed)
    steps, taken = round(minutes / step), 0
    none = np.zeros((0, 2, 0))
    while taken < steps:
        # The noise is drawn in blocks, so that memory does not grow with the time.
        block = min(steps - taken, 50) if noise else steps
        normals = rng.standard_normal((block, 2, size)) if noise else none
        done = _run(*run, block, step, float(noise), normals, float(settled), scratch)
        taken += done
        if done < block or not noise:
            break
    return taken


def find_steady_state(
    kinetics: Kinetics, *, shift: np.ndarray | None = None, factor: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, bool]:  # fmt: skip
    """Follow the deterministic kinetics until nothing changes.

    Parameters
    ----------
    kinetics, shift, factor
        As in :func:`integrate`.
    start
        2 x genes; by default every concentration is the basal activation.

    Returns
    -------
    tuple of numpy.ndarray and bool
        The state after at most 2000 minutes, and whether it is steady.
    """
    state = np.array([kinetics.basal] * 2) if start is None else start.copy()
    taken = integrate(kinetics, state, LONGEST, shift=shift, factor=factor, settled=SETTLED)
    return state, taken < round(LONGEST / STEP)
