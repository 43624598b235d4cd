"""Each advertised use alone in a run, not only beside another."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from project_cases import TINY, make_project, tiny_card, tiny_counts

pytestmark = pytest.mark.slow

FAST = {
    **TINY,
    "inference": {"methods": ["clr", "pearson", "random"]},
    "walks": {**TINY["walks"], "networks": ["clr", "pearson"]},
    "gtgrn": {**TINY["gtgrn"], "epochs": 5},
    "full": {**TINY["full"], "epochs": 20},
    "ablations": {"datasets": [], "variants": []},
}


@pytest.fixture
def project(tmp_path):
    """A project with counts and edges, no card and no configuration."""
    project = make_project(tmp_path)
    counts, edges = tiny_counts()
    (tmp_path / "data").mkdir()
    counts.to_csv(tmp_path / "data/counts.csv")
    edges.to_csv(tmp_path / "data/edges.tsv", sep="\t", index=False)
    pd.DataFrame({"gene": counts.columns}).to_csv(tmp_path / "data/genes.csv", index=False)
    return project


BY_CELLS = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
REFERENCE = {"path": "data/edges.tsv"}
STRUCTURE = {"format": "genes_only", "path": "data/genes.csv", "column": "gene"}
USES = {
    "no_reference": tiny_card(BY_CELLS),
    "no_reference_but_regulators": tiny_card(BY_CELLS, regulators={"path": "data/edges.tsv"}),
    "genes_only": {"title": "Structure", "expression": STRUCTURE, "reference": REFERENCE},
    "one_seed": tiny_card(BY_CELLS, reference=REFERENCE),
}
SETTINGS = {"genes_only": {"variants": {**TINY["variants"], "P": {"features": ["P"]}}}}


@pytest.mark.parametrize("use", USES)
def test_a_use_alone_ends_in_a_report(project, use):
    project.add_card("mine", **USES[use])
    project.configure(datasets=["mine"], **{**FAST, **SETTINGS.get(use, {})})
    run = project.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout[-4000:]
    results = project.folder / "results"
    page = (results / "report.html").read_text()
    assert page.rstrip().endswith("</html>")
    if use != "genes_only":
        network = pd.read_csv(results / "mine/network.tsv.gz", sep="\t")
        assert len(network) > 100
        assert "mine" in page
    # Every table of the benchmark can be read, with rows or without.
    for path in (results / "benchmark").glob("*.tsv"):
        assert len(pd.read_csv(path, sep="\t").columns) > 1, path.name


def test_a_simulated_set_alone_ends_in_a_report(project):
    card = yaml.safe_load((project.folder / "config/datasets/hsc_boolean.yaml").read_text())
    card["simulation"]["cells"] = 60
    project.add_card("mine", **card)
    project.configure(datasets=["mine"], **FAST)
    run = project.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout[-4000:]
    assert (project.folder / "results/report.html").exists()


def test_regulators_outside_the_list_are_judged_for_no_method(project):
    """Half of the reference's regulators are candidates: the rest count for nobody."""
    edges = pd.read_csv(project.folder / "data/edges.tsv", sep="\t")
    chosen = sorted(edges["regulator"].unique())[::2]
    pd.DataFrame({"regulator": chosen}).to_csv(project.folder / "data/list.tsv", index=False)
    edges[edges["regulator"].isin(chosen)].to_csv(
        project.folder / "data/half.tsv", sep="\t", index=False
    )
    regulators = {"path": "data/list.tsv", "column": "regulator"}
    project.add_card("whole", **tiny_card(BY_CELLS, reference=REFERENCE, regulators=regulators))
    half = {"path": "data/half.tsv"}
    project.add_card("half", **tiny_card(BY_CELLS, reference=half, regulators=regulators))
    project.configure(datasets=["whole", "half"], **FAST)
    names = [f"results/{name}/evaluation/networks.tsv" for name in ("whole", "half")]
    split = "results/whole/evaluation/edges/seed0.metrics.tsv"
    run = project.snakemake("--cores", "2", "--", *names, split, "validate")
    assert run.returncode == 0, run.stdout[-4000:]
    tables = [
        pd.read_csv(project.folder / name, sep="\t").drop(columns="dataset") for name in names
    ]
    pd.testing.assert_frame_equal(*tables)
    metrics = pd.read_csv(project.folder / split, sep="\t")
    shares = metrics[(metrics["metric"] == "AUROC") & (metrics["part"] == "test")]
    drawn = pd.read_csv(
        project.folder / "results/whole/splits/edges/seed0.tsv.gz", sep="\t"
    ).query("part == 'test'")
    judged = drawn["regulator"].isin(chosen).sum()
    assert judged < len(drawn)
    assert set(shares.loc[shares["negatives"] == "N0", "n"]) == {judged}
    assert "3 of 6 reference regulators, judged nowhere" in run.stdout
    log = (project.folder / "logs/whole/judge_networks.log").read_text()
    assert "are no candidates" in log
