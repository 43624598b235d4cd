"""What GENIE3, ExtraTrees and GRNBoost2 share: one regression a target, by either engine.

``arboreto`` calls ``arboreto.core.infer_partial_network`` with arboreto's own constants, without
dask (whose current releases arboreto's schedulers do not start on). ``fast`` is the same method
compiled, see :mod:`gtgrn.inference.trees.forest` and :mod:`gtgrn.inference.trees.boosting`.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd
from tqdm import tqdm

from gtgrn.errors import InputError
from gtgrn.names import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.seeds import derive_seed

logger = logging.getLogger(__name__)

ENGINES = ("fast", "arboreto")
TARGETS_PER_WORKER = 25
"""Fewest targets that are worth a process of their own."""


def infer_targets(
    expression: pd.DataFrame,
    regulators: Sequence[str],
    targets: Sequence[str] | None,
    *,
    method: str,
    engine: str,
    regressor: str,
    options: dict,
    fast: Callable[..., np.ndarray],
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
    method
        Name that enters each target's seed.
    engine
        ``fast`` or ``arboreto``.
    regressor, options
        arboreto's name of the regressor (``RF``, ``ET`` or ``GBM``) and the keyword arguments
        of scikit-learn's, for the engine arboreto.
    fast
        The compiled engine: (features, targets, own, seeds, threads=...) -> importances.
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
    if engine not in ENGINES:
        raise InputError(
            f"'{engine}' is not one of {', '.join(ENGINES)}",
            field=f"inference.options.{method}.engine",
            remedy="Correct it",
        )
    genes = sorted(expression.columns)
    targets = genes if targets is None else sorted(targets)
    regulators = sorted(regulators)
    strangers = sorted(set(targets) - set(genes))
    if strangers:
        raise InputError(
            f"target {strangers[0]} is not among the genes", remedy="Give targets among the genes"
        )
    values = _columns(expression, genes)
    features = _columns(expression, regulators)
    wanted = np.searchsorted(genes, targets)
    seeds = [derive_seed(seed, method, gene) for gene in targets]
    if engine == "fast":
        edges = _infer_fast(features, regulators, values, wanted, targets, seeds, threads, fast)
        edges.attrs = {"engine": "fast", "versions": _versions("numba", "numpy")}
    else:
        edges = _infer_arboreto(
            features, regulators, values, wanted, targets, seeds, threads, regressor, options
        )
        edges.attrs = {
            "engine": "arboreto",
            "versions": _versions("arboreto", "numpy", "scikit-learn"),
        }
    return edges


def _columns(expression: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return columns as cells x genes, each gene's values side by side, without a copy if it can."""
    if list(expression.columns) == names:
        values = expression.to_numpy()
    else:
        values = expression[names].to_numpy()
    return np.asarray(values, dtype=np.float32, order="F")


def _versions(*packages: str) -> dict[str, str]:
    return {name: version(name) for name in packages}


def _infer_fast(features, regulators, values, wanted, targets, seeds, threads, fast):
    own = np.searchsorted(regulators, targets)
    own[own == len(regulators)] = 0
    same = np.array([regulators[i] == name for i, name in zip(own, targets, strict=True)])
    importances = fast(
        features.T,
        values.T[wanted],
        np.where(same, own, -1),
        np.array(seeds, dtype=np.uint64),
        threads=threads,
    )
    rows, columns = np.nonzero(importances > 0)
    return pd.DataFrame(
        {
            REGULATOR: np.array(regulators, dtype=object)[columns],
            TARGET: np.array(targets, dtype=object)[rows],
            WEIGHT: importances[rows, columns].astype(float),
        }
    )


def _infer_arboreto(
    features, regulators, values, wanted, targets, seeds, threads, regressor, options
):
    from joblib import Parallel, delayed

    # A worker process takes seconds to start; few targets are done before it has.
    workers = max(1, min(threads, len(targets) // TARGETS_PER_WORKER))
    varies = np.ptp(features, axis=0) > 0
    # Arrays that are mapped from a file, or large, reach the workers as a path, not as copies.
    links = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_infer_target)(
            features, varies, regulators, name, values[:, i], regressor, options, seed
        )
        for name, i, seed in zip(targets, wanted, seeds, strict=True)
    )
    bar = tqdm(
        links, total=len(targets), desc=regressor, unit="target", file=sys.stderr, mininterval=5
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
