"""Each format, each scheme of splits and one regulator alone, through the rules' own scripts."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import matrix_cases
import numpy as np
import pandas as pd
import pytest
from gtgrn import manifest
from gtgrn.errors import InputError
from gtgrn.files import write_text
from gtgrn.splits.tables import read_split
from matrix_cases import GENES, counts
from scipy import sparse

SCRIPTS = Path(__file__).parents[3] / "scripts"
EDGES = [(GENES[i % 4], GENES[(i * 3 + 5) % 10]) for i in range(12)]
PAIRS = pd.DataFrame({(a, b) for a, b in EDGES if a != b}, columns=["regulator", "target"])
PREPROCESS = {"min_cells_fraction": 0.0, "min_genes_per_cell": 0, "n_top_genes": None}


def run_script(monkeypatch, name: str, **parts) -> None:
    """Run a script as its rule does, but in this process, without its log and its records."""
    monkeypatch.setattr("gtgrn.jobs.start_job", lambda snakemake: None)
    given = {key: parts.pop(key, {}) for key in ("input", "output", "params", "wildcards")}
    snakemake = SimpleNamespace(
        **{
            key: value if isinstance(value, list) else Named(value) for key, value in given.items()
        },
        log=["unused"],
    )
    runpy.run_path(str(SCRIPTS / f"{name}.py"), {"snakemake": snakemake})


class Named(SimpleNamespace):
    """Names and values, as Snakemake gives them to a script."""

    def __init__(self, given: dict) -> None:
        super().__init__(**given)
        self.given = given

    def items(self):
        return self.given.items()


def prepare(monkeypatch, folder: Path, expression: dict, pairs=PAIRS, **card) -> ad.AnnData:
    """Run the rules from the card to the reference; give the preprocessed expression."""
    pairs.to_csv(folder / "known.tsv", sep="\t", index=False)
    reference = {"path": str(folder / "known.tsv"), "regulator": "regulator", "target": "target"}
    card = {"expression": {"values": "auto"} | expression, "reference": reference} | card
    made = {key: str(folder / key) for key in ("expression.h5ad", "matrix.npy", "genes.tsv")}
    output = {key.split(".")[0]: path for key, path in made.items()}
    params = {"card": card, "columns": {}, "preprocess": PREPROCESS, "seed": 0}
    run_script(monkeypatch, "preprocess_expression", output=output, params=params)
    run_script(
        monkeypatch, "prepare_reference", input={"expression": output["expression"]},
        output=[str(folder / "reference.tsv")], params={"card": card},
    )  # fmt: skip
    return ad.read_h5ad(output["expression"])


FORMATS = {
    "table": (matrix_cases.table, {}),
    "table of genes": (
        matrix_cases.table,
        {"orientation": "genes_by_cells", "sep": "\t", "suffix": "tsv", "packing": "gz"},
    ),
    "h5ad": (matrix_cases.h5ad, {}),
    "h5ad dense": (matrix_cases.h5ad, {"store": "dense"}),
    "h5ad raw": (matrix_cases.h5ad, {"layer": "raw"}),
    "zarr": (matrix_cases.zarr, {}),
    "loom": (matrix_cases.loom, {}),
    "10x folder": (matrix_cases.mtx, {"prefix": "GSM1_", "packing": "gz"}),
    "10x h5": (matrix_cases.tenx_h5, {}),
    "10x h5 of version 2": (matrix_cases.tenx_h5, {"version": 2}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_alone(tmp_path, monkeypatch, name):
    writer, keys = FORMATS[name]
    done = prepare(monkeypatch, tmp_path, writer(tmp_path, counts(), **keys))
    frame = counts()[sorted(GENES)].to_numpy()
    expected = np.log1p(frame / frame.sum(axis=1, keepdims=True) * 1e4)
    matrix = done.X.toarray() if sparse.issparse(done.X) else done.X
    assert list(done.var_names) == sorted(GENES)
    np.testing.assert_allclose(matrix, expected, rtol=1e-5)
    np.testing.assert_allclose(np.load(tmp_path / "matrix.npy").T, expected, rtol=1e-5)
    read = pd.read_csv(tmp_path / "reference.tsv", sep="\t", keep_default_na=False)
    assert set(read.itertuples(index=False, name=None)) == set(
        PAIRS.itertuples(index=False, name=None)
    )


def split(monkeypatch, folder: Path, scheme: str) -> pd.DataFrame:
    out = {"split": str(folder / "split.tsv.gz"), "negatives": str(folder / "negatives.tsv.gz")}
    options = {"edges": {"train": 0.6, "val": 0.2, "test": 0.2}, "folds": 4}
    run_script(
        monkeypatch, "draw_split", output=out,
        input={"genes": str(folder / "genes.tsv"), "reference": str(folder / "reference.tsv")},
        wildcards={"split": scheme, "seed": "0"},
        params={"options": options, "card": {}, "negatives": ["N1"], "draws": 2},
    )  # fmt: skip
    return read_split(out["split"])


SCHEMES = ["edges", "genes", "tfs", "both", "edges_50"]


LARGE = [f"G{i:02d}" for i in range(40)]


def large_table(folder: Path) -> dict:
    """Write counts that are large enough for all splits; give the card's section."""
    values = np.random.default_rng(0).poisson(3.0, (30, 40)) + 0.0
    return matrix_cases.table(folder, pd.DataFrame(values, [f"c{i}" for i in range(30)], LARGE))


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A folder with the genes and the reference of a set that is large enough for all splits."""
    rng = np.random.default_rng(1)
    pairs = {(LARGE[i % 10], str(rng.choice(LARGE[10:]))) for i in range(150)}
    frame = pd.DataFrame(sorted(pairs), columns=["regulator", "target"])
    prepare(monkeypatch, tmp_path, large_table(tmp_path), frame)
    return tmp_path


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_alone(large, monkeypatch, scheme):
    drawn = split(monkeypatch, large, scheme)
    assert set(drawn["part"]) == {"train", "val", "test"}
    for part in ("val", "test"):
        assert set(drawn.loc[drawn["part"] == part, "label"]) == {0, 1}
    assert not drawn.duplicated(["regulator", "target"]).any()
    assert (large / "negatives.tsv.gz").stat().st_size > 100


def test_one_regulator_alone(tmp_path, monkeypatch):
    (tmp_path / "tfs.txt").write_text(f"{LARGE[0]}\n")
    regulators = {"path": str(tmp_path / "tfs.txt"), "column": "regulator"}
    pairs = pd.DataFrame({"regulator": LARGE[0], "target": LARGE[1:16]})
    done = prepare(monkeypatch, tmp_path, large_table(tmp_path), pairs, regulators=regulators)
    assert list(done.var_names[done.var["is_regulator"]]) == [LARGE[0]]
    drawn = split(monkeypatch, tmp_path, "edges")
    assert set(drawn["regulator"]) == {LARGE[0]}
    # A split by regulators cannot keep any for the tests.
    with pytest.raises(InputError) as caught:
        split(monkeypatch, tmp_path, "tfs")
    assert caught.value.remedy


def test_a_summary_is_shown_as_its_rule_wrote_it(tmp_path, monkeypatch, capsys):
    path = tmp_path / "input_summary.txt"
    job = manifest.Job("summarise_input", frozenset([path]))
    monkeypatch.setattr(manifest, "_job", job)
    write_text("cells: 559\n", path)
    shown = {"input": [str(path)], "params": {"command": "snakemake --cores 1"}}
    run_script(monkeypatch, "show_summaries", **shown)
    assert capsys.readouterr().out == "\ncells: 559\nrun next:   snakemake --cores 1\n"
    path.write_text("cells: 558\n")
    with pytest.raises(InputError, match="not what rule summarise_input wrote") as caught:
        run_script(monkeypatch, "show_summaries", **shown)
    assert capsys.readouterr().out == ""
    # A message has room for the command unless the folder's name is long.
    assert f"-R {path}" in caught.value.remedy or caught.value.remedy.startswith("Delete it")
