"""Time and memory of the workflow's jobs, from Snakemake's benchmark files."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gtgrn.errors import InputError

COLUMNS = ["dataset", "rule", "method", "seconds", "max_rss_mb", "threads", "gpu"]


def read_benchmarks(
    folder: str | Path, datasets: Collection[str], seeds: Collection[int] | None = None
) -> pd.DataFrame:
    """Read the benchmark files (``.jsonl``) of some data sets.

    Parameters
    ----------
    folder
        Snakemake's folder of benchmarks, with one folder per data set.
    datasets
        Names of the data sets; files of others, left by earlier runs, are not read.
    seeds
        The seeds of the run; a job of another seed (its name ends in ``_seed<n>``) is left
        out. None reads all.

    Returns
    -------
    pandas.DataFrame
        dataset, rule, method (the job: the file's name without its suffix), seconds (wall),
        max_rss_mb (MB, missing for a job too short to be sampled), threads and gpu (used and
        requested). Rule, threads and gpu are missing where Snakemake ran without
        ``--benchmark-extended``.

    Raises
    ------
    InputError
        If a file is not a benchmark of Snakemake.
    """
    rows = []
    for dataset in datasets:
        for path in sorted(Path(folder, dataset).glob("*.jsonl")):
            seed = re.search(r"_seed(\d+)$", path.stem)
            if seeds is None or seed is None or int(seed.group(1)) in seeds:
                rows += _read(dataset, path)
    kinds = {"seconds": float, "max_rss_mb": float, "threads": "Int64", "gpu": "Int64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)


def _read(dataset: str, path: Path) -> list[dict]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_row(dataset, path.stem, json.loads(line)) for line in lines]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"not a benchmark of Snakemake ({error})", file=path, remedy="Delete it"
        ) from error


def _row(dataset: str, job: str, record: dict) -> dict:
    extended = "rule_name" in record
    return {
        "dataset": dataset,
        "rule": record["rule_name"] if extended else None,
        "method": job,
        "seconds": float(record["s"]),
        "max_rss_mb": float(pd.to_numeric(record["max_rss"], errors="coerce")),
        "threads": int(record["threads"]) if extended else None,
        "gpu": int(record["resources"].get("gpu", 0)) if extended else None,
    }
