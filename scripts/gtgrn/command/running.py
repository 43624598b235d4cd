"""Snakemake, called with the workflow of this package wherever it lies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gtgrn.config.locations import ROOT
from gtgrn.config.settings import FULL
from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import AUPRC, EDGES, PART, TEST
from gtgrn.report.judgement import against_null
from gtgrn.splits.negatives import N0
from gtgrn.tables import read_measures
from gtgrn.workflow.command import COMMAND

SNAKEFILE = ROOT / "workflow" / "Snakefile"
LOGGER = "gtgrn"
"""Name of the logger plug-in of Snakemake in the folder `scripts`."""
RESULTS = "results"


def snakemake_command(
    targets: Sequence[str],
    *,
    datasets: Sequence[str] = (),
    cores: str = "all",
    options: Sequence[str] = (),
    quiet: bool = False,
) -> list[str]:
    """Return the words that run the workflow.

    Parameters
    ----------
    targets
        Names of rules or files; none is everything.
    datasets
        Names of cards; none is what the configuration says.
    cores
        ``all`` or a number.
    options
        Further options of Snakemake.
    quiet
        Whether nothing but errors and what jobs print is shown.
    """
    if not SNAKEFILE.is_file():
        raise InputError(
            "the workflow is not beside this package",
            file=SNAKEFILE,
            remedy="Install the package from its repository (pip install .), or call it there",
        )
    words = [sys.executable, "-m", "snakemake"]
    if not Path("workflow/Snakefile").is_file() or not SNAKEFILE.samefile("workflow/Snakefile"):
        words += ["--snakefile", str(SNAKEFILE)]
    words += ["--cores", cores]
    words += ["--quiet", "all"] if quiet else ["--logger", LOGGER]
    if datasets:
        words += ["--config", f"datasets=[{', '.join(datasets)}]"]
    return [*words, *options, *(["--", *targets] if targets else [])]


def environment() -> dict[str, str]:
    """Return the environment in which Snakemake finds this package and its logger plug-in."""
    others = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    here = str(ROOT / "scripts")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([here, *others]))}


def call(words: Sequence[str], then: str | None = None) -> int:
    """Run a command to its end and return its exit status; how it is stopped is its own affair.

    Ctrl-C reaches it as it reaches this process. What ends this process alone (kill, a scheduler,
    a terminal that closes) is passed on: a run that nobody waits for would go on by itself.

    Parameters
    ----------
    words
        The command.
    then
        What it tells a person to type next, where it does.
    """
    added = {COMMAND: then} if then else {}
    started: list[subprocess.Popen] = []

    def pass_on(number: int, _: object) -> None:
        if not started:
            raise SystemExit(128 + number)
        started[0].send_signal(number)

    # nohup has a signal ignored, and it stays so.
    passed = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, pass_on) for number in passed}
    try:
        started.append(subprocess.Popen(words, env=environment() | added))
        while True:
            try:
                return started[0].wait()
            except KeyboardInterrupt:
                continue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def sum_up(results: Path, datasets: Sequence[str]) -> list[str]:
    """Return what a finished run says at its end: files, three lines a data set, the report.

    Parameters
    ----------
    results
        Folder of the results.
    datasets
        Names of the cards of the run; none is all that are in the folder. A card of simulations
        stands for several data sets, such as ``hsc_boolean-d50-r0``.
    """
    lines: list[str] = []
    for described in sorted(results.glob("*/network.json")):
        name, network = described.parent.name, described.with_name("network.tsv.gz")
        if datasets and re.sub(r"-d\d+-r\d+$", "", name) not in datasets:
            continue
        about = json.loads(verified(described).read_text(encoding="utf-8"))
        lines += ["", f"{name}: {network}", *(f"  {line}" for line in _describe(about))]
        lines += [f"  {line}" for line in _judge(results / "benchmark", name)]
    report = results / "report.html"
    if report.is_file():
        lines += ["", f"report: {report}"]
    return lines


def _describe(about: Mapping) -> list[str]:
    size = (
        f"{about['cells']:,} cells, {about['genes']:,} genes, {about['regulators']:,} regulators, "
        f"{about['pairs']:,} pairs ranked"
    )
    if about["supervised"]:
        return [size, f"ranked by GT-GRN, trained on {about['known']:,} known edges"]
    what = "other contexts" if "context" in about else "the consensus of expression-only methods"
    return [size, f"ranked by {what}: no reference, so nothing is calibrated or judged"]


WORDS = {
    "better": "on held-out edges better than the best null",
    "worse": "on held-out edges worse than the best null",
    "tie": "on held-out edges not told apart from the best null",
    "too few": "too few held-out edges to compare with the nulls",
}


def _judge(folder: Path, dataset: str) -> list[str]:
    """Return how the model that ranks stands beside the best null, by the report's one rule."""
    paths = folder / "comparisons.tsv", folder / "metrics.tsv"
    if not all(path.is_file() for path in paths):
        return []
    key = {"dataset": dataset, "split": EDGES, "method": "gtgrn", "variant": FULL}
    rows, metrics = (read_measures(path, list(key), texts=list(key)) for path in paths)
    for name, value in {**key, "negatives": N0}.items():
        rows, metrics = rows[rows[name] == value], metrics[metrics[name] == value]
    metrics = metrics[(metrics["metric"] == AUPRC) & (metrics[PART] == TEST)]
    if rows.empty or metrics.empty:
        return []
    positives = float(metrics["n_positive"].mean())
    found = against_null(rows, ("gtgrn", FULL), positives)[AUPRC]
    return [
        f"{WORDS[found['verdict']]}: {AUPRC} {metrics['value'].mean():.3f}, "
        f"difference {found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}], "
        f"{positives:.0f} edges a seed"
    ]
