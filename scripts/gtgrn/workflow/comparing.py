"""The comparisons of a card: within which groups, and which of them have the cells for it."""

from __future__ import annotations

from collections import Counter

from gtgrn.config.group_checks import (
    ALL,
    FEWEST_CELLS,
    FEWEST_DONORS,
    MIN_DONOR_CELLS,
    choose_donors,
    obs_columns,
    safe_names,
)
from gtgrn.config.validation import did_you_mean
from gtgrn.data.obs_columns import count_cells
from gtgrn.errors import InputError
from gtgrn.workflow.grouping import NOT_LISTED, Group, shorten

KEYS = ("by", "within", "unit")
Problem = tuple[str, str, str]
"""Key of `compare` that keeps cells from being compared, why, and a remedy, if any."""


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
    known = safe_names(named) if "within" in section else {ALL: ALL}
    own = {value: _within(rows, value) for value in known}
    problems = {value: _problem(own[value], section) for value in known}
    wanted = [value for value in known if value in (include or known)]
    if all(problems[value] for value in wanted):
        best = max(wanted, key=lambda value: min(_cells(own[value], section)))
        raise _refuse(best, problems[best], rows, card)
    return [
        Group(
            value,
            name,
            sum(_cells(own[value], section)),
            (problems[value] or ("", "", ""))[1] if value in wanted else NOT_LISTED,
        )
        for value, name in known.items()
    ]


def _refuse(best: str, problem: Problem | None, rows: Counter, card: dict) -> InputError:
    """Return the error of a card in which nothing can be compared, by its nearest group."""
    section = card["compare"]
    where = f" within '{best}'" if "within" in section else ""
    key, reason, remedy = problem or ("", "", "")
    if not remedy:
        whole = _problem(_within(rows, None), section)
        remedy = "Remove the section compare" if whole else "Remove compare.within"
    return InputError(
        f"nothing can be compared{where}: {reason}", file=card["expression"].get("path"),
        field=f"compare.{key}", remedy=remedy,
    )  # fmt: skip


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


def _within(rows: Counter, group: str | None) -> Counter:
    """Return the cells of a group, or of all, by (condition, donor)."""
    own: Counter = Counter()
    for (by, within, unit), cells in rows.items():
        if group in (None, within):
            own[by, unit] += cells
    return own


def _cells(own: Counter, section: dict) -> list[int]:
    """Return the number of cells of either condition."""
    return [sum(n for (by, _), n in own.items() if by == one) for one in section["groups"]]


def _problem(own: Counter, section: dict) -> Problem | None:
    """Return the key that the cells of a group cannot be compared for, why, and a remedy if any.

    It is what :func:`gtgrn.comparison.design.make_design` would find when the networks are made.
    """
    if short := _too_few(_cells(own, section), section):
        return short
    if "unit" not in section:
        return None
    enough, _, mixed = choose_donors(own, section["groups"])
    if mixed:
        reason = f"donor '{mixed}' has cells of both conditions, and the others of one"
        return "unit", reason, "Name a column of samples, which are of one condition each"
    for condition in section["groups"]:
        donors = sum(by == condition for by, _ in enough)
        if donors < FEWEST_DONORS:
            reason = (
                f"{donors} donors of '{condition}', and {FEWEST_DONORS} are needed, of "
                f"{MIN_DONOR_CELLS} cells each"
            )
            remedy = "Remove the key: cells then stand for replicates, which they are not"
            return "unit", reason, remedy
    kept = Counter({pair: n for pair, n in own.items() if pair in enough})
    return _too_few(_cells(kept, section), section)


def _too_few(cells: list[int], section: dict) -> Problem | None:
    """Return what :func:`_problem` does where a condition has fewer cells than are needed."""
    for condition, number in zip(section["groups"], cells, strict=True):
        if number < section["min_cells"]:
            least = min(cells)
            reason = f"{number} cells are '{condition}', of {section['min_cells']} needed"
            return "min_cells", reason, f"Lower it to {least}" if least >= FEWEST_CELLS else ""
    return None
