"""CONTRIBUTING.md names files that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_file_of_the_everyday_tasks_exists():
    rows = re.findall(r"^\| (?!Task|---)(.+?) \| (.+) \|$", TEXT, flags=re.MULTILINE)
    assert len(rows) >= 12
    for task, where in rows:
        paths = re.findall(r"`((?:\w+/)*\w+(?:\.\w+)*(?:\.py|\.yaml|\.md|\.smk|/))`", where)
        assert paths, task
        for path in paths:
            places = ROOT / path, ROOT / "scripts/gtgrn" / path
            assert any(place.exists() for place in places), f"{task}: {path}"


def test_the_layers_are_those_of_the_contract():
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1]
    layers = [
        set(re.findall(r"\w+", line)) for line in re.findall('"(.+)"', contract.split("]")[0])
    ]
    listed = TEXT.split("circles):")[1].split("the modules at the root")[0].split(">")[:-1]
    assert [set(re.findall(r"`(\w+)`", layer)) for layer in listed] == layers[:-1]
