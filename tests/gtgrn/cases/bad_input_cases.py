"""What a user can get wrong: an input, ways to spoil it, and the words of each error."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import yaml
from gtgrn.config.cards import load_cards
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.splits.shipped import read_shipped_split
from preprocess_cases import preprocess

GENES = [f"G{i}" for i in range(8)]
CELLS = [f"c{i}" for i in range(6)]


class Input:
    """One user's folder: a card, a matrix, known edges, regulators. Cases spoil one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        values = np.random.default_rng(0).poisson(3, (6, 8)) + 1
        self.counts = pd.DataFrame(values.astype(float), CELLS, GENES)
        self.edges = pd.DataFrame({"regulator": ["G0", "G0", "G1"], "target": ["G2", "G3", "G4"]})
        self.card = {
            "title": "Mine",
            "expression": {"format": "table", "path": "counts.csv", "values": "counts",
                           "orientation": "cells_by_genes"},
            "reference": {"path": "edges.tsv"},
            "regulators": {"path": "tfs.csv"},
            "preprocess": {"min_cells_fraction": 0, "min_genes_per_cell": 0},
        }  # fmt: skip
        self.tfs = "regulator\nG0\nG1\n"

    def write(self) -> None:
        self.counts.to_csv(self.folder / "counts.csv")
        self.edges.to_csv(self.folder / "edges.tsv", sep="\t", index=False)
        (self.folder / "tfs.csv").write_text(self.tfs)
        (self.folder / "mine.yaml").write_text(yaml.safe_dump(self.card))

    def run(self) -> None:
        card = load_cards("mine.yaml")["mine"]
        adata = read_expression(card["expression"])
        regulators = None
        if "regulators" in card:
            regulators = read_regulators(
                card["regulators"], adata.var_names, cells=adata.obs_names
            )
        settings = card.get("preprocess", {})
        values = adata.uns["gtgrn"]["source"]["values"]
        total = card["expression"].get("total_counts")
        adata = preprocess(
            adata, values=values, regulators=regulators, total_counts=total, **settings
        )
        if "reference" in card:
            read_reference(card["reference"], adata.var_names, cells=adata.obs_names)
        if "splits" in card:
            read_shipped_split(card["splits"]["edges"], adata.var_names)


def setter(*steps: str, value: object) -> Callable[[Input], None]:
    """Return a change of one key of the card; None removes it."""

    def change(data: Input) -> None:
        section = data.card
        for step in steps[:-1]:
            section = section.setdefault(step, {})
        if value is None:
            section.pop(steps[-1])
        else:
            section[steps[-1]] = copy.deepcopy(value)

    return change


def counts(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Input], None]:
    def apply(data: Input) -> None:
        data.counts = change(data.counts)

    return apply


def put(value: object) -> Callable[[Input], None]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype(object)
        frame.iloc[2, 3] = value
        return frame

    return counts(change)


def edges(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Input], None]:
    def apply(data: Input) -> None:
        data.edges = change(data.edges)

    return apply


def text(name: str, content: str | bytes) -> Callable[[Input], Callable[[], None]]:
    """Return a change that overwrites a file after all are written."""

    def apply(data: Input) -> Callable[[], None]:
        content_bytes = content.encode() if isinstance(content, str) else content
        return lambda: (data.folder / name).write_bytes(content_bytes)

    return apply


