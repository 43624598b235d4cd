"""Every reader and parser of strangers' files, with a good input and a check of its result."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anndata as ad
import h5py
import matrix_cases
import numpy as np
import pandas as pd
import yaml
from archive_cases import tarred, zipped
from gtgrn.config.cards import load_cards
from gtgrn.config.source_cards import load_sources
from gtgrn.data.archives import extract_member
from gtgrn.data.cell_types import read_markers
from gtgrn.data.gene_selection import read_gene_ordering, read_pseudotime
from gtgrn.data.mtx_folders import read_matrix_market
from gtgrn.data.obs_columns import OBS, count_cells
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.readers import reading
from gtgrn.data.reference import read_reference, read_regulators, read_sources
from gtgrn.data.source_files import read_source
from gtgrn.errors import InputError
from gtgrn.evaluation.third_party import read_scores
from gtgrn.simulation.boolean_models import read_model
from gtgrn.simulation.subnetworks import read_network_table
from gtgrn.splits.folds import read_folds
from gtgrn.splits.shipped import read_shipped_split
from gtgrn.tables import read_network
from gtgrn.workflow.plan import make_plan
from gtgrn.yaml_files import read_yaml
from oracles import read_csv_plainly, read_mtx_plainly
from scipy import sparse

GENES = [f"G{i}" for i in range(6)]
CELLS = [f"c{i}" for i in range(5)]


@dataclass(frozen=True)
class Target:
    """A reader: the files it is given, and the call that reads them in their folder."""

    files: Callable[[], dict[str, bytes]]
    read: Callable[[Path], object]


def check_matrix(adata: ad.AnnData) -> np.ndarray:
    """Check what must hold of any matrix that was read; return its values."""
    matrix = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    assert matrix.dtype == np.float32
    assert matrix.shape == (adata.n_obs, adata.n_vars)
    assert np.isfinite(matrix).all()
    for names in (adata.obs_names, adata.var_names):
        assert names.is_unique
        assert (names != "").all()
    assert list(adata.var_names) == sorted(adata.var_names)
    return matrix


def expression(**card: object) -> Callable[[Path], object]:
    """Return the reading of an expression matrix."""

    def read(folder: Path) -> object:
        path = {"path": str(folder / str(card["path"]))}
        gene_map = card.get("gene_map")
        if gene_map:
            path["gene_map"] = gene_map | {"path": str(folder / gene_map["path"])}
        return check_matrix(read_expression({"values": "auto"} | card | path))

    return read


def _frame():
    rng = np.random.default_rng(1)
    values = rng.poisson(3, (len(matrix_cases.CELLS), len(matrix_cases.GENES))) + 0.0
    values[:, 0] += 1
    return matrix_cases.pd.DataFrame(values, matrix_cases.CELLS, matrix_cases.GENES)


def written(writer: Callable, **keys: object) -> Callable[[], dict[str, bytes]]:
    """Return the making of the files that one of the writers of the tests of formats gives."""

    @cache
    def make() -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            writer(Path(folder), _frame(), **keys)
            return {
                str(path.relative_to(folder)): path.read_bytes()
                for path in sorted(Path(folder).rglob("*"))
                if path.is_file()
            }

    return make


def texts(**files: str) -> Callable[[], dict[str, bytes]]:
    """Return files of text; a double underscore in a name is its dot."""
    made = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return lambda: made


def market(folder: Path) -> object:
    with reading(folder / "x.mtx", "matrix"):
        matrix = read_matrix_market(folder / "x.mtx")
    np.testing.assert_array_equal(matrix.toarray(), read_mtx_plainly(folder / "x.mtx"))
    return matrix


def plain_table(folder: Path) -> object:
    adata = read_expression(
        {"format": "table", "path": str(folder / "x.csv"), "values": "auto", "not_genes": "keep",
         "orientation": "cells_by_genes", "row_names": True}
    )  # fmt: skip
    matrix = check_matrix(adata)
    plain = read_csv_plainly(folder / "x.csv")
    if plain is not None:
        cells, genes, values = plain
        order = np.argsort(np.array(genes, str), kind="stable")
        assert [genes[i] for i in order] == list(adata.var_names)
        assert cells == list(adata.obs_names)
        np.testing.assert_allclose(matrix, np.asarray(values, np.float32)[:, order], rtol=1e-6)
    return adata


def reference(**card: object) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        section = {"regulator": "regulator", "target": "target", "path": str(folder / "x.tsv")}
        edges = read_reference(section | card, GENES)
        assert set(edges["regulator"]) | set(edges["target"]) <= set(GENES)
        assert not edges.duplicated(["regulator", "target"]).any()
        assert (edges["regulator"] != edges["target"]).all()
        read_sources(section | card, GENES)
        return edges

    return read


def regulators(folder: Path) -> object:
    section = {"path": str(folder / "x.txt"), "column": "regulator"}
    found = read_regulators(section, GENES)
    assert set(found) <= set(GENES)
    assert found
    return found


def card(folder: Path) -> object:
    return load_cards(folder / "mine.yaml", unchecked=[str(folder), "data"])


def archive(folder: Path) -> object:
    extract_member(folder / "archive", "top/a", folder / "out" / "a")
    return extract_member(folder / "archive", "top/b.txt", folder / "out" / "b")


def shipped(folder: Path) -> object:
    names = ("train", "val", "test", "genes")
    return read_shipped_split({key: str(folder / f"{key}.csv") for key in names}, GENES)


def counted(path: str) -> Callable[[Path], object]:
    """Return the counting of cells by columns, as each start of a run does it."""

    def read(folder: Path) -> object:
        section = {"format": "h5ad", "path": str(folder / path)}
        return count_cells(section, ["kind", "donor"], ["groups.by", "compare.donor"], ["donor"])

    return read


def labelled(**keys: object) -> Callable[[], dict[str, bytes]]:
    """Return the making of an h5ad with columns of cells and genes."""

    @cache
    def make() -> dict[str, bytes]:
        obs = pd.DataFrame(
            {"kind": pd.Categorical(["B", "T", None, "T", "B"]), "donor": [1, 1, 2, 2, 2],
             "total": 50.0}, index=CELLS,
        )  # fmt: skip
        var = pd.DataFrame({"symbol": [f"S{i}" for i in range(6)]}, index=GENES)
        values = np.arange(30, dtype=np.float32).reshape(5, 6) % 7
        with tempfile.TemporaryDirectory() as folder:
            ad.AnnData(sparse.csr_matrix(values), obs=obs, var=var).write_h5ad(
                Path(folder, "x.h5ad"), **keys
            )
            return {"x.h5ad": Path(folder, "x.h5ad").read_bytes()}

    return make


@cache
def labelled_loom() -> dict[str, bytes]:
    """Return a loom file with columns of cells."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["matrix"] = np.arange(30.0).reshape(6, 5)
        file["row_attrs/Gene"] = np.array(GENES, "S")
        file["col_attrs/CellID"] = np.array(CELLS, "S")
        file["col_attrs/kind"] = np.array(["B", "T", "", "T", "B"], h5py.string_dtype())
        file["col_attrs/donor"] = [1, 1, 2, 2, 2]
    return {"x.loom": buffer.getvalue()}


