"""C3NET (Altay and Emmert-Streib 2010, doi 10.1186/1752-0509-4-132): one edge per gene."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.inference.information import r as _r
from gtgrn.inference.information.c3net import AVERAGE, FIRST, c3net
from gtgrn.inference.information.c3net import C3netOptions as Options
from gtgrn.inference.information.engine import infer_symmetric

ENVIRONMENT = "mi"
SHARDED = False
THREADS = 1


def _engine(options: Options) -> str:
    """Return the engine to choose from; R, which has no ranks that share ties, is refused."""
    if options.copula != AVERAGE or options.engine == "native":
        return options.engine
    if options.engine == "r":
        raise InputError(
            f"the R package has no copula {AVERAGE}",
            field="inference.options.c3net.copula",
            remedy="Set it to first or none, or the engine to native",
        )
    return "native"


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    options: Options,
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
    options
        Of the method.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        return _r.call(
            "c3net::c3net",
            values.T,
            genes,
            cells,
            cop=options.copula == FIRST,
            alpha=options.alpha,
            methodstep1=options.step,
            cutoffMI=options.cutoff,
            MTCmethod=options.correction,
            itnum=options.permutations,
            network=False,
        )

    def natively(values: np.ndarray) -> np.ndarray:
        return c3net(values, seed=seed, threads=threads, progress=True, **asdict(options))

    return infer_symmetric(
        expression,
        regulators,
        method="c3net",
        engine=_engine(options),
        packages=("c3net",),
        by_r=by_r,
        natively=natively,
        seed=seed,
    )
