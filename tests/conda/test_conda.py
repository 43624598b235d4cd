"""``--use-conda`` for real: environments are solved, made, activated; each rule runs in its own.

The channels are local and hold the packages of the lock (see `make_channel.py`); conda is a
stand-in that solves and links by py-rattler (see `conda.py`). Snakemake runs in an environment
that has nothing else, since it lends jobs its own packages.
"""

from __future__ import annotations

import importlib.util
import re

import pytest
import yaml
from project_cases import ROOT, TINY, Project, make_tiny

pytestmark = [
    pytest.mark.conda,
    pytest.mark.slow,
    pytest.mark.skipif(
        not importlib.util.find_spec("rattler"), reason="py-rattler is not installed"
    ),
]
SETTINGS = {
    **TINY,
    "inference": {
        "methods": ["genie3", "clr", "pearson"],
        "options": TINY["inference"]["options"],
    },
    "walks": {**TINY["walks"], "networks": ["genie3", "pearson"]},
    "ablations": {"variants": []},
    "network": {"graph_edges": 20, "beside": []},
}
TARGETS = ["all", "networks"]
SAME = ("*.npz", "*.npy", "*.tsv", "*.tsv.gz", "*.graphml")
"""Results that hold no time and no path; those of other kinds are compared by what they hold."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    from conda_cases import make_machine

    return make_machine(tmp_path_factory.mktemp("conda"))


@pytest.fixture(scope="module")
def in_conda(machine, tmp_path_factory):
    from conda_cases import WithConda

    project = WithConda(make_tiny(tmp_path_factory.mktemp("in_conda"), **SETTINGS).folder)
    project.machine = machine
    run = project.snakemake("--cores", "2", "--", *TARGETS)
    assert run.returncode == 0, run.stdout[-6000:]
    project.said = run.stdout
    return project


def test_every_environment_is_made_and_has_what_it_asks_for(in_conda):
    made = set(re.findall(r"Environment for \S*envs/(\w+)\.yaml created", in_conda.said))
    assert made == {path.stem for path in (ROOT / "envs").glob("*.yaml")}
    folder = in_conda.machine.folder
    # The driver has Snakemake alone: what jobs import is their environment's.
    assert not list(folder.glob("driver/lib/python*/site-packages/numpy"))


def test_the_results_are_those_of_a_local_run_to_the_byte(in_conda, tmp_path_factory):
    local: Project = make_tiny(tmp_path_factory.mktemp("local"), **SETTINGS)
    run = local.snakemake("--cores", "2", "--", *TARGETS)
    assert run.returncode == 0, run.stdout[-3000:]
    ours, theirs = in_conda.folder / "results", local.folder / "results"
    compared = [path.relative_to(ours) for kind in SAME for path in ours.rglob(kind)]
    compared = [path for path in compared if path.name != "runtime.tsv"]
    assert len(compared) > 40
    different = [p for p in compared if (ours / p).read_bytes() != (theirs / p).read_bytes()]
    assert different == []


def test_what_no_channel_carries_is_refused(machine, tmp_path):
    content = yaml.safe_load((ROOT / "envs/report.yaml").read_text())
    wrong = [line.replace("pandas =2.3", "pandas =9.9") for line in content["dependencies"]]
    run = machine.create({**content, "dependencies": wrong}, tmp_path / "wrong")
    assert run.returncode != 0
    assert "pandas" in run.stderr
