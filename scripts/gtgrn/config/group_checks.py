"""Groups of cells in a card: checks of its keys, and the names of the groups' data sets.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gtgrn.errors import InputError, did_you_mean
from gtgrn.names import CELL_TYPE
from gtgrn.plugins import METHODS, find_plugins

WITH_OBS = ("h5ad", "loom", "scanpy")
"""Formats whose cells have columns."""

MIN_DONOR_CELLS = 10
"""A donor's correlations of fewer cells say nothing; such donors are left out, and listed."""
FEWEST_CELLS = 20
"""Least that compare.min_cells may be."""
FEWEST_DONORS = 2
"""Donors a condition needs: of one there is no spread."""
ALL = "all"
"""Name of a comparison of all cells."""

UNSAFE = re.compile(r"[^A-Za-z0-9_.+-]+")
LONGEST_NAME = 80
"""Characters of a group's folder: a file's path must not grow beyond what a system takes."""

RESERVED = {
    "annotation", "biology", "comparison", "context", "embedding_map", "embeddings",
    "evaluation", "models", "networks", "nulls", "paper", "peers", "perturbation", "regulators",
    "splits", "tuning", "walks",
}  # fmt: skip
"""Folders of a data set's own results, beside which those of its groups lie."""


def obs_columns(card: dict) -> dict[str, str]:
    """Return the columns of obs that a card's groups need, by the key that names each.

    Parameters
    ----------
    card
        A card that holds to the schema.

    Returns
    -------
    dict of str to str
        Such as ``groups.by`` -> column. The types that marker genes give are made during the
        run, and no column of the file.
    """
    made = CELL_TYPE if "markers" in card["expression"] else None
    compare = card.get("compare", {})
    named = {"groups.by": card.get("groups", {}).get("by")}
    named |= {f"compare.{key}": compare.get(key) for key in ("by", "within", "unit")}
    return {key: name for key, name in named.items() if name not in (None, made)}


def check_groups(card: dict, path: Path) -> None:
    """Check what holds between the groups of a card and its other fields.

    Parameters
    ----------
    card
        The card.
    path
        Its file, for the message.

    Raises
    ------
    InputError
        Naming the first field that contradicts another, and the remedy.
    """
    form, columns = card["expression"]["format"], obs_columns(card)
    for key, name in columns.items():
        if form not in WITH_OBS:
            raise InputError(
                f"cells of format {form} have no column '{name}'",
                file=path,
                field=key,
                remedy=f"Write the matrix as h5ad with the column in obs, or give "
                f"expression.markers and '{key.rpartition('.')[2]}: {CELL_TYPE}'",
            )
    if "compare" in card:
        _check_comparison(card, columns, path)
    groups = card.get("groups")
    if groups is None:
        return
    if "groups.by" not in columns and "include" not in groups:
        raise InputError(
            "missing; the types that markers give are known only during the run",
            file=path,
            field="groups.include",
            remedy="List the types to take, as the table of markers spells them",
        )
    if groups["models"] and "reference" not in card:
        raise InputError(
            "no model is trained without a reference",
            file=path,
            field="groups.models",
            remedy="Add the section reference, or remove the key",
        )


def _check_comparison(card: dict, columns: dict[str, str], path: Path) -> None:
    """Check the section `compare` of a card."""
    compare = card["compare"]
    made = CELL_TYPE if "markers" in card["expression"] else None
    if made in (compare["by"], compare.get("unit", "")):
        key = "by" if compare["by"] == made else "unit"
        raise InputError(
            "the types of marker genes are made from the expression that is compared",
            file=path, field=f"compare.{key}", remedy="Name a column of the file",
        )  # fmt: skip
    if len(set(compare["groups"])) < 2:
        raise InputError(
            f"'{compare['groups'][0]}' twice", file=path, field="compare.groups",
            remedy="Name two conditions",
        )  # fmt: skip
    _check_methods(compare["methods"], path)
    keys = [key for key in ("by", "within", "unit") if key in compare]
    for position, key in enumerate(keys):
        for other in keys[:position]:
            if compare[key] == compare[other]:
                raise InputError(
                    f"'{compare[key]}' is compare.{other} too", file=path, field=f"compare.{key}",
                    remedy="Name another column, or remove it",
                )  # fmt: skip
    if "within" not in compare and "include" in compare:
        raise InputError(
            "has no effect without compare.within", file=path, field="compare.include",
            remedy="Remove it, or name the column",
        )  # fmt: skip
    if "within" in compare and "compare.within" not in columns and "include" not in compare:
        raise InputError(
            "missing; the types that markers give are known only during the run",
            file=path, field="compare.include",
            remedy="List the types to compare within, as the table of markers spells them",
        )  # fmt: skip


def _check_methods(methods: list[str], path: Path) -> None:
    """Check the methods whose ranks are compared."""
    known = [name for name in find_plugins(METHODS) if name != "random"]
    for method in methods:
        if method not in known:
            raise InputError(
                "random weights do not differ between conditions"
                if method == "random" else f"there is no method '{method}'",
                file=path, field="compare.methods",
                remedy=f"{did_you_mean(method, known)}Methods are {', '.join(known)}",
            )  # fmt: skip


def choose_donors(
    cells: Mapping[tuple[str, str], int], groups: Sequence[str]
) -> tuple[set[tuple[str, str]], bool, str]:
    """Return the donors of two conditions that can be compared.

    Parameters
    ----------
    cells
        (condition, donor) -> cells.
    groups
        The two conditions.

    Returns
    -------
    tuple
        The (condition, donor) with enough cells; whether they come in pairs, in which case donors
        of one condition are none of them; and a donor that has both where too few others have.
    """
    enough = {pair for pair, n in cells.items() if n >= MIN_DONOR_CELLS and pair[0] in groups}
    one, two = ({donor for own, donor in enough if own == group} for group in groups)
    both = one & two
    paired = len(both) >= FEWEST_DONORS
    if paired:
        enough = {pair for pair in enough if pair[1] in both}
    return enough, paired, "" if paired or not both else min(both)


def safe_names(values: Iterable[str]) -> dict[str, str]:
    """Return the name of each group as a folder: unique, also where upper case does not count.

    Characters other than letters, digits and ``_.+-`` become ``_``; a name that is taken, by
    another group or by a folder of results, gets a number.

    Examples
    --------
    ``CD4+/CD25 T Reg`` is ``CD4+_CD25_T_Reg``.
    """
    names: dict[str, str] = {}
    taken = set(RESERVED)
    for value in sorted(set(values)):
        base = UNSAFE.sub("_", value)[:LONGEST_NAME].lstrip("_.+-").rstrip("_.") or "group"
        name, number = base, 2
        while name.casefold() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.casefold())
        names[value] = name
    return names
