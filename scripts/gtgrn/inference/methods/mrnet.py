"""MRNET (Meyer et al. 2007, doi 10.1155/2007/79879): relevant, not redundant regulators."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.inference.information.engine import MinetOptions as Options
from gtgrn.inference.information.engine import infer_by_minet

ENVIRONMENT = "mi"
SHARDED = False
THREADS = 1


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    options: Options,
) -> pd.DataFrame:
    """Infer a network by maximum relevance and minimum redundancy.

    Parameters
    ----------
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed
        Unused, for nothing here is random; it belongs to the common signature.
    threads
        Of the native engine; the result does not depend on it.
    options
        Of the method.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight > 0; symmetric where both genes are regulators.
    """

    def natively(information: np.ndarray) -> np.ndarray:
        from gtgrn.inference.information.networks import mrnet

        return mrnet(information, threads=threads, progress=True)

    return infer_by_minet(
        "mrnet",
        expression,
        regulators,
        options,
        natively=natively,
        seed=seed,
        threads=threads,
    )
