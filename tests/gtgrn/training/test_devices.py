from __future__ import annotations

import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from gtgrn.code import SCRIPTS
from gtgrn.errors import InputError
from gtgrn.training import devices, gpu_locks

HOLD = """
import sys
from pathlib import Path
from gtgrn.training.gpu_locks import choose_gpu
print(choose_gpu(sys.argv[2:], Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Make torch see GPUs that are not there, with lock files of their own."""

    def see(count: int) -> None:
        about = SimpleNamespace(name="Fake", total_memory=80 * 2**30)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: about)

    monkeypatch.delenv(gpu_locks.VISIBLE, raising=False)
    monkeypatch.setattr(gpu_locks, "HELD", {})
    monkeypatch.setattr(gpu_locks.tempfile, "gettempdir", lambda: str(tmp_path))
    return see


def start_job(folder, *names: str) -> tuple[subprocess.Popen, int]:
    """Start a process that holds a GPU until it ends; and the position of its GPU."""
    job = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
    )
    return job, int(job.stdout.readline())


def test_auto_takes_cuda_where_there_is_one_and_says_which(gpus, caplog):
    gpus(0)
    assert devices.pick_device("auto") == torch.device("cpu")
    gpus(1)
    with caplog.at_level(logging.INFO):
        assert devices.pick_device("auto") == torch.device("cuda", 0)
    assert "Fake, 80 GiB" in caplog.text
    assert torch.__version__ in caplog.text
    assert devices.pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:1", 0), ("cuda:2", 2)])
def test_a_gpu_by_name_must_be_there(gpus, name, count):
    gpus(count)
    with pytest.raises(InputError, match="no GPU"):
        devices.pick_device(name)


def test_a_gpu_by_number_is_that_one(gpus):
    gpus(4)
    assert devices.pick_device("cuda:2") == torch.device("cuda", 2)
    assert not gpu_locks.HELD


@pytest.mark.parametrize(("asked", "expected"), [("1", True), ("0", False), (None, False)])
def test_a_gpu_is_deterministic_where_the_run_asks_for_it(gpus, monkeypatch, asked, expected):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.delenv(gpu_locks.DETERMINISTIC, raising=False)
    if asked:
        monkeypatch.setenv(gpu_locks.DETERMINISTIC, asked)
    gpus(1)
    try:
        devices.pick_device("auto")
        assert torch.are_deterministic_algorithms_enabled() is expected
        assert ("CUBLAS_WORKSPACE_CONFIG" in os.environ) is expected
    finally:
        torch.use_deterministic_algorithms(False)
        os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def test_jobs_side_by_side_get_a_gpu_each_and_a_killed_one_frees_its_own(tmp_path):
    names, jobs = ["0", "1", "2"], []
    try:
        for expected in range(3):
            job, index = start_job(tmp_path, *names)
            jobs.append(job)
            assert index == expected
        # All are held: a fourth shares one, and says so.
        shared, index = start_job(tmp_path, *names)
        jobs.append(shared)
        assert index in range(3)
        jobs[1].kill()
        jobs[1].wait()
        job, index = start_job(tmp_path, *names)
        jobs.append(job)
        assert index == 1
    finally:
        for job in jobs:
            job.kill()
            job.wait()


def test_one_job_keeps_its_gpu(gpus):
    gpus(2)
    assert devices.pick_device("auto") == devices.pick_device("cuda") == torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("", ["0", "1"]),
        ("3,5", ["3", "5"]),
        ("GPU-8f6a, MIG-41/7/0", ["GPU-8f6a", "MIG-41/7/0"]),
    ],
)
def test_gpus_go_by_their_names_on_the_machine(monkeypatch, tmp_path, visible, names):
    monkeypatch.setenv(gpu_locks.VISIBLE, visible)
    assert gpu_locks.visible_gpus(2) == names
    # Two jobs that see the same GPU under another number still keep out of each other's way.
    job, index = start_job(tmp_path, *names)
    try:
        assert index == 0
        other, index = start_job(tmp_path, *reversed(names))
        other.kill()
        other.wait()
        assert index == 0
    finally:
        job.kill()
        job.wait()
