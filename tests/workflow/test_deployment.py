"""The workflow where its users run it: in their folder, from a repository, as a module of theirs.

Each way is planned by Snakemake offline: the host's address is rewritten to a local bare
repository. One, the deepest (a tagged release, as a module, its results in a folder of their
own), is run, and gives the bytes of the clone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from project_cases import ROOT, TINY, Project, tiny_card, tiny_counts

pytestmark = pytest.mark.slow

TAG = "v0.0.0"
SETTINGS = {**TINY, "datasets": ["mine"], "ablations": {"variants": []}}


def git(*arguments: str | Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "safe.directory=*"]
    subprocess.run(["git", *identity, *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home in which owner/gt-grn of the host is a bare repository with the code under test."""
    folder = tmp_path_factory.mktemp("home")
    work = folder / "work"
    work.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "downloads")
    for name in ("config", "workflow", "scripts", "envs", "resources", "profiles"):
        shutil.copytree(ROOT / name, work / name, ignore=ignored, symlinks=True)
    git("init", "-q", "-b", "main", work)
    git("-C", work, "add", "-A")
    git("-C", work, "commit", "-q", "-m", "as it is")
    git("-C", work, "tag", TAG)
    git("clone", "-q", "--bare", work, folder / "host/owner/gt-grn")
    rewritten = f'[url "file://{folder}/host/"]\n\tinsteadOf = https://github.com/\n'
    (folder / ".gitconfig").write_text(f"{rewritten}[safe]\n\tdirectory = *\n")
    return folder


class Deployed(Project):
    """A user's folder: one card, her data, no code, and another package of the same name."""

    home: Path

    def environment(self, path: str = "") -> dict[str, str]:
        kept = super().environment(path)
        foreign = self.folder / "foreign/gtgrn/__init__.py"
        foreign.parent.mkdir(parents=True, exist_ok=True)
        foreign.write_text("raise SystemExit('the wrong package')")
        own = {"HOME": self.home, "XDG_CACHE_HOME": self.home / "cache"}
        own["PYTHONPATH"] = foreign.parents[1]
        return kept | {key: str(path) for key, path in own.items()}


@pytest.fixture
def deployed(tmp_path, home) -> Deployed:
    counts, edges = tiny_counts()
    for name in ("config/datasets", "data", "workflow"):
        (tmp_path / name).mkdir(parents=True)
    counts.to_csv(tmp_path / "data/counts.csv")
    edges.to_csv(tmp_path / "data/edges.tsv", sep="\t", index=False)
    project = Deployed(tmp_path)
    project.home = home
    expression = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
    project.add_card("mine", **tiny_card(expression, reference={"path": "data/edges.tsv"}))
    return project


def write_module(project: Deployed, source: str, names: str = "*", **parts: str) -> None:
    lines = "".join(f"    {key}: {value}\n" for key, value in parts.items())
    (project.folder / "workflow/Snakefile").write_text(
        'configfile: "config/config.yaml"\n\n\n'
        f"module gtgrn:\n    snakefile: {source}\n    config: config\n{lines}\n\n"
        f"use rule {names} from gtgrn as gtgrn_*\n"
    )


