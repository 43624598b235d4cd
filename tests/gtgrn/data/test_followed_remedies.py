"""Each message is followed: what it says is done, and the right matrix or network comes out."""

from __future__ import annotations

import gzip
import logging
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import h5py
import matrix_cases
import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import LONGEST, InputError
from matrix_cases import CELLS, GENES, check_same, counts, refusal
from scipy import sparse

FRAME = counts()
NAMED = FRAME.set_axis([f"Gene{i}" for i in range(len(GENES))], axis=1)


@dataclass
class Case:
    """A bad file, what is said of it, and what is then done.

    Attributes
    ----------
    write
        Writes the file into a folder and returns the section `expression` of the card.
    words
        What the message says, its remedy among it.
    follow
        Does what the remedy says, from the folder and the section; returns the new section.
    right
        The matrix that is then read.
    """

    write: Callable[[Path], dict]
    words: tuple[str, ...]
    follow: Callable[[Path, dict], dict]
    right: pd.DataFrame


def text(change: Callable[[pd.DataFrame], str], orientation: str = "cells_by_genes", frame=NAMED):
    """Return a writer of a table as text."""

    def write(folder: Path) -> dict:
        path = folder / "table.txt"
        path.write_text(change(frame))
        return {"format": "table", "path": str(path), "orientation": orientation}

    return write


def again(change: Callable[[pd.DataFrame], str], frame=NAMED):
    """Return what writes the table once more, as it should be."""

    def follow(folder: Path, card: dict) -> dict:
        Path(card["path"]).write_text(change(frame))
        return card

    return follow


def keys(**more) -> Callable[[Path, dict], dict]:
    """Return what adds keys to the card."""
    return lambda folder, card: card | more


def tsv(frame: pd.DataFrame, **options) -> str:
    return frame.to_csv(sep="\t", **options)


def grouped(mark: str) -> Callable[[pd.DataFrame], str]:
    return lambda frame: tsv((frame * 300).map(lambda v: f"{int(v):,}".replace(",", mark)))


def h5ad(**parts) -> Callable[[Path], dict]:
    """Return a writer of an h5ad; `x` is its matrix, others are layers or columns of var."""

    def write(folder: Path) -> dict:
        adata = ad.AnnData(
            parts.get("x", NAMED.to_numpy(np.float32)),
            obs=pd.DataFrame(index=parts.get("cells", NAMED.index)),
            var=pd.DataFrame(parts.get("var", {}), index=parts.get("genes", NAMED.columns)),
        )
        for name in parts.get("layers", []):
            adata.layers[name] = NAMED.to_numpy(np.float32)
        adata.write_h5ad(folder / "x.h5ad")
        return {"format": "h5ad", "path": str(folder / "x.h5ad")}

    return write


def two_genomes(folder: Path) -> dict:
    path, stored = folder / "x.h5", sparse.csr_matrix(NAMED.to_numpy(np.float32))
    with h5py.File(path, "w") as file:
        for genome, times in (("hg19", 1), ("mm10", 3)):
            group = file.create_group(genome)
            group["data"], group["shape"] = times * stored.data, np.array(NAMED.shape[::-1])
            group["indices"], group["indptr"] = stored.indices.astype(np.int64), stored.indptr
            group["barcodes"] = np.array(NAMED.index, "S")
            group["genes"] = group["gene_names"] = np.array(NAMED.columns, "S")
    return {"format": "10x_h5", "path": str(path)}


def without(name: str) -> Callable[[Path], dict]:
    """Return a writer of a Matrix Market folder that lacks one list."""

    def write(folder: Path) -> dict:
        card = matrix_cases.mtx(folder, NAMED, columns=1)
        (folder / "counts" / name).unlink()
        return card

    return write


def put(name: str, names) -> Callable[[Path, dict], dict]:
    def follow(folder: Path, card: dict) -> dict:
        (folder / "counts" / name).write_text("\n".join(names) + "\n")
        return card

    return follow


def two_matrices(folder: Path) -> dict:
    card = matrix_cases.mtx(folder, NAMED, prefix="GSM1_")
    for path in list((folder / "counts").iterdir()):
        path.with_name(path.name.replace("GSM1", "GSM2")).write_bytes(path.read_bytes())
    return card


