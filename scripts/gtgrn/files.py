"""Files that are either complete or absent."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gtgrn import manifest

TEMPORARY = re.compile(r"\.(?P<process>\d+)(?:-(?P<machine>[0-9a-f]{8}))?\.(?P<name>.+)")
"""Names of unfinished files: process and machine; versions before this one left out the latter."""
WRITTEN = (
    *(".h5ad", ".npy", ".npz", ".pt", ".tsv", ".gz", ".csv", ".json", ".graphml", ".gmt"),
    *(".html", ".svg", ".png", ".txt"),
)
"""Suffixes of what is written here. A name without a machine could be anybody's."""
DAY = 86400.0
"""Seconds after which an unfinished file of another machine is given up: no write is so long."""
MINUTE = 60.0
"""Seconds after which an entry without a file is not just being followed by its file."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Return a temporary path that becomes `path` when the block ends without an error.

    The temporary file lies in the same folder (a rename across file systems is a copy) and
    keeps the suffix, because some writers choose their format by it. It is flushed to disk
    before the rename and removed on any error, so that a killed job or a full disk leaves
    nothing that looks finished. An output of a rule gets its entry in the manifest.

    Parameters
    ----------
    path
        The file to be written; missing parent folders are made.

    Raises
    ------
    OSError
        With `path` as its file, if the system refuses a write.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{os.getpid()}-{machine()}.{path.name}")
        try:
            yield temporary
            with open(temporary, "rb+") as handle:
                os.fsync(handle.fileno())
            manifest.record(path, temporary)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        # A write to an open file fails without its name, and the temporary name helps nobody.
        named = isinstance(error.filename, str | Path) and Path(error.filename)
        if error.errno and (not named or TEMPORARY.fullmatch(named.name)):
            error.filename = str(path)
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


def machine() -> str:
    """Return eight digits for the machine, or the container, whose process numbers are ours."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:  # no Linux: one space of processes for each machine
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def sweep(folders: Iterable[str | Path]) -> list[Path]:
    """Delete what killed processes left in the middle of a write, and return it.

    Only names that :func:`atomic_path` gives, and only of processes that are gone. Whether one
    lives can be seen on its own machine alone; a file of another machine, where jobs of a
    cluster may still be at work though the run that sent them is dead, stays for a day after its
    last change. Entries of the manifest whose file is gone, as temporary outputs are, go too.

    Parameters
    ----------
    folders
        Searched with all below; absent ones are passed over.
    """
    swept = []
    for top in folders:
        for folder, _, names in os.walk(top, topdown=False):
            in_manifest = Path(folder).name == manifest.FOLDER
            for name in names:
                path = Path(folder, name)
                left = TEMPORARY.fullmatch(name)
                if _is_dead(path, left) if left else in_manifest and _has_no_file(path):
                    path.unlink(missing_ok=True)
                    swept.append(path)
            if in_manifest:
                with suppress(OSError):  # they are not empty
                    os.rmdir(folder)
                    os.rmdir(Path(folder).parent)
    return swept


def _is_dead(path: Path, left: re.Match) -> bool:
    """Return whether the process that wrote a temporary file is gone."""
    if left["machine"] is None and not left["name"].endswith(WRITTEN):
        return False
    if left["machine"] not in (None, machine()):
        return _is_older(path, DAY)
    process = int(left["process"])
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it lives and is somebody else's
    return _started_later(process, path)


def _started_later(process: int, path: Path) -> bool:
    """Return whether a process is younger than a file: its number was given a second time."""
    try:
        import psutil

        return psutil.Process(process).create_time() > path.stat().st_mtime + 60
    except Exception:  # noqa: BLE001  psutil is Snakemake's; what it cannot tell, counts as alive
        return False


def _has_no_file(entry: Path) -> bool:
    return not (entry.parent.parent / entry.name).exists() and _is_older(entry, MINUTE)


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def is_refusal(error: OSError) -> bool:
    """Return whether the system refuses: the file is not to blame, whatever is read from it."""
    return error.errno in REFUSALS


def find_os_error(error: BaseException | None) -> OSError | None:
    """Return the error of the system that an exception is or was raised from, if there is one."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    return error


def describe_os_error(error: OSError) -> str:
    """Return one line: the file, what the system says, the free bytes there, what helps."""
    file = os.fsdecode(error.filename) if error.filename else ""
    said = error.strerror or str(error) or type(error).__name__
    free = _free_bytes(Path(file or "."))
    space = "" if free is None else f"; {free} bytes are free there"
    remedy = REMEDIES.get(error.errno or 0, "Mend it, and run the same command again")
    return " ".join(f"{file or Path.cwd()}: {said}{space}. {remedy}".split())


REMEDIES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "Free or ask for space, and run the same command again: finished files are kept",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "Give yourself the right to it (ls -ld), or run in a folder of your own",
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE), "Raise the limit of open files (ulimit -n 4096)"
    ),
}
REFUSALS = {*REMEDIES, errno.EIO, errno.ESTALE, errno.ENOMEM}


def _free_bytes(path: Path) -> int | None:
    """Return the bytes that are free where a path is or would be."""
    for place in (path, *path.absolute().parents):
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize
    return None
