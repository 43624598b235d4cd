"""Families of data set cards: cards that differ in a few lines, as one file and its axes.

A file ``<anything>.family.yaml`` (or ``.yml``) beside the cards gives one card for each
combination of its axes' entries::

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
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from gtgrn.errors import InputError
from gtgrn.yaml_files import SUFFIXES as YAML_SUFFIXES
from gtgrn.yaml_files import parse_yaml, read_text

SUFFIXES = tuple(f".family{suffix}" for suffix in YAML_SUFFIXES)
KEYS = {"name", "axes", "card"}
MOST_VALUES = 200_000
"""Values of all cards of a family together."""
LONGEST_TEXT = 10_000
DEEPEST = 4
"""Rounds in which names in braces stand for others; one or two are of use."""
PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def is_family(path: Path) -> bool:
    """Tell whether a file is a family of cards."""
    return path.name.endswith(SUFFIXES)


def find_families(folder: Path) -> dict[str, Path]:
    """Return the file of each card that the families in a folder give, by the card's name.

    Raises
    ------
    InputError
        If a family is no proper one, or two give the same card.
    """
    found: dict[str, Path] = {}
    for path in filter(is_family, _yaml_files(folder)):
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
    own = [(path.stem, path) for path in _yaml_files(folder) if not is_family(path)]
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
    return copy.deepcopy(_expand(path, read_text(path)))


def _yaml_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are YAML by their names, sorted."""
    return sorted(path for suffix in YAML_SUFFIXES for path in folder.glob(f"*{suffix}"))


@lru_cache(maxsize=32)
def _expand(path: Path, text: str) -> dict[str, dict]:
    family = parse_yaml(text, path)
    if not isinstance(family, dict) or set(family) != KEYS:
        raise InputError(
            f"a family has the keys {', '.join(sorted(KEYS))} and no other",
            file=path,
            remedy="See another family in the folder",
        )
    if not isinstance(family["card"], dict):
        raise InputError(
            "must be the sections of a card", file=path, field="card", remedy="Write 'title: ...'"
        )
    axes = family["axes"]
    _check_axes(axes, path)
    count = math.prod(map(len, axes.values()))
    if count * _count(family["card"]) > MOST_VALUES:
        raise InputError(
            f"{count:,} combinations of the axes are too many", file=path, field="axes",
            remedy="Split the family, or shorten an axis",
        )  # fmt: skip
    cards: dict[str, dict] = {}
    for chosen in _combinations(axes):
        name = str(_fill(family["name"], chosen, path))
        if name in cards:
            raise InputError(
                f"two combinations are called '{name}'", file=path, field="name",
                remedy="Name every axis in it, as {axis}",
            )  # fmt: skip
        cards[name] = _fill(_assemble(family["card"], chosen), chosen, path)
    return cards


def _check_axes(axes: Any, path: Path) -> None:
    """Check that axes are what the module describes."""
    if not isinstance(axes, dict) or not all(isinstance(axis, dict) for axis in axes.values()):
        raise InputError(
            "axes are mappings of keys to fields",
            file=path,
            field="axes",
            remedy="Write 'key: {}'",
        )
    for axis, entries in axes.items():
        for key, entry in entries.items():
            _check_entry(entry, f"axes.{axis}.{key}", path)


def _count(value: Any) -> int:
    """Return the number of values in a section."""
    if isinstance(value, dict | list):
        return 1 + sum(map(_count, value.values() if isinstance(value, dict) else value))
    return 1


def _combinations(axes: Mapping[str, dict]) -> Iterator[dict[str, dict]]:
    """Return axis -> entry (its fields, and its key as ``key``) for each combination."""
    for keys in product(*axes.values()):
        chosen = {
            axis: {**(axes[axis][key] or {}), "key": key}
            for axis, key in zip(axes, keys, strict=True)
        }
        limits = [limit for entry in chosen.values() for limit in entry.get("only", {}).items()]
        if all(chosen[axis]["key"] in allowed for axis, allowed in limits):
            yield chosen


def _check_entry(entry: Any, field: str, path: Path) -> None:
    """Check the fields of an entry that have a meaning of their own."""
    fields = {} if entry is None else entry
    kinds = {"only": dict, "card": dict, "without": list}
    wrong = not isinstance(fields, dict) or any(
        not isinstance(fields.get(name, kind()), kind) for name, kind in kinds.items()
    )
    if wrong or not all(isinstance(keys, list) for keys in fields.get("only", {}).values()):
        raise InputError(
            "an entry has fields; 'only' lists keys by axis, 'card' has sections, 'without' is a "
            "list of sections", file=path, field=field, remedy="Write 'key: {}' for no field",
        )  # fmt: skip


def _assemble(card: dict, chosen: Mapping[str, dict]) -> dict:
    """Return the family's card with the sections that the chosen entries replace or leave out."""
    result = dict(card)
    for entry in chosen.values():
        result |= entry.get("card", {})
    absent = {name for entry in chosen.values() for name in entry.get("without", ())}
    return {key: value for key, value in result.items() if key not in absent}


def _fill(value: Any, chosen: Mapping[str, dict], path: Path, depth: int = 0) -> Any:
    """Replace the names in braces, anywhere in a value.

    What stands for them may hold such names in turn, but not without end: a field that names
    itself, or each twice the next, stops after a few rounds.
    """
    if isinstance(value, dict):
        return {key: _fill(part, chosen, path, depth) for key, part in value.items()}
    if isinstance(value, list):
        return [_fill(part, chosen, path, depth) for part in value]
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
        if depth == DEEPEST:
            raise InputError(
                f"'{match.group()}' stands for names in braces that stand for others, over and "
                "over", file=path, field=f"axes.{axis}.{field}", remedy="Write out one of them",
            )  # fmt: skip
        return _fill(chosen[axis][field], chosen, path, depth + 1)

    if whole := PLACEHOLDER.fullmatch(value):
        return look_up(whole)
    filled = PLACEHOLDER.sub(lambda match: str(look_up(match)), value)
    if len(filled) > LONGEST_TEXT:
        raise InputError(
            f"a text of {len(filled):,} characters after '{value[:20]}' was filled in", file=path,
            remedy="Shorten what its names in braces stand for",
        )  # fmt: skip
    return filled
