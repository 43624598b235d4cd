"""What is found out about a file, and the card that is written from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from command_cases import call, make_counts
from gtgrn.command.detection import detect, guess_cell_type
from gtgrn.config.cards import load_cards
from gtgrn.config.unsaid import GENES, merge_preprocess
from gtgrn.data.preprocessing import read_expression
from gtgrn.tables import read_table
from scipy import io, sparse

ROOT_GENES = "resources/genes"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_identifiers(counts, organism="human"):
    from gtgrn.config.locations import shipped

    table = read_table(shipped(f"{ROOT_GENES}/{organism}.tsv")).drop_duplicates("symbol")
    known = dict(zip(table["symbol"], table["ensembl"], strict=True))
    counts = counts.copy()
    counts.var["feature_name"] = counts.var_names
    counts.var_names = [known[name] + ".3" for name in counts.var_names]
    return counts


def write_mtx(counts, folder):
    folder.mkdir()
    io.mmwrite(folder / "matrix.mtx", sparse.csc_matrix(counts.X.T.astype(int)))
    pd.Series(counts.obs_names).to_csv(folder / "barcodes.tsv", index=False, header=False)
    genes = pd.DataFrame({"id": counts.var_names, "symbol": counts.var_names})
    genes.to_csv(folder / "features.tsv", sep="\t", index=False, header=False)


def test_files_are_read_as_what_they_are(here):
    counts, _ = make_counts()
    counts.write_h5ad(here / "a.h5ad")
    counts.to_df().to_csv(here / "cells.csv")
    counts.to_df().T.to_csv(here / "genes.tsv.gz", sep="\t")
    write_mtx(counts, here / "mtx")
    for name, expected in (
        ("a.h5ad", {"format": "h5ad"}),
        ("cells.csv", {"format": "table", "orientation": "cells_by_genes"}),
        ("genes.tsv.gz", {"format": "table", "orientation": "genes_by_cells"}),
        ("mtx", {"format": "10x_mtx"}),
    ):
        found = detect(name)
        assert found.expression == {"path": name, **expected}
        assert (found.cells, found.genes) == (80, 30)
        assert found.values == "counts"
        assert found.organism == "human"
    assert guess_cell_type(detect("a.h5ad").columns) == "cell_type"


def test_organism_and_names_of_genes(here):
    counts, _ = make_counts()
    mouse = counts.copy()
    mouse.var_names = mouse.var_names.str.capitalize()
    mouse.write_h5ad(here / "mouse.h5ad")
    found = detect("mouse.h5ad")
    assert found.organism == "mouse"
    named = as_identifiers(counts)
    named.write_h5ad(here / "named.h5ad")
    assert detect("named.h5ad").expression["gene_names"] == "feature_name"
    del named.var["feature_name"]
    named.write_h5ad(here / "bare.h5ad")
    found = detect("bare.h5ad")
    assert found.organism == "human"
    assert found.expression["gene_map"] == "shipped"


def test_a_table_of_a_pipeline_is_named_by_its_column_of_symbols(here):
    counts, _ = make_counts()
    table = counts.to_df().T
    symbols = list(table.index)
    table.insert(0, "gene_name", symbols)
    table.index = [f"ENSG{number:011d}" for number in range(len(table))]
    table.to_csv(here / "gene_counts.tsv", sep="\t", index_label="gene_id")
    found = detect("gene_counts.tsv")
    assert found.expression["gene_names"] == "gene_name"
    assert found.expression["orientation"] == "genes_by_cells"
    assert found.organism == "human"
    card = here / "pipeline.yaml"
    card.write_text(yaml.safe_dump({"title": "x", "expression": found.expression}))
    (read,) = load_cards(card).values()
    assert set(read_expression(read["expression"]).var_names) == set(symbols)


@pytest.mark.parametrize("column", ["gene_short_name", "SYMBOL", "hgnc_symbol", "feature_name"])
def test_numbered_genes_are_named_by_the_column_that_names_them(here, column):
    counts, _ = make_counts()
    names = list(counts.var_names)
    counts.var[column] = names
    counts.var_names = [str(number) for number in range(len(names))]
    counts.write_h5ad(here / "a.h5ad")
    found = detect("a.h5ad")
    assert found.expression == {"format": "h5ad", "path": "a.h5ad", "gene_names": column}
    assert found.organism == "human"


def test_blanks_that_do_not_break_hide_no_gene(here):
    counts, _ = make_counts()
    table = counts.to_df()
    table.rename(columns=lambda name: f"{name}\u00a0").to_csv(here / "cells.csv")
    found = detect("cells.csv")
    assert (found.organism, found.genes) == ("human", 30)
    assert found.expression["orientation"] == "cells_by_genes"


def test_counts_in_a_layer_go_before_scaled_values(here):
    counts, _ = make_counts()
    scaled = counts.copy()
    scaled.layers["counts"] = counts.X.copy()
    scaled.X = (counts.X - counts.X.mean(axis=0)) / counts.X.std(axis=0)
    scaled.write_h5ad(here / "scaled.h5ad")
    found = detect("scaled.h5ad")
    assert found.expression["layer"] == "counts"
    assert found.values == "counts"


def test_init_writes_a_card_that_a_run_takes(here):
    counts, edges = make_counts()
    counts.write_h5ad(here / "My cells-1.h5ad")
    edges.to_csv(here / "known.tsv", sep="\t", index=False)
    run = call("init", "My cells-1.h5ad", "--reference", "known.tsv:regulator:target")
    assert run.exit_code == 0, run.output
    for said in ("80 cells x 30 genes", "values:    counts", "organism:  human", "cell_type",
                 "gtgrn validate My_cells_1"):  # fmt: skip
        assert said in run.output
    card = load_cards(here / "config/datasets/My_cells_1.yaml")["My_cells_1"]
    assert card["reference"]["path"] == "known.tsv"
    assert card["expression"]["cell_type"] == "cell_type"
    assert card["regulators"]["path"].endswith("resources/regulators/human.tsv")
    # A card is not replaced unasked.
    again = call("init", "My cells-1.h5ad")
    assert again.exit_code == 1
    assert "--force" in again.output
    assert call("init", "My cells-1.h5ad", "--force", "--groups", "cell_type").exit_code == 0
    written = yaml.safe_load((here / "config/datasets/My_cells_1.yaml").read_text())
    assert written["groups"] == {"by": "cell_type"}
    assert "reference" not in written


def test_on_a_terminal_init_asks_for_what_the_file_does_not_tell(here, monkeypatch):
    counts, edges = make_counts()
    counts.var_names = [f"X{i}" for i in range(30)]
    counts.write_h5ad(here / "a.h5ad")
    edges.to_csv(here / "known.tsv", sep="\t", index=False)
    monkeypatch.setattr("gtgrn.command.main.may_ask", lambda: True)
    run = call("init", "a.h5ad", input="zebrafish\nknown.tsv\n")
    assert run.exit_code == 0, run.output
    card = yaml.safe_load((here / "config/datasets/a.yaml").read_text())
    assert card["organism"] == "zebrafish"
    assert card["reference"] == {"path": "known.tsv"}
    # There is no list of regulators for every organism.
    assert card["regulators"] == {"list": "all"}


def test_the_number_of_genes_is_left_to_the_default(here):
    rng = np.random.default_rng(0)
    names = [*make_counts()[0].var_names, *(f"GENE{i}" for i in range(4100))]
    table = pd.DataFrame(rng.poisson(2.0, size=(12, len(names))), columns=names)
    table.rename(index=lambda i: f"cell{i}").to_csv(here / "wide.csv")
    run = call("init", "wide.csv", "--organism", "human", "--orientation", "cells_by_genes")
    assert run.exit_code == 0, run.output
    card = yaml.safe_load((here / "config/datasets/wide.yaml").read_text())
    assert "preprocess" not in card
    assert merge_preprocess(card, {"n_top_genes": None})["n_top_genes"] == GENES


def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(here):
    counts, _ = make_counts()
    counts.write_h5ad(here / "a.h5ad")
    unknown = counts.copy()
    unknown.var_names = [f"X{i}" for i in range(30)]
    unknown.write_h5ad(here / "x.h5ad")
    unknown.to_df().to_csv(here / "x.csv")
    (here / "broken.h5ad").write_bytes((here / "a.h5ad").read_bytes()[:900])
    for words, said in (
        (["absent.h5ad"], "absent.h5ad"),
        (["broken.h5ad"], "broken.h5ad"),
        (["x.h5ad"], "--organism"),
        (["x.csv"], "--orientation"),
        (["a.h5ad", "--cell-type", "kind"], "no column 'kind'"),
        (["a.h5ad", "--layer", "raw"], "raw"),
        (["a.h5ad", "--reference", "absent.tsv"], "absent.tsv"),
        (["a.h5ad", "--name", "a b"], "cannot be a data set's name"),
    ):
        run = call("init", *words)
        assert run.exit_code == 1, words
        assert said in run.output.splitlines()[-1], run.output
        assert "Traceback" not in run.output
    assert not (here / "config").exists()
