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
