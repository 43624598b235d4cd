from __future__ import annotations

import errno
import gzip
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gtgrn import manifest
from gtgrn.files import (
    DAY,
    atomic_path,
    describe_os_error,
    find_os_error,
    machine,
    sweep,
    write_text,
)

SCRIPTS = Path(__file__).parents[2] / "scripts"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("old", [None, "old"])
def test_a_finished_block_leaves_the_file_and_nothing_else(tmp_path, old):
    path = tmp_path / "x.tsv"
    if old is not None:
        path.write_text(old)
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert (path.read_text() if path.exists() else None) == old
    assert path.read_text() == "new"
    assert names(tmp_path) == ["x.tsv"]


def test_parent_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "x.tsv"
    with atomic_path(str(path)) as temporary:
        assert temporary.parent == path.parent
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_the_temporary_file_keeps_the_suffix_and_is_hidden(tmp_path):
    with atomic_path(tmp_path / "x.tsv.gz") as temporary:
        temporary.write_text("")
    assert temporary.suffixes[-2:] == [".tsv", ".gz"]
    assert temporary.name.startswith(".")
    assert str(os.getpid()) in temporary.name


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_error_leaves_what_was_there(tmp_path, error, old):
    path = tmp_path / "x.tsv"
    if old is not None:
        path.write_text(old)

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert names(tmp_path) == ([] if old is None else ["x.tsv"])
    assert old is None or path.read_text() == old


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.tsv"]


@pytest.mark.parametrize("old", [None, "old"])
def test_a_killed_process_leaves_no_file_that_looks_finished(tmp_path, old):
    path = tmp_path / "x.tsv.gz"
    if old is not None:
        path.write_text(old)
    code = """
import os, signal, sys
from gtgrn.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    with open(temporary, "w") as handle:
        handle.write("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, path).returncode == -signal.SIGKILL
    finished = [name for name in names(tmp_path) if not name.startswith(".")]
    assert finished == ([] if old is None else ["x.tsv.gz"])
    assert old is None or path.read_text() == old
    # The next run is not disturbed by what the killed one left.
    write_text("new", path)
    assert gzip.decompress(path.read_bytes()) == b"new"


def test_a_write_that_the_system_cuts_short(tmp_path):
    # A limit on the size of files stands for a full disk: both end write() with an error.
    code = """
import resource, sys
from gtgrn.files import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text("x" * 5000, sys.argv[1])
except OSError as error:
    print(error.errno)
