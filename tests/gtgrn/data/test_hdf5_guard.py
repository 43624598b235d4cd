"""HDF5 files that loop or crash inside libhdf5 end in one line."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from gtgrn.data import hdf5_guard, hdf5_probe
from matrix_cases import check_same, counts, h5ad, loom, refusal, tenx_h5

HEAP = b"GCOL"
"""Start of the place where HDF5 keeps texts: after 16 bytes objects of a head of 16 and data."""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(hdf5_guard, "CPU_SECONDS", 1)
    yield
    hdf5_guard._probe.stop()


def endless(path: Path) -> None:
    """Write into the first text of a file a size with which libhdf5 walks in a circle."""
    data = bytearray(path.read_bytes())
    size = data.index(HEAP) + 16 + 8
    data[size : size + 8] = (2**64 - 16).to_bytes(8, "little")
    path.write_bytes(data)


@pytest.mark.parametrize(("writer", "form"), [(h5ad, "h5ad"), (loom, "loom")])
def test_a_file_that_loops_for_ever_is_refused(tmp_path, writer, form):
    card = writer(tmp_path, counts())
    endless(Path(card["path"]))
    message = refusal(card)
    assert f"not a readable {form} (reading it does not end within" in message
    # The next file is read by a new process.
    good = writer(tmp_path, counts())
    check_same(good, counts())


def test_a_file_that_crashes_the_library_is_refused(tmp_path, monkeypatch):
    card = h5ad(tmp_path, counts())
    crash = tmp_path / "crash.py"
    crash.write_text("import os, signal\ninput()\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    with monkeypatch.context() as patch:
        patch.setattr(hdf5_probe, "__file__", str(crash))
        assert "reading it crashes the HDF5 library (SIGSEGV)" in refusal(card)
    check_same(card, counts())


def test_a_process_that_sleeps_is_ended(tmp_path, monkeypatch):
    card = h5ad(tmp_path, counts())
    sleeper = tmp_path / "sleep.py"
    sleeper.write_text("import time\ntime.sleep(10**6)\n")
    monkeypatch.setattr(hdf5_probe, "__file__", str(sleeper))
    monkeypatch.setattr(hdf5_guard, "PATIENCE", 0.1)
    assert "does not end" in refusal(card)


@pytest.mark.parametrize("writer", [h5ad, loom, tenx_h5])
@pytest.mark.parametrize("packing", ["", "gz"])
def test_a_file_is_tried_once_until_it_changes(tmp_path, monkeypatch, writer, packing):
    asked = []
    ask = hdf5_guard._probe.ask
    monkeypatch.setattr(
        hdf5_guard._probe, "ask", lambda *given: asked.append(given) or ask(*given)
    )
    card = writer(tmp_path, counts(), packing=packing)
    check_same(card, counts())
    check_same(card, counts())
    assert len(asked) == 1
    os.utime(card["path"], (time.time(), time.time() + 5))
    check_same(card, counts())
    assert len(asked) == 2
    first = hdf5_guard._probe.process
    check_same(writer(tmp_path, counts()), counts())
    assert hdf5_guard._probe.process is first


def test_a_part_in_another_file_is_refused(tmp_path):
    card = h5ad(tmp_path, counts(), store="dense")
    (tmp_path / "values").write_bytes(bytes(10**4))
    with h5py.File(card["path"], "a") as file:
        attributes = dict(file["X"].attrs)
        shape = file["X"].shape
        del file["X"]
        made = file.create_dataset(
            "X", shape, np.float32, external=[(str(tmp_path / "values"), 0, h5py.h5f.UNLIMITED)]
        )
        made.attrs.update(attributes)
    assert "its part /X lies in another file" in refusal(card)
    with h5py.File(card["path"], "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink("/dev/zero", "/X")
    assert "its part X lies in another file" in refusal(card)


def test_a_dataset_that_claims_too_much_is_refused(tmp_path):
    card = h5ad(tmp_path, counts(), store="dense")
    with h5py.File(card["path"], "a") as file:
        attributes = dict(file["X"].attrs)
        del file["X"]
        made = file.create_dataset("X", (12, 10**11), np.float32, chunks=(12, 1000))
        made.attrs.update(attributes)
    assert "its part /X claims 4,800,000,000,000 bytes" in refusal(card)


def test_groups_without_end_are_refused(tmp_path):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        del file["X"]
        deep = file.create_group("X")
        for _ in range(hdf5_probe.DEEPEST + 1):
            deep = deep.create_group("X")
        deep["itself"] = file["X"]
    assert re.search(r"more than \d+ deep", refusal(card))


def test_what_is_not_read_does_not_matter(tmp_path):
    card = h5ad(tmp_path, counts())
    with h5py.File(card["path"], "a") as file:
        file["uns/other"] = h5py.ExternalLink("none.h5", "/X")
        file["obsm/large"] = np.zeros(3)
        file.create_dataset("obs/far", (10**14,), np.float32, chunks=(1000,))
    check_same(card, counts())


def test_the_process_is_started_again_after_a_fork(tmp_path):
    check_same(h5ad(tmp_path, counts()), counts())
    child = os.fork()
    if not child:
        try:
            other = tmp_path / "other"
            other.mkdir()
            card = h5ad(other, counts())
            hdf5_guard.try_hdf5(Path(card["path"]), source=Path(card["path"]))
            hdf5_guard._probe.stop()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the parent is told
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    check_same(h5ad(tmp_path, counts()), counts())


def refuse(reason: str):
    def raised(*_, **__):
        raise RuntimeError(reason)

    return raised


def far(tmp_path) -> str:
    """Write a file with a column that claims far more than the file holds."""
    path = h5ad(tmp_path, counts())["path"]
    with h5py.File(path, "a") as file:
        file.create_dataset("obs/kind", (10**14,), np.float32, chunks=(1000,))
    return path


def test_what_is_refused_hides_nothing_that_is_read_later(tmp_path, monkeypatch):
    """A damaged list of members stopped the trial; the reader asks for members by name."""
    path = far(tmp_path)
    monkeypatch.setattr(h5py.Group, "__iter__", refuse("bad symbol table node signature"))
    with pytest.raises(hdf5_probe.Suspicious, match="claims"):
        hdf5_probe.probe_columns(path, ["kind"], 10**9)
    with pytest.raises(hdf5_probe.Suspicious, match="claims"):
        hdf5_probe.probe(path, None, ["kind"], 10**9)


@pytest.mark.parametrize("place", ["__iter__", "get"])
def test_memory_that_runs_out_inside_the_library_is_no_refusal(tmp_path, monkeypatch, place):
    path = far(tmp_path)
    monkeypatch.setattr(h5py.Group, place, refuse("memory allocation failed for chunk"))
    with pytest.raises(MemoryError):
        hdf5_probe.probe_columns(path, ["kind"], 10**9)


def test_memory_that_was_used_up_is_told_and_the_next_file_is_read(tmp_path, monkeypatch):
    """HDF5 may take all that there is and then say that a name is not there."""
    card = h5ad(tmp_path, counts())
    with monkeypatch.context() as patch:
        patch.setattr(hdf5_probe, "__file__", str(tmp_path / "probe.py"))
        code = Path(hdf5_probe.__spec__.origin).read_text()
        (tmp_path / "probe.py").write_text(code.replace("FULL = 0.75", "FULL = 1e-9"))
        assert "takes more than" in refusal(card)
        assert hdf5_guard._probe.process.wait() == 0
    check_same(card, counts())
