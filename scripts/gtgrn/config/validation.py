"""Checking a YAML document against a JSON schema, with one line for the user.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import copy
import functools
import math
import reprlib
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from gtgrn.config.plain_values import check_plain
from gtgrn.config.words import as_list, as_option, read_texts
from gtgrn.errors import InputError, did_you_mean, find_nearest, name_some

MOST_NAMES = 12
"""Names that a message lists before it counts the others."""
TYPE_NAMES = {
    "object": "a section (key: value lines)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _is_whole(_: object, value: object) -> bool:
    """Tell a whole number; JSON schema would also take 2.0."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(_: object, value: object) -> bool:
    """Tell a number; YAML's .nan and .inf are none that anything here can work with."""
    return _is_whole(_, value) or (isinstance(value, float) and math.isfinite(value))


Strict = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_whole, "number": _is_finite}
    ),
)
"""JSON schema with numbers told apart as Python and YAML do."""


@functools.cache
def read_schema(path: Path) -> dict:
    """Read a JSON schema written as YAML."""
    # Read at every start: libyaml's loader is ten times as fast where it is built in.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


def check(document: dict, schema_path: Path, *, file: object, command_line: bool = False) -> None:
    """Check a document against a schema and fill in the schema's defaults, in place.

    Parameters
    ----------
    document
        The document.
    schema_path
        File with the schema.
    file
        Name of the document's file, for the error.
    command_line
        Whether parts of it may come from Snakemake's --config, see :mod:`gtgrn.config.words`.

    Raises
    ------
    InputError
        For the first error: file, dotted field, problem and remedy in one line.
    """
    schema = read_schema(schema_path)
    check_document(document, schema, file=file, command_line=command_line)
    _fill_defaults(document, schema)


def check_document(
    document: dict,
    schema: dict,
    *,
    file: object,
    within: str = "",
    command_line: bool = False,
) -> None:
    """Check a document, or a section, against a schema; texts that stand for numbers are read.

    Parameters
    ----------
    document
        The document.
    schema
        The JSON schema.
    file
        Name of the document's file, for the error.
    within
        Dotted field of the section in its file, for the error.
    command_line
        As in :func:`check`.

    Raises
    ------
    InputError
        For the first error: file, dotted field, problem and remedy in one line.
    """
    check_plain(document, file=file, within=within)
    read_texts(document, schema, command_line=command_line)
    errors = sorted(Strict(schema).iter_errors(document), key=_error_order)
    if errors:
        raise _describe(errors[0], file, within, schema if command_line else None)


def how_to_add(schema: dict) -> str:
    """Return the remedy for a missing key from its own schema."""
    choices = f" ({', '.join(schema['enum'])})" if "enum" in schema else ""
    return f"Add it{choices}: {schema['description']}"


def _fill_defaults(document: dict, schema: dict) -> None:
    """Fill in defaults, also in the sections that are there; optional sections stay absent."""
    for key, part in schema.get("properties", {}).items():
        if "default" in part:
            document.setdefault(key, copy.deepcopy(part["default"]))
        if isinstance(document.get(key), dict):
            _fill_defaults(document[key], part)


def _error_order(error: ValidationError) -> tuple[bool, list[str]]:
    # A misspelt required key gives two errors; the one on the unknown key names the remedy.
    return error.validator != "additionalProperties", [str(step) for step in error.absolute_path]


def _describe(
    error: ValidationError, file: object, within: str, command_line: dict | None
) -> InputError:
    """Turn a schema error into one line: file, dotted field, problem, remedy.

    Where the document may come from the command line, its schema is given, and the remedy says
    what to write there.
    """
    steps = [*([within] if within else []), *(str(step) for step in error.absolute_path)]
    meaning = str(error.schema.get("description", ""))
    known = error.schema.get("properties", {})
    value = reprlib.repr(error.instance)
    remedy = meaning
    if error.validator == "additionalProperties":
        key = next(key for key in error.instance if key not in known)
        steps.append(str(key))
        problem = "unknown key" if file is not None else "unknown option"
        here = f"The keys here are {name_some(known, MOST_NAMES)}"
        remedy = did_you_mean(str(key), known) + (here if known else "Remove it: none is known")
        if command_line is error.schema:
            remedy = _where_it_belongs(str(key), error.instance[key], known) or remedy
    elif error.validator == "required":
        key = next(key for key in error.validator_value if key not in error.instance)
        steps.append(key)
        problem = "missing"
        remedy = how_to_add(known[key])
    elif error.validator == "enum":
        names = ["null" if name is None else name for name in error.validator_value]
        problem = f"{value} is not one of {name_some(names, MOST_NAMES)}"
        remedy = f"{did_you_mean(str(error.instance), names)}{meaning}"
    elif error.validator == "type":
        kinds = error.validator_value
        kinds = [kinds] if isinstance(kinds, str) else kinds
        problem = f"must be {' or '.join(TYPE_NAMES[kind] for kind in kinds)}, not {value}"
        if {"number", "integer"} & set(kinds) and _is_number(error.instance):
            remedy = f"YAML reads this as text: write it without quotes and exponent. {meaning}"
        if command_line and "array" in kinds:
            remedy = f"Write a list, as in {as_option(steps, as_list(error.instance))}. {meaning}"
    elif error.validator == "pattern" and meaning:
        problem = f"{value} has not the form that it must have"
    elif error.validator == "minProperties":
        problem = f"the section holds fewer than {error.validator_value}"
        problem += " key" if error.validator_value == 1 else " keys"
        if known:
            remedy = f"Give one of {name_some(known, MOST_NAMES)}. {meaning}"
    elif error.validator == "anyOf":
        problem = f"{value} is no value that it takes"
    else:
        problem = f"{value} breaks the rule {error.validator}: {error.validator_value}"
    return InputError(problem, file=file, field=".".join(steps), remedy=remedy)


def _where_it_belongs(key: str, value: Any, known: dict[str, dict]) -> str:
    """Return what to write instead of an unknown key at the top: the near key, or its section."""
    inside = {name: part["properties"] for name, part in known.items() if "properties" in part}
    near = find_nearest(key, known)
    spelt = {name.lower() for parts in inside.values() for name in parts}
    if near and (near.lower() == key.lower() or key.lower() not in spelt):
        return f"Did you mean '{near}'? Write {as_option([near], _as_text(value, known[near]))}"
    near = find_nearest(key, {name for parts in inside.values() for name in parts})
    if near is None:
        return ""
    sections = [name for name, parts in inside.items() if near in parts]
    how = as_option([sections[0], near], _as_text(value, inside[sections[0]][near]))
    return f"{near} is a key of {name_some(sections)}: write {how}"


def _as_text(value: Any, schema: dict) -> str:
    """Return a value as it is written for a key."""
    return as_list(value) if schema["type"] == "array" else str(value)


def _is_number(value: Any) -> bool:
    """Tell whether text such as '1e4' was meant as a number."""
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
