"""C3MTC (de Matos Simoes and Emmert-Streib 2012, doi 10.1371/journal.pone.0033624)."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from gtgrn.inference.information import r as _r
from gtgrn.inference.information.c3net import C3mtcOptions as Options
from gtgrn.inference.information.c3net import c3mtc
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
    options
        Of the method.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        samples = options.null_samples
        return _r.call(
            "bc3net::c3mtc",
            values.T,
            genes,
            cells,
            mtc=options.corrected,
            adj=options.correction,
            alpha=options.alpha,
            estimator=options.estimator,
            disc=options.discretisation,
            igraph=False,
            **({} if samples is None else {"nullit": samples}),
        )

    def natively(values: np.ndarray) -> np.ndarray:
        return c3mtc(values, seed=seed, threads=threads, progress=True, **asdict(options))

    return infer_symmetric(
        expression,
        regulators,
        method="c3mtc",
        engine=options.engine,
        packages=("bc3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
