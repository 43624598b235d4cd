"""GENIE3 (Huynh-Thu et al. 2010, doi 10.1371/journal.pone.0012776) by arboreto."""

from __future__ import annotations

import pandas as pd

from gtgrn.inference._trees import infer_targets


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    n_estimators: int = 1000,
    max_features: str | float = "sqrt",
) -> pd.DataFrame:
    """Infer a network by random-forest importances.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads
        See :func:`gtgrn.inference._trees.infer_targets`.
    n_estimators, max_features
        Trees a target and features tried at a split; arboreto's and the paper's are 1000
        and ``sqrt``.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight.
    """
    from arboreto.core import RF_KWARGS

    options = {**RF_KWARGS, "n_estimators": n_estimators, "max_features": max_features}
    return infer_targets(
        expression,
        regulators,
        method="genie3",
        regressor="RF",
        options=options,
        seed=seed,
        threads=threads,
    )
