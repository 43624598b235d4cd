from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from chance_cases import FALSE_ALARM
from gtgrn.embeddings.node2vec import PAD
from gtgrn.embeddings.walks import (
    Walks,
    read_walks,
    sample_walks,
    strongest_edges,
    write_walks,
)
from gtgrn.errors import InputError
from gtgrn.names import REGULATOR, TARGET, WEIGHT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(params=["dgl", "numpy"])
def sampler(request, monkeypatch):
    """With DGL, and as on a Python for which it has no wheels."""
    if request.param == "numpy":
        monkeypatch.setitem(sys.modules, "dgl", None)
    else:
        pytest.importorskip("dgl")


def network(edges):
    return pd.DataFrame(edges, columns=[REGULATOR, TARGET, WEIGHT])


def random_network(genes, n_edges, *, seed=0):
    """Make a directed network of distinct pairs, reciprocal ones among them, no weight twice."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in genes for b in genes if a != b]
    chosen = rng.choice(len(pairs), n_edges, replace=False)
    weights = rng.permutation(np.linspace(0.1, 3.0, n_edges))
    return network([(*pairs[i], w) for i, w in zip(chosen, weights, strict=True)])


def names(n):
    return [f"g{i:02d}" for i in range(n)]


def follow(walks, *visited):
    """Count what comes after a walk has begun with the given genes."""
    codes = [walks.genes.index(gene) for gene in visited]
    begun = (walks.nodes[:, : len(codes)] == codes).all(axis=1)
    return Counter(walks.nodes[begun, len(codes)].tolist())


def expect_proportions(counts, proportions):
    """Compare counts with proportions by a chi-square test and refuse any other key.

    A test calls this a dozen times at most, hence the twentieth of the false alarms.
    """
    assert set(counts) <= set(proportions)
    observed = np.array([counts[key] for key in proportions])
    expected = np.array(list(proportions.values()), dtype=float)
    assert (
        chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > FALSE_ALARM / 20
    )


# Edges


def test_strongest_edges_are_positive_and_ties_go_by_name():
    edges = network(
        [("b", "a", 1.0), ("a", "b", 1.0), ("c", "a", 3.0), ("a", "c", 0.0), ("b", "c", -9.0)]
    )
    kept = strongest_edges(edges, 2)
    assert kept.to_numpy().tolist() == [["c", "a", 3.0], ["a", "b", 1.0]]
    assert len(strongest_edges(edges, 100)) == 3


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_edges=st.integers(1, 60),
    edges_per_gene=st.sampled_from([0.5, 1.0, 3.0]),
    length=st.integers(2, 6),
)
def test_every_step_is_a_strong_edge_and_every_gene_starts_its_walks(
    seed, n_edges, edges_per_gene, length
):
    genes = names(12)
    edges = random_network(genes, n_edges, seed=seed)
    walks = sample_walks(
        {"n": edges},
        genes,
        length=length,
        walks_per_gene=3,
        edges_per_gene=edges_per_gene,
        p=0.5,
        q=2.0,
        seed=seed,
    )
    strongest = edges.nlargest(int(edges_per_gene * 12), WEIGHT)
    allowed = {frozenset(pair) for pair in strongest[[REGULATOR, TARGET]].to_numpy()}
    linked = set().union(*allowed)
    assert walks.nodes.shape == (36, length)
    assert walks.nodes.dtype == np.int32
    assert Counter(walks.nodes[:, 0].tolist()) == dict.fromkeys(range(12), 3)
    for row in walks.nodes:
        if genes[row[0]] in linked:
            # The graph is undirected: whoever was reached can at least go back.
            assert (row != PAD).all()
            steps = zip(row[:-1], row[1:], strict=True)
            assert all(frozenset((genes[a], genes[b])) in allowed for a, b in steps)
        else:
            assert (row[1:] == PAD).all()


@pytest.mark.usefixtures("sampler")
def test_only_the_strongest_edges_are_walked():
    edges = network([("a", "b", 3.0), ("a", "c", 2.0), ("a", "d", 1.0), ("b", "d", 0.5)])
    walks = sample_walks({"n": edges}, "abcd", edges_per_gene=0.5, walks_per_gene=20, seed=0)
    assert set(follow(walks, "a")) == {1, 2}
    assert (walks.nodes[walks.nodes[:, 0] == 3, 1:] == PAD).all()


@pytest.mark.usefixtures("sampler")
def test_an_isolated_gene_gives_a_walk_of_itself():
    walks = sample_walks({"n": network([("a", "c", 1.0)])}, "abc", length=4, seed=0)
    assert walks.nodes[walks.nodes[:, 0] == 1].tolist() == [[1, PAD, PAD, PAD]] * 10
    assert walks.nodes[walks.nodes[:, 0] == 0].tolist() == [[0, 2, 0, 2]] * 10


# Networks


@pytest.mark.usefixtures("sampler")
def test_each_network_is_walked_by_itself():
    networks = {"z": network([("a", "b", 1.0)]), "m": network([("b", "c", 1.0)])}
    walks = sample_walks(networks, "abc", length=3, walks_per_gene=4, seed=0)
    assert walks.networks == ["m", "z"]
    assert walks.network.tolist() == [0] * 12 + [1] * 12
    for owner, allowed in enumerate([{(1, 2), (2, 1)}, {(0, 1), (1, 0)}]):
        rows = walks.nodes[walks.network == owner]
        steps = {(a, b) for row in rows for a, b in zip(row[:-1], row[1:], strict=True)}
        assert {step for step in steps if PAD not in step} == allowed
        assert Counter(rows[:, 0].tolist()) == {0: 4, 1: 4, 2: 4}


def test_a_network_walks_the_same_whatever_stands_beside_it():
    genes = names(10)
    one, two = (random_network(genes, 30, seed=seed) for seed in (1, 2))
    alone = sample_walks({"one": one}, genes, seed=4)
    both = sample_walks({"another": two, "one": one}, genes, seed=4)
    assert np.array_equal(both.nodes[both.network == 1], alone.nodes)
    # Two names over one network are two draws.
    renamed = sample_walks({"a": one, "b": one}, genes, seed=4)
    assert not np.array_equal(*(renamed.nodes[renamed.network == i] for i in (0, 1)))


# Frequencies

STAR = {"b": 1.0, "c": 2.0, "d": 4.0, "e": 8.0}


def star_walks(**options):
    edges = network([("a", leaf, weight) for leaf, weight in STAR.items()])
    options = {"length": 3, "walks_per_gene": 6000, "seed": 7} | options
    return sample_walks({"n": edges}, "abcde", **options)


@pytest.mark.usefixtures("sampler")
def test_transitions_are_proportional_to_weights():
    walks = star_walks()
    weights = {i + 1: weight for i, weight in enumerate(STAR.values())}
    expect_proportions(follow(walks, "a"), weights)
    expect_proportions(follow(walks, "b", "a"), weights)
    expect_proportions(follow(walks, "e", "a"), weights)


@pytest.mark.usefixtures("sampler")
def test_p_is_the_return_parameter():
    """Going back to leaf e weighs 8 / p; the other leaves are two steps from it: weight / q."""
    walks = star_walks(p=4.0, q=0.5)
    expect_proportions(follow(walks, "a"), {1: 1, 2: 2, 3: 4, 4: 8})
    expect_proportions(follow(walks, "e", "a"), {1: 1 / 0.5, 2: 2 / 0.5, 3: 4 / 0.5, 4: 8 / 4})


@pytest.mark.usefixtures("sampler")
def test_q_is_the_in_out_parameter():
    """From a to b: back to a 1/p, to their common neighbour c 1, to the distant d 1/q."""
    edges = network([("a", "b", 1.0), ("b", "c", 1.0), ("c", "a", 1.0), ("b", "d", 1.0)])
    walks = sample_walks({"n": edges}, "abcd", length=3, walks_per_gene=6000, p=2.0, q=4.0, seed=3)
    expect_proportions(follow(walks, "a", "b"), {0: 0.5, 2: 1.0, 3: 0.25})


@pytest.mark.usefixtures("sampler")
def test_a_reciprocal_pair_is_one_edge_of_summed_weight():
    edges = network([("a", "b", 1.0), ("b", "a", 2.0), ("a", "c", 1.0)])
    walks = sample_walks({"n": edges}, "abc", length=3, walks_per_gene=6000, seed=1)
    expect_proportions(follow(walks, "a"), {1: 3, 2: 1})
    expect_proportions(follow(walks, "b", "a"), {1: 3, 2: 1})


def test_without_dgl_a_seed_gives_one_corpus_and_a_line_says_that_it_is_another(
    monkeypatch, caplog
):
    genes = names(20)
    edges = random_network(genes, 80)
    with_it = sample_walks({"n": edges}, genes, seed=5)
    assert not caplog.records
    monkeypatch.setitem(sys.modules, "dgl", None)
    first, again = (sample_walks({"n": edges}, genes, seed=5) for _ in range(2))
    assert np.array_equal(first.nodes, again.nodes)
    assert not np.array_equal(first.nodes, with_it.nodes)
    assert not np.array_equal(first.nodes, sample_walks({"n": edges}, genes, seed=6).nodes)
    assert "DGL is not installed" in caplog.text


# Repeatability


def test_a_seed_gives_one_corpus_whatever_was_drawn_before_and_however_many_threads():
    genes = names(20)
    edges = random_network(genes, 80)
    first = sample_walks({"n": edges}, genes, seed=5)
    torch.manual_seed(99)
    sample_walks({"n": edges}, genes, seed=6)
    torch.set_num_threads(2)
    again = sample_walks({"n": edges}, genes, seed=5)
    assert torch.get_num_threads() == 2
    assert np.array_equal(first.nodes, again.nodes)
    other = sample_walks({"n": edges}, genes, seed=6)
    assert not np.array_equal(first.nodes, other.nodes)


def test_torch_random_state_is_left_alone():
    before = torch.get_rng_state()
    star_walks(walks_per_gene=5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.usefixtures("sampler")
def test_order_of_genes_edges_and_networks_is_of_no_importance():
    genes = names(15)
    edges = {name: random_network(genes, 60, seed=i) for i, name in enumerate("xyz")}
    first = sample_walks(edges, genes, seed=5)
    shuffled = {name: edges[name].sample(frac=1, random_state=3) for name in "zxy"}
    again = sample_walks(shuffled, genes[::-1], seed=5)
    assert (again.genes, again.networks) == (first.genes, first.networks)
    assert np.array_equal(again.nodes, first.nodes)
    assert np.array_equal(again.network, first.network)


# Errors and files


def test_no_network_is_an_input_error():
    with pytest.raises(InputError, match=r"walks\.networks"):
        sample_walks({}, "ab", seed=0)


@pytest.mark.parametrize("edges", [[], [("a", "b", 0.0), ("b", "a", -1.0)]])
def test_a_network_without_positive_weight_is_an_input_error(edges):
    networks = {"good": network([("a", "b", 1.0)]), "poor": network(edges)}
    with pytest.raises(InputError, match="network poor"):
        sample_walks(networks, "ab", seed=0)


def corpus():
    genes = names(6)
    networks = {"m": random_network(genes, 10), "p": random_network(genes, 3, seed=1)}
    return sample_walks(networks, genes, seed=0)


def test_round_trip_without_pickle(tmp_path):
    walks = corpus()
    assert (walks.nodes == PAD).any()
    write_walks(walks, tmp_path / "w.npz")
    read = read_walks(tmp_path / "w.npz")
    assert (read.genes, read.networks) == (walks.genes, walks.networks)
    assert {type(name) for name in read.genes + read.networks} == {str}
    for name in ("nodes", "network"):
        before, after = getattr(walks, name), getattr(read, name)
        assert np.array_equal(before, after)
        assert before.dtype == after.dtype
    with np.load(tmp_path / "w.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_corpus_is_an_input_error(tmp_path, share):
    path = tmp_path / "w.npz"
    write_walks(corpus(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"w\.npz"):
        read_walks(path)


def test_other_files_are_input_errors(tmp_path):
    with pytest.raises(InputError):
        read_walks(tmp_path / "absent.npz")
    path = tmp_path / "w.npz"
    np.savez(path, genes=np.array(["a"]))
    with pytest.raises(InputError):
        read_walks(path)
    with open(path, "wb") as file:
        np.save(file, np.arange(3))
    with pytest.raises(InputError):
        read_walks(path)


def test_pickled_genes_are_refused(tmp_path):
    walks = corpus()
    np.savez(
        tmp_path / "w.npz",
        genes=np.array(walks.genes, dtype=object),
        networks=np.array(walks.networks),
        nodes=walks.nodes,
        network=walks.network,
    )
    with pytest.raises(InputError):
        read_walks(tmp_path / "w.npz")


def test_a_failed_write_leaves_nothing(tmp_path):
    class Unwritable:
        def __array__(self, *_, **__):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_walks(Walks(["a"], ["n"], Unwritable(), np.zeros(1)), tmp_path / "w.npz")
    assert list(tmp_path.iterdir()) == []
