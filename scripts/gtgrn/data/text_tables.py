"""Expression matrices as text: separators, decimal commas, headers and names of every habit.

pandas parses; this module finds out how, by looking at the first lines.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.data.annotation_columns import drop_asked, offer_symbols, set_aside
from gtgrn.data.not_genes import UNNAMED, is_annotation, is_numbering
from gtgrn.data.value_kinds import AUTO, COUNTS
from gtgrn.errors import InputError
from gtgrn.opening import open_text, plain_name
from gtgrn.tables import FLOATS, as_numbers

log = logging.getLogger(__name__)

SAMPLE_LINES = 20
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}([.,' ]\d{3})+")
"""A whole number with something between its thousands; or a fraction with three decimals."""
MANY_FRACTIONS = 10
"""Fractions of which one at least has not three decimals, or is below 1."""
EXCEL = re.compile(r'"?sep=.?"?')
"""A first line that tells Excel the separator."""
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
CORNERS = {
    "cell", "cells", "cell_name", "cellname", "name", "names", "gene", "genes", "id", "ids",
    "run", "runs", "samples", "spot", "well", "accession", "array", "",
}  # fmt: skip
"""Names in lower case, besides those of annotations, that a column of names has."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written: separator, decimal mark and lines before the header."""

    sep: str
    decimal: str = "."
    skip: int = 0


def find_dialect(path: Path) -> Dialect:
    """Find out from its first lines how a table is written.

    Parameters
    ----------
    path
        A table of text, packed or not.

    Returns
    -------
    Dialect
        The separator is the one that all lines have equally often; if several are, the one that
        the suffix of the file promises (comma for .csv, else tab).
    """
    lines = _first_lines(path)
    promised = "," if plain_name(path).endswith(".csv") else "\t"
    skip = _comment_lines(lines, promised)
    lines = [line for line in lines[skip:] if line.strip()]
    sep = _find_separator(lines, promised)
    decimal = "."
    if sep != "," and len(lines) > 1:
        fields = [f for line in lines[1:] for f in _split(line, sep)[1:]]
        commas = [f.strip() for f in fields if DECIMAL_COMMA.fullmatch(f.strip())]
        # A thousands separator would also match, but never beside a decimal point, nor where
        # other than three digits follow.
        if not all(map(THOUSANDS.fullmatch, commas)) and not any("." in field for field in fields):
            decimal = ","
    return Dialect(sep, decimal, skip)


def _check_thousands(path: Path, dialect: Dialect, expression: dict) -> None:
    """Refuse a table in which a point parts thousands: 1.234 would be read as 1 and a bit.

    Whole numbers below 1000 stand beside such values, and no value has other than three digits
    behind its point. Where the card says that the values have fractions, they have.
    """
    if expression.get("values", AUTO) not in (AUTO, COUNTS) or dialect.decimal != ".":
        return
    fields = [x.strip() for row in sample_fields(path, dialect)[1:] for x in row[1:]]
    pointed = [field for field in fields if "." in field]
    whole = [field for field in fields if field.isdigit()]
    if len(pointed) < MANY_FRACTIONS or not all(map(THOUSANDS.fullmatch, pointed)):
        return
    if any(len(field) <= 3 for field in whole) and all(len(field) <= 3 for field in whole):
        raise InputError(
            f"'{pointed[0]}' and all values with a point have three digits behind it: it may "
            "part thousands",
            file=path,
            field="expression.values",
            remedy="Write numbers without separators of thousands; if these are fractions, set "
            "'values: estimated_counts' (or what they are)",
        )


def _first_lines(path: Path) -> list[str]:
    """Return the first lines of a text."""
    with open_text(path) as text:
        text.reconfigure(newline=None)
        return [line.rstrip("\n") for line in islice(text, SAMPLE_LINES)]


def sample_fields(path: Path, dialect: Dialect) -> list[list[str]]:
    """Return the fields of the first lines, without remarks before the header and empty lines."""
    lines = _first_lines(path)[dialect.skip :]
    return [_split(line, dialect.sep) for line in lines if line.strip()]


def _comment_lines(lines: Sequence[str], promised: str) -> int:
    """Return how many lines before the header are remarks, such as featureCounts' command."""
    if lines and EXCEL.fullmatch(lines[0].strip().lower()):
        return 1
    if len(lines) > 2 and re.fullmatch(r"#1\.\d+\s*", lines[0]) and lines[1][:1].isdigit():
        return 2  # GCT of the Broad Institute: version and sizes
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        fields = max(len(_split(line, sep)) for sep in (promised, "\t", ","))
        fuller = max(len(_split(after, sep)) for sep in (promised, "\t", ","))
        if not line.startswith("#") or (fields == fuller and fields > 1):
            return number
    return 0


