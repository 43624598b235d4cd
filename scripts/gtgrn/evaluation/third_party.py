"""Networks that others made: any table of regulator, target and weight, judged like ours."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.opening import open_text
from gtgrn.tables import as_numbers, read_table, reading_table

logger = logging.getLogger(__name__)

LAYOUTS = {
    "this workflow": (REGULATOR, TARGET, WEIGHT),
    "arboreto and SCENIC": ("TF", "target", "importance"),
    "BEELINE": ("Gene1", "Gene2", "EdgeWeight"),
}
"""Columns of the tables that are recognised by their header."""


def read_scores(
    path: str | Path,
    genes: Collection[str],
    *,
    regulator: str | None = None,
    target: str | None = None,
    weight: str | None = None,
) -> pd.DataFrame:
    """Read a table of scored edges and restrict it to the genes of a data set.

    The size of a weight counts, not its sign; self-loops and genes that the data set lacks are
    dropped; of a pair that is listed several times the largest weight stays. What is dropped is
    logged.

    Parameters
    ----------
    path
        Tab- or comma-separated, with a header.
    genes
        Names of the data set's genes.
    regulator, target, weight
        Columns; by default those of the first of `LAYOUTS` that the header has.

    Returns
    -------
    pandas.DataFrame
        regulator, target, weight >= 0; each pair once.

    Raises
    ------
    InputError
        If the layout is unknown, a column is missing, a weight is not a finite number or no pair
        is left.
    """
    # The separator of a file is what its header has more of: BEELINE writes tabs into a .csv.
    columns = _columns(path, {REGULATOR: regulator, TARGET: target, WEIGHT: weight})
    table = read_table(path, sep=_separator(path))[columns]
    table = table.set_axis([*PAIR, WEIGHT], axis=1).astype(dict.fromkeys(PAIR, str))
    table[WEIGHT] = _numbers(table[WEIGHT], path, columns[2]).abs()
    inside = table[REGULATOR].isin(genes) & table[TARGET].isin(genes)
    loops = inside & (table[REGULATOR] == table[TARGET])
    kept = table[inside & ~loops]
    edges = kept.groupby(PAIR, as_index=False)[WEIGHT].max()
    logger.info(
        "%s: %d rows; dropped %d with a gene that the data set lacks, %d self-loops and %d "
        "repeats; %d pairs stay",
        path, len(table), (~inside).sum(), loops.sum(), len(kept) - len(edges), len(edges),
    )  # fmt: skip
    if edges.empty:
        example = table[REGULATOR].iloc[0] if len(table) else "none"
        raise InputError(
            f"no pair of the data set's genes; the table has names such as {example}, the data "
            f"set {min(genes)}",
            file=path,
            field=columns[0],
            remedy="Give the names that the expression uses",
        )
    return edges


def _numbers(weights: pd.Series, path: str | Path, column: str) -> pd.Series:
    numbers = as_numbers(weights)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise InputError(
            f"row {row + 1} holds '{weights.iloc[row]}', which is no finite number",
            file=path,
            field=column,
            remedy="Remove such rows",
        )
    return numbers


def _separator(path: str | Path) -> str:
    with reading_table(path), open_text(verified(path)) as text:
        header = text.readline()
    return "\t" if "\t" in header else ","


def _columns(path: str | Path, named: dict[str, str | None]) -> list[str]:
    given = [name for name in named.values() if name]
    header = list(read_table(path, given, sep=_separator(path)).columns)
    for layout in LAYOUTS.values():
        columns = [name or own for name, own in zip(named.values(), layout, strict=True)]
        if set(columns) <= set(header):
            return columns
    known = "; ".join(f"{', '.join(names)} ({source})" for source, names in LAYOUTS.items())
    raise InputError(
        f"the columns are {', '.join(map(str, header))}, of no layout that is known: {known}",
        file=path,
        remedy="Name the columns: regulator, target and weight",
    )
