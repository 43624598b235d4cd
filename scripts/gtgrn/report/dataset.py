"""What the page says of one data set: its card, scores, training and network."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from gtgrn.config.cards import cell_type_column
from gtgrn.config.settings import main_split, variant_options
from gtgrn.data.summary import describe_choice
from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import HEADLINE
from gtgrn.report import judgement, style
from gtgrn.report.elsewhere import describe_context
from gtgrn.report.figures import benchmark, training
from gtgrn.report.figures.comparison import (
    METRICS,
    MODEL,
    RANKED_BY,
    Block,
    ablation_rows,
    calibration_rows,
    compare,
)
from gtgrn.report.final_network import describe_network
from gtgrn.report.provenance import read_audit
from gtgrn.splits.negatives import N0
from gtgrn.tables import read_measures


def describe_dataset(
    results: Path,
    name: str,
    card: dict,
    metrics: pd.DataFrame,
    comparisons: pd.DataFrame,
    settings: dict,
) -> dict:
    """Return what the template shows of a data set.

    Parameters
    ----------
    results
        Folder of the run's results.
    name, card
        The data set.
    metrics, comparisons
        Rows of ``metrics.tsv`` and ``comparisons.tsv``, of any data sets.
    settings
        The run's configuration.

    Raises
    ------
    InputError
        If a file that every run has is absent or damaged.
    """
    folder = results / name
    summary = _read_summary(folder / "network.json")
    record, cell_types = _read_expression(folder / "expression.h5ad", card)
    own = metrics[metrics["dataset"] == name]
    judged = comparisons[comparisons["dataset"] == name] if len(comparisons) else comparisons
    return {
        "name": name,
        "card": card,
        "summary": summary,
        "record": record,
        "chosen": describe_choice(
            record.get("settings", {}), summary["regulators"] == summary["genes"]
        ),
        "warnings": _read_warnings(folder / "input_warnings.txt"),
        "cell_types": cell_types,
        "blocks": [
            _describe_block(folder, split, negatives, Block(table, settings), judged, settings)
            for (split, negatives), table in own.groupby(["split", "negatives"])
        ],
        "training": _training_figure(folder, settings),
        "reliability": _reliability(folder / "reliability.tsv"),
        "network": describe_network(results, name, card, summary, settings),
        "elsewhere": describe_context(summary),
        "judged": _judge(judged, own, settings),
        "audits": read_audit(folder),
        "whole": judgement.describe_reconstruction(
            folder, main_split(settings), judgement.label_of(settings)
        ),
    }


def _judge(comparisons: pd.DataFrame, metrics: pd.DataFrame, settings: dict) -> list[dict]:
    """Return for each split whether any method beats the nulls, and what it means here."""
    if comparisons.empty:
        return []
    label, main = judgement.label_of(settings), (MODEL, settings["network"]["variant"])
    judged = []
    for split, rows in comparisons.groupby("split"):
        block = Block(metrics[metrics["split"] == split], settings)
        positives = float(np.mean(_per_seed(block.table, "n_positive")))
        found = judgement.judge_block(rows, label, main, positives)
        if found:
            judged.append({"split": split, "model": label(main), **found})
    return judged


def _read_summary(path: Path) -> dict:
    path = verified(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"not readable ({type(error).__name__})",
            file=path,
            remedy="Delete it and run the workflow again",
        ) from error


def _read_warnings(path: Path) -> list[str]:
    """Return what was said of names that do not meet; nothing where there is no such file."""
    return verified(path).read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _read_expression(path: Path, card: dict) -> tuple[dict, dict]:
    """Return what preprocessing recorded and the cells per type, without reading the matrix."""
    path = verified(path)
    try:
        with h5py.File(path) as file:
            record = ad.io.read_elem(file["uns/gtgrn"])
            obs = ad.io.read_elem(file["obs"])
    except (OSError, KeyError) as error:
        raise InputError(
            f"not readable ({type(error).__name__})",
            file=path,
            remedy="Delete it and run the workflow again",
        ) from error
    column = cell_type_column(card)
    types = obs[column].value_counts() if column in obs else pd.Series(dtype=int)
    return record, {str(kind): int(n) for kind, n in types.items() if n}


def _describe_block(
    folder: Path,
    split: str,
    negatives: str,
    block: Block,
    comparisons: pd.DataFrame,
    settings: dict,
) -> dict:
    methods = block.methods()
    best_null = block.best(style.NULL, RANKED_BY)
    has_main = block.main in block.keys
    positives = float(np.mean(_per_seed(block.table, "n_positive")))
    against = {}
    if len(comparisons):
        rows = comparisons[comparisons["split"] == split]
        against = judgement.against_null(rows, block.main, positives)
    figure = None
    files = [
        folder / "evaluation" / split / f"seed{seed}.curves.tsv.gz" for seed in settings["seeds"]
    ]
    files = [path for path in files if path.exists()]
    # The curves on file are those against all negatives.
    if files and negatives == N0:
        curves = pd.concat(read_measures(path) for path in files)
        figure = benchmark.curves_figure(curves, methods, block.density, best_null)
    return {
        "split": split,
        "negatives": negatives,
        "headline": negatives == N0 and has_main,
        "seeds": block.seeds,
        "pairs": _per_seed(block.table, "n"),
        "positives": _per_seed(block.table, "n_positive"),
        "density": block.density,
        "metrics": block.metrics,
        "methods": methods,
        "comparison": compare(block, against) if has_main else None,
        "curves": figure,
        "ablation": _ablation(block) if has_main else None,
        "calibration": calibration_rows(block) if has_main else [],
    }


def _per_seed(table: pd.DataFrame, column: str) -> list[int]:
    whole = table[table["metric"] == RANKED_BY].drop_duplicates("seed").sort_values("seed")
    return [int(value) for value in whole[column]]


def _ablation(block: Block) -> dict | None:
    rows = ablation_rows(block)
    if not rows:
        return None
    lines = {}
    for metric in HEADLINE:
        null = block.best(style.NULL, metric)
        lines[metric] = {f"mean of {block.main[1]}": block.mean(block.main, metric)}
        if null is not None:
            lines[metric]["best null (of each metric)"] = block.mean(null, metric)
    titles = {metric: METRICS[metric] for metric in HEADLINE}
    figure = benchmark.ablation_figure(rows, titles, lines)
    others = {row["label"]: row["others"] for row in rows}
    confounded = [row["label"] for row in rows if row["others"] != others[row["base"]]]
    return {
        "main": block.main[1],
        "rows": rows,
        "figure": figure,
        "with_others": any(row["others"] for row in rows),
        "confounded": confounded,
    }


def _training_figure(folder: Path, settings: dict) -> go.Figure | None:
    variant, split = settings["network"]["variant"], main_split(settings)
    model = f"models/{MODEL}/{variant}/{split}/seed{{}}/history.tsv"
    panels = [
        (f"GT-GRN {style.safe(variant)}: validation AUPRC", "auprc", model),
        (f"GT-GRN {style.safe(variant)}: loss", "loss", model),
        ("BERT over the walks: loss", "loss", "embeddings/global/seed{}.history.tsv"),
        ("VAE of the expression: ELBO", "elbo", "embeddings/expression/seed{}.history.tsv"),
    ]
    drawn = []
    for title, quantity, pattern in panels:
        histories: dict[str, pd.DataFrame] = {}
        for seed in settings["seeds"]:
            path = folder / pattern.format(seed)
            if path.exists():
                histories |= _by_member(seed, read_measures(path, ["epoch"]).astype(float))
        if histories:
            chosen = {run: _kept_epoch(table, settings) for run, table in histories.items()}
            chosen = chosen if pattern == model else {}
            drawn.append(
                {"title": title, "quantity": quantity, "histories": histories, "chosen": chosen}
            )
    return training.histories_figure(drawn) if drawn else None


def _by_member(seed: int, history: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the history of each network of an ensemble."""
    if "member" not in history:
        return {f"seed {seed}": history}
    return {f"seed {seed}, network {int(n)}": rows for n, rows in history.groupby("member")}


def _kept_epoch(history: pd.DataFrame, settings: dict) -> float | None:
    """Return the epoch whose checkpoint GT-GRN kept: the first best by its own measure."""
    options = variant_options(settings, settings["network"]["variant"])
    measure = options.get("select_by", "auprc")
    values = history.get(f"{training.VALIDATION}_{measure}")
    if values is None or values.isna().all():
        return None
    best = values.idxmin() if measure == "loss" else values.idxmax()
    return history.loc[best, "epoch"]


def _reliability(path: Path) -> go.Figure | None:
    if not path.exists():
        return None
    numeric = ["lower", "mean_probability", "observed_frequency", "n"]
    curves = read_measures(path)
    if not set(numeric) <= set(curves) or not len(curves):
        return None
    return benchmark.reliability_figure(curves)
