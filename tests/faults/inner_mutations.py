"""Damage inside packed files and HDF5 files, where their checks of bytes do not see it."""

from __future__ import annotations

import gzip
import io
import random
import warnings
import zipfile
import zlib
from collections.abc import Callable

import h5py
import numpy as np

HDF5 = b"\x89HDF\r\n\x1a\n"
Damage = Callable[[random.Random, bytearray], None]
KINDS = ["i1", "i8", "u8", "f2", "f8", "c8", "?", "S3", "V4", "object", "enum", "table"]
WORDS = [
    "csr_matrix",
    "csc_matrix",
    "array",
    "dataframe",
    "categorical",
    "string-array",
    "dict",
    "nullable-integer",
    "anndata",
    "null",
    "",
    "0.1.0",
    "_index",
    "G0",
    "\x1b[0m",
    "é",
]
ODD = [np.nan, np.inf, -np.inf, -1, 0, 1.5, 255, 2**31, 2**63 - 1, -(2**63), 1e300, 1e-300]


def inside(rng: random.Random, data: bytearray, text: Damage, binary: Damage) -> None:
    """Damage the content of a packed file or an HDF5 file; nothing happens to others."""
    if data.startswith(b"\x1f\x8b"):
        _in_gzip(rng, data, text, binary)
    elif data.startswith(b"PK"):
        _in_zip(rng, data, text, binary)
    elif data.startswith(HDF5):
        _in_hdf5(rng, data)


def _damage(rng: random.Random, content: bytearray, text: Damage, binary: Damage) -> None:
    if content.startswith(HDF5):
        _in_hdf5(rng, content)
    elif content:
        (binary if b"\x00" in content[:512] else text)(rng, content)


def _in_gzip(rng: random.Random, data: bytearray, text: Damage, binary: Damage) -> None:
    try:
        content = bytearray(gzip.decompress(bytes(data)))
    except (OSError, EOFError, zlib.error):
        return  # it was damaged before
    _damage(rng, content, text, binary)
    data[:] = gzip.compress(bytes(content), 1, mtime=0)


def _in_zip(rng: random.Random, data: bytearray, text: Damage, binary: Damage) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, bytearray(archive.read(name))) for name in archive.namelist()]
    except Exception:  # noqa: BLE001 - it was damaged before, in any way
        return
    if not members:
        return
    place = rng.randrange(len(members))
    name, content = members[place]
    action = rng.randrange(8)
    if action == 0:
        del members[place]
    elif action == 1:
        members.append((name, content))
    elif action == 2:
        members[place] = (rng.choice(["../x", "/x", "x/", "", "a" * 300]), content)
    else:
        _damage(rng, content, text, binary)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two members with one name
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), bytes(content))
    data[:] = buffer.getvalue()


def _in_hdf5(rng: random.Random, data: bytearray) -> None:
    """Change an object, a value or an attribute, as a program would that writes another file."""
    buffer = io.BytesIO(data)
    try:
        with h5py.File(buffer, "r+") as file:
            names: list[str] = []
            file.visit(names.append)
            rng.choice(ACTIONS)(rng, file, rng.choice(sorted(names)))
    except Exception:  # noqa: BLE001 - a change that h5py refuses, or a file damaged before
        return
    data[:] = buffer.getvalue()


def _remove(rng: random.Random, file: h5py.File, name: str) -> None:
    del file[name]


def _move(rng: random.Random, file: h5py.File, name: str) -> None:
    stem = name.rsplit("/", 1)[0] if "/" in name else ""
    file.move(name, f"{stem}/{rng.choice(['x', 'X', 'é', '_index', '__categories', 'raw'])}")


def _attribute(rng: random.Random, file: h5py.File, name: str) -> None:
    found = file if rng.random() < 0.1 else file[name]
    keys = sorted(found.attrs) or ["encoding-type"]
    key = rng.choice(keys)
    value = rng.choice([*WORDS, *ODD, h5py.Empty("S1"), np.arange(3), b"x", np.array(WORDS, "O")])
    if rng.random() < 0.3:
        found.attrs.pop(key, None)
    else:
        found.attrs[key] = value


def _value(rng: random.Random, file: h5py.File, name: str) -> None:
    found = file[name]
    if not hasattr(found, "shape"):
        return _attribute(rng, file, name)
    place = tuple(rng.randrange(max(size, 1)) for size in found.shape)
    found[place] = rng.choice(WORDS if found.dtype.kind == "O" else ODD)


def _replace(rng: random.Random, file: h5py.File, name: str) -> None:
    """Write an object anew, of another type or shape, with its attributes."""
    found = file[name]
    attributes = dict(found.attrs)
    values = found[()] if hasattr(found, "shape") else np.arange(5)
    values = rng.choice(SHAPES)(np.asarray(values))
    made = _cast(rng.choice(KINDS), values) if rng.random() < 0.6 else values
    del file[name]
    file[name] = made if rng.random() < 0.9 else h5py.Empty("f4")
    file[name].attrs.update(attributes)


def _cast(kind: str, values: np.ndarray) -> np.ndarray:
    if kind == "object":
        return values.astype(str).astype(h5py.string_dtype())
    if kind == "enum":
        return np.zeros(values.shape, h5py.enum_dtype({"A": 0, "B": 1}, "i1"))
    if kind == "table":
        return np.zeros(values.shape, [("_index", "S3"), ("x", "f4")])
    if kind == "V4":
        return np.zeros(values.shape, "V4")
    with np.errstate(all="ignore"):
        return values.astype(kind)


SHAPES = (
    lambda values: values,
    lambda values: values[:-1],
    lambda values: np.concatenate([values, values]),
    lambda values: values[None],
    lambda values: values[..., None],
    lambda values: values[0],
    lambda values: values[:0],
    lambda values: values.T,
    lambda values: values[::-1].copy(),
)


def _group(rng: random.Random, file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def _link(rng: random.Random, file: h5py.File, name: str) -> None:
    names: list[str] = []
    file.visit(names.append)
    other = rng.choice(sorted(names))
    kind = rng.randrange(4)
    target = file[other]
    del file[name]
    if kind == 0:
        file[name] = target
    elif kind == 1:
        file[name] = h5py.SoftLink(f"/{other}")
    elif kind == 2:
        file[name] = h5py.SoftLink(f"/{name}")
    else:
        file[name] = h5py.ExternalLink("/dev/zero", "/X")


ACTIONS = (_remove, _move, _attribute, _attribute, _value, _value, _replace, _replace, _group,
           _link)  # fmt: skip
