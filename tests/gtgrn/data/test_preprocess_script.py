from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from gtgrn.data.filters import cells_needed
from gtgrn.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st
from preprocess_cases import preprocess
from scipy import sparse


def message_of(call, *arguments, **keywords) -> str:
    """Return the message of the error, after checking that it is one line with a remedy."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.field
    assert caught.value.remedy
    return str(caught.value)


def dense(matrix, genes=None) -> ad.AnnData:
    matrix = np.asarray(matrix, dtype=np.float32)
    genes = genes or [f"g{i}" for i in range(matrix.shape[1])]
    obs = pd.DataFrame(index=[f"c{i}" for i in range(len(matrix))])
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=genes))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_normalisation_by_hand(kind):
    adata = dense([[1, 3, 0], [2, 2, 4]])
    adata.X = kind(adata.X)
    done = preprocess(adata, values="counts", target_sum=100)
    expected = np.log([[1 + 25, 1 + 75, 1], [1 + 25, 1 + 25, 1 + 50]])
    np.testing.assert_allclose(done.X, expected, rtol=1e-6)
    assert isinstance(done.X, np.ndarray)
    assert done.X.dtype == np.float32
    counts = done.layers["counts"]
    counts = counts.toarray() if sparse.issparse(counts) else counts
    np.testing.assert_array_equal(counts, [[1, 3, 0], [2, 2, 4]])
    adata.obs["n"] = [10, 50]
    done = preprocess(adata, values="counts", target_sum=100, total_counts="n")
    expected = np.log([[1 + 10, 1 + 30, 1], [1 + 4, 1 + 4, 1 + 8]])
    np.testing.assert_allclose(done.X, expected, rtol=1e-6)
    before = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    np.testing.assert_array_equal(before, [[1, 3, 0], [2, 2, 4]])


def test_normalisation_is_scanpys():
    adata = dense(np.random.default_rng(0).poisson(1.0, (20, 30)))
    adata.X[3] = 0
    done = preprocess(adata, values="counts", target_sum=5e3)
    expected = adata.copy()
    sc.pp.normalize_total(expected, target_sum=5e3)
    sc.pp.log1p(expected)
    np.testing.assert_allclose(done[:, adata.var_names].X, expected.X, rtol=1e-6)
    assert (done.X[3] == 0).all()


@pytest.mark.parametrize("values", ["lognorm", "continuous"])
def test_other_values_stay_as_they_are(values):
    matrix = np.array([[0.5, 2.0], [1.5, 0.0]]) * (1 if values == "lognorm" else -1)
    done = preprocess(dense(matrix), values=values)
    np.testing.assert_array_equal(done.X, matrix.astype(np.float32))
    assert "counts" not in done.layers


def test_cells_are_filtered_before_genes():
    # c0 expresses one gene. g1 is in 2 of 4 cells, but in 1 of the 3 that stay.
    adata = dense([[0, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [1, 0, 1, 1]])
    done = preprocess(adata, values="counts", min_genes_per_cell=2, min_cells_fraction=0.5)
    assert list(done.obs_names) == ["c1", "c2", "c3"]
    assert list(done.var_names) == ["g0", "g2"]
    assert done.uns["gtgrn"]["filters"] == {
        "cells_before": 4,
        "genes_before": 4,
        "cells_after": 3,
        "genes_after": 2,
        "genes_kept": 2,
        "regulators_kept": 2,
    }


def test_fraction_of_cells_is_exact():
    # In floating point, 7 % of 100 cells are a little more than 7.
    matrix = np.zeros((100, 2))
    matrix[:7, 0] = matrix[:6, 1] = 1
    assert 0.07 * 100 > 7
    done = preprocess(dense(matrix), values="continuous", min_cells_fraction=0.07)
    assert list(done.var_names) == ["g0"]
    kept = preprocess(dense(matrix * 0 + [1, 0]), values="counts", min_cells_fraction=0)
    assert list(kept.var_names) == ["g0", "g1"]


def test_filters_that_leave_nothing():
    adata = dense([[1, 0, 1], [0, 1, 0]])
    message = message_of(preprocess, adata, values="counts", min_genes_per_cell=3)
    assert "'preprocess.min_genes_per_cell': no cell expresses 3 genes (the best expresses 2)" in (
        message
    )
    message = message_of(preprocess, adata, values="counts", min_cells_fraction=1)
    assert (
        "'preprocess.min_cells_fraction': no gene is expressed in 2 cells (the best is in 1)"
        in (message)
    )


@pytest.mark.parametrize("total", [0, -1, np.nan, 3, "many"])
def test_impossible_totals(total):
    adata = dense([[1, 3, 0], [2, 2, 4]])
    adata.obs["n"] = pd.Series([10, total], index=adata.obs_names, dtype=object)
    message = message_of(preprocess, adata, values="counts", total_counts="n")
    assert "'expression.total_counts': 1 cells have an impossible total, the first 'c1'" in message


def test_selection_keeps_regulators_and_the_most_variable_others():
    # Variances 0, 1, 4, 1, 9; g1 and g3 tie.
    matrix = [[5, 0, 0, 8, 0], [5, 2, 4, 6, 6]]
    adata = dense(matrix)

    def kept(n_top_genes, regulators):
        done = preprocess(
            adata, values="continuous", n_top_genes=n_top_genes, regulators=regulators
        )
        return list(done.var_names), list(done.var_names[done.var["is_regulator"]])

    assert kept(1, ["g0", "absent"]) == (["g0", "g4"], ["g0"])
    assert kept(3, ["g0"]) == (["g0", "g1", "g2", "g4"], ["g0"])
    assert kept(1, ["g0", "g4"]) == (["g0", "g2", "g4"], ["g0", "g4"])
    assert kept(0, ["g3"]) == (["g3"], ["g3"])
    assert kept(99, ["g3"]) == (["g0", "g1", "g2", "g3", "g4"], ["g3"])
    assert kept(None, ["g3"]) == (["g0", "g1", "g2", "g3", "g4"], ["g3"])
    assert kept(2, None) == (["g2", "g4"], ["g2", "g4"])


def test_selection_keeps_known_genes_and_markers_that_pass_the_filters():
    # g1 is in one cell of three; variances grow with the number of a gene.
    adata = dense([[5, 0, 0, 0, 0], [5, 1, 4, 6, 9], [5, 0, 4, 6, 0]])

    def kept(also, beside=()):
        options = {"n_top_genes": 1, "min_cells": 2, "min_cells_fraction": 0.0, "also": also}
        done = preprocess(adata, values="continuous", regulators=["g0"], beside=beside, **options)
        return list(done.var_names), done.uns["gtgrn"]["settings"].get("also")

    assert kept([]) == (["g0", "g3"], None)
    assert kept(["reference"], ["g1", "g2"]) == (["g0", "g2", "g3"], "reference")
    assert kept(["reference", "markers"], ["absent"]) == (["g0", "g3"], "reference, markers")


def test_constant_genes_stay_and_are_counted(caplog):
    with caplog.at_level(logging.WARNING):
        done = preprocess(dense([[5, 1, 0], [5, 2, 0]]), values="continuous")
    assert done.n_vars == 3
    assert "2 genes are constant over the cells: they stay" in caplog.text


matrices = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).poisson(1.0, (12, 9))
)


@settings(max_examples=15, deadline=None)
@given(matrix=matrices, seed=st.integers(0, 100), n_top=st.integers(0, 9))
def test_gene_order_changes_nothing(matrix, seed, n_top):
    matrix[:, 0] += 1
    adata = dense(matrix)
    order = np.random.default_rng(seed).permutation(adata.n_vars)
    options = {
        "values": "counts",
        "min_cells_fraction": 0.3,
        "min_genes_per_cell": 2,
        "n_top_genes": n_top,
        "regulators": ["g0", "g3", "g7"],
    }
    one, other = preprocess(adata, **options), preprocess(adata[:, order], **options)
    assert list(one.var_names) == sorted(one.var_names) == list(other.var_names)
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.layers["counts"], other.layers["counts"])
    pd.testing.assert_frame_equal(one.var, other.var)


@pytest.mark.parametrize(
    "options",
    [
        {"min_cells_fraction": 0.3, "min_genes_per_cell": 12, "n_top_genes": 9},
        {"magic": {"n_pca": 5}},
        {"significance": {"p_value": 0.5}},
    ],
    ids=["filters", "magic", "pseudotime"],
)
def test_cell_order_changes_nothing_but_rounding(options):
    rng = np.random.default_rng(5)
    time = np.linspace(0, 3, 60)[:, None]
    adata = dense(rng.poisson(np.exp(np.sin(time + rng.normal(size=(1, 20))) + 0.3)))
    order = rng.permutation(adata.n_obs)
    one = preprocess(adata, values="counts", **options)
    other = preprocess(adata[order], values="counts", **options)
    assert sorted(one.obs_names) == sorted(other.obs_names)
    assert list(one.var_names) == list(other.var_names)
    assert one.n_vars < 20 or "magic" in options
    np.testing.assert_allclose(other[one.obs_names].X, one.X, atol=1e-4)


def test_magic():
    rng = np.random.default_rng(0)
    adata = dense(rng.poisson(rng.gamma(1, 2, (60, 1)) * rng.gamma(1, 1, (1, 30)) + 0.2))
    adata.obs["n"] = 1000
    plain = preprocess(adata, values="counts", total_counts="n")
    options = {"values": "counts", "total_counts": "n", "seed": 1}
    imputed = preprocess(adata, magic=True, **options)
    assert imputed.X.dtype == np.float32
    assert (imputed.X >= 0).all()
    # Diffusion fills in zeros and leaves each gene's mean, before the logarithm, about as it is.
    assert (imputed.X == 0).sum() < (plain.X == 0).sum() / 4
    means = np.expm1(imputed.X).mean(axis=0) / np.expm1(plain.X).mean(axis=0)
    assert 0.5 < np.median(means) < 2
    # Fewer components than genes, so that the randomised decomposition is used.
    order = rng.permutation(adata.n_vars)
    one = preprocess(adata, magic={"n_pca": 5}, **options)
    other = preprocess(adata[:, order], magic={"n_pca": 5}, **options)
    np.testing.assert_array_equal(one.X, other.X)
    assert np.abs(one.X - imputed.X).max() > 1e-3
    recorded = imputed.uns["gtgrn"]
    assert recorded["settings"]["magic"] == {
        "knn": 5, "knn_max": 15, "decay": 1, "t": 3, "n_pca": 100,
    }  # fmt: skip
    assert "magic-impute" in recorded["versions"]
    longer = preprocess(adata, magic={"t": 6}, **options)
    assert longer.X.std(axis=0).mean() < imputed.X.std(axis=0).mean()
    off = preprocess(adata, magic=False, **options)
    np.testing.assert_array_equal(off.X, plain.X)


def test_magic_needs_cells():
    message = message_of(preprocess, dense(np.ones((8, 3))), values="counts", magic=True)
    assert "'preprocess.magic': MAGIC with knn_max 15 needs more cells than 8" in message


@pytest.mark.parametrize(
    ("cells", "fraction", "least", "needed"),
    [
        # Without either: ten cells, or a tenth of fewer than a hundred.
        (100_000, None, None, 10), (559, None, None, 10), (100, None, None, 10),
        (99, None, None, 10), (40, None, None, 4), (9, None, None, 1), (1, None, None, 1),
        # What a card asks for is what is done, and a key leaves the other one alone.
        (559, 0.1, None, 56), (559, None, 3, 3), (559, 0, None, 0), (559, None, 0, 0),
        (100, 0.07, None, 7), (40, 0.05, 5, 5), (40, 0.5, 5, 20),
    ],
)  # fmt: skip
def test_in_how_many_cells_a_gene_must_be(cells, fraction, least, needed):
    assert cells_needed(cells, fraction, least) == needed


def test_listed_genes_stay_however_few_cells_express_them():
    counts = np.zeros((20, 4), np.float32)
    counts[:, 0], counts[:2, 1], counts[0, 2] = 3, 1, 2
    adata = ad.AnnData(
        counts,
        obs=pd.DataFrame(index=[f"c{i}" for i in range(20)]),
        var=pd.DataFrame(index=["COMMON", "PAX5", "RARE", "SILENT"]),
    )

    def kept(**settings) -> list[str]:
        return list(preprocess(adata, values="counts", **settings).var_names)

    assert kept(min_cells_fraction=0.5) == ["COMMON"]
    assert kept(min_cells_fraction=0.5, keep=["PAX5", "SILENT"]) == ["COMMON", "PAX5"]
    assert kept(min_cells=2, min_cells_fraction=None) == ["COMMON", "PAX5"]
    assert kept(min_cells=2, min_cells_fraction=0.5) == ["COMMON"]
    assert kept(n_top_genes=0, keep=["PAX5"], regulators=["RARE"]) == ["PAX5", "RARE"]
    settings = preprocess(adata, values="counts", keep=["PAX5"]).uns["gtgrn"]["settings"]
    assert settings["kept_genes"] == 1
    assert "kept_genes" not in preprocess(adata, values="counts").uns["gtgrn"]["settings"]
