"""Option classes: the one place of an option's type, default, limits and meaning.

A model, an embedding or a method states its options as a frozen dataclass beside its code. The
JSON schema of the configuration, with its defaults, and the key table of config/README.md are
generated from these classes; a test holds them equal. The classes may stand in modules that are
slow to import: at the start of a run only the generated schema is read.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
"""JSON's names of Python's types."""


def option(default: Any, description: str, **limits: Any) -> Any:
    """Return a dataclass field that carries its part of the schema.

    Parameters
    ----------
    default
        Value where nothing is configured; a list or dictionary is copied for each instance.
    description
        One line for the schema and the key table.
    limits
        Further keywords of JSON schema: ``minimum``, ``exclusiveMinimum``, ``maximum``, ``enum``,
        ``items``, ``minItems``, ... ``schema`` replaces the type that the annotation gives.
    """
    metadata = {"description": description, "limits": limits}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def properties(cls: type) -> dict[str, dict]:
    """Return the JSON schema's ``properties`` of an option class, in the order of its fields."""
    hints = typing.get_type_hints(cls)
    return {
        field.name: {
            "description": field.metadata["description"],
            **_type_schema(hints[field.name]),
            **field.metadata["limits"],
            "default": _default(field),
        }
        for field in dataclasses.fields(cls)
    }


def section(cls: type, description: str) -> dict:
    """Return the JSON schema of a section whose keys are the fields of an option class."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "default": {},
        "properties": properties(cls),
    }


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory()


def _type_schema(hint: Any) -> dict:
    """Return the ``type`` of an annotation; unions become lists of types."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [_type_schema(part)["type"] for part in typing.get_args(hint)]
        return {"type": kinds}
    if origin in (list, tuple):
        return {"type": "array"}
    if origin is dict:
        return {"type": "object"}
    return {"type": KINDS[hint]}
