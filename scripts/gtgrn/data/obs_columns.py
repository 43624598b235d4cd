"""Columns of obs: their values in a matrix, and a cheap count of cells straight from the file.

The groups of a data set are known from its file alone, and the plan needs them before any job
runs. Only the columns asked for are read, by h5py: a few bytes for each cell, whatever the
matrix holds. It is imported late, for it is needed only where a card has groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gtgrn.data.hdf5_guard import try_hdf5
from gtgrn.errors import InputError, one_of
from gtgrn.files import is_refusal

OBS = "obs"
"""Key, beside those of a card's section `expression`, with further columns of obs to read."""
HDF5 = b"\x89HDF\r\n\x1a\n"
SCANPY_FILE = "datasets/10x_{}.h5ad"
MISSING = None
"""Value of a cell that has none."""
CARD = "expression.path"
Values = list[str | None]


def wanted_columns(expression: dict) -> dict[str, str]:
    """Return the columns of obs to read, by the key of the card that names each.

    Parameters
    ----------
    expression
        The section `expression` of a card, and `OBS`: key of the card -> column.
    """
    keys = ("total_counts", "cell_type")
    named = {f"expression.{key}": expression[key] for key in keys if key in expression}
    return named | dict(expression.get(OBS, {}))


def text_values(column) -> Values:
    """Return a column of obs (a pandas Series) as texts; None where a cell has no value."""
    values = column.astype(object).where(column.notna(), None)
    return [MISSING if value is None else _as_text(value) for value in values]


def _as_text(value: object) -> str | None:
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text if text.strip() else MISSING


def count_cells(
    expression: dict, columns: Sequence[str], fields: Sequence[str], numbers: Sequence[str] = ()
) -> Counter | None:
    """Count the cells of a file by some columns of obs, without reading its matrix.

    Parameters
    ----------
    expression
        The section `expression` of a card.
    columns
        Names of columns.
    fields
        The key of the card that names each column, for messages.
    numbers
        Columns that may hold numbers, such as a donor's.

    Returns
    -------
    collections.Counter
        (value, ...) -> cells; None is the value of a cell without one. None instead where the
        file cannot be read now: it is fetched later, packed, or no HDF5.

    Raises
    ------
    InputError
        If there is no such column, or it holds numbers.
    """
    path = hdf5_file(expression)
    if path is None:
        return None
    import h5py

    try:
        try_hdf5(path, columns=columns, source=path, matrix=False)
        with h5py.File(path, "r") as file:
            found = [
                _read(file, name, field, path, name in numbers)
                for name, field in zip(columns, fields, strict=True)
            ]
        return Counter(zip(*found, strict=True))
    except InputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and is_refusal(error):
            raise
        # h5py promises no kind of error on a stranger's file.
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InputError(
            f"obs is not readable ({reason})",
            file=path, field=CARD, remedy="Fetch or make it again",
        ) from error  # fmt: skip


def hdf5_file(expression: dict) -> Path | None:
    """Return the file of a matrix if it is plain HDF5 that is there now."""
    if expression["format"] == "scanpy":
        scanpy = find_spec("scanpy")
        if scanpy is None or scanpy.origin is None:
            return None
        path = Path(scanpy.origin).parent / SCANPY_FILE.format(expression["path"])
    else:
        path = Path(expression.get("path", ""))
    if not path.is_file():
        return None
    with path.open("rb") as handle:
        return path if handle.read(len(HDF5)) == HDF5 else None


def _read(file, name: str, field: str, path: Path, numbers: bool) -> Values:
    """Return the values of one column by cell."""
    if "col_attrs" in file and "obs" not in file:
        group: Any = file["col_attrs"]
        stored, there = group.get(name), [key for key in group if key != "CellID"]
    elif hasattr(file["obs"], "dtype"):
        # Written before anndata 0.7: one table, with the categories in uns.
        names = file["obs"].dtype.names
        stored, there = (file["obs"][name] if name in names else None), list(names[1:])
        if stored is not None and f"uns/{name}_categories" in file:
            return _by_code(stored, file[f"uns/{name}_categories"])
    else:
        group = file["obs"]
        hidden = (group.attrs.get("_index", "_index"), "__categories")
        named = group.attrs.get("column-order", list(group))
        stored, there = group.get(name), [key for key in named if key not in hidden]
        if f"__categories/{name}" in group:
            return _by_code(group[name], group[f"__categories/{name}"])
    if stored is None:
        raise InputError(
            f"obs has no column '{name}'", file=path, field=field,
            remedy=one_of(there, "give a file that has it"),
        )  # fmt: skip
    if hasattr(stored, "keys"):
        if "codes" in stored:
            return _by_code(stored["codes"], stored["categories"])
        values = _plain(stored["values"], name, field, path, numbers)
        masked = stored["mask"][:] if "mask" in stored else [False] * len(values)
        return [MISSING if hide else value for value, hide in zip(values, masked, strict=True)]
    return _plain(stored, name, field, path, numbers)


def _by_code(codes, categories) -> Values:
    """Return the values of a categorical column; a code below 0 is a missing value."""
    kind = categories.dtype.kind
    texts = categories.asstr()[:] if kind == "O" else categories[:]
    names = [_as_text(text) for text in texts.tolist()]
    found = codes[:].tolist()
    if max(found, default=-1) >= len(names):
        raise ValueError(f"a cell has category {max(found)} of {len(names)}")
    return [names[code] if code >= 0 else MISSING for code in found]


def _plain(stored, name: str, field: str, path: Path, numbers: bool) -> Values:
    """Return the values of a column that is an array."""
    kind = stored.dtype.kind
    # h5py calls a boolean an enumeration, which NumPy reads as bool.
    if kind in "iuf" and not numbers:
        raise numeric_column(name, field, path)
    texts = stored.asstr()[:] if kind == "O" else stored[:]
    return [_as_text(value) for value in texts.tolist()]


def numeric_column(name: str, field: str, path: object) -> InputError:
    """Return the error of a column of numbers where groups are wanted."""
    return InputError(
        f"obs column '{name}' holds numbers, not groups", file=path, field=field,
        remedy="Name a column of texts, or store it as such: "
        f"adata.obs['{name}'].astype(str).astype('category')",
    )  # fmt: skip
