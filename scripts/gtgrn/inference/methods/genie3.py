"""GENIE3 (Huynh-Thu et al. 2010, doi 10.1371/journal.pone.0012776): random forests."""

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
    """Infer a network by random-forest importances.

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
        method="genie3",
        kind="rf",
        seed=seed,
        threads=threads,
    )
