from __future__ import annotations

import errno
import fcntl
import logging
import os
import subprocess
import sys

import pytest
from gtgrn.errors import InputError
from gtgrn.workflow import folder


@pytest.fixture(autouse=True)
def _none_held(monkeypatch):
    monkeypatch.setattr(folder, "HELD", [])


def test_a_second_run_is_refused_and_one_after_the_first_is_not(tmp_path):
    command = [sys.executable, "-c", "import sys; print(); sys.stdin.read()"]
    folder.hold_folder(tmp_path)
    with pytest.raises(InputError, match="another run is at work"):
        folder.hold_folder(tmp_path)
    # A job that outlives a killed run must not hold the folder on.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as job:
        job.stdout.readline()
        os.close(folder.HELD.pop())
        folder.hold_folder(tmp_path)
        job.kill()


@pytest.mark.parametrize("number", folder.UNSUPPORTED)
def test_a_file_system_without_locks_is_worth_a_warning(tmp_path, monkeypatch, caplog, number):
    def refuse(file, operation):
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING, logger=folder.logger.name):
        folder.hold_folder(tmp_path)
    assert "keeps no locks (no locks here)" in caplog.text


def test_another_error_is_not_swallowed(tmp_path, monkeypatch):
    def fail(file, operation):
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(OSError, match="broken disk"):
        folder.hold_folder(tmp_path)


QUEUE = """#!/bin/sh
echo "12|run-a|rule_infer_genie3_wildcards_tiny_1-of-2|{own}"
echo "13|run-a|rule_data_draw_split|{own}"
echo "14|run-b|rule_train_gtgrn_wildcards_tiny|{other}"
echo "15|shell||{own}"
exit {status}
"""


def answer(monkeypatch, tmp_path, text: str) -> None:
    squeue = tmp_path / "bin/squeue"
    squeue.parent.mkdir()
    squeue.write_text(text)
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{squeue.parent}{os.pathsep}{os.environ['PATH']}")


def test_jobs_that_a_killed_run_left_on_a_cluster_stop_the_next_with_what_ends_them(
    tmp_path, monkeypatch
):
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "link").symlink_to(own)
    text = QUEUE.format(own=tmp_path / "link", other=tmp_path, status=0)
    answer(monkeypatch, tmp_path, text)
    with pytest.raises(InputError, match="in this folder: 12, 13.*scancel --name=run-a$"):
        folder.require_no_earlier_jobs(own)
    with pytest.raises(InputError, match="in this folder: 14"):
        folder.require_no_earlier_jobs(tmp_path)
    folder.require_no_earlier_jobs(tmp_path / "bin")


def test_without_a_scheduler_that_answers_there_are_no_earlier_jobs(tmp_path, monkeypatch):
    answer(monkeypatch, tmp_path, "#!/bin/sh\necho 'error: no controller' >&2\nexit 1\n")
    folder.require_no_earlier_jobs(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    folder.require_no_earlier_jobs(tmp_path)
