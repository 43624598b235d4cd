"""The command that `validate` ends with."""

from __future__ import annotations

import shlex

import pytest
import yaml
from gtgrn.workflow.command import command_of_run

GIVEN = {
    "nothing": ([], {}),
    "a file": (["config/mine.yaml"], {}),
    "two files": (["config/mine.yaml", "config/my cells.yaml"], {}),
    "settings": ([], {"datasets": ["mine"], "seeds": [0, 1], "offline": True, "mirror": "../x y"}),
    "both": (["config/mine.yaml"], {"preprocess": {"n_top_genes": 1000, "keep": ["markers"]}}),
}


@pytest.mark.parametrize("given", GIVEN)
def test_the_command_has_the_configuration_of_the_run(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    files, config = GIVEN[given]
    words = shlex.split(command_of_run([tmp_path / name for name in files], config))
    assert words[:3] == ["snakemake", "--cores", "all"]
    rest = words[3:]
    if files:
        assert rest[: len(files) + 1] == ["--configfile", *files]
        rest = rest[len(files) + 1 :]
    if config:
        assert rest[0] == "--config"
        pairs = (word.split("=", 1) for word in rest[1:])
        assert {key: yaml.safe_load(text) for key, text in pairs} == config
    else:
        assert not rest


def test_a_workflow_that_lies_elsewhere_is_named(tmp_path, monkeypatch):
    snakefile = tmp_path / "code of theirs/workflow/Snakefile"
    snakefile.parent.mkdir(parents=True)
    snakefile.write_text("")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    words = shlex.split(command_of_run([], {}, snakefile))
    assert words[:2] == ["snakemake", "-s"]
    assert snakefile.samefile(words[2])
    monkeypatch.chdir(snakefile.parents[1])
    assert command_of_run([], {}, snakefile) == "snakemake --cores all"