def h5ad(spoil: Callable[[Path], None] = lambda path: None, **keys) -> Callable:
    """Return a change to an h5ad with the same counts, spoilt after it was written."""

    def apply(data: Input) -> Callable[[], None]:
        data.card["expression"] = {"format": "h5ad", "path": "x.h5ad", "values": "counts"} | keys

        def finish() -> None:
            obs = pd.DataFrame({"n": data.counts.sum(axis=1) - 1}, CELLS)
            ad.AnnData(data.counts, obs=obs).write_h5ad(data.folder / "x.h5ad")
            spoil(data.folder / "x.h5ad")

        return finish

    return apply


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def drop_x(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["X"]


def shipped(**parts: str) -> Callable:
    """Return a change that adds a split in GENELink's layout, some of its files replaced."""

    def apply(data: Input) -> Callable[[], None]:
        header = "TF,Target,Label\n"
        files = {"train": f"{header}0,2,1\n", "val": f"{header}0,3,0\n",
                 "test": f"{header}1,4,1\n",
                 "genes": "Gene,index\n" + "".join(f"{g},{i}\n" for i, g in enumerate(GENES)),
                 } | parts  # fmt: skip
        data.card["splits"] = {"edges": {key: f"{key}.csv" for key in files}}

        def finish() -> None:
            for key, content in files.items():
                (data.folder / f"{key}.csv").write_text(content)

        return finish

    return apply


def several(*changes: Callable[[Input], None]) -> Callable[[Input], None]:
    """Return a change made of several."""

    def apply(data: Input) -> None:
        for change in changes:
            change(data)

    return apply


# What is spoilt: how, and words of the line: file | field | problem | remedy.
CASES: dict[str, tuple] = {
    "card is no YAML": (
        text("mine.yaml", "title: [x"),
        "mine.yaml |  | not YAML in line | Correct the syntax",
    ),
    "card is a list": (
        text("mine.yaml", "- title"),
        "mine.yaml |  | key: value lines | Start with",
    ),
    "card has tabs": (
        text("mine.yaml", "title: x\n\texpression: y"),
        "mine.yaml |  | not YAML | Correct",
    ),
    "misspelt section": (
        setter("refrence", value={}),
        "mine.yaml | refrence | unknown key | Did you mean 'reference'?",
    ),
    "misspelt key": (
        setter("expression", "orientaton", value="x"),
        "mine.yaml | expression.orientaton | unknown key | Did you mean 'orientation'?",
    ),
    "no title": (setter("title", value=None), "mine.yaml | title | missing | Add it"),
    "no expression": (
        setter("expression", value=None),
        "mine.yaml | expression | missing | Add it",
    ),
    "unknown format": (
        setter("expression", "format", value="csv"),
        "mine.yaml | expression.format | 'csv' is not one of | How the matrix is stored",
    ),
    "unknown kind of values": (
        setter("expression", "values", value="raw"),
        "mine.yaml | expression.values | not one of counts | estimated_counts (with fractions",
    ),
    "no orientation": (
        setter("expression", "orientation", value=None),
        "mine.yaml | expression.orientation | missing | cells_by_genes, genes_by_cells",
    ),
    "no path": (
        setter("expression", "path", value=None),
        "mine.yaml | expression.path | missing | Add it",
    ),
    "absent matrix": (
        setter("expression", "path", value="count.csv"),
        "mine.yaml | expression.path | file 'count.csv' not found | relative to",
    ),
    "a folder for a file": (
        setter("expression", "path", value="."),
        "mine.yaml | expression.path | is a folder, not a file | Name the file",
    ),
    "a layer of a table": (
        setter("expression", "layer", value="raw"),
        "mine.yaml | expression.layer | no effect with format table | Remove it",
    ),
    "names from a column of a table": (
        setter("expression", "gene_names", value="x"),
        "counts.csv | expression.gene_names | the genes have no column 'x' | Remove it",
    ),
    "fraction in percent": (
        setter("preprocess", "min_cells_fraction", value=10),
        "mine.yaml | preprocess.min_cells_fraction | maximum | fraction of the cells",
    ),
    "number as text": (
        setter("preprocess", "target_sum", value="1e4"),
        "mine.yaml | preprocess.target_sum | must be a number | without quotes",
    ),
    "negative number of genes": (
        setter("preprocess", "n_top_genes", value=-1),
        "mine.yaml | preprocess.n_top_genes | minimum | Most variable",
    ),
    "absent reference": (
        setter("reference", "path", value="no.tsv"),
        "mine.yaml | reference.path | file 'no.tsv' not found | Give its path",
    ),
    "reference by path and name": (
        setter("reference", "prior", value="trrust"),
        "mine.yaml | reference.prior | a path already | either",
    ),
    "prior of another organism": (
        several(
            setter("organism", value="zebrafish"), setter("reference", value={"prior": "trrust"})
        ),
        "mine.yaml | reference.prior | no trrust for the organism zebrafish | trrust (human)",
    ),
    "list of another organism": (
        several(
            setter("organism", value="yeast"), setter("regulators", value={"list": "shipped"})
        ),
        "mine.yaml | regulators.list | no shipped for the organism yeast | shipped (mouse)",
    ),
    "mirror not set": (
        setter("expression", "path", value="mirror:x.csv"),
        "mine.yaml | expression.path | the configuration's key 'mirror' is not set | Set it",
    ),
    "path out of the mirror": (
        setter("expression", "path", value="mirror:../x.csv"),
        "mine.yaml | expression.path | leaves its folder | without '..'",
    ),
    "simulation without section": (
        setter("expression", value={"format": "simulation"}),
        "mine.yaml | simulation | missing | Add the section",
    ),
    "two networks to simulate": (
        several(
            setter("expression", value={"format": "simulation"}),
            setter(
                "kinetics",
                value={"network": "edges.tsv", "generate": {"genes": 9, "regulators": 3}},
            ),
        ),
        "mine.yaml | kinetics.generate | a network already | either",
    ),
    "missing value": (
        put(np.nan),
        "counts.csv | expression.values | missing or infinite, the first nan | Fill or drop",
    ),
    "infinite value": (
        put(np.inf),
        "counts.csv | expression.values | missing or infinite | Fill or drop",
    ),
    "negative count": (
        put(-1),
        "counts.csv | expression.values | 1 values are negative | set 'values: continuous'",
    ),
    "fraction as count": (
        put(1.5),
        "counts.csv | expression.values | not a whole number, the first 1.5 | set 'values: ",
    ),
    "text in the matrix": (
        put("high"),
        "counts.csv | expression.path | row 'c2', column 'G3': 'high' is not a number | names",
    ),
    "gene twice": (
        counts(lambda x: x.rename(columns={"G1": "G2"})),
        "counts.csv | expression.path | gene names that occur more than once: G2 | Sum or drop",
    ),
    "cell twice": (
        counts(lambda x: x.rename(index={"c1": "c2"})),
        "counts.csv | expression.path | cell names that occur more than once: c2 | unique",
    ),
    "gene without name": (
        counts(lambda x: x.rename(columns={"G1": ""})),
        "counts.csv | expression.path | a gene has no name | Name every gene",
    ),
    "empty file": (
        text("counts.csv", ""),
        "counts.csv | expression.path | not a readable table | Fetch",
    ),
    "only a header": (
        text("counts.csv", "cell,G0,G1\n"),
        "counts.csv | expression.path | not a readable table (No columns | Fetch",
    ),
    "wrong separator": (
        text("counts.csv", "cell~G0~G1\nc0~1~2\nc1~3~4\n"),
        "counts.csv | expression.path | the header has 1 names | Separate by commas in .csv",
    ),
    "ragged rows": (
        text("counts.csv", "cell,G0,G1\nc0,1\nc1,2,3,4,5\n"),
        "counts.csv | expression.path | not a readable table | Fetch",
    ),
    "bytes that are no text": (
        text("counts.csv", b"\xff\xfe\x00\x81,\x00"),
        "counts.csv | expression.path | not a readable table | Fetch",
    ),
    "truncated h5ad": (
        h5ad(halve),
        "x.h5ad | expression.path | not a readable h5ad | Fetch or make it again",
    ),
    "h5ad is a table": (
        h5ad(lambda p: p.write_text("a,b\n1,2\n")),
        "x.h5ad | expression.path | not a readable h5ad | correct expression.format",
    ),
    "no such layer": (
        h5ad(layer="umi"),
        "x.h5ad | expression.layer | no layer 'umi' | Remove it to use X: there is none",
    ),
    "no raw": (
        h5ad(layer="raw"),
        "x.h5ad | expression.layer | no layer 'raw' | Remove it to use X",
    ),
    "h5ad without X": (
        h5ad(drop_x),
        "x.h5ad | expression.layer | the file has no X | Give a file with a matrix",
    ),
    "no such column of cells": (
        h5ad(cell_type="type"),
        "x.h5ad | expression.cell_type | obs has no column 'type' | Name one of n",
    ),
    "no such column of genes": (
        h5ad(gene_names="symbol"),
        "x.h5ad | expression.gene_names | the genes have no column 'symbol' | Remove it",
    ),
    "impossible totals": (
        h5ad(total_counts="n"),
        " | expression.total_counts | 6 cells have an impossible total | total over all genes",
    ),
    "10x folder without files": (
        several(
            setter("expression", value={"format": "10x_mtx", "path": "empty", "values": "counts"}),
            lambda data: (data.folder / "empty").mkdir(),
        ),
        "empty | expression.path | not a readable 10x_mtx | Fetch",
    ),
    "10x h5 is none": (
        several(
            setter("expression", "format", value="10x_h5"),
            setter("expression", "orientation", value=None),
        ),
        "counts.csv | expression.path | not a readable 10x_h5 | correct expression.format",
    ),
    "no cell passes": (
        setter("preprocess", "min_genes_per_cell", value=9),
        "counts.csv | preprocess.min_genes_per_cell | no cell expresses 9 genes | 0 keeps",
    ),
    "too few cells for MAGIC": (
        setter("preprocess", "magic", value=True),
        " | preprocess.magic | needs more cells than 6 | switch MAGIC off",
    ),
    "table the wrong way round": (
        setter("expression", "orientation", value="genes_by_cells"),
        "tfs.csv | regulators.path | no regulator is left | change expression.orientation",
    ),
    "other case": (
        counts(lambda x: x.rename(columns=str.lower)),
        "tfs.csv | regulators.path | no regulator | The names differ in case ('G0' and 'g0')",
    ),
    "Ensembl against symbols": (
        counts(lambda x: x.set_axis([f"ENSG0000000000{i}" for i in range(8)], axis=1)),
        "tfs.csv | regulators.path | the expression has ENSG00000000000 | expression.gene_map",
    ),
    "regulators without their column": (
        lambda d: setattr(d, "tfs", "TF\nG0\n"),
        "tfs.csv | regulator | column missing; the file has TF | Name a column of it",
    ),
    "empty list of regulators": (
        text("tfs.csv", ""),
        "tfs.csv |  | not a readable table | with a header",
    ),
    "reference without its column": (
        edges(lambda x: x.rename(columns={"target": "gene"})),
        "edges.tsv | target | column missing; the file has regulator, gene | Name a column of it",
    ),
    "reference of other genes": (
        edges(lambda x: x + "x"),
        "edges.tsv | reference.path | no edge | same species",
    ),
    "reference of self-loops": (
        edges(lambda x: x.assign(target=x["regulator"])),
        "edges.tsv | reference.path | no edge | no two of one row",
    ),
    "unknown sign": (
        several(
            edges(lambda x: x.assign(effect="up")), setter("reference", "sign", value="effect")
        ),
        "edges.tsv | effect | unknown sign 'up' | Write +, - or nothing",
    ),
    "no such column of signs": (
        setter("reference", "sign", value="effect"),
        "edges.tsv | effect | column missing | Name a column of it",
    ),
    "impossible label": (
        several(
            edges(lambda x: x.assign(label="yes")), setter("reference", "label", value="label")
        ),
        "edges.tsv | label | row 1: 'yes' is not a label | Write 1 for an edge",
    ),
    "too few names of columns": (
        setter("reference", "columns", value=["regulator"]),
        "edges.tsv | target | the card's columns are regulator | reference.columns",
    ),
    "pair in two parts": (
        shipped(val="TF,Target,Label\n0,2,1\n"),
        "val.csv | splits.edges.val | G0 -> G2 is in two parts, train and val | unseen",
    ),
    "pair with two labels": (
        shipped(train="TF,Target,Label\n0,2,1\n0,2,0\n"),
        "train.csv | splits.edges.train | has two labels | Keep one",
    ),
    "index of no gene": (
        shipped(test="TF,Target,Label\n1,44,1\n"),
        "test.csv | Target | row 1: '44' is not an index of genes.csv | splits.edges.genes",
    ),
    "gene of a split not in the matrix": (
        shipped(genes="Gene,index\nQ,0\n"),
        "genes.csv | Gene | 1 of 1 genes are not in the preprocessed expression | Keep every gene",
    ),
}
