"""The commands of README.md as they are printed, on small data.

Every word is that of the page; only `all` cores become two.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest
import yaml
from project_cases import ROOT, TINY

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(start: str, page: Path = ROOT / "README.md") -> list[str]:
    """Return the commands of the block that starts so, without their comments."""
    found = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    text = next(text for text in found if text.startswith(start))
    return [re.split(r"\s+#\s", line)[0].strip() for line in text.splitlines()]


@pytest.fixture
def bin_folder(tmp_path_factory) -> Path:
    """The folder that `activate` puts on the path: the command as the Makefile writes it."""
    folder = tmp_path_factory.mktemp("bin")
    subprocess.run(
        ["make", "-s", "-o", ".venv/installed", f"BIN={folder}", f"{folder}/gtgrn"],
        cwd=ROOT,
        check=True,
    )
    for name in ("python", "snakemake"):
        (folder / name).symlink_to(Path(sys.executable).with_name(name))
    return folder


def call(folder: Path, bin_folder: Path, command: str, stdin=subprocess.DEVNULL) -> str:
    path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env={**kept, "PATH": path},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:]
    return run.stdout


def test_own_data_in_five_lines(tiny, bin_folder):
    """In a folder without the workflow: the command brings it."""
    counts = pd.read_csv(tiny.folder / "data/counts.csv", index_col=0)
    # Names of genes that are known, so that the file tells what it holds.
    names = pd.read_csv(ROOT / "resources/genes/human.tsv", sep="\t")["symbol"].unique()[:29]
    counts.columns = ["SPI1", *names]
    mine = tiny.folder / "mine"
    (mine / "data").mkdir(parents=True)
    ad.AnnData(counts.astype("float32")).write_h5ad(mine / "data/mine.h5ad")
    settings = {key: TINY[key] for key in TINY if key not in ("ablations", "variants", "network")}
    settings["inference"] = {"methods": ["pearson", "clr"]}
    settings["walks"] = {**TINY["walks"], "networks": ["pearson", "clr"]}
    settings["context"] = {"sources": []}
    (mine / "config").mkdir()
    (mine / "config/config.yaml").write_text(yaml.safe_dump(settings))
    activate, init, validate, run, show = block(". .venv/bin/activate")
    assert activate == ". .venv/bin/activate"
    said = call(mine, bin_folder, init)
    assert "values:    counts" in said
    assert yaml.safe_load((mine / "config/datasets/mine.yaml").read_text())["organism"] == "human"
    said = call(mine, bin_folder, validate)
    assert "cells:      60 of 60" in said
    assert said.splitlines()[-1].split() == ["run", "next:", "gtgrn", "run", "mine"]
    said = call(mine, bin_folder, f"{run} --cores 2")
    lines = [line for line in said.splitlines() if line]
    # Stages, the end of the run, warnings: a screen, not a log.
    assert len(lines) < 40, said
    assert lines[-1] == "report: results/report.html"
    assert "mine: results/mine/network.tsv.gz" in lines
    assert "regulators of SPI1" in call(mine, bin_folder, show)
    assert "nothing to be done" in call(mine, bin_folder, f"{run} --cores 2")
    export, predict = block("gtgrn export")
    assert "edges of results/mine" in call(mine, bin_folder, export)
    # Without known pairs there is no trained model, and one line says so.
    words = shlex.split(predict.replace("other.h5ad", "data/mine.h5ad"))
    failed = subprocess.run(
        [bin_folder / "gtgrn", *words[1:]], cwd=mine, capture_output=True, text=True
    )
    assert failed.returncode == 1
    assert "no model of the variant full" in failed.stderr


def test_make_run_and_test_are_targets_that_do_what_is_printed():
    run, test = block("make run")
    for command, does in ((run, "gtgrn run"), (test, "pytest")):
        planned = subprocess.run(
            ["make", "-n", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True
        )
        assert planned.returncode == 0, planned.stderr
        assert does in planned.stdout


def test_the_lines_of_snakemake_are_planned(project, bin_folder):
    """All that need no conda, no cluster and no fetched data; those have tests of their own."""
    lines = block("snakemake --cores all  ")
    lines += block("snakemake", ROOT / "docs/model.md")
    targets: list[str] = []
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "snakemake"
        if not {"--use-conda", "--workflow-profile", "--configfile"} & set(words):
            targets += words[words.index("all") + 1 :]
    targets = [word for word in targets if word not in ("-R", "train_gtgrn")]
    said = call(
        project.folder,
        bin_folder,
        f"snakemake -n --quiet rules --cores 2 -- all {' '.join(targets)}",
    )
    for target in targets:
        assert "/" in target or re.search(rf"^{target} +1$", said, flags=re.M), target


def test_an_ablation_as_the_page_has_it(project, bin_folder):
    page = ROOT / "docs/ablation.md"
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.S | re.M)
    (project.folder / "config/mine.yaml").write_text(text)
    (command,) = block("snakemake", page)
    said = call(project.folder, bin_folder, command.replace("snakemake", "snakemake -n -q rules"))
    seeds, variants = 5, 4
    assert int(re.search(r"^train_gtgrn +(\d+)$", said, flags=re.M).group(1)) >= seeds * variants
