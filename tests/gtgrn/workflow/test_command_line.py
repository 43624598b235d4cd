"""Words that snakemake would take for something else, and that the command named instead works.

Mechanism: an option that takes several words takes all that follow; the table of spellings is in
the head of ``gtgrn.workflow.command_line``.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from command_line_cases import write_project
from gtgrn.errors import LONGEST, InputError
from gtgrn.workflow.command_line import check_arguments, check_config_files
from snakemake.cli import parse_args, parse_config

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, "config/datasets/mine.yaml", "config/datasets/other.yml")
    (tmp_path / "config/config.yaml").write_text("datasets: [mine]\n")
    (tmp_path / "more.yaml").write_text("seeds: [0]\n")


def say(typed: str) -> str:
    with pytest.raises(SystemExit) as caught:
        check_arguments(["/usr/bin/snakemake", *shlex.split(typed)])
    message = str(caught.value)
    assert message.startswith("InputError: ")
    assert "\n" not in message
    assert len(message) <= LONGEST + len("InputError: ")
    return message


def read_by_snakemake(arguments: list[str]) -> tuple[dict, list[str]]:
    """Return the configuration and the targets that snakemake makes of its arguments."""
    _, args = parse_args(["--workflow-profile", "none", *arguments])
    return parse_config(args.config), sorted(args.targets)


FINE = [
    "benchmark --config datasets=[mine]",
    "--config datasets=[mine] -- benchmark",
    "--config datasets=[mine] --cores 1 benchmark",
    "--config=datasets=[mine] benchmark",
    "-C datasets=[mine] seeds=[0] -n",
    "--configfile more.yaml -- benchmark",
    "--configfile more.yaml --config datasets=mine",
    "--cores 1 benchmark results/a=b.tsv",
    "-R train_gtgrn -j -1",
]


@pytest.mark.parametrize("typed", FINE)
def test_what_snakemake_reads_right_is_left_alone(typed):
    check_arguments(["snakemake", *shlex.split(typed)])


# What is typed, and what snakemake is to make of the command that the line names.
SWALLOWED = {
    "-n --config datasets=[mine] benchmark": ({"datasets": ["mine"]}, ["benchmark"]),
    "--cores 1 -C datasets=mine peers tuning": ({"datasets": "mine"}, ["peers", "tuning"]),
    "--config datasets=[mine] benchmark --cores 1": ({"datasets": ["mine"]}, ["benchmark"]),
    "--config datasets=[mine] seeds=[1] peers -n": (
        {"datasets": ["mine"], "seeds": ["1"]},
        ["peers"],
    ),
    "-n --config datasets=[mine] results/mine/tuning/epochs=3,hidden=8/x.tsv": (
        {"datasets": ["mine"]},
        ["results/mine/tuning/epochs=3,hidden=8/x.tsv"],
    ),
    "-n --config datasets=[mine] peers -- tuning": ({"datasets": ["mine"]}, ["peers", "tuning"]),
    "-n --configfile more.yaml benchmark": ({}, ["benchmark"]),
    "-n --configfiles more.yaml peers --config seeds=1": ({"seeds": 1}, ["peers"]),
}


@pytest.mark.parametrize("typed", SWALLOWED)
def test_a_target_behind_an_option_of_several_words(typed):
    message = say(typed)
    command = shlex.split(message.split("If it is a target, type: snakemake ")[1])
    check_arguments(["snakemake", *command])
    # The numbers of cores and the like are as they were.
    assert sorted({*shlex.split(typed)} - {"--"}) == sorted({*command} - {"--"})
    assert read_by_snakemake(command) == SWALLOWED[typed]


# What is typed, and the entries that are to be typed instead.
ENTRIES = {
    "-n --config datasets=[mine, other]": {"datasets": ["mine", "other"]},
    "-n --config datasets=mine other": {"datasets": ["mine", "other"]},
    "-n --config datasets=mine my/card.yml": {"datasets": ["mine", "my/card.yml"]},
    "-n --config bert={epochs: 3, layers: 2}": {"bert": {"epochs": "3", "layers": "2"}},
    "-n --config bert.epochs=3": {"bert": {"epochs": "3"}},
    "-n --config tuning.grids.gne.epochs=[3]": {"tuning": {"grids": {"gne": {"epochs": ["3"]}}}},
    "-n --config datasets mine": {"datasets": "mine"},
    "-n --config datasets [mine]": {"datasets": ["mine"]},
}


@pytest.mark.parametrize("typed", ENTRIES)
def test_an_entry_in_pieces(typed):
    message = say(typed)
    entries = shlex.split(message.split("--config ")[-1])
    check_arguments(["snakemake", "--config", *entries])
    assert parse_config(entries) == ENTRIES[typed]


def test_a_long_command_is_not_cut_in_the_middle():
    many = " ".join(f"results/mine/a/long/path/of/a/target/{i}.tsv" for i in range(20))
    message = say(f"-n --config datasets=[mine] {many}")
    assert message.endswith("put ' -- ' before 'results/mine/a/long/path/of/a/target/0.tsv', "
                            "at the end of the command")  # fmt: skip


BAD = [("seeds: [1]\nseeds: [2]\n", "'seeds' is there twice, in line 1 and in line 2"),
       ("seeds: " + "9" * 5000, "a number of 5,000 digits"), ("a: " + "[" * 9000, "levels"),
       ("- a", "key: value lines")]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD)
@pytest.mark.parametrize("name", ["config/config.yaml", "config/config.yml", "more.yml"])
def test_files_of_the_configuration_are_read_strictly(tmp_path, name, text, words):
    Path("config/config.yaml").unlink()
    Path(name).write_text(text)
    typed = f"-n --configfile {name}" if name == "more.yml" else "-n"
    message = say(typed)
    assert f"{name}: " in message
    assert words in message
    with pytest.raises(InputError):
        check_config_files([name])
    Path(name).write_text("seeds: [2]\n")
    check_arguments(["snakemake", *shlex.split(typed)])


def test_a_configuration_under_both_suffixes():
    Path("config/config.yml").write_text("seeds: [1]\n")
    assert "config/config.yml: there is config/config.yaml as well" in say("-n")
    Path("config/config.yaml").unlink()
    check_arguments(["snakemake", "-n"])


def test_a_file_that_is_not_there():
    assert "no.yaml: '--configfile': file not found. Check its path" in say("--configfile no.yaml")


def test_every_profile_looks_at_the_command_line_first():
    profiles = sorted((ROOT / "workflow/profiles").glob("*/profile.yaml"))
    assert len(profiles) >= 3
    for path in profiles:
        profile = yaml.safe_load(path.read_text())
        assert profile["__use_yte__"] is True
        assert "check_arguments(sys.argv)" in profile["__definitions__"][-1]
