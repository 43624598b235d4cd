"""Sub-networks of a known network, and networks made without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.names import PAIR
from gtgrn.simulation.subnetworks import (
    describe_network,
    extract_subnetwork,
    generate_network,
    modularity,
    read_network_table,
)

YEAST = Path(__file__).parents[4] / (
    "shared/data/gnw/yeast_transcriptional_network_Balaji2006.tsv"
)


def network(pairs: str) -> pd.DataFrame:
    return pd.DataFrame([pair.split(">") for pair in pairs.split()], columns=PAIR)


def genes_of(edges: pd.DataFrame) -> set[str]:
    return set(edges.to_numpy(str).ravel())


TWO_CLIQUES = network("A>B A>C B>C C>D A>D B>D W>X W>Y W>Z X>Y X>Z Y>Z D>W")


def test_modularity_of_two_cliques_by_hand():
    # 13 edges, six inside each clique, degrees 13 on each side.
    assert modularity(TWO_CLIQUES, set("ABCD")) == pytest.approx(12 / 13 - 2 * (13 / 26) ** 2)
    assert modularity(TWO_CLIQUES, set("ABCDWXYZ")) == pytest.approx(0)
    repeated = pd.concat([TWO_CLIQUES, network("A>A B>A")])
    assert modularity(repeated, set("ABCD")) == modularity(TWO_CLIQUES, set("ABCD"))


@pytest.mark.parametrize("seed", range(8))
def test_greedy_extraction_finds_a_clique(seed):
    found = extract_subnetwork(TWO_CLIQUES, 4, seed=seed, selection=0)
    assert genes_of(found) in ({*"ABCD"}, {*"WXYZ"})
    assert len(found) == 6


def test_greedy_extraction_takes_the_best_gain_by_brute_force():
    edges = generate_network(30, 6, mean_inputs=2, seed=3)
    for seed in range(5):
        chosen = [genes_of(extract_subnetwork(edges, n, seed=seed, selection=0))
                  for n in range(2, 15)]  # fmt: skip
        for before, after in zip(chosen, chosen[1:], strict=False):
            if not before < after:
                continue  # a gene without an edge inside does not show in the table
            touching = edges[edges["regulator"].isin(before) | edges["target"].isin(before)]
            options = [modularity(edges, before | {gene})
                       for gene in genes_of(touching) - before]  # fmt: skip
            assert modularity(edges, after) == pytest.approx(max(options))


def test_order_of_rows_changes_nothing_and_the_seed_does():
    edges = generate_network(200, 20, seed=0)
    first = extract_subnetwork(edges, 50, seed=1)
    pd.testing.assert_frame_equal(first, extract_subnetwork(edges[::-1], 50, seed=1))
    assert genes_of(first) != genes_of(extract_subnetwork(edges, 50, seed=2))


def test_the_whole_network_and_components():
    apart = network("A>B C>D E>E")
    assert genes_of(extract_subnetwork(apart, 5, seed=0)) == set("ABCDE")
    repeated = pd.concat([apart, apart])
    assert len(extract_subnetwork(repeated, 5, seed=0)) == 3
    for size, selection in ((0, 0.1), (6, 0.1), (2, 1.5)):
        with pytest.raises(InputError, match="Use"):
            extract_subnetwork(apart, size, seed=0, selection=selection)


def test_statistics_by_hand():
    edges = network("A>B A>C A>A B>C B>C")
    assert describe_network(edges) == {
        "genes": 3, "regulators": 2, "edges": 3, "density": 3 / 4, "mean_inputs": 1.5,
        "max_inputs": 2, "mean_outputs": 1.5, "max_outputs": 2, "regulator_edges": 1 / 3,
    }  # fmt: skip
    assert describe_network(network("A>A"))["density"] == 0


def test_generated_networks():
    edges = generate_network(1000, 40, mean_inputs=2.9, seed=0)
    found = describe_network(edges)
    assert (found["genes"], found["regulators"]) == (1000, 40)
    assert found["mean_inputs"] == pytest.approx(2.9, abs=0.2)
    # Hubs: the largest reach is many times the mean one.
    assert found["max_outputs"] > 4 * found["mean_outputs"]
    assert not edges.duplicated().any()
    assert (edges["regulator"] != edges["target"]).all()
    pd.testing.assert_frame_equal(edges, generate_network(1000, 40, mean_inputs=2.9, seed=0))
    for arguments in ((10, 1), (5, 5)):
        with pytest.raises(InputError, match="Use at least"):
            generate_network(*arguments, seed=0)


@pytest.mark.skipif(not YEAST.exists(), reason="needs ../shared/data")
def test_yeast_subnetworks_keep_the_structure_of_their_source():
    source = pd.read_csv(YEAST, sep="\t", header=None, names=PAIR, dtype=str)
    whole = describe_network(source)
    assert (whole["genes"], whole["regulators"], whole["edges"]) == (4441, 157, 12873)
    part = extract_subnetwork(source, 4000, seed=0)
    found = describe_network(part)
    for key, share in (("density", 0.05), ("mean_inputs", 0.05), ("regulator_edges", 0.1)):
        assert found[key] == pytest.approx(whole[key], rel=share)
    # A small one is far denser than as many genes at random, and more of a module.
    rng = np.random.default_rng(0)
    names = sorted(genes_of(source))
    for seed in range(3):
        small = extract_subnetwork(source, 200, seed=seed)
        drawn = set(rng.choice(names, 200, replace=False))
        inside = source["regulator"].isin(drawn) & source["target"].isin(drawn)
        assert len(small) > 5 * inside.sum()
        assert modularity(source, genes_of(small)) > modularity(source, drawn) + 0.01


def test_tables_of_a_network(tmp_path):
    path = tmp_path / "net.tsv"
    path.write_text("A\tB\t+\n A\tNA\t-\n")
    table = read_network_table(path)
    assert table.to_numpy().tolist() == [["A", "B", "+"], ["A", "NA", "-"]]
    (tmp_path / "net.csv").write_text("A,B\n")
    assert list(read_network_table(tmp_path / "net.csv").columns) == PAIR
    for text, word in (("A\n", "1 columns"), ("A\t\n", "an empty name"), ("", "not a readable")):
        path.write_text(text)
        with pytest.raises(InputError, match=word) as caught:
            read_network_table(path)
        assert str(caught.value).startswith(str(path))
        assert caught.value.remedy
    with pytest.raises(InputError, match="file not found"):
        read_network_table(tmp_path / "absent.tsv")
