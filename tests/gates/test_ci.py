"""The workflows of GitHub and `.ci/run` are whole: they parse, and what they call is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
TARGETS = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
CALLS = r"\bmake ([\w./-]+)"


def steps_of(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_workflows():
    assert {path.stem for path in WORKFLOWS} >= {"tests", "locks"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_whole(path):
    workflow = yaml.safe_load(path.read_text())
    # YAML reads the key `on` as a truth value.
    assert workflow.keys() - {True} <= {"name", "permissions", "concurrency", "jobs"}
    assert workflow[True]
    assert "permissions" in workflow
    for job in workflow["jobs"].values():
        needed = job.get("needs", [])
        assert set([needed] if isinstance(needed, str) else needed) <= workflow["jobs"].keys()
        assert job["runs-on"].startswith("ubuntu-")
    for step in steps_of(workflow):
        assert len(step.keys() & {"uses", "run"}) == 1, step
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), step
        called = re.findall(CALLS, step.get("run", ""))
        assert set(called) <= TARGETS, step


def test_what_ci_runs_here_is_run_there_too():
    here = set(re.findall(CALLS, (ROOT / ".ci/run").read_text()))
    assert here <= TARGETS
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yaml").read_text())
    there = {
        name for step in steps_of(workflow) for name in re.findall(CALLS, step.get("run", ""))
    }
    assert here <= there
    for step in steps_of(workflow):
        locked = step.get("with", {}).get("cache-dependency-path")
        assert locked is None or (ROOT / locked).is_file()


def test_the_bot_of_dependencies_is_told_what_to_watch():
    content = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())
    assert content["version"] == 2
    assert [update["package-ecosystem"] for update in content["updates"]] == ["github-actions"]