TWICE = pd.concat([NAMED, NAMED.iloc[:, :1]], axis=1)
NUMBERS = NAMED.set_axis([str(1000 + 17 * i) for i in range(NAMED.shape[1])], axis=1)
FRACTIONS = pd.DataFrame(NAMED.to_numpy() * 0.873, NAMED.index, NAMED.columns).round(3)

CASES = {
    "thousands by commas": Case(
        text(grouped(",")), ("is not a number", "without separators of thousands"),
        again(grouped("")), NAMED * 300,
    ),
    "thousands by points": Case(
        text(grouped(".")), ("may part thousands", "Write numbers without separators"),
        again(grouped("")), NAMED * 300,
    ),
    "thousands that are fractions": Case(
        text(lambda f: grouped(".")(f)), ("set 'values: estimated_counts'",),
        keys(values="estimated_counts"),
        (NAMED * 300).map(lambda v: float(f"{int(v):,}".replace(",", "."))),
    ),
    "fractions declared counts": Case(
        lambda folder: text(tsv, frame=FRACTIONS)(folder) | {"values": "counts"},
        ("set 'values: estimated_counts'",), keys(values="estimated_counts"), FRACTIONS,
    ),
    "identifiers with a point": Case(
        text(lambda f: tsv(f.rename(columns=lambda g: f"{g}.0")), frame=NUMBERS),
        ("numbers with a point", "Write identifiers without .0"),
        again(tsv, NUMBERS), NUMBERS,
    ),
    "text beside the counts": Case(
        text(lambda f: tsv(f.assign(remark="fine", judge="me"))),
        ("'fine' is not a number", 'drop_columns: ["remark", "judge"]'),
        keys(drop_columns=["remark", "judge"]), NAMED,
    ),
    "a gene twice": Case(
        text(tsv, frame=TWICE), ("Gene0", "Sum or drop the copies"), again(tsv), NAMED,
    ),
    "a cell twice": Case(
        text(lambda f: tsv(f.rename(index={"cell-1": "cell-0"}))),
        ("cell-0", "Make the cell names unique"), again(tsv), NAMED,
    ),
    "a missing value": Case(
        text(lambda f: tsv(f.astype(float).mask(f == f.iloc[1, 1]))), ("missing", "Fill or drop"),
        again(tsv), NAMED,
    ),
    "a header that is too long": Case(
        text(lambda f: tsv(f).replace("Gene0", "Gene0\tmore\tthan\tall", 1)),
        ("rows need as many fields as the header",), again(tsv), NAMED,
    ),
    "a table of Latin letters": Case(
        lambda folder: latin(folder), ("iconv -f latin1 -t utf-8",),
        lambda folder, card: latin(folder, "utf-8"), NAMED.rename(index={"cell-0": "Zélle"}),
    ),
    "a column that is not there": Case(
        lambda folder: text(tsv)(folder) | {"drop_columns": ["remark"]},
        ("there is no column 'remark'", "Correct or remove it"),
        lambda folder, card: {k: v for k, v in card.items() if k != "drop_columns"}, NAMED,
    ),
    "no X": Case(
        lambda folder: h5ad(x=None, layers=["umi"])(folder), ("has no X", "Name one of umi"),
        keys(layer="umi"), NAMED,
    ),
    "a layer that is not there": Case(
        lambda folder: h5ad(layers=["umi"])(folder) | {"layer": "um"}, ("Name one of umi",),
        keys(layer="umi"), NAMED,
    ),
    "an X of zeros": Case(
        h5ad(x=np.zeros(NAMED.shape, np.float32), layers=["umi"]),
        ("Name one of its layers (umi)",), keys(layer="umi"), NAMED,
    ),
    "numbered genes": Case(
        h5ad(genes=list(map(str, range(len(GENES)))), var={"symbol": list(NAMED.columns)}),
        ("Set gene_names to the column", "symbol"), keys(gene_names="symbol"), NAMED,
    ),
    "a column of names that is not there": Case(
        lambda folder: h5ad(var={"symbol": list(NAMED.columns)})(folder) | {"gene_names": "name"},
        ("Name one of symbol",), keys(gene_names="symbol"), NAMED,
    ),
    "two genomes": Case(
        two_genomes, ("matrices of 2 genomes", "Name one of hg19, mm10"), keys(layer="mm10"),
        NAMED * 3,
    ),
    "another genome": Case(
        lambda folder: two_genomes(folder) | {"layer": "hg38"}, ("Name one of hg19, mm10",),
        keys(layer="hg19"), NAMED,
    ),
    "no list of genes": Case(
        without("features.tsv"), ("Put the list of the genes there",),
        put("features.tsv", NAMED.columns), NAMED,
    ),
    "no list of cells": Case(
        without("barcodes.tsv"), ("Put the list of the cells there",),
        put("barcodes.tsv", NAMED.index), NAMED,
    ),
    "a list of other cells": Case(
        lambda folder: put("barcodes.tsv", CELLS[:-1])(folder, matrix_cases.mtx(folder, NAMED)),
        ("whose lists belong to this matrix",), put("barcodes.tsv", CELLS), NAMED,
    ),
    "two matrices": Case(
        two_matrices, ("there are 2 matrices", "Give the path of one of them"),
        lambda folder, card: card | {"path": str(folder / "counts/GSM2_matrix.mtx")}, NAMED,
    ),
}  # fmt: skip


