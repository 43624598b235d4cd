"""How far chance may carry a right result: the bounds of the tests that compare samples.

A test may fail on right code less than once in a million runs, on any processor. Six standard
errors of a normal variable are exceeded with a probability of 2e-9, so that even 500 comparisons
in one test stay at 1e-6. What a bound must still catch is said beside it or tried in the test.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

FALSE_ALARM = 1e-6
"""Probability, over all comparisons of a test, of failing on code that is right."""
ERRORS = 6.0
"""Standard errors that a mean may be off."""


def spread_error(*sizes: int, kurtosis: float = 3.0) -> float:
    """Return the relative standard error of a ratio of standard deviations, one per sample size.

    The relative variance of one is (kurtosis - 1) / (4 n); 3 is a normal variable's kurtosis.
    """
    return float(np.sqrt(sum((kurtosis - 1) / (4 * n) for n in sizes)))


def largest_t(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest of Welch's |t| over the columns of two samples (rows)."""
    difference = ours.mean(axis=0) - theirs.mean(axis=0)
    variance = sum(sample.var(axis=0, ddof=1) / len(sample) for sample in (ours, theirs))
    return float(np.max(np.abs(difference) / np.sqrt(variance)))


def t_bound(comparisons: int, degrees: int) -> float:
    """Return the |t| that as many comparisons exceed with :data:`FALSE_ALARM` together."""
    return float(student.isf(FALSE_ALARM / 2 / comparisons, degrees))
