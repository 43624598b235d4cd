"""A message of bad input is one printable line that fits, whatever is in a user's files."""

from __future__ import annotations

import pytest
from gtgrn.errors import LONGEST, InputError, name_some
from hypothesis import given
from hypothesis import strategies as st

PARTS = st.text(max_size=40) | st.text(min_size=300, max_size=900)


@given(problem=PARTS, file=PARTS, field=PARTS, remedy=PARTS)
def test_any_message_is_one_printable_line_of_the_longest_length(problem, file, field, remedy):
    error = InputError(problem, file=file or None, field=field, remedy=remedy)
    message = str(error)
    assert len(message) <= LONGEST
    assert not message or message.isprintable()
    message.encode("utf-8")  # also what is no character: a file's name may be any bytes
    assert (error.problem, error.field, error.remedy) == (problem, field, remedy)


@pytest.mark.parametrize("length", [10, 150, 1000])
def test_what_is_long_gives_way_and_the_rest_stays(length):
    long = "long " * (length // 5)
    parts = {"problem": "a problem", "file": "data/x.csv", "field": "key", "remedy": "Do it"}
    for name in parts:
        given = {**parts, name: long}
        message = str(InputError(**given))
        for other, text in parts.items():
            if other != name:
                assert text in message, (name, other)
        assert message.count("long") >= min(10, length // 5)


def test_both_ends_of_a_long_path_and_half_of_the_remedy_stay():
    path = "/home/me/" + "folder/" * 60 + "counts.csv"
    message = str(InputError("p" * 500, file=path, field="expression.path", remedy="r" * 500))
    assert message.startswith("/home/me/folder")
    assert "folder/counts.csv: 'expression.path': ppp" in message
    assert message.count("r") >= 80


def test_a_message_that_fits_is_left_as_it_is():
    error = InputError("not found", file="a.csv", field="path", remedy="Give it")
    assert str(error) == "a.csv: 'path': not found. Give it"
    assert str(InputError("two\nlines\x1b[2J")) == "two lines\\x1b[2J"


def test_names_in_a_message():
    assert name_some("abc") == "a, b, c"
    assert name_some("abcdefgh", 3) == "a, b, c and 5 more"
    assert name_some([]) == "none"
