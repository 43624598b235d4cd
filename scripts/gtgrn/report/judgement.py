"""The part of the page that answers: does any method beat the nulls here, where, and by how much.

Made from the tables under ``benchmark/`` and the data sets' folders ``evaluation/``; nothing
here computes a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.names import AUPRC
from gtgrn.report.figures.forest import forest_figure, trust_figure
from gtgrn.report.verdicts import (
    BEST_NULL,
    LEAST_POSITIVES,
    QUESTIONS,
    Method,
    over_seeds,
    trust,
)
from gtgrn.splits.negatives import N0, N3
from gtgrn.tables import read_measures


def without_nulls(comparisons: pd.DataFrame, settings: Mapping) -> pd.DataFrame:
    """Leave out the rows of nulls, and of models whose features were destroyed."""
    variants = settings["variants"]
    controls = [name for name in variants if variants[name].get("control", "none") != "none"]
    if comparisons.empty:
        return comparisons
    return comparisons[~comparisons["variant"].isin(["null_model", *controls])]


def against_null(comparisons: pd.DataFrame, main: Method, positives: float) -> dict[str, dict]:
    """Return metric -> the model against the best null on all negatives of the test part.

    Parameters
    ----------
    comparisons, main, positives
        See :func:`judge_block`.
    """
    own = comparisons[
        (comparisons["method"] == main[0])
        & (comparisons["variant"] == main[1])
        & (comparisons["rival"] == BEST_NULL)
        & (comparisons["negatives"] == N0)
    ]
    return {metric: over_seeds(rows, positives) for metric, rows in own.groupby("metric")}


def judge_block(
    comparisons: pd.DataFrame, label: Callable[[Method], str], main: Method, positives: float
) -> dict | None:
    """Answer the question for one data set and split.

    Parameters
    ----------
    comparisons
        Rows of comparisons.tsv of one data set and split, nulls left out.
    label
        Name to print of a method.
    main
        The model of the final network.
    positives
        Known edges in the test part, the mean over seeds.

    Returns
    -------
    dict or None
        answer (a sentence), trust (see :func:`gtgrn.report.verdicts.trust`) with its picture, rows
        (one per metric: title, rivals by kind, winners) and the figure; None where nothing was
        compared.
    """
    rows, answers = [], []
    for (negatives, metric), title in QUESTIONS.items():
        own = comparisons[
            (comparisons["negatives"] == negatives) & (comparisons["metric"] == metric)
        ]
        if not (own["rival"] == BEST_NULL).any():
            continue
        rows.append({"title": title, **_judge_metric(own, label, main, positives)})
        if negatives != N3:
            answers.append(f"{title}: {_answer(rows[-1]['winners'], rows[-1]['compared'])}")
    if not rows:
        return None
    if positives < LEAST_POSITIVES:
        answers = [
            f"Nothing can be decided: a test part holds {positives:.0f} known edges, and below "
            f"{LEAST_POSITIVES} chance alone moves every measure too far."
        ]
    return {
        "answer": " ".join(answers),
        "trust": trust(rows, label(main)),
        "picture": trust_figure(comparisons, label, main, positives),
        "rows": rows,
        "figure": forest_figure(comparisons, label, main, positives),
    }


def _judge_metric(
    comparisons: pd.DataFrame, label: Callable[[Method], str], main: Method, positives: float
) -> dict:
    """Return model (rival -> the main model against it), winners, compared and nulls."""
    against = comparisons[comparisons["rival"] == BEST_NULL]
    joined = {
        key: over_seeds(table, positives) for key, table in against.groupby(["method", "variant"])
    }
    winners = sorted(
        (key for key, found in joined.items() if found["verdict"] == "better"),
        key=lambda key: (-joined[key]["mean"], key),
    )
    own = (comparisons["method"] == main[0]) & (comparisons["variant"] == main[1])
    return {
        "model": {
            kind: over_seeds(table, positives) for kind, table in comparisons[own].groupby("rival")
        },
        "winners": [f"{label(key)} ({joined[key]['mean']:+.3f})" for key in winners],
        "compared": len(joined),
        "nulls": joined[next(iter(joined))]["rivals"],
    }


def _answer(names: list[str], compared: int) -> str:
    if not names:
        return f"none of {compared} methods beats the best null."
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} of {compared} beat it: {shown}."


def read_comparisons(results: Path) -> pd.DataFrame:
    """Read benchmark/comparisons.tsv; empty where the run has none."""
    return _read_if_there(results / "benchmark" / "comparisons.tsv")


def read_ranks(results: Path) -> list[dict]:
    """Read benchmark/ranks.tsv: one dictionary per metric with the methods, best first."""
    table = _read_if_there(results / "benchmark" / "ranks.tsv", ["groups"])
    if table.empty:
        return []
    return [
        {
            "split": split,
            "title": QUESTIONS.get((negatives, metric), metric),
            "datasets": int(rows["datasets"].iloc[0]),
            "critical": float(rows["critical_difference"].iloc[0]),
            "p": float(rows["friedman_p"].iloc[0]),
            "rows": rows.to_dict("records"),
        }
        for (split, negatives, metric), rows in table.groupby(["split", "negatives", "metric"])
    ]


def describe_reconstruction(folder: Path, split: str, label: Callable[[Method], str]) -> dict:
    """Return the tables of whole networks: reconstruction, characteristics, stability.

    Parameters
    ----------
    folder
        The data set's results.
    split
        Scheme whose models are shown.
    label
        Name to print of a method.

    Returns
    -------
    dict
        reconstruction, characteristics and stability: lists of rows, empty without a file;
        stability_genes: among how many genes, where these are not all.
    """
    files = folder / "evaluation" / split
    characteristics = _read_if_there(files / "characteristics.tsv")
    if len(characteristics):
        characteristics["network"] = [
            label(_as_method(name)) if "/" in name else name for name in characteristics["network"]
        ]
    return {
        "reconstruction": _reconstruction_rows(files / "reconstruction.tsv", label),
        "characteristics": characteristics.to_dict("records"),
        "stability": _stability(
            folder / "evaluation" / "stability.tsv", files / "agreement.tsv", label
        ),
        "stability_genes": _drawn_genes(folder),
    }


def _drawn_genes(folder: Path) -> int | None:
    """Return the number of genes that stability was measured among, None where it is all."""
    measured, genes = (
        _read_if_there(folder / name) for name in ("evaluation/stability.tsv", "genes.tsv")
    )
    drawn = int(measured["genes"].max()) if "genes" in measured else len(genes)
    return drawn if drawn < len(genes) else None


def _as_method(name: str) -> Method:
    method, _, variant = name.partition("/")
    return method, variant


def _reconstruction_rows(path: Path, label: Callable[[Method], str]) -> list[dict]:
    """Return a row per method, the best on pairs that it was not trained on first."""
    table = _read_if_there(path)
    rows = []
    for (method, variant), own in table.groupby(["method", "variant"]) if len(table) else ():
        cells: dict[tuple[str, str], float] = {
            (pairs, metric): float(values["value"].mean())
            for (pairs, metric), values in own.groupby(["pairs", "metric"])
        }
        # Methods without a value stand last.
        order = -cells.get(("untrained", AUPRC), -1), label((method, variant))
        trained = bool(own["trained_pairs"].max() > 0)
        rows.append((order, {"label": order[1], "trained": trained, "cells": cells}))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _stability(
    stability: Path, agreement: Path, label: Callable[[Method], str]
) -> dict[str, dict[str, dict]]:
    """Return by method what its networks differ in -> their agreement."""
    stable: dict[str, dict[str, dict]] = {}
    for row in _read_if_there(stability).to_dict("records"):
        stable.setdefault(row["method"], {})[row["between"]] = row
    seeds = _read_if_there(agreement)
    if len(seeds):
        own = seeds[seeds["between"].str.startswith("seeds of ")]
        for between, values in own.groupby("between"):
            means = values[["jaccard", "spearman"]].mean()
            name = label(_as_method(between.removeprefix("seeds of ")))
            stable.setdefault(name, {})["seeds"] = means.to_dict()
    return stable


def _read_if_there(path: Path, texts: Sequence[str] = ()) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame()
    table = read_measures(path, texts=texts)
    return table.astype(dict.fromkeys(table.select_dtypes("number"), float))


def label_of(settings: Mapping) -> Callable[[Method], str]:
    """Return the function that names a method in print."""

    def label(key: Method) -> str:
        method, variant = key
        if variant == "network":
            return method
        if variant == "null_model":
            return f"{method} (null)"
        return f"{'GT-GRN' if method == 'gtgrn' else method} {variant}"

    return label