def latin(folder: Path, encoding: str = "latin-1") -> dict:
    path = folder / "table.txt"
    path.write_bytes(tsv(NAMED.rename(index={"cell-0": "Zélle"})).encode(encoding))
    return {"format": "table", "path": str(path), "orientation": "cells_by_genes"}


@pytest.mark.parametrize("name", CASES)
def test_the_remedy_for_a_matrix(tmp_path, name):
    case = CASES[name]
    card = case.write(tmp_path)
    message = refusal(card, card.get("values", "auto"))
    for word in case.words:
        assert word in message
    mended = case.follow(tmp_path, card)
    check_same(mended, case.right, mended.get("values", "auto"))


# Files that no reader takes, declared as a folder


def test_an_archive_where_a_folder_should_be(tmp_path):
    matrix_cases.mtx(tmp_path, NAMED)
    with tarfile.open(tmp_path / "GSE1_RAW.tar", "w") as archive:
        archive.add(tmp_path / "counts", "unpacked")
    section = {"format": "10x_mtx", "path": str(tmp_path / "GSE1_RAW.tar")}
    card = tmp_path / "mine.yaml"

    def load() -> dict:
        card.write_text(yaml.safe_dump({"title": "x", "organism": "human", "expression": section}))
        return load_cards([card])["mine"]["expression"]

    with pytest.raises(
        InputError, match="is a file, not a folder.*Unpack an archive and name its"
    ):
        load()
    with tarfile.open(tmp_path / "GSE1_RAW.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    section["path"] = str(tmp_path / "unpacked")
    check_same(load(), NAMED)


# What is read, and warned of


@pytest.mark.parametrize("form", ["table", "h5ad", "mtx", "loom"])
def test_whole_numbers_above_single_precision_are_said(tmp_path, caplog, form):
    deep = NAMED.astype(np.int64) * 1_000_003
    writer = {
        "table": text(tsv, frame=deep),
        "mtx": lambda folder: matrix_cases.mtx(folder, deep),
        "loom": lambda folder: matrix_cases.loom(folder, deep),
        "h5ad": h5ad(x=deep.to_numpy()),
    }[form]
    check_same(writer(tmp_path), deep)
    above = int((deep > 2**24).to_numpy().sum())
    assert above
    assert f"{above} values are above 16777216" in caplog.text
    caplog.clear()
    (tmp_path / "small").mkdir()
    check_same(text(tsv)(tmp_path / "small"), NAMED)
    assert "16777216" not in caplog.text


def test_as_many_genes_as_cells_are_said(tmp_path, caplog):
    square = NAMED.iloc[: NAMED.shape[1]]
    check_same(matrix_cases.mtx(tmp_path, square), square)
    assert "as many genes as cells (10); genes are taken for the rows" in caplog.text


@pytest.mark.parametrize("field", ["real", "integer"])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_dense_matrix_market_file(tmp_path, field, transposed):
    card = matrix_cases.mtx(tmp_path, NAMED, columns=1)
    shown = NAMED if transposed else NAMED.T
    head = f"%%MatrixMarket matrix array {field} general\n{shown.shape[0]} {shown.shape[1]}\n"
    path = tmp_path / "counts/matrix.mtx"
    values = shown.to_numpy().ravel(order="F")
    path.write_text(head + "".join(f"{value:g}\n" for value in values))
    check_same(card, NAMED)
    path.write_text(head + "".join(f"{value:g}\n" for value in values[:-1]))
    assert f"it has {values.size - 1} values, its header says" in refusal(card)
    if field == "integer":
        path.write_text(head + "".join(f"{value + 0.5:g}\n" for value in values))
        assert "write real there" in refusal(card)


DATES = {
    "days": (["1-Mar", "2-Sep"], ["MARCH1", "SEPT2"]),
    "months first": (["Mar-01", "Sep-02"], ["MARCH1", "SEPT2"]),
    "with years": (["1-Mar-21", "2-Sep-2021"], ["MARCH1", "SEPT2"]),
    "as databases write them": (["2021-03-01", "2021-09-02 00:00:00"], ["MARCH1", "SEPT2"]),
    "slashes": (["03/01/2021", "09/02/2021"], ["MARCH1", "SEPT2"]),
    "points": (["01.03.2021", "02.09.21"], ["MARCH1", "SEPT2"]),
    "days since 1900": (["44256", "44441"], ["MARCH1", "SEPT2"]),
}


@pytest.mark.parametrize("kind", DATES)
def test_genes_that_a_spreadsheet_turned_into_dates(tmp_path, caplog, kind):
    odd, symbols = DATES[kind]
    spoilt = NAMED.rename(columns=dict(zip(["Gene3", "Gene4"], odd, strict=True)))
    card = text(tsv, frame=spoilt)(tmp_path)
    check_same(card, spoilt)
    assert "2 genes are called like dates" in caplog.text
    assert odd[0] in caplog.text
    assert "MARCH1" in caplog.text
    caplog.clear()
    right = NAMED.rename(columns=dict(zip(["Gene3", "Gene4"], symbols, strict=True)))
    check_same(again(tsv, right)(tmp_path, card), right)
    assert "dates" not in caplog.text


def test_numbers_as_names_of_all_genes_are_no_dates(tmp_path, caplog):
    frame = NAMED.set_axis([str(44000 + 7 * i) for i in range(NAMED.shape[1])], axis=1)
    check_same(text(tsv, frame=frame)(tmp_path), frame)
    assert "dates" not in caplog.text


# Names of references


PAIRS = [(f"Gene{i % 4}", f"Gene{4 + (i * 5) % 6}") for i in range(12)]
EDGES = set(PAIRS)
ENS = {name: f"ENSG{i:011d}" for i, name in enumerate(NAMED.columns)}
SPELT = {
    "a prefix of Seurat": (lambda g: f"rna_{g}", "genome before", "Remove it from the names"),
    "a genome": (lambda g: f"GRCh38_{g}", "genome before", "Remove it from the names"),
    "an identifier before": (lambda g: f"{ENS[g]}_{g}", "identifiers", "Write the symbols"),
    "an identifier behind": (lambda g: f"{g}_{ENS[g]}.4", "identifiers", "Write the symbols"),
    "Entrez behind": (lambda g: f"{g}|{900 + int(g[4:])}", "identifiers", "Write the symbols"),
    "upper case": (str.upper, "differ in case", "set ignore_case: true"),
    "R's dots": (lambda g: g.replace("Gene", "Gene."), "dots, hyphens", "Write the names alike"),
}  # fmt: skip


def reference(folder: Path, rows, **more) -> dict:
    path = folder / "known.tsv"
    path.write_text("regulator\ttarget\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    return {"path": str(path), "regulator": "regulator", "target": "target", **more}


def pairs(read: pd.DataFrame) -> set[tuple[str, str]]:
    return set(read[["regulator", "target"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("kind", SPELT)
def test_names_of_a_reference_that_do_not_meet(tmp_path, caplog, kind):
    spell, words, remedy = SPELT[kind]
    genes = [name.replace("Gene", "Gene-") if kind == "R's dots" else name for name in NAMED]
    right = {tuple(x.replace("Gene", "Gene-") if kind == "R's dots" else x for x in p)
             for p in EDGES}  # fmt: skip
    with pytest.raises(InputError) as caught:
        read_reference(reference(tmp_path, [(spell(a), spell(b)) for a, b in PAIRS]), genes)
    message = str(caught.value)
    assert words in message
    assert remedy in message
    assert len(message) <= LONGEST
    if kind == "upper case":
        rows, more = [(spell(a), spell(b)) for a, b in PAIRS], {"ignore_case": True}
    else:
        rows, more = sorted(right), {}
    caplog.clear()
    assert pairs(read_reference(reference(tmp_path, rows, **more), genes)) == right
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("spell", "remedy"),
    [
        (lambda n: f"X{n}", "Write the numbers alone"),
        (lambda n: f"{n}.0", "Remove them from both"),
    ],
    ids=["R", "pandas"],
)
def test_identifiers_that_are_numbers(tmp_path, spell, remedy):
    numbers = {name: str(1000 + 17 * i) for i, name in enumerate(NAMED.columns)}
    spoilt = [(spell(numbers[a]), spell(numbers[b])) for a, b in PAIRS]
    with pytest.raises(InputError, match=remedy):
        read_reference(reference(tmp_path, spoilt), list(numbers.values()))
    rows = [(numbers[a], numbers[b]) for a, b in PAIRS]
    assert pairs(read_reference(reference(tmp_path, rows), list(numbers.values()))) == set(rows)


SETS = {
    "sif, one target": ("sif", lambda a, targets: [f"{a}\tactivates\t{b}" for b in targets]),
    "sif, blanks": ("sif", lambda a, targets: [f"{a} pp {b}" for b in targets]),
    "sif, all targets": ("sif", lambda a, targets: ["\t".join([a, "pp", *targets])]),
    "sif, a node alone": ("sif", lambda a, targets: [a, *(f"{a}\tpp\t{b}" for b in targets)]),
    "gmt": ("gmt", lambda a, targets: ["\t".join([a, "http://x", *targets])]),
    "gmt of pySCENIC": ("gmt", lambda a, targets: ["\t".join([f"{a}(+)", "", *targets])]),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", SETS)
def test_networks_of_other_programs(tmp_path, kind, packed):
    suffix, write = SETS[kind]
    lines = []
    for regulator in sorted({a for a, _ in PAIRS}):
        lines += write(regulator, sorted({b for a, b in EDGES if a == regulator}))
    path = tmp_path / f"known.{suffix}{'.gz' if packed else ''}"
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    assert pairs(read_reference(section, list(NAMED))) == EDGES


def test_a_sif_without_an_edge_is_refused_and_a_table_is_read(tmp_path):
    path = tmp_path / "known.sif"
    path.write_text("Gene0\nGene1\n")
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    with pytest.raises(InputError, match="a table with a header and one pair in a row"):
        read_reference(section, list(NAMED))
    assert pairs(read_reference(reference(tmp_path, PAIRS), list(NAMED))) == EDGES


COLUMNS = {
    "OmniPath": ("source\ttarget\tweight\n", "{0}\t{1}\t1\n", ("source", "target")),
    "DoRothEA": (",tf,confidence,target,mor\n", "1,{0},A,{1},1\n", ("tf", "target")),
    "RegNetwork": ("TF;id;gene;id2\n", "{0};1;{1};2\n", ("TF", "gene")),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_that_are_called_otherwise(tmp_path, kind):
    header, row, names = COLUMNS[kind]
    path = tmp_path / "known.txt"
    path.write_text(header + "".join(row.format(a, b) for a, b in PAIRS))
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    with pytest.raises(InputError, match=f"the file has .*{names[0]}.*Name a column of it"):
        read_reference(section, list(NAMED))
    section |= dict(zip(("regulator", "target"), names, strict=True))
    assert pairs(read_reference(section, list(NAMED))) == EDGES


@pytest.mark.parametrize("header", ["TF\tDBD\n", "Species\tTF\n", '"","TF"\n'])
def test_a_list_under_another_name(tmp_path, header):
    listed = ["Gene0", "Gene1", "Gene2"]
    first = header.startswith("TF")
    sep = "," if "," in header else "\t"
    rows = [sep.join([name, "C2H2"] if first else ["1", name]) for name in listed]
    path = tmp_path / "tfs.txt"
    path.write_text(header + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match="the file has .*TF.*Name a column of it"):
        read_regulators({"path": str(path), "column": "regulator"}, list(NAMED))
    assert read_regulators({"path": str(path), "column": "TF"}, list(NAMED)) == listed


def test_the_message_of_fractions_is_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = text(tsv, frame=FRACTIONS)(Path())
    message = refusal(card, "counts")
    assert not message.endswith("...")
    assert read_expression(card | {"values": "estimated_counts"}).shape == FRACTIONS.shape
