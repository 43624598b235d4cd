"""BC3NET (de Matos Simoes and Emmert-Streib 2012, doi 10.1371/journal.pone.0033624): bagging."""

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
    bootstraps: int = 100,
    estimator: str = "pearson",
    discretisation: str = "equalwidth",
    alpha: float = 0.05,
    correction: str = "bonferroni",
    edge_alpha: float = 0.05,
    edge_correction: str = "bonferroni",
    null_samples: int | None = None,
) -> pd.DataFrame:
    """Infer C3MTC's network on bootstraps of the cells; the weight is how often an edge came.

    The test of the counts takes every pair for equally likely, so that pure noise gives
    thousands of edges: a weight is a frequency, not evidence.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed
        Seed of the null distribution and the bootstraps.
    threads
        Of the native engine; the result does not depend on it.
    engine
        ``auto``, ``r`` (bc3net) or ``native``.
    bootstraps
        Number of bootstraps.
    estimator, discretisation
        See :func:`gtgrn.inference.information.bc3net.bc3net`; the defaults are bc3net's. It takes the square
        root of the number of genes, not of cells, for the number of bins.
    alpha, correction
        Level and R's name of the correction, within a bootstrap.
    edge_alpha, edge_correction
        The same for the counts over the bootstraps.
    null_samples
        Matrices shuffled for the null; None is bc3net's own number.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight in (0, 1]; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        from gtgrn.inference.information.r import call

        given = {} if null_samples is None else {"nullit": null_samples}
        return call(
            "bc3net::bc3net",
            values.T,
            genes,
            cells,
            boot=bootstraps,
            estimator=estimator,
            disc=discretisation,
            alpha1=alpha,
            adj1=correction,
            alpha2=edge_alpha,
            adj2=edge_correction,
            igraph=False,
            **given,
        )

    def natively(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.bc3net import bc3net

        return bc3net(
            values,
            boot=bootstraps,
            estimator=estimator,
            discretisation=discretisation,
            alpha1=alpha,
            adj1=correction,
            alpha2=edge_alpha,
            adj2=edge_correction,
            nullit=null_samples,
            seed=seed,
            threads=threads,
            progress=True,
        )

    return infer_symmetric(
        expression,
        regulators,
        method="bc3net",
        engine=engine,
        packages=("bc3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
