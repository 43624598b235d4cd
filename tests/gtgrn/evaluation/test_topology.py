from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation import topology
from hypothesis import given, settings
from hypothesis import strategies as st

GENES = [f"G{i}" for i in range(9)]
PAIRS = [list(pair) for pair in permutations(GENES, 2)]


def edge_table(pairs):
    return pd.DataFrame(
        [tuple(pair) for pair in pairs], columns=["regulator", "target"], dtype=object
    )


@st.composite
def edge_lists(draw, minimum=1):
    return draw(st.lists(st.sampled_from(PAIRS), min_size=minimum, max_size=40, unique_by=tuple))


def brute_motifs(edges):
    graph = nx.DiGraph(edges)
    triples = list(permutations(graph.nodes, 3))
    has = graph.has_edge
    return {
        "feed_forward": sum(has(a, b) and has(a, c) and has(b, c) for a, b, c in triples),
        "feedback": sum(len(cycle) == 3 for cycle in nx.simple_cycles(graph, 3)),
        "mutual": sum(has(b, a) for a, b in graph.edges) // 2,
    }


@settings(max_examples=40, deadline=None)
@given(edge_lists())
def test_motifs_match_brute_force(edges):
    assert topology.motif_counts(edge_table(edges)) == brute_motifs(edges)


def test_motifs_of_known_graphs():
    loop = edge_table(["AB", "BC", "CA"])
    feed = edge_table(["AB", "BC", "AC", "AA", "AB"])
    assert list(topology.motif_counts(loop).values()) == [0, 1, 0]
    assert list(topology.motif_counts(feed).values()) == [1, 0, 0]
    complete = edge_table(permutations("ABCD", 2))
    assert list(topology.motif_counts(complete).values()) == [24, 8, 6]
    table = topology.compare_motifs(complete, loop).set_index("motif")
    assert table.loc["feedback"].tolist() == [8, 1, 8]
    assert np.isnan(table.loc["mutual", "ratio"])


@settings(max_examples=40, deadline=None)
@given(edge_lists(), edge_lists())
def test_paths_of_false_positives_match_networkx(predicted, true):
    graph = nx.DiGraph(true)
    graph.add_nodes_from(GENES)
    expected = {}
    for source, target in {tuple(edge) for edge in predicted} - {tuple(edge) for edge in true}:
        connected = nx.has_path(graph, source, target)
        length = str(nx.shortest_path_length(graph, source, target)) if connected else "none"
        expected[length] = expected.get(length, 0) + 1
    table = topology.false_positive_paths(edge_table(predicted), edge_table(true))
    found = dict(zip(table["path_length"], table["edges"], strict=True))
    assert {length: n for length, n in found.items() if n} == expected
    assert table["path_length"].iloc[-1] == "none"
    if expected:
        assert table["share"].sum() == pytest.approx(1)


def test_paths_by_hand(monkeypatch):
    reference = edge_table(["AB", "BC", "CD", "DA"])
    predicted = edge_table(["AB", "AC", "BD", "AD", "CB", "AX", "XA"])
    # Two searches at once: the result must not depend on the blocks.
    for sources in (256, 2):
        monkeypatch.setattr(topology, "SOURCES", sources)
        table = topology.false_positive_paths(predicted, reference)
        assert table["path_length"].tolist() == ["2", "3", "none"]
        assert table["edges"].tolist() == [2, 2, 2]
        assert table["share"].tolist() == pytest.approx([1 / 3] * 3)
    right = topology.false_positive_paths(reference, reference)
    assert right["edges"].sum() == 0
    assert right["share"].isna().all()


