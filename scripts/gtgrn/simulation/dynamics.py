"""The dynamics of a gene network with given kinetics: steady states, and runs with noise."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from gtgrn.simulation.kinetics import Kinetics

NOISE = 0.05  # c
STEP = 1.0  # minutes
LONGEST = 2000  # minutes after which a system without steady state is left as it is
SETTLED = 1e-7  # largest change in a minute at a steady state


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
    """Advance a state by at most `steps` steps of Euler-Maruyama; return the steps taken.

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
