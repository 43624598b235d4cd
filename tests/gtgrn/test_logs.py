from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from gtgrn.errors import InputError

SCRIPTS = Path(__file__).parents[2] / "scripts"
HEAD = """
import sys, warnings, logging
from gtgrn.errors import InputError
from gtgrn.logs import configure_logging
configure_logging(sys.argv[1])
"""


class Run(NamedTuple):
    code: int
    stdout: str
    stderr: str
    log: str


@pytest.fixture
def run(tmp_path):
    """Run a script as a rule does and give what it left."""

    def start(body: str, **environment: str) -> Run:
        script, path = tmp_path / "script.py", tmp_path / "rule.log"
        script.write_text(HEAD + body, encoding="utf-8")
        path.write_text("of an earlier run\n")
        done = subprocess.run(
            [sys.executable, script, path],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr, path.read_text(encoding="utf-8"))

    return start


# The message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "bad"),
        ({"remedy": "Mend it"}, "bad. Mend it"),
        ({"file": Path("a/x.tsv"), "remedy": "Mend it"}, "a/x.tsv: bad. Mend it"),
        ({"field": "label"}, "'label': bad"),
        ({"file": "x", "field": "label", "remedy": "Mend it"}, "x: 'label': bad. Mend it"),
    ],
)
def test_message(keys, message):
    error = InputError("bad", **keys)
    assert str(error) == message
    assert isinstance(error, ValueError)
    assert error.problem == "bad"
    assert (error.file, error.field, error.remedy) == (
        keys.get("file"),
        keys.get("field"),
        keys.get("remedy", ""),
    )


def test_message_is_one_line_whatever_names_hold():
    message = str(InputError("bad\r\ngene", file="a\nb", field="c\nd", remedy="Mend\nit"))
    assert message == "a b: 'c d': bad gene. Mend it"


# What a script leaves


@pytest.mark.parametrize(
    "statement",
    [
        'raise InputError("bad", file="x.tsv", field="label", remedy="Mend it")',
        """
try:
    {}["cause"]
except KeyError as error:
    raise InputError("bad", file="x.tsv", field="label", remedy="Mend it") from error
""",
    ],
)
def test_input_error_is_one_line_in_the_log_and_on_the_terminal(run, statement):
    done = run(f"print('started')\n{statement}")
    line = "InputError: x.tsv: 'label': bad. Mend it\n"
    assert done.code == 1
    assert done.log == "started\n" + line
    assert done.stderr == line
    assert done.stdout == ""


def test_what_the_system_refuses_is_one_line_with_path_and_free_bytes(run, tmp_path):
    path = tmp_path / "x.tsv"
    done = run(f"raise OSError(28, 'No space left on device', {str(path)!r})")
    assert done.code == 1
    assert done.stderr == done.log
    assert re.fullmatch(
        rf"OSError: {path}: No space left on device; \d+ bytes are free there\. .*\n", done.log
    )
    done = run("open('nowhere/x.tsv', 'w')")
    assert done.log.startswith("FileNotFoundError: nowhere/x.tsv: No such file or directory; ")
    body = "try:\n    open('nowhere/x')\nexcept OSError as e:\n    raise RuntimeError from e"
    assert run(body).log.startswith("FileNotFoundError: nowhere/x: ")


def test_a_full_gpu_ends_in_one_line(run):
    said = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1.00 GiB free. See more"
    done = run(f"import torch\nraise torch.OutOfMemoryError({said!r})")
    assert done.code == 1
    assert done.stderr == done.log
    assert done.log.startswith(
        "OutOfMemoryError: CUDA out of memory. Compute on the processor (dev"
    )
    assert done.log.count("\n") == 1


def test_a_log_on_the_full_disk_hides_no_line(run):
    done = run(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "raise OSError(28, 'No space left on device', 'x.tsv')"
    )
    assert done.code != 0
    assert done.stderr.startswith("OSError: x.tsv: No space left on device; ")
    assert done.stderr.count("\n") == 1


def test_other_errors_keep_their_traceback_in_the_log(run):
    done = run("def divide():\n    return 1 / 0\n\ndivide()")
    assert done.code == 1
    assert done.log.startswith("Traceback (most recent call last):\n")
    assert "in divide\n" in done.log
    assert done.log.endswith("ZeroDivisionError: division by zero\n")
    assert done.stdout == done.stderr == ""


def test_a_cause_stays_in_the_traceback(run):
    body = (
        "try:\n    {}['cause']\nexcept KeyError as error:\n    raise RuntimeError('x') from error"
    )
    log = run(body).log
    assert "KeyError: 'cause'" in log
    assert "direct cause" in log
    assert log.endswith("RuntimeError: x\n")


def test_everything_that_is_said_is_in_the_log(run):
    done = run(
        "print('to stdout')\n"
        "print('to stderr', file=sys.stderr)\n"
        "logging.getLogger('gtgrn.some').info('of %d genes', 7)\n"
        "logging.getLogger('gtgrn.some').debug('a detail')\n"
    )
    assert done.code == 0
    assert done.stdout == done.stderr == ""
    lines = done.log.splitlines()
    assert lines[:2] == ["to stdout", "to stderr"]
    assert re.fullmatch(r"[\d-]+ [\d:,]+ INFO gtgrn\.some: of 7 genes", lines[2])
    assert len(lines) == 3


def test_an_earlier_configuration_of_logging_is_replaced(run, tmp_path):
    body = f"""
logging.basicConfig(filename={str(tmp_path / "other.log")!r}, force=True)
configure_logging(sys.argv[1])
logging.info("here")
"""
    assert run(body).log.endswith("INFO root: here\n")
    assert (tmp_path / "other.log").read_text() == ""


@pytest.mark.parametrize("kind", ["UserWarning", "DeprecationWarning", "ResourceWarning"])
def test_each_warning_is_in_the_log_once(run, kind):
    done = run(
        f"for i in range(50):\n    warnings.warn('odd genes', {kind})\n"
        f"warnings.warn('odd cells', {kind})\n"
    )
    assert done.log.count("WARNING py.warnings: ") == 2
    assert done.log.count(f"{kind}: odd genes") == 1
    assert done.log.count(f"{kind}: odd cells") == 1
    assert done.stderr == ""


def test_the_log_of_a_killed_script_holds_all_its_lines(run):
    done = run("import os\nprint('last words')\nos.kill(os.getpid(), 9)")
    assert done.code == -signal.SIGKILL
    assert done.log == "last words\n"


def test_names_outside_ascii_in_a_bare_environment(run):
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("print('β-catenin')\nraise InputError('no β-catenin')", **bare)
    assert done.code == 1
    assert done.log == "β-catenin\nInputError: no β-catenin\n"
    assert done.stderr.startswith("InputError: no ")
