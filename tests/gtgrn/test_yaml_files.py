"""YAML that a stranger may send: what is refused, and that what is read is what YAML says.

The mechanism is in the head of ``gtgrn.yaml_files``: what a parser builds from the text is not
bounded by the text. Its instances are the rows of ``REFUSED``; they are read by one door, so the
cards, families, Boolean models and configurations that use it share the bounds.
"""

from __future__ import annotations

import math
import os
import tracemalloc

import pytest
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.errors import LONGEST, InputError
from gtgrn.simulation.boolean_models import read_model
from gtgrn.yaml_files import DEEPEST, LARGEST_FILE, Loader, parse_yaml, read_yaml
from hypothesis import given
from hypothesis import strategies as st


def bomb(first: str, each: str) -> str:
    """Return lines of which each stands for nine of the line before: 9^25 values."""
    lines = [f"a0: &a0 {first}"]
    for i in range(25):
        lines.append(f"a{i + 1}: &a{i + 1} " + each.format(", ".join([f"*a{i}"] * 9)))
    return "\n".join(lines)


# What it is: the text, words of the message, and a text after the remedy was followed.
REFUSED = {
    "aliases of aliases": (bomb("[x]", "[{}]"), "aliases", "a0: &a0 [x]\na1: [*a0]"),
    "merges of merges": (bomb("{x: 1}", "{{<<: [{}]}}"), "aliases", "a: &a {x: 1}\nb: {<<: *a}"),
    "an alias of itself": ("a: &a [*a]", "*a stands for nothing", "b: &a [1]\na: [*a]"),
    "an alias of nothing": ("a: *b", "*b stands for nothing", "b: &b 1\na: *b"),
    "lists in lists": ("a: " + "[" * 100_000, "more than 40 levels in line 1", "a: [[1]]"),
    "closed lists in lists": ("[" * 5000 + "]" * 5000, "more than 40 levels", "[[]]"),
    "dashes in a line": ("- " * 100_000 + "a", "more than 40 levels", "- - a"),
    "sections in sections": ("{a: " * 5000, "more than 40 levels", "{a: {a: 1}}"),
    "levels by aliases": (
        "a0: &a0 [x]\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 60)),
        "more than 40 levels in line 40",
        "a: [x]",
    ),
    "a whole number without end": ("a: " + "9" * 5000, "a number of 5,000 digits", "a: 99"),
    "one by base 16": ("a: 0x" + "f" * 5000, "a number of 5,002 digits", "a: 0xf"),
    "one by base 60": ("a: " + "9:" * 3000 + "1", "a number of 6,001 digits", "a: 59"),
    "a number as a key": ("9" * 5000 + ": 1", "a number of 5,000 digits", "9: 1"),
    "a text without end": ("a: " + "x" * 20_000, "a text of 20,000 characters", "a: x"),
    "more values than are of use": ("[" + "1," * 60_000 + "]", "more than 50,000", "[1, 1]"),
    "a file of another kind": ("a: " + "x " * LARGEST_FILE, "larger than", "a: x"),
    "a key twice": ("title: a\nb: 1\ntitle: c", "'title' is there twice, in line 1 and in line 3",
                    "title: a\nb: 1"),
    "a key of a section twice": ("s:\n  a: 1\n  b: 2\n  a: 3",
                                 "'a' is there twice, in line 2 and in line 4", "s: {a: 3, b: 2}"),
    "a key in one line twice": ("s: {a: 1, a: 1}", "'a' is there twice, in line 1", "s: {a: 1}"),
    "a key in a list twice": ("- {a: 1}\n- {b: 1, b: 2}", "'b' is there twice", "- {b: 2}"),
    "a key spelt otherwise": ("yes: 1\non: 2", "'on' is there twice", "'yes': 1\n'on': 2"),
    "a number spelt otherwise": ("1: 1\n0x1: 2", "'0x1' is there twice", "1: 1"),
    "two merges": ("a: &a {x: 1}\nb: {<<: *a, <<: *a}", "'<<' is there twice", "a: {x: 1}"),
    "a tag of an object": ("a: !!python/object/apply:os.system [x]", "a tag", "a: [x]"),
    "a tag of a type": ("a: !!int x", "a tag (!...) in line 1", "a: x"),
    "a set": ("!!set {a, b}", "a tag", "[a, b]"),
    "a list as a key": ("[a]: 1", "a key that is a list", "a: 1"),
    "a day that is none": ("a: 2020-13-45", "month must be in", "a: '2020-13-45'"),
    "two documents": ("a: 1\n---\nb: 2", "in line 2: but found another document", "a: 1\nb: 2"),
    "tabs": ("a:\n\tb: 1", "not YAML in line 2", "a:\n  b: 1"),
    "a control character": ("a: \x01", "unreadable characters", "a: 1"),
    "no end of a list": ("a: [1", "not YAML in line 2", "a: [1]"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_in_one_line_and_how_it_is_mended(tmp_path, what):
    text, words, mended = REFUSED[what]
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    message = str(caught.value)
    assert words in message
    assert "mine.yaml: " in message
    assert caught.value.remedy
    assert "\n" not in message
    assert len(message) <= LONGEST
    assert peak < 100e6
    assert parse_yaml(mended, path) == yaml.safe_load(mended)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a: \xff\xfe", "Save it as UTF-8 text"), (None, "a YAML file that you may read")],
)
def test_what_is_no_text(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_yaml(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "mine.yaml")
    with pytest.raises(InputError, match="not a file"):
        read_yaml(tmp_path / "mine.yaml")


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("\ufeffa: 1\r\nb: [x,\r\n  y]\r\n".encode())
    assert read_yaml(path) == {"a": 1, "b": ["x", "y"]}


def test_json_indented_by_tabs_and_its_keys():
    assert parse_yaml('{\n\t"a": 1,\n\t"b": [2]\n}', "mine.json") == {"a": 1, "b": [2]}
    with pytest.raises(InputError, match="'a' is there twice, in line 2 and in line 3"):
        parse_yaml('{\n\t"a": 1,\n\t"a": 2\n}', "mine.json")


def nested(leaves):
    return st.lists(leaves, max_size=4) | st.dictionaries(
        st.text("abyn01", min_size=1, max_size=3), leaves, max_size=4
    )


# PyYAML writes these line breaks as they are, and reads them as blanks.
TEXT = st.text(st.characters(exclude_characters="\x85\u2028\u2029", codec="utf-8"), max_size=8)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT
    | st.floats(allow_nan=False)
)  # fmt: skip


@given(st.recursive(LEAVES, nested, max_leaves=12), st.booleans())
def test_what_is_written_comes_back(value, flow):
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert parse_yaml(text, "mine.yaml") == value


@given(st.text("ab:-[]{}&*!<>'\"#,\n 01.~%@|?", max_size=60))
def test_any_text_is_what_yaml_says_or_refused(text):
    try:
        read = parse_yaml(text, "mine.yaml")
    except InputError:
        return
    expected = yaml.load(text, Loader=Loader)
    same = repr(read) == repr(expected) if has_nan(read) else read == expected
    assert same


def has_nan(value) -> bool:
    if isinstance(value, dict | list):
        return any(map(has_nan, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and math.isnan(value)


def test_the_deepest_that_is_read():
    # The document itself is a level of its own.
    at, beyond = "[" * DEEPEST + "]" * DEEPEST, "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
    assert parse_yaml(at, "mine.yaml") == yaml.safe_load(at)
    with pytest.raises(InputError, match="levels"):
        parse_yaml(beyond, "mine.yaml")


@pytest.mark.parametrize("what", ["a key twice", "aliases of aliases", "a day that is none"])
def test_all_that_is_yaml_is_read_by_the_same_door(tmp_path, what):
    text, words, _ = REFUSED[what]
    for name in ("card.yaml", "card.yml", "cards.family.yaml", "cards.family.yml"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(InputError, match=name) as caught:
            load_cards(folder)
        assert words.split(" in line")[0] in str(caught.value)
    if what != "a day that is none":
        model = tmp_path / "model.yaml"
        model.write_text(text)
        with pytest.raises(InputError, match="model.yaml"):
            read_model(model)
