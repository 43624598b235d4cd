"""Rows and columns that are no genes and no cells, and tables without names of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.not_genes import is_no_gene, is_numbering
from matrix_cases import CELLS, check_same, counts, refusal

FRAME = counts()


def write(folder, frame: pd.DataFrame, orientation: str = "cells_by_genes", **keys) -> dict:
    """Write a table as it stands, whatever its first column is called."""
    path = folder / "matrix.csv"
    frame.to_csv(path, **keys)
    return {"format": "table", "path": str(path), "orientation": orientation}


def test_the_index_saved_twice(tmp_path, caplog):
    numbered = FRAME.reset_index(drop=True)
    numbered.to_csv(tmp_path / "once.csv")
    card = write(tmp_path, pd.read_csv(tmp_path / "once.csv", keep_default_na=False))
    source = check_same(card, FRAME.set_axis([str(i) for i in range(len(FRAME))]))
    assert source["left_out"] == ["Unnamed: 0"]
    assert "1 rows or columns are no genes or cells and were left out: Unnamed: 0" in caplog.text
    # What the warning says is possible: then the numbering is a gene.
    names = [str(i) for i in range(len(FRAME))]
    frame = numbered.assign(**{"Unnamed: 0": range(len(FRAME))}).set_axis(names)
    kept = check_same(card | {"not_genes": "keep"}, frame)
    assert "left_out" not in kept


ANNOTATED = {
    "featureCounts": {
        "Chr": "chr1", "Start": 100, "End": 200, "Strand": "+", "Length": 1500,
    },
    "biomart": {"external_gene_name": "x", "gene_biotype": "protein_coding", "description": ""},
    "numbered": {"": range(10)},
}  # fmt: skip


@pytest.mark.parametrize("name", ANNOTATED)
def test_annotation_columns_of_genes(tmp_path, name, caplog):
    genes = FRAME.T.rename_axis("Geneid")
    for number, (column, value) in enumerate(ANNOTATED[name].items()):
        genes.insert(number, column, value)
    card = write(tmp_path, genes, "genes_by_cells")
    path = tmp_path / "matrix.csv"
    if name == "featureCounts":
        path.write_text("# Program:featureCounts v2.0.3; Command:x,y\n" + path.read_text())
    source = check_same(card, FRAME)
    assert source["left_out"] == [column or "(no name)" for column in ANNOTATED[name]]
    assert caplog.text.count("were left out") == 1


def test_annotation_columns_of_cells(tmp_path):
    cells = FRAME.copy()
    extra = {"orig.ident": "a", "nCount_RNA": 5.0, "percent.mt": 0.1, "seurat_clusters": 3}
    for column, value in extra.items():
        cells[column] = value
    assert check_same(write(tmp_path, cells), FRAME)["left_out"] == list(extra)


def test_other_columns_of_text_are_refused_all_at_once_and_the_remedy_works(tmp_path):
    cells = FRAME.assign(**{"my group": "a", "site": "north", "note": "x"})
    card = write(tmp_path, cells)
    message = refusal(card)
    assert """drop_columns: ["my group", "site", "note"]""" in message
    check_same(card | {"drop_columns": ["my group", "site", "note"]}, FRAME)


ROWS = {
    "star": ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"],
    "htseq": ["__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned",
              "__alignment_not_unique"],
    "spike-ins": ["ERCC-00002", "ERCC-00171", "gERCC-00003"],
    "featureCounts": ["Unassigned_NoFeatures", "Unassigned_Ambiguity"],
}  # fmt: skip


@pytest.mark.parametrize("orientation", ["cells_by_genes", "genes_by_cells"])
@pytest.mark.parametrize("name", ROWS)
def test_summary_rows_and_spike_ins(tmp_path, name, orientation):
    frame = FRAME.copy()
    for number, row in enumerate(ROWS[name]):
        frame.insert(number, row, 1000 * (number + 1))
    card = write(tmp_path, frame if orientation == "cells_by_genes" else frame.T, orientation)
    source = check_same(card, FRAME)
    assert sorted(source["left_out"]) == sorted(ROWS[name])
    assert source["values"] == "counts"
    check_same(card | {"not_genes": "keep"}, frame)


TOTALS = [
    "Total", "total", "TOTAL", "Totals", "Sum", "sum", "Grand Total", "Row Total", "Column total",
    "row_sum", "rowSums", "colSums", "Total counts", "total_reads", "sum_counts", "Sum of counts",
    "All", "Overall", "nUMI total", "gene total", "n_counts",
]  # fmt: skip


@pytest.mark.parametrize("orientation", ["cells_by_genes", "genes_by_cells"])
@pytest.mark.parametrize("name", TOTALS)
def test_totals_of_genes_and_of_cells(tmp_path, name, orientation):
    frame = FRAME.assign(**{name: FRAME.sum(axis=1)})
    frame.loc[name.lower() + " "] = frame.sum(axis=0)
    card = write(tmp_path, frame if orientation == "cells_by_genes" else frame.T, orientation)
    assert {x.lower().strip() for x in check_same(card, FRAME)["left_out"]} == {name.lower()}


@pytest.mark.parametrize("name", ["Total", "Sum", "gene-all"])
def test_a_gene_called_total_that_is_no_total_stays(tmp_path, name):
    frame = FRAME.assign(**{name: 3})
    check_same(write(tmp_path, frame), frame)


@pytest.mark.parametrize(
    "name", ["ERCC1", "ERCC6L2", "SIRPA", "NA", "MT-ND1", "NOC2L", "SUMO1", "AMBRA1", "N4BP1"]
)
def test_genes_that_look_alike_are_genes(name):
    assert not is_no_gene(name)


def test_a_numbering_counts_from_0_or_1():
    assert is_numbering(np.array([0, 1, 2]))
    assert is_numbering(np.array([1.0, 2, 3]))
    assert not is_numbering(np.array([2, 3, 4]))
    assert not is_numbering(np.array([0, 1, 3]))
    assert not is_numbering(np.array([]))


# Tables without names of rows


@pytest.mark.parametrize("kind", ["counts", "lognorm", "estimated_counts"])
def test_a_table_without_row_names_keeps_its_first_gene(tmp_path, kind, caplog):
    frame = counts(kind)[["HLA-A", *(g for g in FRAME if g != "HLA-A")]]
    frame = frame.set_axis([f"matrix_{i}" for i in range(1, len(frame) + 1)])
    card = write(tmp_path, frame, index=False)
    check_same(card, frame)
    assert "the first column, 'HLA-A', holds values" in caplog.text
    check_same(card | {"row_names": False}, frame)


def test_a_first_column_that_may_be_either_is_refused_with_both_remedies(tmp_path):
    frame = counts()[["HLA-A", "SPI1"]].head(4).assign(**{"HLA-A": [7, 3, 9, 4]})
    card = write(tmp_path, frame, index=False)
    message = refusal(card)
    assert message.startswith(f"{card['path']}: 'expression.row_names': ")
    assert "'row_names: true' in the card if they are names, 'row_names: false'" in message
    named = frame.set_axis([f"matrix_{i}" for i in range(1, 5)])
    check_same(card | {"row_names": False}, named)
    check_same(card | {"row_names": True}, frame.set_index("HLA-A").rename(index=str))


@pytest.mark.parametrize("corner", ["", "cell", "barcode", "index", "Unnamed: 0", "cell_id"])
def test_numbers_as_names_of_cells_are_names(tmp_path, corner):
    frame = FRAME.set_axis([str(7 * i + 3) for i in range(len(CELLS))])
    check_same(write(tmp_path, frame, index_label=corner), frame)


def test_entrez_identifiers_are_names_of_genes(tmp_path):
    frame = FRAME.set_axis([str(1000 + 7 * i) for i in range(FRAME.shape[1])], axis=1)
    check_same(write(tmp_path, frame.T, "genes_by_cells", index_label="entrez"), frame)
