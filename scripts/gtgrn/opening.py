"""Opening strangers' files: what a file is, by its first bytes, and its content unpacked.

A suffix is a hint that people get wrong; the first bytes of a file say what it is.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gtgrn.errors import InputError

PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
"""First bytes of a packed file, and the name of its packing."""

SUFFIXES = (".gz", ".bz2", ".xz", ".zip", ".bgz")
HDF5 = b"\x89HDF\r\n\x1a\n"

LARGEST_UNPACKED = 2_000_000_000
"""Bytes above which an unpacked file is suspicious if it is far larger than the packed one."""
LARGEST_RATIO = 300
"""How far: tables of nearly only zeros reach a hundred, and no packing of noise reaches three."""
BLOCK = 1 << 20

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What a path may be instead of a file. Reading some of these never ends."""

CONTROL = [bytes([code]) for code in (*range(9), *range(14, 32))]
"""No text begins with these."""

UTF_8 = "utf-8-sig"

STRANGE = {
    b"\x28\xb5\x2f\xfd": "packed with zstandard: unpack it",
    b"7z\xbc\xaf\x27\x1c": "packed with 7z: unpack it",
    b"Rar!": "packed with rar: unpack it",
    b"RDX": "an R workspace: write the matrix with Matrix::writeMM or write.csv",
    b"X\n\x00\x00": "an R object (.rds): write the matrix with Matrix::writeMM or write.csv",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as csv",
    b"<!DOCTYPE": "a web page: download the file itself",
    b"<html": "a web page: download the file itself",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself (git lfs pull)",
    b'[{"': "a JSON document: write it as csv (pandas.read_json(...).to_csv)",
    b'{"': "a JSON document: write it as csv (pandas.read_json(...).to_csv)",
    b"graph [": "a graph in GML: write its edges as csv (networkx.to_pandas_edgelist)",
    b"<?xml": "an XML document, often a server's refusal: download the file itself",
    b"PAR1": "a parquet file: write it as csv or h5ad",
    b"\x93NUMPY": "an array of NumPy without names: write it as csv or h5ad",
    b"SQLite format 3": "a database: write its table as csv",
    b"%PDF": "a PDF: give the table behind it",
    b"ARROW1": "a Feather file: write it as csv (pandas.read_feather(...).to_csv)",
    b"\x80\x04\x95": "a pickle of Python: write it as csv or h5ad",
    b"\x80\x05\x95": "a pickle of Python: write it as csv or h5ad",
    b"!Series_": "a series matrix of GEO: keep the lines between !series_matrix_table_begin and "
    "!series_matrix_table_end",
}
"""First bytes of what no reader here takes, and what to do about it."""


def plain_name(path: Path) -> str:
    """Return a file's name in lower case without the suffixes of packing."""
    name = path.name.lower()
    while name.endswith(SUFFIXES):
        name = name[: name.rindex(".")]
    return name


def check_file(path: Path) -> None:
    """Check that a path is a file, before anything is read from it.

    Raises
    ------
    OSError
        If there is nothing, or a loop of links.
    ValueError
        If it is a folder, or of a kind whose reading may never end (a pipe, a socket, a device).
    """
    mode = path.stat().st_mode
    for test, what in KINDS:
        if test(mode):
            raise ValueError(f"it is {what}, not a file")


