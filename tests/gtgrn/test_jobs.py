from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gtgrn.code import PACKAGE, SCRIPTS
from gtgrn.jobs import CODE, name_own_package

JOB = """
from types import SimpleNamespace
from gtgrn.jobs import start_job
from gtgrn.files import write_text
start_job(SimpleNamespace(log=["rule.log"], rule="some_rule", output=["out.tsv"]))
write_text("x", "out.tsv")
"""


def start(folder: Path, package: Path, own: Path | None) -> subprocess.CompletedProcess:
    """Run a job with one package on the path, in a run that names another as its own."""
    named = {} if own is None else {"GTGRN_CODE": str(own)}
    clean = {k: v for k, v in os.environ.items() if k != "GTGRN_CODE"}
    return subprocess.run(
        [sys.executable, "-c", JOB],
        cwd=folder, env={**clean, **named, "PYTHONPATH": str(package)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("own", [SCRIPTS, None])
def test_a_job_records_its_outputs(tmp_path, own):
    run = start(tmp_path, SCRIPTS, own)
    assert run.returncode == 0, run.stderr
    assert "# rule some_rule" in (tmp_path / ".sha256/out.tsv").read_text()


def test_a_job_that_imports_another_package_stops_in_one_line(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "foreign/gtgrn", ignore=shutil.ignore_patterns("__pyc*"))
    run = start(tmp_path, tmp_path / "foreign", SCRIPTS)
    assert run.returncode == 1
    assert run.stderr.startswith(f"InputError: {tmp_path}/foreign/gtgrn: this gtgrn was imported")
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "out.tsv").exists()


def test_a_link_to_the_own_package_is_the_own_package(tmp_path):
    (tmp_path / "link").symlink_to(SCRIPTS)
    assert start(tmp_path, tmp_path / "link", SCRIPTS).returncode == 0


def test_jobs_in_conda_environments_see_the_own_package_alone(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/theirs", "/own"]))
    monkeypatch.setenv("R_LIBS", "/theirs")
    monkeypatch.setenv(CODE, "")
    name_own_package("/own")
    assert os.environ["PYTHONPATH"] == os.pathsep.join(["/own", "/theirs"])
    name_own_package("/own", alone=True)
    assert os.environ["PYTHONPATH"] == "/own"
    assert "R_LIBS" not in os.environ


def test_no_script_bears_the_name_of_a_module_of_python():
    # Their folder is first on the path of every job.
    assert not {path.stem for path in SCRIPTS.glob("*.py")} & sys.stdlib_module_names


def test_every_script_starts_its_job_before_anything_else():
    for path in SCRIPTS.glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        uses = [line for line in lines if "snakemake" in line and "import" not in line]
        uses = [line for line in uses if not line.startswith(('"""', "#"))]
        assert uses[0] == "start_job(snakemake)", path.name
