"""The one exception a user may see: what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST = 300
"""Characters of a message: what fits on three lines of a terminal is read."""
LONGEST_FILE, LONGEST_FIELD = 90, 60
MOST_OFFERED = 20
"""Names to choose from that a remedy lists."""


class InputError(ValueError):
    """Bad input that the user can mend.

    The message is one line of at most :data:`LONGEST` characters. What is too long loses its
    middle (file, field) or its end (problem, remedy); the attributes keep everything.

    Parameters
    ----------
    problem
        What is wrong, in one clause.
    file
        The file in which it was found.
    field
        The key, column or gene concerned.
    remedy
        What to do, in the imperative.
    """

    def __init__(
        self, problem: str, *, file: object = None, field: str | None = None, remedy: str = ""
    ) -> None:
        super().__init__(_message(problem, file, field, remedy))
        self.problem, self.file, self.field, self.remedy = problem, file, field, remedy


def name_some(names: Iterable[object], most: int = 6) -> str:
    """Return the first names and the number of the others, for a message; none is ``none``."""
    listed = [str(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more or "none"


def one_of(names: Iterable[object], otherwise: str = "remove it") -> str:
    """Return the remedy of a name that is not there: one that is, or what else one may do."""
    listed = name_some(names, MOST_OFFERED)
    if listed == name_some([]):
        return f"{otherwise[0].upper()}{otherwise[1:]}: there is none"
    return f"Name one of {listed}, or {otherwise}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question with the nearest known word, or nothing."""
    near = find_nearest(word, known)
    return f"Did you mean '{near}'? " if near else ""


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a word most likely stands for: in other case, or misspelt."""
    known = list(known)
    near = [name for name in known if name.lower() == word.lower()]
    near = near or difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return near[0] if near else None


def _message(problem: str, file: object, field: str | None, remedy: str) -> str:
    """Return the line: file, field, problem and remedy, the long ones shortened."""
    file, field, problem, remedy = (
        _one_line(str(part or "")) for part in (file, field, problem, remedy)
    )
    long = sum(map(len, (file, field, problem, remedy))) + len(": '': . ") > LONGEST
    if long:
        file, field = _cut_middle(file, LONGEST_FILE), _cut_middle(field, LONGEST_FIELD)
    where = "".join([f"{file}: " if file else "", f"'{field}': " if field else ""])
    room = LONGEST - len(where) - len(". ")
    if long and len(problem) + len(remedy) > room:
        # The remedy is what helps: the problem gives way first, but for its half of the room.
        remedy = _cut_end(remedy, max(room - len(problem), room - room // 2))
        problem = _cut_end(problem, room - len(remedy))
    return f"{where}{problem}. {remedy}" if remedy else f"{where}{problem}"


def _one_line(text: str) -> str:
    """Return a text on one line, what cannot be printed as its escape.

    Names in a user's file and the errors of its parser may hold line breaks, and characters that
    would steer the terminal.
    """
    line = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _cut_end(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 4].rstrip(' ,;')} ..."


def _cut_middle(text: str, size: int) -> str:
    """Return a text without its middle: the last part of a path or a field says the most."""
    if len(text) <= size:
        return text
    start = (size - 3) // 3
    return f"{text[:start]}...{text[start + 3 - size :]}"
