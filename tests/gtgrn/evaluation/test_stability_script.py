"""Stability among some of the genes, through the rule's own script."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.matrix import write_matrix
from gtgrn.inference.run import infer
from gtgrn.tables import read_table, write_network, write_table

SCRIPT = Path(__file__).parents[3] / "scripts/measure_stability.py"
GENES = [f"g{i:02d}" for i in range(40)]


class Named(SimpleNamespace):
    """Names and values, as Snakemake gives them to a script."""

    def get(self, name):
        return getattr(self, name, None)


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Return the function that runs the script with a number of genes."""
    matrix = np.random.default_rng(0).normal(size=(60, 40)).astype(np.float32)
    regulators = [name in GENES[:10] for name in GENES]
    files = {name: str(tmp_path / name) for name in ("matrix.npy", "genes.tsv", "reference.tsv")}
    write_matrix(matrix, pd.DataFrame({"gene": GENES, "is_regulator": regulators}),
                 files["matrix.npy"], files["genes.tsv"])  # fmt: skip
    expression = pd.DataFrame(matrix, columns=GENES)
    network = str(tmp_path / "pearson.tsv.gz")
    write_network(infer("pearson", expression, GENES[:10], seed=0), network)
    known = pd.DataFrame({"regulator": GENES[:10] * 3, "target": GENES[10:]})
    write_table(known, files["reference.tsv"])
    monkeypatch.setattr("gtgrn.jobs.start_job", lambda snakemake: None)

    def run(genes: int | None) -> pd.DataFrame:
        given = Named(matrix=files["matrix.npy"], genes=files["genes.tsv"], networks=[network],
                      reference=files["reference.tsv"])  # fmt: skip
        params = Named(methods=["pearson"], options={}, seed=0, genes=genes)
        out = str(tmp_path / "stability.tsv")
        snakemake = SimpleNamespace(
            input=given, params=params, threads=1, output=[out], log=["unused"],
            wildcards=SimpleNamespace(dataset="d"),
        )  # fmt: skip
        runpy.run_path(str(SCRIPT), {"snakemake": snakemake})
        return read_table(out)

    return run


def test_all_genes_where_they_are_few(measured):
    table = measured(40)
    assert set(table["genes"]) == {40}
    assert set(table["k"]) == {30}
    pd.testing.assert_frame_equal(table, measured(None))


def test_some_of_many(measured):
    table = measured(20)
    assert set(table["genes"]) == {20}
    assert 0 < table["k"].iloc[0] < 30
    same = table.set_index("between").loc["seeds"]
    assert same["jaccard"] == same["spearman"] == 1  # no random numbers in it
    pd.testing.assert_frame_equal(table, measured(20))
