"""The part of the page that answers: does any method beat the nulls here, where, and by how much.

Made from the tables under ``benchmark/`` and the data sets' folders ``evaluation/``; nothing
here computes a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gtgrn.names import AUPRC, AUROC, WIN_RATE, WITHIN_TF
from gtgrn.report import style
from gtgrn.splits.negatives import N0, N3, N3M
from gtgrn.tables import read_measures

QUESTIONS = {
    (N0, AUROC): "AUROC",
    (N0, AUPRC): "AUPRC",
    (N0, WITHIN_TF): "AUROC within TF",
    (N3M, WIN_RATE): "N3m win rate",
    (N3, WIN_RATE): "N3 win rate",
}
"""(negatives, metric) -> heading."""
BEST_NULL = "best null"
LEAST_POSITIVES = 20
"""Known edges in a test part below which nothing is decided: with 19, an AUROC of .7 has a
standard error of .06 or more (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747)."""
FOREST_ROWS = 12
"""Most methods that a figure shows: those with the largest differences."""

Method = tuple[str, str]


def over_seeds(rows: pd.DataFrame, positives: float) -> dict:
    """Join one method's comparisons of all seeds: mean, widest interval, verdict.

    This is the page's one rule of evidence. ``better`` (``worse``) only if the interval of every
    seed lies above (below) zero; ``too few`` where the test parts hold fewer known edges than
    :data:`LEAST_POSITIVES`, whatever the intervals are.

    Parameters
    ----------
    rows
        Rows of comparisons.tsv of one method, rival and metric, a row a seed.
    positives
        Known edges in the test part, the mean over seeds.
    """
    low, high = rows["low"].min(), rows["high"].max()
    verdict = "better" if low > 0 else "worse" if high < 0 else "tie"
    if positives < LEAST_POSITIVES:
        verdict = "too few"
    rivals = rows["rival_method"].where(
        rows["rival_variant"].isin(["null_model", "network"]),
        rows["rival_method"] + " " + rows["rival_variant"],
    )
    return {
        "mean": float(rows["difference"].mean()),
        "low": float(low),
        "high": float(high),
        "verdict": verdict,
        "seeds": len(rows),
        "rivals": ", ".join(sorted(set(rivals))),
    }


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
        answer (a sentence), trust (one on the network of the main model), rows (one per metric:
        title, rivals by kind, winners) and the figure; None where nothing was compared.
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
        "trust": _trust(rows, label(main)),
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


def _trust(rows: Sequence[Mapping], model: str) -> str:
    """Say beside the network what the judgement of its model means for it."""
    found = {
        row["title"]: row["model"][BEST_NULL]["verdict"]
        for row in rows
        if BEST_NULL in row["model"]
    }
    better = [title for title, verdict in found.items() if verdict == "better"]
    if better:
        others = [title for title in found if title not in better]
        but = f", and not in {', '.join(others)}" if others else ""
        return (
            f"{model}, which ranks this network, beats the best null in {', '.join(better)}{but}."
        )
    if "too few" in found.values():
        return (
            f"{model}, which ranks this network, was judged on too few known edges to be trusted."
        )
    return (
        f"{model}, which ranks this network, beats the best null in no measure: how many known "
        "targets a regulator has, and how often a gene is one, say as much about the test pairs."
    )


def _answer(names: list[str], compared: int) -> str:
    if not names:
        return f"none of {compared} methods beats the best null."
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} of {compared} beat it: {shown}."


def forest_figure(
    comparisons: pd.DataFrame, label: Callable[[Method], str], main: Method, positives: float
) -> go.Figure | None:
    """Draw each method's difference to the best null with its interval, one panel per metric.

    Parameters
    ----------
    comparisons, label, main, positives
        See :func:`judge_block`.
    """
    panels = _panels(comparisons)
    if not panels:
        return None
    keys = _drawn_methods(panels[min(1, len(panels) - 1)][1], main)
    figure = make_subplots(
        1, len(panels), shared_yaxes=True, subplot_titles=[title for title, _ in panels],
        horizontal_spacing=0.03,
    )  # fmt: skip
    for column, (_, table) in enumerate(panels, start=1):
        joined = {
            key: over_seeds(rows, positives) for key, rows in table.groupby(["method", "variant"])
        }
        figure.add_trace(
            _differences({key: joined[key] for key in keys if key in joined}, label, main),
            row=1,
            col=column,
        )
        figure.add_vline(x=0, line={"color": style.INK, "width": 1}, row=1, col=column)
    style.polish(figure, 110 + 24 * len(keys), margin={"l": 170, "r": 16, "t": 40, "b": 46})
    figure.update_xaxes(title_text="difference to the best null", title_font_size=11, nticks=4)
    figure.update_yaxes(automargin=True)
    return figure


def _panels(comparisons: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return (heading, rows against the best null) of each question that was compared."""
    panels = [
        (title, comparisons[
            (comparisons["negatives"] == negatives)
            & (comparisons["metric"] == metric)
            & (comparisons["rival"] == BEST_NULL)
        ])
        for (negatives, metric), title in QUESTIONS.items()
        if negatives != N3
    ]  # fmt: skip
    return [(title, table) for title, table in panels if len(table)]


def _drawn_methods(ranked: pd.DataFrame, main: Method) -> list[Method]:
    """Return the methods of the largest mean differences, ascending, the main model among them."""
    means = ranked.groupby(["method", "variant"])["difference"].mean().sort_values()
    keys = [key for key in means.index if key != main][-FOREST_ROWS + 1 :]
    return sorted([*keys, *([main] if main in means.index else [])], key=lambda key: means[key])


def _differences(
    found: Mapping[Method, dict], label: Callable[[Method], str], main: Method
) -> go.Scatter:
    """Return the trace of one panel: a mark per method with its interval."""
    values = list(found.values())
    return go.Scatter(
        x=[one["mean"] for one in values],
        y=[style.safe(label(key)) for key in found],
        error_x={
            "type": "data",
            "array": [one["high"] - one["mean"] for one in values],
            "arrayminus": [one["mean"] - one["low"] for one in values],
            "color": style.GREY,
            "thickness": 1.2,
            "width": 3,
        },
        mode="markers",
        marker={
            "size": 8,
            "color": [style.ACCENT if key == main else style.GREY for key in found],
            "symbol": [
                "circle" if one["verdict"] == "better" else "circle-open" for one in values
            ],
            "line": {"width": 1.6},
        },
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        showlegend=False,
    )


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
        reconstruction, characteristics and stability: lists of rows, empty without a file.
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
    }


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
