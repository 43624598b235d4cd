"""The gates of `make lint` fail on what is new and on what is better than their record."""

from __future__ import annotations

import check_sizes
import check_types
import pytest

LONG = "def long():\n" + "    x = 1\n" * 60
WIDE = "class C:\n    def wide(a, b, c, d, e, /, f, *, g, h, i, j, k): ...\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/m.py").write_text(LONG + WIDE + "\n" * 400)
    (tmp_path / "scripts/fine.py").write_text("def f(a):\n    return a\n")
    return tmp_path / "scripts"


def test_sizes_are_those_of_the_text(folder):
    assert check_sizes.measure(folder) == {
        "lines of a module": {"scripts/m.py": 463},
        "lines of a function": {"scripts/m.py:long": 61},
        "parameters of a function": {"scripts/m.py:C.wide": 11},
    }


def test_a_class_of_options_is_no_function(folder):
    fields = "".join(f"    option{i}: int = {i}\n" for i in range(50))
    (folder / "m.py").write_text(f"@dataclass\nclass Options:\n{fields}")
    assert not any(check_sizes.measure(folder).values())


def test_what_is_new_or_has_grown_is_too_big_and_what_shrank_too_generous(folder):
    found = check_sizes.measure(folder)
    assert check_sizes.compare(found, found) == ([], [])
    too_big, _ = check_sizes.compare(found, {})
    assert [line.split(":")[0] for line in too_big] == ["scripts/m.py"] * 3
    before = {
        limit: {name: size - 1 for name, size in own.items()} for limit, own in found.items()
    }
    assert len(check_sizes.compare(found, before)[0]) == 3
    # The exceptions of the future are those of now: lowered, and none without need.
    before = {
        limit: {name: size + 1 for name, size in own.items()} for limit, own in found.items()
    }
    before["lines of a module"]["scripts/gone.py"] = 500
    assert len(check_sizes.compare(found, before)[1]) == 4
    assert check_sizes.lower(found, before) == found
    # A fix never raises.
    nothing = {limit: {} for limit in found}
    assert check_sizes.lower(found, nothing) == nothing


def test_more_and_fewer_errors_of_types_than_the_ceiling_fail():
    output = "scripts/a.py:3: error: No  [x]\nscripts/b.py:7: note: why\nFound 1 error in 1 file\n"
    assert check_types.count(output) == 1
    assert check_types.judge(1, 1) == ""
    assert "at most 1" in check_types.judge(2, 1)
    assert "--fix" in check_types.judge(0, 1)
