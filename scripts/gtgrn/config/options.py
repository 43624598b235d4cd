"""Option classes: the one place of an option's type, default, limits and meaning.

A model, an embedding or a method states its options as a frozen dataclass beside its code. The
JSON schema of the configuration, with its defaults, and the key table of config/README.md are
generated from these classes (:mod:`gtgrn.config.generate`); a test holds them equal. The classes
may stand in modules that are slow to import: at the start of a run only the generated schema is
read.
"""

from __future__ import annotations

import copy
import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
"""JSON's names of Python's types."""
LARGEST_SEED = 2**32 - 1
"""Largest seed that every generator of random numbers takes, numpy's older one among them."""
LARGEST_COUNT, LARGEST_NUMBER = 10**9, 10**12
"""Bounds of numbers whose option states none: what is beyond them is a slip of the keyboard."""
MOST_JOBS = 10_000
"""Bound of what multiplies the jobs of a run: they are planned before the first one starts."""
MODALITIES = ("features", "control")
"""Options that choose a model's input, which no grid changes."""
SEED = {"minimum": 0, "maximum": LARGEST_SEED}

Options = TypeVar("Options")


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
        ``items``, ``minItems``, ... ``type`` replaces the type that the annotation gives.
    """
    metadata = {"description": description, "limits": limits}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def subsection(cls: type, description: str) -> Any:
    """Return a dataclass field whose value is a section of its own, given by an option class."""
    return dataclasses.field(default_factory=cls, metadata={"description": description})


def properties(cls: type, *, defaults: bool = True) -> dict[str, dict]:
    """Return the JSON schema's ``properties`` of an option class, in the order of its fields.

    Parameters
    ----------
    cls
        A dataclass whose fields are made by :func:`option`.
    defaults
        Whether defaults are part of it. They are not where a section only changes some options:
        what is left out there must stay absent.
    """
    hints = typing.get_type_hints(cls)
    return {
        field.name: _property(field, hints[field.name], defaults)
        for field in dataclasses.fields(cls)
    }


def section(cls: type, description: str, *, defaults: bool = True) -> dict:
    """Return the JSON schema of a section whose keys are the fields of an option class."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        **({"default": {}} if defaults else {}),
        "properties": properties(cls, defaults=defaults),
    }


def grid_section(known: Mapping[str, dict], description: str) -> dict:
    """Return the JSON schema of a grid: for each option that takes numbers, values to try.

    Parameters
    ----------
    known
        JSON schemas of a model's options by name.
    description
        Of the section.
    """
    tuned = {}
    for name, part in known.items():
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        tried = [kind for kind in kinds if kind in ("integer", "number", "array")]
        if not tried or name in MODALITIES:
            continue
        item = part if len(kinds) == 1 else {**part, "type": tried[0]}
        tuned[name] = {
            "description": f"Values of {name}.",
            "type": "array",
            "minItems": 1,
            "items": item,
        }
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": tuned,
    }


def make(cls: type[Options], options: Mapping[str, Any], *, field: str = "") -> Options:
    """Return an instance of an option class, with its defaults for what is not given.

    Names and types are checked; limits are those of the configuration and checked at its start.

    Parameters
    ----------
    cls
        The option class.
    options
        Values by name.
    field
        Dotted section of the configuration, for the error.

    Raises
    ------
    InputError
        If an option is unknown or of another type.
    """
    return cls(**_checked(cls, options, field))


def change(defaults: Options, options: Mapping[str, Any], *, field: str = "") -> Options:
    """Return a copy of an instance of an option class with some options changed.

    Parameters and errors are those of :func:`make`.
    """
    return dataclasses.replace(defaults, **_checked(type(defaults), options, field))  # type: ignore


def choose(instance: Any, names: typing.Iterable[str]) -> dict[str, Any]:
    """Return the options of an instance that are among `names`, in the order of its fields."""
    wanted = set(names)
    return {
        field.name: getattr(instance, field.name)
        for field in dataclasses.fields(instance)
        if field.name in wanted
    }


def type_schema(hint: Any) -> dict:
    """Return the ``type`` of an annotation; unions become lists of types."""
    if hint is Any:
        return {}
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        kinds: list[str] = []
        for part in typing.get_args(hint):
            kinds.append(type_schema(part)["type"])
        return {"type": kinds}
    if (origin or hint) in (list, tuple):
        return {"type": "array"}
    if (origin or hint) is dict:
        return {"type": "object"}
    return {"type": KINDS[hint]}


def bounded(schema: dict) -> dict:
    """Return a schema in which every number has a largest value, its own or a general one."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    result = dict(schema)
    if "items" in schema:
        result["items"] = bounded(schema["items"])
    if "properties" in schema:
        parts = schema["properties"].items()
        result["properties"] = {name: bounded(part) for name, part in parts}
    if "anyOf" in schema:
        result["anyOf"] = [bounded(part) for part in schema["anyOf"]]
    elif not {"maximum", "exclusiveMaximum"} & set(schema):
        if "number" in kinds:
            result["maximum"] = LARGEST_NUMBER
        elif "integer" in kinds:
            result["maximum"] = LARGEST_COUNT
    return result


def _property(field: dataclasses.Field, hint: Any, defaults: bool) -> dict:
    description = field.metadata.get("description", field.name)
    if dataclasses.is_dataclass(hint):
        return section(typing.cast(type, hint), description, defaults=defaults)
    limits = copy.deepcopy(field.metadata.get("limits", {}))
    schema = bounded({"description": description, **type_schema(hint), **limits})
    return {**schema, "default": _default(field)} if defaults else schema


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return typing.cast(Any, field.default_factory)()


def _checked(cls: type, options: Mapping[str, Any], field: str) -> dict[str, Any]:
    # Imported here: where options are only stated, jsonschema need not be installed.
    from gtgrn.config.validation import check_document

    given = {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
    known = properties(cls, defaults=False)
    types_only = {
        name: {key: part[key] for key in ("description", "type") if key in part}
        for name, part in known.items()
    }
    schema = {"type": "object", "additionalProperties": False, "properties": types_only}
    check_document(given, schema, file=None, within=field)
    return given
