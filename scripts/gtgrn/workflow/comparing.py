"""The comparisons of a card: within which groups, and which of them have the cells for it."""

from __future__ import annotations

from collections import Counter

from gtgrn.config.group_checks import (
    ALL,
    FEWEST_DONORS,
    MIN_DONOR_CELLS,
    obs_columns,
    safe_names,
)
from gtgrn.config.validation import did_you_mean
from gtgrn.data.obs_columns import count_cells
from gtgrn.errors import InputError
from gtgrn.workflow.grouping import NOT_LISTED, Group, shorten

KEYS = ("by", "within", "unit")


def find_comparisons(card: dict) -> list[Group]:
    """Return the groups of cells within which a card's conditions are compared.

    Parameters
    ----------
    card
        A card from :func:`gtgrn.config.cards.load_cards` with a section `compare`.

    Returns
    -------
    list of Group
        By name; one of the value `ALL` where all cells are compared. Those without the cells or
        donors for it say so in `left_out`.

    Raises
    ------
    InputError
        If a column is missing or one of conditions holds numbers, a condition or listed group is
        not there, none has the cells for it, or the groups cannot be known before the run.
    """
    section, file = card["compare"], card["expression"].get("path")
    include, rows = section.get("include"), _count(card)
    if rows is None:
        if "within" in section and include is None:
            raise InputError(
                "missing; the column cannot be read before the run (the file is fetched, packed "
                "or no HDF5)",
                file=file, field="compare.include", remedy="List the groups to compare within",
            )  # fmt: skip
        known = safe_names(include) if include else {ALL: ALL}
        return [Group(value, name, None) for value, name in known.items()]
    _check_conditions(rows, section, file)
    named = {within for _, within, _ in rows if within is not None}
    for value in include or []:
        if value not in named:
            raise InputError(
                f"no cell has '{value}' in the column '{section['within']}'",
                file=file, field="compare.include",
                remedy=f"{did_you_mean(value, named)}Its groups are {shorten(sorted(named))}",
            )  # fmt: skip
    found = []
    for value, name in (safe_names(named) if "within" in section else {ALL: ALL}).items():
        own = Counter({(by, unit): n for (by, within, unit), n in rows.items() if within == value})
        cells = sum(n for (by, _), n in own.items() if by in section["groups"])
        reason = _reason(own, section) if value in (include or [value]) else NOT_LISTED
        found.append(Group(value, name, cells, reason))
    if all(group.left_out for group in found):
        best = max(found, key=lambda group: (group.left_out != NOT_LISTED, group.cells))
        where = f" within '{best.value}'" if "within" in section else ""
        key = "unit" if best.left_out.endswith("cells each") else "min_cells"
        raise InputError(
            f"nothing can be compared{where}: {best.left_out}", file=file, field=f"compare.{key}",
            remedy="Lower compare.min_cells, or remove the section" if key == "min_cells" else
            "Without the key cells stand for replicates, which they are not",
        )  # fmt: skip
    return found


def _count(card: dict) -> Counter | None:
    """Return the cells by (condition, group, donor); None where they are not known yet."""
    columns = obs_columns(card)
    keys = [key for key in KEYS if f"compare.{key}" in columns]
    section = card["compare"]
    fields = [f"compare.{key}" for key in keys]
    names = [columns[field] for field in fields]
    numbers = [section["unit"]] if "unit" in section else []
    counts = count_cells(card["expression"], names, fields, numbers=numbers)
    if counts is None or ("within" in section and "within" not in keys):
        return None
    rows: Counter = Counter()
    for values, cells in counts.items():
        one = dict(zip(keys, values, strict=True))
        within = one["within"] if "within" in section else ALL
        donor = one["unit"] if "unit" in section else ""
        if donor is not None:
            rows[one["by"], within, donor] += cells
    return rows


def _check_conditions(rows: Counter, section: dict, file: object) -> None:
    there = sorted({by for by, _, _ in rows if by is not None})
    for condition in section["groups"]:
        if condition not in there:
            raise InputError(
                f"no cell has '{condition}' in the column '{section['by']}'",
                file=file, field="compare.groups",
                remedy=f"{did_you_mean(condition, there)}Its values are {shorten(there)}",
            )  # fmt: skip


def _reason(own: Counter, section: dict) -> str:
    """Return why the cells of a group cannot be compared; nothing where they can."""
    for condition in section["groups"]:
        cells = sum(n for (by, _), n in own.items() if by == condition)
        if cells < section["min_cells"]:
            return f"{cells} cells are '{condition}', of {section['min_cells']} needed"
        if "unit" in section:
            donors = sum(by == condition and n >= MIN_DONOR_CELLS for (by, _), n in own.items())
            if donors < FEWEST_DONORS:
                return (
                    f"{donors} donors of '{condition}', and {FEWEST_DONORS} are needed, of "
                    f"{MIN_DONOR_CELLS} cells each"
                )
    return ""
