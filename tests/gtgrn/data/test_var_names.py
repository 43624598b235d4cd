"""Names of genes told before the run, by the file alone."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.var_names import check_named
from gtgrn.errors import InputError


@pytest.fixture
def card(tmp_path):
    var = pd.DataFrame(
        {"symbol": ["GATA1", "SPI1"], "kind": pd.Categorical(["a", "b"])}, index=["E1", "E2"]
    )
    path = tmp_path / "x.h5ad"
    ad.AnnData(np.ones((3, 2), np.float32), var=var).write_h5ad(path)
    return {"expression": {"format": "h5ad", "path": str(path)}}


def test_names_of_any_column_are_known(card):
    check_named(card, ["GATA1", "E2"], "perturb")


def test_a_misspelt_gene_is_told_with_the_nearest_name(card):
    with pytest.raises(InputError, match="'perturb': no gene.*'GATA-1'.*Did you mean 'GATA1'"):
        check_named(card, ["SPI1", "GATA-1"], "perturb")


def test_what_cannot_be_read_now_is_left_for_later(card, tmp_path):
    check_named({"expression": {**card["expression"], "gene_map": {}}}, ["none"], "perturb")
    packed = tmp_path / "x.csv"
    packed.write_text("a,b\n")
    check_named({"expression": {"format": "table", "path": str(packed)}}, ["none"], "perturb")
    check_named({"expression": {"format": "h5ad", "path": "absent.h5ad"}}, ["none"], "perturb")
