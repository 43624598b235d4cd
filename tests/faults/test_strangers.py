"""What strangers give: each file, list, card and command ends in one line, or is read right."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.errors import LONGEST, InputError
from gtgrn.workflow.command_line import check_arguments
from gtgrn.workflow.plan import make_plan
from scipy import sparse

GENES = [f"G{i}" for i in range(6)]
CELLS = [f"c{i}" for i in range(5)]
VALUES = (np.arange(30).reshape(5, 6) * 7 % 11 + 1).astype(np.float32)


def said(call, *arguments, **keys) -> str:
    """Return the line that a call ends in."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **keys)
    assert len(str(caught.value)) <= LONGEST
    assert str(caught.value).isprintable()
    assert caught.value.remedy
    return str(caught.value)


def check(expression: dict, genes=GENES, cells=CELLS, values=VALUES) -> None:
    """Check that a matrix is read as what it is."""
    adata = read_expression({"values": "auto"} | expression)
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    assert list(adata.var_names) == list(genes)
    assert list(adata.obs_names) == list(cells)
    np.testing.assert_array_equal(matrix, values)


def text(sep: str = ",", genes=GENES, cells=CELLS) -> str:
    rows = [[cell, *map("{:g}".format, row)] for cell, row in zip(cells, VALUES, strict=True)]
    return "".join(f"{sep.join(row)}\n" for row in [["cell", *genes], *rows])


def first(value: str) -> str:
    """Return the table with another first value."""
    return text().replace("c0,1,", f"c0,{value},")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


NO_NUMBER = "is not a number"
HALF = len(text()) // 2
TABLES: dict[str, tuple[str | bytes, str]] = {
    "thousands": (first('"1,234"'), NO_NUMBER),
    "percent": (first("10%"), NO_NUMBER),
    "a unit": (first("10 UMI"), NO_NUMBER),
    "hexadecimal": (first("0x1F"), NO_NUMBER),
    "a fraction": (first("1/2"), NO_NUMBER),
    "a dot": (first("."), NO_NUMBER),
    "a dash": (first("-"), NO_NUMBER),
    "Arabic digits": (first("\u0661"), NO_NUMBER),
    "a minus of typography": (first("\u22121"), NO_NUMBER),
    "an exponent without end": (first("1e2147483648"), NO_NUMBER),
    "true": (first("True"), NO_NUMBER),
    "NA": (first("NA"), "missing or infinite"),
    "nothing": (first(""), "missing or infinite"),
    "an error of Excel": (first("#N/A"), "missing or infinite"),
    "beyond single precision": (first("1e39"), "missing or infinite"),
    "a plus": (first("+1"), ""),
    "as Excel for one comma": ("sep=,\n" + text(), ""),
    "as Excel for a semicolon": ("sep=;\n" + text(";"), ""),
    "bars": (text("|"), ""),
    "markdown": ("| cell | G0 |\n|---|---|\n| c0 | 1 |\n", "'---' is not a number"),
    "two headers": (text().replace("c0,", "b,a,a,b,b,a,b\nc0,", 1), "row 'b', column 'G0'"),
    "two tables": (text() + text(), "'G0' is not a number"),
    "an empty line inside": (text().replace("c2,", "\nc2,"), ""),
    "a remark inside": (text().replace("c2,", "# half\nc2,"), "cell '# half'"),
    "a remark at the end": (text() + "# by X\n", "cell '# by X'"),
    "UTF-16": (text().encode("utf-16"), ""),
    "Latin 1": (text(cells=["\xe9", *CELLS[1:]]).encode("latin-1"), "can't decode"),
    "a blank that does not break": (text(genes=["G0\u00a0", *GENES[1:]]), ""),
    "a blank without width": (text(genes=["G0\u200b", *GENES[1:]]), "control characters"),
    "an order mark inside": (text(genes=["G0\ufeff", *GENES[1:]]), "control characters"),
    "right to left": (text(genes=["G0\u202e", *GENES[1:]]), "control characters"),
    "all in quotes": ('"' + text('","').replace("\n", '"\n"')[:-1], ""),
    "all in single quotes": ("'" + text("','").replace("\n", "'\n'")[:-1], NO_NUMBER),
    "carriage returns": (text().replace("\n", "\r"), ""),
    "no end of line": (text().rstrip(), ""),
    "columns by blanks": (text("   "), ""),
    "a line break in a name": (text().replace("c0,", '"c\n0",', 1), "control characters"),
    "packed twice": (gzip.compress(gzip.compress(text().encode())), "it is no text"),
    "packed in two parts": (
        gzip.compress(text()[:HALF].encode()) + gzip.compress(text()[HALF:].encode()), ""
    ),
    "packed, with zeros": (gzip.compress(text().encode()) + bytes(512), ""),
    "packed, with junk": (gzip.compress(text().encode()) + b"junk", "Not a gzipped file"),
    "an archive of two": (zipped(a=text().encode(), b=b"x"), "holds 2 files"),
    "an archive in an archive": (zipped(a=zipped(a=text().encode())), "it is no text"),
    "a web page": ("<!DOCTYPE html><html>404</html>", "it is a web page"),
    "a web page after lines": ("\n\n <html>404</html>", "it is a web page"),
    "a server's refusal": ('<?xml version="1.0"?><Error/>', "it is an XML document"),
    "JSON": (json.dumps([{"cell": "c0", "A": 1}]), "it is a JSON document"),
    "parquet": (b"PAR1" + bytes(50) + b"PAR1", "it is a parquet file"),
    "an array": (b"\x93NUMPY\x01\x00" + bytes(99), "it is an array of NumPy"),
    "a database": (b"SQLite format 3\x00" + bytes(99), "it is a database"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path, name):
    content, words = TABLES[name]
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    card = {"format": "table", "path": str(path), "orientation": "cells_by_genes"}
    if words:
        assert words in said(read_expression, card | {"values": "auto"})
    else:
        check(card)


def replaced(key: str, value: object, **attributes: object):
    def change(file: h5py.File) -> None:
        kept = dict(file[key].attrs)
        del file[key]
        file[key] = value
        file[key].attrs.update(kept | attributes)

    return change


def categorical_names(file: h5py.File) -> None:
    del file["var/_index"]
    group = file["var"].create_group("_index")
    group["codes"] = np.array([0, 1, 2, 3, 4, -1], "i1")
    group["categories"] = np.array(GENES, h5py.string_dtype())
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0",
                        "ordered": False})  # fmt: skip


