"""What GENIE3 and GRNBoost2 share: arboreto's per-target regression, one target at a time.

Uses ``arboreto.core.infer_partial_network`` with arboreto's own constants, without dask
(whose current releases arboreto's schedulers do not start on).
"""

from __future__ import annotations

import logging
import sys
import warnings

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from gtgrn.edges import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.seeds import derive_seed

logger = logging.getLogger(__name__)

TARGETS_PER_WORKER = 25
"""Fewest targets that are worth a process of their own."""


def infer_targets(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    method: str,
    regressor: str,
    options: dict,
    seed: int,
    threads: int,
) -> pd.DataFrame:
    """Regress every gene on the regulators and collect the importances.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    method
        Name that enters each target's seed.
    regressor
        arboreto's name of the regressor: ``RF``, ``ET`` or ``GBM``.
    options
        Keyword arguments of the scikit-learn regressor.
    seed
        Seed of the method; each target's is derived from it and the gene's name.
    threads
        Targets regressed at the same time; the result does not depend on it.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight (importance > 0).
    """
    genes = sorted(expression.columns)
    regulators = sorted(regulators)
    values = np.ascontiguousarray(expression[genes].to_numpy(dtype=np.float64))
    features = np.ascontiguousarray(expression[regulators].to_numpy(dtype=np.float64))
    # A worker process takes seconds to start; few targets are done before it has.
    workers = max(1, min(threads, len(genes) // TARGETS_PER_WORKER))
    links = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_infer_target)(
            features,
            regulators,
            gene,
            values[:, i],
            regressor,
            options,
            derive_seed(seed, method, gene),
        )
        for i, gene in enumerate(genes)
    )
    bar = tqdm(links, total=len(genes), desc=method, unit="target", file=sys.stderr, mininterval=5)
    edges = pd.concat(bar, ignore_index=True)
    return edges[edges[WEIGHT] > 0]


def _infer_target(features, regulators, gene, values, regressor, options, seed):
    from arboreto.core import infer_partial_network

    others = features[:, [name != gene for name in regulators]]
    if np.ptp(values) == 0 or not np.ptp(others, axis=0).any():
        # Nothing to explain, or nothing to explain it with: arboreto would retry ten times.
        return pd.DataFrame(columns=[*PAIR, WEIGHT]).astype({WEIGHT: float})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = infer_partial_network(
            regressor, options, features, regulators, gene, values, seed=seed
        )
    # arboreto answers a failed regression with its empty schema after ten tries; an empty
    # answer for a gene that varies is a failure, not a gene without regulators.
    if len(found) == 0 or not {"TF", "target", "importance"} <= set(found.columns):
        raise RuntimeError(f"arboreto's {regressor} regression failed for target {gene}")
    return found.rename(columns={"TF": REGULATOR, "target": TARGET, "importance": WEIGHT}).astype(
        {WEIGHT: float}
    )
