"""Values that a schema would let through, at every key of the configuration and of a card.

Mechanism: what JSON schema calls a number is not what a computation takes. 2.0 is an integer to
it, .nan and .inf are numbers, true is 1 in Python, 10**40 is below no maximum, and a text is any
characters. Snakemake compares parameters as Python does (1 == 1.0 == True), so such a value ran
nothing and left old results, or ran with another. Its instances are all keys of the two schemas,
by :func:`bad_numbers`, and all paths of a card, by ``PATHS``.
"""

from __future__ import annotations

import pytest
import yaml
from gtgrn.config.cards import SCHEMA, load_cards
from gtgrn.config.grids import grid_points
from gtgrn.config.plain_values import check_plain
from gtgrn.config.settings import check_settings
from gtgrn.errors import LONGEST, InputError
from hypothesis import given, settings
from hypothesis import strategies as st
from schema_cases import ANY_KEY, build, nodes
from settings_cases import CONFIG, METHODS, PEERS

DATASET = yaml.safe_load(SCHEMA.read_text())
NOT_WHOLE = {"2.0": 2.0, "true": True, "nan": float("nan"), "text": "2.0"}
NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "minus inf": float("-inf"), "true": True}
TOO_LARGE = {"10^12 + 1": 10**12 + 1, "10^22": 10**22, "10^40": 10**40, "5000 digits": 10**4999}


def number_fields(schema: dict):
    for steps, part in nodes(schema):
        kinds = part.get("type", [])
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        if kinds & {"integer", "number"} and "array" not in kinds:
            yield steps, part, kinds


def bad_numbers(schema: dict):
    """Return pytest parameters: the steps of a key that takes a number, and bad ones for it."""
    for steps, _, kinds in number_fields(schema):
        bad = TOO_LARGE | (NOT_FINITE if "number" in kinds else NOT_WHOLE)
        if "string" in kinds or "boolean" in kinds:
            bad = TOO_LARGE
        yield pytest.param(steps, list(bad.values()), id=".".join(map(str, steps)))


def check_line(error: InputError, steps: tuple) -> None:
    message = str(error)
    assert f"'{'.'.join(map(str, steps))}'" in message
    assert "\n" not in message
    assert len(message) <= LONGEST
    assert error.remedy


def test_every_number_has_bounds():
    for schema in (CONFIG, DATASET):
        for steps, part, _ in number_fields(schema):
            for rules in part.get("anyOf", [part]):
                if "enum" not in rules:
                    assert {"maximum", "exclusiveMaximum"} & set(rules), steps
                    assert {"minimum", "exclusiveMinimum"} & set(rules), steps


@pytest.mark.parametrize(("steps", "values"), bad_numbers(CONFIG))
def test_a_bad_number_of_the_configuration(steps, values):
    for value in values:
        with pytest.raises(InputError) as caught:
            check_settings(build(CONFIG, steps, value), METHODS, PEERS)
        check_line(caught.value, steps)


@pytest.mark.parametrize(("steps", "values"), bad_numbers(DATASET))
def test_a_bad_number_of_a_card(tmp_path, steps, values):
    path = tmp_path / "mine.yaml"
    for value in values:
        if value == TOO_LARGE["5000 digits"]:
            continue  # not read at all, see test_yaml_files
        path.write_text(yaml.safe_dump(build(DATASET, steps, value)))
        with pytest.raises(InputError) as caught:
            load_cards(path)
        check_line(caught.value, steps)


@pytest.mark.parametrize("section", ["inference", "peers"])
@pytest.mark.parametrize("value", [float("nan"), 10**40, "a\x00b", b"x", {1, 2}])
def test_options_that_no_schema_knows(section, value):
    name = {"inference": "random", "peers": "gne"}[section]
    config = {"datasets": ["a"], section: {"options": {name: {"own": value}}}}
    with pytest.raises(InputError) as caught:
        check_settings(config, METHODS, PEERS)
    assert f"{section}.options.{name}.own" in str(caught.value)


def test_plain_values_of_any_depth_and_number():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    check_plain(deep, file="x")
    shared: list = ["x"] * 10
    for _ in range(30):
        shared = [shared] * 10
    with pytest.raises(InputError, match="more than 100,000 values"):
        check_plain(shared, file="x")


PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text("abcä ")
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip


@given(st.recursive(PLAIN, lambda part: st.lists(part) | st.dictionaries(st.text("ab"), part)))
@settings(max_examples=30)
def test_plain_values_pass(value):
    check_plain(value, file="x")


@given(st.sampled_from([*map(chr, range(9)), "\x0b", "\x1b", "\x7f", "\x9b", "\ud800"]),
       st.text("ab", max_size=3))  # fmt: skip
def test_a_control_character_anywhere_is_refused(character, text):
    for document in ({"a": text + character}, {text + character: 1}, {"a": [{"b": character}]}):
        with pytest.raises(InputError, match="has the control character") as caught:
            check_plain(document, file="x")
        assert str(caught.value).isprintable()


