"""ARACNE (Margolin et al. 2006, doi 10.1186/1471-2105-7-S1-S7): no indirect edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.config.options import option
from gtgrn.inference.information.engine import MinetOptions, infer_by_minet

ENVIRONMENT = "mi"
SHARDED = False
THREADS = 1


@dataclass(frozen=True)
class Options(MinetOptions):
    """Options of ARACNE."""

    eps: float = option(
        0.0,
        "A triangle's weakest edge is removed if the next is stronger by more than this, in nats.",
        minimum=0,
    )


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    options: Options,
) -> pd.DataFrame:
    """Infer a network by mutual information and the data processing inequality.

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
        from gtgrn.inference.information.networks import aracne

        return aracne(information, eps=options.eps, threads=threads, progress=True)

    return infer_by_minet(
        "aracne",
        expression,
        regulators,
        options,
        natively=natively,
        seed=seed,
        threads=threads,
        eps=options.eps,
    )
