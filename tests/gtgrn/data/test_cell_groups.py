"""Groups cut out of the preprocessed whole."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.cell_groups import list_groups, take_group
from gtgrn.data.preprocessing import preprocess
from gtgrn.errors import InputError

KINDS = ["B"] * 8 + ["T"] * 5 + ["none of these"] * 2 + [None] * 3


@pytest.fixture
def whole():
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (len(KINDS), 6)).astype(np.float32)
    counts[:8, 2] = 0
    obs = pd.DataFrame({"kind": pd.Categorical(KINDS)}, index=[f"c{i:02d}" for i in range(18)])
    adata = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=list("ABCDEF")))
    options = {"min_cells_fraction": 0.0, "min_genes_per_cell": 1, "n_top_genes": None}
    return preprocess(adata, values="counts", regulators=["A", "B"], **options)


def test_a_group_has_the_wholes_values_and_genes(whole, caplog):
    group = take_group(whole, "kind", "B", 5)
    assert list(group.obs_names) == [f"c{i:02d}" for i in range(8)]
    assert np.array_equal(group.X, whole.X[:8])
    assert np.array_equal(group.layers["counts"], whole.layers["counts"][:8])
    assert list(group.var_names) == list(whole.var_names)
    assert group.var["is_regulator"].equals(whole.var["is_regulator"])
    assert group.uns["gtgrn"]["group"] == {"column": "kind", "value": "B"}
    assert "group" not in whole.uns["gtgrn"]
    assert "1 of 6 genes are constant over the 8 cells of B" in caplog.text


def test_too_few_cells_after_the_filters(whole):
    with pytest.raises(
        InputError,
        match=r"5 cells of 'T' are left after the filters, of 6 needed.*: B have enough",
    ):
        take_group(whole, "kind", "T", 6)
    assert take_group(whole, "kind", "B", 6).n_obs == 8


def test_cells_that_are_all_alike_make_no_network(whole):
    whole.X[8:13] = 1.0
    with pytest.raises(InputError, match="every gene is constant over the cells of 'T'"):
        take_group(whole, "kind", "T", 3)


def test_the_list_has_what_is_left_out_with_its_reason(whole, caplog):
    groups = [
        {"value": "B", "dataset": "x/B", "cells": 9, "left_out": ""},
        {"value": "T", "dataset": "", "cells": None, "left_out": "fewer cells than min_cells"},
    ]
    table = list_groups(whole, "kind", groups)
    assert list(table["group"]) == ["B", "T", "none of these", ""]
    assert list(table["cells"]) == [8, 5, 2, 3]
    assert table["cells"].sum() == whole.n_obs
    assert table["cells_in_file"].isna().tolist() == [False, True, True, True]
    assert list(table["left_out"])[2:] == ["not in groups.include", "no value in the column"]
    assert "left out: 'T', 5 cells (fewer cells than min_cells)" in caplog.text
    assert "'B'" not in caplog.text
