"""Source cards: where a table of regulation elsewhere comes from, and how it is read.

This module is imported at every start of Snakemake, so it must not import pandas.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gtgrn.config.families import cards_in, is_family, read_family
from gtgrn.config.locations import SHIPPED_SOURCES, schema_path
from gtgrn.config.validation import check, did_you_mean
from gtgrn.errors import InputError
from gtgrn.yaml_files import read_yaml

FOLDER = "config/sources"
"""Folder of the cards, relative to the working directory."""
SCHEMA = schema_path("source.schema.yaml")
PLACES = ("wheel", "url", "path")
WHEEL_SOURCES = ["encode", "collectri"]
"""Sources that the Python index alone gives, used where nothing is said of context."""


def list_sources(folder: str | Path = FOLDER) -> list[str]:
    """Return the names of all source cards, the shipped ones and those of a folder, sorted."""
    return sorted(_find_cards(folder))


def _find_cards(folder: str | Path) -> dict[str, Path]:
    """Return the file of each card; the folder's own stands before a shipped one."""
    return dict(cards_in(SHIPPED_SOURCES)) | dict(cards_in(Path(folder)))


def load_sources(names: Iterable[str], folder: str | Path = FOLDER) -> dict[str, dict]:
    """Read and check source cards.

    Parameters
    ----------
    names
        The sources wanted.
    folder
        Folder of cards besides the shipped ones.

    Returns
    -------
    dict of str to dict
        Name to card, with the schema's defaults filled in.

    Raises
    ------
    InputError
        If a name is unknown, or a card breaks the schema or contradicts itself.
    """
    paths = _find_cards(folder)
    cards = {}
    for name in dict.fromkeys(names):
        if name not in paths:
            raise InputError(
                "there is no such source",
                file=folder,
                field=str(name),
                remedy=did_you_mean(str(name), paths) + f"Use some of {', '.join(sorted(paths))}",
            )
        path = paths[name]
        try:
            card = read_family(path)[name] if is_family(path) else read_yaml(path)
        except FileNotFoundError as error:
            remedy = "Put the card there, or take away the link to it"
            raise InputError("a link to nothing", file=path, remedy=remedy) from error
        check(card, SCHEMA, file=path)
        _check_consistency(card, path)
        cards[name] = card
    return cards


def _check_consistency(card: dict, path: Path) -> None:
    """Check what holds between the fields of a card that holds to the schema."""
    file, table = card["file"], card["table"]
    given = [place for place in PLACES if place in file]
    if len(given) != 1:
        raise InputError(
            f"there is {' and '.join(given) or 'no place'}",
            file=path,
            field="file",
            remedy=f"Give one of {', '.join(PLACES)}",
        )
    if "wheel" in file:
        for key in ("version", "checksum", "member"):
            if key not in file:
                raise InputError(
                    "missing; a wheel needs it",
                    file=path,
                    field=f"file.{key}",
                    remedy="Add it, so that the file is the same everywhere",
                )
    elif "version" in file:
        raise InputError(
            f"has no effect with {given[0]}", file=path, field="file.version", remedy="Remove it"
        )
    told = "cell_type" in table or table["format"] == "sets"
    if told and "cell_type" in card:
        raise InputError(
            "the table has the cells of each row",
            file=path,
            field="cell_type",
            remedy="Remove it, or remove table.cell_type",
        )
    if card["kind"] == "chip" and not told and "cell_type" not in card:
        raise InputError(
            "missing; without it a data set of the same cells could not refuse the source",
            file=path,
            field="cell_type",
            remedy="Name the cells, or write mixed",
        )
