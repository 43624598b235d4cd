"""Leaks planted in sources, through the rules: what is left out, and what the audit says of it."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.context.inputs import read_inputs, write_inputs
from gtgrn.manifest import begin_job, record
from project_cases import TINY, Project, make_tiny, tiny_card

pytestmark = pytest.mark.slow

SMALL = {
    "full": {"ensemble": 0},
    "variants": {"full": {"form": "full"}},
    "network": {"variant": "full", "beside": []},
    "ablations": {"datasets": []},
    "inference": {"methods": ["pearson", "random"]},
    "walks": TINY["walks"] | {"networks": ["pearson"]},
}
AUDIT = "results/tiny/evaluation/edges/audit.tsv"


def add_source(project: Project, name: str, rows: pd.DataFrame, **card) -> None:
    """Write a source card of the project and its table."""
    rows.to_csv(project.folder / f"data/{name}.tsv", sep="\t", index=False)
    known = {
        "title": name, "organism": "human", "kind": "chip", "licence": "none", "citation": "none",
        "file": {"path": f"data/{name}.tsv"}, "table": {"format": "table"},
    }  # fmt: skip
    path = project.folder / f"config/sources/{name}.yaml"
    path.write_text(yaml.safe_dump(known | card))


def unlike(edges: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the same regulators with every second target and every second non-target."""
    rows = []
    targets = [f"G{number:02d}" for number in range(6, 30)]
    for regulator, own in edges.groupby("regulator")["target"]:
        there = sorted(own)
        absent = [gene for gene in targets if gene not in set(there)]
        rows += [(regulator, gene) for gene in there[::2] + absent[::2]]
    return pd.DataFrame(rows, columns=["regulator", "target"])


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> Project:
    """A project whose data set names clean sources and leaking ones, audited."""
    project = make_tiny(tmp_path_factory.mktemp("audited"), **TINY | SMALL)
    edges = pd.read_csv(project.folder / "data/edges.tsv", sep="\t")
    clean = unlike(edges)
    one = sorted(set(edges["regulator"]))[2]
    copied = pd.concat([clean[clean["regulator"] != one], edges[edges["regulator"] == one]])
    add_source(project, "clean", clean, cell_type="K562")
    add_source(project, "clean_too", clean, cell_type="HepG2")
    add_source(project, "own_cells", clean, cell_type="WA09")
    add_source(project, "unheard_of", edges, cell_type="line 17")
    add_source(project, "copied", copied, cell_type="A549")
    add_source(project, "same_database", clean, kind="curated", databases=["OmniPath"])
    names = ["clean", "clean_too", "own_cells", "unheard_of", "copied", "same_database"]
    project.add_card(
        "tiny",
        **tiny_card(
            {"path": "data/counts.csv", "orientation": "cells_by_genes"},
            organism="human",
            reference={"path": "data/edges.tsv", "source": "OmniPath of today"},
            context={"sources": names, "cell_type": "hESC"},
        ),
    )
    run = project.snakemake("--cores", "2", "--", AUDIT)
    assert run.returncode == 0, run.stdout[-6000:]
    return project


def test_planted_sources_are_left_out_and_listed(audited):
    lines = pd.read_csv(audited.folder / AUDIT, sep="\t", keep_default_na=False)
    left = lines[lines["check"] == "left out of the sources"]
    told = dict(zip(left["artefact"], left["detail"], strict=True))
    assert set(told) == {
        "source own_cells", "source unheard_of", "source copied", "source same_database",
    }  # fmt: skip
    assert "own cell type: WA09 is hESC" in told["source own_cells"]
    assert "own cells under another name: 6 of 6" in told["source unheard_of"]
    assert told["source copied"].startswith("G02: repeats a row of reference")
    assert "the reference's own database: OmniPath" in told["source same_database"]
    given = read_inputs(audited.folder / "results/tiny/context/inputs/all.npz")
    named = {row.split(":")[0] for row in given.rows}
    assert named == {"clean", "clean_too", "copied"}
    assert "copied:G02" not in given.rows


def test_a_row_of_the_reference_in_what_the_model_reads_stops_the_audit(audited):
    path = audited.folder / "results/tiny/context/inputs/all.npz"
    given = read_inputs(path)
    edges = pd.read_csv(audited.folder / "data/edges.tsv", sep="\t")
    known = set(edges.loc[edges["regulator"] == "G01", "target"])
    row = np.array([[gene in known for gene in given.genes]], dtype=np.int8)
    leaky = replace(
        given, rows=[*given.rows, "clean:G01"], labels=np.concatenate([given.labels, row])
    )
    # As if a job had written it: the manifest would stop the audit before.
    begin_job("prepare_context", [path])
    before = path.stat()
    write_inputs(leaky, path)
    record(path, path)
    begin_job("", ())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (audited.folder / AUDIT).unlink()
    run = audited.snakemake("--cores", "1", "--allowed-rules", "audit_leakage", "--", AUDIT)
    assert run.returncode != 0
    log = (audited.folder / "logs/tiny/audit_leakage_edges.log").read_text()
    assert "other contexts of gtgrn/full: a row elsewhere repeats known edges (1) clean:G01" in log
    assert "not the tables of other contexts" in log
    assert not (audited.folder / AUDIT).exists()
