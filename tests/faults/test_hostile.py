"""Whatever lies where a file should be: each reader ends in one line, or is right."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from gtgrn.errors import LONGEST, InputError
from targets import TARGETS


def fifo(path: Path, _: bytes) -> None:
    os.mkfifo(path)


def unix_socket(path: Path, _: bytes) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket may have 107 characters
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def link(target: str) -> Callable[[Path, bytes], None]:
    return lambda path, _: path.symlink_to(target)


def content(change: Callable[[bytes], bytes]) -> Callable[[Path, bytes], None]:
    return lambda path, data: path.write_bytes(change(data)) and None


def noise(seed: int) -> Callable[[Path, bytes], None]:
    return content(lambda data: random.Random(seed).randbytes(300))


KINDS: dict[str, Callable[[Path, bytes], None]] = {
    "nothing": lambda path, _: None,
    "a folder": lambda path, _: path.mkdir(),
    "a pipe": fifo,
    "a socket": unix_socket,
    "a device without end": link("/dev/zero"),
    "a device without content": link("/dev/null"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a link to nothing": link("absent"),
    "an empty file": content(lambda data: b""),
    "a byte order mark": content(lambda data: b"\xef\xbb\xbf"),
    "blanks": content(lambda data: b" \n\t\n  \n"),
    "zeros": content(lambda data: bytes(500)),
    "a long number": content(lambda data: b"9" * 5000),
    "long numbers": content(lambda data: b"9" * 5000 + b"\t" + b"8" * 5000 + b"\n" + b"7" * 5000),
    "bytes at random": noise(1),
    "other bytes at random": noise(2),
    "half of it": content(lambda data: data[: len(data) // 2 + 1]),
    "packed, and half of that": content(
        lambda data: (packed := gzip.compress(data))[: len(packed) // 2]
    ),
    "packed wrongly": content(lambda data: gzip.compress(data)[:-8] + bytes(8)),
    "a line of a megabyte": content(lambda data: b"a" * 10**6),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TARGETS)
def test_what_lies_where_a_file_should_be(tmp_path, monkeypatch, name, kind):
    monkeypatch.setattr("gtgrn.data.hdf5_guard.CPU_SECONDS", 2)
    files = TARGETS[name].files()
    # One file of each; the zarr store has dozens alike.
    for spoilt in sorted(files)[:: max(len(files) // 3, 1)]:
        folder = tmp_path / "case"
        for path, data in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if path == spoilt:
                KINDS[kind](place, data)
            else:
                place.write_bytes(data)
        caught = None
        try:
            TARGETS[name].read(folder)  # its result is checked there
        except InputError as error:
            caught = error
        if caught is not None:
            assert len(str(caught)) <= LONGEST
            assert str(caught).isprintable()
            assert caught.remedy
            assert caught.file is not None
        assert {path.name for path in tmp_path.iterdir()} == {"case"}
        shutil.rmtree(folder)