def source(**table: object) -> Callable[[Path], object]:
    """Return the reading of a table of another context."""
    section = {"format": "table", "regulator": "TF", "target": "gene", "both_ways": False} | table

    def read(folder: Path) -> object:
        pairs = read_source({"table": section}, folder / "x")
        assert len(pairs)
        assert (pairs["regulator"] != pairs["target"]).all()
        assert not pairs.isin(["", None]).drop(columns="sign", errors="ignore").any(axis=None)
        return pairs

    return read


def parquet(**columns: list) -> Callable[[], dict[str, bytes]]:
    def make() -> dict[str, bytes]:
        buffer = io.BytesIO()
        pd.DataFrame(columns).to_parquet(buffer)
        return {"x": buffer.getvalue()}

    return make


def start(folder: Path) -> object:
    """Plan a run of a configuration and a card, as Snakemake does when it starts."""
    path = folder / "config.yaml"
    if not path.exists():  # Snakemake says so before it asks anything of ours
        raise InputError("no configuration", file=path, remedy="Give the path of one")
    return make_plan(read_yaml(path), cards=str(folder / "cards"))


def _pairs(*rows: str, header: str = "") -> str:
    return "\n".join([*([header] if header else []), *rows]) + "\n"


EDGES = ("G0\tG1\t+\t1", "G0\tG2\t-\t1", "G3\tG4\t\t1", "G3\tG3\t+\t1", "G1\tX9\t+\t0")
HEADER = "regulator\ttarget\tsign\tlabel"
CARD = {
    "title": "Mine", "organism": "human",
    "expression": {"format": "table", "path": "data/x.csv", "values": "counts",
                   "orientation": "cells_by_genes"},
    "reference": {"path": "data/edges.tsv", "regulator": "TF"},
    "regulators": {"list": "shipped"},
    "preprocess": {"min_cells_fraction": 0.1, "n_top_genes": 20, "magic": False},
}  # fmt: skip
CSV = "cell,G0,G1,G2\n" + "".join(f"c{i},{i},{i * 2 % 5},{i + 7}\n" for i in range(6))
MTX = ("%%MatrixMarket matrix coordinate integer general\n% made\n4 5 6\n1 1 3\n2 1 1\n4 5 2\n"
       "1 2 7\n3 4 1\n2 5 9\n")  # fmt: skip
