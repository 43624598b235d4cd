"""What GENIE3, ExtraTrees and GRNBoost2 share: one regression per target, by either engine.

``arboreto`` calls ``arboreto.core.infer_partial_network`` with arboreto's own constants, without
dask (whose current releases arboreto's schedulers do not start on). ``fast`` is the same method
compiled, see :mod:`gtgrn.inference.trees.forest` and :mod:`gtgrn.inference.trees.boosting`.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from gtgrn.errors import InputError
from gtgrn.inference.trees.options import ENGINES, ForestOptions
from gtgrn.names import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.seeds import derive_seed

logger = logging.getLogger(__name__)

TARGETS_PER_WORKER = 25
"""Fewest targets that are worth a process of their own."""


class Regression(NamedTuple):
    """How one target is regressed, by either engine.

    Attributes
    ----------
    engine
        ``fast`` or ``arboreto``.
    fast
        The compiled engine: (features, targets, own, seeds, threads=...) -> importances.
    regressor, arguments
        arboreto's name of the regressor (``RF``, ``ET`` or ``GBM``) and the keyword arguments
        of scikit-learn's, for the engine arboreto.
    """

    engine: str
    fast: Callable[..., np.ndarray]
    regressor: str
    arguments: dict


class _Targets(NamedTuple):
    """Values of all genes and of the regulators, and the genes that are regressed.

    `features` and `values` are cells x genes; `rows` are the columns of `values` that are the
    targets.
    """

    features: np.ndarray
    regulators: list[str]
    values: np.ndarray
    rows: np.ndarray
    names: list[str]
    seeds: list[int]


def infer_by_forests(
    expression: pd.DataFrame,
    regulators: Sequence[str],
    targets: Sequence[str] | None,
    options: ForestOptions,
    *,
    method: str,
    kind: str,
    seed: int,
    threads: int,
) -> pd.DataFrame:
    """Infer a network by the importances of forests.

    Parameters
    ----------
    expression, regulators, targets, method, seed, threads
        See :func:`infer_targets`.
    options
        Of the method.
    kind
        ``rf``, random forests, or ``et``, extra-trees.
    """
    shape = asdict(options)
    engine = shape.pop("engine")

    def fast(*arrays, **more):
        from gtgrn.inference.trees.forest import forest_importances

        return forest_importances(*arrays, kind=kind, progress=method, **shape, **more)

    return infer_targets(
        expression,
        regulators,
        targets,
        Regression(engine, fast, kind.upper(), {"n_jobs": 1, **shape}),
        method=method,
        seed=seed,
        threads=threads,
    )


def infer_targets(
    expression: pd.DataFrame,
    regulators: Sequence[str],
    targets: Sequence[str] | None,
    regression: Regression,
    *,
    method: str,
    seed: int,
    threads: int,
) -> pd.DataFrame:
    """Regress targets on the regulators and collect the importances.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised; a mapped file stays one, it is not copied.
    regulators
        Names among the columns.
    targets
        Genes to regress, for instance one shard of them; None is all.
    regression
        How a target is regressed.
    method
        Name that enters each target's seed.
    seed
        Seed of the method; each target's is derived from it and the gene's name, so that
        neither the other targets nor the order of genes matters.
    threads
        Targets regressed at the same time; the result does not depend on it.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight (importance > 0); ``attrs`` names engine and versions.

    Raises
    ------
    InputError
        If the engine or a target is unknown.
    """
    if regression.engine not in ENGINES:
        raise InputError(
            f"'{regression.engine}' is not one of {', '.join(ENGINES)}",
            field=f"inference.options.{method}.engine",
            remedy="Correct it",
        )
    task = _select_targets(expression, regulators, targets, seed, method)
    if regression.engine == "fast":
        edges = _infer_fast(task, regression, threads)
        versions = _versions("numba", "numpy")
    else:
        edges = _infer_arboreto(task, regression, threads)
        versions = _versions("arboreto", "numpy", "scikit-learn")
    edges.attrs = {"engine": regression.engine, "versions": versions}
    return edges


def _select_targets(
    expression: pd.DataFrame,
    regulators: Sequence[str],
    targets: Sequence[str] | None,
    seed: int,
    method: str,
) -> _Targets:
    """Sort genes, regulators and targets; give each target its seed."""
    genes, regulators = sorted(expression.columns), sorted(regulators)
    targets = genes if targets is None else sorted(targets)
    strangers = sorted(set(targets) - set(genes))
    if strangers:
        raise InputError(
            f"target {strangers[0]} is not among the genes", remedy="Give targets among the genes"
        )
    return _Targets(
        features=_columns(expression, regulators),
        regulators=regulators,
        values=_columns(expression, genes),
        rows=np.searchsorted(genes, targets),
        names=targets,
        seeds=[derive_seed(seed, method, gene) for gene in targets],
    )


def _columns(expression: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return columns, each gene's values side by side, if possible without a copy."""
    if list(expression.columns) == names:
        values = expression.to_numpy()
    else:
        values = expression[names].to_numpy()
    return np.asarray(values, dtype=np.float32, order="F")


