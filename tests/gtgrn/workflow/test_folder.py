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