# Paths


def full_card() -> dict:
    """Return a card that names a file at every key that takes one."""
    table = {"format": "table", "path": "f.csv", "orientation": "cells_by_genes",
             "gene_map": {"path": "f.csv", "from": "a", "to": "b"},
             "markers": "f.csv"}  # fmt: skip
    edges = dict.fromkeys(("train", "val", "test", "genes"), "f.csv")
    return {
        "title": "x", "expression": table, "reference": {"path": "f.csv"},
        "regulators": {"path": "f.csv"},
        "splits": {"edges": edges, "genes": {"path": "f.csv"}, "tfs": {"path": "f.csv"}},
        "preprocess": {"significance": {"gene_ordering": "f.csv"}},
    }  # fmt: skip


PATHS = [
    "expression.path", "expression.gene_map.path", "expression.markers", "reference.path",
    "regulators.path", "splits.edges.train", "splits.edges.val", "splits.edges.test",
    "splits.edges.genes", "splits.genes.path", "splits.tfs.path",
    "preprocess.significance.gene_ordering",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATA", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in ("f.csv", "home/f.csv", "data.csv"):
        (tmp_path / name).write_text("x")
    return tmp_path


def load(card: dict) -> dict:
    with open("mine.yaml", "w", encoding="utf-8") as handle:
        yaml.safe_dump(card, handle)
    return load_cards("mine.yaml")["mine"]


def with_path(field: str, name: str) -> dict:
    card = full_card()
    place = card
    *steps, last = field.split(".")
    for step in steps:
        place = place[step]
    place[last] = name
    return card


STRANGE = {
    "{x}.csv": "has '{'", "a{b": "has '{'", "<results>/f.csv": "has '<results>'",
    "a}": "has '}'", "a\nb.csv": "has '\\\\n'", "a\tb.csv": "has '\\\\t'",
    "a\x1b[2Jb.csv": "has the control character", "x" * 251: "too long", "x/" * 2000: "too long",
    " f.csv": "begins or ends with a blank", "f.csv ": "begins or ends with a blank",
    "no.csv": "'no.csv' not found",
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE, ids=[name[:20] for name in STRANGE])
@pytest.mark.parametrize("field", PATHS)
def test_a_path_that_is_not_read_as_itself(folder, field, name):
    with pytest.raises(InputError) as caught:
        load(with_path(field, name))
    message = str(caught.value)
    assert message.startswith(f"mine.yaml: '{field}': ")
    assert STRANGE[name].replace("\\\\", "\\") in message
    assert len(message) <= LONGEST
    assert message.isprintable()
    assert caught.value.remedy
    # The remedies: rename the file, or give its path.
    load(with_path(field, "f.csv"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("~/f.csv", "{home}/f.csv"), ("$DATA/f.csv", "{home}/f.csv"), ("home\\f.csv", "home/f.csv"),
     ("F.CSV", "f.csv"), ("dta.csv", "data.csv"), ("home/F.csv", "home/f.csv")],
)  # fmt: skip
@pytest.mark.parametrize("field", PATHS[:5])
def test_the_path_that_was_meant_is_named_and_works(folder, field, name, meant):
    meant = meant.format(home=folder / "home")
    with pytest.raises(InputError) as caught:
        load(with_path(field, name))
    assert f"'{meant}'" in caught.value.remedy
    load(with_path(field, meant))


def test_names_of_data_sets_have_a_length(folder):
    long = "x" * 101
    (folder / f"{long}.yaml").write_text(yaml.safe_dump(full_card()))
    with pytest.raises(InputError, match="Use up to 100 letters"):
        load_cards(folder / f"{long}.yaml")
    (folder / f"{long[1:]}.yaml").write_text(yaml.safe_dump(full_card()))
    load_cards(folder / f"{long[1:]}.yaml")


@pytest.mark.parametrize("kind", ["variants", "third_party"])
def test_names_in_the_configuration_have_a_length(kind):
    own = {"variants": {"full": {}}, "third_party": {"x": {"dataset": "a", "path": "f.csv"}}}[kind]
    value = next(iter(own.values()))
    with pytest.raises(InputError):
        check_settings({"datasets": ["a"], kind: {**own, "x" * 101: value}}, METHODS, PEERS)


def test_a_grid_of_more_points_than_can_be_jobs():
    grid = {f"option{i}": [1, 2, 3, 4] for i in range(20)}
    with pytest.raises(InputError, match=r"1,099,511,627,776 combinations.*Try fewer values"):
        grid_points(grid)
    assert len(grid_points({"a": [1, 2], "b": [1, 2]})) == 4


def test_schemas_leave_no_key_of_a_users_choice_unread():
    free = [steps for steps, part in nodes(CONFIG) if steps and steps[-1] == ANY_KEY
            and "type" not in part]  # fmt: skip
    assert free == []
