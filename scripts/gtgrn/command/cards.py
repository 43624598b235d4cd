"""Cards written from what was detected, and the questions that detection leaves open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from gtgrn.command.detection import Found, guess_cell_type
from gtgrn.config.cards import load_cards
from gtgrn.config.locations import REGULATOR_LISTS, SHIPPED
from gtgrn.errors import InputError
from gtgrn.files import write_text

FOLDER = Path("config/datasets")
PRIORS = ("collectri", "trrust", "omnipath")
NO_REFERENCE = "none"

Ask = Callable[[str, str], str]
"""From a question and its default to the answer."""


def default_name(path: str | Path) -> str:
    """Return the name of a data set after its file, of letters, digits and ``_``."""
    stem = Path(path).name.split(".")[0]
    return re.sub(r"\W+", "_", stem).strip("_") or "mine"


def compose(found: Found, answers: Mapping[str, str | None], ask: Ask | None = None) -> dict:
    """Return a card.

    Parameters
    ----------
    found
        From :func:`gtgrn.command.detection.detect`.
    answers
        ``title``, ``organism``, ``reference``, ``cell_type``, ``groups``, ``regulators``; None
        where it is to be found out or asked.
    ask
        Asks a person; None takes the defaults.

    Raises
    ------
    InputError
        If the organism is neither found out nor given, or a column is not in the file.
    """
    answers = dict(answers)
    ask = ask or (lambda _, default: default)
    organism = answers.get("organism") or found.organism or ask("Organism (human, mouse, ...)", "")
    if not organism:
        raise InputError(
            "the names of its genes are no human or mouse genes that are known here",
            file=found.expression["path"],
            remedy="Give --organism, in lower case; check the names of the genes",
        )
    expression = dict(found.expression)
    types = answers.get("cell_type") or guess_cell_type(found.columns)
    groups = answers.get("groups")
    for option, column in (("--cell-type", types), ("--groups", groups)):
        if column and column not in found.columns:
            raise InputError(
                f"there is no column '{column}' in obs",
                file=expression["path"],
                field=option,
                remedy=f"Name one of {', '.join(found.columns) or '(the file has none)'}",
            )
    if types:
        expression["cell_type"] = types
    card: dict = {
        "title": answers.get("title") or Path(expression["path"]).name,
        "organism": organism,
        "expression": expression,
    }
    reference = answers.get("reference")
    if reference is None:
        question = f"Known pairs: a table, {', '.join(PRIORS)}, or {NO_REFERENCE}"
        reference = ask(question, NO_REFERENCE)
    if reference != NO_REFERENCE:
        card["reference"] = _reference(reference)
    card["regulators"] = _regulators(answers.get("regulators"), organism)
    if groups:
        card["groups"] = {"by": groups}
    return card


def write_card(card: dict, name: str, *, force: bool = False) -> Path:
    """Write a card to ``config/datasets`` and check it as a run does; return its path.

    Raises
    ------
    InputError
        If there is a card of this name and `force` is not set, or the card is not valid; then
        nothing is left behind.
    """
    path = FOLDER / f"{name}.yaml"
    if path.exists() and not force:
        raise InputError(
            "there is a card of this name",
            file=path,
            remedy="Give --name, or --force to replace it",
        )
    text = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=99)
    with TemporaryDirectory() as folder:
        draft = Path(folder, path.name)
        draft.write_text(text, encoding="utf-8")
        try:
            load_cards([draft], unchecked=["resources/downloads"])
        except InputError as error:
            raise InputError(
                error.problem, file=path, field=error.field, remedy=error.remedy
            ) from None
    write_text(text, path)
    return path


def _reference(given: str) -> dict:
    """Return the section `reference`: a published table by name, or a file and its columns."""
    if given in PRIORS:
        return {"prior": given}
    path, *columns = given.split(":")
    section = {"path": path}
    if len(columns) >= 2:
        section |= {"regulator": columns[0], "target": columns[1]}
    if len(columns) >= 3:
        section["sign"] = columns[2]
    return section


def _regulators(given: str | None, organism: str) -> dict:
    """Return the section `regulators`: the shipped list where there is one, all, or a file."""
    if given in (None, SHIPPED, "all"):
        there = (SHIPPED, organism) in REGULATOR_LISTS
        return {"list": given or (SHIPPED if there else "all")}
    path, _, column = given.partition(":")
    return {"path": path, **({"column": column} if column else {})}
