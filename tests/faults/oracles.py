"""Plain readings of texts, by Python's own int and float, to compare the readers with."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from gtgrn.opening import open_unpacked


def read_mtx_plainly(path: Path) -> np.ndarray:
    """Return the matrix of a Matrix Market file in coordinates."""
    with open_unpacked(path) as handle:
        # pandas skips a byte order mark wherever it begins to read.
        data = handle.read().replace(b"\n\xef\xbb\xbf", b"\n")
    lines = data.decode("ascii", "replace").replace("\r", "\n").split("\n")
    field = lines[0].split()[3].lower()
    rest = [line.split("%")[0].split() for line in lines[1:]]
    rest = [words for words in rest if words]
    rows, columns, entries = map(int, rest[0])
    matrix = np.zeros((rows, columns), np.float32)
    assert len(rest) == entries + 1
    for words in rest[1:]:
        value = 1.0 if field == "pattern" else float(words[2])
        matrix[int(words[0]) - 1, int(words[1]) - 1] = value
    return matrix


def read_csv_plainly(path: Path) -> tuple[list[str], list[str], list[list[float]]] | None:
    """Return the cells, genes and values of a comma-separated table of plain numbers.

    Nothing where a plain reading is not meant to agree: another separator, quotes, remarks.
    """
    with open_unpacked(path) as handle:
        try:
            text = handle.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
    if any(mark in text for mark in "\"'#\t;\r\x00_") or not text.isascii():
        return None
    rows = [row for row in csv.reader(io.StringIO(text)) if "".join(row).strip()]
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows):
        return None
    cells = [row[0].strip() for row in rows[1:]]
    return (
        cells,
        [name.strip() for name in rows[0][1:]],
        [[*map(float, row[1:])] for row in rows[1:]],
    )
