"""Absolute Pearson correlation: the floor that every expression-only method must clear."""

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
    """Infer a network by |r| between each regulator and each gene.

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
    genes, regulators = sorted(expression.columns), sorted(regulators)
    values = expression[genes].to_numpy(dtype=np.float64)
    values = values - values.mean(axis=0)
    # A constant gene correlates with nothing, though rounding may leave it other than zero here.
    values[:, np.ptp(values, axis=0) == 0] = 0.0
    norms = np.linalg.norm(values, axis=0)
    values /= np.where(norms > 0, norms, 1.0)
    columns = np.searchsorted(genes, regulators)
    weights = np.abs(values[:, columns].T @ values).clip(0.0, 1.0)
    return tabulate_weights(weights, regulators, genes)
