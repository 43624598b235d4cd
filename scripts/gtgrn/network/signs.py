"""Whether an edge activates or represses, and how far that can be known.

A sign is the reference's where it has one, else that of the correlation of regulator and target
over the cells. That the sign of a correlation is the sign of the regulation is an assumption, so
where the reference has signs of both kinds it is tested: the probability of activation given the
correlation is fitted to them. Most references hold far more activation than repression; a
negative correlation may then leave activation the more probable, and such an edge is given no
sign, for its evidence speaks against either. It is never called activation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.names import REGULATOR, SIGN
from gtgrn.network.regulons import CORRELATION, FROM_CORRELATION, SIGN_FROM, sign_edges

SIGN_PROBABILITY = "sign_probability"
COLUMNS = [SIGN, SIGN_FROM, SIGN_PROBABILITY, CORRELATION]
FEWEST = 20
"""Signed edges of either sign, below which no probability is fitted."""
FOLDS = 5


def add_signs(
    network: pd.DataFrame, expression: pd.DataFrame, reference: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict]:
    """Add sign, sign_from, sign_probability and correlation to a ranked network.

    Parameters
    ----------
    network
        Columns regulator, target and others.
    expression
        Cells x genes, log-normalised.
    reference
        Known edges, with a column sign (``+``, ``-`` or empty) or without.

    Returns
    -------
    tuple
        The network, and what is known of the signs: edges of either sign in the reference and,
        where a probability was fitted, the accuracy on regulators that the fit has not seen,
        beside that of the sign of the correlation and of the majority.
    """
    signed = sign_edges(network, expression, reference)
    known = signed[SIGN].isin(["+", "-"]) & (signed[SIGN_FROM] != FROM_CORRELATION)
    labels = (signed.loc[known, SIGN] == "+").to_numpy()
    summary: dict = {"positive": int(labels.sum()), "negative": int((~labels).sum())}
    probability = np.full(len(signed), np.nan)
    if min(summary.values()) >= FEWEST:
        rho = signed.loc[known, CORRELATION].to_numpy()
        groups = signed.loc[known, REGULATOR].to_numpy()
        summary |= judge_signs(rho, labels, groups)
        positive = _fit(rho, labels)(signed[CORRELATION].to_numpy())
        own = (signed[SIGN_FROM] == FROM_CORRELATION).to_numpy()
        of_sign = np.where(signed[SIGN] == "+", positive, 1 - positive)
        doubtful = own & (of_sign < 0.5)
        signed.loc[doubtful, [SIGN, SIGN_FROM]] = ""
        probability = np.where(own & ~doubtful, of_sign, np.nan)
    signed[SIGN_PROBABILITY] = probability
    others = [name for name in network.columns if name not in COLUMNS]
    return signed[[*others, *COLUMNS]], summary


def judge_signs(rho: np.ndarray, positive: np.ndarray, groups: np.ndarray) -> Mapping[str, float]:
    """Return how often signs are right on regulators that the fit has not seen.

    Parameters
    ----------
    rho, positive
        Correlation of each signed edge, and whether it activates.
    groups
        Its regulator: the edges of one are in one fold.

    Returns
    -------
    Mapping
        accuracy_fitted, accuracy_correlation (a correlation of 0 counts half) and
        accuracy_majority (the more frequent sign of the other folds), over all edges; missing
        with fewer than two regulators.
    """
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 2:
        return {}
    fitted, majority = np.zeros(len(rho), dtype=bool), np.zeros(len(rho), dtype=bool)
    for train, test in GroupKFold(folds).split(rho, groups=groups):
        majority[test] = positive[train].mean() >= 0.5
        fitted[test] = _fit(rho[train], positive[train])(rho[test]) >= 0.5
    right = np.where(rho == 0, 0.5, (rho > 0) == positive)
    return {
        "accuracy_fitted": float((fitted == positive).mean()),
        "accuracy_correlation": float(right.mean()),
        "accuracy_majority": float((majority == positive).mean()),
    }


def _fit(rho: np.ndarray, positive: np.ndarray):
    """Fit the probability of activation to the correlation; return a function of correlations."""
    from sklearn.linear_model import LogisticRegression

    if positive.all() or not positive.any():
        share = float(positive.mean())
        return lambda other: np.full(len(other), share)
    model = LogisticRegression(C=10.0).fit(_scale(rho), positive)
    return lambda other: model.predict_proba(_scale(other))[:, 1]


def _scale(rho: np.ndarray) -> np.ndarray:
    return np.arctanh(np.clip(rho, -0.999, 0.999))[:, None]
