"""Each message on a key of the configuration, a card or a source is followed, and is enough.

The table is made from the schemas: for every key each rule is broken once (``bad_documents``).
What the message asks for is read from its words alone; then no message may be left, and the value
written must be the value used.
"""

from __future__ import annotations

import ast
import re

import pytest
import yaml
from gtgrn.config.cards import SCHEMA as CARD
from gtgrn.config.locations import schema_path
from gtgrn.config.settings import SCHEMA as SETTINGS
from gtgrn.config.validation import check_document
from gtgrn.errors import InputError
from schema_cases import ANY_KEY, bad_documents, sample

SCHEMAS = {
    name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, path in (
        ("configuration", SETTINGS), ("card", CARD), ("source", schema_path("source.schema.yaml"))
    )
}  # fmt: skip
A_VALUE = {
    "a section": {}, "a list": [], "text": "x", "a whole number": 1, "a number": 0.5,
    "true or false": True, "null": None,
}  # fmt: skip
"""What is written for each kind of value that a message may ask for."""


SHOWN = ["1.0", f"sha256:{'0' * 64}", "https://example.org/x.tsv"]
"""A version, a checksum and an address, which a description calls by these names."""
MOST_MESSAGES = 3
"""A section that is begun may then be told what it needs."""


def schema_at(root: dict, steps: tuple) -> dict:
    """Return the schema of a key."""
    part = root
    for step in steps:
        if step == 0:
            part = part["items"]
        else:
            part = part.get("properties", {}).get(step) or part["additionalProperties"]
    return part


def within_rules(value, schema: dict):
    """Return a value of the same kind that keeps to the other rules of its key."""
    if isinstance(value, bool) or value is None:
        return value
    if not isinstance(value, int | float):
        return sample(schema)
    low = schema.get("minimum", schema.get("exclusiveMinimum", value))
    high = schema.get("maximum", schema.get("exclusiveMaximum", value))
    value = min(max(value, low), high)
    if value in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")):
        return int(low) + 1 if "number" not in schema["type"] else (low + high) / 2
    return value


def follow(document: dict, steps: tuple, error: InputError, root: dict) -> object:
    """Do what a message says to a document, in place; return what was written."""
    *above, key = steps
    place = document
    for step in above:
        place = place[step]
    text = f"{error.problem}. {error.remedy}"
    if error.problem == "unknown key":
        meant = re.search(r"Did you mean '(.+?)'", text).group(1)
        del place[key]
        place[meant] = sample(schema_at(root, (*above, meant)))
        return place[meant]
    schema = schema_at(root, steps)
    if error.problem == "missing":
        assert "Add it" in error.remedy
        place[key] = sample(schema)
    elif meant := re.search(r"Did you mean '(.+?)'", text):
        place[key] = meant.group(1)
    elif error.problem.endswith("is no value that it takes"):
        place[key] = next(part["enum"][0] for part in schema["anyOf"] if "enum" in part)
    elif error.problem.startswith("the section holds fewer"):
        offered = re.search(r"Give one of (\w+)", error.remedy)
        name = offered.group(1) if offered else "mine"
        place[key] = {name: sample(schema_at(schema, (name,)))}
    elif error.problem.endswith("has not the form that it must have"):
        # What the description names, or shows.
        words = re.findall(r"[\w.:/-]+", error.remedy) + SHOWN
        place[key] = next(word for word in words if re.search(schema["pattern"], word))
    elif rule := re.search(r"breaks the rule (\w+): (.+)$", error.problem):
        bound = ast.literal_eval(rule.group(2))
        few = {"minItems", "minLength", "minProperties", "uniqueItems"}
        place[key] = sample(schema) if rule.group(1) in few else within_rules(bound, schema)
    else:
        kinds = re.search(r"^must be (.+), not ", error.problem).group(1)
        kind = next(kind for kind in A_VALUE if kinds.startswith(kind))
        place[key] = within_rules(A_VALUE[kind], schema)
    return place[key]


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_each_message_asks_for_is_enough(name):
    root = SCHEMAS[name]
    followed = 0
    for parameters in bad_documents(root):
        document, steps, _ = parameters.values
        if ANY_KEY in steps[-1:] and "missing" in parameters.id:
            continue
        said = []
        for _ in range(MOST_MESSAGES):
            try:
                check_document(document, root, file=name)
                break
            except InputError as error:
                said.append(str(error))
                place = tuple(int(s) if s == "0" else s for s in str(error.field).split("."))
                assert said[1:] or place == steps, said
                follow(document, place, error, root)
        else:
            pytest.fail(f"{parameters.id}: {said}")
        assert said, parameters.id
        followed += 1
    assert followed > 50