def check_files_below(folder: Path) -> None:
    """Check that all that lies in a folder, at any depth, is files.

    Raises
    ------
    OSError, ValueError
        As for :func:`check_file`.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            check_file(Path(place, name))


def largest_unpacked(packed: int) -> int:
    """Return how many bytes a packed file of some bytes may unpack to."""
    return max(LARGEST_UNPACKED, LARGEST_RATIO * packed)


def packing_of(path: Path) -> str:
    """Return how a file is packed (gzip, bzip2, xz, zip), or nothing where it is not."""
    check_file(path)
    with path.open("rb") as handle:
        start = handle.read(8)
    return next((kind for magic, kind in PACKED.items() if start.startswith(magic)), "")


@contextmanager
def open_unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """Open the bytes of a file, unpacked where it is packed, whatever its name says.

    Raises
    ------
    ValueError
        If it is no file, or an archive that holds several files, is encrypted, or unpacks to a
        suspicious size.
    """
    kind = packing_of(path)
    if kind == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as handle:
            yield io.BufferedReader(_Bounded(handle, path.stat().st_size))
        return
    if not kind:
        with path.open("rb") as plain:
            yield plain
        return
    openers: dict[str, Callable] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    with openers[kind](path, "rb") as handle:
        yield io.BufferedReader(_Bounded(handle, path.stat().st_size), BLOCK)


class _Bounded(io.RawIOBase):
    """A stream of unpacked bytes that stops where they are suspiciously many."""

    def __init__(self, handle: IO[bytes], packed: int) -> None:
        self.handle, self.read_so_far = handle, 0
        self.limit = largest_unpacked(packed)

    def readable(self) -> bool:
        """Return that one can read from it."""
        return True

    def readinto(self, buffer) -> int:
        """Fill the buffer with unpacked bytes and return their number."""
        data = self.handle.read(len(buffer))
        self.read_so_far += len(data)
        if self.read_so_far > self.limit:
            raise ValueError(
                f"it unpacks to more than {self.limit:,} bytes; if that is right, unpack it and "
                "name the unpacked file"
            )
        buffer[: len(data)] = data
        return len(data)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one file of an archive; what a Mac adds does not count."""
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX")
    ]
    if any(member.filename.startswith("xl/") for member in members):
        raise ValueError("it is an Excel workbook: save the sheet as csv")
    if len(members) != 1:
        raise ValueError(f"the archive holds {len(members)} files: unpack it and name one")
    if members[0].flag_bits & 1:
        raise ValueError("the archive is encrypted: unpack it")
    return members[0]


@contextmanager
def unpacked_file(path: Path) -> Iterator[Path]:
    """Return a path to the unpacked content: the file itself, or a copy while the block runs.

    For formats that need random access (HDF5).
    """
    if not packing_of(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="gtgrn-") as folder:
        copy = Path(folder) / plain_name(path)
        with open_unpacked(path) as packed, copy.open("wb") as handle:
            shutil.copyfileobj(packed, handle, BLOCK)
        yield copy


def first_bytes(path: Path, size: int = 4096) -> bytes:
    """Return the first bytes of the unpacked content."""
    with open_unpacked(path) as handle:
        return handle.read(size)


def decode(data: bytes) -> str:
    """Return the encoding of a text by its byte order mark; UTF-8 where there is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return UTF_8


@contextmanager
def open_text(path: Path, *, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
    """Open a file as text, unpacked, its line breaks as they are.

    The encoding is that of its byte order mark, UTF-8 where there is none.

    Parameters
    ----------
    path
        The file, packed or not.
    errors
        What becomes of bytes that cannot be decoded, as for :func:`open`.

    Raises
    ------
    ValueError
        As for :func:`open_unpacked`; on opening or reading, if it holds bytes that no text has.
    """
    with open_unpacked(path) as handle:
        start = handle.peek(4)[:4]
        encoding = decode(start)
        if encoding == UTF_8 and start[:1] in CONTROL:
            raise ValueError("it is no text")
        # UTF-16 has a zero in every second byte.
        source = io.BufferedReader(_Text(handle), BLOCK) if encoding == UTF_8 else handle
        yield io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")


class _Text(io.RawIOBase):
    """A stream of bytes that stops at a zero: parsers take that for the end of a number."""

    def __init__(self, handle: io.BufferedReader) -> None:
        self.handle = handle

    def readable(self) -> bool:
        """Return that one can read from it."""
        return True

    def readinto(self, buffer) -> int:
        """Fill the buffer with bytes and return their number."""
        data = self.handle.read1(len(buffer))
        if b"\x00" in data:
            raise ValueError("it is no text: it holds bytes of zero")
        buffer[: len(data)] = data
        return len(data)


def refuse_strange(path: Path, start: bytes, field: str | None = "expression.path") -> None:
    """Refuse what no reader takes, by its first bytes, and say what to do about it.

    Parameters
    ----------
    path
        The file.
    start
        Its first bytes, unpacked.
    field
        The key of a card that names it.

    Raises
    ------
    InputError
        If the file is one of those kinds.
    """
    if start[257:262] == b"ustar":
        raise InputError(
            "it is an archive (tar)", file=path, field=field,
            remedy="Unpack it (tar -xf) and name the file or folder",
        )  # fmt: skip
    if b"<graphml" in start:
        raise InputError(
            "it is a graph in GraphML", file=path, field=field,
            remedy="Write its edges as csv (networkx.to_pandas_edgelist)",
        )  # fmt: skip
    for magic, what in STRANGE.items():
        if start.lstrip()[: len(magic)].lower() == magic.lower():
            problem, remedy = what.split(": ", 1)
            raise InputError(
                f"it is {problem}",
                file=path,
                field=field,
                remedy=remedy[0].upper() + remedy[1:],
            )
