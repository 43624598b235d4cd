"""The command line as users type it, through Snakemake itself; without it: tests/gtgrn."""

from __future__ import annotations

import re
import shlex

import pytest

pytestmark = pytest.mark.slow


def dry(project, *typed: str) -> tuple[int, str]:
    run = project.snakemake("-n", "--quiet", "rules", *typed)
    assert "Traceback" not in run.stdout
    return run.returncode, run.stdout


def test_a_target_behind_config_ends_with_the_command_that_works(project):
    code, said = dry(project, "--config", "datasets=hsc_boolean", "networks")
    assert code != 0
    line = re.search(r"^InputError: .* type: snakemake (.*)$", said, re.MULTILINE)
    assert line, said
    run = project.snakemake(*shlex.split(line.group(1)))
    assert run.returncode == 0, run.stdout[-2000:]
    assert "infer_pearson" in run.stdout
    assert "train_gtgrn" not in run.stdout


def test_the_defaults_cards_may_be_gone_and_a_target_is_of_ones_own(project):
    """What config.yaml says of pbmc68k_reduced does not stop a run of another card."""
    (project.folder / "config/datasets/pbmc68k_reduced.yaml").unlink()
    card = project.folder / "config/datasets/hsc_boolean.yaml"
    card.rename(project.folder / "Mine.yml")
    code, said = dry(project, "--config", "datasets=Mine.yml", "--", "tuning")
    assert code == 0, said[-2000:]
    assert "choose_hyperparameters" in said
    code, said = dry(project, "--config", "datasets=Mine.yml", "tuning={datasets: mine}")
    assert code != 0
    assert "'tuning.datasets': 'mine' is not one of Mine. Did you mean 'Mine'?" in said


def test_a_configuration_that_says_a_key_twice(project):
    with (project.folder / "config/config.yaml").open("a") as handle:
        handle.write("seeds: [7]\n")
    words = "config/config.yaml: the key 'seeds' is there twice, in line "
    # The profile looks first; without it, the Snakefile does.
    for profile in ((), ("--workflow-profile", "none")):
        code, said = dry(project, *profile)
        assert code != 0
        assert words in said


def test_a_configuration_that_python_cannot_read(project):
    (project.folder / "more.yml").write_text("seeds: [" + "9" * 5000 + "]")
    code, said = dry(project, "--configfile", "more.yml")
    assert code != 0
    assert "InputError: more.yml: a number of 5,000 digits in line 1." in said