MODEL = "name: M\nrules: {A: 'not B', B: A and C, C: C}\ninitial: {A: 1}\n"
CONFIG = {
    "datasets": ["mine"], "seeds": [0, 1],
    "inference": {"methods": ["pearson", "clr"]},
    "splits": {"schemes": ["edges"]},
    "peers": {"methods": ["gne"]}, "walks": {"networks": ["pearson"]},
    "gtgrn": {"layers": 2, "dropout": 0.1},
}  # fmt: skip
RUN_CARD = {
    "title": "Mine", "organism": "human",
    "expression": {"format": "scanpy", "path": "pbmc68k_reduced", "values": "counts"},
    "regulators": {"list": "shipped"},
    "groups": {"by": "bulk_labels", "min_cells": 50},
}  # fmt: skip
SOURCE_CARD = {
    "title": "One",
    "organism": "human",
    "kind": "chip",
    "cell_type": "mixed",
    "licence": "MIT",
    "citation": "none",
    "file": {"url": "https://example.org/x.tsv", "checksum": "sha256:" + "0" * 64},
    "table": {"format": "table", "regulator": "TF", "target": "gene"},
}
UNTOLD = "TF\tgene\tup\tdown\nA\tB\t1\t0\nNA\tC\t0\t1\n"
MEMBERS = {"top/a/x.txt": b"x" * 40, "top/b.txt": b"b"}
FOLDS = "fold\tpart\tgene\n0\tval\tG0\n0\ttest\tG1\n1\tval\tG2\n1\ttest\tG3\n"

