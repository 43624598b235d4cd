"""The floor of Snakemake, the lock and the profiles say the same."""

from __future__ import annotations

import re
from pathlib import Path

from check_environments import read_lock

ROOT = Path(__file__).parents[2]
FIRST_WITH_PROFILE_YAML = (9, 19)
"""The first release of Snakemake that reads profile.yaml; others skip it without a word."""


def test_the_floor_of_snakemake_reads_the_profiles():
    assert list((ROOT / "workflow/profiles").glob("*/profile.yaml"))
    lock = read_lock((ROOT / "requirements.lock").read_text())
    floor = re.search(r'min_version\("(.+)"\)', (ROOT / "workflow/Snakefile").read_text())[1]
    assert tuple(map(int, floor.split("."))) >= FIRST_WITH_PROFILE_YAML
    wanted = (ROOT / "requirements.in").read_text()
    assert f"snakemake>={floor},<10" in wanted.splitlines()
    assert tuple(map(int, lock["snakemake"].split(".")[:2])) >= FIRST_WITH_PROFILE_YAML
