"""ARACNE (Margolin et al. 2006, doi 10.1186/1471-2105-7-S1-S7): no indirect edges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.inference.information.engine import infer_symmetric
from gtgrn.inference.information.minet import minet_matrix

ENVIRONMENT = "mi"
SHARDED = False
THREADS = 1


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    engine: str = "auto",
    estimator: str = "spearman",
    discretisation: str = "none",
    bins: int | None = None,
    eps: float = 0.0,
) -> pd.DataFrame:
    """Infer a network by mutual information and the data processing inequality.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed
        Unused, for nothing here is random; it belongs to the common signature.
    threads
        Of the native engine; the result does not depend on it.
    engine
        ``auto``, ``r`` (minet) or ``native``.
    estimator, discretisation, bins
        See :func:`gtgrn.inference.information.estimators.mi_matrix`; the defaults are minet's. By default
        there are as many bins as the square root of the number of cells.
    eps
        A triangle's weakest edge is removed if the next is stronger by more than this, in nats.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """
    by_r, information = minet_matrix("aracne", estimator, discretisation, bins, threads, eps=eps)

    def natively(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.networks import aracne

        return aracne(information(values), eps=eps, threads=threads, progress=True)

    return infer_symmetric(
        expression,
        regulators,
        method="aracne",
        engine=engine,
        packages=("minet", "infotheo"),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
