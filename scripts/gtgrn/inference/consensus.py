"""Consensus of expression-only networks, and which of them support a pair."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.names import PAIR, WEIGHT


def align_weights(pairs: pd.DataFrame, network: pd.DataFrame) -> np.ndarray:
    """Return a network's weight for each pair; a pair that it lacks has weight 0.

    Expression-only methods leave out pairs of no importance, so absence is the least weight.

    Parameters
    ----------
    pairs
        Columns regulator, target.
    network
        Columns regulator, target, weight >= 0.

    Returns
    -------
    numpy.ndarray
        (pairs,) float64.
    """
    weights = network.set_index(PAIR)[WEIGHT]
    return weights.reindex(pd.MultiIndex.from_frame(pairs[PAIR])).fillna(0.0).to_numpy(float)


def borda(pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Return the mean share of pairs that each pair beats, over the networks (Borda count).

    A pair scores a point for each pair that the method ranks strictly below it, so that pairs
    which a method leaves out score nothing with it and a sparse method's edges count fully.

    Parameters
    ----------
    pairs
        Columns regulator, target: the universe.
    networks
        Name -> regulator, target, weight.

    Returns
    -------
    numpy.ndarray
        (pairs,) in [0, 1]; 1 for a pair that every method alone ranks first.
    """
    points = [_ranks(pairs, network, "min") - 1 for network in networks.values()]
    return np.mean(points, axis=0) / max(1, len(pairs) - 1)


def mean_rank(pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Return the mean normalised rank of each pair over the networks.

    Ranks, because weights of different methods share no scale (Marbach et al. 2012,
    doi 10.1038/nmeth.2016, found the mean rank robust where methods disagree). Tied pairs, among
    them those that a method leaves out, share their mean rank.

    Parameters
    ----------
    pairs
        Columns regulator, target: the universe.
    networks
        Name -> regulator, target, weight.

    Returns
    -------
    numpy.ndarray
        (pairs,) in [0, 1]; 1 for a pair that every method ranks first.
    """
    ranks = [_ranks(pairs, network, "average") for network in networks.values()]
    return (np.mean(ranks, axis=0) - 1) / max(1, len(pairs) - 1)


def _ranks(pairs: pd.DataFrame, network: pd.DataFrame, ties: str) -> np.ndarray:
    return pd.Series(align_weights(pairs, network)).rank(method=ties).to_numpy()


def supporting_methods(
    pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame], fraction: float
) -> pd.Series:
    """Name the methods that have a pair in the top fraction of their ranking.

    Parameters
    ----------
    pairs
        Columns regulator, target: the universe.
    networks
        Name -> regulator, target, weight.
    fraction
        Share of the universe, rounded up to whole pairs; of a tie at the border, which would
        exceed the share, all pairs count.

    Returns
    -------
    pandas.Series
        Names joined by commas, in alphabetical order; empty where no method supports a pair.
    """
    # Without the rounding, 0.07 of 100 pairs would be 8 of them.
    top = max(1, math.ceil(round(fraction * len(pairs), 6)))
    names = np.full(len(pairs), "", dtype=object)
    for method in sorted(networks):
        weights = align_weights(pairs, networks[method])
        border = np.sort(weights)[-top]
        supported = (weights >= border) & (weights > 0)
        names[supported] += f",{method}"
    return pd.Series(names, index=pairs.index).str.removeprefix(",")
