"""Regulons, held-out edges and activity on a tiny configuration, with and without a reference."""

from __future__ import annotations

import re

import anndata as ad
import decoupler as dc
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.report.sections.biology import make
from project_cases import ROOT, TINY, make_project, tiny_card, tiny_counts

pytestmark = pytest.mark.slow

SETTINGS = {
    **TINY,
    "inference": {"methods": ["pearson", "random"]},
    "walks": {**TINY["walks"], "networks": ["pearson"]},
    # Expression alone: what the model sees is not what is tested here.
    "variants": {"full": {"features": ["E"]}},
    "ablations": {},
    "nulls": ["random", "tf_rate", "tf_target_rate"],
    "network": {"graph_edges": 40},
    "biology": {"min_targets": 3, "min_methods": 1, "priors": ["trrust", "collectri"]},
    "report": {"studies": ["biology"]},
    "mirror": "mirror",
}


@pytest.fixture(scope="module")
def biology(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("biology"))
    counts, edges = tiny_counts()
    data = project.folder / "data"
    data.mkdir()
    counts.to_csv(data / "counts.csv")
    signs = np.where(np.arange(len(edges)) % 2, "+", "")
    sources = np.where(np.arange(len(edges)) % 3, "TRRUST_CollecTRI", "CollecTRI")
    edges.assign(sign=signs, sources=sources).to_csv(data / "edges.tsv", sep="\t", index=False)
    prior = project.folder / "mirror/tf_target/trrust_rawdata.human.tsv"
    prior.parent.mkdir(parents=True)
    prior.write_text("".join(f"{r}\t{t}\tUnknown\t1\n" for r, t in edges.to_numpy()[::2]))
    matrix = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
    reference = {"path": "data/edges.tsv", "sign": "sign"}
    project.add_card("tiny", **tiny_card(matrix, reference=reference, organism="human"))
    project.add_card("unlabelled", **tiny_card(matrix))
    project.configure(datasets=["tiny", "unlabelled"], **SETTINGS)
    run = project.snakemake("--cores", "2", "--", "biology")
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def folder(project, dataset="tiny"):
    return project.folder / "results" / dataset / "biology"


def table(project, name, dataset="tiny"):
    return pd.read_csv(folder(project, dataset) / name, sep="\t", keep_default_na=False)


@pytest.mark.parametrize("dataset", ["tiny", "unlabelled"])
def test_others_read_the_regulons(biology, dataset):
    net = table(biology, "net.tsv", dataset)
    assert net.groupby("source").size().min() >= 3
    regulons = dc.pp.read_gmt(str(folder(biology, dataset) / "regulons.gmt"))
    assert regulons["source"].str.fullmatch(r"G\d\d\([+-]\)").all()
    assert regulons["target"].str.fullmatch(r"G\d\d").all()
    adjacencies = table(biology, "adjacencies.tsv", dataset)
    assert list(adjacencies) == ["TF", "target", "importance"]
    assert len(adjacencies) == 40
    pairs = set(zip(adjacencies["TF"], adjacencies["target"], strict=True))
    assert set(zip(net["source"], net["target"], strict=True)) <= pairs
    genes = ad.read_h5ad(biology.folder / "results" / dataset / "expression.h5ad")
    dc.mt.ulm(genes, net, tmin=3)
    assert set(genes.obsm["score_ulm"]) == set(net["source"])


def test_the_references_signs_are_used_where_it_has_one(biology):
    net = table(biology, "net.tsv").rename(columns={"source": "regulator"})
    reference = pd.read_csv(
        biology.folder / "results/tiny/reference.tsv", sep="\t", keep_default_na=False
    )
    both = net.merge(reference, on=["regulator", "target"])
    signed = both[both["sign"] == "+"]
    assert len(signed)
    assert (signed["weight"] > 0).all()
    assert (signed["sign_from"] == "reference").all()
    others = both[both["sign"] == ""]
    assert (np.sign(others["weight"]) == np.sign(others["correlation"])).all()


