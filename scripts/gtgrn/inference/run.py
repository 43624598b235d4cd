"""The one way to call a method of this folder: input is checked once, for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gtgrn.config.options import make
from gtgrn.errors import InputError
from gtgrn.plugins import METHODS, load_plugin


def infer(
    method: str,
    expression: pd.DataFrame,
    regulators: Sequence[str],
    *,
    seed: int,
    threads: int = 1,
    targets: Sequence[str] | None = None,
    **options,
) -> pd.DataFrame:
    """Infer a network by a method's name.

    Parameters
    ----------
    method
        Name of a module of this folder.
    expression
        Cells x genes, log-normalised.
    regulators
        Names among the columns.
    seed, threads
        Seed of the method and number of its threads.
    targets
        Genes to regress, for a sharded method; by default all.
    options
        Fields of the method's class ``Options``, or arguments of its `infer` if it has none.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, weight. With a single gene there is no pair and no edge.

    Raises
    ------
    InputError
        If values are missing or infinite, there is no regulator among the genes, or an option
        is unknown or of another type.
    """
    strangers = sorted(set(regulators) - set(expression.columns))
    if strangers or not regulators:
        problem = f"{strangers[0]} is not among the genes" if strangers else "none is given"
        raise InputError(
            problem, field="regulators", remedy="Give regulators by the names of the genes"
        )
    for name, values in expression.items():
        if not np.isfinite(values.to_numpy()).all():
            raise InputError(
                f"gene {name} has missing or infinite values",
                field="expression",
                remedy="Remove or impute them before the workflow",
            )
    plugin = load_plugin(METHODS, method)
    common: dict[str, Any] = {"seed": seed, "threads": threads}
    if targets is not None:
        common["targets"] = targets
    if hasattr(plugin, "Options"):
        chosen = make(plugin.Options, options, field=f"inference.options.{method}")
        options = {"options": chosen}
    return plugin.infer(expression, list(regulators), **common, **options)


def shard(targets: Sequence[str], item: str) -> list[str]:
    """Return the targets of one shard.

    Parameters
    ----------
    targets
        All targets.
    item
        Snakemake's scatter item, such as ``2-of-8``.

    Returns
    -------
    list of str
        Every n-th name of the sorted targets: neighbours by name, which often are relatives
        that cost alike, go to different shards.
    """
    number, count = (int(part) for part in item.split("-of-"))
    return sorted(targets)[number - 1 :: count]
