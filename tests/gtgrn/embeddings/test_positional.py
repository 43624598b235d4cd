from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from gtgrn.embeddings import positional
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.names import REGULATOR, TARGET
from hypothesis import given, settings
from hypothesis import strategies as st


def graph(pairs):
    table = [(f"g{a:03d}", f"g{b:03d}") for a, b in pairs]
    return pd.DataFrame(table, columns=[REGULATOR, TARGET])


def names(n):
    return [f"g{i:03d}" for i in range(n)]


def dense_laplacian(pairs, n):
    """Build I - D^-1/2 A D^-1/2 entry by entry; rows of isolated nodes are zero."""
    adjacency = np.zeros((n, n))
    for a, b in pairs:
        adjacency[a, b] = adjacency[b, a] = 1
    degree = adjacency.sum(axis=1)
    laplacian = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if adjacency[i, j]:
                laplacian[i, j] = -1 / np.sqrt(degree[i] * degree[j])
        if degree[i]:
            laplacian[i, i] = 1
    return laplacian, degree


def expected_spectrum(pairs, n):
    """Return non-zero eigenvalues, ascending, and eigenvectors of the dense Laplacian."""
    values, vectors = np.linalg.eigh(dense_laplacian(pairs, n)[0])
    return values[values > 1e-9], vectors[:, values > 1e-9]


def check_encodings(encodings, pairs, n):
    """Check everything that holds for any graph, repeated eigenvalues included."""
    laplacian, degree = dense_laplacian(pairs, n)
    values, vectors = expected_spectrum(pairs, n)
    used = min(encodings.shape[1], len(values))
    given_, rest = encodings[:, :used], encodings[:, used:]
    assert not rest.any()
    assert not encodings[degree == 0].any()
    np.testing.assert_allclose(given_.T @ given_, np.eye(used), atol=1e-9)
    np.testing.assert_allclose(laplacian @ given_, given_ * values[:used], atol=1e-8)
    # A repeated eigenvalue leaves the basis free, not the space.
    for value in np.unique(values[:used].round(7)):
        same = np.abs(values - value) < 1e-6
        space = vectors[:, same]
        mine = given_[:, same[:used]]
        np.testing.assert_allclose(space @ (space.T @ mine), mine, atol=1e-7)
    largest = given_[np.abs(given_).argmax(axis=0), np.arange(used)]
    assert (largest > 0).all()


def random_pairs(n, m, seed):
    draw = np.random.default_rng(seed).integers(0, n, size=(m, 2))
    return [(a, b) for a, b in draw.tolist() if a != b]


CYCLES = [(i, (i + 1) % 7) for i in range(7)] + [(10 + i, 10 + (i + 1) % 11) for i in range(11)]
CLIQUES = [(a + 6 * k, b + 6 * k) for k in range(3) for a in range(6) for b in range(a)]
STAR = [(0, i) for i in range(1, 9)]
PATH = [(i, i + 1) for i in range(12)]


@pytest.mark.parametrize("dimensions", [1, 4, 16, 40])
@pytest.mark.parametrize(
    "pairs",
    [PATH, CYCLES, CLIQUES, STAR, [(3, 5)]],
    ids=["path", "cycles", "cliques", "star", "pair"],
)
def test_encodings_are_the_eigenvectors_of_smallest_nonzero_eigenvalue(pairs, dimensions):
    check_encodings(laplacian_encodings(graph(pairs), names(25), dimensions=dimensions), pairs, 25)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 30),
    density=st.floats(0.2, 3.0),
    dimensions=st.integers(1, 12),
)
def test_random_graphs_of_any_number_of_components(seed, n, density, dimensions):
    pairs = random_pairs(n, int(density * n) + 1, seed)
    if pairs:
        encodings = laplacian_encodings(graph(pairs), names(n), dimensions=dimensions)
        assert encodings.shape == (n, dimensions)
        check_encodings(encodings, pairs, n)


def test_simple_eigenvalues_agree_with_the_dense_decomposition_vector_by_vector():
    pairs = random_pairs(20, 60, seed=1)
    values, vectors = expected_spectrum(pairs, 20)
    assert np.diff(values[:9]).min() > 1e-3
    encodings = laplacian_encodings(graph(pairs), names(20), dimensions=8)
    for mine, theirs in zip(encodings.T, vectors[:, :8].T, strict=True):
        sign = np.sign(theirs[np.abs(theirs).argmax()])
        np.testing.assert_allclose(mine, sign * theirs, atol=1e-9)


