"""Walks of node2vec (Grover and Leskovec 2016) by numpy, where DGL is not installed.

A step is proposed by the weights of a node's edges and kept with a probability that is
proportional to node2vec's bias, so that what is kept has exactly the law of the biased weights.
"""

from __future__ import annotations

import numpy as np

PAD = -1
"""Fills a walk that ended early, because its node has no neighbour."""


def draw_walks(
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    n: int,
    starts: np.ndarray,
    *,
    length: int,
    p: float,
    q: float,
    seed: int,
) -> np.ndarray:
    """Return walks along weighted edges.

    Parameters
    ----------
    source, target, weight
        (edges,) ends and positive weights; each undirected edge stands in both directions, once.
    n
        Number of nodes.
    starts
        (walks,) nodes from which walks start.
    length
        Nodes in a walk.
    p, q
        Return and in-out parameter.
    seed
        Seed.

    Returns
    -------
    numpy.ndarray
        (walks, length) int32, padded with `PAD` on the right.
    """
    target, edges, first, reach = _in_order(source, target, weight, n)
    rng, most = np.random.default_rng(seed), max(1.0, 1 / p, 1 / q)
    walks = np.full((len(starts), length), PAD, dtype=np.int64)
    walks[:, 0] = starts
    has_edge = first[1:] > first[:-1]
    for step in range(1, length):
        # Who was reached can at least go back, so a walk ends at its start or not at all.
        waiting = np.flatnonzero(has_edge[walks[:, 0]])
        while len(waiting):
            here = walks[waiting, step - 1]
            low, high = first[here], first[here + 1]
            aim = reach[low] + rng.random(len(here)) * (reach[high] - reach[low])
            # Rounding may put an aim on the border of the node's own edges.
            edge = np.clip(np.searchsorted(reach, aim, side="right") - 1, low, high - 1)
            to = target[edge]
            kept = np.ones(len(to), dtype=bool)
            if step > 1:
                before = walks[waiting, step - 2]
                pairs = before * n + to
                near = edges[np.minimum(np.searchsorted(edges, pairs), len(edges) - 1)] == pairs
                bias = np.where(to == before, 1 / p, np.where(near, 1.0, 1 / q))
                kept = rng.random(len(to)) * most < bias
            walks[waiting[kept], step] = to[kept]
            waiting = waiting[~kept]
    return walks.astype(np.int32)


def _in_order(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return edges by source and target: targets, codes, each node's first, weights summed up."""
    order = np.lexsort((target, source))
    target, weight = target[order].astype(np.int64), weight[order].astype(np.float64)
    edges = source[order].astype(np.int64) * n + target
    first = np.searchsorted(edges, np.arange(n + 1, dtype=np.int64) * n)
    return target, edges, first, np.concatenate([[0.0], np.cumsum(weight)])