"""
    path = tmp_path / "out" / "x.tsv"
    run = run_python(code, path)
    assert run.stdout.strip() == str(errno.EFBIG), run.stderr
    assert names(path.parent) == []


@pytest.mark.parametrize("place", ["write", "fsync"])
def test_a_full_disk(tmp_path, monkeypatch, place):
    path = tmp_path / "x.tsv"
    path.write_text("old")

    def fail(*arguments):
        if place == "write":
            with open(arguments[0], "wb") as handle:
                handle.write(arguments[1][:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    # File systems that allocate late report a full disk no sooner than fsync.
    monkeypatch.setattr(*((Path, "write_bytes") if place == "write" else (os, "fsync")), fail)
    with pytest.raises(OSError, match="No space left"):
        write_text("new text", path)
    assert names(tmp_path) == ["x.tsv"]
    assert path.read_text() == "old"


def test_the_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os,
        "fsync",
        lambda handle: (done.append(("fsync", os.fstat(handle).st_ino)), fsync(handle)),
    )
    monkeypatch.setattr(
        os, "replace", lambda a, b: (done.append(("replace", os.stat(a).st_ino)), replace(a, b))
    )
    write_text("text", tmp_path / "x.tsv")
    inode = (tmp_path / "x.tsv").stat().st_ino
    assert done == [("fsync", inode), ("replace", inode)]


def test_gzip_gives_the_same_bytes_under_any_name_and_at_any_time(tmp_path, monkeypatch):
    text = "regulator\ttarget\nFOS\tMYC\n" * 100
    write_text(text, tmp_path / "a.tsv.gz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_text(text, tmp_path / "b.tsv.gz")
    data = (tmp_path / "a.tsv.gz").read_bytes()
    assert (tmp_path / "b.tsv.gz").read_bytes() == data
    assert gzip.decompress(data) == text.encode()
    assert data[3] == 0, "the header holds a name"
    assert data[4:8] == bytes(4), "the header holds a time"


def test_other_names_are_plain_utf8(tmp_path):
    write_text("β-catenin\n", tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_bytes() == "β-catenin\n".encode()


# What a kill leaves


def dead_process() -> int:
    """Return the number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_a_killed_process_left_is_swept(tmp_path):
    path = tmp_path / "results/tiny/x.tsv"
    code = """
import os, signal, sys
from gtgrn.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, path).returncode == -signal.SIGKILL
    (left,) = path.parent.iterdir()
    assert sweep([tmp_path / "results", tmp_path / "absent"]) == [left]
    assert names(path.parent) == []


def test_only_ours_and_only_of_dead_processes_are_swept(tmp_path):
    dead, alive, here = dead_process(), os.getpid(), machine()
    elsewhere = "0" * 8 if here != "0" * 8 else "1" * 8
    swept = [
        f".{dead}-{here}.matrix.npy",
        f".{dead}.matrix.npy",  # as versions before called them
        f".{dead}.scores.tsv.gz",
        f".99999999999999999999-{here}.x.tsv",
    ]
    kept = [
        f".{alive}-{here}.matrix.npy",
        f".{alive}.matrix.npy",
        f".{dead}-{elsewhere}.matrix.npy",
        f".{dead}.notes",
        f".{dead}.2024.md",
        f"{dead}-{here}.matrix.npy",
        ".hidden.tsv",
        ".x.tsv.lock",
        "matrix.npy",
    ]
    for name in [*swept, *kept]:
        (tmp_path / name).write_text("")
    assert {path.name for path in sweep([tmp_path])} == set(swept)
    assert names(tmp_path) == sorted(kept)


def test_a_file_of_another_machine_is_given_up_after_a_day(tmp_path):
    path = tmp_path / f".{dead_process()}-{'0' * 8}.matrix.npy"
    path.write_text("")
    now = path.stat().st_mtime
    os.utime(path, (now - DAY / 2,) * 2)
    assert sweep([tmp_path]) == []
    os.utime(path, (now - DAY - 60,) * 2)
    assert sweep([tmp_path]) == [path]


def test_a_number_that_a_younger_process_has_keeps_nothing(tmp_path):
    path = tmp_path / f".{os.getpid()}-{machine()}.matrix.npy"
    path.write_text("")
    os.utime(path, (1e9, 1e9))  # long before this process was started
    assert sweep([tmp_path]) == [path]


def test_entries_without_a_file_and_their_folders_go(tmp_path):
    shard, kept = tmp_path / "shards/x.tsv", tmp_path / "kept.tsv"
    manifest.begin_job("rule", [shard, kept])
    write_text("x", shard)
    write_text("x", kept)
    manifest.begin_job("", ())
    shard.unlink()
    assert sweep([tmp_path]) == [], "its file may be about to come"
    entry = manifest.entry_of(shard)
    os.utime(entry, (1e9, 1e9))
    os.utime(manifest.entry_of(kept), (1e9, 1e9))
    assert sweep([tmp_path]) == [entry]
    assert names(tmp_path) == [manifest.FOLDER, "kept.tsv"]
    assert manifest.verified(kept) == kept


# What the system refuses


def test_an_error_of_a_write_names_the_file_and_not_the_temporary_one(tmp_path, monkeypatch):
    path = tmp_path / "x.tsv"

    def fail(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_text("x", path)
    assert caught.value.filename == str(path)
    line = describe_os_error(caught.value)
    assert line.startswith(f"{path}: No space left on device; ")
    assert re.search(r"; \d+ bytes are free there\. Free or ask for space", line)


def test_another_file_that_fails_while_one_is_written_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "x.tsv") as temporary:
        temporary.write_text((tmp_path / "absent.tsv").read_text())
    assert caught.value.filename == str(tmp_path / "absent.tsv")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "Free or ask for space"),
        (errno.EDQUOT, "Free or ask for space"),
        (errno.EROFS, "Give yourself the right"),
        (errno.EACCES, "Give yourself the right"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "run the same command again"),
    ],
)
@pytest.mark.parametrize("file", ["nowhere/at/all/x.tsv", b"bytes.tsv", None])
def test_every_refusal_is_one_line_with_free_bytes(number, words, file):
    line = describe_os_error(OSError(number, os.strerror(number), file))
    assert "\n" not in line
    assert os.strerror(number) in line
    assert re.search(r"\d+ bytes are free there", line)
    assert words in line
    assert file is None or os.fsdecode(file) in line


def test_the_error_that_an_exception_was_raised_from():
    cause = OSError(errno.ENOSPC, "full")
    error = RuntimeError("writing failed")
    error.__cause__ = ValueError("of the library")
    assert find_os_error(error) is None
    error.__cause__.__cause__ = cause
    assert find_os_error(error) is cause
    assert find_os_error(cause) is cause
