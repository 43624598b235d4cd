"""C3NET (Altay and Emmert-Streib 2010, doi 10.1186/1752-0509-4-132): one edge a gene."""

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
    copula: bool = True,
    step: str = "cutoff",
    cutoff: float = 0.0,
    alpha: float = 0.01,
    correction: str = "BH",
    permutations: int = 5,
) -> pd.DataFrame:
    """Infer a network in which each gene keeps the edge of its largest mutual information.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed
        Seed of the permutations.
    threads
        Of the native engine; the result does not depend on it.
    engine
        ``auto``, ``r`` (c3net) or ``native``.
    copula
        Replace values by their ranks first.
    step
        What an edge must pass first: ``cutoff``, ``MTC`` (corrected test) or ``justp``.
    cutoff
        Least mutual information, in nats, of the step ``cutoff``; 0 is the mean of all pairs.
    alpha, correction, permutations
        Level, R's name of the correction and number of permutations of the tests. The step
        ``cutoff``, which is the package's default, looks at none of them.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        from gtgrn.inference.information.r import call

        return call(
            "c3net::c3net",
            values.T,
            genes,
            cells,
            cop=copula,
            alpha=alpha,
            methodstep1=step,
            cutoffMI=cutoff,
            MTCmethod=correction,
            itnum=permutations,
            network=False,
        )

    def natively(values: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.c3net import c3net

        return c3net(
            values,
            cop=copula,
            alpha=alpha,
            method_step1=step,
            cutoff_mi=cutoff,
            mtc_method=correction,
            itnum=permutations,
            seed=seed,
            threads=threads,
            progress=True,
        )

    return infer_symmetric(
        expression,
        regulators,
        method="c3net",
        engine=engine,
        packages=("c3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