def _split(line: str, sep: str) -> list[str]:
    if sep == r"\s+":
        return next(csv.reader([" ".join(line.split())], delimiter=" "), [])
    return next(csv.reader([line], delimiter=sep, skipinitialspace=sep != "\t"), [])


def _find_separator(lines: Sequence[str], promised: str) -> str:
    """Return the separator that splits the header and every line alike."""
    best, most = promised, 1
    for sep in dict.fromkeys((promised, "\t", ",", ";", "|", r"\s+")):
        widths = [len(_split(line, sep)) for line in lines]
        body = widths[1:]
        # R's write.table leaves out the name of the column of row names.
        alike = bool(body) and len(set(body)) == 1 and body[0] - widths[0] in (0, 1)
        if alike and body[0] > most:
            if sep == promised:
                return sep
            best, most = sep, body[0]
    return best


def read_text_table(path: Path, expression: dict) -> ad.AnnData:
    """Read a matrix with names of columns in the first line and of rows in the first column.

    Parameters
    ----------
    path
        The table; separator, decimal mark, packing and encoding are found out.
    expression
        The section `expression` of a card: `orientation`, `row_names`, `drop_columns` and
        `not_genes`.

    Returns
    -------
    anndata.AnnData
        Cells x genes, dense float32, with the names of the file; `uns["left_out"]` names what
        was left out as no gene or cell. `var` has what was left out beside the values of genes.

    Raises
    ------
    InputError
        If the header and the rows do not fit, or a value is no number.
    """
    dialect = find_dialect(path)
    _check_thousands(path, dialect, expression)
    header, frame = _parse(path, dialect)
    named = _has_row_names(path, expression, header, frame)
    if named:
        rows = _as_text(path, frame)
        columns, body = header if len(header) < frame.shape[1] else header[1:], frame.iloc[:, 1:]
        if len(header) == frame.shape[1] and _names_are_second(header, frame):
            rows, body = _second_as_names(path, columns[0], body)
            columns = columns[1:]
    else:
        # Nothing else tells the cells of several such tables apart.
        stem = path.name.split(".")[0]
        rows = np.array([f"{stem}_{number}" for number in range(1, len(frame) + 1)], dtype=object)
        columns, body = header, frame
    columns, body = drop_asked(path, expression, list(columns), body)
    columns, body, beside = set_aside(path, expression, columns, body, rows)
    _check_numeric(body, rows, columns, path)
    matrix = body.to_numpy(np.float32)
    var = pd.DataFrame(index=columns)
    if expression["orientation"] == "genes_by_cells":
        matrix, rows, columns = np.ascontiguousarray(matrix.T), columns, rows
        var = beside.set_axis(columns)
        offer_symbols(path, expression, var)
    adata = ad.AnnData(matrix, obs=pd.DataFrame(index=rows), var=var)
    adata.uns["left_out"] = list(beside.columns)
    return adata


def _parse(path: Path, dialect: Dialect) -> tuple[list[str], pd.DataFrame]:
    """Return the names in the header and the rest, by position; the first column as text."""
    with open_text(path) as text:
        for _ in range(dialect.skip):
            text.readline()
        header = _split_header(text, dialect)
        # The names of rows stay text, because a gene may be called NA or 1e5.
        frame = pd.read_csv(
            text, sep=dialect.sep, decimal=dialect.decimal, header=None, low_memory=False,
            skipinitialspace=dialect.sep != "\t", converters={0: str}, float_precision=FLOATS,
        )  # fmt: skip
    if len(header) == frame.shape[1] + 1 and not header[-1].strip():
        header = header[:-1]  # a separator at the end of the header only
    last = frame.columns[-1]
    if frame.shape[1] > 2 and frame[last].isna().all() and len(header) < frame.shape[1]:
        frame = frame.drop(columns=last)  # a separator at the end of every line
    elif len(header) == frame.shape[1] and not header[-1] and frame[last].isna().all():
        header, frame = header[:-1], frame.drop(columns=last)
    if len(header) not in (frame.shape[1], frame.shape[1] - 1) or frame.shape[1] < 1:
        raise _bad_header(header, frame, path)
    return [name.strip() for name in header], frame


def _split_header(text: io.TextIOBase, dialect: Dialect) -> list[str]:
    if dialect.sep != r"\s+":
        skip = dialect.sep != "\t"
        for fields in csv.reader(text, delimiter=dialect.sep, skipinitialspace=skip):
            if fields:
                return fields
        return []
    return _split(text.readline(), dialect.sep)


