"""Damaged files without end: each reader must give a right result or one line, and nothing else.

``python tests/faults/fuzz.py --count 1000`` tries each reader that often; ``--only market csv``
chooses readers, ``--seed`` other damage. A case is known by reader, seed and number, and
``--replay market:0:17`` shows it. Workers are replaced when they crash or hang.
"""

from __future__ import annotations

import argparse
import json
import mmap
import multiprocessing
import os
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATHS = [ROOT / "scripts", HERE, ROOT / "tests/gtgrn/cases"]
sys.path[:0] = map(str, PATHS)

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Folder for the cases, in memory where there is one."""

HANG = 120
"""Seconds of processor time after which an execution counts as hung."""
LONGEST_LINE = 300
"""Characters of a message."""
WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate"}
RUNS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect", "pty.spawn"}


class Watch:
    """What leaves the folder of a case: writes elsewhere, programs that are run."""

    def __init__(self) -> None:
        self.folder, self.outside = "", []
        self.allowed = (tempfile.gettempdir(), "/dev/null", "/proc/self")
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple) -> None:
        if not self.folder:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR)
            if isinstance(path, (str, bytes, os.PathLike)) and writes:
                self.check(event, path)
        elif event in WRITES and (arguments[-1] == -1 or event == "os.truncate"):
            # Another last argument is an opened folder, which was checked as such.
            for path in arguments[:2]:
                self.check(event, path)
        elif event in RUNS:
            self.outside.append(f"{event} {arguments[0]}")

    def check(self, event: str, path: object) -> None:
        if isinstance(path, int):
            return
        place = os.path.abspath(os.fsdecode(path))
        if not place.startswith((self.folder, *self.allowed)) and "__pycache__" not in place:
            self.outside.append(f"{event} {place}")


def execute(name: str, seed: int, number: int, folder: Path, watch: Watch | None = None) -> str:
    """Run one case; return what is wrong with how it ended, or nothing.

    Returns
    -------
    str
        Empty if the reader gave a result that holds or an InputError of one line.
    """
    from gtgrn.errors import InputError
    from mutations import mutate
    from targets import TARGETS

    target = TARGETS[name]
    for path, data in mutate(target.files(), f"{name}:{seed}:{number}").items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if watch:
        watch.folder, watch.outside = str(folder), []
    problem = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(folder)
    except InputError as error:
        message = str(error)
        if (
            "\n" in message
            or not error.remedy
            or len(message) > LONGEST_LINE + len(str(folder)) * 2
        ):
            problem = f"message of {len(message)} characters: {message[:600]}"
    except Exception:  # noqa: BLE001 - that is what is looked for
        problem = "".join(traceback.format_exc()[-1500:])
    if watch:
        watch.folder = ""
        if watch.outside:
            problem += f"outside: {watch.outside[:3]}"
    return problem


def work(name: str, seed: int, start: int, count: int, scratch: Path) -> None:
    """Run cases, writing the number of each to a shared place before it and problems after."""
    import logging

    from gtgrn.data import hdf5_guard

    with open(os.devnull, "r+b") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    tempfile.tempdir = str(scratch)
    logging.disable(logging.CRITICAL)
    hdf5_guard.CPU_SECONDS = 1  # the files are small
    watch = Watch()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    with (scratch / "beat").open("r+b") as handle:
        shared = mmap.mmap(handle.fileno(), 8)
    with (scratch / "found").open("a") as found:
        for number in range(start, count):
            shared[:8] = struct.pack("q", number)
            problem = execute(name, seed, number, folder, watch)
            for left in folder.iterdir():
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            if problem:
                print(json.dumps([number, problem]), file=found, flush=True)
    shared[:8] = struct.pack("q", count)
    shutil.rmtree(folder)


def start_server() -> multiprocessing.context.BaseContext:
    """Return what starts workers by forking a process that has imported all readers already."""
    context = multiprocessing.get_context("forkserver")
    # The server looks for what it imports beforehand in the folders of the environment alone.
    known = [*map(str, PATHS), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(known))
    # The plots of scanpy make folders when they are first imported.
    context.set_forkserver_preload(["fuzz", "targets", "scanpy"])
    return context


def drive(name: str, seed: int, count: int) -> tuple[list[str], float]:
    """Run the cases of a reader in a worker, replaced when it crashes or hangs."""
    problems, begun, start = [], time.time(), 0
    server = start_server()
    with tempfile.TemporaryDirectory(prefix="fuzzes-", dir=MEMORY) as folder:
        scratch = Path(folder)
        (scratch / "beat").write_bytes(bytes(8))
        (scratch / "found").touch()
        while start < count:
            worker = server.Process(target=work, args=(name, seed, start, count, scratch))
            worker.start()
            _watch(worker, scratch / "beat")
            number = struct.unpack("q", (scratch / "beat").read_bytes())[0]
            if number < count:
                problems.append(f"{name}:{seed}:{number}: the process ended: {worker.exitcode}")
            start = number + 1
        for line in (scratch / "found").read_text().splitlines():
            number, problem = json.loads(line)
            problems.append(f"{name}:{seed}:{number}: {problem}")
    return problems, time.time() - begun


def _watch(worker: multiprocessing.process.BaseProcess, beat: Path) -> None:
    """Wait for a worker; kill it where one case takes far too much processor time."""
    last, used = b"", 0.0
    while worker.exitcode is None:
        worker.join(0.2)
        try:
            fields = Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        now = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if beat.read_bytes() != last:
            last, used = beat.read_bytes(), now
        elif now - used > HANG:
            worker.kill()


def main() -> int:
    """Run what the arguments ask for; return 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--replay")
    options = parser.parse_args()
    from targets import TARGETS

    if options.replay:
        name, seed, number = options.replay.split(":")
        with tempfile.TemporaryDirectory() as folder:
            problem = execute(name, int(seed), int(number), Path(folder))
            print(problem or "right, or one line")
        return int(bool(problem))
    total, failed = 0, 0
    for name in options.only or TARGETS:
        problems, seconds = drive(name, options.seed, options.count)
        total, failed = total + options.count, failed + len(problems)
        print(f"{name}\t{options.count} executions\t{seconds:.1f} s\t{len(problems)} problems",
              flush=True)  # fmt: skip
        for problem in problems[:20]:
            print("  " + problem.replace("\n", "\n    "), flush=True)
    print(f"{total} executions, {failed} problems")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
