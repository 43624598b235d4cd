"""Time and memory of the workflow's jobs, from Snakemake's benchmark files."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gtgrn.errors import InputError

COLUMNS = ["dataset", "rule", "method", "seconds", "max_rss_mb", "threads", "gpu"]


def read_benchmarks(folder: str | Path, datasets: Collection[str]) -> pd.DataFrame:
    """Read the benchmark files (``.jsonl``) of some data sets.

    Parameters
    ----------
    folder
        Snakemake's folder of benchmarks, with one folder a data set.
    datasets
        Names of the data sets; files of others, left by earlier runs, are not read.

    Returns
    -------
    pandas.DataFrame
        dataset, rule, method (the job: the file's name without its suffix), seconds (wall),
        max_rss_mb (MB, missing for a job too short to be sampled), threads and gpu (used and
        requested).
    """
    rows = []
    for dataset in datasets:
        for path in sorted(Path(folder, dataset).glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                rows.append(_row(dataset, path, line))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(dataset: str, path: Path, line: str) -> dict:
    try:
        record = json.loads(line)
        return {
            "dataset": dataset,
            "rule": record["rule_name"],
            "method": path.stem,
            "seconds": float(record["s"]),
            "max_rss_mb": pd.to_numeric(record["max_rss"], errors="coerce"),
            "threads": int(record["threads"]),
            "gpu": int(record["resources"].get("gpu", 0)),
        }
    except (json.JSONDecodeError, KeyError, ValueError) as error:
        raise InputError(
            f"not a benchmark of Snakemake ({error})", file=path, remedy="Delete it"
        ) from error
