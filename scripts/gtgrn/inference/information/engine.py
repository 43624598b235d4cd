"""What the mutual-information methods share: input, engine, output.

Each method runs by its R package where the job's environment has it, and by our own engine
(:mod:`gtgrn.inference.information.estimators`, :mod:`gtgrn.inference.information.networks`) otherwise; both are held to the same
reference outputs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.inference.information import r as _r
from gtgrn.names import REGULATOR, TARGET, WEIGHT

logger = logging.getLogger(__name__)

MIN_CELLS = 3
"""Fewest cells between which a dependence can be measured at all."""


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
    if len(values) < MIN_CELLS:
        raise InputError(
            f"{method} needs {MIN_CELLS} cells at least, there are {len(values)}",
            remedy="Give more cells, or leave the method out of inference.methods",
        )
    varies = np.ptp(values, axis=0) > 0
    if not varies.all():
        # R's packages answer a constant gene with NaN in all other genes' weights too.
        logger.warning("%d genes never vary and have no edge", int((~varies).sum()))
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
