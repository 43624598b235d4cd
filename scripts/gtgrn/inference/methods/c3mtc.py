"""C3MTC (de Matos Simoes and Emmert-Streib 2012, doi 10.1371/journal.pone.0033624)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.inference.information.engine import infer_symmetric

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
    estimator: str = "pearson",
    discretisation: str = "none",
    corrected: bool = True,
    correction: str = "bonferroni",
    alpha: float = 0.05,
    null_samples: int | None = None,
) -> pd.DataFrame:
    """Infer C3NET's network and keep the edges that pass a corrected test.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed
        Seed of the null distribution.
    threads
        Of the native engine; the result does not depend on it.
    engine
        ``auto``, ``r`` (bc3net) or ``native``.
    estimator, discretisation
        See :func:`gtgrn.inference.information.c3net.c3mtc`; the defaults are bc3net's. It takes the square root
        of the number of genes, not of cells, for the number of bins.
    corrected, correction, alpha
        Correct for the number of tests, R's name of the correction, level.
    null_samples
        Matrices shuffled for the null; None is bc3net's own number.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        from gtgrn.inference.information.r import call

        given = {} if null_samples is None else {"nullit": null_samples}
        return call(
            "bc3net::c3mtc",
            values.T,
            genes,
            cells,
            mtc=corrected,
            adj=correction,
            alpha=alpha,
            estimator=estimator,
            disc=discretisation,
            igraph=False,
            **given,
        )

    def natively(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.c3net import c3mtc

        return c3mtc(
            values,
            mtc=corrected,
            adj=correction,
            alpha=alpha,
            nullit=null_samples,
            estimator=estimator,
            discretisation=discretisation,
            seed=seed,
            threads=threads,
            progress=True,
        )

    return infer_symmetric(
        expression,
        regulators,
        method="c3mtc",
        engine=engine,
        packages=("bc3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
