"""Consensus of expression-only networks, and which of them support a pair."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.names import PAIR, REGULATOR, WEIGHT

logger = logging.getLogger(__name__)

ONE_WEIGHT = 1e-6
"""Weights that differ by less than this share are one: tables keep nine digits."""
NEUTRAL = 0.5
"""Place of pairs that a method does not tell apart, where it tells none."""
SHOWN = 8
"""Names that a message lists at most."""


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


def silent_pairs(pairs: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Mark the pairs of regulators whose targets a method does not tell apart.

    A regulator that shares one weight with all of its targets, as a lone regulator does in a
    forest, whose importances add up to one, has been given no target; so have all where every
    pair has one weight, 0 among them. A regulator that a method leaves out beside others is
    no such case: what a method leaves out has the least weight.

    Parameters
    ----------
    pairs
        Columns regulator, target: the universe.
    weights
        (pairs,) from :func:`align_weights`.

    Returns
    -------
    numpy.ndarray
        (pairs,) bool.
    """
    if not len(weights):
        return np.zeros(0, dtype=bool)
    if _is_one(weights.min(), weights.max()):
        return np.ones(len(weights), dtype=bool)
    groups = pd.Series(weights).groupby(pairs[REGULATOR].to_numpy())
    low, high = groups.transform("min").to_numpy(), groups.transform("max").to_numpy()
    several = groups.transform("size").to_numpy() > 1
    return several & (high > 0) & _is_one(low, high)


def _is_one(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Say whether weights between two limits are one weight, but for rounding."""
    return high - low <= ONE_WEIGHT * np.maximum(np.abs(low), np.abs(high))


def describe_silence(
    pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame], dataset: str
) -> list[str]:
    """Return a sentence for each method that does not tell pairs apart, and log it as a warning.

    Parameters
    ----------
    pairs, networks
        See :func:`mean_rank`.
    dataset
        Name of the data set, for the sentences.
    """
    said = []
    for method in sorted(networks):
        silent = silent_pairs(pairs, align_weights(pairs, networks[method]))
        if not silent.any():
            continue
        names = sorted(set(pairs.loc[silent, REGULATOR]))
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        what = f"all targets of {shown}" if not silent.all() else f"all {len(pairs)} pairs"
        said.append(f"On {dataset}, {method} gives {what} one weight: it supports none of them.")
        logger.warning("%s Their rank in the consensus is neutral.", said[-1])
    return said


def borda(pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Return the mean share of pairs that each pair beats, over the networks (Borda count).

    A pair scores a point for each pair that the method ranks strictly below it, so that pairs
    which a method leaves out score nothing with it and a sparse method's edges count fully.
    Pairs that a method does not tell apart (:func:`silent_pairs`) score the mean of the others.

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
    return _mean_points(pairs, networks, "min")


def mean_rank(pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Return the mean normalised rank of each pair over the networks.

    Ranks, because weights of different methods share no scale (Marbach et al. 2012,
    doi 10.1038/nmeth.2016, found the mean rank robust where methods disagree). Tied pairs, among
    them those that a method leaves out, share their mean rank; pairs that a method does not tell
    apart (:func:`silent_pairs`) have the middle one.

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
    return _mean_points(pairs, networks, "average")


def log_rank(pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame]) -> np.ndarray:
    """Return the mean logarithm of ranks from the top, methods weighted by what they rank.

    The weight of a method is the share of pairs to which it gives a weight above 0 and which it
    tells apart. One that leaves out nearly all pairs has so little say about them, where in the
    plain mean its one large tie pulls all pairs together. By the logarithm a first place in one
    method outweighs good places in several, as where tests are combined by Fisher's method.

    Parameters
    ----------
    pairs
        Columns regulator, target: the universe.
    networks
        Name -> regulator, target, weight.

    Returns
    -------
    numpy.ndarray
        (pairs,) in [0, 1]; 1 for a pair that every method ranks first, 0 for one that all rank
        last; one half for all where no method tells any apart.
    """
    total, say = np.zeros(len(pairs)), 0.0
    for name in sorted(networks):
        weights = align_weights(pairs, networks[name])
        ranked = float(np.mean((weights > 0) & ~silent_pairs(pairs, weights)))
        behind = _points(pairs, networks[name], "average")
        total += ranked * np.log(len(pairs) / (len(pairs) - behind))
        say += ranked
    if say == 0 or len(pairs) == 1:
        return np.full(len(pairs), NEUTRAL)
    return total / (say * np.log(len(pairs)))


def _mean_points(
    pairs: pd.DataFrame, networks: Mapping[str, pd.DataFrame], ties: str
) -> np.ndarray:
    """Return the mean of :func:`_points` over the networks, by name, between 0 and 1."""
    points = [_points(pairs, networks[name], ties) for name in sorted(networks)]
    return np.mean(points, axis=0) / max(1, len(pairs) - 1)


def _points(pairs: pd.DataFrame, network: pd.DataFrame, ties: str) -> np.ndarray:
    """Return each pair's rank from 0, the last, among the pairs that the method tells apart.

    The ranks are stretched to the length of the universe; the other pairs get their mean.
    """
    weights = align_weights(pairs, network)
    told = ~silent_pairs(pairs, weights)
    last = max(1, len(pairs) - 1)
    points = np.full(len(pairs), last * NEUTRAL)
    ranks = pd.Series(weights[told]).rank(method=ties).to_numpy() - 1
    points[told] = ranks * (last / max(1, told.sum() - 1))
    if told.any():
        # Sorted, as the order of the pairs may have no part in the sum.
        points[~told] = np.sort(points[told]).mean()
    return points


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
        Share of the universe, rounded up to whole pairs. Tied pairs share their mean rank: a
        tie at the border counts as a whole if half of it lies within. Pairs of weight 0, and
        those that the method does not tell apart (:func:`silent_pairs`), never count.

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
        ranks = pd.Series(weights).rank(method="average", ascending=False).to_numpy()
        supported = (ranks <= top) & (weights > 0) & ~silent_pairs(pairs, weights)
        names[supported] += f",{method}"
    return pd.Series(names, index=pairs.index).str.removeprefix(",")
