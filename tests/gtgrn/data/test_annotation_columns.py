"""Columns beside the values of a table: left out, or the names of the genes."""

from __future__ import annotations

import pandas as pd
import pytest
from gtgrn.data.preprocessing import read_expression
from matrix_cases import CELLS, GENES, check_same, counts, refusal

FRAME = counts()
IDENTIFIERS = [f"ENSG{i:011d}" for i in range(len(GENES))]
SYMBOLS = [f"SYM{i}" for i in range(len(GENES))]


def write(folder, column: str, symbols: list, identifiers=IDENTIFIERS, sep: str = "\t") -> dict:
    """Write what pipelines write: identifiers, symbols, counts of each sample."""
    table = FRAME.T.set_axis(identifiers).rename_axis("gene_id")
    table.insert(0, column, symbols)
    path = folder / "gene_counts.tsv"
    table.to_csv(path, sep=sep)
    return {"format": "table", "path": str(path), "orientation": "genes_by_cells"}


@pytest.mark.parametrize("column", ["gene_name", "Symbol", "external_gene_name", "hgnc_symbol"])
def test_a_column_of_symbols_is_offered_and_the_remedy_works(tmp_path, column, caplog):
    card = write(tmp_path, column, SYMBOLS)
    source = check_same(card, FRAME.set_axis(IDENTIFIERS, axis=1))
    assert source["left_out"] == [column]
    assert f"'gene_names: {column}'" in caplog.text
    caplog.clear()
    check_same(card | {"gene_names": column}, FRAME.set_axis(SYMBOLS, axis=1))
    assert "calls them by their symbols" not in caplog.text


@pytest.mark.parametrize("not_genes", [{}, {"not_genes": "keep"}])
def test_a_column_of_names_may_be_called_anything(tmp_path, not_genes):
    card = write(tmp_path, "Naam", SYMBOLS)
    assert "Naam" in refusal(card)
    named = card | {"gene_names": "Naam"} | not_genes
    check_same(named, FRAME.set_axis(SYMBOLS, axis=1))


def test_symbols_that_are_shared_or_absent_lose_no_gene(tmp_path, caplog):
    symbols = [SYMBOLS[0], SYMBOLS[0], "", *SYMBOLS[3:]]
    card = write(tmp_path, "gene_name", symbols) | {"gene_names": "gene_name"}
    expected = [f"{SYMBOLS[0]}_{IDENTIFIERS[0]}", f"{SYMBOLS[0]}_{IDENTIFIERS[1]}"]
    check_same(card, FRAME.set_axis([*expected, IDENTIFIERS[2], *SYMBOLS[3:]], axis=1))
    assert "1 genes have no name" in caplog.text
    assert "2 genes share their symbol" in caplog.text


def test_symbols_beside_symbols_are_no_offer(tmp_path, caplog):
    check_same(write(tmp_path, "gene_name", SYMBOLS, GENES), FRAME)
    assert "gene_names:" not in caplog.text


def test_a_column_that_is_not_there_names_those_that_are(tmp_path):
    card = write(tmp_path, "gene_name", SYMBOLS)
    assert "Name one of gene_name" in refusal(card | {"gene_names": "genename"})
    FRAME.to_csv(tmp_path / "turned.csv")
    card |= {"path": str(tmp_path / "turned.csv"), "orientation": "cells_by_genes"}
    assert "Remove it: there is none" in refusal(card | {"gene_names": "gene_name"})


def test_several_tables_have_their_names_too(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = (write(tmp_path / name, "gene_name", SYMBOLS) for name in ("one", "two"))
    second = pd.read_csv(two["path"], sep="\t", index_col=0)
    second = second.rename(columns={cell: f"{cell}_2" for cell in CELLS})
    second.to_csv(two["path"], sep="\t")
    card = {key: one[key] for key in ("format", "orientation")} | {"values": "auto"}
    card |= {"paths": [one["path"], two["path"]], "gene_names": "gene_name"}
    read = read_expression(card)
    assert set(read.var_names) == set(SYMBOLS)
    assert read.n_obs == 2 * len(CELLS)