def swapped(file: h5py.File) -> None:
    for key in ("X/indices", "X/data"):
        file[key][:2] = file[key][:2][::-1]


H5AD: dict[str, tuple] = {
    "entries out of order": (swapped, ""),
    "names as bytes": (replaced("var/_index", np.array(GENES, "S2")), ""),
    "blanks around names": (replaced("var/_index", np.array([f" {g} " for g in GENES], "S5")), ""),
    "names alike but for a blank": (
        replaced("var/_index", np.array(["A", "A ", *GENES[2:]], "S3")), "more than once: A",
    ),
    "an empty name": (replaced("var/_index", np.array(["", *GENES[1:]], "S3")), "has no name"),
    "a name of a missing category": (categorical_names, "has no name"),
    "names in a table": (replaced("var/_index", np.array([GENES, GENES], "S2")), "no list"),
    "a shape that is turned": (
        lambda file: file["X"].attrs.update({"shape": [6, 5]}), "do not fit its shape",
    ),
    "values of text": (replaced("X/data", np.full(30, b"1")), "not real numbers"),
    "a missing value": (replaced("X/data", np.full(30, np.nan, "f4")), "missing or infinite"),
    "bytes the other way round": (replaced("X/data", VALUES.ravel().astype(">f4")), "support"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", H5AD)
def test_h5ad(tmp_path, name):
    change, words = H5AD[name]
    path = tmp_path / "x.h5ad"
    frames = {"obs": pd.DataFrame(index=CELLS), "var": pd.DataFrame(index=GENES)}
    ad.AnnData(sparse.csr_matrix(VALUES), **frames).write_h5ad(path)
    with h5py.File(path, "a") as file:
        change(file)
    card = {"format": "h5ad", "path": str(path)}
    if words:
        assert words in said(read_expression, card | {"values": "auto"})
    else:
        check(card)


def test_a_gene_without_a_symbol_keeps_its_identifier(tmp_path, caplog):
    var = pd.DataFrame({"symbol": ["AIRE", None, "", "TOX", "ID2", "ID3"]}, index=GENES)
    path = tmp_path / "x.h5ad"
    ad.AnnData(VALUES, obs=pd.DataFrame(index=CELLS), var=var).write_h5ad(path)
    card = {"format": "h5ad", "path": str(path), "gene_names": "symbol"}
    order = [0, 1, 2, 4, 5, 3]
    check(card, ["AIRE", "G1", "G2", "ID2", "ID3", "TOX"], values=VALUES[:, order])
    assert "2 genes have no name in the column 'symbol' and keep theirs, such as G1" in caplog.text


@pytest.mark.parametrize(
    ("names", "words"),
    [(np.array([GENES, GENES], "S2").T, "no list of names"), (None, "no attribute Gene")],
)
def test_loom_names(tmp_path, names, words):
    path = tmp_path / "x.loom"
    with h5py.File(path, "w") as file:
        file["matrix"], file["col_attrs/CellID"] = VALUES.T, np.array(CELLS, "S2")
        file.create_group("row_attrs")
        if names is not None:
            file["row_attrs/Gene"] = names
    assert words in said(read_expression, {"format": "loom", "path": str(path), "values": "auto"})


LISTS = {
    "G0,G1\n": "", "G0 G1\n": "", "G0;G1": "", '"G0"\n"G1"\n': "", "\ufeffG0\r\nG1\r\n": "",
    "# mine\nG0\nG1\n": "", "G0\nG0\nG1\n": "", "regulator\nG0\nG1\nX\n": "",
    "g0\ng1\n": "set ignore_case: true", "1. G0\n2. G1\n": "column missing",
    'c("G0","G1")\n': "no regulator is left", "['G0', 'G1']": "no regulator is left",
    '["G0","G1"]': "no regulator is left", "SET\thttp://x\tG0\tG1\n": "column missing",
}  # fmt: skip


@pytest.mark.parametrize("content", LISTS)
def test_lists(tmp_path, content):
    path = tmp_path / "r.txt"
    path.write_text(content)
    section = {"path": str(path), "column": "regulator"}
    if LISTS[content]:
        assert LISTS[content] in said(read_regulators, section, GENES)
    else:
        assert list(read_regulators(section, GENES)) == ["G0", "G1"]


REFERENCES = {
    '"","regulator","target"\n"1","G0","G1"\n': "",
    "target,regulator\nG1,G0\n": "",
    "regulator,target,score\nG0,G1,0.9\n": "",
    ",G0,G1\nG0,0,1\nG1,1,0\n": "column missing",
    "Regulator,Target\nG0,G1\n": "the file has Regulator, Target",
    "TF,gene\nG0,G1\n": "the file has TF, gene",
    "<?xml version='1.0'?><graphml></graphml>": "it is a graph in GraphML",
    "G0,activates,G1\n": "",
}


@pytest.mark.parametrize("content", REFERENCES)
def test_references(tmp_path, content):
    path = tmp_path / "e.csv"
    path.write_text(content)
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    if REFERENCES[content]:
        assert REFERENCES[content] in said(read_reference, section, GENES)
    else:
        found = read_reference(section, GENES)
        assert found[["regulator", "target"]].to_numpy().tolist() == [["G0", "G1"]]


@pytest.mark.parametrize(
    ("content", "pairs"),
    [
        ("regulator,target\nG0,G1;G2\nG3,G4|G5\n", ["G0 G1", "G0 G2", "G3 G4", "G3 G5"]),
        ('regulator,target\nG0,"G1,G2"\n', ["G0 G1", "G0 G2"]),
        ("regulator,target\nG0/G1,G2\n", ["G0 G2", "G1 G2"]),
    ],
)
def test_several_names_in_a_field(tmp_path, content, pairs):
    path = tmp_path / "e.csv"
    path.write_text(content)
    section = {"path": str(path), "regulator": "regulator", "target": "target"}
    found = read_reference(section, GENES)
    assert (found["regulator"] + " " + found["target"]).tolist() == pairs


CARD = ("title: M\nexpression: {format: table, path: x.csv, values: counts, "
        "orientation: cells_by_genes}\n")  # fmt: skip
CARDS = {
    f"{CARD}---\n{CARD}": "another document",
    CARD.replace("x.csv", '"C:\\Users\\x.csv"'): "not YAML in line 2",
    CARD.replace("x.csv", "C:\\Users\\x.csv"): "not found",
    CARD.replace("x.csv", "~/x.csv"): "not found",
    CARD.replace("x.csv", "$HOME/x.csv"): "not found",
    CARD.replace("x.csv", "https://example.org/x.csv"): "not found",
    CARD.replace("x.csv", "[x.csv]"): "must be text",
    CARD.replace("title: M", "title: 2024"): "must be text, not 2024",
    CARD.replace("title: M", "title: 2024-01-01"): "Put it in quotes",
    f"{CARD}organism: 9606\n": "must be text, not 9606",
    f"{CARD}preprocess: {{n_top_genes: 0100}}\n": "takes for the number 64",
    f"{CARD}preprocess: {{n_top_genes: 1:30}}\n": "takes for the number 90",
    f"a: &a {{format: table}}\n{CARD}": "unknown key",
    "title: M\nexpression:\n\u00a0\u00a0format: table\n": "unknown key",
    json.dumps(yaml.safe_load(CARD)): "",
    CARD.replace("title: M", "title: '0100'"): "",
    f"{CARD}preprocess: {{n_top_genes: 1000, magic: no, min_cells_fraction: 0.1}}\n": "",
}  # fmt: skip


@pytest.mark.parametrize("content", CARDS)
def test_cards(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text(text())
    Path("mine.yaml").write_text(content)
    if CARDS[content]:
        assert CARDS[content] in said(load_cards, "mine.yaml")
    else:
        assert load_cards("mine.yaml")["mine"]["expression"]["path"] == "x.csv"


CONFIGURATIONS = [
    {"seeds": "0-4"}, {"seeds": [0, 0]}, {"seeds": [-1]}, {"datasets": ["mine", "mine"]},
    {"datasets": []}, {"datasets": None}, {"datasets": [1]}, {"datasets": ["my set"]},
    {"inference": {"methods": []}}, {"inference": {"methods": ["pearson", "pearson"]}},
    {"inference": {"methods": ["GENIE3"]}}, {"bert": {"epochs": 0}}, {"bert": ["epochs", 3]},
    {"bert": None}, {"splits": {"edges": {"train": 0.9, "val": 0.2, "test": 0.2}}},
]  # fmt: skip


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=str)
def test_configurations(tmp_path, monkeypatch, config):
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text(text())
    Path("cards").mkdir()
    Path("cards/mine.yaml").write_text(CARD)
    assert list(make_plan({"datasets": ["mine"]}, cards="cards").listed) == ["mine"]
    said(make_plan, {"datasets": ["mine"]} | config, cards="cards")


LINES = {
    "--config datasets = [mine]": "Type: --config 'datasets=[mine]'",
    "--config datasets: [mine]": "Type: --config 'datasets=[mine]'",
    "--config datasets= [mine]": "Type: --config 'datasets=[mine]'",
    "--config datasets [mine]": "Type: --config 'datasets=[mine]'",
    "--config datasets=[mine] all": "-- all",
}


@pytest.mark.parametrize("line", LINES)
def test_command_lines(tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        check_arguments(["snakemake", "-n", *line.split()])
    assert LINES[line] in str(caught.value)
    assert "\n" not in str(caught.value)
