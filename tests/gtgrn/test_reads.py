from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gtgrn.code import SCRIPTS
from gtgrn.manifest import begin_job, entry_reads, lineage
from gtgrn.reads import as_noted

JOB = """
import gzip, os, pathlib, subprocess, sys
from types import SimpleNamespace
import numpy as np
import pandas as pd
from gtgrn.jobs import start_job
from gtgrn.files import write_text
from gtgrn.manifest import verified
rule, output, how, *files = sys.argv[1:]
start_job(SimpleNamespace(log=["rule.log"], rule=rule, output=[output]))
HOW = {
    "open": lambda path: open(path).read(),
    "os": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "pathlib": lambda path: pathlib.Path(path).read_bytes(),
    "gzip": lambda path: gzip.open(path).close(),
    "numpy": lambda path: np.memmap(path, dtype=np.uint8, mode="r"),
    "pandas": lambda path: pd.read_csv(path, header=None),
    "program": lambda path: subprocess.run(["cat", path], check=True),
    "verified": lambda path: verified(path),
    "append": lambda path: open(path, "a").close(),
}
for path in files:
    HOW[how](path)
write_text("x", output)
"""


def job(folder: Path, rule: str, output: str, how: str, *files: str) -> list[str] | None:
    """Run a job that reads files and writes one, and return what its entry says of them."""
    (folder / output).parent.mkdir(exist_ok=True, parents=True)
    subprocess.run(
        [sys.executable, "-c", JOB, rule, output, how, *files],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return entry_reads(folder / output)


@pytest.mark.parametrize(
    "how", ["open", "os", "pathlib", "gzip", "numpy", "pandas", "program", "verified"]
)
def test_a_file_is_seen_however_it_is_read(tmp_path, how):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/known.tsv").write_text("a\tb\n")
    assert job(tmp_path, "rule", "out.tsv", how, "in/known.tsv") == ["in/known.tsv"]
    outside = tmp_path / "in/known.tsv"
    (tmp_path / "run").mkdir()
    assert job(tmp_path / "run", "rule", "out.tsv", how, str(outside)) == [str(outside)]


def test_what_is_written_and_programs_are_not_counted(tmp_path):
    (tmp_path / "log").write_text("")
    assert job(tmp_path, "rule", "out.tsv", "append", "log") == []
    assert as_noted(sys.executable) is None
    assert as_noted(SCRIPTS / "gtgrn/names.py") is None
    assert as_noted(tmp_path / ".snakemake/scripts/x") is None
    # Of another environment, whose packages Snakemake lends to jobs.
    assert as_noted(tmp_path / "other/lib/site-packages/a.dist-info/entry_points.txt") is None
    assert as_noted(tmp_path / ".results/known.tsv") is not None


def test_a_chain_of_results_is_followed_to_what_has_no_entry(tmp_path, monkeypatch):
    (tmp_path / "known.tsv").write_text("a\tb\n")
    (tmp_path / "counts.csv").write_text("a\n")
    job(tmp_path, "one", "r/matrix.npy", "open", "counts.csv", "known.tsv")
    job(tmp_path, "two", "r/networks/m.tsv", "open", "r/matrix.npy")
    job(tmp_path, "three", "r/walks/seed0.npz", "open", "r/networks/m.tsv")
    job(tmp_path, "three", "r/walks/leaky.npz", "open", "r/networks/m.tsv", "known.tsv")
    monkeypatch.chdir(tmp_path)
    assert lineage("r/walks/seed0.npz", ["r/matrix.npy"]) == {"r/networks/m.tsv"}
    assert lineage("r/walks/leaky.npz", ["r/matrix.npy"]) == {"r/networks/m.tsv", "known.tsv"}
    assert "counts.csv" in lineage("r/walks/seed0.npz", [])


def test_parts_that_may_be_deleted_are_replaced_by_what_they_were_made_of(tmp_path, monkeypatch):
    (tmp_path / "known.tsv").write_text("a\tb\n")
    job(tmp_path, "infer", "networks/shards/m_1.tsv", "open", "known.tsv")
    assert job(tmp_path, "gather", "networks/m.tsv", "open", "networks/shards/m_1.tsv") == [
        "known.tsv"
    ]


def test_a_result_without_a_record_has_no_known_lineage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begin_job("", ())
    Path("free.tsv").write_text("x")
    assert lineage("free.tsv", []) is None
    assert job(tmp_path, "rule", "out.tsv", "open", "free.tsv") == ["free.tsv"]
    assert lineage("out.tsv", []) == {"free.tsv"}
