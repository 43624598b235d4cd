"""Tables: the one reader and the one writer.

They are tab-separated with a header and may be gzipped; gtgrn.names has their columns.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from gtgrn.errors import InputError
from gtgrn.files import is_refusal, write_text
from gtgrn.manifest import verified
from gtgrn.names import (
    DONOR,
    GENE,
    LABEL,
    METHODS,
    PAIR,
    PART,
    REGULATOR,
    REPRESENTATION,
    SCORE,
    TARGET,
    VARIANT,
    WEIGHT,
)
from gtgrn.opening import open_text

FLOATS = "round_trip"
"""How pandas reads numbers: by Python's own parser. Its faster ones take 1e4294967297 for 10 and
die of 1e2147483648."""
LONG_EXPONENT = re.compile(r"[eE][+-]?\d{10}")
"""What :func:`pandas.to_numeric`, which has no such choice, must not see."""
LONGEST_REASON = 160
"""Characters of a library's message that are shown."""
TEXTS = [*PAIR, GENE, PART, METHODS, REPRESENTATION, VARIANT]
"""Columns of names: a table of measures has no numbers there, whatever the names look like."""


def read_table(
    path: str | Path, columns: Sequence[str] = (), *, sep: str | None = None
) -> pd.DataFrame:
    """Read a table and check that it has the columns it must have.

    Parameters
    ----------
    path
        A tab- or comma-separated file with a header, gzipped or not.
    columns
        Names that must be among the columns; those that hold gene names are read as text
        (a gene called ``NA`` or ``1-Mar`` stays what it is).
    sep
        The separator; by default comma for ``.csv`` and ``.csv.gz``, else tab.

    Returns
    -------
    pandas.DataFrame
        All columns of the file, in its order.

    Raises
    ------
    InputError
        If the file is absent, empty or truncated, lacks a column or has it twice, or is a result
        that has changed since its rule wrote it.
    """
    path = verified(path)
    if sep is None:
        sep = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    text = dict.fromkeys((*PAIR, GENE, PART, METHODS, DONOR), str)
    with reading_table(path), open_text(path) as handle:
        table = pd.read_csv(
            handle, sep=sep, dtype=text, keep_default_na=False,
            na_values={SCORE: [""], LABEL: [""]}, float_precision=FLOATS,
        )  # fmt: skip
    table = _without_shift(table, path)
    for column in columns:
        if column not in table.columns:
            raise InputError(
                f"column missing; the file has {', '.join(map(str, table.columns))}",
                file=path,
                field=column,
                remedy="Rename a column, or name it in the data set's card",
            )
        # So pandas calls a second column of a name.
        if f"{column}.1" in table.columns:
            _check_repeated(path, column, sep)
    return table


def _check_repeated(path: Path, column: str, sep: str) -> None:
    with open_text(verified(path)) as handle:
        check_single(next(csv.reader(handle, delimiter=sep)), column, path)


def check_single(header: Sequence[str], column: str, path: str | Path) -> None:
    """Check that a column that is read has a name of its own.

    Raises
    ------
    InputError
        If two have it.
    """
    if list(header).count(column) > 1:
        raise InputError(
            "two columns have this name", file=path, field=column, remedy="Rename one"
        )


@contextmanager
def reading_table(
    path: str | Path,
    *,
    field: str | None = None,
    remedy: str = "Give a tab- or comma-separated table with a header",
) -> Iterator[None]:
    """Turn whatever the reading of a table raises into one line.

    Raises
    ------
    InputError
        If the file is absent, no file, truncated, or no table.
    """
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(
            "file not found", file=path, field=field, remedy="Check the path"
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"truncated or corrupt gzip file ({error})",
            file=path,
            field=field,
            remedy="Fetch or make it again",
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and is_refusal(error):
            raise
        # pandas and the modules of packing promise no kind of error on a stranger's file.
        reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        raise InputError(
            f"not a readable table ({reason})", file=path, field=field, remedy=remedy
        ) from error


def _without_shift(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a table whose rows have more fields than the header, with each column in its place.

    pandas takes the fields in front for names of rows and shifts all columns. That is right only
    where R left out the name of one column of row names, and these never repeat.
    """
    if isinstance(table.index, pd.RangeIndex) or not len(table):
        return table
    extra = table.index.nlevels
    if extra == 1 and (table.iloc[:, -1].astype(str) == "").all():
        fields = table.reset_index()  # a separator at the end of every row
        return fields.iloc[:, :-1].set_axis(table.columns, axis=1)
    if extra == 1 and table.index.is_unique:
        return table
    raise InputError(
        f"the header has {table.shape[1]} names, the first row {table.shape[1] + extra} fields",
        file=path,
        remedy="Give each column a name in the first line",
    )


def read_measures(
    path: str | Path, columns: Sequence[str] = (), *, texts: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table of measures, in which a missing number is an empty field.

    Columns that hold numbers and empty fields alone become numbers, also where all fields are
    empty; names of genes, parts, representations and variants stay text.

    Parameters
    ----------
    path, columns
        As in :func:`read_table`.
    texts
        Further columns that stay text.
    """
    table = read_table(path, columns)
    for column in table.columns.difference([*TEXTS, *texts]):
        if is_numeric_dtype(table[column]):
            continue
        filled = table[column].astype(object).where(table[column] != "", np.nan)
        numbers = as_numbers(filled)
        if numbers.notna().equals(filled.notna()):
            table[column] = numbers.astype(float)
    return table


def as_numbers(column: pd.Series) -> pd.Series:
    """Return a column, such as texts of a user's file, as numbers; NaN where there is none."""
    if is_numeric_dtype(column):
        return column
    endless = [isinstance(text, str) and bool(LONG_EXPONENT.search(text)) for text in column]
    return pd.to_numeric(column.astype(object).mask(np.array(endless, bool)), errors="coerce")


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as tab-separated text, atomically and always with the same bytes.

    Floats keep nine significant digits: enough for a float32, and short.

    Raises
    ------
    ValueError
        If the table has no column: such a file could not be read again.
    """
    if not len(table.columns):
        raise ValueError(f"{path}: a table without columns")
    write_text(table.to_csv(sep="\t", index=False, float_format="%.9g", na_rep=""), path)


def sort_edges(edges: pd.DataFrame, by: str = WEIGHT) -> pd.DataFrame:
    """Sort by `by`, descending; ties by regulator, then target."""
    order = edges.sort_values([by, REGULATOR, TARGET], ascending=[False, True, True])
    return order.reset_index(drop=True)


def read_network(path: str | Path) -> pd.DataFrame:
    """Read an inferred network: regulator, target, weight.

    Raises
    ------
    InputError
        If a column is missing, a weight is not a finite number or a pair occurs twice.
    """
    edges = read_table(path, [*PAIR, WEIGHT])[[*PAIR, WEIGHT]]
    weights = as_numbers(edges[WEIGHT])
    if not weights.abs().lt(float("inf")).all():
        raise InputError(
            "weights must be finite numbers", file=path, field=WEIGHT, remedy="Drop such edges"
        )
    edges[WEIGHT] = weights.astype(float)
    if edges.duplicated(PAIR).any():
        first = edges[edges.duplicated(PAIR)].iloc[0]
        raise InputError(
            f"{first[REGULATOR]} -> {first[TARGET]} occurs twice", file=path, remedy="Keep one"
        )
    return edges


def write_network(edges: pd.DataFrame, path: str | Path) -> None:
    """Write an inferred network in the contract's order, without self-loops."""
    edges = edges.loc[edges[REGULATOR] != edges[TARGET], [*PAIR, WEIGHT]]
    write_table(sort_edges(edges), path)
