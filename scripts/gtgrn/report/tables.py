"""Tables as the report shows them: a caption, the columns, and rows of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.tables import read_measures

DIGITS = 3
MISSING = "\u2013"


def read_each(results: Path, datasets: Sequence[str], name: str) -> list[tuple[str, pd.DataFrame]]:
    """Return (data set, table) of each data set that has a file of a name."""
    paths = [(dataset, results / dataset / name) for dataset in datasets]
    return [(dataset, read_measures(path)) for dataset, path in paths if path.exists()]


def make_table(
    caption: str,
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    write: Callable[[Mapping, str], str],
) -> dict:
    """Return a table for the template.

    Parameters
    ----------
    caption
        Heading of the table.
    rows
        The values.
    columns
        Column of `rows` -> heading, in the order to show.
    write
        Returns the text of a cell from its row and the column's name.
    """
    lines = [[write(row, name) for name in columns] for row in rows.to_dict("records")]
    return {"caption": caption, "columns": list(columns.values()), "rows": lines}


def make_measures_table(
    caption: str, rows: pd.DataFrame, names: Sequence[str], metrics: Sequence[str] = ()
) -> dict:
    """Return a table for the template whose headings are the columns' own names.

    Parameters
    ----------
    caption, rows
        As in :func:`make_table`.
    names
        Columns to write as they are.
    metrics
        Columns of means, with the spread of ``<name>_sd`` where there is one.
    """

    def write(row: Mapping, name: str) -> str:
        return write_mean(row, name) if name in metrics else write_value(row[name])

    return make_table(caption, rows, {name: name for name in (*names, *metrics)}, write)


def write_value(value: object) -> str:
    """Write a number with three decimals, anything else as it is; a dash for nothing."""
    if isinstance(value, float):
        return MISSING if pd.isna(value) else f"{value:.{DIGITS}f}"
    return str(value) or MISSING


def write_mean(row: Mapping, metric: str) -> str:
    """Write a mean and, where there is one, its standard deviation."""
    mean, spread = row[metric], row.get(f"{metric}_sd", float("nan"))
    return write_value(float(mean)) + ("" if pd.isna(spread) else f" \u00b1 {spread:.{DIGITS}f}")