def test_held_out_edges_are_counted_once_and_by_their_source(biology):
    overall = table(biology, "overlap.tsv")
    split = pd.read_csv(biology.folder / "results/tiny/splits/edges/seed0.tsv.gz", sep="\t")
    held_out = split[split["part"] != "train"]
    rows = overall[(overall["pool"] == "held_out") & (overall["method"] == "model")]
    rows = rows.set_index("evidence")
    assert set(rows.index) == {"reference", "source CollecTRI", "source TRRUST", "prior trrust"}
    assert rows.loc["reference", "pairs"] == len(held_out)
    assert rows.loc["reference", "known"] == held_out["label"].sum()
    assert rows.loc["source CollecTRI", "known"] == held_out["label"].sum()
    assert rows.loc["source TRRUST", "known"] < held_out["label"].sum()
    assert set(overall["method"]) & {"random", "tf_rate", "tf_target_rate"}
    assert overall["p"].between(0, 1).all()
    by_regulator = table(biology, "overlap_regulators.tsv")
    pool = by_regulator[(by_regulator["pool"] == "held_out") & (by_regulator["method"] == "model")]
    assert pool["known"].sum() == held_out["label"].sum()
    assert (pool["q"] >= pool["p"]).all()


def test_novel_edges_are_not_in_the_reference(biology):
    novel = table(biology, "novel.tsv")
    reference = pd.read_csv(biology.folder / "data/edges.tsv", sep="\t")
    assert len(novel) == 40
    assert novel.merge(reference, on=["regulator", "target"]).empty
    assert (novel["regulator_trained"] > 0).any()
    regulators = table(biology, "regulators.tsv")
    assert regulators["predicted"].sum() == 40
    assert (regulators["predicted_known"] <= regulators["predicted"]).all()
    assert (table(biology, "regulators.tsv", "unlabelled")["known"] == 0).all()


@pytest.mark.parametrize("dataset", ["tiny", "unlabelled"])
def test_activity_is_that_of_clusters_where_the_card_names_no_type(biology, dataset):
    means = table(biology, "activity.tsv", dataset)
    assert set(means["grouped_by"]) == {"leiden"}
    cells = ad.read_h5ad(folder(biology, dataset) / "activity.h5ad")
    assert cells.n_obs == 60
    assert set(cells.var_names) == set(means["regulator"])
    first = means.iloc[0]
    rows = cells.obs["leiden"].astype(str) == str(first["group"])
    assert rows.sum() == first["cells"]
    assert cells[rows, first["regulator"]].X.mean() == pytest.approx(first["mean"], abs=1e-4)
    for name in ("activity.svg", "activity.png"):
        assert (folder(biology, dataset) / name).stat().st_size > 1000


def test_without_a_reference_nothing_is_judged(biology):
    assert not (folder(biology, "unlabelled") / "overlap.tsv").exists()
    assert (folder(biology) / "overlap.svg").exists()


def test_the_report_shows_both_data_sets(biology):
    section = make(biology.folder / "results", ["tiny", "unlabelled"])
    captions = [table["caption"] for table in section["tables"]]
    assert sum(caption.startswith("tiny") for caption in captions) == 3
    assert sum(caption.startswith("unlabelled") for caption in captions) == 2
    assert any("clustered" in figure["caption"] for figure in section["figures"])
    plan = biology.snakemake("-n", "--quiet", "rules", "--", "report")
    assert plan.returncode == 0, plan.stdout[-2000:]
    assert "build_report" in plan.stdout


def test_the_graph_holds_the_edges_for_cytoscape(biology):
    graph = nx.read_graphml(biology.folder / "results/tiny/network.graphml")
    adjacencies = table(biology, "adjacencies.tsv")
    assert set(graph.edges) == set(zip(adjacencies["TF"], adjacencies["target"], strict=True))


@pytest.mark.parametrize("first", ["import anndata", "from ctxcore", "import networkx"])
def test_the_blocks_of_the_page_as_written(biology, monkeypatch, capsys, first):
    """On this data set instead of the page's, whose regulons have at least five targets."""
    page = (ROOT / "docs/biology.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", page, flags=re.S | re.M)
    text = next(text for text in blocks if text.startswith(first))
    if "ctxcore" in text:
        pytest.importorskip("ctxcore", reason="needs ctxcore (pySCENIC)")
    monkeypatch.chdir(biology.folder)
    text = text.replace("results/pbmc68k_reduced", "results/tiny").replace("tmin=5", "tmin=3")
    exec(compile(text, "docs/biology.md", "exec"), {})
    assert capsys.readouterr().out
