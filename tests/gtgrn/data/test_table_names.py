"""Names of genes and cells of any kind come back from a table as they went in."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gtgrn.data.not_genes import ANNOTATIONS, TOTALS, is_no_gene
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from matrix_cases import check_same

LETTERS = st.characters(codec="utf-8", categories=["L", "N"], include_characters="-_.,;/|() ")
NAME = st.text(LETTERS, min_size=1, max_size=8).map(str.strip).filter(bool)
WORDS = st.sampled_from(
    ["NA", "nan", "null", "None", "1e5", "007", "TRUE", "1-Mar", "inf", "#N/A"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(NAME | WORDS, min_size=3, max_size=6, unique=True),
    st.sampled_from(["cells_by_genes", "genes_by_cells"]),
    st.sampled_from([("csv", ","), ("tsv", "\t")]),
)
def test_names_come_back(tmp_path_factory, genes, orientation, kind):
    assume(
        not any(is_no_gene(g) or g.lower() in ANNOTATIONS or TOTALS.fullmatch(g) for g in genes)
    )
    rng = np.random.default_rng(len(genes))
    values = rng.integers(0, 9, size=(7, len(genes))).astype(float)
    frame = pd.DataFrame(values, [f"cell{i}" for i in range(7)], genes)
    path = tmp_path_factory.mktemp("names") / f"x.{kind[0]}"
    (frame if orientation == "cells_by_genes" else frame.T).to_csv(path, sep=kind[1])
    check_same({"format": "table", "path": str(path), "orientation": orientation}, frame)
