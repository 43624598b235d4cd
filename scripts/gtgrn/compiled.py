"""Machine code that numba keeps beside the sources, and when it is out of date.

numba knows a compiled function by the file that holds it. Where that calls a compiled function of
another file, and only the other one changes, numba goes on with the old code of both: a pull of
the repository would change no number that it should.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from gtgrn.code import PACKAGE
from gtgrn.files import write_text

KEPT = "*.nbi"
"""Files in which numba lists what it has compiled from a source."""
STAMP = "compiled.sha256"


def renew_compiled(package: Path = PACKAGE) -> int:
    """Delete what was compiled from other sources than those that are there, once.

    To be called where one process starts others, which then compile anew. A package in a folder
    that may not be written is left as it is.

    Parameters
    ----------
    package
        Folder of the package.

    Returns
    -------
    int
        Number of lists of numba that were deleted.
    """
    sources = [path for path in sorted(package.rglob("*.py")) if b"njit" in path.read_bytes()]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    stamp, count = package / "__pycache__" / STAMP, 0
    with suppress(OSError):
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest.hexdigest():
            return 0
        for folder in sorted({path.parent / "__pycache__" for path in sources}):
            for kept in folder.glob(KEPT):
                kept.unlink(missing_ok=True)
                count += 1
        stamp.parent.mkdir(exist_ok=True)
        write_text(digest.hexdigest(), stamp)
    return count
