"""Which of several GPUs a job trains on: one that no other job of this user holds."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
DETERMINISTIC = "GTGRN_DETERMINISTIC"
"""Environment variable by which a run tells its jobs the key deterministic: 1 or 0."""
HELD: dict[str, IO] = {}
"""Lock files of the GPUs that this process trains on; the kernel drops them with the process."""


def visible_gpus(count: int) -> list[str]:
    """Return a name for each GPU that torch sees: its number on the machine, or its UUID."""
    named = [entry.strip() for entry in os.environ.get(VISIBLE, "").split(",") if entry.strip()]
    return named[:count] if len(named) >= count else [str(index) for index in range(count)]


def choose_gpu(names: Sequence[str], folder: Path | None = None) -> int:
    """Return the position of a GPU that no other job trains on, and hold it until the job ends.

    Jobs that Snakemake starts side by side know nothing of each other, and all would take the
    first. So each holds a lock file named after its GPU, which ends with its process, killed or
    not. Where all are held, the jobs are spread by the numbers of their processes.

    Parameters
    ----------
    names
        Names of the GPUs, as from :func:`visible_gpus`.
    folder
        Folder of the lock files; by default one of this user among the temporary files.
    """
    if len(names) == 1:
        return 0
    folder = folder or Path(tempfile.gettempdir(), f"gtgrn-gpus-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    for index, name in enumerate(names):
        if name in HELD:
            return index
    for index, name in enumerate(names):
        file = (folder / re.sub(r"[^\w.-]", "_", name)).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        HELD[name] = file
        return index
    index = os.getpid() % len(names)
    logger.warning(
        "Each of the %d GPUs has a job already; this one shares GPU %d", len(names), index
    )
    return index
