"""Standardised genes."""

from __future__ import annotations

import numpy as np


def standardise(values: np.ndarray) -> np.ndarray:
    """Scale each column to mean 0 and variance 1; a constant column becomes zeros."""
    values = np.asarray(values, dtype=np.float64)
    spread = values.std(axis=0)
    # Not by the spread alone: rounding of the mean gives a constant column a tiny one.
    varies = (np.ptp(values, axis=0) > 0) & (spread > 0)
    scaled = (values - values.mean(axis=0)) / np.where(varies, spread, 1.0)
    return np.where(varies, scaled, 0.0)
