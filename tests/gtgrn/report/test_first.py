from __future__ import annotations

import shlex
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from gtgrn.report import first
from gtgrn.report.methods_text import write_methods
from gtgrn.report.provenance import find_commit, list_results, read_audit
from gtgrn.tables import write_table
from scipy.sparse import csr_matrix


def described(**summary) -> dict:
    numbers = {"cells": 5, "genes": 3, "regulators": 2, "known": 4, "statement": "It is so."}
    return {
        "name": "a set",
        "card": {"citation": "Someone 2020, doi:10.1000/x"},
        "summary": numbers | summary,
        "network": {"best": {"regulator": "R'1"}},
        "judged": [{"split": "edges", "trust": {"sentence": "It beats nothing."}}],
    }


def test_the_cell_type_with_the_highest_mean_is_named(tmp_path):
    values = csr_matrix(np.array([[1.0, 0], [3, 0], [0, 2], [1, 4]], dtype=np.float32))
    adata = ad.AnnData(values, var=pd.DataFrame(index=["A", "B"]))
    adata.obs["kind"] = ["x", "x", "y", "z"]
    adata.write_h5ad(tmp_path / "expression.h5ad")
    card = {"expression": {"cell_type": "kind"}}
    found = first.where_expressed(tmp_path, card, ["B", "A", "absent"])
    assert found == {"B": "z (4.00, else 0.67)", "A": "x (2.00, else 0.50)"}
    assert first.where_expressed(tmp_path, {"expression": {"cell_type": "no"}}, ["A"]) == {}


def test_the_groups_that_give_a_regulator_more_edges_are_named(tmp_path):
    rows = {"B cell": ["R1"] * 8 + ["R2"] * 12, "NK": ["R1"] * 3 + ["R2"] * 17}
    for group, names in rows.items():
        pairs = pd.DataFrame({"regulator": names, "target": [f"g{i}" for i in range(20)]})
        # A tenth of the pairs are the best edges: each pair stands for ten.
        write_table(pd.concat([pairs] * 10), tmp_path / "set" / group / "network.tsv.gz")
    groups = pd.DataFrame({"group": [*rows, "few"], "dataset": ["set/B cell", "set/NK", ""]})
    write_table(groups, tmp_path / "set" / "groups.tsv")
    found = first.where_it_matters(tmp_path, "set", ["R1", "R2", "R3"])
    assert found == {"R1": "B cell", "R2": "no group more than others"}
    assert first.where_it_matters(tmp_path, "other", ["R1"]) == {}


def test_commands_put_the_target_before_the_settings(tmp_path):
    command = "snakemake --cores all --configfile c.yaml --config 'datasets=[a set]'"
    steps = first.next_steps(command, tmp_path, described(supervised=True))
    assert len(steps) == 3
    words = [shlex.split(step["command"])[1:] for step in steps]
    assert words[0][:3] == ["--cores", "all", "biology"]
    assert words[0][-2:] == ["--config", "datasets=[a set]"]
    assert words[1][-2:] == ["datasets=[a set]", "splits={schemes: [edges, genes, tfs]}"]
    assert words[1].count("--config") == 1
    # Names of data sets and genes are quoted for the shell.
    assert any(word.endswith("a set/network.tsv.gz") or word == "a set" for word in words[2])
    alone = first.next_steps("snakemake --cores all", tmp_path, described(supervised=False))
    assert shlex.split(alone[1]["command"])[1:] == ["--cores", "all", "validate"]
    context = described(supervised=False, context={"sources": []})
    step = first.next_steps("snakemake --cores all", tmp_path, context)[1]
    assert step["command"].endswith("report --config 'context={sources: []}'")


def test_findings_are_told_from_what_a_reason_excuses(tmp_path):
    lines = [
        ("judged pair as a message", "gtgrn/full", 0, False, ""),
        ("judged pair as a message", "gne/published", 3, True, "A -> B"),
        ("supervised pair seen by its step", "gne/published", 9, False, "this form hides none"),
    ]
    table = pd.DataFrame(lines, columns=["check", "artefact", "count", "finding", "detail"])
    write_table(table, tmp_path / "evaluation" / "edges" / "audit.tsv")
    (audit,) = read_audit(tmp_path)
    assert (audit["split"], audit["lines"]) == ("edges", 3)
    assert [row["artefact"] for row in audit["findings"]] == ["gne/published"]
    assert [(c["count"], c["findings"], c["excused"]) for c in audit["checks"]] == [
        (3, 1, ""),
        (9, 0, "this form hides none"),
    ]
    assert read_audit(tmp_path / "none") == []


def test_only_files_that_are_there_are_listed_with_their_checksum(tmp_path):
    (tmp_path / "set/.sha256").mkdir(parents=True)
    (tmp_path / "set/network.json").write_text("{}")
    (tmp_path / "set/.sha256/network.json").write_text("f00  network.json\n# rule x\n")
    (tmp_path / "set/reference.tsv").write_text("x")
    listed = {row["path"]: row["sha256"] for row in list_results(tmp_path, ["set"])}
    assert listed == {"set/network.json": "f00", "set/reference.tsv": ""}
    assert find_commit(Path("/")) == ""


def test_the_methods_paragraph_cites_each_reference_once_in_order():
    settings = {
        "seeds": [0, 1],
        "inference": {"methods": ["bc3net", "c3mtc", "pearson", "random"]},
        "splits": {"schemes": ["edges"], "edges": {"train": 0.67, "val": 0.1, "test": 0.23}},
        "network": {"variant": "full"},
        "peers": {"methods": ["genelink", "gatv2"]},
    }
    made = write_methods(settings, [described(supervised=True)])
    text, references = made["text"], made["references"]
    assert len(references) == len(set(references))
    places = [text.index(f"[{i}]") for i in range(1, len(references) + 1)]
    assert places == sorted(places)
    paper = "de Matos Simoes and Emmert-Streib 2012, doi:10.1371/journal.pone.0033624"
    both = references.index(paper)
    assert f"bc3net [{both + 1}], c3mtc [{both + 1}] and pearson." in text
    assert "random" not in text
    assert "(67% training, 10% validation, 23% test)" in text
    assert "arXiv:2409.13664" in references
    assert "On a set (split edges): It beats nothing." in text
    alone = write_methods(settings, [described(supervised=False)])["text"]
    assert "without known edges" in alone
    assert "trained" not in alone
