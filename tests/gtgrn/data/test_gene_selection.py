from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from chance_cases import FALSE_ALARM
from gtgrn.data.gene_selection import (
    diffusion_pseudotime,
    natural_spline,
    order_genes,
    read_gene_ordering,
    read_pseudotime,
    significant_genes,
    spline_test,
)
from gtgrn.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st
from patsy import dmatrix
from preprocess_cases import preprocess
from scipy.stats import kstest

DATA = Path(__file__).parents[4] / "shared" / "data"


def cells_by_genes(matrix, genes=None) -> ad.AnnData:
    matrix = np.asarray(matrix, np.float32)
    genes = genes or [f"g{i}" for i in range(matrix.shape[1])]
    obs = pd.DataFrame(index=[f"c{i}" for i in range(len(matrix))])
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=genes))


def ordering(**genes) -> pd.DataFrame:
    return pd.DataFrame(genes.values(), index=list(genes), columns=["p_value", "variance"])


# The choice of genes


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_selection_is_that_of_beeline(data):
    names = [f"g{i}" for i in range(data.draw(st.integers(1, 12)))]
    values = st.tuples(st.sampled_from([0, 1e-9, 1e-4, 0.002, 0.5]), st.integers(0, 4))
    table = pd.DataFrame(
        [data.draw(values) for _ in names], index=names, columns=["p_value", "variance"]
    )
    genes = set(data.draw(st.lists(st.sampled_from([*names, "absent"]), min_size=1)))
    p_value = data.draw(st.sampled_from([0, 0.01, 0.9]))
    shuffled = table.sample(frac=1, random_state=data.draw(st.integers(0, 9)))
    tested = table.loc[[name for name in names if name in genes], "p_value"]
    passed = [g for g, p in tested.items() if p_value == 0 or p < p_value / len(tested)]
    if not passed:
        with pytest.raises(InputError):
            significant_genes(shuffled, genes, p_value)
        return
    found = significant_genes(shuffled, genes, p_value)
    assert sorted(found) == sorted(passed)
    assert found == sorted(found, key=lambda gene: (tested[gene], gene))


def test_the_correction_counts_the_genes_that_are_tested():
    table = ordering(a=(0.004, 1), b=(0.9, 2), c=(1e-9, 3))
    # Three genes: the limit is 0.0033; two: 0.005.
    assert significant_genes(table, ["a", "b", "c"], 0.01) == ["c"]
    assert significant_genes(table, ["a", "c", "d"], 0.01) == ["c", "a"]
    assert significant_genes(table, ["a", "b", "c"], 0) == ["c", "a", "b"]
    with pytest.raises(InputError, match="the best has 0.9 among 1 genes"):
        significant_genes(table, ["b"], 0.01)


# Files


def refused(call, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_gene_ordering_is_read_by_place(tmp_path):
    path = tmp_path / "GeneOrdering.csv"
    path.write_text(",VGAMpValue,Variance\nNA,1e-20,2.5\nFOS,0,1\n")
    table = read_gene_ordering(path)
    assert list(table.index) == ["NA", "FOS"]
    assert table.loc["NA"].to_dict() == {"p_value": 1e-20, "variance": 2.5}
    for text, word in (
        (",p\nFOS,1\n", "2 columns"),
        (",p,v\nFOS,x,1\n", "'p': 'FOS' has no p-value"),
        (",p,v\nFOS,1,-1\n", "'v': 'FOS' has no variance"),
        (",p,v\nFOS,1,1\nFOS,1,1\n", "'FOS' is twice"),
    ):
        path.write_text(text)
        assert word in refused(read_gene_ordering, path)


@pytest.mark.parametrize("corner", ["", ",", '"",'])
def test_pseudotime_of_several_lineages(tmp_path, corner):
    path = tmp_path / "PseudoTime.csv"
    path.write_text(f"{corner}PseudoTime1,PseudoTime2\nc1,0.5,NA\nc2,,2\nc3,1,3\n")
    times = read_pseudotime(path, ["c3", "c1"])
    np.testing.assert_array_equal(times, [[1, 3], [0.5, np.nan]])
    assert "1 of 2 cells have no row, such as c9" in refused(read_pseudotime, path, ["c1", "c9"])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (",t\nc1,0\nc1,1\n", "'c1' is twice"),
        (",t\nc1,late\n", "a pseudotime of 'c1' is not a number"),
        ("cell\nc1\n", "one column"),
    ],
)
def test_pseudotime_errors(tmp_path, text, word):
    (tmp_path / "t.csv").write_text(text)
    assert word in refused(read_pseudotime, tmp_path / "t.csv", ["c1"])


