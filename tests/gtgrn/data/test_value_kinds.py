"""What kind of values a matrix holds: data made as each tool makes them."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data import value_kinds
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.value_kinds import find_kind
from gtgrn.errors import InputError
from matrix_cases import counts, refusal
from preprocess_cases import preprocess
from scipy import sparse


def whole_counts(cells=150, genes=200, depth=4.0, seed=0) -> np.ndarray:
    """Return molecules of cells of very different depth."""
    rng = np.random.default_rng(seed)
    share = rng.gamma(0.4, 1.0, size=genes)
    size = rng.lognormal(0, 0.7, size=(cells, 1))
    state = rng.gamma(4.0, 0.25, size=(cells, genes))
    return rng.poisson(depth * size * share * state).astype(float)


def made_as(kind: str, depth: float = 4.0, seed: int = 0) -> tuple[np.ndarray, str]:
    """Return values as a tool makes them, and what they are."""
    rng = np.random.default_rng(seed + 100)
    counts = whole_counts(depth=depth, seed=seed)
    counts[counts.sum(axis=1) == 0, 0] = 1
    total = counts.sum(axis=1, keepdims=True)
    share = counts / total
    ambient = counts.mean(axis=0) / counts.mean() / 20
    length = rng.uniform(0.5, 5, size=counts.shape[1])
    rate = counts / length
    halves = counts + (rng.random(counts.shape) < 0.1) * (counts > 0) * 0.5
    return {
        "molecules": (counts, "counts"),
        "ambient": (np.clip(counts - ambient, 0, None), "estimated_counts"),
        "decontaminated": (counts * rng.uniform(0.8, 1, (len(counts), 1)), "estimated_counts"),
        "alevin": (halves, "estimated_counts"),
        "rsem": (np.where(rng.random(counts.shape) < 0.6, counts, counts * 0.873),
                 "estimated_counts"),
        "tpm": (rate / rate.sum(axis=1, keepdims=True) * 1e6, "tpm"),
        "cpm": (share * 1e6, "tpm"),
        "cp10k": (share * 1e4, "tpm"),
        "scanpy": (np.log1p(share * 1e4), "lognorm"),
        "rounded": (np.round(np.log1p(share * 1e4), 3), "lognorm"),
        "seurat panel": (np.log1p(share * 1e4)[:, 20:60], "lognorm"),
        "log2 cpm": (np.log2(share * 1e6 + 1), "lognorm"),
        "log2 tpm": (np.log2(rate / rate.sum(axis=1, keepdims=True) * 1e6 + 1), "lognorm"),
        "log10 tpm": (np.log10(share * 1e6 + 1), "lognorm"),
        "log2 counts": (np.log2(counts + 1), "lognorm"),
        "natural log of counts": (np.log1p(counts), "lognorm"),
        "log2 counts, two decimals": (np.round(np.log2(counts + 1), 2), "lognorm"),
        "square root": (np.sqrt(counts), "continuous"),
        "square root, three decimals": (np.round(np.sqrt(counts), 3), "continuous"),
        "Anscombe": (2 * np.sqrt(counts + 0.375), "continuous"),
        "Freeman and Tukey": (np.sqrt(counts) + np.sqrt(counts + 1), "continuous"),
        "square root of cp10k": (np.sqrt(share * 1e4), "continuous"),
        "seen or not": ((counts > 0).astype(float), "continuous"),
        "array": (rng.normal(8, 1.5, counts.shape[1]) + rng.normal(0, 0.7, counts.shape),
                  "lognorm"),
        "scaled": ((counts - counts.mean(axis=0)) / (counts.std(axis=0) + 1e-9), "scaled"),
        "clipped": (np.clip((counts - counts.mean(axis=0)) / (counts.std(axis=0) + 1e-9), None,
                            10), "scaled"),
        "residuals": (counts - counts.mean(axis=0), "continuous"),
    }[kind]  # fmt: skip


KINDS = [
    "molecules", "ambient", "decontaminated", "alevin", "rsem", "tpm", "cpm", "cp10k", "scanpy",
    "rounded", "seurat panel", "log2 cpm", "log2 tpm", "log10 tpm", "log2 counts", "array",
    "natural log of counts", "log2 counts, two decimals", "square root", "Anscombe",
    "square root, three decimals", "Freeman and Tukey", "square root of cp10k", "seen or not",
    "scaled", "clipped", "residuals",
]  # fmt: skip


@pytest.mark.parametrize("depth", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", [np.asarray, sparse.csr_matrix])
def test_the_kind_is_found(kind, depth, store):
    for seed in range(3):
        values, expected = made_as(kind, depth, seed)
        found = find_kind(store(values.astype(np.float32)))
        assert found.kind == expected, (seed, str(found))
        assert found.evidence


def h5ad(folder, values, **layers) -> str:
    names = {
        "obs": pd.DataFrame(index=[f"c{i}" for i in range(len(values))]),
        "var": pd.DataFrame(index=[f"G{i:03d}" for i in range(values.shape[1])]),
    }
    adata = ad.AnnData(values.astype(np.float32), **names)
    for name, layer in layers.items():
        if name == "raw":
            adata.raw = ad.AnnData(layer.astype(np.float32), **names)
        else:
            adata.layers[name] = layer.astype(np.float32)
    adata.write_h5ad(folder / "x.h5ad")
    return str(folder / "x.h5ad")


def read(path, values="auto", **keys):
    return read_expression({"format": "h5ad", "path": path, "values": values, **keys})


def depth_effect(adata, depth) -> float:
    """Return the median correlation of a gene with a cell's depth."""
    matrix = adata.X[:, adata.X.std(axis=0) > 0]
    return float(np.median([abs(np.corrcoef(gene, depth)[0, 1]) for gene in matrix.T]))


