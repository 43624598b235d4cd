"""BC3NET (de Matos Simoes and Emmert-Streib 2012, doi 10.1371/journal.pone.0033624): bagging."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from gtgrn.inference.information import r as _r
from gtgrn.inference.information.bc3net import Bc3netOptions as Options
from gtgrn.inference.information.bc3net import bc3net
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
    options: Options,
) -> pd.DataFrame:
    """Infer C3MTC's network on bootstraps of the cells; the weight is how often an edge came.

    The test of the counts takes every pair for equally likely, so that noise gives thousands of
    edges: a weight is a frequency, not evidence.

    Parameters
    ----------
    expression, regulators
        Cells x genes, log-normalised; names among the columns.
    seed
        Seed of the null distribution and the bootstraps.
    threads, options
        Of the native engine, no matter how many; of the method.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight in (0, 1]; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        samples = options.null_samples
        return _r.call(
            "bc3net::bc3net",
            values.T,
            genes,
            cells,
            boot=options.bootstraps,
            estimator=options.estimator,
            disc=options.discretisation,
            alpha1=options.alpha,
            adj1=options.correction,
            alpha2=options.edge_alpha,
            adj2=options.edge_correction,
            igraph=False,
            **({} if samples is None else {"nullit": samples}),
        )

    def natively(values: np.ndarray) -> np.ndarray:
        return bc3net(values, seed=seed, threads=threads, progress=True, **asdict(options))

    return infer_symmetric(
        expression,
        regulators,
        method="bc3net",
        engine=options.engine,
        packages=("bc3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
