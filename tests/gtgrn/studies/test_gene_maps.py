from __future__ import annotations

import numpy as np
import pytest
from gtgrn.data.cell_types import by_size
from gtgrn.errors import InputError
from gtgrn.studies.gene_maps import (
    directions,
    gene_profiles,
    map_genes,
    modularity,
    noise,
    silhouette,
)
from scipy import sparse

GENES = [f"g{i:03d}" for i in range(60)]
# The first graph of a process compiles scanpy's kernels, which takes longer than all else here.
maps = pytest.mark.slow


@pytest.fixture(scope="module")
def blocks():
    """Three groups of 20 genes far from one another, in 3 dimensions."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3) * 8, 20, axis=0)
    return centres + rng.normal(0, 0.5, (60, 3))


@pytest.fixture(scope="module")
def found(blocks):
    return map_genes(blocks, GENES, seed=0)


@maps
def test_planted_groups_are_the_communities(found):
    groups = [set(found.communities[start : start + 20]) for start in (0, 20, 40)]
    assert [len(group) for group in groups] == [1, 1, 1]
    assert len(set.union(*groups)) == 3
    assert found.silhouette > 0.6
    # Three groups of one size without an edge between them: 1 - 3 * (1/3)^2.
    assert found.modularity == pytest.approx(2 / 3, abs=0.02)
    centres = np.array([found.places[found.communities == c].mean(axis=0) for c in range(3)])
    spread = max(found.places[found.communities == c].std() for c in range(3))
    apart = min(np.linalg.norm(centres[a] - centres[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > spread


@maps
def test_noise_has_no_planted_group_and_a_lower_silhouette(found):
    plain = map_genes(noise(GENES, 3, 0), GENES, seed=0, draw=False)
    assert plain.silhouette < found.silhouette - 0.3
    assert plain.places is None


def test_noise_hangs_on_names_alone():
    whole = noise(GENES, 3, 0)
    np.testing.assert_array_equal(noise(GENES[::-1], 3, 0), whole[::-1])
    assert not np.allclose(noise(GENES, 3, 1), whole)


@maps
def test_the_order_of_genes_changes_nothing(blocks, found):
    order = np.random.default_rng(3).permutation(60)
    again = map_genes(blocks[order], [GENES[i] for i in order], seed=0)
    assert again.genes == found.genes
    np.testing.assert_array_equal(again.communities, found.communities)
    np.testing.assert_array_equal(again.places, found.places)
    assert again.silhouette == found.silhouette


def test_the_scale_of_dimensions_changes_nothing(blocks):
    scaled = directions(blocks * np.array([1, 10, 0.1]) + 7)
    np.testing.assert_allclose(scaled, directions(blocks), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), 1)


def test_constant_dimensions_and_genes_are_no_obstacle():
    assert (directions(np.full((4, 2), 3.1)) == 0).all()
    profiles = gene_profiles(np.array([[1.0, 2, 3], [5, 5, 5], [10, 20, 30]]))
    np.testing.assert_allclose(profiles[0], profiles[2])
    assert (profiles[1] == 0).all()


@maps
@pytest.mark.parametrize("count", [5, 11])
def test_few_genes_are_mapped(count):
    found = map_genes(noise(GENES[:count], 4, 0), GENES[:count], seed=0)
    assert found.places.shape == (count, 2)
    assert np.isfinite(found.places).all()
    assert len(found.communities) == count


def test_bad_input_is_one_line():
    with pytest.raises(InputError, match="4 genes make no communities"):
        map_genes(np.ones((4, 2)), GENES[:4])
    with pytest.raises(InputError, match="not finite"):
        map_genes(np.full((6, 2), np.nan), GENES[:6])
    # One more gene, and values that are finite.
    assert len(map_genes(noise(GENES[:5], 2, 0), GENES[:5], draw=False).communities) == 5


def test_groups_are_numbered_by_size():
    assert by_size(np.array([7, 3, 3, 9, 9])).tolist() == [2, 0, 0, 1, 1]


def test_modularity_is_igraphs():
    igraph = pytest.importorskip("igraph")
    rng = np.random.default_rng(1)
    upper = np.triu(rng.random((30, 30)) * (rng.random((30, 30)) < 0.2), 1)
    graph = sparse.csr_matrix(upper + upper.T)
    groups = rng.integers(0, 4, 30)
    other = igraph.Graph.Weighted_Adjacency(graph.toarray().tolist(), mode="undirected")
    expected = other.modularity(groups.tolist(), weights="weight")
    assert modularity(graph, groups) == pytest.approx(expected)
    assert modularity(graph, np.zeros(30, dtype=int)) == pytest.approx(0)


def test_silhouette_is_missing_where_it_is_undefined():
    points = np.arange(8.0).reshape(4, 2)
    assert np.isnan(silhouette(points, np.zeros(4)))
    assert np.isnan(silhouette(points, np.arange(4)))
