"""GRNBoost2 (Moerman et al. 2019, doi 10.1093/bioinformatics/bty916): stochastic boosting."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.inference.trees.options import BoostingOptions
from gtgrn.inference.trees.regression import Regression, infer_targets

ENVIRONMENT = "arboreto"
SHARDED = True
THREADS = 8

logger = logging.getLogger(__name__)

STOPS = ("scikit-learn", "same_bag")
STATED = {
    "same_bag": "the same left-out cells before and after a tree (scikit-learn before 1.9)",
    "other_bag": "cells left out by different trees (scikit-learn from 1.9 on): few trees",
}


@dataclass(frozen=True)
class Options(BoostingOptions):
    """Options of GRNBoost2; the defaults are arboreto's."""

    stop: str = option(
        "scikit-learn",
        "How a tree's improvement is measured, on whose mean over the last 25 trees boosting "
        "stops. scikit-learn: as from version 1.9 on, against the previous tree's score on the "
        "cells which that tree left out, so that chance stops it early; same_bag: before and "
        "after the tree on the same cells, as in older versions. arboreto's engine follows the "
        "scikit-learn that is installed.",
        enum=list(STOPS),
    )


def _check_stop(stop: str, engine: str) -> None:
    if stop not in STOPS or (engine == "arboreto" and stop != "scikit-learn"):
        raise InputError(
            f"'{stop}' is not a rule that engine {engine} stops by",
            field="inference.options.grnboost2.stop",
            remedy=f"Choose {' or '.join(STOPS)}; the engine arboreto has the first only",
        )


def infer(
    expression: pd.DataFrame,
    regulators: list[str],
    *,
    seed: int,
    threads: int = 1,
    targets: Sequence[str] | None = None,
    options: Options,
) -> pd.DataFrame:
    """Infer a network by stochastic gradient boosting with early stopping.

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
        Columns regulator, target, weight; ``attrs`` says by which rule boosting stopped.

    Raises
    ------
    InputError
        If the engine does not offer the rule of stopping.
    """
    stop, engine = options.stop, options.engine
    _check_stop(stop, engine)
    arguments = asdict(options)
    del arguments["engine"], arguments["stop"]

    def fast(*arrays, **more):
        from gtgrn.inference.trees.boosting import boosting_importances

        more |= {"stop": "same_bag" if stop == "same_bag" else "sklearn"}
        return boosting_importances(*arrays, progress="grnboost2", **arguments, **more)[0]

    edges = infer_targets(
        expression,
        regulators,
        targets,
        Regression(engine, fast, "GBM", arguments),
        method="grnboost2",
        seed=seed,
        threads=threads,
    )
    rule = stop if stop == "same_bag" else "other_bag"
    if engine == "arboreto":
        from gtgrn.inference.trees.boosting import sklearn_stop_rule

        rule = sklearn_stop_rule()
    logger.info("stopped by the improvement on %s", STATED[rule])
    edges.attrs["details"] = {"stopping_rule": rule, "meaning": STATED[rule]}
    return edges
