"""What Snakemake plans, without running it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from gtgrn.plugins import METHODS, PEERS, find_plugins
from project_cases import ROOT

pytestmark = pytest.mark.slow

TARGETS = [
    *["all", "validate", "check", "networks", "embeddings", "models", "ablations", "audit"],
    *["benchmark", "peers", "tuning", "gatv2", "regulators", "fig7", "fig8", "biology", "report"],
    *["table3", "fig4", "fig5", "table5", "fig6", "table6", "paper"],
]
CONDA = """#!/bin/sh
case "$*" in
  "info --json")
    echo '{"conda_prefix": "/c", "root_prefix": "/c", "platform": "linux-64", "channels": []}';;
  "--version") echo "conda 25.1.0";;
  *channel_priority*) echo '{"get": {"channel_priority": "strict"}}';;
  *) exit 1;;
esac
"""

APPTAINER = """#!/bin/sh
echo "$@" >> "$0.calls"
case "$*" in
  --version) echo "apptainer version 1.3.4";;
  *"conda info --json"*) echo '{"conda_prefix": "/c", "platform": "linux-64"}';;
  *"conda --version"*) echo "conda 25.1.0";;
esac
"""
ENVIRONMENTS = {f"envs/{name}.yaml" for name in ("arboreto", "base", "mi", "report", "torch")}


def stand_ins(folder: Path, **commands: str) -> str:
    """Write commands that answer what a dry run asks; the folder to put on the path."""
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder)


def test_every_named_target_of_the_default_configuration(project):
    run = project.snakemake("-n", "--quiet", "rules", "--", *TARGETS)
    assert run.returncode == 0, run.stdout[-2000:]
    assert set(TARGETS) <= set(re.findall(r"^(\w+) +1$", run.stdout, flags=re.MULTILINE))


def test_a_variant_by_its_file(project):
    scores = "results/pbmc68k_reduced/models/gtgrn/{}/edges/seed0/scores.tsv.gz"
    variants = ("paper", "full", "P", "G", "E", "PG", "PE", "GE", "PGE")
    run = project.snakemake("-n", "--quiet", "rules", "--", *map(scores.format, variants))
    assert run.returncode == 0, run.stdout[-2000:]
    assert re.search(rf"^train_gtgrn +{len(variants)}$", run.stdout, flags=re.MULTILINE)
    wrong = project.snakemake("-n", scores.format("PEG"))
    assert wrong.returncode != 0
    assert "No rule to produce" in wrong.stdout


def test_paper_configuration_resolves(project):
    run = project.snakemake("-n", "--quiet", "rules", "--configfile", "config/paper.yaml")
    assert run.returncode == 0, run.stdout[-2000:]
    assert "simulate_kinetics" in run.stdout
    assert "fetch_file" in run.stdout


def test_every_card_plans_its_networks_or_names_what_to_fetch(project):
    """Offline and without a mirror, what is missing ends the run with one line."""
    for path in sorted((project.folder / "config/datasets").glob("*_gnw.yaml")):
        text = path.read_text()
        settings = [
            "--config",
            f"datasets=[{path.stem}]",
            "offline=True",
            "ablations={datasets: []}",
        ]
        run = project.snakemake("-n", "--quiet", "rules", *settings, "--", "networks")
        if "generate:" in text:
            assert run.returncode == 0, run.stdout[-2000:]
        else:
            assert run.returncode != 0
            assert "Where there is a network, run the " in run.stdout
            assert "curl -L --create-dirs -o resources/downloads/" in run.stdout
            assert "Traceback" not in run.stdout


def test_slurm_profile_asks_for_gpu_memory_and_time_but_names_no_site(project):
    run = project.snakemake("-n", "--workflow-profile", "workflow/profiles/slurm", "models")
    assert run.returncode == 0, run.stdout[-2000:]
    jobs = re.split(r"\n(?=rule )", run.stdout)
    training = [job for job in jobs if re.match(r"rule train_(gtgrn|bert|vae):", job)]
    assert len(training) == 16
    for job in training:
        resources = re.search(r"resources: (.*)", job).group(1)
        assert re.search(r"\bgpu=1\b", resources)
        assert re.search(r"\bmem_mb=\d+", resources)
        assert re.search(r"\bruntime=\d+", resources)
    profile = yaml.safe_load((project.folder / "workflow/profiles/slurm/profile.yaml").read_text())
    assert "slurm_partition" not in str(profile)
    assert "slurm_partition" not in run.stdout


def test_one_switch_turns_to_partitions_without_gpus(project):
    profile = ["--workflow-profile", "profiles/slurm"]
    asked = [
        re.findall(
            r"^ +resources: .*\bgpu=(\d)", project.snakemake("-n", *profile, *more).stdout, re.M
        )
        for more in ([], ["--config", "gpu=false"])
    ]
    assert set(asked[0]) == {"1"}
    assert set(asked[1]) == {"0"}


SLURM = ("slurm", "slurm-gres")


def read_profile(name: str) -> dict:
    return yaml.safe_load((ROOT / f"profiles/{name}/profile.yaml").read_text())


@pytest.mark.parametrize("name", SLURM)
def test_jobs_of_seconds_are_grouped_and_no_group_waits_for_itself(project, name):
    """Snakemake refuses a group that needs a job which needs the group."""
    profile = ["--workflow-profile", f"profiles/{name}"]
    for more in ([], ["--configfile", "config/paper.yaml"]):
        run = project.snakemake("-n", "--quiet", "rules", *profile, *more, "--", *TARGETS)
        assert run.returncode == 0, run.stdout[-2000:]


def test_both_profiles_of_slurm_group_every_quick_method_and_ask_a_gpu_for_the_same_rules():
    one, other = map(read_profile, SLURM)
    for key in ("groups", "group-components", "resources", "default-resources"):
        assert one[key] == other[key]
    methods = find_plugins(METHODS)
    sharded = {name for name, plugin in methods.items() if plugin.trait("SHARDED", False)}
    grouped = {rule for rule, group in one["groups"].items() if group == "networks"}
    # bc3net infers a hundred networks.
    assert grouped == {f"infer_{name}" for name in methods.keys() - sharded - {"bc3net"}}
    assert {f"gather_{name}" for name in sharded} <= one["groups"].keys()
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    named = {rule for rule in one["groups"] if not rule.startswith(("infer_", "gather_"))}
    assert all(f"rule {rule}:" in rules for rule in named)
    peers = {f"train_{name}" for name in find_plugins(PEERS)}
    training = set(re.findall(r"rule (\w+):(?:(?!\nrule )[\s\S])*?gpu=GPUS", rules))
    assert training | peers | {"train_peers"} == other["set-resources"].keys()


def test_conda_finds_an_environment_for_every_rule(project, tmp_path_factory):
    shim = stand_ins(tmp_path_factory.mktemp("bin"), conda=CONDA)
    run = project.snakemake("-n", "--use-conda", path=shim)
    assert run.returncode == 0, run.stdout[-2000:]
    named = set(re.findall(r"Conda environment (\S+) will be created", run.stdout))
    assert named == ENVIRONMENTS
    for path in (project.folder / "workflow").rglob("*.smk"):
        for rule in re.split(r"\n(?=(?:use )?rule )", path.read_text()):
            if "script:" in rule:
                assert "conda:" in rule, rule


def test_an_image_is_defined_by_the_environments_and_jobs_run_in_it(project, tmp_path_factory):
    shim = tmp_path_factory.mktemp("bin")
    stand_ins(shim, conda=CONDA, apptainer=APPTAINER, singularity=APPTAINER)
    defined = project.snakemake("--containerize", path=str(shim))
    assert defined.returncode == 0, defined.stdout[-2000:]
    copied = re.findall(r"^COPY (\S+) /conda-envs/", defined.stdout, flags=re.MULTILINE)
    assert set(copied) == ENVIRONMENTS
    image = project.folder / "image.sif"
    image.touch()
    profile = ["--workflow-profile", "profiles/apptainer", "--config", f"image={image}"]
    run = project.snakemake("-n", *profile, "--", "networks", path=str(shim))
    assert run.returncode == 0, run.stdout[-2000:]
    calls = "".join(path.read_text() for path in shim.glob("*.calls"))
    assert f"{image} sh -c conda info --json" in calls


def test_a_run_of_the_users_own_card_needs_no_other_change(project):
    run = project.snakemake("-n", "--quiet", "rules", "--config", "datasets=[hsc_boolean]")
    assert run.returncode == 0, run.stdout[-2000:]
