"""Tables as the report shows them: a caption, the columns, and rows of texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from gtgrn.report import text
from gtgrn.report.headings import heading, tip
from gtgrn.tables import read_measures

DIGITS = 3
MISSING = "\u2013"
NUMBER = re.compile(r"[+\u2212-]?\d[\d,.]*(e[+\u2212-]?\d+)?( |$)")
"""A cell that is a number, perhaps with its spread behind it."""


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
    return complete_table(
        {
            "caption": caption,
            "columns": [title[:1].upper() + title[1:] for title in columns.values()],
            "tips": [tip(name) for name in columns],
            "rows": [[write(row, name) for name in columns] for row in rows.to_dict("records")],
        }
    )


def complete_table(table: Mapping) -> dict:
    """Return a table of texts with what the template asks for, where its maker left it out.

    Those are the tips of its columns, none, and their kinds, which follow from the cells.
    """
    columns = table["columns"]
    kinds = [_kind(cells) for cells in zip(*table["rows"], strict=True)] or ["text"] * len(columns)
    return {"tips": [""] * len(columns), "kinds": kinds, **table}


def _kind(cells: Sequence[str]) -> str:
    """Return whether a column holds numbers, which stand to the right."""
    filled = [cell for cell in cells if cell != MISSING]
    return "num" if filled and all(NUMBER.match(cell) for cell in filled) else "text"


def make_measures_table(
    caption: str, rows: pd.DataFrame, names: Sequence[str], metrics: Sequence[str] = ()
) -> dict:
    """Return a table for the template whose headings follow from the columns' names.

    Parameters
    ----------
    caption, rows
        As in :func:`make_table`.
    names
        Columns to write as they are.
    metrics
        Columns of means, with the spread of ``<name>_sd`` where there is one.
    """
    whole = {name for name in names if _is_whole(rows[name])}

    def write(row: Mapping, name: str) -> str:
        if name in whole:
            return MISSING if pd.isna(row[name]) else f"{int(row[name]):,}"
        if name.endswith("rank"):
            return MISSING if pd.isna(row[name]) else f"{row[name]:.1f}"
        return write_mean(row, name) if name in metrics else write_value(row[name])

    return make_table(caption, rows, {name: heading(name) for name in (*names, *metrics)}, write)


def _is_whole(values: pd.Series) -> bool:
    """Return whether a column of numbers holds whole ones: counts, ranks and seeds."""
    if not is_numeric_dtype(values) or is_bool_dtype(values):
        return False
    filled = values.dropna()
    return bool(len(filled) and (filled == filled.round()).all())


def write_value(value: object) -> str:
    """Write a number with three decimals, anything else as it is; a dash for nothing."""
    if isinstance(value, float):
        return MISSING if pd.isna(value) else f"{value:.{DIGITS}f}"
    return text.REPRESENTATIONS.get(str(value), str(value)) or MISSING


def write_mean(row: Mapping, metric: str) -> str:
    """Write a mean and, where there is one, its standard deviation."""
    mean, spread = row[metric], row.get(f"{metric}_sd", float("nan"))
    return write_value(float(mean)) + text.write_spread(spread)
