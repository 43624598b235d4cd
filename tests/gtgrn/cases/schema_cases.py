"""Bad documents made from a schema: one for each rule of each field."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

ANY_KEY = "any"
"""Stands for a key whose name the schema leaves to the user."""


def sample(schema: dict):
    """Return a valid value; of a section, only what is required."""
    kind = schema["type"]
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {key: sample(schema["properties"][key]) for key in schema.get("required", [])}
    if kind == "array":
        return [sample(schema["items"]) for _ in range(schema.get("minItems", 1) or 1)]
    if kind == "string":
        return schema.get("enum", ["x"])[0]
    return schema.get("minimum", 1) if kind in ("integer", "number") else True


def nodes(schema: dict, steps: tuple = ()) -> Iterator[tuple[tuple, dict]]:
    """Walk all fields: (steps, schema)."""
    yield steps, schema
    for key, part in schema.get("properties", {}).items():
        yield from nodes(part, (*steps, key))
    if "items" in schema:
        yield from nodes(schema["items"], (*steps, 0))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], (*steps, ANY_KEY))


def build(root: dict, steps: tuple, value) -> dict:
    """Return an otherwise valid document of the schema `root` with `value` at `steps`."""
    document = sample(root)
    place, schema = document, root
    for step in steps[:-1]:
        if step == 0:
            schema = schema["items"]
            if "properties" in schema and not isinstance(place[0], dict):
                # Either a name or a section: the fields of the section are meant.
                place[0] = sample({**schema, "type": "object"})
            place = place[0]
            continue
        schema = schema.get("properties", {}).get(step) or schema["additionalProperties"]
        filling = sample(schema)
        filling = {} if filling is True else filling
        place = place.setdefault(step, filling)
    place[steps[-1]] = value
    return document


def bad_documents(root: dict) -> Iterator:
    """Return pytest parameters: (document, steps of the bad field, word of the message)."""
    for steps, schema in nodes(root):
        if steps:
            for what, value, word in _bad_values(schema):
                yield _case(build(root, steps, value), steps, word, what)
        if schema.get("properties") and schema["additionalProperties"] is False:
            key = next(iter(schema["properties"]))
            field = (*steps, key[:-1] + key[-1] * 2)
            yield _case(build(root, field, 1), field, f"Did you mean '{key}'?", "unknown")
        for key in schema.get("required", []):
            field = (*steps, key)
            document = build(root, field, 1)
            place = document
            for step in steps:
                place = place[step]
            del place[key]
            yield _case(document, field, "Add it", "missing")


def _case(document: dict, steps: tuple, word: str, what: str):
    name = f"{'.'.join(map(str, steps))}-{what}"
    return pytest.param(copy.deepcopy(document), steps, word, id=name)


def _bad_values(schema: dict) -> Iterator[tuple]:
    """Return (what, value, word of the message) that break one rule of a field."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    takes_numbers = {"integer", "number"} & set(kinds)
    wrong = {} if takes_numbers and "string" in kinds else "text" if takes_numbers else 7
    wrong = {} if "array" in kinds and not takes_numbers else wrong  # one word is a list of one
    yield "type", wrong, "must be"
    if takes_numbers:
        yield "boolean", True, "must be"
    if takes_numbers == {"integer"}:
        yield "fraction", schema.get("minimum", 0) + 1.5, "must be"
    if "null" not in kinds:
        yield "null", None, "must be"
    if "enum" in schema:
        yield "enum", schema["enum"][0] + "s", f"Did you mean '{schema['enum'][0]}'?"
    for rule, value in (
        ("minimum", schema.get("minimum", 0) - 1),
        ("maximum", schema.get("maximum", 0) + 1),
        ("exclusiveMinimum", schema.get("exclusiveMinimum")),
        ("exclusiveMaximum", schema.get("exclusiveMaximum")),
        ("minLength", ""),
        ("minItems", []),
        ("minProperties", {}),
    ):
        if rule in schema:
            yield rule, value, {"minProperties": "holds fewer than 1 key"}.get(rule, rule)
    if schema.get("uniqueItems"):
        yield "uniqueItems", [sample(schema["items"])] * 2, "uniqueItems"
