"""Runs that are killed, and disks that fill up: once resumed, they end as if nothing had been."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from gtgrn.files import TEMPORARY
from gtgrn.manifest import FOLDER, verified
from project_cases import HANG, TINY, Project, make_tiny

pytestmark = pytest.mark.slow

TIMED = {"runtime.tsv", "report.html"}
"""What tells how long jobs took."""
SOME = [
    "results/tiny/reference.tsv",
    *(f"results/tiny/networks/{name}.tsv.gz" for name in ("clr", "genie3", "random")),
    "results/tiny/splits/edges/seed0.tsv.gz",
]


def results(project: Project) -> dict[str, bytes]:
    """Return the content of every result, each as its rule wrote it."""
    folder = project.folder / "results"
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name != FOLDER and path.name not in TIMED:
            assert not TEMPORARY.fullmatch(path.name)
            found[path.relative_to(folder).as_posix()] = verified(path).read_bytes()
    return found


def undisturbed(folder: Path, targets: list[str]) -> tuple[Project, float]:
    """Run a project to its end; return it and the seconds that took."""
    project = make_tiny(folder, **TINY)
    started = time.monotonic()
    run = project.snakemake("--cores", "2", "--", *targets)
    assert run.returncode == 0, run.stdout[-3000:]
    return project, time.monotonic() - started


def kill_once(project: Project, targets: list[str], after: float) -> bool:
    """Start a run and kill it and its jobs; return whether it was still at work."""
    run = subprocess.Popen(
        project.command("--cores", "2", "--", *targets),
        cwd=project.folder, env=project.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        code = run.wait(timeout=after)
        assert code == 0
        return False
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True


@pytest.mark.parametrize(
    ("targets", "kills"),
    [
        pytest.param(SOME, 2, id="some"),
        pytest.param(["all"], 10, id="all", marks=pytest.mark.faults),
    ],
)
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path, targets, kills):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, seconds = undisturbed(tmp_path / "whole", targets)
    killed, rng, done = make_tiny(tmp_path / "killed", **TINY), np.random.default_rng(0), 0
    while done < kills:
        if kill_once(killed, targets, rng.uniform(0, seconds)):
            done += 1
        else:  # it came to its end before: from the start
            shutil.rmtree(killed.folder / "results")
    run = killed.snakemake("--cores", "2", "--", *targets)
    assert run.returncode == 0, run.stdout[-3000:]
    assert results(killed) == results(whole)


@pytest.fixture
def disk(tmp_path):
    """A function that mounts a small disk in the place of a folder; unmounted at the end."""
    mounted = []

    def mount(folder: Path, size: int, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        settings = ",".join([*options, f"size={size}"])
        command = ["mount", "-t", "tmpfs", "-o", settings, "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a small disk can only be mounted by root")
        if not options:
            mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True, timeout=HANG)


@pytest.mark.parametrize(
    ("targets", "shares"),
    [
        pytest.param(SOME, [0.4], id="some"),
        pytest.param(["all"], np.linspace(0.1, 0.9, 10), id="all", marks=pytest.mark.faults),
    ],
)
def test_a_disk_that_fills_up_ends_in_one_line_and_more_room_is_all_it_takes(
    tmp_path, disk, targets, shares
):
    (tmp_path / "whole").mkdir()
    whole, _ = undisturbed(tmp_path / "whole", targets)
    expected = results(whole)
    # A page at least for each file, and for its entry.
    needed = sum((len(data) // 4096 + 2) * 4096 for data in expected.values())
    full = 0
    for number, share in enumerate(shares):
        folder = tmp_path / f"full{number}"
        folder.mkdir()
        project = make_tiny(folder, **TINY)
        disk(folder / "results", int(needed * share))
        run = project.snakemake("--cores", "2", "--", *targets)
        if run.returncode:
            full += 1
            assert "No space left on device; " in run.stdout, run.stdout[-3000:]
            assert "bytes are free there" in run.stdout
            assert "Traceback" not in run.stdout
            disk(folder / "results", needed * 10 + 2**26, "remount")
            again = project.snakemake("--cores", "2", "--", *targets)
            assert again.returncode == 0, again.stdout[-3000:]
        assert results(project) == expected
    assert full >= 0.8 * len(shares)
