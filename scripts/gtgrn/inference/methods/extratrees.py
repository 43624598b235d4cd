"""ExtraTrees (Geurts et al. 2006, doi 10.1007/s10994-006-6226-1) in the manner of GENIE3.

A method of its own: each split is drawn at random, so the trees are cheaper and less alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gtgrn.inference.trees.options import ForestOptions as Options
from gtgrn.inference.trees.regression import infer_by_forests

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
    options: Options,
) -> pd.DataFrame:
    """Infer a network by the importances of extremely randomised trees.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads, targets
        See :func:`gtgrn.inference.trees.regression.infer_targets`.
    options
        Of the method.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight.
    """
    return infer_by_forests(
        expression,
        regulators,
        targets,
        options,
        method="extratrees",
        kind="et",
        seed=seed,
        threads=threads,
    )