@settings(max_examples=40, deadline=None)
@given(edge_lists())
def test_characteristics_match_networkx(edges):
    graph = nx.Graph(edges)
    found = topology.network_characteristics(edge_table(edges))
    lengths = [
        length
        for source, others in nx.all_pairs_shortest_path_length(graph)
        for target, length in others.items()
        if source != target
    ]
    largest = max(nx.connected_components(graph), key=len)
    degrees = dict(graph.degree)
    assert found["nodes"] == len(graph)
    assert found["edges"] == graph.size()
    assert found["maximum_degree"] == max(degrees.values())
    assert found["triangles"] == sum(nx.triangles(graph).values()) // 3
    assert found["average_local_clustering"] == pytest.approx(nx.average_clustering(graph))
    assert found["characteristic_path_length"] == pytest.approx(np.mean(lengths))
    assert found["largest_component"] == pytest.approx(len(largest) / len(graph))
    if max(degrees.values()) == 1:
        assert np.isnan(found["transitivity"])
    else:
        assert found["transitivity"] == pytest.approx(nx.transitivity(graph))
    if len(set(degrees.values())) == 1:
        assert np.isnan(found["assortativity"])
    else:
        expected = nx.degree_pearson_correlation_coefficient(graph)
        assert found["assortativity"] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_characteristics_of_known_graphs():
    star = topology.network_characteristics(edge_table([["T", f"G{i}"] for i in range(9)]))
    assert star["maximum_degree"] == 9
    assert star["assortativity"] == pytest.approx(-1)
    assert star["triangles"] == star["transitivity"] == star["average_local_clustering"] == 0
    # 18 of the 90 ordered pairs are neighbours, all others two steps apart.
    assert star["characteristic_path_length"] == pytest.approx((18 + 2 * 72) / 90)
    ring = topology.network_characteristics(
        edge_table([[f"G{i}", f"G{(i + 1) % 300}"] for i in range(300)])
    )
    # More nodes than are searched from at once; distances 1 to 149 twice, 150 once.
    assert ring["characteristic_path_length"] == pytest.approx((149 * 150 + 150) / 299)
    assert np.isnan(ring["assortativity"])
    complete = topology.network_characteristics(edge_table(permutations("ABCDEF", 2)))
    assert complete["edges"] == 15
    assert complete["triangles"] == 20
    assert complete["transitivity"] == complete["characteristic_path_length"] == 1


def test_two_components_and_self_loops():
    found = topology.network_characteristics(edge_table(["AB", "BC", "XY", "ZZ"]))
    assert found["nodes"] == 5
    assert found["characteristic_path_length"] == pytest.approx((4 * 1 + 2 * 2 + 2 * 1) / 8)
    assert found["largest_component"] == pytest.approx(3 / 5)
    assert found["largest_component_path_length"] == pytest.approx(4 / 3)
    for nothing in (edge_table([]), edge_table(["ZZ"])):
        found = topology.network_characteristics(nothing)
        assert found["nodes"] == found["edges"] == 0
        assert np.isnan([found[measure] for measure in topology.MEASURES]).all()


def test_the_graph_of_all_pairs_is_the_papers_genelink_row():
    genes = [f"G{i:04d}" for i in range(4000)]
    edges = edge_table((tf, gene) for tf in genes[:54] for gene in genes if tf != gene)
    found = topology.network_characteristics(edges)
    assert found["maximum_degree"] == 3999
    assert found["triangles"] == 5671530
    assert found["assortativity"] == pytest.approx(-0.9867, abs=5e-5)
    assert found["transitivity"] == pytest.approx(0.0389, abs=5e-5)
    # The paper cuts off where it should round.
    assert found["characteristic_path_length"] == pytest.approx(1.9731, abs=1e-4)


def test_the_pcc_is_that_of_the_papers_table():
    rows = {
        "gold": (1837, -0.4762, 9596, 0.0060, 2.7392),
        "GT-GRN": (2593, -0.6614, 207579, 0.0255, 2.1934),
        "GENELink": (3999, -0.9867, 5671530, 0.0389, 1.9731),
        "GNE": (924, -0.1872, 4014, 0.0094, 2.9621),
    }
    rows = {m: dict(zip(topology.CHARACTERISTICS, v, strict=True)) for m, v in rows.items()}
    for method, pcc in {"GT-GRN": 0.9838, "GENELink": 0.9817, "GNE": 0.9992}.items():
        found = topology.characteristics_correlation(rows[method], rows["gold"])
        assert found == pytest.approx(pcc, abs=5e-5)
    values = np.array([list(rows[method].values()) for method in ("GNE", "gold")])
    scaled = np.sign(values) * np.log(1 + np.abs(values))
    assert topology.characteristics_correlation(
        rows["GNE"], rows["gold"], signed_log=True
    ) == pytest.approx(np.corrcoef(scaled)[0, 1])