# P-values


def test_p_values_are_those_of_the_f_test_of_a_natural_spline():
    rng = np.random.default_rng(0)
    time = np.sort(rng.gamma(2, size=80))
    values = rng.normal(size=(80, 5)) + np.outer(np.sin(time * 2), [0, 0.3, 1, 2, 0])
    values[:, 4] = 3
    found = spline_test(values, time)
    # The same space by another package: natural cubic splines by their values at the knots.
    knots = np.quantile(time, [1 / 3, 2 / 3])
    basis = np.asarray(
        dmatrix(
            "cr(t, knots=k, lower_bound=a, upper_bound=b) - 1",
            {"t": time, "k": knots, "a": time[0], "b": time[-1]},
        )
    )
    assert basis.shape[1] == 4
    for gene in range(4):
        fit = sm.OLS(values[:, gene], basis).fit()
        mean = sm.OLS(values[:, gene], np.ones(80)).fit()
        assert found[gene] == pytest.approx(fit.compare_f_test(mean)[1], rel=1e-6)
    assert found[4] == 1


def test_a_natural_spline_is_a_line_at_both_ends():
    time = np.linspace(0, 9, 200)
    basis = natural_spline(time)
    assert basis.shape == (200, 3)
    assert np.linalg.matrix_rank(np.column_stack([np.ones(200), basis])) == 4
    curvature = np.abs(np.diff(basis, 2, axis=0))
    # Second differences vanish towards the ends, which in between they do not.
    assert (curvature[[0, -1]] < 0.05 * curvature.max()).all()


def test_p_values_are_uniform_without_a_change_and_tiny_with_one():
    rng = np.random.default_rng(1)
    time = rng.uniform(size=100)
    null = spline_test(rng.normal(size=(100, 2000)), time)
    # Two or four degrees of freedom instead of three give 1e-12 and 6e-8.
    assert kstest(null, "uniform").pvalue > FALSE_ALARM
    bump = np.exp(-(((time - 0.5) / 0.15) ** 2))[:, None] + rng.normal(size=(100, 20)) * 0.2
    assert (spline_test(bump, time) < 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-50, 50))
def test_p_values_depend_on_neither_unit_nor_direction_nor_order(seed, scale, shift):
    rng = np.random.default_rng(seed)
    time, values = rng.uniform(size=40), rng.normal(size=(40, 3))
    found = spline_test(values, time)
    np.testing.assert_allclose(spline_test(values * scale + shift, time), found, rtol=1e-4)
    np.testing.assert_allclose(spline_test(values, shift - time * scale), found, rtol=1e-4)
    order = rng.permutation(40)
    np.testing.assert_allclose(spline_test(values[order], time[order]), found, rtol=1e-8)


def test_tied_times_do_not_break_the_spline():
    time = np.repeat([0.0, 1, 2, 3], [60, 2, 2, 2])
    rng = np.random.default_rng(2)
    p = spline_test(rng.normal(size=(66, 4)) + time[:, None] * [0, 0, 0, 5], time)
    assert np.isfinite(p).all()
    assert p[3] < 1e-10


def test_lineages_are_tested_apart_and_corrected():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(60, 3))
    time = np.full((60, 2), np.nan)
    time[:40, 0], time[30:, 1] = rng.uniform(size=40), rng.uniform(size=30)
    adata = cells_by_genes(matrix)
    table = order_genes(adata, time)
    values = adata.X.astype(float)
    each = [spline_test(values[:40], time[:40, 0]), spline_test(values[30:], time[30:, 1])]
    np.testing.assert_allclose(table["p_value"], np.minimum(2 * np.min(each, axis=0), 1))
    np.testing.assert_allclose(table["variance"], values.var(axis=0, ddof=1))
    single = np.where(np.arange(60) < 7, np.arange(60.0), np.nan)
    assert "eight cells" in refused(order_genes, adata, single)


