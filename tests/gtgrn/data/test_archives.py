from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest
from archive_cases import tarred, zipped
from gtgrn.data.archives import extract_member
from gtgrn.errors import InputError


def refused(call, *arguments, **keywords) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def left(folder: Path) -> set[str]:
    """Return the names of all files but the hidden locks."""
    return {path.name for path in folder.rglob("*") if not path.name.startswith(".")}


MEMBERS = {"top/a/x.txt": b"x", "top/a/deep/y.txt": b"yy", "top/b.txt": b"b", "top/ab.txt": b"c"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_and_folders(tmp_path, pack):
    (tmp_path / "archive").write_bytes(pack(MEMBERS))
    extract_member(tmp_path / "archive", "top/b.txt", tmp_path / "out" / "b.txt")
    assert (tmp_path / "out" / "b.txt").read_bytes() == b"b"
    (tmp_path / "out" / "folder").mkdir()
    (tmp_path / "out" / "folder" / "old.txt").write_text("old")
    extract_member(tmp_path / "archive", "top/a", tmp_path / "out" / "folder")
    assert left(tmp_path / "out") == {"b.txt", "folder", "x.txt", "deep", "y.txt"}
    assert (tmp_path / "out" / "folder" / "deep" / "y.txt").read_bytes() == b"yy"
    # The folders at the top may be left out, unless that leaves a choice.
    extract_member(tmp_path / "archive", "a/x.txt", tmp_path / "x.txt")
    extract_member(tmp_path / "archive", "deep", tmp_path / "deep")
    assert (tmp_path / "deep" / "y.txt").read_bytes() == b"yy"
    message = refused(extract_member, tmp_path / "archive", "b/x.txt", tmp_path / "z")
    assert "has no 'b/x.txt'; it has top/a/x.txt" in message
    (tmp_path / "archive").write_bytes(pack(MEMBERS | {"other/b.txt": b"o"}))
    message = refused(extract_member, tmp_path / "archive", "b.txt", tmp_path / "z")
    assert "has several 'b.txt'; it has other/b.txt, top/b.txt" in message


@pytest.mark.parametrize(
    "data",
    [
        zipped({**MEMBERS, "../evil.txt": b"!"}),
        zipped({**MEMBERS, "top/../../evil.txt": b"!"}),
        zipped({**MEMBERS, "/evil.txt": b"!"}),
        zipped({**MEMBERS, "..\\evil.txt": b"!"}),
        zipped(MEMBERS, link="../evil.txt"),
        tarred({**MEMBERS, "../evil.txt": b"!"}),
        tarred({**MEMBERS, "/evil.txt": b"!"}),
        tarred(MEMBERS, type=tarfile.SYMTYPE, linkname="../evil.txt"),
        tarred(MEMBERS, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        tarred(MEMBERS, name="top/odd", type=tarfile.LNKTYPE, linkname="../evil.txt"),
        tarred(MEMBERS, type=tarfile.CHRTYPE),
        tarred(MEMBERS, type=tarfile.FIFOTYPE),
    ],
)
@pytest.mark.parametrize("member", ["top/b.txt", "top/a"])
def test_an_archive_that_reaches_outside_is_not_used(tmp_path, data, member):
    (tmp_path / "in").mkdir()
    archive = tmp_path / "in" / "archive"
    archive.write_bytes(data)
    message = refused(extract_member, archive, member, tmp_path / "in" / "out")
    assert message.startswith(f"{archive}: the member ")
    assert left(tmp_path) == {"in", "archive"}


def test_links_within_a_tar_are_followed(tmp_path):
    special = {"name": "top/a/link", "type": tarfile.SYMTYPE, "linkname": "../b.txt"}
    (tmp_path / "archive").write_bytes(tarred(MEMBERS, **special))
    extract_member(tmp_path / "archive", "top/a", tmp_path / "out")
    assert (tmp_path / "out" / "link").read_bytes() == b"b"
    assert not (tmp_path / "out" / "link").is_symlink()
    (tmp_path / "archive").write_bytes(tarred(MEMBERS, **special | {"linkname": "none"}))
    assert "leads nowhere" in refused(
        extract_member, tmp_path / "archive", "top/a", tmp_path / "other"
    )
    assert left(tmp_path) == {"archive", "out", "x.txt", "deep", "y.txt", "link"}


@pytest.mark.parametrize("data", [b"none", zipped(MEMBERS)[:-30], tarred(MEMBERS)[:-40]])
def test_damaged_archives(tmp_path, data):
    (tmp_path / "archive").write_bytes(data)
    message = refused(extract_member, tmp_path / "archive", "top/b.txt", tmp_path / "x")
    assert "not a readable archive" in message
    assert left(tmp_path) == {"archive"}


def encrypted(data: bytes) -> bytes:
    """Return a zip file whose members say that they are encrypted."""
    changed = bytearray(data)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(magic), data):
            changed[found.start() + flags] |= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tarred(MEMBERS, name="top/a/z", type=tarfile.SYMTYPE, linkname="z"), "circle"),
        (encrypted(zipped(MEMBERS)), "encrypted"),
    ],
)
def test_circles_and_passwords(tmp_path, data, words):
    (tmp_path / "archive").write_bytes(data)
    message = refused(extract_member, tmp_path / "archive", "top/a", tmp_path / "x")
    assert "not a readable archive" in message
    assert words in message
    assert left(tmp_path) == {"archive"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_unpacks_beyond_reason(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("gtgrn.opening.LARGEST_UNPACKED", 1000)
    monkeypatch.setattr("gtgrn.opening.LARGEST_RATIO", 3)
    (tmp_path / "archive").write_bytes(pack({"top/zeros": bytes(10**6)}))
    message = refused(extract_member, tmp_path / "archive", "top/zeros", tmp_path / "x")
    assert "unpacks to more than" in message
    assert left(tmp_path) == {"archive"}


def test_a_pipe_for_an_archive(tmp_path):
    os.mkfifo(tmp_path / "archive")
    message = refused(extract_member, tmp_path / "archive", "top/a", tmp_path / "x")
    assert "it is a named pipe, not a file" in message