TARGETS: dict[str, Target] = {
    "market": Target(texts(x__mtx=MTX), market),
    "csv": Target(texts(x__csv=CSV), plain_table),
    "mtx-folder": Target(written(matrix_cases.mtx),
                         expression(format="10x_mtx", path="counts")),
    "mtx-folder-gz": Target(written(matrix_cases.mtx, packing="gz"),
                            expression(format="10x_mtx", path="counts")),
    "table": Target(written(matrix_cases.table),
                    expression(format="table", path="matrix.csv", orientation="cells_by_genes")),
    "table-genes-first": Target(
        written(matrix_cases.table, orientation="genes_by_cells", sep="\t", suffix="tsv"),
        expression(format="table", path="matrix.tsv", orientation="genes_by_cells")),
    "table-gz": Target(
        written(matrix_cases.table, packing="gz"),
        expression(format="table", path="matrix.csv.gz", orientation="cells_by_genes")),
    "table-zip": Target(
        written(matrix_cases.table, packing="zip"),
        expression(format="table", path="matrix.csv.zip", orientation="cells_by_genes")),
    "h5ad-csr": Target(written(matrix_cases.h5ad, store="csr"),
                       expression(format="h5ad", path="matrix.h5ad")),
    "h5ad-csc": Target(written(matrix_cases.h5ad, store="csc"),
                       expression(format="h5ad", path="matrix.h5ad")),
    "h5ad-dense": Target(written(matrix_cases.h5ad, store="dense"),
                         expression(format="h5ad", path="matrix.h5ad")),
    "h5ad-layer": Target(written(matrix_cases.h5ad, layer="umi"),
                         expression(format="h5ad", path="matrix.h5ad", layer="umi")),
    "h5ad-raw": Target(written(matrix_cases.h5ad, layer="raw"),
                       expression(format="h5ad", path="matrix.h5ad", layer="raw")),
    "10x-h5": Target(written(matrix_cases.tenx_h5),
                     expression(format="10x_h5", path="matrix.h5")),
    "10x-h5-v2": Target(written(matrix_cases.tenx_h5, version=2),
                        expression(format="10x_h5", path="matrix.h5")),
    "loom": Target(written(matrix_cases.loom),
                   expression(format="loom", path="matrix.loom")),
    "zarr": Target(written(matrix_cases.zarr), expression(format="h5ad", path="matrix.zarr")),
    "zarr-zip": Target(written(matrix_cases.zarr, zipped=True),
                       expression(format="h5ad", path="matrix.zarr.zip")),
    "genes-only": Target(texts(x__csv="Gene\nG0\nG1\nNA\n"),
                         expression(format="genes_only", path="x.csv")),
    "gene-map": Target(
        texts(x__csv=CSV, map__tsv="from\tto\nG0\tMYC\nG1\tFOS\nG2\tNA\n"),
        expression(format="table", path="x.csv", orientation="cells_by_genes",
                   gene_map={"path": "map.tsv", "from": "from", "to": "to"})),
    "regulators": Target(texts(x__txt="regulator\nG0\nG1\nX3\n"), regulators),
    "regulators-no-header": Target(texts(x__txt="G0\nG1\nX3\nG5\n"), regulators),
    "reference": Target(texts(x__tsv=_pairs(*EDGES, header=HEADER)), reference()),
    "reference-no-header": Target(texts(x__tsv=_pairs(*EDGES)), reference()),
    "reference-signs": Target(texts(x__tsv=_pairs(*EDGES, header=HEADER)),
                              reference(sign="sign", label="label", ignore_case=True)),
    "reference-columns": Target(
        texts(x__tsv=_pairs(*EDGES)),
        reference(columns=["regulator", "target", "sign", "sources"], sign="sign")),
    "shipped-split": Target(
        texts(genes__csv="Gene,index\n" + "".join(f"G{i},{i}\n" for i in range(6)),
              train__csv="TF,Target,Label\n0,1,1\n0,2,0\n", val__csv="TF,Target,Label\n0,3,1\n",
              test__csv="TF,Target,Label\n1,3,1\n1,4,0\n"), shipped),
    "folds": Target(texts(x__tsv=FOLDS), lambda folder: read_folds(folder / "x.tsv")),
    "markers": Target(texts(x__tsv="cell_type\tgene\nB\tG0\nB\tG1\nT\tG2\n"),
                      lambda folder: read_markers(folder / "x.tsv")),
    "gene-ordering": Target(texts(x__csv=",p,v\nG0,0.1,2\nG1,1e-9,3\n"),
                            lambda folder: read_gene_ordering(folder / "x.csv")),
    "pseudotime": Target(texts(x__csv=",P1,P2\nc0,0.1,\nc1,,3\n"),
                         lambda folder: read_pseudotime(folder / "x.csv", ["c0", "c1"])),
    "network": Target(texts(x__tsv="regulator\ttarget\tweight\nG0\tG1\t0.5\nG1\tG2\t.25\n"),
                      lambda folder: read_network(folder / "x.tsv")),
    "third-party": Target(texts(x__tsv="TF\ttarget\timportance\nG0\tG1\t5\nG1\tG2\t2\n"),
                          lambda folder: read_scores(folder / "x.tsv", GENES)),
    "network-to-simulate": Target(texts(x__tsv="G0\tG1\t+\nG1\tG2\t-\n"),
                                  lambda folder: read_network_table(folder / "x.tsv")),
    "boolean-model": Target(texts(x__yaml=MODEL), lambda folder: read_model(folder / "x.yaml")),
    "card": Target(texts(mine__yaml=yaml.safe_dump(CARD)), card),
    "h5ad-columns": Target(
        labelled(), expression(format="h5ad", path="x.h5ad", gene_names="symbol",
                               total_counts="total", cell_type="kind",
                               **{OBS: {"compare.donor": "donor"}})),
    "cells": Target(labelled(), counted("x.h5ad")),
    "cells-packed": Target(labelled(compression="gzip"), counted("x.h5ad")),
    "cells-loom": Target(labelled_loom, counted("x.loom")),
    "source": Target(texts(x=UNTOLD), source(sign={"plus": "up", "minus": "down"})),
    "source-sets": Target(texts(x=json.dumps({"A K562": ["B", "C"], "B HELA": ["A"]})),
                          source(format="sets")),
    "source-parquet": Target(
        parquet(TF=["A", "B", None], gene=["B", "C", "D"], up=[1, 0, 0], down=[0, 1, 0]),
        source(format="parquet", sign={"plus": "up", "minus": "down"})),
    "source-matrix": Target(parquet(gene=["B", "C"], A=[1.0, 0.0], B=[0, 1]),
                            source(format="matrix")),
    "source-card": Target(texts(one__yaml=yaml.safe_dump(SOURCE_CARD)),
                          lambda folder: load_sources(["one"], folder)),
    "configuration": Target(
        lambda: {"config.yaml": yaml.safe_dump(CONFIG).encode(),
                 "cards/mine.yaml": yaml.safe_dump(RUN_CARD).encode()}, start),
    "zip": Target(lambda: {"archive": zipped(MEMBERS)}, archive),
    "tar": Target(lambda: {"archive": tarred(MEMBERS)}, archive),
}  # fmt: skip
