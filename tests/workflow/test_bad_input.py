"""Bad input ends with one clear line before anything long runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from project_cases import tiny_counts

pytestmark = pytest.mark.slow


def edit_counts(project, change):
    counts, _ = tiny_counts()
    counts = counts.astype(float)
    change(counts).to_csv(project.folder / "data/counts.csv")


def put(counts, value):
    counts.iloc[3, 4] = value
    return counts


CASES = {
    "NaN": (
        lambda counts: put(counts, np.nan),
        "data/counts.csv",
        "cell 'cell3', gene 'G04'",
    ),
    "negative": (lambda counts: put(counts, -1), "data/counts.csv", "negative"),
    "duplicate genes": (
        lambda counts: counts.rename(columns={"G01": "G02"}),
        "data/counts.csv",
        "G02",
    ),
    "genes that do not match": (
        lambda counts: counts.rename(columns=str.lower),
        "data/edges.tsv",
        "case",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_values_and_names_are_checked_first(tiny, case):
    change, file, word = CASES[case]
    edit_counts(tiny, change)
    run = tiny.snakemake("--cores", "2")
    assert run.returncode != 0
    lines = [line for line in run.stdout.splitlines() if line.strip().startswith("InputError")]
    assert lines, run.stdout[-3000:]
    assert file in lines[0]
    assert word in lines[0]
    assert not list((tiny.folder / "results").rglob("*.tsv.gz"))


def test_a_card_with_a_missing_file_or_an_unknown_key_stops_at_once(tiny):
    (tiny.folder / "data/counts.csv").rename(tiny.folder / "data/other.csv")
    run = tiny.snakemake("-n")
    assert run.returncode != 0
    assert "tiny.yaml: 'expression.path': file 'data/counts.csv' not found" in run.stdout
    card = tiny.folder / "config/datasets/tiny.yaml"
    card.write_text(card.read_text().replace("reference:", "refrence:"))
    run = tiny.snakemake("-n")
    assert run.returncode != 0
    assert "Did you mean 'reference'?" in run.stdout
    assert "Traceback" not in run.stdout
    # As the page of own data writes it: this swallows all that Snakemake itself says.
    run = tiny.snakemake("-q", "all", "--", "validate")
    assert run.returncode != 0
    assert "Did you mean 'reference'?" in run.stdout


def test_a_truncated_h5ad_is_named(tiny):
    import anndata as ad

    counts, _ = tiny_counts()
    path = tiny.folder / "data/counts.h5ad"
    ad.AnnData(pd.DataFrame(counts, dtype=np.float32)).write_h5ad(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    tiny.add_card(
        "tiny",
        title="Tiny",
        expression={"format": "h5ad", "path": "data/counts.h5ad", "values": "counts"},
    )
    run = tiny.snakemake("--cores", "1", "check")
    assert run.returncode != 0
    assert "InputError: data/counts.h5ad" in run.stdout


def test_a_reference_too_small_to_split_says_so(tiny):
    edges = pd.read_csv(tiny.folder / "data/edges.tsv", sep="\t")
    edges.head(2).to_csv(tiny.folder / "data/edges.tsv", sep="\t", index=False)
    run = tiny.snakemake("--cores", "1", "results/tiny/splits/edges/seed0.tsv.gz")
    assert run.returncode != 0
    assert "part has no reference edge (2 reference edges among" in run.stdout
