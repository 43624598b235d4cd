"""A sample of damaged files for each reader; ``make test-faults`` tries far more."""

from __future__ import annotations

import os

import pytest
from fuzz import drive, execute
from targets import TARGETS

SLOW = ("h5", "loom", "zarr")
"""Readers that cost ten times as much as those of text."""
MANY = int(os.environ.get("GTGRN_FUZZ", "2000"))
"""Executions of each reader that are more than a sample."""


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_end_in_one_line_or_are_right(tmp_path, monkeypatch, name):
    monkeypatch.setattr("gtgrn.data.hdf5_guard.CPU_SECONDS", 2)
    count = 15 if any(kind in name for kind in SLOW) else 60
    for number in range(count):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert not execute(name, 0, number, folder), f"fuzz.py --replay {name}:0:{number}"


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.faults
def test_many_damaged_files(name):
    count = MANY // 10 if any(kind in name for kind in SLOW) else MANY
    problems, _ = drive(name, 1, count)
    assert not problems, "\n".join(problems[:5])
