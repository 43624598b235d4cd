"""Strict reading of YAML: what a stranger's card, configuration or model may hold, and no more.

YAML lets a text through that is not what its writer meant, or that no memory holds: the second of
two equal keys wins in silence; aliases of aliases, and merges (``<<``) of them, stand for
billions of values; Python's own parser recurses as deep as the text nests; whole numbers may have
any number of digits; and tags make objects. All of that shows in the stream of events, which is
read without recursion and without building anything, so it is refused there, before a value is
made: with the file, the line and the remedy.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from gtgrn.errors import InputError

SUFFIXES = (".yaml", ".yml")
"""What a file with YAML may be called."""
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader is ten times as fast where it is built in."""
TextLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Builds only text: a gene may be called NO."""
LARGEST_FILE = 1_000_000
"""Bytes of a card or a configuration; the largest one here has 10 kB."""
DEEPEST = 40
"""Levels of lists and sections; a grid of widths is the deepest here, with 6."""
MOST_VALUES = 50_000
"""Values of a file, those that its aliases stand for among them."""
LONGEST_TEXT = 10_000
LONGEST_NUMBER = 400
"""Digits of a number; from 4,300 on Python refuses to read one."""
NUMBER = re.compile(r"[-+]?[0-9a-fA-FxXoO_:]+")
OTHER_NUMBER = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""What YAML reads as another number than a person does: 0100 is 64, and 1:30 is 90."""


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; parameters and errors are those of the two steps."""
    return parse_yaml(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the text of a YAML file.

    Parameters
    ----------
    path
        The file, UTF-8.

    Raises
    ------
    FileNotFoundError
        If it does not exist.
    InputError
        If it is not readable, not UTF-8 or too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError("not a file")  # a pipe would be waited for
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(
            f"not readable ({getattr(error, 'strerror', None) or error})", file=path,
            remedy="Give the path of a YAML file that you may read",
        ) from error  # fmt: skip
    if len(content) > LARGEST_FILE:
        raise InputError(
            f"larger than {LARGEST_FILE:,} bytes, so it is no card and no configuration",
            file=path,
            remedy="Give the path of a YAML file; data belong in the files that a card names",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "not YAML: unreadable characters", file=path, remedy="Save it as UTF-8 text"
        ) from error


def parse_yaml(text: str, file: object, *, as_text: bool = False) -> Any:
    """Return what a YAML text holds.

    Parameters
    ----------
    text
        The text.
    file
        Its file, for the message.
    as_text
        Whether every value and key stays the text that it is.

    Raises
    ------
    InputError
        Naming file, line and remedy: if it is not YAML, names a key twice, or is too large, too
        deep, or has tags or aliases that the module refuses.
    """
    if str(file).endswith(".json"):
        text = text.replace("\t", " ")  # JSON may be indented by tabs; its texts hold none
    try:
        _Guard(file, as_text).look_through(yaml.parse(text, Loader=Loader))
        return yaml.load(text, Loader=TextLoader if as_text else Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable characters"
        raise InputError(
            f"not YAML{line}: {problem}", file=file, remedy="Correct the syntax"
        ) from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        # A date such as 2020-13-45.
        raise InputError(
            f"not YAML: {error}", file=file, remedy="Put the value in quotes"
        ) from error


class _Level:
    """A list or section that is open: its keys so far, and what it stands for."""

    def __init__(self, mapping: bool, anchor: str | None) -> None:
        self.mapping, self.anchor = mapping, anchor
        self.keys: dict[Any, int] = {}
        self.parts, self.size, self.depth = 0, 1, 1

    @property
    def at_key(self) -> bool:
        return self.mapping and self.parts % 2 == 0


class _Guard:
    """A walk over the events of a YAML text that stops at the first that is refused."""

    def __init__(self, file: object, as_text: bool) -> None:
        self.file, self.as_text = file, as_text
        self.levels: list[_Level] = []
        # Anchor -> values and levels that it stands for.
        self.sizes: dict[str, tuple[int, int]] = {}
        self.resolve = yaml.SafeLoader("")

    def look_through(self, events: Any) -> None:
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                self._close(*self._size_of(event.anchor, line), line)
            elif isinstance(event, yaml.ScalarEvent):
                self._check_scalar(event, line)
                if event.anchor:
                    self.sizes[event.anchor] = 1, 0
                self._close(1, 0, line)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._check_tag(event, line)
                if self.levels and self.levels[-1].at_key:
                    raise self._refuse("a key that is a list or a section", line, "Name it")
                mapping = isinstance(event, yaml.MappingStartEvent)
                self.levels.append(_Level(mapping, event.anchor))
                self._check_depth(len(self.levels), line)
                if event.anchor:
                    self.sizes.pop(event.anchor, None)
            elif isinstance(event, yaml.CollectionEndEvent):
                level = self.levels.pop()
                if level.anchor:
                    self.sizes[level.anchor] = level.size, level.depth
                self._close(level.size, level.depth, line)

    def _close(self, size: int, depth: int, line: int) -> None:
        """Count a value that is complete to the list or section around it."""
        if not self.levels:
            return
        level = self.levels[-1]
        level.parts += 1
        level.size += size
        level.depth = max(level.depth, depth + 1)
        self._check_depth(len(self.levels) + depth, line)
        if level.size > MOST_VALUES:
            raise self._refuse(
                f"more than {MOST_VALUES:,} values, with those that aliases (*name) stand for",
                line,
                "Write out what is needed, without aliases of aliases",
            )

    def _size_of(self, anchor: str, line: int) -> tuple[int, int]:
        if anchor not in self.sizes:
            raise self._refuse(
                f"the alias *{anchor} stands for nothing, or for what it is part of", line,
                f"Put the anchor &{anchor} at a value above it",
            )  # fmt: skip
        return self.sizes[anchor]

    def _check_depth(self, depth: int, line: int) -> None:
        if depth > DEEPEST:
            raise self._refuse(f"more than {DEEPEST} levels", line, "Nest less")

    def _check_tag(self, event: yaml.NodeEvent, line: int) -> None:
        if getattr(event, "tag", None) not in (None, "!"):
            raise self._refuse("a tag (!...)", line, "Remove it; write the plain value")

    def _check_scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._check_tag(event, line)
        value = event.value
        if len(value) > LONGEST_TEXT:
            raise self._refuse(f"a text of {len(value):,} characters", line, "Shorten it")
        if not event.style and len(value) > LONGEST_NUMBER and NUMBER.fullmatch(value):
            raise self._refuse(f"a number of {len(value):,} digits", line, "Write a smaller one")
        level = self.levels[-1] if self.levels else None
        if level is None or not level.at_key:
            self._check_number(event, line)
            return
        key = self._key(event)
        if key in level.keys:
            raise self._refuse(
                f"the key '{value}' is there twice, in line {level.keys[key]} and", line,
                "Keep one of the two lines",
            )  # fmt: skip
        level.keys[key] = line

    def _check_number(self, event: yaml.ScalarEvent, line: int) -> None:
        """Refuse a number that is not the one that stands there."""
        value = event.value
        if event.style or self.as_text or not OTHER_NUMBER.fullmatch(value):
            return
        tag = self.resolve.resolve(yaml.ScalarNode, value, (True, False))
        if tag.endswith((":int", ":float")):
            meant = self.resolve.construct_object(yaml.ScalarNode(tag, value))
            raise self._refuse(
                f"'{value}', which YAML takes for the number {meant},", line,
                "Write a number in plain digits, or put a text in quotes",
            )  # fmt: skip

    def _key(self, event: yaml.ScalarEvent) -> Any:
        """Return a key as the section will have it: 1 and 01 are one key, as are yes and on."""
        if event.style or self.as_text:
            return event.value
        tag = self.resolve.resolve(yaml.ScalarNode, event.value, (True, False))
        if tag.endswith((":merge", ":value")):
            return event.value
        return self.resolve.construct_object(yaml.ScalarNode(tag, event.value))

    def _refuse(self, problem: str, line: int, remedy: str) -> InputError:
        return InputError(f"{problem} in line {line}", file=self.file, remedy=remedy)
