"""What a run says: stages, time left, errors with the next step, and its end."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import snakemake_logger_plugin_gtgrn as plugin
from command_cases import call
from gtgrn.command import running
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_logger_plugin_gtgrn.stages import STAGES, Progress, spell_time, stage_of

ROOT = Path(__file__).parents[3]


def rules_of_the_workflow() -> set[str]:
    """Return the names of rules that stand in the text, and a name for each made in a loop."""
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    text += (ROOT / "workflow/Snakefile").read_text()
    return set(re.findall(r"^\s*rule (\w+):", text, flags=re.M)) | {
        *("infer_clr", "gather_genie3", "train_gnnlink", "train_peers")
    }


def test_every_rule_has_a_stage():
    assert len(rules_of_the_workflow()) > 70
    patterns = [re.compile(rules) for rules in STAGES.values()]
    targets = re.findall(r"^rule (\w+):", (ROOT / "workflow/Snakefile").read_text(), flags=re.M)
    for rule in rules_of_the_workflow() - set(targets):
        assert any(pattern.fullmatch(rule) for pattern in patterns), rule
    for targets_stage in map(stage_of, targets):
        assert targets_stage == "report"


def test_every_target_is_described():
    """``snakemake --list`` shows the docstring of a rule beside its name."""
    text = (ROOT / "workflow/Snakefile").read_text() + (
        ROOT / "workflow/rules/paper.smk"
    ).read_text()
    targets = re.findall(r"^rule (\w+):\n    (.*)", text, flags=re.M)
    named = dict(targets)
    # The rules of the paper that only collect are targets too.
    for name in (*re.findall(r"^rule (\w+):", (ROOT / "workflow/Snakefile").read_text(), re.M),
                 "table3", "fig4", "fig5", "table5", "fig6", "table6", "paper"):  # fmt: skip
        assert re.fullmatch(r'"""[^"]{10,90}\."""', named[name]), name


def test_time_left_counts_what_each_rule_takes_and_how_many_run_at_once():
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.plan({"quick": 10, "slow": 4, "total": 14})
    for job in range(14):
        progress.rules[job] = "quick" if job < 10 else "slow"
    # Two at a time: five pairs of quick jobs take a second each.
    for pair in range(5):
        progress.start(2 * pair)
        progress.start(2 * pair + 1)
        now[0] += 1.0
        progress.finish(2 * pair)
        progress.finish(2 * pair + 1)
    assert progress.count() == (10, 14)
    progress.start(10)
    progress.start(11)
    now[0] += 10.0
    progress.finish(10)
    progress.finish(11)
    # Two slow jobs of ten seconds, at the 30 job seconds in 15 seconds that there were.
    assert progress.left() == pytest.approx(10.0)
    assert progress.passed() == 15.0


def test_times_are_spelt():
    assert [spell_time(s) for s in (40, 420, 7500)] == ["40 s", "7 min", "2 h 05 min"]


@pytest.fixture
def terminal(monkeypatch):
    """A handler that writes to memory, and the text so far."""
    settings = SimpleNamespace(stdout=False, dryrun=False, quiet=None, nocolor=True)
    stream = io.StringIO()
    monkeypatch.setattr(plugin.sys, "stderr", stream)
    handler = plugin.LogHandler(settings, None)

    def say(event=None, message="", level=logging.INFO, **about) -> str:
        record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
        record.__dict__.update(about | ({} if event is None else {"event": event}))
        handler.emit(record)
        return stream.getvalue()

    return say


def test_a_run_is_a_few_lines(terminal):
    rules = ["preprocess_expression", *["infer_clr"] * 40, *["train_gtgrn"] * 40, "build_report"]
    counts = dict(pd.Series(rules).value_counts())
    terminal(LogEvent.RUN_INFO, stats={**counts, "total": len(rules)})
    for job, rule in enumerate(rules):
        terminal(LogEvent.JOB_INFO, jobid=job, rule_name=rule)
        terminal(LogEvent.JOB_STARTED, jobs=[job])
        text = terminal(LogEvent.JOB_FINISHED, job_id=job)
    terminal(message="Complete log(s): there.log")
    lines = text.splitlines()
    assert lines[0] == "82 steps"
    assert [line.split(":")[0] for line in lines[1:]] == [
        *("data", "expression-only networks", "models", "report")
    ]
    assert "40 of 40 done" in lines[2]
    assert max(map(len, lines)) <= 100


def test_an_error_names_its_log_and_the_next_step(terminal, tmp_path):
    log = tmp_path / "train.log"
    log.write_text("starting\nInputError: mine.yaml: 'seed': no number. Give one\n")
    about = {"jobid": 3, "rule_name": "train_gtgrn", "output": ["scores.tsv.gz"]}
    terminal(LogEvent.JOB_ERROR, level=logging.ERROR, log=[str(log)], **about)
    terminal(message="a warning", level=logging.WARNING)
    text = terminal(message="a warning", level=logging.WARNING)
    text = terminal(message="Complete log(s): there.log")
    assert "failed: train_gtgrn, which makes scores.tsv.gz" in text
    assert "InputError: mine.yaml" in text
    assert "starting" not in text
    assert str(log) in text
    assert "give the same command again" in text
    assert text.count("a warning") == 1
    assert "there.log" in text


def test_the_end_names_files_and_how_far_to_trust(tmp_path):
    own = tmp_path / "mine"
    own.mkdir()
    (own / "network.tsv.gz").touch()
    about = {"cells": 700, "genes": 30, "regulators": 6, "pairs": 1740, "supervised": True}
    (own / "network.json").write_text(json.dumps({**about, "known": 40}))
    (tmp_path / "report.html").touch()
    (tmp_path / "benchmark").mkdir()
    key = {"dataset": "mine", "split": "edges", "method": "gtgrn", "variant": "full"}
    key |= {"negatives": "N0", "metric": "AUPRC"}
    rival = {"rival": "best null", "rival_method": "tf_rate", "rival_variant": "null_model"}

    def end(low, high, positives=40):
        pd.DataFrame(
            [key | rival | {"seed": 0, "difference": 0.1, "low": low, "high": high}]
        ).to_csv(tmp_path / "benchmark/comparisons.tsv", sep="\t", index=False)
        pd.DataFrame(
            [key | {"part": "test", "seed": 0, "value": 0.25, "n": 400, "n_positive": positives}]
        ).to_csv(tmp_path / "benchmark/metrics.tsv", sep="\t", index=False)
        return running.sum_up(tmp_path, ["mine"])

    lines = end(-0.1, 0.3)
    assert str(own / "network.tsv.gz") in lines[1]
    assert "700 cells, 30 genes, 6 regulators" in lines[2]
    assert "trained on 40 known edges" in lines[3]
    assert "not told apart from the best null" in lines[4]
    assert lines[-1].endswith("report.html")
    assert len(running.sum_up(tmp_path, ["other"])) == 2
    assert len(running.sum_up(tmp_path, [])) == len(lines)
    # The words follow the interval, not the sign of the difference.
    assert "better than the best null" in end(0.02, 0.3)[4]
    assert "worse than the best null" in end(-0.3, -0.02)[4]
    # And nothing is decided on few edges, as in the report.
    assert "too few held-out edges" in end(0.02, 0.3, positives=6)[4]


def test_the_command_that_runs_the_workflow(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = running.snakemake_command(["report"], datasets=["a", "b"], cores="2")
    assert words[1:3] == ["-m", "snakemake"]
    assert words[words.index("--snakefile") + 1] == str(ROOT / "workflow/Snakefile")
    assert words[words.index("--config") + 1] == "datasets=[a, b]"
    assert words[-2:] == ["--", "report"]
    monkeypatch.chdir(ROOT)
    assert "--snakefile" not in running.snakemake_command([])


def test_help_lists_every_command_with_what_it_does():
    text = call("--help").output
    for name in ("init", "validate", "run", "show", "predict", "export"):
        assert re.search(rf"^  {name} +\w+", text, flags=re.M), name
