"""What the mutual-information methods share: input, engine, output.

Each method runs by its R package where the job's environment has it, and by our own engine
(the modules beside this one) otherwise; both are held to the same reference outputs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.inference.information import r as _r
from gtgrn.inference.information.estimators import (
    CORRELATIONS,
    DISCRETE,
    DISCRETISATIONS,
    mi_matrix,
)
from gtgrn.inference.information.r import ENGINES
from gtgrn.names import REGULATOR, TARGET, WEIGHT

logger = logging.getLogger(__name__)

MIN_CELLS = 3
"""Fewest cells between which a dependence can be measured at all."""


@dataclass(frozen=True)
class EngineOptions:
    """What every method by mutual information can be told."""

    engine: str = option(
        "auto",
        "What does the work: the R package (r), our own code (native), or R where the package is "
        "installed (auto).",
        enum=list(ENGINES),
    )


@dataclass(frozen=True)
class MinetOptions(EngineOptions):
    """Options of the methods that start from minet's matrix; the defaults are minet's."""

    estimator: str = option(
        "spearman", "Estimator of mutual information.", enum=[*CORRELATIONS, *DISCRETE]
    )
    discretisation: str = option(
        "none", "How values are cut into bins first.", enum=["none", *DISCRETISATIONS]
    )
    bins: int | None = option(
        None, "Number of bins; null is the square root of the number of cells.", minimum=1
    )


def infer_by_minet(
    function: str,
    expression: pd.DataFrame,
    regulators: Sequence[str],
    options: MinetOptions,
    *,
    natively: Callable[[np.ndarray], np.ndarray],
    seed: int,
    threads: int,
    **arguments: float,
) -> pd.DataFrame:
    """Infer a network from minet's matrix of mutual information.

    Parameters
    ----------
    function, arguments
        Function of minet that turns the matrix into a network, which is the method's name, and
        its arguments.
    expression, regulators, options, seed
        See :func:`infer_symmetric`.
    natively, threads
        matrix of mutual information -> weights, by our own engine, and its threads.
    """

    def by_r(values: np.ndarray, cells: list[str], genes: list[str]) -> np.ndarray:
        information = _r.call(
            "minet::build.mim",
            values,
            cells,
            genes,
            estimator=options.estimator,
            disc=options.discretisation,
            nbins=int(np.sqrt(len(cells))) if options.bins is None else int(options.bins),
        )
        return _r.call(f"minet::{function}", information, genes, genes, **arguments)

    def by_own_matrix(values: np.ndarray) -> np.ndarray:
        information = mi_matrix(
            values,
            estimator=options.estimator,
            discretisation=options.discretisation,
            bins=options.bins,
            threads=threads,
            progress=True,
        )
        return natively(information)

    return infer_symmetric(
        expression,
        regulators,
        method=function,
        engine=options.engine,
        packages=("minet", "infotheo"),
        by_r=by_r,
        natively=by_own_matrix,
        seed=seed,
    )


def infer_symmetric(
    expression: pd.DataFrame,
    regulators: Sequence[str],
    *,
    method: str,
    engine: str,
    packages: Sequence[str],
    by_r: Callable[[np.ndarray, list[str], list[str]], np.ndarray],
    natively: Callable[[np.ndarray], np.ndarray],
    seed: int,
) -> pd.DataFrame:
    """Infer a symmetric network by one of two engines.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    method
        Name, for messages.
    engine, packages
        See :func:`gtgrn.inference.information.r.choose_engine`.
    by_r
        (values, cells, genes) -> weights, by R; values are cells x genes.
    natively
        values -> weights, by our own engine.
    seed
        R's generator is seeded with it.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight: the regulators' rows of the matrix where it is not 0.
        A gene that never varies depends on nothing, so it has no edge. ``attrs`` names the
        engine and the versions.

    Raises
    ------
    InputError
        If there are fewer than three cells.
    """
    genes = sorted(expression.columns)
    values = expression[genes].to_numpy(dtype=np.float64)
    varies = _varying(values, method)
    kept = [name for name, keep in zip(genes, varies, strict=True) if keep]
    chosen = _r.choose_engine(engine, packages, f"inference.options.{method}.engine")
    if len(kept) < 2:
        weights = np.zeros((len(kept), len(kept)))
    elif chosen == "r":
        _r.set_seed(seed)
        cells = [f"cell{i}" for i in range(len(values))]
        weights = by_r(np.ascontiguousarray(values[:, varies]), cells, kept)
    else:
        weights = natively(np.ascontiguousarray(values[:, varies]))
    edges = _regulators_rows(weights, kept, regulators)
    found = _r.versions(packages) if chosen == "r" else {"numpy": version("numpy")}
    edges.attrs = {"engine": chosen, "versions": found}
    return edges


def _varying(values: np.ndarray, method: str) -> np.ndarray:
    """Return which genes vary, of cells x genes; refuse too few cells."""
    if len(values) < MIN_CELLS:
        raise InputError(
            f"{method} needs {MIN_CELLS} cells at least, there are {len(values)}",
            remedy="Give more cells, or leave the method out of inference.methods",
        )
    varies = np.ptp(values, axis=0) > 0
    if not varies.all():
        # R's packages answer a constant gene with NaN in all other genes' weights too.
        logger.warning("%d genes never vary and have no edge", int((~varies).sum()))
    return varies


def _regulators_rows(
    weights: np.ndarray, genes: list[str], regulators: Sequence[str]
) -> pd.DataFrame:
    weights = weights.copy()
    np.fill_diagonal(weights, 0.0)
    rows = np.flatnonzero(np.isin(genes, list(regulators)))
    i, j = np.nonzero(weights[rows])
    names = np.array(genes, dtype=object)
    return pd.DataFrame(
        {REGULATOR: names[rows[i]], TARGET: names[j], WEIGHT: weights[rows[i], j].astype(float)}
    )
