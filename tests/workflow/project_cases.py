"""Copies of the workflow in folders of their own, and data that are small enough to run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
HANG = 6 * 3600
"""Seconds after which a run is taken to hang; minutes are usual, whatever the machine does."""
FOLDERS = ["config", "workflow", "scripts", "envs", "resources", "profiles"]

TINY = {
    "seeds": [0],
    "preprocess": {"min_cells_fraction": 0.05, "min_genes_per_cell": 3},
    "inference": {
        "methods": ["genie3", "grnboost2", "clr", "pearson", "random"],
        "options": {"genie3": {"n_estimators": 10}, "grnboost2": {"n_estimators": 20}},
    },
    "walks": {"walks_per_gene": 2, "length": 5, "edges_per_gene": 3},
    "bert": {"dimensions": 8, "layers": 1, "heads": 2, "feedforward": 8, "epochs": 2},
    "vae": {"latent": 4, "hidden": 8, "epochs": 3},
    "positional": {"dimensions": 4},
    "gtgrn": {"dimensions": 8, "layers": 1, "heads": 2, "epochs": 20},
    "full": {"ensemble": 1, "dimensions": 8, "heads": 2, "rank": 2, "epochs": 20},
    "variants": {
        "paper": {"degree_prior": True},
        "full": {"form": "full"},
        "E": {"features": ["E"]},
    },
    "ablations": {"datasets": ["tiny"], "variants": ["E"]},
    "network": {"graph_edges": 20, "beside": ["paper"]},
}


@dataclass
class Project:
    """A copy of the workflow in a folder of its own, with a configuration of its own."""

    folder: Path

    def snakemake(
        self, *arguments: str, path: str = "", **variables: str
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(path) | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # a dry run puts errors on the one, a run on the other
            text=True,
            timeout=HANG,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", *arguments]

    def environment(self, path: str = "") -> dict[str, str]:
        # pytest's own folders must not leak into the jobs' import path.
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return {**kept, "PATH": os.pathsep.join(filter(None, [path, kept["PATH"]]))}

    def configure(self, **settings) -> None:
        text = yaml.safe_dump(settings)
        (self.folder / "config" / "config.yaml").write_text(text)

    def add_card(self, name: str, **card) -> None:
        (self.folder / f"config/datasets/{name}.yaml").write_text(yaml.safe_dump(card))


def make_project(folder: Path) -> Project:
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "downloads")
        )
    return Project(folder)


def tiny_counts(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts, 60 cells x 30 genes, and 60 edges of 6 regulators that shape them."""
    rng = np.random.default_rng(seed)
    genes = [f"G{i:02d}" for i in range(30)]
    rows = rng.permutation(6 * 24)[:60]
    edges = pd.DataFrame(
        {
            "regulator": [genes[row // 24] for row in rows],
            "target": [genes[6 + row % 24] for row in rows],
        }
    )
    activity = rng.gamma(2.0, 1.0, size=(60, 30))
    for regulator, target in edges.itertuples(index=False):
        activity[:, genes.index(target)] += activity[:, genes.index(regulator)]
    counts = pd.DataFrame(rng.poisson(activity), columns=genes)
    return counts.rename(index=lambda i: f"cell{i}"), edges


def tiny_card(expression: dict, **sections) -> dict:
    return {
        "title": "Tiny",
        "expression": {"format": "table", "values": "counts", **expression},
    } | sections


def make_tiny(folder: Path, **settings) -> Project:
    """Make a project with one labelled data set, ``tiny``, and a configuration; nothing is run."""
    project = make_project(folder)
    counts, edges = tiny_counts()
    (project.folder / "data").mkdir()
    counts.to_csv(project.folder / "data/counts.csv")
    edges.to_csv(project.folder / "data/edges.tsv", sep="\t", index=False)
    by_cells = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
    project.add_card("tiny", **tiny_card(by_cells, reference={"path": "data/edges.tsv"}))
    project.configure(datasets=["tiny"], **settings)
    return project