def weighted(rows):
    return pd.DataFrame(rows, columns=["regulator", "target", "weight"])


def test_selected_edges_break_ties_by_name_and_skip_what_is_no_edge():
    network = weighted(
        [("B", "C", 1.0), ("A", "C", 1.0), ("A", "B", 2.0), ("C", "A", 0.0), ("A", "A", 9.0)]
    )
    for rows in (network, network.iloc[::-1]):
        assert topology.select_edges(rows, k=2)["regulator"].tolist() == ["A", "A"]
        assert topology.select_edges(rows, k=2)["target"].tolist() == ["B", "C"]
    assert len(topology.select_edges(network, k=10)) == 3
    assert len(topology.select_edges(network, threshold=1.5)) == 1
    assert len(topology.select_edges(network, k=2, threshold=0.5)) == 2


def test_the_comparison_matches_the_number_of_edges():
    reference = edge_table(["AB", "AC", "BC", "CD", "AA", "AB"])
    network = weighted([(a, b, 1 + i) for i, (a, b) in enumerate(permutations("ABCD", 2))])
    table = topology.compare_characteristics({"mine": network}, reference, threshold=3)
    table = table.set_index("selection")
    assert table["directed_edges"].to_dict() == {"reference": 4, "matched": 4, "threshold": 10}
    assert table.loc["reference", "PCC"] == pytest.approx(1)
    expected = topology.network_characteristics(topology.select_edges(network, threshold=3))
    assert table.loc["threshold", "triangles"] == expected["triangles"]
    without = topology.compare_characteristics({"mine": network}, reference)
    assert without["selection"].tolist() == ["reference", "matched"]


def test_of_components_of_one_size_all_count():
    triangle, chain = ["AB", "AC", "BC"], ["DE", "EF"]
    for edges in (triangle + chain, chain + triangle):
        values = topology.network_characteristics(edge_table(edges))
        # Three pairs at distance 1, and two at 1 with one at 2.
        assert values["largest_component_path_length"] == pytest.approx(7 / 6)


@settings(max_examples=20, deadline=None)
@given(edge_lists(), st.permutations(GENES), st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(edges, names, random):
    renamed = [[names[GENES.index(gene)] for gene in edge] for edge in edges]
    random.shuffle(renamed)
    one, two = edge_table(edges), edge_table(renamed)
    assert topology.motif_counts(one) == topology.motif_counts(two)
    first, second = (topology.network_characteristics(table) for table in (one, two))
    assert list(first.values()) == pytest.approx(list(second.values()), nan_ok=True)
    for kind in ("all", "in", "out"):
        pd.testing.assert_frame_equal(
            topology.degree_distribution(one, kind), topology.degree_distribution(two, kind)
        )


def test_degree_distribution_by_hand():
    edges = edge_table(["AB", "AC", "AD", "BA", "BC"])
    every = topology.degree_distribution(edges)
    assert every["degree"].tolist() == [1, 2, 3]
    assert every["genes"].tolist() == [1, 2, 1]
    assert every["share"].tolist() == [0.25, 0.5, 0.25]
    assert every["share_at_least"].tolist() == [1, 0.75, 0.25]
    out = topology.degree_distribution(edges, "out")
    assert out["degree"].tolist() == [2, 3]
    assert out["genes"].tolist() == [1, 1]
    into = topology.degree_distribution(edges, "in")
    assert into["degree"].tolist() == [1, 2]
    assert into["genes"].tolist() == [3, 1]
    with pytest.raises(ValueError, match="'all', 'in' or 'out'"):
        topology.degree_distribution(edges, "both")
