"""What a user types behind Snakemake's --config, read as what she means.

Snakemake makes numbers and truth values of whole entries only: inside a list or a section each
value is a text, and a list without brackets is one text. The schema says what is wanted, so a
text becomes a number, a truth value, null, or a list of words where no text is wanted::

    --config datasets=mine                    --config datasets="a b"  or  a,b
    --config 'tuning={datasets: null}'        --config seeds=3

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCALAR = re.compile(r"[-+.\w]{1,40}")
"""What a text may be to be read as a number or a truth value."""
NULLS = ("null", "None", "~", "")
BETWEEN = re.compile(r"[\s,;]+")
"""What stands between the words of a list."""
AROUND = "()[]{} \t\n,;\"'"


def read_texts(document: Any, schema: Any, *, command_line: bool = False) -> Any:
    """Read texts as what the schema wants, in place, and return the value.

    Parameters
    ----------
    document
        The document, or a value of it.
    schema
        Its JSON schema.
    command_line
        Whether a text may also stand for null and for a list; a file has YAML for both.
    """
    if not isinstance(schema, dict):
        return document
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if command_line:
        document = _read_word(document, schema, kinds)
    if isinstance(document, dict):
        if "if" in schema:
            branch = "then" if Draft202012Validator(schema["if"]).is_valid(document) else "else"
            return read_texts(document, schema.get(branch), command_line=command_line)
        parts, other = schema.get("properties", {}), schema.get("additionalProperties")
        for key, value in document.items():
            part = parts.get(key, other)
            document[key] = read_texts(value, part, command_line=command_line)
    elif isinstance(document, list):
        items = schema.get("items")
        document[:] = [read_texts(v, items, command_line=command_line) for v in document]
    elif isinstance(document, str) and ("string" not in kinds or "number" in kinds):
        return _read_scalar(document)
    return document


def as_option(steps: Sequence[str], value: str) -> str:
    """Return what to type behind snakemake to set a key.

    Parameters
    ----------
    steps
        The key: its sections and its name.
    value
        What it is set to, as YAML.
    """
    text = value
    for step in reversed(steps[1:]):
        text = f"{{{step}: {text}}}"
    return f"--config {shlex.quote(f'{steps[0]}={text}')}"


def as_list(value: Any) -> str:
    """Return a value as the list that its writer may have meant."""
    words = list(value) if isinstance(value, list | dict | tuple) else [value]
    words = [str(word) for word in words if word not in (None, "")]
    return f"[{', '.join(words or 'ab')}]"


def _read_scalar(text: str) -> Any:
    try:
        value = yaml.safe_load(text) if SCALAR.fullmatch(text) else text
    except ValueError:
        return text  # a day that is none, such as 2020-13-45
    return value if isinstance(value, bool | int | float) else text


def _read_word(value: Any, schema: dict, kinds: Sequence[str]) -> Any:
    """Return null, or a list, where a single word stands for it."""
    if "null" in kinds and value in NULLS:
        return None
    items = schema.get("items", {})
    if not {"array"} <= set(kinds) <= {"array", "null"} or not _is_scalar(items):
        return value
    if isinstance(value, str):
        return _split(value)
    if isinstance(value, list) and items.get("type") == "string":
        # Of [a b] without a comma, YAML makes one text. A path may have spaces.
        whole = [not isinstance(v, str) or "/" in v or not BETWEEN.search(v) for v in value]
        parts = [[v] if keep else _split(v) for v, keep in zip(value, whole, strict=True)]
        return [word for part in parts for word in part]
    numbers = items.get("type") in ("integer", "number")
    one = isinstance(value, int | float) and not isinstance(value, bool)
    return [value] if numbers and one else value


def _is_scalar(items: dict) -> bool:
    return items.get("type", "string") in ("string", "integer", "number")


def _split(text: str) -> list[str]:
    """Return the words of a text; the path of a file is one, whatever it holds."""
    if os.path.isfile(text):
        return [text]
    return [word for word in (part.strip(AROUND) for part in BETWEEN.split(text)) if word]
