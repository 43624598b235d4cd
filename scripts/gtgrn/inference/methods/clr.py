"""CLR (Faith et al. 2007, doi 10.1371/journal.pbio.0050008): information above background."""

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
    """Options of CLR."""

    skip_diagonal: bool = option(
        True, "Leave the diagonal out of each gene's background, as minet does."
    )


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    options: Options,
) -> pd.DataFrame:
    """Infer a network by mutual information relative to both genes' background.

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
        from gtgrn.inference.information.networks import clr

        return clr(information, skip_diagonal=options.skip_diagonal)

    return infer_by_minet(
        "clr",
        expression,
        regulators,
        options,
        natively=natively,
        seed=seed,
        threads=threads,
        skipDiagonal=int(options.skip_diagonal),
    )
