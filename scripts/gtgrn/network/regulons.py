"""Regulons of the final network in the formats of decoupler and pySCENIC.

A regulon is a regulator with its predicted targets. Two signs are told apart:

- the sign of the correlation, by which pySCENIC splits a regulator's targets into activated,
  ``GATA1(+)``, and repressed ones, ``GATA1(-)``: Pearson's correlation of regulator and target
  over the cells, above .03 or below -.03 (``add_correlation`` and ``modules_from_adjacencies`` of
  pySCENIC's ``utils.py``; Van de Sande et al. 2020, doi:10.1038/s41596-020-0336-2);
- the sign of the net for decoupler: the reference's where it has one, else that of the
  correlation.

A correlation says nothing about cause: a repressor and its target that are high in the same cells
correlate positively. Unlike pySCENIC's, these regulons are not pruned by binding motifs, and a
regulator is not added to its own targets.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.files import write_text
from gtgrn.names import PAIR, PROBABILITY, REGULATOR, SCORE, SIGN, TARGET, WEIGHT

log = logging.getLogger(__name__)

IMPORTANCE, CORRELATION = "importance", "correlation"
SIGN_FROM, FROM_REFERENCE, FROM_CORRELATION = "sign_from", "reference", "correlation"
RHO = 0.03
"""pySCENIC's threshold: a weaker correlation puts a target into neither regulon."""
ADJACENCIES = {REGULATOR: "TF", TARGET: "target", IMPORTANCE: "importance"}
NET = {REGULATOR: "source", TARGET: "target", WEIGHT: "weight"}
SHARE = 0.25
"""Most of the pairs that make regulons: one of nearly all genes would say nothing."""
DIGITS = 6


