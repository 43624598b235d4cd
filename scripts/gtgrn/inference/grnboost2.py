"""GRNBoost2 (Moerman et al. 2019, doi 10.1093/bioinformatics/bty916) by arboreto."""

from __future__ import annotations

import pandas as pd

from gtgrn.inference._trees import infer_targets


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    n_estimators: int = 5000,
    learning_rate: float = 0.01,
    max_features: float = 0.1,
    subsample: float = 0.9,
) -> pd.DataFrame:
    """Infer a network by stochastic gradient boosting with early stopping.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads
        See :func:`gtgrn.inference._trees.infer_targets`.
    n_estimators, learning_rate, max_features, subsample
        Of the regressor; the defaults are arboreto's. Boosting stops when the mean
        out-of-bag improvement of the last 25 trees is negative.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight.
    """
    return infer_targets(
        expression,
        regulators,
        method="grnboost2",
        regressor="GBM",
        options={
            "learning_rate": learning_rate,
            "n_estimators": n_estimators,
            "max_features": max_features,
            "subsample": subsample,
        },
        seed=seed,
        threads=threads,
    )
