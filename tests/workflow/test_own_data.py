"""docs/own_data.md, tried as it is written on a generated h5ad."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from project_cases import ROOT, TINY
from scipy import sparse

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "own_data.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def newcomer(project):
    """The folder of someone with counts and known pairs, and the page's card and configuration."""
    rng = np.random.default_rng(0)
    shipped = pd.read_csv(project.folder / "resources/regulators/human.tsv", sep="\t")
    regulators = list(shipped["regulator"][:12])
    genes = regulators + [f"GENE{i}" for i in range(388)]
    pairs = [(r, g) for r in regulators[:8] for g in rng.choice(genes[12:], 12, replace=False)]
    activity = rng.gamma(2.0, 0.7, size=(300, len(genes)))
    for regulator, target in pairs:
        # So strong that correlation tells the known edges apart (AUROC above .99): that is easy
        # data and no leak, and must not stop the run.
        activity[:, genes.index(target)] += 2 * activity[:, genes.index(regulator)]
    counts = rng.poisson(activity).astype(np.float32)
    # One regulator is in nine cells and one marker gene in none.
    counts[9:, 11], counts[:9, 11] = 0, 1
    counts = sparse.csr_matrix(np.hstack([counts, np.zeros((300, 1), np.float32)]))
    data = project.folder / "data"
    data.mkdir()
    names = {"obs": pd.DataFrame(index=[f"cell{i}" for i in range(300)])}
    matrix = ad.AnnData(counts, var=pd.DataFrame(index=[*genes, "MS4A1"]), **names)
    matrix.write_h5ad(data / "mine.h5ad")
    known = pd.DataFrame([*pairs, ("ABSENT", genes[20])], columns=["source", "target"])
    known.to_csv(data / "known.tsv", sep="\t", index=False)
    card, settings, _ = blocks("yaml")
    (project.folder / "config/datasets/mine.yaml").write_text(card)
    # The tiny models of the tests below what the page says, so that a run ends in a minute.
    small = {key: TINY[key] for key in TINY if key not in ("preprocess", "ablations")}
    (project.folder / "config/mine.yaml").write_text(
        yaml.safe_dump(small | yaml.safe_load(settings))
    )
    return project


def run(project, command: str):
    """Run a command of the page, on two cores where it says all."""
    words = command.strip().replace("--cores all", "--cores 2").split()
    assert words[0] == "snakemake"
    return project.snakemake(*words[1:])


def test_the_page_as_written(newcomer):
    validate, everything = blocks("sh")
    looked = run(newcomer, validate)
    assert looked.returncode == 0, looked.stdout[-3000:]
    shown = looked.stdout[looked.stdout.index("data set:") :].strip().splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 88
    said = " ".join(" ".join(shown).split())
    for words in (
        "values: counts (detected",
        "evidence: all are whole numbers",
        "cells: 300 of 300",
        "genes: 399 of 401; 1 in no cell, 1 in fewer than 10 cells",
        "chosen: the 1000 most variable, all regulators, all marker genes; preprocess:",
        "regulators: 11 of 1841 in resources/regulators/human.tsv; 1 in fewer than 10 cells",
        "(9 cells); to keep: preprocess: {keep: [regulators]}",
        "markers: 0 of 1 known marker genes; 1 in no cell",
        "reference: none: no model is trained, other contexts rank the network",
    ):
        assert words in said
    assert not list((newcomer.folder / "results").rglob("*.tsv.gz"))
    # The last line is the command to run next, the page's own.
    command = shown[-1].removeprefix("run next:").strip()
    assert command == everything.strip()
    made = run(newcomer, command)
    assert made.returncode == 0, made.stdout[-5000:]
    network = pd.read_csv(newcomer.folder / "results/mine/network.tsv.gz", sep="\t")
    assert len(network) == 11 * 398
    report = (newcomer.folder / "results/report.html").read_text()
    # Few of the listed regulators are in this matrix, and the first screen says so.
    first = report[report.index('id="summary"') : report.index('id="data"')]
    assert "12 of 1841 listed regulators are in the matrix" in first


def test_the_page_with_known_pairs(newcomer):
    validate, everything = blocks("sh")
    card = newcomer.folder / "config/datasets/mine.yaml"
    card.write_text(card.read_text() + blocks("yaml")[2])
    looked = run(newcomer, validate)
    assert looked.returncode == 0, looked.stdout[-3000:]
    assert "1 with a gene not in the matrix" in " ".join(looked.stdout.split())
    edges = int(re.search(r"reference:\s+(\d+) edges of 8 regulators", looked.stdout).group(1))
    made = run(newcomer, everything)
    assert made.returncode == 0, made.stdout[-5000:]
    network = pd.read_csv(newcomer.folder / "results/mine/network.tsv.gz", sep="\t")
    assert {"regulator", "target", "probability", "rank", "known"} <= set(network)
    assert network["known"].sum() == edges
    audit = pd.read_csv(newcomer.folder / "results/mine/evaluation/edges/audit.tsv", sep="\t")
    assert not audit["finding"].any()
    warned = audit[
        audit["detail"].fillna("").str.contains("warning: high, though nothing but expression")
    ]
    assert "network pearson" in set(warned["artefact"])
    for name in re.findall(r"`(results/[^`]+)`", PAGE):
        assert (newcomer.folder / name).stat().st_size > 0


def test_the_wheel_of_the_page_becomes_the_file_of_the_card(tmp_path, monkeypatch):
    """The page's lines of Python, on a wheel that is built like celltypist's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    counts = pd.DataFrame([[0, 3], [5, 0], [1, 1]], ["c1", "c2", "c3"], ["GATA1", "SPI1"])
    with zipfile.ZipFile(tmp_path / "data/celltypist-0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("celltypist/__init__.py", "")
        wheel.writestr("celltypist/data/samples/sample_cell_by_gene.csv", counts.to_csv())
    (lines,) = blocks("python")
    exec(compile(lines, "docs/own_data.md", "exec"), {})
    made = ad.read_h5ad(tmp_path / "data/mine.h5ad")
    pd.testing.assert_frame_equal(made.to_df().astype(int), counts)


def find_wheel() -> Path | None:
    """Find the wheel of celltypist where `pip download` was run, or in its usual place."""
    folders = [ROOT, ROOT / "resources" / "downloads"]
    return next((path for f in folders for path in f.glob("celltypist-*.whl")), None)


@pytest.mark.skipif(
    find_wheel() is None, reason="needs celltypist's wheel (pip download --no-deps)"
)
def test_real_cells_on_one_screen(newcomer):
    shutil.copy(find_wheel(), newcomer.folder / "data")
    subprocess.run([sys.executable, "-c", blocks("python")[0]], cwd=newcomer.folder, check=True)
    config = newcomer.folder / "config/mine.yaml"
    config.write_text(blocks("yaml")[1])
    looked = run(newcomer, blocks("sh")[0])
    assert looked.returncode == 0, looked.stdout[-3000:]
    shown = looked.stdout[looked.stdout.index("data set:") :].strip().splitlines()
    assert len(shown) <= 24
    # What the page shows of it is what is printed.
    said = " ".join(" ".join(shown).split())
    for field in re.split(r"\n(?=\w)", blocks("text")[0]):
        assert " ".join(field.split()) in said


def test_every_card_key_on_the_page_exists():
    schema = (ROOT / "workflow/schemas/dataset.schema.yaml").read_text()
    keys = set(re.findall(r"`(\w+):", PAGE)) - {"mirror", "seeds"}
    assert len(keys) > 8
    for key in keys:
        assert f"      {key}:" in schema or f"  {key}:" in schema, key
