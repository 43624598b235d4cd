"""Kernels of the resampling statistics: AUROC and average precision of resampled pairs.

The pairs are sorted once. A sample is a vector of weights (how often each pair is in it), and
one pass over the sorted order gives both areas, whether over all pairs or as a mean over groups.
The values are exact, ties included; nothing is binned.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

TIED, LAST_OF_GROUP = 0, 2
"""What follows a pair: another of its tie, or another group; 1 is another score."""
STEP = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
LOW, RANGE = np.uint64(0xFFFFFFFF), np.uint64(1 << 32)


@njit(cache=True, nogil=True)
def _draw(state, n):
    """Draw an integer below n < 2^32 without bias; `state` (1,) is stepped on.

    SplitMix64 (Steele et al. 2014), brought into range by Lemire's method (2019): a stream of
    our own, for NumPy's generators cannot be called in a kernel that holds no GIL.
    """
    n = np.uint64(n)
    while True:
        state[0] += STEP
        word = state[0]
        word = (word ^ (word >> S30)) * MIX_1
        word = (word ^ (word >> S27)) * MIX_2
        product = ((word ^ (word >> S31)) >> S32) * n
        if (product & LOW) >= n or (product & LOW) >= (RANGE - n) % n:
            return np.int64(product >> S32)


@njit(cache=True, nogil=True)
def areas(order, close, weights, by_group):
    """Return the mean over groups of the AUROC and of the average precision of weighted pairs.

    `order` lists the pairs group by group, best first; `close` says after which a tie or a
    group ends. The weight of a pair is its count in the sample, negative for a negative pair.
    Groups with one class are left out; with `by_group` each counts as often as its pairs.
    """
    auroc, auprc, groups = 0.0, 0.0, 0
    p, q, tied_p, tied_q, wins, precision = 0, 0, 0, 0, 0, 0.0
    for i in range(len(order)):
        weight = np.int64(weights[order[i]])
        tied_p += max(weight, 0)
        tied_q -= min(weight, 0)
        if close[i] == TIED:
            continue
        if tied_p:
            p += tied_p
            # Twice the negatives that rank above, so that halves of ties stay whole numbers.
            wins += tied_p * (2 * q + tied_q)
            precision += tied_p * (p / (p + q + tied_q))
        q += tied_q
        tied_p, tied_q = 0, 0
        if close[i] == LAST_OF_GROUP:
            if p and q:
                times = abs(weight) if by_group else 1
                auroc += times * (1 - wins / (2 * p * q))
                auprc += times * (precision / p)
                groups += times
            p, q, wins, precision = 0, 0, 0, 0.0
    if groups == 0:
        return np.nan, np.nan
    return auroc / groups, auprc / groups


@njit(cache=True, nogil=True)
def bootstrap_areas(seeds, n_positive, entities, n_entities, orders, closes, by_group, out):
    """Fill `out` (samples, rankings, 2) with areas on resamples of the pairs.

    Pairs are numbered positives first. With n_entities > 0 entities are drawn, `entities`
    giving each pair's.
    """
    n = orders.shape[1]
    # One byte a pair: that a pair is drawn 128 times has a probability below 1/128!.
    weights = np.empty(n, dtype=np.int8)
    counts = np.empty(max(n_entities, 1), dtype=np.int8)
    state = np.empty(1, dtype=np.uint64)
    for sample in range(len(seeds)):
        state[0] = seeds[sample]
        if n_entities:
            counts[:] = 0
            for _ in range(n_entities):
                counts[_draw(state, n_entities)] += 1
            for i in range(n):
                count = counts[entities[i]]
                weights[i] = count if i < n_positive else -count
        else:
            weights[:] = 0
            for _ in range(n_positive):
                weights[_draw(state, n_positive)] += 1
            for _ in range(n - n_positive):
                weights[n_positive + _draw(state, n - n_positive)] -= 1
        for r in range(len(orders)):
            out[sample, r] = areas(orders[r], closes[r], weights, by_group[r])


@njit(cache=True, nogil=True)
def permute_areas(seeds, labels, bounds, orders, closes, out):
    """Fill `out` (samples, rankings, 2) with areas after shuffling labels between bounds.

    `labels` holds 1 and -1.
    """
    weights = np.empty_like(labels)
    state = np.empty(1, dtype=np.uint64)
    for sample in range(len(seeds)):
        state[0] = seeds[sample]
        weights[:] = labels
        for group in range(len(bounds) - 1):
            start = bounds[group]
            for size in range(bounds[group + 1] - start, 1, -1):
                i, j = start + size - 1, start + _draw(state, size)
                weights[i], weights[j] = weights[j], weights[i]
        for r in range(len(orders)):
            out[sample, r] = areas(orders[r], closes[r], weights, False)


def ranking(scores: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order (group by group, best first) and where ties and groups end."""
    order = np.lexsort((-scores, groups)).astype(np.int32)
    scores, groups = scores[order], groups[order]
    close = np.full(len(order), LAST_OF_GROUP, dtype=np.uint8)
    new_group = np.diff(groups) != 0
    close[:-1] = np.where(new_group, LAST_OF_GROUP, np.diff(scores) != 0)
    return order, close


def run(
    kernel: Callable, seed: int, samples: int, threads: int, shape: tuple, *arguments
) -> np.ndarray:
    """Run a kernel over samples, split among threads."""
    seeds = np.random.SeedSequence(seed).generate_state(samples, np.uint64)
    out = np.empty((samples, *shape))
    chunks = np.array_split(np.arange(samples), min(threads, samples))
    with ThreadPoolExecutor(len(chunks)) as pool:
        jobs = [
            pool.submit(kernel, seeds[rows], *arguments, out[rows[0] : rows[-1] + 1])
            for rows in chunks
        ]
        for job in jobs:
            job.result()
    return out
