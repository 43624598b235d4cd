"""Where the results come from: command, commit, checksums, files, and the leakage audit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gtgrn.manifest import entry_of
from gtgrn.plugins import PACKAGE
from gtgrn.tables import read_measures

DATASET_FILES = {
    "network.tsv.gz": "Every pair of a regulator and a gene, best first: the network.",
    "network.graphml": "Its strongest edges, for Cytoscape or networkx.",
    "network.json": "Cells, genes, regulators, pairs, and what the ranking rests on.",
    "expression.h5ad": "The cells and genes after filters and normalisation (AnnData).",
    "reference.tsv": "The known edges that were used.",
    "input_summary.txt": "What was read, what was dropped, and why.",
    "groups.tsv": "Groups of cells that have networks of their own.",
    "comparison/summary.tsv": "Conditions compared: what differs.",
    "reliability.tsv": "Predicted against observed frequency, behind the calibration figure.",
    "evaluation/stability.tsv": "Agreement of each method with itself.",
    "biology/regulons.gmt": "Regulons, for decoupler and enrichment tools.",
    "biology/adjacencies.tsv": "The same for pySCENIC.",
}
RUN_FILES = {
    "benchmark/table.tsv": "One row a method: mean, spread over seeds, difference to the nulls.",
    "benchmark/metrics.tsv": "Every method, null and variant on the same test pairs.",
    "benchmark/comparisons.tsv": "Differences with their intervals, behind every verdict here.",
    "benchmark/runtime.tsv": "Time and memory of every job.",
}
"""File, relative to a data set's folder or to the results -> what it holds."""
DIRECTORIES = {"networks": "Networks of the expression-only methods, with engine and options."}


def list_results(results: Path, datasets: Sequence[str]) -> list[dict[str, str]]:
    """Return the files that are there, with what they hold and the sha256 of the manifest."""
    listed = list(RUN_FILES.items())
    for dataset in datasets:
        listed += [(f"{dataset}/{name}", content) for name, content in DATASET_FILES.items()]
    rows = [
        {"path": name, "content": content, "sha256": _recorded(results / name)}
        for name, content in listed
        if (results / name).is_file()
    ]
    for dataset in datasets:
        for name, content in DIRECTORIES.items():
            if (results / dataset / name).is_dir():
                rows.append({"path": f"{dataset}/{name}/", "content": content, "sha256": ""})
    return rows


def _recorded(path: Path) -> str:
    """Return the sha256 that the manifest has of a file; empty without an entry."""
    entry = entry_of(path)
    return entry.read_text(encoding="utf-8").split(maxsplit=1)[0] if entry.is_file() else ""


def find_commit(folder: Path = PACKAGE) -> str:
    """Return the commit of the code, marked where files differ from it; empty outside git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def read_audit(folder: Path) -> list[dict]:
    """Return the leakage audits of a data set: a dictionary a split.

    Parameters
    ----------
    folder
        The data set's results.

    Returns
    -------
    list of dict
        split, lines (number of checks made), findings (rows), and checks: for each kind of check
        how many artefacts were checked, what was counted and what was found.
    """
    audits = []
    for path in sorted(folder.glob("evaluation/*/audit.tsv")):
        table = read_measures(path, ["check", "artefact"], texts=["finding", "detail", "artefact"])
        found = table["finding"].astype(str) == "True"
        checks = [
            {
                "check": check,
                "artefacts": int(rows["artefact"].nunique()),
                "lines": len(rows),
                "count": int(pd.to_numeric(rows["count"]).sum()),
                "findings": int(found[rows.index].sum()),
                "excused": ", ".join(sorted(set(rows.loc[_excused(rows, found), "detail"]))),
            }
            for check, rows in table.groupby("check", sort=False)
        ]
        audits.append(
            {
                "split": path.parent.name,
                "lines": len(table),
                "findings": table[found].to_dict("records"),
                "checks": checks,
            }
        )
    return audits


def _excused(rows: pd.DataFrame, found: pd.Series) -> pd.Series:
    """Return which rows counted something that is no finding, for a reason that they give."""
    return (pd.to_numeric(rows["count"]) > 0) & ~found[rows.index]