@pytest.mark.parametrize("kind", ["ambient", "decontaminated", "alevin", "rsem"])
def test_counts_with_fractions_are_normalised_and_logged_like_counts(tmp_path, kind):
    counts = whole_counts()
    values, _ = made_as(kind)
    depth = counts.sum(axis=1)
    adata = read(h5ad(tmp_path, values))
    detected = adata.uns["gtgrn"]["source"]["values"]
    as_counts = preprocess(read(h5ad(tmp_path, counts)), values="counts")
    here = preprocess(adata, values=detected)
    assert "counts" in here.layers
    as_they_are = preprocess(adata, values="continuous")
    expected = depth_effect(as_counts, depth)
    assert depth_effect(here, depth) == pytest.approx(expected, abs=0.07)
    assert depth_effect(as_they_are, depth) > expected + 0.1


def test_the_remedy_for_counts_with_fractions_leads_to_the_right_values(tmp_path):
    values, _ = made_as("ambient")
    path = h5ad(tmp_path, values)
    with pytest.raises(InputError, match="set 'values: estimated_counts', which are normalised"):
        read(path, "counts")
    fixed = preprocess(read(path, "estimated_counts"), values="estimated_counts")
    expected = np.log1p(values / values.sum(axis=1, keepdims=True) * 1e4)
    np.testing.assert_allclose(fixed.X, expected, rtol=2e-4)


def test_tpm_are_logged_and_not_normalised_again(tmp_path):
    values, _ = made_as("tpm")
    adata = preprocess(read(h5ad(tmp_path, values)), values="tpm")
    np.testing.assert_allclose(adata.X, np.log1p(values), rtol=1e-4)
    assert "counts" not in adata.layers


@pytest.mark.parametrize("layers", [["raw"], ["counts"], ["raw", "counts"]])
def test_scaled_values_with_others_in_the_file_are_warned_of(tmp_path, caplog, layers):
    counts = whole_counts()
    path = h5ad(tmp_path, made_as("scaled")[0], **dict.fromkeys(layers, counts))
    read(path)
    better = layers[0]
    assert f"set 'layer: {better}' in the card to use that" in caplog.text
    caplog.clear()
    adata = read(path, layer=better)
    assert adata.uns["gtgrn"]["source"]["values"] == "counts"
    np.testing.assert_array_equal(adata.X, counts.astype(np.float32))
    assert "to use that" not in caplog.text


def test_evidence_is_recorded_and_a_doubt_is_said(tmp_path, caplog):
    source = read(h5ad(tmp_path, whole_counts())).uns["gtgrn"]["source"]
    assert source["values_evidence"].startswith("all are whole numbers; ")
    assert "not certain" not in caplog.text
    read(h5ad(tmp_path, np.array([[0.5, 1.5], [2.5, 0]])))
    assert "too few cells to tell" in caplog.text
    assert "this is not certain" in caplog.text


