"""CLR (Faith et al. 2007, doi 10.1371/journal.pbio.0050008): information above background."""

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
    skip_diagonal: bool = True,
) -> pd.DataFrame:
    """Infer a network by mutual information relative to both genes' background.

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
    skip_diagonal
        Leave the diagonal out of each gene's background, as minet does.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """
    by_r, information = minet_matrix(
        "clr", estimator, discretisation, bins, threads, skipDiagonal=int(skip_diagonal)
    )

    def natively(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.networks import clr

        return clr(information(values), skip_diagonal=skip_diagonal)

    return infer_symmetric(
        expression,
        regulators,
        method="clr",
        engine=engine,
        packages=("minet", "infotheo"),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
