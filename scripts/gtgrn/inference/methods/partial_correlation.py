"""Partial correlation with a shrunken covariance: correlation that other genes do not explain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.inference.dense import tabulate_weights

ENVIRONMENT = "base"
SHARDED = False
THREADS = 1


def infer(
    expression: pd.DataFrame, regulators: list[str], *, seed: int, threads: int = 1
) -> pd.DataFrame:
    """Infer a network by the absolute partial correlation given all other genes.

    The correlation matrix is shrunk towards the identity by Ledoit and Wolf's intensity
    (doi 10.1016/S0047-259X(03)00096-4), so that it has an inverse with more genes than cells.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads
        Unused; nothing here is random or parallel. They belong to the common signature.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight in [0, 1]; a gene without variance has weight 0.
    """
    from scipy.linalg import inv
    from sklearn.covariance import ledoit_wolf

    genes, regulators = sorted(expression.columns), sorted(regulators)
    values = expression[genes].to_numpy(dtype=np.float64)
    varies = np.ptp(values, axis=0) > 0
    weights = np.zeros((len(genes), len(genes)))
    if varies.sum() > 1:
        kept = values[:, varies]
        kept = (kept - kept.mean(axis=0)) / kept.std(axis=0)
        precision = inv(ledoit_wolf(kept)[0])
        scale = np.sqrt(np.diag(precision))
        weights[np.ix_(varies, varies)] = np.abs(precision / np.outer(scale, scale)).clip(0, 1)
    rows = np.searchsorted(genes, regulators)
    return tabulate_weights(weights[rows], regulators, genes)