def rated(network: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that the final network has a value for, with it as `importance`.

    The probability where a model was trained, else the score of the consensus. Pairs of
    regulators without a known edge have no probability beside others that have one; their
    consensus is on another scale, so they are left out.

    Parameters
    ----------
    network
        From :func:`gtgrn.network.ranking.supervised_network` or
        :func:`gtgrn.network.ranking.consensus_network`.
    """
    column = PROBABILITY if PROBABILITY in network else SCORE
    values = pd.to_numeric(network[column])
    return network.assign(**{IMPORTANCE: values})[values.notna()].reset_index(drop=True)


def select_edges(network: pd.DataFrame, edges: int, targets: int | None = None) -> pd.DataFrame:
    """Return the edges that make regulons.

    Parameters
    ----------
    network
        From :func:`rated`, best first.
    edges
        Number of the best edges of all, at most a quarter of the pairs.
    targets
        Instead: number of the best targets of each regulator, as pySCENIC's top 50. Every
        regulator then has a regulon, the well supported and the others alike.
    """
    if targets is None:
        return network.head(min(edges, int(SHARE * len(network)))).reset_index(drop=True)
    return network[network.groupby(REGULATOR).cumcount() < targets].reset_index(drop=True)


def correlate(pairs: pd.DataFrame, expression: pd.DataFrame) -> np.ndarray:
    """Return Pearson's correlation of regulator and target over the cells, for each pair.

    Parameters
    ----------
    pairs
        Columns regulator, target.
    expression
        Cells x genes, log-normalised.

    Returns
    -------
    numpy.ndarray
        (pairs,) in [-1, 1], rounded to six digits, so that the order of the cells changes
        nothing; 0 where a gene is constant.
    """
    genes = sorted({*pairs[REGULATOR], *pairs[TARGET]})
    values = expression[genes].to_numpy(float)
    values -= values.mean(axis=0)
    norms = np.sqrt((values**2).sum(axis=0))
    # Below float32's resolution a column is a constant whose mean was rounded.
    norms[norms <= 1e-6 * np.sqrt(len(values))] = np.inf
    values /= norms
    column = pd.Series(range(len(genes)), index=genes)
    found = np.zeros(len(pairs))
    regulators, targets = (column[pairs[end]].to_numpy() for end in PAIR)
    for regulator in np.unique(regulators):
        rows = regulators == regulator
        found[rows] = values[:, targets[rows]].T @ values[:, regulator]
    # Adding zero turns -0 into 0.
    return found.round(DIGITS).clip(-1, 1) + 0.0


def sign_edges(
    edges: pd.DataFrame, expression: pd.DataFrame, reference: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Add the correlation, the sign of the edge and where the sign is from.

    Parameters
    ----------
    edges
        Columns regulator, target.
    expression
        Cells x genes, log-normalised.
    reference
        Known edges, with a column sign (``+``, ``-`` or empty) or without.

    Returns
    -------
    pandas.DataFrame
        The edges with correlation, sign (``+``, ``-``, or empty where neither source has one)
        and sign_from (``reference``, ``correlation`` or empty).
    """
    rho = correlate(edges, expression)
    own = np.select([rho > RHO, rho < -RHO], ["+", "-"], default="")
    known = np.full(len(edges), "", dtype=object)
    if reference is not None and SIGN in reference:
        signs = reference.set_index(PAIR)[SIGN]
        found = signs.reindex(pd.MultiIndex.from_frame(edges[PAIR])).fillna("")
        known = found.astype(str).to_numpy(object)
    source = np.select([known != "", own != ""], [FROM_REFERENCE, FROM_CORRELATION], default="")
    return edges.assign(
        **{CORRELATION: rho, SIGN: np.where(known != "", known, own), SIGN_FROM: source}
    )


def to_regulons(edges: pd.DataFrame, minimum: int) -> dict[str, list[str]]:
    """Split each regulator's targets by the sign of the correlation, as pySCENIC does.

    Parameters
    ----------
    edges
        From :func:`sign_edges`, with importance.
    minimum
        A regulon with fewer targets is left out.

    Returns
    -------
    dict
        ``GATA1(+)`` or ``GATA1(-)`` -> targets, the most important first; sorted by name.
    """
    ordered = edges.sort_values([IMPORTANCE, TARGET], ascending=[False, True])
    regulons = {}
    for end, rows in (("+", ordered[CORRELATION] > RHO), ("-", ordered[CORRELATION] < -RHO)):
        for regulator, targets in ordered[rows].groupby(REGULATOR)[TARGET]:
            if len(targets) >= minimum:
                regulons[f"{regulator}({end})"] = list(targets)
    log.info("%d regulons of at least %d targets", len(regulons), minimum)
    return dict(sorted(regulons.items()))


def write_gmt(regulons: Mapping[str, Sequence[str]], path: str | Path) -> None:
    """Write regulons as GMT: name, description and genes, separated by tabs.

    The description is ``tf=GATA1``: decoupler splits lines at any white space and would take
    the first gene for an empty description, and a sentence for genes.

    Parameters
    ----------
    regulons
        From :func:`to_regulons`.
    path
        The file; without any regulon it is empty.
    """
    lines = ["\t".join([name, f"tf={name[:-3]}", *genes]) for name, genes in regulons.items()]
    if odd := [line for line in lines if len(line.split()) != line.count("\t") + 1]:
        log.warning("%d regulons hold a name with a space, which decoupler splits", len(odd))
    write_text("".join(f"{line}\n" for line in lines), path)


def to_adjacencies(edges: pd.DataFrame) -> pd.DataFrame:
    """Return edges as pySCENIC's adjacencies: TF, target, importance, most important first."""
    table = edges[list(ADJACENCIES)].rename(columns=ADJACENCIES)
    order = ["importance", "TF", "target"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def to_net(edges: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return edges as a net for decoupler: importance with the edge's sign as the weight.

    Parameters
    ----------
    edges
        From :func:`sign_edges`, with importance.
    minimum
        A regulator with fewer signed targets is left out.

    Returns
    -------
    pandas.DataFrame
        source, target, weight, then sign_from and correlation; by source, the largest weight
        without its sign first. Edges without a sign are left out.
    """
    signed = edges[edges[SIGN] != ""]
    signed = signed[signed.groupby(REGULATOR)[TARGET].transform("size") >= minimum]
    order = [REGULATOR, IMPORTANCE, TARGET]
    signed = signed.sort_values(order, ascending=[True, False, True], ignore_index=True)
    signed[WEIGHT] = np.where(signed[SIGN] == "-", -1.0, 1.0) * signed[IMPORTANCE]
    return signed[[*NET, SIGN_FROM, CORRELATION]].rename(columns=NET)
