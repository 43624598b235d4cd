"""The damped linear response of a network to one gene that is held at a value.

The best edges of a ranked network, three for each gene, are its structure. Each target is
regressed on its regulators over the cells (ridge regression of standardised values; the penalty
of an edge is the larger the lower it ranks, so that the network decides between regulators that
the expression does not tell apart). With B the coefficients, the response of all genes to a gene
that is held at d standard deviations from its mean is

    sum over n = 0 .. STEPS of (DAMPING B)^n d,

the gene itself being held: paths of up to ten edges, each worth half of what the regression says,
as noise in a coefficient grows along a path. It is a linear extrapolation. What a cell does when
a gene is wholly gone may be far from it, and correlation does not say who regulates whom: the
direction is the network's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.names import REGULATOR, SIGN, TARGET
from gtgrn.network.regulons import FROM_REFERENCE, SIGN_FROM, rated, select_edges

EDGES_OF_A_GENE = 3
PENALTY, LEAST_WEIGHT = 0.05, 0.01
DAMPING, STEPS = 0.5, 10
"""Chosen on simulated networks that are no part of what bench/perturbation.py reports."""


@dataclass(frozen=True)
class Structure:
    """Edges of a network that carry a response.

    Attributes
    ----------
    regulators
        (regulators,) positions among the genes.
    source
        (edges,) positions among `regulators`.
    target
        (edges,) positions among the genes.
    penalty
        (edges,) of the ridge regression.
    sign
        (edges,) 1 or -1 where a reference knows the sign, else 0.
    """

    regulators: np.ndarray
    source: np.ndarray
    target: np.ndarray
    penalty: np.ndarray
    sign: np.ndarray


def choose_structure(network: pd.DataFrame, genes: list[str]) -> Structure:
    """Return the best edges of a network as a structure.

    Parameters
    ----------
    network
        ``network.tsv.gz``, best first: regulator, target, a score or probability, and sign and
        sign_from where there are any.
    genes
        Names of the genes, sorted; those of the network are among them.
    """
    pairs = rated(network)
    edges = select_edges(pairs, EDGES_OF_A_GENE * len(genes))
    regulators = np.searchsorted(genes, sorted(set(edges[REGULATOR])))
    own = np.searchsorted(genes, edges[REGULATOR])
    place = np.arange(1, len(edges) + 1)
    weight = 1 - np.log(place) / np.log(max(len(pairs), 2))
    sign = np.zeros(len(edges))
    if SIGN in edges and SIGN_FROM in edges:
        known = (edges[SIGN_FROM] == FROM_REFERENCE).to_numpy()
        sign = np.where(known, np.where(edges[SIGN] == "-", -1.0, 1.0), 0.0)
    return Structure(
        regulators,
        np.searchsorted(regulators, own),
        np.searchsorted(genes, edges[TARGET]),
        PENALTY / np.maximum(weight, LEAST_WEIGHT),
        sign,
    )


def correlate_all(values: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    """Return the correlations of regulators and genes, (regulators, genes); 0 for constants.

    Parameters
    ----------
    values
        Cells x genes.
    regulators
        Positions of the regulators among the genes.
    """
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    values = values / np.where(spread > 1e-6, spread, np.inf)
    return values[:, regulators].T @ values / len(values)


def fit(structure: Structure, correlations: np.ndarray) -> np.ndarray:
    """Return the coefficient of each edge, (edges,), in standard deviations.

    Parameters
    ----------
    structure
        The edges.
    correlations
        From :func:`correlate_all`.

    Notes
    -----
    A coefficient that contradicts the reference's sign is 0: the evidence on that edge disagrees.
    """
    coefficient = np.zeros(len(structure.target))
    order = np.argsort(structure.target, kind="stable")
    _, starts, inputs = np.unique(structure.target[order], return_index=True, return_counts=True)
    # All targets with the same number of regulators are solved at once.
    for number in np.unique(inputs):
        edges = order[starts[inputs == number][:, None] + np.arange(number)]
        source, genes = structure.source[edges], structure.regulators[structure.source[edges]]
        among = correlations[source[:, :, None], genes[:, None, :]].astype(float)
        diagonal = np.arange(number)
        among[:, diagonal, diagonal] = 1.0 + structure.penalty[edges]
        given = correlations[source, structure.target[edges]].astype(float)
        coefficient[edges] = np.linalg.solve(among, given[:, :, None])[:, :, 0]
    return np.where(coefficient * structure.sign < 0, 0.0, coefficient)


def respond(
    structure: Structure, coefficient: np.ndarray, gene: int, change: float, genes: int
) -> np.ndarray:
    """Return the response of every gene, (genes,), in standard deviations.

    Parameters
    ----------
    structure, coefficient
        The network, and the coefficient of each edge.
    gene
        Position of the gene that is held.
    change
        Its distance from its mean, in standard deviations.
    genes
        Number of genes.
    """
    kept = np.where(structure.target == gene, 0.0, DAMPING * coefficient)
    ends = structure.target, structure.regulators[structure.source]
    step = sparse.csr_array((kept, ends), shape=(genes, genes))
    held = np.zeros(genes)
    held[gene] = change
    response = held
    for _ in range(STEPS):
        response = held + step @ response
    return response
