"""The environments of the rules, the lock and the floor of Snakemake say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PYPI_NAMES = {"python-igraph": "igraph", "matplotlib-base": "matplotlib"}
"""Packages that conda-forge calls otherwise."""
NOT_FROM_PYPI = re.compile(r"python|pip|r-.+|bioconductor-.+")
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
FIRST_WITH_PROFILE_YAML = (9, 19)
"""The first release of Snakemake that reads profile.yaml; others skip it without a word."""


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pins.items()}


def dependencies(path: Path) -> dict[str, str]:
    """Return name -> version, empty where none is asked for, of conda's and pip's packages."""
    found = {}
    for entry in yaml.safe_load(path.read_text())["dependencies"]:
        if isinstance(entry, dict):
            found |= dict(line.split("==") for line in entry["pip"])
        else:
            name, _, version = entry.partition(" =")
            found[name.strip()] = version.strip()
    return found


def agrees(pin: str, version: str) -> bool:
    """Tell whether conda's fuzzy pin, such as 2.3, takes the version in the lock."""
    return not pin or version == pin or version.startswith(f"{pin}.")


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_pins_what_the_lock_does(path):
    lock, compared = locked(), 0
    for name, pin in dependencies(path).items():
        if NOT_FROM_PYPI.fullmatch(name):
            continue
        name = PYPI_NAMES.get(name, name).lower()
        assert name in lock, f"{path.name}: {name} is not in requirements.lock"
        assert agrees(pin, lock[name]), f"{path.name}: {name} ={pin}, locked is {lock[name]}"
        compared += 1
    assert compared >= 5


def test_another_major_or_minor_release_does_not_agree():
    assert not agrees("6", "7.1.0")
    assert not agrees("7.1", "7.10.0")
    assert agrees("7.1", "7.1.0")


def test_the_floor_of_snakemake_reads_the_profiles():
    assert list((ROOT / "workflow/profiles").glob("*/profile.yaml"))
    floor = re.search(r'min_version\("(.+)"\)', (ROOT / "workflow/Snakefile").read_text())[1]
    assert tuple(map(int, floor.split("."))) >= FIRST_WITH_PROFILE_YAML
    wanted = (ROOT / "requirements.in").read_text()
    assert f"snakemake>={floor},<10" in wanted.splitlines()
    assert tuple(map(int, locked()["snakemake"].split(".")[:2])) >= FIRST_WITH_PROFILE_YAML
