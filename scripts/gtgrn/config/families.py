"""Families of data set cards: cards that differ in a few lines, as one file and its axes.

A file ``<anything>.family.yaml`` beside the cards gives one card for each combination of its
axes' entries::

    name: beeline_{set}_{genes}
    axes:
      set:
        hesc: {called: hESC}
        mesc: {called: mESC}
      genes: {500: {}, 1000: {}}
    card:
      title: "{set.called}-{genes}"
      ...

``{axis}`` stands for an entry's key and ``{axis.field}`` for one of its fields, which may hold
such names themselves; a value that is nothing else keeps its type. Three fields of an entry have
a meaning of their own: ``only`` (axis -> keys) restricts what it is combined with, ``card`` holds
sections that replace the family's, and ``without`` lists sections that are left out.

This module is imported at every start of Snakemake, so it must not import pandas or scanpy.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from gtgrn.errors import InputError

SUFFIX = ".family.yaml"
KEYS = {"name", "axes", "card"}
PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def is_family(path: Path) -> bool:
    """Tell whether a file is a family of cards."""
    return path.name.endswith(SUFFIX)


def find_families(folder: Path) -> dict[str, Path]:
    """Return the file of each card that the families in a folder give, by the card's name.

    Raises
    ------
    InputError
        If a family is no proper one, or two give the same card.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        for name in read_family(path):
            if name in found:
                raise InputError(
                    f"there is another card called '{name}', of {found[name]}",
                    file=path,
                    remedy="Rename one",
                )
            found[name] = path
    return found


def cards_in(folder: Path) -> list[tuple[str, Path]]:
    """Return the names and files of the cards in a folder, those of families among them."""
    own = [(path.stem, path) for path in folder.glob("*.yaml") if not is_family(path)]
    return sorted([*own, *find_families(folder).items()])


def file_of(path: Path) -> Path:
    """Return the file that holds a card: its own, or that of the family that gives it.

    Raises
    ------
    InputError
        If the path is that of a whole family.
    """
    if is_family(path):
        raise InputError(
            "this is a family of cards, not a card",
            file=path,
            remedy=f"Name some of its cards, such as {next(iter(read_family(path)))}",
        )
    if path.exists():
        return path
    return find_families(path.parent).get(path.stem, path)


def read_family(path: Path) -> dict[str, dict]:
    """Return the cards of a family by name, as they would stand in files of their own.

    Raises
    ------
    InputError
        If the file is not YAML of the form that the module describes.
    """
    return copy.deepcopy(_expand(path, path.read_text(encoding="utf-8")))


@lru_cache(maxsize=32)
def _expand(path: Path, text: str) -> dict[str, dict]:
    try:
        family = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(
            f"not YAML: {' '.join(str(error).split())}", file=path, remedy="Correct the syntax"
        ) from error
    if not isinstance(family, dict) or set(family) != KEYS:
        raise InputError(
            f"a family has the keys {', '.join(sorted(KEYS))} and no other",
            file=path,
            remedy="See another family in the folder",
        )
    cards: dict[str, dict] = {}
    for chosen in _combinations(family["axes"], path):
        name = str(_fill(family["name"], chosen, path))
        if name in cards:
            raise InputError(f"two combinations are called '{name}'", file=path, field="name")
        cards[name] = _fill(_assemble(family["card"], chosen), chosen, path)
    return cards


def _combinations(axes: Mapping[str, dict], path: Path) -> Iterator[dict[str, dict]]:
    """Return axis -> entry (its fields, and its key as ``key``) for each combination."""
    if not isinstance(axes, dict) or not all(isinstance(axis, dict) for axis in axes.values()):
        raise InputError(
            "axes are mappings of keys to fields",
            file=path,
            field="axes",
            remedy="Write 'key: {}'",
        )
    for keys in product(*axes.values()):
        chosen = {
            axis: {**(axes[axis][key] or {}), "key": key}
            for axis, key in zip(axes, keys, strict=True)
        }
        limits = [limit for entry in chosen.values() for limit in entry.get("only", {}).items()]
        if all(chosen[axis]["key"] in allowed for axis, allowed in limits):
            yield chosen


def _assemble(card: dict, chosen: Mapping[str, dict]) -> dict:
    """Return the family's card with the sections that the chosen entries replace or leave out."""
    result = dict(card)
    for entry in chosen.values():
        result |= entry.get("card", {})
    absent = {name for entry in chosen.values() for name in entry.get("without", ())}
    return {key: value for key, value in result.items() if key not in absent}


def _fill(value: Any, chosen: Mapping[str, dict], path: Path) -> Any:
    """Replace the names in braces, anywhere in a value."""
    if isinstance(value, dict):
        return {key: _fill(part, chosen, path) for key, part in value.items()}
    if isinstance(value, list):
        return [_fill(part, chosen, path) for part in value]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match) -> Any:
        axis, field = match.group(1), match.group(2) or "key"
        if axis not in chosen or field not in chosen[axis]:
            raise InputError(
                f"'{match.group()}' is no axis and no field of the entry",
                file=path,
                field=axis,
                remedy="Correct it, or give every entry of the axis this field",
            )
        return _fill(chosen[axis][field], chosen, path)

    whole = PLACEHOLDER.fullmatch(value)
    return look_up(whole) if whole else PLACEHOLDER.sub(lambda m: str(look_up(m)), value)
