"""The peers, their tuning, the GATv2 study and the key regulators on a tiny configuration."""

from __future__ import annotations

import json

import anndata as ad
import pandas as pd
import pytest
import torch
from project_cases import TINY, make_tiny

pytestmark = pytest.mark.slow

PEERS = ["genelink", "gnnlink", "gne", "gatv2"]
SHORT = {form: {"epochs": 2} for form in ("published", "repaired")}
SETTINGS = {
    **TINY,
    "seeds": [0, 1],
    "inference": {"methods": ["clr", "pearson", "random"]},
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    "ablations": {},
    "peers": {"methods": PEERS, "options": dict.fromkeys(PEERS, SHORT)},
    "tuning": {
        "models": ["gtgrn", "gnnlink"],
        "grids": {"gtgrn": {"heads": [2, 4], "epochs": [5]}, "gnnlink": {"epochs": [1, 2]}},
    },
    "gatv2": {
        "models": ["mcad"], "replicates": 2, "dropout": [0, 50], "cells": 20, "bins": 5,
        "epochs": 2, "layers": [1, 2], "heads": [1, 2],
    },
    "report": {"studies": ["peers", "tuning", "gatv2", "regulators"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A project whose report and every study were made."""
    project = make_tiny(tmp_path_factory.mktemp("studied"), **SETTINGS)
    targets = ["models", "peers", "tuning", "gatv2", "regulators", "report"]
    run = project.snakemake("--cores", "2", "--", *targets)
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def table(project, path):
    return pd.read_csv(project.folder / "results" / path, sep="\t")


@pytest.mark.parametrize("form", ["published", "repaired"])
@pytest.mark.parametrize("model", PEERS)
def test_every_peer_keeps_the_contract_of_models(studied, model, form):
    folder = f"tiny/models/{model}/{form}/edges/seed0"
    scores = table(studied, f"{folder}/scores.tsv.gz")
    assert list(scores) == ["regulator", "target", "label", "part", "score"]
    assert len(scores) == 6 * 29
    assert scores["score"].notna().all()
    split = table(studied, "tiny/splits/edges/seed0.tsv.gz")
    judged = split[split["part"] != "train"][["regulator", "target"]]
    messages = table(studied, f"{folder}/messages.tsv.gz")
    assert len(messages)
    assert messages.merge(judged).empty
    assert {"epoch", "validation_auprc"} <= set(table(studied, f"{folder}/history.tsv"))
    path = studied.folder / "results" / folder
    checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
    genes = checkpoint["genes"]
    assert json.loads(checkpoint["config"])["inputs"] == 60
    assert list(ad.read_h5ad(path / "embedding.h5ad").obs_names) == genes


def test_peers_are_judged_beside_all_other_methods(studied):
    metrics = table(studied, "benchmark/metrics.tsv")
    found = set(zip(metrics["method"], metrics["variant"], strict=True))
    assert {(peer, form) for peer in PEERS for form in ("published", "repaired")} <= found
    peers = table(studied, "tiny/peers.tsv")
    assert len(peers) == 8
    assert set(peers["seeds"]) == {2}
    rows = metrics[
        (metrics["method"] == "gne") & (metrics["variant"] == "repaired")
        & (metrics["metric"] == "AUROC") & (metrics["part"] == "test")
        & (metrics["negatives"] == "N0")
    ]  # fmt: skip
    own = peers[(peers["model"] == "gne") & (peers["form"] == "repaired")]
    assert own["AUROC"].iloc[0] == pytest.approx(rows["value"].mean(), abs=1e-6)


def test_tuning_chooses_a_point_of_each_model_by_validation(studied):
    rows = table(studied, "tiny/tuning.tsv")
    assert set(rows["model"]) == {"gtgrn", "gnnlink"}
    assert len(rows) == 4
    best = rows.loc[rows.groupby("model")["validation_AUPRC"].idxmax()]
    assert (best["chosen"] == 1).all()
    assert rows["chosen"].sum() == 2
    assert len(table(studied, "tiny/tuning_best.tsv")) == 2
    assert "plotly" in (studied.folder / "results/tiny/tuning.html").read_text()


def test_the_study_shares_edges_in_the_leaky_protocol_only(studied):
    shared = table(studied, "gatv2/shared_edges.tsv").groupby("protocol")["edges"].sum()
    assert shared["paper_leaky"] > 0
    assert shared["split_first"] == shared["leave_one_regulator_out"] == 0
    protocols = table(studied, "gatv2/protocols.tsv")
    assert {"gatv2", "memory", "reported"} <= set(protocols["method"])
    grid = table(studied, "gatv2/grid.tsv")
    assert len(grid) == 4
    assert grid["chosen"].sum() == 1


def test_regulators_have_attention_stability_and_centralities(studied):
    attention = table(studied, "tiny/regulators/attention.tsv.gz")
    models = {("gtgrn", "paper")} | {
        (m, f) for m in ("genelink", "gatv2") for f in ("published", "repaired")
    }
    assert set(zip(attention["model"], attention["variant"], strict=True)) == models
    assert set(attention["seed"]) == {0, 1}
    stability = table(studied, "tiny/regulators/stability.tsv")
    assert (stability["seeds"] == 2).all()
    assert stability["first"].str.match("G0[0-5]").all()
    ranking = table(studied, "tiny/regulators/ranking.tsv")
    assert set(ranking["network"]) == {"reference", "predicted"}
    assert set(table(studied, "tiny/regulators/centrality.tsv.gz")["measure"]) == {
        *["degree", "betweenness", "closeness", "eigenvector", "pagerank", "katz"]
    }


def test_the_report_shows_every_study(studied):
    page = (studied.folder / "results/report.html").read_text()
    for title in ("Peers", "Hyper-parameters", "GATv2 on Boolean models", "Key regulators"):
        assert f"<h2>{title}</h2>" in page
    assert "0.961" in page
    assert "genelink published" in page
