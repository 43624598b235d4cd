"""What no value of a card or a configuration may be, whatever its key.

A schema bounds the keys it knows; options of a plug-in, names that the user chooses and values of
free sections pass it by. What would fail far from its cause, or be another value somewhere on the
way, is refused here: numbers that no computation takes, types that YAML makes of a date, and
characters that no name has and that a terminal, a file name or a table would not give back.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import math
import re
import reprlib
from typing import Any

from gtgrn.errors import InputError

LARGEST = 2**63 - 1
MOST_VALUES = 100_000
LONGEST_TEXT, LONGEST_KEY = 10_000, 200
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that are refused anywhere; line breaks and tabs are part of a longer text."""


def check_plain(document: Any, *, file: object, within: str = "") -> None:
    """Check that a document is made of plain values.

    Parameters
    ----------
    document
        The document, or a section of it.
    file
        Its file, for the error.
    within
        Dotted field of the section in its file, for the error.

    Raises
    ------
    InputError
        Naming the first value that is none, and the remedy.
    """
    places: list[tuple[list[str], Any]] = [([within] if within else [], document)]
    seen = 0
    while places:
        steps, value = places.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise InputError(
                f"more than {MOST_VALUES:,} values", file=file, remedy="Use fewer, or no aliases"
            )
        if isinstance(value, dict):
            for key in value:
                _check_text(key, steps, file, LONGEST_KEY)
            inside = [([*steps, str(key)], part) for key, part in value.items()]
        elif isinstance(value, list | tuple):
            inside = [([*steps, str(number)], part) for number, part in enumerate(value)]
        else:
            _check_value(value, steps, file)
            continue
        places += reversed(inside)


def _check_value(value: Any, steps: list[str], file: object) -> None:
    problem, remedy = "", "Write a number that can be computed with"
    if isinstance(value, str):
        _check_text(value, steps, file, LONGEST_TEXT)
    elif isinstance(value, float):
        if not math.isfinite(value):
            problem = f"must be a number, not {value}"
    elif isinstance(value, int):
        if abs(value) > LARGEST:
            problem = f"must be a number of at most 18 digits, not {_shown(value)}"
            remedy = "Write a smaller one"
    elif value is not None:
        problem = f"must be text, a number, true, false or null, not a {type(value).__name__}"
        remedy = "Put it in quotes"
    if problem:
        raise InputError(problem, file=file, field=".".join(steps), remedy=remedy)


def _check_text(text: Any, steps: list[str], file: object, longest: int) -> None:
    if not isinstance(text, str):
        return
    found = CONTROL.search(text)
    if found:
        raise InputError(
            f"has the control character {found.group()!r} in {reprlib.repr(text)}", file=file,
            field=".".join(steps), remedy="Remove it; rename what has it in its name",
        )  # fmt: skip
    if len(text) > longest:
        raise InputError(
            f"a text of {len(text):,} characters", file=file, field=".".join(steps),
            remedy=f"Shorten it to at most {longest:,}",
        )  # fmt: skip


def _shown(value: int) -> str:
    """Return the first digits of a number that may have more than Python prints."""
    digits = int(value.bit_length() * math.log10(2)) + 1
    return f"one of about {digits:,} digits"
