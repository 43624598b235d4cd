"""A comparison from preprocessed cells to its tables."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.comparison.design import make_design, tabulate_design
from gtgrn.comparison.regulons import compare_regulons, pseudobulk
from gtgrn.comparison.summaries import NO_REPLICATES
from gtgrn.comparison.tables import compare_conditions, find_design
from gtgrn.errors import InputError

GENES = [f"G{n:02d}" for n in range(40)]
SECTION = {"by": "state", "groups": ["a", "b"], "min_cells": 20, "permutations": 100}
NET = pd.DataFrame(
    [("G00", f"G{n:02d}", 1.0 + n / 100) for n in range(10, 18)]
    + [("G01", f"G{n:02d}", 1.0 + n / 100) for n in range(20, 28)],
    columns=["source", "target", "weight"],
)


@pytest.fixture
def whole():
    """Cells of eight donors, four a condition; G00's targets are twice as high in the first."""
    rng = np.random.default_rng(0)
    donor = np.arange(240) % 8
    rate = np.full((240, 40), 3.0)
    rate[:, 10:18] *= np.where(donor < 4, 2.0, 1.0)[:, None]
    counts = rng.poisson(rate).astype(np.float32)
    obs = pd.DataFrame(
        {
            "state": np.where(donor < 4, "a", "b"),
            "donor": [f"d{n}" for n in donor],
            "kind": np.where(np.arange(240) < 200, "T", "B"),
        },
        index=[f"c{n}" for n in range(240)],
    )
    adata = ad.AnnData(np.log1p(counts), obs=obs, var=pd.DataFrame(index=GENES))
    adata.layers["counts"] = counts
    adata.var["is_regulator"] = np.arange(40) < 4
    return adata


def test_pseudobulk_sums_counts_and_averages_what_is_logged():
    counts = np.array([[1.0, 3], [3, 1], [5, 5]])
    members = np.array([[True, True, False], [False, False, True]])
    found = pseudobulk(counts, members, counts=True)
    assert found == pytest.approx(np.log1p(np.full((2, 2), 5000.0)))
    assert pseudobulk(counts, members, counts=False).tolist() == [[2, 2], [5, 5]]


@pytest.mark.parametrize("unit", ["donor", None])
def test_the_regulon_that_differs_comes_first(whole, unit):
    section = {**SECTION, **({"unit": unit} if unit else {})}
    tables, summary = compare_conditions(whole, section, "all", NET, minimum=5, seed=0)
    regulons = tables["regulons"]
    assert list(regulons["regulator"]) == ["G00", "G01"]
    assert regulons["difference"].iloc[0] > 0
    assert regulons["low"].iloc[0] > 0
    # Four against four donors have 35 labellings, a hundred and one of cells are drawn.
    smallest = 1 / 35 if unit else 1 / 101
    assert regulons["fdr"].iloc[0] == pytest.approx(smallest)
    assert regulons["targets"].tolist() == [8, 8]
    assert summary["regulons"] == (regulons["fdr"] <= 0.05).sum() >= 1
    assert summary["cells_first"] == summary["cells_second"] == 120
    assert (summary["note"] == NO_REPLICATES) == (unit is None)


def test_a_group_and_what_the_filters_left_of_it(whole):
    section = {**SECTION, "within": "kind"}
    tables, summary = compare_conditions(whole, section, "T", NET, minimum=5, seed=0)
    assert summary["cells_first"] == 100
    cells = tabulate_design(find_design(whole, section, "T"), list(whole.obs_names))
    assert cells["cell"].tolist() == list(whole.obs_names[:200])
    assert cells["first"].tolist() == (whole.obs["state"][:200] == "a").astype(int).tolist()
    assert len(tables["edges"]) == 4 * 39
    whole.obs.loc[whole.obs["kind"] == "B", "state"] = "a"
    with pytest.raises(InputError, match="0 cells of 'B' are 'b', of 20 needed"):
        compare_conditions(whole, section, "B", NET, minimum=5, seed=0)


def test_without_regulons_there_is_an_empty_table(whole):
    tables, summary = compare_conditions(whole, SECTION, "all", NET, minimum=9, seed=0)
    assert tables["regulons"].empty
    assert "fdr" in tables["regulons"]
    assert summary["regulons"] == 0


def test_regulons_are_the_same_whatever_the_order_of_cells(whole):
    order = np.random.default_rng(0).permutation(240)
    found = []
    for cells in (whole, whole[order]):
        design = make_design(list(cells.obs["state"]), ("a", "b"), list(cells.obs["donor"]))
        values = cells.layers["counts"][design.rows]
        settings = {"counts": True, "minimum": 5, "permutations": 100, "seed": 0}
        found.append(compare_regulons(values, GENES, NET, design, **settings)[0])
    pd.testing.assert_frame_equal(*found, atol=1e-4)
