"""Machine code of other sources is not used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gtgrn.code import SCRIPTS
from gtgrn.compiled import STAMP, renew_compiled

OUTER = """
from numba import njit
from package.inner import inner

@njit(cache=True)
def outer(x):
    return inner(x) + 1
"""
INNER = "from numba import njit\n\n@njit(cache=True)\ndef inner(x):\n    return x * {}\n"
CALL = "from package.outer import outer; print(outer(2))"


@pytest.fixture
def package(tmp_path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "outer.py").write_text(OUTER)
    (folder / "inner.py").write_text(INNER.format(10))
    return folder


def call(package: Path) -> int:
    kept = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    run = subprocess.run(
        [sys.executable, "-c", CALL],
        env={**kept, "PYTHONPATH": f"{package.parent}{os.pathsep}{SCRIPTS}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(run.stdout)


def test_a_change_of_what_is_called_is_a_change(package):
    assert renew_compiled(package) == 0
    assert call(package) == 21
    assert len(list((package / "__pycache__").glob("*.nbi"))) == 2
    # Of the same sources nothing is compiled again.
    assert renew_compiled(package) == 0
    (package / "inner.py").write_text(INNER.format(30))
    assert renew_compiled(package) == 2
    assert call(package) == 61
    assert renew_compiled(package) == 0


def test_other_sources_do_not_matter(package):
    renew_compiled(package)
    before = (package / "__pycache__" / STAMP).read_text()
    (package / "plain.py").write_text("x = 1\n")
    renew_compiled(package)
    assert (package / "__pycache__" / STAMP).read_text() == before


def test_a_package_that_may_not_be_written_is_left_alone(package, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gtgrn.compiled.write_text", refuse)
    assert renew_compiled(package) == 0
    assert not (package / "__pycache__" / STAMP).exists()
