"""What a run leaves for its report: files of a data set with a reference and of one without."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from gtgrn.report.page import build_report
from gtgrn.tables import write_table
from report_cases import AUROC, CARDS, GENES, SEEDS, SETTINGS, comparisons, metrics, network

STATEMENT = "No reference network was given, so the network is a consensus."


def curves(seed: int) -> pd.DataFrame:
    tables = []
    for method, variant in AUROC:
        names = {"method": method, "variant": variant, "dataset": "alpha", "seed": seed}
        roc = pd.DataFrame({"x": [0.0, 0.2, 1.0], "y": [0.0, 0.6 + seed / 100, 1.0]})
        pr = pd.DataFrame({"x": [0.0, 0.5, 1.0], "y": [1.0, 0.4, 0.1]})
        tables += [roc.assign(curve="ROC", **names), pr.assign(curve="PR", **names)]
    return pd.concat(tables)


def write_dataset(folder: Path, supervised: bool) -> None:
    adata = ad.AnnData(np.ones((6, len(GENES)), np.float32), var=pd.DataFrame(index=GENES))
    adata.obs["kind"] = pd.Categorical(["B", "B", "T<x>", "B", "B", "B"])
    filters = {"cells_before": 9, "cells_after": 6, "genes_before": 77, "genes_after": 12}
    adata.uns["gtgrn"] = {"filters": filters, "settings": {"magic": {"knn": 5}, "seed": 0}}
    folder.mkdir(parents=True)
    adata.write_h5ad(folder / "expression.h5ad")
    table = network(supervised)
    write_table(table, folder / "network.tsv.gz")
    known = int(table["known"].sum()) if supervised else 0
    summary = {
        "cells": 6, "genes": 12, "regulators": 3, "pairs": len(table), "known": known,
        "density": known / len(table), "supervised": supervised,
        "statement": "Calibrated." if supervised else STATEMENT,
    }  # fmt: skip
    (folder / "network.json").write_text(json.dumps(summary))
    (folder / "reliability.tsv").write_text("seed\n")


def write_results(root: Path) -> Path:
    """Write what a run leaves: one data set with a reference, one without."""
    write_dataset(root / "alpha", True)
    write_dataset(root / "beta", False)
    reliability = pd.DataFrame(
        {
            "lower": [0.0, 0.1, 0.2],
            "mean_probability": [0.05, 0.15, np.nan],
            "observed_frequency": [0.04, 0.25, np.nan],
            "n": [100, 8, 0],
        }
    )
    tables = [reliability.assign(seed=i) for i in range(len(SEEDS))]
    write_table(pd.concat(tables), root / "alpha" / "reliability.tsv")
    history = pd.DataFrame({"epoch": [4, 9, 14], "train_loss": [3.0, 2, 1]})
    history["validation_loss"] = [3.0, 2.5, 2.6]
    for seed in SEEDS:
        write_table(
            curves(seed), root / "alpha" / "evaluation" / "edges" / f"seed{seed}.curves.tsv.gz"
        )
        embeddings = root / "alpha" / "embeddings"
        write_table(history, embeddings / "global" / f"seed{seed}.history.tsv")
        write_table(
            history.assign(validation_auprc=[0.1, 0.3, 0.2]),
            root / f"alpha/models/gtgrn/full/edges/seed{seed}/history.tsv",
        )
    write_table(metrics(), root / "benchmark" / "metrics.tsv")
    write_table(comparisons(), root / "benchmark" / "comparisons.tsv")
    jobs = [("alpha", "train_x", 60.5, 100, 2), ("alpha", "train_x", 30.0, 250, 2)]
    jobs += [("beta", "train_x", 10.0, np.nan, 1), ("beta", "infer<y>", 5.0, 20, 1)]
    runtime = pd.DataFrame(jobs, columns=["dataset", "rule", "seconds", "max_rss_mb", "threads"])
    write_table(runtime, root / "benchmark" / "runtime.tsv")
    return root


def build(root: Path, settings: dict = SETTINGS, cards: dict = CARDS) -> str:
    output = root / "report.html"
    build_report(root, cards, settings, output)
    return output.read_text(encoding="utf-8")
