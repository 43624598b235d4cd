"""Read from an HDF5 file what its reader will read, in a process that may crash or be killed.

Run as a script by :mod:`gtgrn.data.hdf5_guard` with the folder of h5py as its argument, alone and
with nothing but h5py imported, so that it starts in a tenth of a second. One request, a line of
JSON, is answered by one line: an empty one if the file can be read. What h5py merely refuses is no
matter here, as the reader will meet it too; what counts is whether the process survives.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

DEEPEST = 16
"""Groups within groups; no format here has more than five."""
MOST_MEMBERS = 1_000_000
FULL = 0.75
"""Share of the memory allowed at which it was used up, as what failed last may have been large."""
BLOCK = 1 << 24
"""Bytes read at a time."""
NAMES = ("_index", "index", "Gene", "var_names", "gene_names", "GeneName", "Symbol", "Accession",
         "CellID", "obs_names", "cell_names", "Barcode", "barcode")  # fmt: skip
"""Datasets of names, as AnnData and loom have them."""


class Suspicious(Exception):
    """What makes a file unfit to be read, in one clause."""


def serve(requests: Iterator[str]) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        _limit(request["cpu"], request["memory"])
        answer = _answer(request)
        full = most_memory() > FULL * request["memory"]
        if full:
            answer = _too_much(request)
        print(json.dumps(answer), flush=True)
        if full:
            return  # the next process has a peak of its own


def _answer(request: dict) -> str:
    """Return why a file is not to be read, or nothing."""
    path, columns, largest = (request[key] for key in ("path", "columns", "largest"))
    try:
        if request["matrix"]:
            probe(path, request["layer"], columns, largest)
        else:
            probe_columns(path, columns, largest)
    except Suspicious as error:
        return str(error)
    except MemoryError:
        return _too_much(request)
    return ""


def _too_much(request: dict) -> str:
    return f"reading it takes more than {request['memory']:,} bytes of memory"


def most_memory() -> int:
    """Return the most bytes of address space that this process has had, 0 where none tells.

    HDF5 may use up all that there is, and then say no more than that a name is not there.
    """
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
    except OSError:
        return 0
    return 1024 * int(lines["VmPeak"].split()[0])


def tolerant(otherwise: Callable[[], Any]) -> Callable[[Callable], Callable]:
    """Return what lets a step pass that h5py refuses, as the reader may take the next without it.

    Memory that runs out is no such refusal: the reader has no bound and would not meet it. HDF5
    raises its own kinds of errors then, and says so in their text.

    Parameters
    ----------
    otherwise
        Gives the result of a step that was refused.
    """

    def wrap(step: Callable) -> Callable:
        @wraps(step)
        def taken(*arguments, **keys):
            try:
                return step(*arguments, **keys)
            except Suspicious:
                raise
            except Exception as error:
                if isinstance(error, MemoryError) or "alloc" in str(error).lower():
                    raise MemoryError from error
                return otherwise()

        return taken

    return wrap


def _limit(cpu: int, memory: int) -> None:
    """Bound the processor time and the memory from now on; a core dump helps no one."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + cpu
    limits = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_AS: memory, resource.RLIMIT_CORE: 0}
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        fits = hard == resource.RLIM_INFINITY or value <= hard
        try:
            resource.setrlimit(kind, (value if fits else hard, hard))
        except (OSError, ValueError):  # a system without this limit
            continue


@tolerant(lambda: None)
def probe(path: str, layer: str | None, columns: list[str], largest: int) -> None:
    """Read what the readers of h5ad, loom and 10x read.

    Parameters
    ----------
    path
        The file, not packed.
    layer, columns
        What the card names besides the matrix.
    largest
        Bytes that one dataset may take.

    Raises
    ------
    Suspicious
        If a part lies in another file, is far larger than the file or deeper than any format.
    MemoryError
        If the memory allowed does not do.
    """
    import h5py

    with h5py.File(path, "r") as file:
        walk = _Walk(h5py, file, largest)
        walk.attributes("/")
        members = {name: walk.get(name) for name in walk.names(file)}
        groups = {name: found for name, found in members.items() if hasattr(found, "keys")}
        for group in groups.values():
            walk.names(group, opened=False)
        # AnnData before 0.8 has no encoding, and is read as a whole.
        old = "obs" in members and not (
            "obs" in groups and "encoding-type" in walk.attributes("obs")
        )
        wanted = [name for name in groups if old or walk.is_10x(name)]
        wanted += [name for name in members if old] or ["X", "matrix"]
        wanted += [f"layers/{layer}"] if layer else []
        wanted += ["raw/X"] if layer == "raw" else []
        for frame in ("obs", "var", "raw/var", "row_attrs", "col_attrs"):
            index = str(walk.attributes(frame).get("_index", "_index"))
            wanted += [f"{frame}/{name}" for name in (*NAMES, index, *columns)]
            wanted += [f"{frame}/__categories/{name}" for name in columns]
        for frame in ("row_attrs", "col_attrs"):
            walk.shapes(frame)
        for name in dict.fromkeys(wanted):
            walk.read(name)


