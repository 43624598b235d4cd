"""Logging of the thin scripts: everything goes to the rule's log file."""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from contextlib import suppress

from gtgrn.errors import InputError
from gtgrn.files import describe_os_error, find_os_error

FULL_GPU = "OutOfMemoryError"
"""Name of torch's exception, which a job without torch would import for nothing."""
SMALLER = (
    "Compute on the processor (device: cpu in the section of the model), take a GPU with more "
    "memory, or ask for less: a smaller batch_size, or fewer genes (preprocess: {n_top_genes})"
)
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(path: str) -> None:
    """Send stdout, stderr, warnings and log records of this process to one file.

    An :class:`InputError`, a GPU whose memory is full and what the system refuses
    (:class:`OSError`: a full disk, a folder that may not be written) end the process with one
    line in the log and on the terminal (Snakemake shows the log of a failed job too); any other
    exception keeps its traceback.

    Parameters
    ----------
    path
        The rule's log file; it is truncated.
    """
    terminal = sys.stderr
    # A log file lives as long as the process, so there is nothing to close it before.
    log = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stderr = log
    logging.basicConfig(stream=log, level=logging.INFO, format=FORMAT, force=True)
    logging.captureWarnings(True)
    # One line for each distinct warning: thousands of copies hide the first.
    warnings.simplefilter("default")

    def report(kind, error, trace):
        if issubclass(kind, InputError):
            line = f"InputError: {error}"
        elif kind.__name__ == FULL_GPU:
            line = f"{FULL_GPU}: {str(error).partition('. ')[0]}. {SMALLER}"
        elif refused := find_os_error(error):
            line = f"{type(refused).__name__}: {describe_os_error(refused)}"
        else:
            traceback.print_exception(kind, error, trace, file=log)
            return
        print(line, file=terminal)
        with suppress(OSError):  # the log may be on the disk that is full
            print(line, file=log)

    sys.excepthook = report
