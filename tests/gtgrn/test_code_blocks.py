"""Every block of code in README and docs is run by a test, or said here to be unproved.

A new block needs a line in :data:`BLOCKS`: the test that runs it as it is printed, or why none
can.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from command_cases import make_results

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|bash|console|python)\n(.*?)^```", re.S | re.M)
WORKFLOW = "tests/workflow"
README, HERE = f"{WORKFLOW}/test_readme.py", "tests/gtgrn/test_code_blocks.py"
BLOCKS = {
    ("README.md", "git clone"): "unproved: the tests run in a clone; the host has no name yet",
    ("README.md", "make run"): README,
    ("README.md", ". .venv/bin/activate"): README,
    ("README.md", "gtgrn export"): README,
    ("README.md", "snakemake --cores all  "): README,
    ("config/README.md", "snakemake --cores all --config 'datasets=[mine, other]'"): README,
    ("docs/ablation.md", "snakemake"): README,
    (
        "docs/context.md",
        "snakemake context_ablation",
    ): "unproved: it needs BEELINE's data",
    ("docs/biology.md", "import anndata"): f"{WORKFLOW}/test_biology.py",
    ("docs/biology.md", "from ctxcore"): f"{WORKFLOW}/test_biology.py",
    ("docs/biology.md", "import networkx"): f"{WORKFLOW}/test_biology.py",
    ("docs/inference.md", '"""Product of standard deviations."""'): HERE,
    ("docs/model.md", "snakemake"): README,
    ("docs/own_data.md", "snakemake -q all"): f"{WORKFLOW}/test_own_data.py",
    ("docs/own_data.md", "snakemake --cores all"): f"{WORKFLOW}/test_own_data.py",
    ("docs/own_data.md", "import glob, zipfile"): f"{WORKFLOW}/test_own_data.py",
    ("docs/run_elsewhere.md", "cd my_project"): f"{WORKFLOW}/test_deployment.py",
    ("docs/run_elsewhere.md", "snakemake -s gh:"): f"{WORKFLOW}/test_deployment.py",
    ("docs/run_elsewhere.md", "snakedeploy"): f"{WORKFLOW}/test_deployment.py",
    ("docs/run_elsewhere.md", "configfile:"): f"{WORKFLOW}/test_deployment.py",
    ("docs/run_elsewhere.md", "snakemake --cores all --resources"): "unproved: it needs two GPUs",
    ("docs/run_elsewhere.md", "snakemake --containerize"): "unproved: it needs docker, apptainer",
    (
        "docs/run_elsewhere.md",
        "snakemake --cores all --config mirror",
    ): "unproved: the path differs",
    ("docs/run_elsewhere.md", "snakemake --workflow-profile"): f"{WORKFLOW}/test_cluster.py",
}
"""(page, start of the block) -> the test that runs it, or ``unproved:`` and the reason."""


def blocks() -> list[tuple[str, str]]:
    """Return the pages and the text of their blocks."""
    return [
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for _, text in BLOCK.findall(page.read_text(encoding="utf-8"))
    ]


def entry(page: str, text: str) -> tuple[str, str] | None:
    return next((key for key in BLOCKS if key[0] == page and text.startswith(key[1])), None)


def test_every_block_is_run_or_said_to_be_unproved():
    assert len(blocks()) > 15
    for page, text in blocks():
        first = text.splitlines()[0]
        assert entry(page, text), f"{page}: say in BLOCKS which test runs '{first}'"


def test_every_entry_has_its_block_and_its_test():
    used = {entry(page, text) for page, text in blocks()}
    for key, how in BLOCKS.items():
        assert key in used, f"{key}: there is no such block any more"
        if how.startswith("unproved: "):
            assert len(how) > 25
        else:
            assert (ROOT / how).is_file(), how


def test_the_method_of_the_page_as_written():
    text = next(text for page, text in blocks() if page == "docs/inference.md")
    module: dict = {"__name__": "example"}
    exec(compile(text, "docs/inference.md", "exec"), module)
    expression = pd.DataFrame(
        np.random.default_rng(0).random((20, 4)), columns=["A", "B", "C", "D"]
    )
    edges = module["infer"](expression, ["A", "B"], seed=0, threads=1)
    assert list(edges.columns) == ["regulator", "target", "weight"]
    assert set(edges["regulator"]) == {"A", "B"}


def test_the_notebook_cell_by_cell(tmp_path, monkeypatch):
    """The cells as they are, in a folder with results of the names that they read."""
    make_results(tmp_path, "pbmc68k_reduced")
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")
    notebook = json.loads((ROOT / "docs/notebooks/regulon.ipynb").read_text(encoding="utf-8"))
    assert len(notebook["cells"]) == 6
    names: dict = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    assert names["cells"].obsm["X_umap"].shape == (80, 2)
    assert len(names["activated"]) > 5
    assert names["cells"].obs["SPI1(+)"].std() > 0
    mpl.pyplot.close("all")


def test_workflows_call_what_is_there():
    """Each step of the repository's workflows is a target of the Makefile, or runs the case."""
    yaml = pytest.importorskip("yaml")
    makefile = (ROOT / "Makefile").read_text()
    text = (ROOT / ".github/workflows/tests.yaml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    assert {"lint", "tests", "case", "docs"} <= set(jobs)
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for command in commands:
        words = command.removeprefix('sudo env "PATH=$PATH" ').split()
        if words[0] == "make":
            assert re.search(rf"^{re.escape(words[1])}:", makefile, flags=re.M), command
        else:
            assert words[0] == ".venv/bin/snakemake", command
            assert (ROOT / words[words.index("--directory") + 1] / "config/config.yaml").is_file()
