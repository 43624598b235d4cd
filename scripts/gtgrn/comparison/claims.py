"""From statistics and those of null labellings to p-values and false discovery rates.

The p-value of a statistic is its place among those of all hypotheses under all null labellings:
they are on one scale, so a few hundred labellings reach far into the tail. The rate is that of
Benjamini and Hochberg (1995). Statistics that hang together (the edges of one gene) can cross a
threshold in a body, which the procedure does not foresee; so no rate is below the share of null
labellings whose best rate is as good. Where nothing differs, at most one run in twenty then
claims anything at .05, whatever the statistics share.
"""

from __future__ import annotations

import numpy as np

BINS, WIDTH = 4096, 1 / 64
"""Statistics are counted in bins of this width, up to 64, and a bin counts as its upper tail."""


def to_bins(statistics: np.ndarray) -> np.ndarray:
    """Return the bin of each statistic, at least 0; what is larger than the last bin is in it."""
    return np.minimum(statistics * (1 / WIDTH), BINS - 1).astype(np.int32)


def judge(observed: np.ndarray, null: np.ndarray, *, same: int = 0) -> tuple:
    """Return p-value and false discovery rate of each statistic.

    Parameters
    ----------
    observed
        (hypotheses,) statistics, large for a difference; not negative.
    null
        (labellings, BINS) counts of the statistics of each null labelling, from
        :func:`to_bins`.
    same
        Entries among the counts of each labelling that are no hypotheses, all in bin 0.

    Returns
    -------
    tuple
        p and rate, (hypotheses,), and the share of labellings, the observed one among them,
        whose best rate is no worse than the observed one's.
    """
    bins = to_bins(observed)
    counts = np.bincount(bins, minlength=BINS)
    own = null.astype(np.int64)
    own[:, 0] -= same
    hypotheses, labellings = len(observed), len(null) + 1
    pool = counts + own.sum(axis=0)
    tail = pool[::-1].cumsum()[::-1] / (hypotheses * labellings)
    above = np.vstack([counts, own])[:, ::-1].cumsum(axis=1)[:, ::-1]
    # The rate at each threshold; a threshold at which nothing is claimed has none.
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(above > 0, hypotheses * tail / above, np.inf)
    best = rates.min(axis=1)
    overall = float((best <= best[0]).mean())
    # A lower threshold may have a lower rate, which then holds for all above it.
    rate = np.minimum.accumulate(rates[0])
    return tail[bins], np.minimum(np.maximum(rate[bins], overall), 1.0), overall


def standardise(observed: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put statistics of several hypotheses on one scale, that of their own null.

    Parameters
    ----------
    observed
        (hypotheses,).
    null
        (labellings, hypotheses).

    Returns
    -------
    tuple of numpy.ndarray
        Both less the mean and by the standard deviation over all labellings, the observed one
        among them: it is one of them where nothing differs. Negative values are 0.
    """
    joined = np.vstack([observed, null])
    spread = joined.std(axis=0)
    joined = (joined - joined.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    joined = np.maximum(joined, 0.0)
    return joined[0], joined[1:]


def count_bins(null: np.ndarray) -> np.ndarray:
    """Return (labellings, BINS) counts of (labellings, hypotheses) statistics."""
    return np.array([np.bincount(to_bins(row), minlength=BINS) for row in null])