def _bad_header(header: Sequence[str], frame: pd.DataFrame, path: Path) -> InputError:
    return InputError(
        f"the header has {len(header)} names, the first row {frame.shape[1]} fields",
        file=path,
        field="expression.path",
        remedy="Separate by commas in .csv, by tabs else; rows need as many fields as the header",
    )


def _has_row_names(path: Path, expression: dict, header: list[str], frame: pd.DataFrame) -> bool:
    """Return whether the first column holds names; refuse what can be both."""
    if len(header) == frame.shape[1] - 1:
        # R leaves out the name of a column of names; so there is one.
        if expression.get("row_names") is False:
            raise _bad_header(header, frame, path)
        return True
    if "row_names" in expression:
        named = expression["row_names"]
    else:
        named = not _looks_like_values(path, expression, header, frame[0])
    if named and frame.shape[1] < 2:
        raise _bad_header(header, frame, path)
    return named


def _names_are_second(header: list[str], frame: pd.DataFrame) -> bool:
    """Return whether the first column only numbers the rows and the second one names them.

    So pandas writes a table whose names are a column (`reset_index`, then `to_csv`).
    """
    numbers = pd.to_numeric(frame[0], errors="coerce").to_numpy(float)
    if frame.shape[1] < 3 or not is_corner(header[0]) or not is_numbering(numbers):
        return False
    second = frame.iloc[:, 1]
    if second.dtype != object or second.isna().any():
        return False
    text = second.astype(str).str.strip()
    return not text.duplicated().any() and not text.map(NUMBER.fullmatch).any()


def _second_as_names(path: Path, name: str, body: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the names in what is now the first column, and the rest."""
    log.warning(
        "%s: the first column numbers the rows; their names are taken from the second, '%s'",
        path, name,
    )  # fmt: skip
    names = body.iloc[:, 0].astype(str).str.strip().to_numpy(dtype=object)
    return names, body.iloc[:, 1:]


def _looks_like_values(path: Path, expression: dict, header: list[str], column: pd.Series) -> bool:
    """Return whether the first column holds values of a gene; it has a gene's name then."""
    corner = header[0].strip()
    if is_corner(corner) or expression["orientation"] != "cells_by_genes":
        return False
    text = column.str.strip()
    if len(text) < 2 or not text.map(lambda field: bool(NUMBER.fullmatch(field))).all():
        return False
    numbers = as_numbers(text).to_numpy(float)
    if is_numbering(numbers):
        return False
    if text.duplicated().any() or (numbers != np.rint(numbers)).any():
        log.warning(
            "%s: the first column, '%s', holds values and no names of cells, and is read as a "
            "gene (row_names: false)", path, corner,
        )  # fmt: skip
        return True
    raise InputError(
        f"the first column, '{corner}', may be the names of cells or the values of a gene",
        file=path,
        field="expression.row_names",
        remedy="Set 'row_names: true' in the card if they are names, 'row_names: false' if values",
    )


def is_corner(name: str) -> bool:
    """Return whether a name in the first place of a header is that of a column of names."""
    low = name.strip().strip("#").lower()
    return low in CORNERS or is_annotation(name, np.array([]), False, ["x"]) or bool(
        UNNAMED.fullmatch(name)
    )  # fmt: skip


def _as_text(path: Path, frame: pd.DataFrame) -> np.ndarray:
    """Return the names in the first column, without blanks at their ends."""
    return frame[0].astype(str).str.strip().to_numpy(dtype=object)


def _check_numeric(body: pd.DataFrame, rows: np.ndarray, columns: list, path: Path) -> None:
    """Refuse values that are no numbers: all columns of text at once, or the first such value."""
    wrong: dict[str, tuple] = {}
    for position, kind in enumerate(body.dtypes):
        if kind not in (object, bool) and not np.issubdtype(kind, np.complexfloating):
            continue
        column = body.iloc[:, position].astype(object)
        bad = column.notna() & as_numbers(column.astype(str)).isna()
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            wrong[columns[position]] = (rows[first], column.iloc[first], bad.all())
    if not wrong:
        return
    name, (row, value, _) = next(iter(wrong.items()))
    remedy = "Only the first row and the first column may be names"
    if THOUSANDS.fullmatch(str(value).strip()):
        remedy = "Write numbers with a decimal point and without separators of thousands"
    if all(everywhere for *_, everywhere in wrong.values()):
        listed = ", ".join(f'"{column}"' for column in [*wrong][:12])
        more = f" and {len(wrong) - 12} more" if len(wrong) > 12 else ""
        remedy += f"; if these are no genes or cells, set 'drop_columns: [{listed}]'{more}"
    raise InputError(
        f"row '{row}', column '{name}': '{value}' is not a number",
        file=path,
        field="expression.path",
        remedy=remedy,
    )
