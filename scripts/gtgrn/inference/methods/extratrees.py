"""ExtraTrees (Geurts et al. 2006, doi 10.1007/s10994-006-6226-1) in the manner of GENIE3.

A method of its own: each split is drawn at random, so the trees are cheaper and less alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gtgrn.inference.trees.regression import infer_targets

ENVIRONMENT = "arboreto"
SHARDED = True
THREADS = 8


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    targets: Sequence[str] | None = None,
    engine: str = "fast",
    n_estimators: int = 1000,
    max_features: str | float = "sqrt",
    max_depth: int | None = None,
) -> pd.DataFrame:
    """Infer a network by the importances of extremely randomised trees.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads, targets, engine
        See :func:`gtgrn.inference.trees.regression.infer_targets`.
    n_estimators, max_features, max_depth
        Trees a target, features tried at a split, and depth; arboreto's are
        1000, ``sqrt`` and no limit.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight.
    """

    def fast(*arrays, **more):
        from gtgrn.inference.trees.forest import forest_importances

        return forest_importances(*arrays, kind="et", progress="extratrees", **options, **more)

    options = {
        "n_estimators": n_estimators,
        "max_features": max_features,
        "max_depth": max_depth,
    }
    return infer_targets(
        expression,
        regulators,
        targets,
        method="extratrees",
        engine=engine,
        regressor="ET",
        options={"n_jobs": 1, **options},
        fast=fast,
        seed=seed,
        threads=threads,
    )