def test_declared_kinds_that_the_values_contradict(tmp_path, caplog):
    path = h5ad(tmp_path, made_as("scanpy")[0])
    read(path, "estimated_counts")
    assert "declared estimated_counts, but the values look like lognorm" in caplog.text
    path = h5ad(tmp_path, made_as("scaled")[0])
    for kind in ("counts", "estimated_counts", "tpm", "lognorm"):
        with pytest.raises(InputError, match="values are negative"):
            read(path, kind)
    for kind in ("scaled", "continuous"):
        assert read(path, kind).shape == (150, 200)


KINDS = ["molecules", "ambient", "decontaminated", "alevin", "rsem", "tpm", "cp10k", "scanpy",
         "rounded", "log2 counts", "array", "scaled", "residuals"]  # fmt: skip


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_cells_does_not_matter(monkeypatch, kind, form):
    monkeypatch.setattr(value_kinds, "SAMPLE_CELLS", 40)  # of 150
    monkeypatch.setattr(value_kinds, "BLOCK_VALUES", 1000)
    monkeypatch.setattr(value_kinds, "MOST_UNDONE", 20)
    values = made_as(kind)[0].astype(np.float32)
    rng = np.random.default_rng(0)
    # By depth, as a file sorted by it would have them, and at random.
    orders = [np.argsort(values.sum(axis=1)), *(rng.permutation(len(values)) for _ in range(5))]
    found = [find_kind(form(values[order])) for order in orders]
    assert all(one == found[0] for one in found)
    sampled = [value_kinds._sample(form(values[order])) for order in orders]
    for one in sampled:
        np.testing.assert_array_equal(one, sampled[0])
    totals = sampled[0].sum(axis=1)
    assert (np.diff(totals) >= 0).all()
    assert totals[0] == values.astype(float).sum(axis=1).min()


@pytest.mark.parametrize("kind", ["square root", "Anscombe", "log2 counts", "seen or not"])
def test_transformed_counts_beside_the_counts(tmp_path, caplog, kind):
    counts = whole_counts()
    path = h5ad(tmp_path, made_as(kind)[0], counts=counts)
    source = read(path).uns["gtgrn"]["source"]
    whole = "all are 0 or 1" if kind == "seen or not" else "undone, all are whole numbers"
    assert whole in source["values_evidence"]
    if source["values"] == "continuous":
        assert "set 'layer: counts' in the card to use that" in caplog.text
    right = read(path, layer="counts")
    assert right.uns["gtgrn"]["source"]["values"] == "counts"
    np.testing.assert_array_equal(right.X, counts.astype(np.float32))


def test_declared_counts_that_only_say_whether_a_gene_was_seen(tmp_path, caplog):
    path = h5ad(tmp_path, made_as("seen or not")[0])
    read(path, "counts")
    assert "declared counts, but the values look like continuous (all are 0 or 1" in caplog.text
    caplog.clear()
    read(path, "continuous")
    assert not caplog.records


@pytest.mark.parametrize("kind", ["molecules", "ambient", "alevin", "rsem"])
def test_fractions_of_counts_are_no_roots(kind):
    for depth in (1.0, 4.0, 30.0):
        values, expected = made_as(kind, depth)
        found = find_kind(np.round(values, 2).astype(np.float32))
        assert found.kind == expected, str(found)


@pytest.mark.parametrize("store", [np.asarray, sparse.csr_matrix])
def test_counts_with_a_few_values_below_0_are_refused_and_no_other_kind(tmp_path, store):
    frame, path = counts(), tmp_path / "a.h5ad"
    matrix = frame.to_numpy(np.float32)
    matrix[3, 2] = -1  # a code for missing values, or the sign of a damage
    names = pd.DataFrame(index=frame.index), pd.DataFrame(index=frame.columns)
    ad.AnnData(store(matrix), *names).write_h5ad(path)
    card = {"format": "h5ad", "path": str(path)}
    assert "taken as counts, but 1 values are negative, the first -1" in refusal(card)
    # The remedy is followed: the values stay as they are.
    right = read_expression(card | {"values": "continuous"})
    assert right.X.min() == -1
    # Differences of counts have many such values.
    ad.AnnData(store(matrix - np.roll(matrix, 1, axis=0)), *names).write_h5ad(path)
    assert read_expression(card | {"values": "auto"}).uns["gtgrn"]["source"]["values"] != "counts"
