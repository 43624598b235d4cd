"""Gene networks are simulated by their targets, from nothing or from a table of edges."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml
from project_cases import TINY

pytestmark = pytest.mark.slow


def simulated(title: str, **kinetics) -> dict:
    return {
        "title": title,
        "organism": "in silico",
        "expression": {"format": "simulation"},
        "kinetics": {"conditions": 6, **kinetics},
        "preprocess": {"min_cells_fraction": 0, "min_genes_per_cell": 0},
    }


def test_networks_are_simulated_by_their_targets(project):
    rows = [f"R{i}\tT{j}" for i in range(6) for j in range(20) if (i + j) % 3 == 0]
    (project.folder / "edges.tsv").write_text("\n".join(rows) + "\n")
    project.add_card("made", **simulated("Made", generate={"genes": 30, "regulators": 5}))
    knockouts = {"network": "edges.tsv", "size": 12, "experiment": "knockouts"}
    project.add_card("part", **simulated("Part", **knockouts))
    project.configure(datasets=["made", "part"], **{**TINY, "ablations": {"datasets": []}})
    run = project.snakemake("--cores", "2", "validate")
    assert run.returncode == 0, run.stdout[-3000:]
    results = project.folder / "results"
    assert "cells:      6 of 6" in run.stdout
    assert "cells:      7 of 7" in run.stdout
    statistics = json.loads((results / "part/simulation_statistics.json").read_text())
    assert statistics["source"]["edges"] == len(rows)
    assert statistics["network"]["genes"] <= 12
    truth = pd.read_csv(results / "part/simulation_reference.tsv", sep="\t")
    assert {f"{r}\t{t}" for r, t in zip(truth["regulator"], truth["target"], strict=True)} <= set(
        rows
    )
    assert set(truth["sign"]) <= {"+", "-"}
    # The card's other keys, such as its seed, make another network and nothing else again.
    card = project.folder / "config/datasets/made.yaml"
    text = yaml.safe_load(card.read_text())
    text["kinetics"]["seed"] = 1
    card.write_text(yaml.safe_dump(text))
    plan = project.snakemake("-n", "--quiet", "rules", "--", "validate")
    assert "simulate_kinetics" in plan.stdout
