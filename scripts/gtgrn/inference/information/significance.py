"""Significance of mutual information: null distributions and adjusted p-values, as R has them."""

from __future__ import annotations

import numpy as np

from gtgrn.errors import InputError

ADJUSTMENTS = ("none", "bonferroni", "holm", "hochberg", "BH", "BY")


def adjust_p_values(p: np.ndarray, method: str) -> np.ndarray:
    """Adjust p-values for their number, as R's ``p.adjust``.

    Parameters
    ----------
    p
        One for each test.
    method
        ``none``, ``bonferroni``, ``holm`` (Holm 1979), ``hochberg`` (Hochberg 1988), ``BH``
        (Benjamini and Hochberg 1995) or ``BY`` (Benjamini and Yekutieli 2001).

    Raises
    ------
    InputError
        An unknown method.
    """
    p, n = np.asarray(p, dtype=float), len(p)
    if method not in ADJUSTMENTS:
        raise InputError(f"unknown adjustment {method!r}", remedy=f"Use one of {ADJUSTMENTS}.")
    if method == "none" or not n:
        return p.copy()
    if method == "bonferroni":
        return np.minimum(n * p, 1.0)
    order, rank = np.argsort(p, kind="stable"), np.arange(1, n + 1)
    if method in ("holm", "hochberg"):
        factor = (n + 1.0) - rank
    else:
        factor = n / rank * ((1.0 / rank).sum() if method == "BY" else 1.0)
    steps = factor * p[order]
    if method == "holm":
        steps = np.maximum.accumulate(steps)
    else:
        steps = np.minimum.accumulate(steps[::-1])[::-1]
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def check_null(null: np.ndarray) -> np.ndarray:
    """Sort a null distribution.

    Raises
    ------
    InputError
        It is empty (no gene varies) or holds NaN.
    """
    null = np.sort(np.asarray(null, dtype=float).ravel())
    if not len(null) or np.isnan(null).any():
        raise InputError(
            "a null distribution that is empty or holds NaN",
            remedy="Give at least three genes that vary.",
        )
    return null


def null_p_values(null: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Share of larger null values; 1 / L for what exceeds them all, as in bc3net."""
    p = 1.0 - np.searchsorted(null, information, side="right") / len(null)
    p[information > null[-1]] = 1.0 / len(null)
    return p
