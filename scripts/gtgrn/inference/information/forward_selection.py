"""Compiled loop of MRNET: genes chosen one by one, most relevant and least redundant first."""

from __future__ import annotations

import numpy as np
from numba import njit

SPAN = 256
"""Genes whose scores are made together, few enough for the fastest cache."""


@njit(cache=True, nogil=True)
def _advance(relevance, redundancy, added, share, scores):
    """Add a row to the redundancies, fill the scores, and return the largest (NaN is none).

    Two plain loops, the second with four maxima at a time, are what compilers make vectors of.
    """
    for j in range(len(scores)):
        total = redundancy[j] + added[j]
        redundancy[j] = total
        scores[j] = relevance[j] - total * share
    a = b = c = d = -np.inf
    whole = len(scores) & ~3
    for j in range(0, whole, 4):
        a = scores[j] if scores[j] > a else a
        b = scores[j + 1] if scores[j + 1] > b else b
        c = scores[j + 2] if scores[j + 2] > c else c
        d = scores[j + 3] if scores[j + 3] > d else d
    for j in range(whole, len(scores)):
        a = scores[j] if scores[j] > a else a
    return max(max(a, b), max(c, d))


@njit(cache=True, nogil=True)
def select_forward(mim, tie, stop_at_zero, first, last, out):
    """Maximum relevance, minimum redundancy for targets `first` to `last` - 1.

    out[t, j] becomes the score at which j was chosen; what is negative stays 0. Many
    scores of counts are equal and differ by rounding alone: those within `tie` of the largest
    count as equal to it, and the first gene is chosen, on every machine.
    """
    n_genes = len(mim)
    redundancy, relevance, scores = np.empty(n_genes), np.empty(n_genes), np.empty(n_genes)
    nothing = np.zeros(n_genes)
    peaks = np.empty((n_genes + SPAN - 1) // SPAN)
    for t in range(first, last):
        for j in range(n_genes):
            redundancy[j], relevance[j] = 0.0, mim[t, j]
        # parmigene leaves the target out; minet's target takes part, with the diagonal's 0.
        if stop_at_zero:
            relevance[t] = -np.inf
        added, share = nothing, 0.0
        for chosen in range(n_genes):
            top = -np.inf
            for k in range(len(peaks)):
                part = slice(k * SPAN, k * SPAN + SPAN)
                peaks[k] = _advance(
                    relevance[part], redundancy[part], added[part], share, scores[part]
                )
                top = max(top, peaks[k])
            if top == -np.inf:
                break
            best = 0
            while peaks[best // SPAN] < top - tie:
                best += SPAN
            while not scores[best] >= top - tie:
                best += 1
            score = scores[best]
            if score > tie:
                out[t, best] = score
            elif stop_at_zero or score < -tie:
                break
            relevance[best] = -np.inf
            added, share = mim[best], 1.0 / (chosen + 1)
