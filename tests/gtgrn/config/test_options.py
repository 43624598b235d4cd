"""Option classes: what they say in JSON schema, and instances made of given options."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from gtgrn.config.options import (
    LARGEST_COUNT,
    LARGEST_NUMBER,
    change,
    choose,
    grid_section,
    make,
    option,
    properties,
    section,
    subsection,
)
from gtgrn.errors import InputError


@dataclass(frozen=True)
class Part:
    share: float = option(0.5, "A share.", minimum=0, maximum=1)


@dataclass(frozen=True)
class Model:
    layers: int = option(2, "Layers.", minimum=1)
    rate: float | None = option(None, "Rate.", exclusiveMinimum=0)
    kind: str = option("a", "Kind.", enum=["a", "b"])
    widths: list[int] = option([4, 2], "Widths.", minItems=1)
    fast: bool = option(True, "Whether.")
    part: Part = subsection(Part, "A part.")


def refuse(options, *words, field="model"):
    with pytest.raises(InputError) as caught:
        make(Model, options, field=field)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)
    return caught.value


def test_properties_of_a_class():
    schema = properties(Model)
    assert schema["layers"] == {
        "description": "Layers.",
        "type": "integer",
        "minimum": 1,
        "maximum": LARGEST_COUNT,
        "default": 2,
    }
    assert schema["rate"]["type"] == ["number", "null"]
    assert schema["rate"]["maximum"] == LARGEST_NUMBER
    assert schema["widths"]["type"] == "array"
    assert schema["part"] == section(Part, "A part.")
    assert schema["part"]["properties"]["share"]["default"] == 0.5


def test_a_section_of_changes_has_no_default_anywhere():
    schema = section(Model, "Changes.", defaults=False)
    assert "default" not in str(schema)
    assert list(schema["properties"]) == list(properties(Model))


def test_defaults_hold_where_nothing_is_given():
    assert make(Model, {}) == Model(2, None, "a", [4, 2], True, Part(0.5))
    assert make(Model, {"layers": 3, "rate": 1}) == Model(layers=3, rate=1)
    assert make(Model, {"widths": (3, 1)}).widths == [3, 1]


def test_lists_are_not_shared_between_instances():
    make(Model, {}).widths.append(9)
    assert make(Model, {}).widths == [4, 2]


def test_an_unknown_option_names_the_nearest():
    error = refuse({"layer": 3}, "unknown option", "Did you mean 'layers'?")
    assert error.field == "model.layer"
    assert refuse({"layer": 3}, field="").field == "layer"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"layers": 2.0}, "must be a whole number, not 2.0"),
        ({"layers": True}, "must be a whole number"),
        ({"layers": None}, "must be a whole number"),
        ({"rate": "fast"}, "must be a number or null"),
        ({"rate": float("nan")}, "must be a number, not nan"),
        ({"kind": 1}, "must be text"),
        ({"widths": 3}, "must be a list"),
        ({"fast": 1}, "must be true or false"),
    ],
)
def test_a_wrong_type_is_refused(options, word):
    assert refuse(options, word).field == f"model.{next(iter(options))}"


def test_limits_are_those_of_the_configuration_alone():
    # A test may train with a rate of 0; a user may not, and the schema says so.
    assert make(Model, {"rate": 0.0}).rate == 0.0


def test_change_keeps_what_is_not_given():
    base = Model(layers=5, kind="b")
    assert change(base, {"fast": False}) == Model(layers=5, kind="b", fast=False)
    with pytest.raises(InputError, match="Did you mean 'fast'"):
        change(base, {"fas": False})


def test_choose_takes_the_order_of_the_fields():
    assert list(choose(Model(), ["kind", "layers", "other"])) == ["layers", "kind"]


def test_a_grid_tries_numbers_and_lists_alone():
    grid = grid_section(properties(Model), "A grid.")
    assert list(grid["properties"]) == ["layers", "rate", "widths"]
    # A value of a grid is part of a path, where null would say nothing.
    assert grid["properties"]["rate"]["items"]["type"] == "number"
    assert grid["properties"]["layers"]["items"]["minimum"] == 1
