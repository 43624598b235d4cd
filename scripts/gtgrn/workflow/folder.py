"""One run in a folder at a time."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from pathlib import Path

from gtgrn.errors import InputError

logger = logging.getLogger("snakemake.logging")

UNSUPPORTED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What file systems answer that keep no locks: Lustre without the mount option flock, some NFS."""
HELD: list[int] = []
"""Descriptors of the lock files of this process; the kernel drops them with it."""


def hold_folder(folder: str | Path = ".snakemake") -> None:
    """Let one run work in the current folder, and stop a second with one line.

    Snakemake's own lock (off in the profiles) outlives a killed run and must be removed by hand;
    the kernel drops this one with the process that holds it.

    Parameters
    ----------
    folder
        Snakemake's folder, which exists when a run starts.

    Raises
    ------
    InputError
        If another run is at work in the folder. Where the file system keeps no locks there is a
        warning instead.
    """
    file = os.open(Path(folder, "gtgrn.lock"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise InputError(
            "another run is at work in this folder", remedy="Wait for it, or end it"
        ) from None
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        logger.warning(
            "The file system of this folder keeps no locks (%s): nothing stops a second run here.",
            error.strerror,
        )
    HELD.append(file)
