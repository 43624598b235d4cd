"""One run in a folder at a time."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import subprocess
from pathlib import Path

from gtgrn.errors import InputError, name_some

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


def require_no_earlier_jobs(folder: str | Path = ".") -> None:
    """Stop a run while SLURM has jobs in the folder of one whose own process was killed.

    Snakemake does not know them again: it would submit them a second time, to the same files.

    Parameters
    ----------
    folder
        Where the run works.

    Raises
    ------
    InputError
        If there are such jobs. Where no scheduler answers there are none.
    """
    command = ["squeue", "--me", "--noheader", "--states=PENDING,RUNNING,SUSPENDED"]
    try:
        # The job's number, its run, what it makes, its folder.
        asked = subprocess.run(
            [*command, "--format=%i|%j|%k|%Z"], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    own = os.path.realpath(folder)
    lines = [line.split("|", 3) for line in asked.stdout.splitlines() if line.count("|") >= 3]
    # Snakemake's plug-in comments what it submits with the rule.
    found = [
        line for line in lines if line[2].startswith("rule_") and os.path.realpath(line[3]) == own
    ]
    if found:
        runs = ",".join(dict.fromkeys(name for _, name, _, _ in found))
        numbers = name_some(number for number, *_ in found)
        raise InputError(
            f"jobs of an earlier run are at work in this folder: {numbers}",
            remedy=f"Wait for them, or end them: scancel --name={runs}",
        )
