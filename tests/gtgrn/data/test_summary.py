"""The summary that a person checks before anything is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.cell_groups import take_group
from gtgrn.data.cell_types import marker_types
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.data.summary import summarise_input
from preprocess_cases import preprocess


def summarise(folder, card: dict, regulators=None, reference=None, sources=(), **settings) -> dict:
    """Preprocess as the workflow does; give the lines of the summary by their names."""
    adata = read_expression(card["expression"])
    values = adata.uns["gtgrn"]["source"]["values"]
    adata = preprocess(adata, values=values, regulators=regulators, **settings)
    write_expression(adata, folder / "expression.h5ad")
    adata = read_preprocessed(folder / "expression.h5ad")
    text, warnings = summarise_input("mine", card, adata, reference, sources)
    assert all(len(line) <= 88 for line in text.splitlines() if str(folder) not in line)
    # A paragraph's further lines stand under its text.
    text = text.replace("\n" + 12 * " ", " ")
    return dict(line.split(":", 1) for line in text.splitlines()) | {"warnings": warnings}


def write_counts(folder) -> dict:
    """Write six cells and five genes: E in one cell only, and a cell that expresses nothing."""
    counts = pd.DataFrame(
        np.array([[1, 2, 3, 1, 0], [0, 5, 1, 9, 0], [2, 0, 2, 0, 7], [1, 1, 0, 5, 0],
                  [3, 1, 2, 2, 0], [0, 0, 0, 0, 0]]),
        [f"c{i}" for i in range(6)], list("ABCDE"),
    )  # fmt: skip
    counts.to_csv(folder / "counts.csv")
    expression = {
        "format": "table", "path": str(folder / "counts.csv"), "values": "auto",
        "orientation": "cells_by_genes",
    }  # fmt: skip
    return {"title": "Mine", "organism": "human", "expression": expression}


def test_every_number_can_be_checked_by_hand(tmp_path):
    card = write_counts(tmp_path)
    (tmp_path / "tfs.tsv").write_text("regulator\nA\nE\nX\nY\n")
    rows = ["A\tB\t+", "A\tB\t+", "A\tA\t", "A\tC\t-", "E\tB\t", "X\tB\t", "B\tC\t"]
    (tmp_path / "edges.tsv").write_text("\n".join(["regulator\ttarget\tsign", *rows]))
    card["regulators"] = {"path": str(tmp_path / "tfs.tsv"), "column": "regulator"}
    reference = {"path": str(tmp_path / "edges.tsv"), "regulator": "regulator",
                 "target": "target", "sign": "sign"}  # fmt: skip
    lines = summarise(
        tmp_path, card, ["A", "E"], reference, min_genes_per_cell=1, min_cells_fraction=0.4
    )
    assert lines["values"].split() == [
        *["counts", "(detected;", "set", "expression.values", "to", "overrule)"]
    ]
    assert lines["cells"].strip() == "5 of 6; 1 express fewer than 1 genes"
    assert lines["genes"].strip() == ("4 of 5; 1 in fewer than 2 cells")
    # Of 5 x 4 counts without the empty cell and gene E, 4 are 0.
    assert lines["sparsity"].strip() == "20.0% of the kept values are 0"
    assert lines["regulators"].strip() == (
        f"1 of 4 in {tmp_path / 'tfs.tsv'}; 1 in fewer than 2 cells; 2 not in the matrix"
    )
    assert lines["reference"].strip() == "3 edges of 2 regulators and 2 targets, of 7 rows"
    assert lines["dropped"].strip() == (
        "1 with a gene not in the matrix, 1 with a dropped gene, 1 self-loops, 1 duplicates, "
        "0 labelled 0"
    )
    assert lines["density"].strip() == "0.5 of 2 x 3 pairs"
    assert lines["signs"].strip() == "1 +, 1 -, 1 unknown"


def test_without_regulators_and_reference(tmp_path):
    card = write_counts(tmp_path)
    lines = summarise(tmp_path, card, n_top_genes=2)
    assert lines["genes"].strip().endswith("3 not among the chosen")
    assert lines["chosen"].strip() == (
        "the 2 most variable; preprocess: {n_top_genes: 4} takes more, null all"
    )
    assert lines["regulators"].strip() == "2, every gene"
    assert lines["reference"].strip() == "none: no model is trained, the network is a consensus"


def test_what_ranks_without_known_edges_and_what_the_organism_would_bring(tmp_path):
    card = write_counts(tmp_path)
    lines = summarise(tmp_path, card, sources=["encode"])
    assert lines["reference"].endswith("other contexts rank the network (encode)")
    assert "chosen" not in lines
    lines = summarise(tmp_path, card | {"unsaid": ["organism"]})
    assert "organism not stated" in lines["data set"]
    assert "organism: human (or mouse) in the card lets other contexts" in lines["reference"]


def test_the_rule_by_which_genes_are_chosen_is_said(tmp_path):
    card, also = write_counts(tmp_path), ["reference", "markers"]
    lines = summarise(tmp_path, card, ["A"], n_top_genes=1, also=also)
    assert lines["chosen"].strip() == (
        "the 1 most variable, all regulators, all genes of known edges, all marker genes; "
        "preprocess: {n_top_genes: 2} takes more, null all"
    )


def test_genes_without_cells(tmp_path):
    (tmp_path / "genes.tsv").write_text("Gene\nA\nB\n")
    card = write_counts(tmp_path)
    card["expression"] = {
        "format": "genes_only",
        "path": str(tmp_path / "genes.tsv"),
        "values": "continuous",
    }
    lines = summarise(tmp_path, card)
    assert lines["cells"].strip() == "none, only names of genes"
    assert "sparsity" not in lines


def test_evidence_what_was_left_out_and_lost_regulators_are_named(tmp_path):
    card = write_counts(tmp_path)
    frame = pd.read_csv(tmp_path / "counts.csv", index_col=0)
    frame.assign(__no_feature=9).to_csv(tmp_path / "counts.csv")
    (tmp_path / "tfs.tsv").write_text("regulator\nA\nE\nb\n")
    card["regulators"] = {"path": str(tmp_path / "tfs.tsv"), "column": "regulator"}
    settings = {"min_genes_per_cell": 1, "min_cells_fraction": 0.4}
    lines = summarise(tmp_path, card, ["A", "E"], **settings)
    assert lines["evidence"].strip() == "all are whole numbers; 43% are 0; the largest is 9"
    assert lines["left out"].strip() == "__no_feature"
    assert lines["lost"].strip() == "E (1 cells); to keep: preprocess: {keep: [regulators]}"
    assert lines["names"].strip() == (
        "2 of 3 regulators match, 3 of 3 regulators would match if case were ignored "
        "(such as 'b' and 'B'); set ignore_case: true"
    )
    # The remedies of both lines: nothing is lost, and all names match.
    card["regulators"]["ignore_case"] = True
    kept = summarise(tmp_path, card, ["A", "B", "E"], keep=["A", "B", "E"], **settings)
    assert kept["regulators"].strip().startswith("3 of 3 in ")
    assert "lost" not in kept
    assert "names" not in kept
    # What is said of names is a warning of the report too.
    assert lines["warnings"] == [lines["names"].strip()]
    assert kept["warnings"] == []


def test_a_group_says_why_genes_of_the_whole_were_dropped(tmp_path):
    """The whole was filtered by a share of its cells, of which a group has fewer."""
    card = write_counts(tmp_path)
    adata = read_expression(card["expression"])
    adata.obs["kind"] = list("aabbbb")
    whole = preprocess(adata, values="counts", min_genes_per_cell=1, min_cells_fraction=0.4)
    said = []
    for part in (whole, take_group(whole, "kind", "a", 2)):
        write_expression(part, tmp_path / "expression.h5ad")
        read = read_preprocessed(tmp_path / "expression.h5ad")
        text, _ = summarise_input("mine", card, read, None, ())
        said.append(next(line for line in text.splitlines() if line.startswith("genes:")))
    assert said[0] == said[1]
    assert said[0].split(maxsplit=1)[1] == "4 of 5; 1 in fewer than 2 cells"


def test_few_names_of_a_reference_are_a_warning(tmp_path):
    card = write_counts(tmp_path)
    (tmp_path / "edges.tsv").write_text("regulator\ttarget\nA\tB\nX\tY\nV\tW\n")
    reference = {"path": str(tmp_path / "edges.tsv"), "regulator": "regulator", "target": "target"}
    lines = summarise(tmp_path, card, reference=reference, min_genes_per_cell=1)
    assert lines["warnings"] == ["2 of 6 genes of the reference are in the matrix"]
    assert lines["names"].strip() == lines["warnings"][0]


@pytest.mark.parametrize("organism", ["human", "mouse", "yeast"])
def test_dropped_marker_genes_are_named_with_their_types(tmp_path, monkeypatch, organism):
    monkeypatch.chdir(Path(__file__).parents[3])
    names = {
        "human": ["MS4A1", "CD8B", "NKG7", "COMMON"],
        "mouse": ["Ms4a1", "Cd8b1", "Nkg7", "C"],
    }
    genes = names.get(organism, names["human"])
    counts = np.ones((300, 4), int)
    counts[9:, 0] = counts[4:, 1] = counts[:, 2] = 0
    expression = tmp_path / "counts.csv"
    pd.DataFrame(counts, [f"c{i}" for i in range(300)], genes).to_csv(expression)
    card = write_counts(tmp_path)
    pd.DataFrame(counts, [f"c{i}" for i in range(300)], genes).to_csv(expression)
    card["organism"] = organism
    options = {"min_genes_per_cell": 0, "min_cells_fraction": None}
    lines = summarise(tmp_path, card, **options)
    assert lines["genes"].strip() == "1 of 4; 1 in no cell, 2 in fewer than 10 cells"
    if organism == "yeast":
        assert "markers" not in lines
        return
    said = "0 of 3 known marker genes; 1 in no cell, 2 in fewer than 10 cells"
    assert lines["markers"].strip() == said
    first, second = genes[:2]
    assert lines["lost"].strip() == (
        f"{first} (B cell, 9), {second} (CD8 T cell, 4); to keep: preprocess: {{keep: [markers]}}"
    )
    kept = list(marker_types(card, genes))
    assert sorted(kept) == sorted(genes[:3])
    assert summarise(tmp_path, card, keep=kept, **options)["markers"].strip().startswith("2 of 3")
