"""Ways to damage a file, by bytes and by what it is made of, each fixed by its number."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import re
import zipfile
from collections.abc import Callable

from inner_mutations import HDF5, inside

TOKEN = re.compile(rb"[^\t,; \n\r:]+|[\t,; \n\r:]")
DICTIONARY = [
    b"NA", b"nan", b"inf", b"-inf", b"1e400", b"-1", b"1.5", b"0x10", b"1_000", b"1,5", b"1j",
    b"", b" ", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"'", b'""', b"#", b"%", b"\r", b"\n",
    b"\r\n", b"\t", b",", b";", b"True", b"None", b"null", b"~", b"-0", b"1e-320", b"2147483648",
    b"9223372036854775808", b"18446744073709551616", b"1" * 5000, b"a" * 3000, b"../../x",
    b"/dev/zero", b"{x}", b"<x>", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xd9\xa1", b"\xef\xbc\x91",
    b"%%MatrixMarket", b"symmetric", b"complex", b"array", b"0", b"1", b"2", b"99", b"G1", b"c1",
    b"[", b"]", b"{", b"}", b"&a", b"*a", b"!!python/object:os.system", b"\x1b[31m", b"\x7f",
    b"regulator", b"target", b"weight", b"label", b"+", b"-",
]  # fmt: skip
NUMBERS = [0, 1, 2, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
MARKS = (b"TREE", b"HEAP", b"SNOD", b"OHDR", b"GCOL", b"FRHP", b"BTHD", b"FADB", b"EADB",
         b"\x89HDF", b"PK", b"ustar")  # fmt: skip
"""Starts of the structures of binary files, near which damage goes deepest."""


def flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)


def overwrite(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data))
    data[place : place + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(0, 9))


def truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 8, 64, 512))]
    place = rng.randrange(len(data))
    data[place:place] = piece * rng.choice((1, 1, 2, 20))


def cut_out(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 4, 32, 256))]


def header(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(min(len(data), 64))
    data[place : place + 1] = rng.choice(DICTIONARY)


def token(rng: random.Random, data: bytearray) -> None:
    parts = TOKEN.findall(bytes(data))
    if not parts:
        return
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = rng.randrange(len(parts))
        action = rng.randrange(4)
        if action == 0:
            parts[place] = rng.choice(DICTIONARY)
        elif action == 1:
            other = rng.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        elif action == 2:
            parts[place] = b""
        else:
            parts[place] += rng.choice(DICTIONARY)
    data[:] = b"".join(parts)


def lines(rng: random.Random, data: bytearray) -> None:
    parts = bytes(data).split(b"\n")
    place, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    action = rng.randrange(4)
    if action == 0:
        parts[place], parts[other] = parts[other], parts[place]
    elif action == 1:
        parts.insert(other, parts[place])
    elif action == 2:
        del parts[place]
    else:
        parts.insert(place, rng.choice(DICTIONARY))
    data[:] = b"\n".join(parts)


def number(rng: random.Random, data: bytearray) -> None:
    """Write a whole number of two, four or eight bytes, preferably where a structure begins."""
    places = [found.start() for mark in MARKS for found in re.finditer(re.escape(mark), data)]
    start = rng.choice(places) if places and rng.random() < 0.7 else rng.randrange(len(data))
    size = rng.choice((1, 2, 4, 8))
    place = max(min(start + rng.randrange(64), len(data) - size), 0)
    data[place : place + size] = (rng.choice(NUMBERS) % 256**size).to_bytes(size, "little")


def pack(rng: random.Random, data: bytearray) -> None:
    kind = rng.randrange(4)
    if kind < 3:
        data[:] = (gzip.compress, bz2.compress, lzma.compress)[kind](bytes(data))
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x", bytes(data))
        data[:] = buffer.getvalue()


TEXT: tuple[Callable, ...] = (flip, overwrite, truncate, repeat, cut_out, header, token, token,
                              token, lines, lines, pack)  # fmt: skip
BINARY: tuple[Callable, ...] = (flip, flip, overwrite, truncate, repeat, cut_out, number, number,
                                number, number)  # fmt: skip


def mutate(files: dict[str, bytes], seed: str) -> dict[str, bytes]:
    """Return files of which one or two are damaged in one to three ways.

    Parameters
    ----------
    files
        Name to content.
    seed
        What fixes the damage.
    """
    rng = random.Random(seed)
    made = dict(files)
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(sorted(made))
        data = bytearray(made[name])
        binary = b"\x00" in data[:512] and not _is_text(data)
        intact = data == files[name]
        for _ in range(rng.choice((1, 1, 2, 3))):
            # libhdf5 may not come back from a file with damaged bytes, here as in a reader.
            opens = binary and (intact or not data.startswith(HDF5))
            if opens and rng.random() < 0.4:
                inside(rng, data, rng.choice(TEXT), rng.choice(BINARY))
            elif data:
                rng.choice(BINARY if binary else TEXT)(rng, data)
                intact = False
        made[name] = bytes(data)
    return made


def _is_text(data: bytearray) -> bool:
    try:
        json.loads(bytes(data))
    except ValueError:
        return False
    return True