@tolerant(lambda: None)
def probe_columns(path: str, columns: list[str], largest: int) -> None:
    """Read columns of cells alone, as :mod:`gtgrn.data.obs_columns` does.

    Parameters
    ----------
    path, columns, largest
        As in :func:`probe`.
    """
    import h5py

    with h5py.File(path, "r") as file:
        walk = _Walk(h5py, file, largest)
        walk.names(file)
        wanted = []
        for frame in ("obs", "col_attrs"):
            walk.attributes(frame)
            walk.shapes(frame)
            wanted += [f"{frame}/{name}" for name in columns]
            if not hasattr(walk.get(frame), "keys"):
                wanted.append(frame)  # before anndata 0.7, one table
        wanted += [f"obs/__categories/{name}" for name in columns]
        wanted += [f"uns/{name}_categories" for name in columns]
        for name in wanted:
            walk.read(name)


class _Walk:
    """A file, and what of it was read."""

    def __init__(self, h5py, file, largest: int) -> None:
        self.h5py, self.file, self.largest = h5py, file, largest
        self.seen: set[int] = set()

    @tolerant(list)
    def names(self, group, opened: bool = True) -> list[str]:
        """Return the members of a group; none that is to be opened may lie in another file."""
        names: list[str] = []
        for name in group:
            names.append(name)
            if len(names) > MOST_MEMBERS:
                raise Suspicious(f"its group {group.name} has more than {MOST_MEMBERS:,} members")
            if opened and isinstance(group.get(name, getlink=True), self.h5py.ExternalLink):
                raise Suspicious(f"its part {name[:40]} lies in another file")
        return names

    @tolerant(lambda: None)
    def get(self, name: str):
        """Return an object, or nothing where there is none that can be opened."""
        return self.file.get(name)

    @tolerant(dict)
    def attributes(self, name: str) -> dict:
        """Return the attributes of an object that can be read."""
        found = self.get(name)
        keys = [] if found is None else list(found.attrs)
        return {key: self._attribute(found, key) for key in keys}

    @tolerant(lambda: None)
    def _attribute(self, found, key: str):
        return found.attrs[key]

    @tolerant(lambda: False)
    def is_10x(self, name: str) -> bool:
        """Return whether an object is a group with the parts of a matrix of Cell Ranger."""
        return {"indices", "indptr", "data"} <= set(self.get(name))

    @tolerant(lambda: None)
    def shapes(self, name: str) -> None:
        """Open each member of a group, as a list of its columns does."""
        group = self.get(name)
        if hasattr(group, "keys"):
            for member in self.names(group):
                self.get(f"{name}/{member}")

    @tolerant(lambda: None)
    def read(self, name: str, depth: int = 0) -> None:
        """Read a dataset, or a group with all that is below it, each object once."""
        found = self.get(name)
        if found is None or (address := self.h5py.h5o.get_info(found.id).addr) in self.seen:
            return
        self.seen.add(address)
        self.attributes(name)
        if not hasattr(found, "keys"):
            self._values(found)
            return
        if depth == DEEPEST:
            raise Suspicious(f"it has groups more than {DEEPEST} deep")
        for member in self.names(found):
            self.read(f"{name}/{member}", depth + 1)

    def _values(self, dataset) -> None:
        """Read all values, block by block."""
        if not hasattr(dataset, "shape") or dataset.shape is None:
            return
        if dataset.external or dataset.is_virtual:
            raise Suspicious(f"its part {dataset.name[:40]} lies in another file")
        claimed = dataset.dtype.itemsize
        for size in dataset.shape:
            claimed *= int(size)
        if claimed > self.largest:
            raise Suspicious(f"its part {dataset.name[:40]} claims {claimed:,} bytes")
        if not dataset.shape:
            dataset[()]
            return
        row = max(claimed // max(dataset.shape[0], 1), 1)
        step = max(BLOCK // row, 1)
        step = max(step, (dataset.chunks or (1,))[0])  # no chunk is unpacked twice
        for start in range(0, dataset.shape[0], step):
            dataset[start : start + step]


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    import h5py  # noqa: F401 - before the memory is bounded

    serve(iter(sys.stdin.readline, ""))
