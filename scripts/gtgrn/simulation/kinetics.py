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
    decay, protein_decay = (math.log(2) / _truncated(rng, *HALF_LIFE) for _ in range(2))
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
    alpha = _draw_alpha(enhancer, rng)
    return _Gene(decay, protein_decay, enhancer, complex_bound, inputs, alpha)


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
