"""Which files a job reads, seen where Python opens them, so that a result says what entered it.

What a rule declares is what its author meant; a method of somebody else may open what it likes.
Not seen is what a C library opens by itself (R, HDF5); the readers of this package :func:`note`
what they give to one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROGRAMS = ["/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/bin", sys.prefix]
PROGRAMS += [sys.base_prefix, str(Path(__file__).parent)]
SYSTEM = tuple(f"{Path(place).resolve()}{os.sep}" for place in PROGRAMS)
"""Folders of programs, which hold no data of a user."""
HIDDEN = {".snakemake", ".sha256", ".cache", ".config", ".conda", ".git", ".local", ".venv"}
"""Hidden folders of programs; hidden files, such as unfinished results, count as theirs too."""
PACKAGES = {"site-packages", "dist-packages"}
"""Folders of installed packages; a job with conda sees Snakemake's beside those of its own."""
CACHES = (".py", ".pyc", ".nbi", ".nbc", ".so")
"""Suffixes of code, compiled or not."""

_seen: set[str] | None = None


def watch() -> None:
    """Note from now on each file that this process, or a program that it starts, is to read."""
    global _seen
    if _seen is None:
        sys.addaudithook(_hear)
    _seen = set()


def note(path: str | Path) -> None:
    """Note a file that is about to be read by something that does not say so itself."""
    if _seen is not None:
        _seen.add(os.fspath(path))


def files_read() -> list[str] | None:
    """Return the files that were opened to be read, in the order of their names.

    Returns
    -------
    list of str or None
        Relative to the working directory where they lie in it. Left out are programs and what
        they keep for themselves. None where nobody asked to :func:`watch`.
    """
    if _seen is None:
        return None
    files = filter(os.path.isfile, _seen.copy())
    return sorted({name for path in files if (name := as_noted(path)) is not None})


def as_noted(path: str | Path) -> str | None:
    """Return how a file is called among those that were read, or None if it is left out."""
    full = os.path.realpath(path)
    if full.startswith(SYSTEM) or full.endswith(CACHES):
        return None
    inside = os.path.relpath(full, os.path.realpath(os.curdir))
    name = full if inside.startswith(os.pardir) else inside
    hidden = (HIDDEN | PACKAGES).intersection(Path(name).parts) or Path(name).name.startswith(".")
    return None if hidden else name


def _hear(event: str, arguments: tuple) -> None:
    """Note the file behind an event of Python's."""
    if event == "open":
        path, mode, flags = arguments
        write_only = "r" not in mode and "+" not in mode if mode else flags & os.O_WRONLY
        paths = [] if write_only else [path]
    elif event == "subprocess.Popen":
        # What a program is told to read: files among its arguments.
        paths = list(arguments[1]) if isinstance(arguments[1], list | tuple) else []
    else:
        return
    if _seen is not None:
        _seen.update(os.fsdecode(path) for path in paths if isinstance(path, str | bytes | Path))