def planned(run: subprocess.CompletedProcess) -> dict[str, int]:
    assert run.returncode == 0, run.stdout[-3000:]
    return {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", run.stdout, re.MULTILINE)}


HOSTED = f'github("owner/gt-grn", path="workflow/Snakefile", tag="{TAG}")'
CLONE = repr(str(ROOT / "workflow/Snakefile"))
MODULES = {
    "path, prefix": (CLONE, {"prefix": '"sub"'}),
    "tag, pathvars": (HOSTED, {"pathvars": '\n        results="out", logs="out/logs"'}),
}


@pytest.mark.parametrize("source", [str(ROOT / "workflow/Snakefile"), "gh:owner/gt-grn@main"])
def test_a_folder_with_one_card_is_enough(deployed, source):
    wanted = ["--config", "datasets=[mine]", "--"]
    path = "results/mine/networks/pearson.tsv.gz"
    plan = planned(deployed.snakemake("-n", "-s", source, *wanted, path))
    assert plan == {"preprocess_expression": 1, "infer_pearson": 1, "total": 2}
    shipped = ["--config", "datasets=[pbmc68k_reduced]", "--"]
    path = "results/pbmc68k_reduced/networks/pearson.tsv.gz"
    assert planned(deployed.snakemake("-n", "-s", source, *shipped, path)) == plan


@pytest.mark.parametrize("way", MODULES)
def test_a_module_of_another_workflow(deployed, way):
    source, parts = MODULES[way]
    deployed.configure(**SETTINGS)
    write_module(deployed, source, **parts)
    plan = planned(deployed.snakemake("-n", "--quiet", "rules"))
    assert plan["gtgrn_preprocess_expression"] == 1
    assert plan["gtgrn_train_gtgrn"] == 2


@pytest.mark.parametrize("wanted", [True, False])
def test_jobs_hear_whether_a_gpu_is_to_be_deterministic(deployed, wanted):
    deployed.configure(**SETTINGS, deterministic=wanted)
    write_module(deployed, CLONE)
    with (deployed.folder / "workflow/Snakefile").open("a") as file:
        file.write(
            "rule told:\n    output: 'told'\n    shell: 'echo $GTGRN_DETERMINISTIC > told'\n"
        )
    run = deployed.snakemake("--cores", "1", "--", "told")
    assert run.returncode == 0, run.stdout[-3000:]
    assert (deployed.folder / "told").read_text() == f"{wanted:d}\n"


def test_two_modules_in_one_workflow(deployed):
    deployed.configure(**SETTINGS)
    lines = ['configfile: "config/config.yaml"']
    for seed, name in enumerate(("one", "two")):
        folders = f"results='{name}', logs='{name}/logs', benchmarks='{name}/time'"
        lines += [f"module {name}:", f"    snakefile: {CLONE}"]
        lines += [
            f"    config: {{**config, 'seeds': [{seed}]}}",
            "    pathvars:",
            f"        {folders}",
        ]
        lines += [f"use rule * from {name} as {name}_*"]
    lines += ["rule both:", "    default_target: True"]
    lines += ["    input: rules.one_all.input, rules.two_all.input"]
    (deployed.folder / "workflow/Snakefile").write_text("\n".join(lines) + "\n")
    plan = planned(deployed.snakemake("-n", "--quiet", "rules"))
    assert plan["one_train_gtgrn"] == plan["two_train_gtgrn"] == 2


def test_a_deployment_made_by_its_tool(deployed):
    """What ``snakedeploy deploy-workflow`` copies, and the module that it writes."""
    for name in ("config", "profiles"):
        shutil.copytree(ROOT / name, deployed.folder / name, dirs_exist_ok=True)
    write_module(deployed, HOSTED)
    run = deployed.snakemake("-n", "--quiet", "rules")
    assert planned(run)["gtgrn_preprocess_expression"] == 3
    assert "profiles/default" in run.stdout


def test_a_release_as_a_module_gives_the_bytes_of_the_clone(deployed, finished):
    settings = {**SETTINGS, "evaluation": {"stability": False}}
    deployed.configure(**settings)
    write_module(deployed, HOSTED, prefix='"sub"')
    names = ["network.tsv.gz", "models/gtgrn/full/edges/seed0/scores.tsv.gz"]
    paths = [f"sub/results/mine/{name}" for name in names]
    run = deployed.snakemake("--cores", "2", "--", *paths)
    assert run.returncode == 0, run.stdout[-3000:]
    assert not (deployed.folder / "results").exists()
    for name, path in zip(names, paths, strict=True):
        ours = (deployed.folder / path).read_bytes()
        assert ours == (finished.folder / "results/tiny" / name).read_bytes(), name
