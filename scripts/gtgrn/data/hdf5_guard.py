"""Strangers' HDF5 files, tried in another process before this one opens them.

libhdf5 loops for ever on some damaged files and crashes on others, and nothing inside a process
can stop that. So a small process (:mod:`gtgrn.data.hdf5_probe`) first reads what the reader will
read, with bounds on its processor time and memory. It is started once, in a tenth of a second,
and kept; a file that was read well is not tried again until it changes.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from gtgrn.data import hdf5_probe
from gtgrn.opening import check_file, largest_unpacked

CPU_SECONDS = 20
"""Processor time that any file may take."""
BYTES_PER_SECOND = 1_000_000
"""Bytes of a file for which it may take another second; a usual disk gives a hundred times as
many."""
MEMORY = 8_000_000_000
"""Bytes of memory; what is read is not kept, so that only a damaged file needs so much."""
PATIENCE = 10
"""Seconds of waiting for each second of processor time, for slow disks and busy machines."""

_lock = threading.Lock()
_tried: set[tuple] = set()


class _Probe:
    """The other process, started when it is needed and again after it ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0

    def ask(self, request: dict, seconds: float) -> str:
        """Return what is wrong with a file, or nothing."""
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], seconds)
            answer = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            answer = b""
        if answer.endswith(b"\n"):
            return json.loads(answer)
        if process.poll() is None and not ready:
            process.kill()
        code = process.wait()
        self.stop()
        return _how_it_ended(code, request["cpu"])

    def _start(self) -> subprocess.Popen[bytes]:
        # After a fork the other process still answers to the parent of this one.
        own = self.process if self.owner == os.getpid() else None
        if own is not None and own.poll() is None:
            return own
        h5py = find_spec("h5py")
        assert h5py is not None
        assert h5py.origin is not None
        place = str(Path(h5py.origin).parents[1])
        command = [sys.executable, "-I", "-S", str(hdf5_probe.__file__), place]
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=os.environ | threads,
        )  # fmt: skip
        self.owner = os.getpid()
        return self.process

    def stop(self) -> None:
        """End the other process, if there is one."""
        if self.process is None or self.owner != os.getpid():
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None


def _how_it_ended(code: int, cpu: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"reading it does not end within {cpu} seconds of processor time"
    name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
    return f"reading it crashes the HDF5 library ({name})"


_probe = _Probe()
atexit.register(_probe.stop)


def try_hdf5(
    path: Path,
    layer: str | None = None,
    columns: Sequence[str] = (),
    *,
    source: Path,
    matrix: bool = True,
) -> None:
    """Read an HDF5 file in another process, unless that was done already.

    Parameters
    ----------
    path
        The file, not packed.
    layer, columns
        The layer and the columns of cells and genes that will be read besides the matrix and the
        names.
    source
        The file that the user has, which may be packed.
    matrix
        Whether more than the columns of cells will be read.

    Raises
    ------
    ValueError
        If reading it crashes, does not end, takes too much memory or leads to other files.
    """
    check_file(path)
    size, state = path.stat().st_size, source.stat()
    what = (matrix, layer, *sorted(columns))
    key = (os.path.abspath(source), state.st_size, state.st_mtime_ns, what)
    with _lock:
        if key in _tried:
            return
        cpu = CPU_SECONDS + math.ceil(size / BYTES_PER_SECOND)
        request = {
            "path": os.path.abspath(path),
            "layer": layer,
            "columns": list(columns),
            "matrix": matrix,
            "largest": largest_unpacked(size),
            "cpu": cpu,
            "memory": MEMORY,
        }
        problem = _probe.ask(request, cpu * PATIENCE)
        if problem:
            raise ValueError(problem)
        _tried.add(key)
