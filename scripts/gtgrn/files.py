"""Files that are either complete or absent."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Return a temporary path that becomes `path` when the block ends without an error.

    The temporary file lies in the same folder (a rename across file systems is a copy) and
    keeps the suffix, because some writers choose their format by it. It is flushed to disk
    before the rename and removed on any error, so that a killed job or a full disk leaves
    nothing that looks finished.

    Parameters
    ----------
    path
        The file to be written; missing parent folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(text: str, path: str | Path) -> None:
    """Write text atomically; a name ending in .gz is compressed without a time stamp.

    The gzip header carries no time and no name, so the same text gives the same bytes.
    """
    data = text.encode()
    if str(path).endswith(".gz"):
        data = gzip.compress(data, compresslevel=6, mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
