"""docs/own_data.md, tried as it is written on a generated h5ad."""

from __future__ import annotations

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from project_cases import ROOT, TINY
from scipy import sparse

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "own_data.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def newcomer(project):
    """The folder of someone with counts and known pairs, and the page's card and configuration."""
    rng = np.random.default_rng(0)
    shipped = pd.read_csv(project.folder / "resources/regulators/human.tsv")["regulator"]
    regulators = list(shipped[:12])
    genes = regulators + [f"GENE{i}" for i in range(100)]
    pairs = [(r, g) for r in regulators[:8] for g in rng.choice(genes[12:], 12, replace=False)]
    activity = rng.gamma(2.0, 0.5, size=(300, len(genes)))
    for regulator, target in pairs:
        activity[:, genes.index(target)] += 0.5 * activity[:, genes.index(regulator)]
    counts = sparse.csr_matrix(rng.poisson(activity).astype(np.float32))
    data = project.folder / "data"
    data.mkdir()
    names = {"obs": pd.DataFrame(index=[f"cell{i}" for i in range(300)])}
    ad.AnnData(counts, var=pd.DataFrame(index=genes), **names).write_h5ad(data / "mine.h5ad")
    known = pd.DataFrame([*pairs, ("ABSENT", genes[20])], columns=["regulator", "target"])
    known.to_csv(data / "known.tsv", sep="\t", index=False)
    card, settings = blocks("yaml")
    (project.folder / "config/datasets/mine.yaml").write_text(card)
    # The tiny models of the tests below what the page says, so that a run ends in a minute.
    small = {key: TINY[key] for key in TINY if key not in ("preprocess", "ablations")}
    (project.folder / "config/mine.yaml").write_text(
        yaml.safe_dump(small | yaml.safe_load(settings))
    )
    return project


def run(project, command: str):
    """Run a command of the page, on two cores where it says all."""
    words = command.strip().replace("--cores all", "--cores 2").split()
    assert words[0] == "snakemake"
    return project.snakemake(*words[1:])


def test_the_page_as_written(newcomer):
    validate, everything = blocks("sh")
    looked = run(newcomer, validate)
    assert looked.returncode == 0, looked.stdout[-3000:]
    for words in (
        "values:     counts (detected",
        "cells:      300 of 300",
        "genes:      72 of 112",
        "regulators: 12 of 956 in resources/regulators/human.tsv; 0 are among the dropped genes",
        "1 with a gene not in the matrix",
    ):
        assert words in looked.stdout
    edges = int(re.search(r"reference:\s+(\d+) edges of 8 regulators", looked.stdout).group(1))
    assert not list((newcomer.folder / "results").rglob("*.tsv.gz"))
    made = run(newcomer, everything)
    assert made.returncode == 0, made.stdout[-5000:]
    network = pd.read_csv(newcomer.folder / "results/mine/network.tsv.gz", sep="\t")
    assert {"regulator", "target", "probability", "rank", "known"} <= set(network)
    assert network["known"].sum() == edges
    for name in re.findall(r"`(results/[^`]+)`", PAGE):
        assert (newcomer.folder / name).stat().st_size > 0


def test_every_card_key_on_the_page_exists():
    schema = (ROOT / "workflow/schemas/dataset.schema.yaml").read_text()
    keys = set(re.findall(r"`(\w+):", PAGE)) - {"mirror"}
    assert len(keys) > 8
    for key in keys:
        assert f"      {key}:" in schema or f"  {key}:" in schema, key
