from __future__ import annotations

import numpy as np
import pytest
from project_cases import TINY, Project, make_project, make_tiny, tiny_card, tiny_counts


@pytest.fixture
def project(tmp_path) -> Project:
    return make_project(tmp_path)


@pytest.fixture
def tiny(tmp_path) -> Project:
    """A project with one labelled data set and the tiny configuration, nothing run."""
    return make_tiny(tmp_path, **TINY)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project that was run to the end: labelled, the same with genes permuted, unlabelled."""
    project = make_project(tmp_path_factory.mktemp("finished"))
    counts, edges = tiny_counts()
    data = project.folder / "data"
    data.mkdir()
    order = np.random.default_rng(1).permutation(counts.shape[1])
    counts.to_csv(data / "counts.csv")
    counts.iloc[:, order].T.to_csv(data / "permuted.tsv.gz", sep="\t")
    edges.to_csv(data / "edges.tsv", sep="\t", index=False)
    edges[::-1].to_csv(data / "reversed.tsv", sep="\t", index=False)
    by_cells = {"path": "data/counts.csv", "orientation": "cells_by_genes"}
    by_genes = {"path": "data/permuted.tsv.gz", "orientation": "genes_by_cells"}
    project.add_card("tiny", **tiny_card(by_cells, reference={"path": "data/edges.tsv"}))
    project.add_card("permuted", **tiny_card(by_genes, reference={"path": "data/reversed.tsv"}))
    project.add_card("unlabelled", **tiny_card(by_cells))
    project.configure(datasets=["tiny", "permuted", "unlabelled"], **TINY)
    run = project.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout[-6000:]
    return project