def trajectory(n_cells: int = 150, seed: int = 0) -> tuple[ad.AnnData, np.ndarray]:
    """Cells along a curve: 20 genes that change and 20 that do not."""
    rng = np.random.default_rng(seed)
    time = rng.uniform(size=n_cells)
    centres = np.linspace(-0.2, 1.2, 20)
    changing = 3 * np.exp(-(((time[:, None] - centres) / 0.3) ** 2))
    matrix = np.column_stack([changing, np.ones((n_cells, 20))])
    return cells_by_genes(matrix + rng.normal(size=matrix.shape) * 0.2), time


def test_diffusion_pseudotime_finds_the_order():
    adata, time = trajectory()
    found = diffusion_pseudotime(adata, root=adata.obs_names[int(time.argmin())])
    assert np.corrcoef(found, time)[0, 1] > 0.95
    again = diffusion_pseudotime(adata, root=adata.obs_names[int(time.argmin())])
    np.testing.assert_array_equal(found, again)
    ends = diffusion_pseudotime(adata)
    assert abs(np.corrcoef(ends, time)[0, 1]) > 0.9
    assert "no cell 'none'" in refused(lambda: diffusion_pseudotime(adata, root="none"))


# Through preprocessing


def test_preprocessing_as_beeline_with_shipped_p_values(tmp_path):
    path = tmp_path / "GeneOrdering.csv"
    # The largest shipped variance is that of g2, whatever the matrix says; g0 does not pass.
    rows = ["g0,0.5,9", "g1,1e-9,1", "g2,1e-9,5", "g3,1e-9,2", "g4,1e-9,0.5", "g5,0.4,7"]
    path.write_text("\n".join([",VGAMpValue,Variance", *rows]) + "\n")
    adata = cells_by_genes(np.random.default_rng(0).uniform(size=(9, 6)))
    options = {"values": "lognorm", "significance": {"gene_ordering": str(path)}}
    kept = preprocess(adata, **options, n_top_genes=2, regulators=["g4", "g5"])
    assert list(kept.var_names) == ["g2", "g3", "g4"]
    assert kept.uns["gtgrn"]["filters"]["genes_significant"] == 4
    assert preprocess(adata, **options).n_vars == 4
    assert preprocess(adata, values="lognorm").n_vars == 6


@pytest.mark.parametrize("given_time", [True, False])
def test_preprocessing_as_beeline_without_p_values(tmp_path, given_time):
    adata, time = trajectory()
    adata.X = np.maximum(adata.X, 0)
    significance = {"p_value": 0.01}
    if given_time:
        lines = [f"{cell},{t}" for cell, t in zip(adata.obs_names, time, strict=True)]
        (tmp_path / "PseudoTime.csv").write_text("\n".join([",PseudoTime", *lines]) + "\n")
        significance["pseudotime"] = str(tmp_path / "PseudoTime.csv")
    kept = preprocess(adata, values="lognorm", significance=significance)
    assert set(kept.var_names) == {f"g{i}" for i in range(20)}


@pytest.mark.skipif(not (DATA / "hsc_boolean").is_dir(), reason="needs ../shared/data/hsc_boolean")
def test_pseudotime_of_beeline():
    folder = DATA / "hsc_boolean" / "HSC_2000_0"
    frame = pd.read_csv(folder / "ExpressionData.csv.gz", index_col=0).T
    time = read_pseudotime(folder / "PseudoTime.csv", list(frame.index))
    assert time.shape == (2000, 4)
    assert np.isfinite(time).any(axis=1).all()
    adata = ad.AnnData(frame.astype(np.float32))
    # Every gene of the model changes on the way from progenitors to the four cell types.
    assert (order_genes(adata, time)["p_value"] < 1e-10).all()