def _versions(*packages: str) -> dict[str, str]:
    return {name: version(name) for name in packages}


def _infer_fast(task: _Targets, regression: Regression, threads: int) -> pd.DataFrame:
    own = np.searchsorted(task.regulators, task.names)
    own[own == len(task.regulators)] = 0
    same = [task.regulators[i] == name for i, name in zip(own, task.names, strict=True)]
    importances = regression.fast(
        task.features.T,
        task.values.T[task.rows],
        np.where(np.array(same), own, -1),
        np.array(task.seeds, dtype=np.uint64),
        threads=threads,
    )
    rows, columns = np.nonzero(importances > 0)
    return pd.DataFrame(
        {
            REGULATOR: np.array(task.regulators, dtype=object)[columns],
            TARGET: np.array(task.names, dtype=object)[rows],
            WEIGHT: importances[rows, columns].astype(float),
        }
    )


def _infer_arboreto(task: _Targets, regression: Regression, threads: int) -> pd.DataFrame:
    from joblib import Parallel, delayed

    # A worker process takes seconds to start; few targets are done before it has.
    workers = max(1, min(threads, len(task.names) // TARGETS_PER_WORKER))
    varies = np.ptp(task.features, axis=0) > 0
    regressor, arguments = regression.regressor, regression.arguments
    # Arrays that are mapped from a file, or large, reach the workers as a path, not as copies.
    links = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_infer_target)(
            task.features, varies, task.regulators, name, task.values[:, i], regressor, arguments,
            seed,
        )
        for name, i, seed in zip(task.names, task.rows, task.seeds, strict=True)
    )  # fmt: skip
    bar = tqdm(
        links,
        total=len(task.names),
        desc=regressor,
        unit="target",
        file=sys.stderr,
        mininterval=5,
    )
    edges = pd.concat([_no_edges(), *bar], ignore_index=True)
    return edges[edges[WEIGHT] > 0]


def _no_edges() -> pd.DataFrame:
    return pd.DataFrame(columns=[*PAIR, WEIGHT]).astype({WEIGHT: float})


def _infer_target(features, varies, regulators, gene, values, regressor, options, seed):
    from arboreto.core import infer_partial_network

    others = np.array([name != gene for name in regulators])
    if np.ptp(values) == 0 or not (varies & others).any():
        # Nothing to explain, or nothing to explain it with: arboreto would retry ten times.
        return _no_edges()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = infer_partial_network(
            regressor, options, features, regulators, gene, values.astype(np.float64), seed=seed
        )
    # arboreto answers a failed regression with its empty schema after ten tries; an empty
    # answer for a gene that varies is a failure, not a gene without regulators.
    if len(found) == 0 or not {"TF", "target", "importance"} <= set(found.columns):
        raise RuntimeError(f"arboreto's {regressor} regression failed for target {gene}")
    return found.rename(columns={"TF": REGULATOR, "target": TARGET, "importance": WEIGHT}).astype(
        {WEIGHT: float}
    )