def test_a_path_of_three_by_hand():
    """Laplacian of a - b - c: eigenvalues 0, 1, 2."""
    encodings = laplacian_encodings(graph([(0, 1), (1, 2)]), names(3), dimensions=3)
    half, root = 0.5, np.sqrt(0.5)
    np.testing.assert_allclose(np.abs(encodings[:, 0]), [root, 0, root], atol=1e-12)
    assert encodings[0, 0] == pytest.approx(-encodings[2, 0])
    np.testing.assert_allclose(encodings[:, 1], [-half, root, -half], atol=1e-12)
    assert not encodings[:, 2].any()


def test_no_null_vector_is_kept_one_a_component():
    """Four components: a null vector is sqrt(degree) on one component and zero elsewhere."""
    pairs = [(5 * k + a, 5 * k + b) for k in range(4) for a in range(5) for b in range(a)]
    encodings = laplacian_encodings(graph(pairs), names(20), dimensions=20)
    assert np.any(encodings != 0, axis=0).sum() == 16
    for k in range(4):
        np.testing.assert_allclose(encodings[5 * k : 5 * k + 5].sum(axis=0), 0, atol=1e-9)


def test_direction_repetition_and_reciprocity_of_edges_mean_nothing():
    pairs = random_pairs(20, 60, seed=1)
    plain = laplacian_encodings(graph(pairs), names(20), dimensions=6)
    flipped = [(b, a) if i % 3 else (a, b) for i, (a, b) in enumerate(pairs)]
    for other in (flipped, pairs + pairs, pairs + [(b, a) for a, b in pairs], pairs[::-1]):
        encodings = laplacian_encodings(graph(other), names(20), dimensions=6)
        np.testing.assert_array_equal(encodings, plain)


def test_rows_follow_the_genes():
    pairs = random_pairs(20, 60, seed=1)
    plain = laplacian_encodings(graph(pairs), names(20), dimensions=6)
    order = np.random.default_rng(0).permutation(20)
    genes = [names(20)[i] for i in order]
    permuted = laplacian_encodings(graph(pairs), genes, dimensions=6)
    np.testing.assert_allclose(permuted, plain[order], atol=1e-9)


def test_genes_without_an_edge_change_nothing():
    pairs = random_pairs(20, 60, seed=1)
    plain = laplacian_encodings(graph(pairs), names(20), dimensions=6)
    more = laplacian_encodings(graph(pairs), names(50), dimensions=6)
    np.testing.assert_array_equal(more[:20], plain)
    assert not more[20:].any()


def test_no_edge_gives_zeros_and_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        encodings = laplacian_encodings(graph([]), names(4), dimensions=3)
    assert encodings.shape == (4, 3)
    assert not encodings.any()
    assert "no edge" in caplog.text


@pytest.mark.parametrize(
    "pairs",
    [
        random_pairs(60, 200, seed=0),
        random_pairs(60, 45, seed=1),
        [(i, (i + 1) % 25) for i in range(25)] + [(25 + i, 25 + (i + 1) % 35) for i in range(35)],
        [(0, i) for i in range(1, 60)],
        [(10 * k, 10 * k + j) for k in range(6) for j in range(1, 10)],
    ],
    ids=["one component", "many components", "regular", "star", "stars"],
)
def test_the_sparse_branch_agrees_with_the_dense_one(monkeypatch, pairs):
    dense = laplacian_encodings(graph(pairs), names(60), dimensions=7)
    calls = []
    eigsh = positional.eigsh
    monkeypatch.setattr(positional, "eigsh", lambda *a, **k: calls.append(1) or eigsh(*a, **k))
    monkeypatch.setattr(positional, "DENSE_LIMIT", 9)
    first, again = (laplacian_encodings(graph(pairs), names(60), dimensions=7) for _ in range(2))
    assert calls
    np.testing.assert_array_equal(first, again)
    check_encodings(first, pairs, 60)
    check_encodings(dense, pairs, 60)


def test_the_sparse_branch_survives_hundreds_of_components(monkeypatch):
    """A Lanczos run over the whole graph misses null vectors here and returns the wrong ones."""
    pairs = random_pairs(600, 450, seed=0)
    monkeypatch.setattr(positional, "DENSE_LIMIT", 50)
    encodings = laplacian_encodings(graph(pairs), names(600), dimensions=12)
    laplacian, _ = dense_laplacian(pairs, 600)
    values = np.linalg.eigvalsh(laplacian)
    np.testing.assert_allclose(
        np.diag(encodings.T @ laplacian @ encodings), values[values > 1e-9][:12], atol=1e-8
    )
