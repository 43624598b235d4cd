"""Random weights: what a method must beat to have learnt anything at all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.inference.dense import tabulate_weights
from gtgrn.seeds import derive_seed

ENVIRONMENT = "base"
SHARDED = False
THREADS = 1


def infer(
    expression: pd.DataFrame, regulators: list[str], *, seed: int, threads: int = 1
) -> pd.DataFrame:
    """Return a uniform random weight for each pair.

    Parameters
    ----------
    expression
        Cells x genes; only the names of the genes are used.
    regulators
        Names among the columns.
    seed
        Seed; a regulator's weights depend on it, its name and the sorted genes.
    threads
        Unused; it belongs to the common signature.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight in [0, 1).
    """
    genes, regulators = sorted(expression.columns), sorted(regulators)
    rows = [
        np.random.default_rng(derive_seed(seed, "random", name)).random(len(genes))
        for name in regulators
    ]
    return tabulate_weights(np.array(rows), regulators, genes)
