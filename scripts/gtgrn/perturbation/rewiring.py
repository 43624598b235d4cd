"""Networks rewired at random that keep how many targets and regulators each gene has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numba import njit

from gtgrn.perturbation.response import Structure

SWAPS = 10
"""Swaps tried for each edge between one rewired network and the next (Milo et al. 2003,
arXiv:cond-mat/0312028, find ten enough)."""


# Not cached on disk: the installation may be read-only.
@njit
def _swap(source, target, regulators, present, first, second):
    """Let pairs of edges exchange their regulators where that gives two new edges."""
    for draw in range(len(first)):
        a, b = first[draw], second[draw]
        one, two = source[a], source[b]
        if regulators[one] == target[b] or regulators[two] == target[a]:
            continue
        if present[one, target[b]] or present[two, target[a]]:
            continue
        present[one, target[a]], present[two, target[b]] = False, False
        present[one, target[b]], present[two, target[a]] = True, True
        source[a], source[b] = two, one


def rewire(structure: Structure, genes: int, number: int, *, seed: int) -> Iterator[Structure]:
    """Yield rewired networks: each gene has as many regulators and targets as before.

    An edge keeps its target and its penalty and gets another regulator; the reference's signs
    are those of edges that are no more, and are dropped.

    Parameters
    ----------
    structure
        The network.
    genes
        Number of genes.
    number
        Number of rewired networks.
    seed
        Of the swaps.
    """
    rng, edges = np.random.default_rng(seed), len(structure.target)
    source = structure.source.copy()
    present = np.zeros((len(structure.regulators), genes), dtype=bool)
    present[source, structure.target] = True
    for _ in range(number):
        draws = rng.integers(edges, size=(2, SWAPS * edges))
        _swap(source, structure.target, structure.regulators, present, *draws)
        yield replace(structure, source=source.copy(), sign=np.zeros(edges))
