"""The groups of a data set: which there are, which are large enough, and their cards."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass

from gtgrn.config.group_checks import obs_columns, safe_names
from gtgrn.data.obs_columns import count_cells
from gtgrn.errors import InputError, did_you_mean

FEWEST = 3
"""Least that groups.min_cells may be."""
SMALL, NOT_LISTED = "fewer cells than min_cells", "not in groups.include"
WHOLES = ("groups", "compare")
"""Sections of a card that say what is made of its cells: a group has none."""
WHOLE = "whole"
"""Key of a group's card with the name of the data set that it is a part of."""


@dataclass(frozen=True)
class Group:
    """A group of cells.

    Attributes
    ----------
    value
        Its value in the column.
    name
        Its name as a folder.
    cells
        Cells in the file; None where that is not known before the run.
    left_out
        Why it becomes no data set; empty for one that does.
    """

    value: str
    name: str
    cells: int | None
    left_out: str = ""


def find_groups(card: dict) -> list[Group]:
    """Return the groups of a card that has any, in the order of their names.

    Parameters
    ----------
    card
        A card from :func:`gtgrn.config.cards.load_cards` with a section `groups`.

    Raises
    ------
    InputError
        If the column is missing or holds numbers, a listed group is not in it, none has enough
        cells, or the groups are neither listed nor readable now.
    """
    section, file = card["groups"], card["expression"].get("path")
    include, counts = section.get("include"), _count(card)
    if counts is None:
        if include is None:
            raise InputError(
                "missing; the column cannot be read before the run (the file is fetched, packed "
                "or no HDF5)",
                file=file, field="groups.include", remedy="List the groups to take",
            )  # fmt: skip
        return [Group(value, name, None) for value, name in safe_names(include).items()]
    for value in include or []:
        if value not in counts:
            raise InputError(
                f"no cell has '{value}' in the column '{section['by']}'",
                file=file, field="groups.include",
                remedy=f"{did_you_mean(value, counts)}Its groups are {shorten(sorted(counts))}",
            )  # fmt: skip
    groups = [
        Group(value, name, counts[value], _reason(value, counts, section))
        for value, name in safe_names(counts).items()
    ]
    if all(group.left_out for group in groups):
        largest = max((counts[value] for value in include or counts), default=0)
        raise InputError(
            f"no group of the column '{section['by']}' has {section['min_cells']} cells (the "
            f"largest has {largest})",
            file=file, field="groups.min_cells",
            remedy=f"Lower it to {largest}" if largest >= FEWEST else "Remove the section",
        )  # fmt: skip
    return groups


def _reason(value: str, counts: Counter, section: dict) -> str:
    if value not in section.get("include", counts):
        return NOT_LISTED
    return SMALL if counts[value] < section["min_cells"] else ""


def _count(card: dict) -> Counter | None:
    """Count the cells by group; None where they are not known before the run."""
    key = "groups.by"
    columns = obs_columns(card)
    if key not in columns:
        return None
    counts = count_cells(card["expression"], [columns[key]], [key])
    if counts is None:
        return None
    return Counter({value: n for (value,), n in counts.items() if value is not None})


def shorten(names: list[str], most: int = 6) -> str:
    """Return some names in one line, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(name[:24] for name in names[:most]) or "none") + more


def group_cards(name: str, card: dict) -> dict[str, dict]:
    """Return the data sets of a card's groups, ``<data set>/<group>`` -> card.

    Parameters
    ----------
    name, card
        The whole data set, with a section `groups`.

    Returns
    -------
    dict of str to dict
        The whole's card without its groups; without its reference and splits too, unless
        models are trained for groups. The keys `whole` and `group` say what it is a part of.
    """
    found = {}
    for group in find_groups(card):
        if group.left_out:
            continue
        own = {key: copy.deepcopy(section) for key, section in card.items() if key not in WHOLES}
        if not card["groups"]["models"]:
            own = {key: own[key] for key in own if key not in ("reference", "splits")}
        own |= {"title": f"{card['title']}: {group.value}", WHOLE: name, "group": group.value}
        found[f"{name}/{group.name}"] = own
    return found
