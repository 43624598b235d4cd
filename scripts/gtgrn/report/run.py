"""What the page says of the whole run: time by rule, and package versions."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.report.figures import training
from gtgrn.tables import read_measures

PACKAGES = [
    "anndata", "arboreto", "dgl", "jinja2", "magic-impute", "networkx", "numpy", "pandas",
    "plotly", "scanpy", "scikit-learn", "scipy", "snakemake", "torch",
]  # fmt: skip


def describe_runtime(path: Path, datasets: Sequence[str]) -> dict | None:
    """Return time and memory by rule, the longest first; None where no job left a benchmark.

    Parameters
    ----------
    path
        ``runtime.tsv``.
    datasets
        Data sets whose jobs count.
    """
    table = read_measures(path, ["dataset", "rule", "seconds"], texts=["rule"])
    optional = [name for name in ("max_rss_mb", "threads") if name in table]
    table = table[table["dataset"].isin(datasets)]
    table = table.astype(dict.fromkeys(["seconds", *optional], float))
    if table.empty:
        return None
    if "method" in table:
        # Without --benchmark-extended the rule is missing; the job's name says as much.
        job = table["method"].astype(str).str.replace(r"_seed\d+$", "", regex=True)
        table = table.assign(rule=table["rule"].where(table["rule"].astype(str) != "", job))
    groups = table.groupby("rule")
    rules = pd.DataFrame(
        {"jobs": groups.size(), "total": groups["seconds"].sum(), "max": groups["seconds"].max()}
    )
    for name in ("max_rss_mb", "threads"):
        rules[name] = groups[name].max() if name in optional else np.nan
    rules = rules.reset_index().sort_values(["total", "rule"], ascending=[False, True])
    return {
        "rules": rules.to_dict("records"),
        "jobs": len(table),
        "total": float(table["seconds"].sum()),
        "max_rss_mb": float(rules["max_rss_mb"].max()),
        "figure": training.runtime_figure(table, datasets),
    }


def list_versions() -> dict[str, str]:
    """Return Python's version and those of the packages that are installed here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
