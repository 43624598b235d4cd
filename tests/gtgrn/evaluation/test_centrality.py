from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.centrality import MEASURES, REGULATING, UNDIRECTED, centralities, overall
from gtgrn.names import PAIR

STAR = pd.DataFrame([("hub", f"t{i}") for i in range(4)], columns=PAIR)


def krackhardt():
    graph = nx.krackhardt_kite_graph()
    return graph, pd.DataFrame([(f"n{a}", f"n{b}") for a, b in graph.edges], columns=PAIR)


def values(table, view, measure):
    rows = table[(table["view"] == view) & (table["measure"] == measure)]
    return dict(zip(rows["gene"], rows["value"], strict=True))


def test_the_kite_is_as_networkx_has_it():
    graph, edges = krackhardt()
    table = centralities(edges)
    for measure, expected in (
        ("degree", nx.degree_centrality(graph)),
        ("betweenness", nx.betweenness_centrality(graph)),
        ("closeness", nx.closeness_centrality(graph)),
        ("eigenvector", nx.eigenvector_centrality_numpy(graph)),
        ("pagerank", nx.pagerank(graph)),
        ("katz", nx.katz_centrality(graph, alpha=0.9 / 6, max_iter=5000)),
    ):
        found = values(table, UNDIRECTED, measure)
        for node in graph:
            assert found[f"n{node}"] == pytest.approx(expected[node], abs=2e-4), (measure, node)
    # Krackhardt's point: degree, betweenness and closeness name different nodes.
    first = {m: max(values(table, UNDIRECTED, m), key=values(table, UNDIRECTED, m).get)
             for m in ("degree", "betweenness")}  # fmt: skip
    assert first == {"degree": "n3", "betweenness": "n7"}


def test_the_regulating_view_is_networkx_of_the_reverse():
    edges = pd.DataFrame([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("d", "b")],
                         columns=PAIR)  # fmt: skip
    reverse = nx.DiGraph([(t, r) for r, t in edges.itertuples(index=False)])
    table = centralities(edges)
    for measure, expected in (
        ("degree", nx.in_degree_centrality(reverse)),
        ("betweenness", nx.betweenness_centrality(reverse)),
        ("closeness", nx.closeness_centrality(reverse)),
        ("pagerank", nx.pagerank(reverse)),
    ):
        assert values(table, REGULATING, measure) == pytest.approx(expected)


def test_a_hub_that_regulates_all_comes_first_everywhere():
    table = overall(centralities(STAR))
    assert table["gene"].iloc[0] == "hub"
    # Betweenness of a directed star is 0 for all, and it has no eigenvector: both say nothing.
    views = {UNDIRECTED: MEASURES, REGULATING: ["degree", "closeness", "pagerank", "katz"]}
    full = centralities(STAR)
    for view, measures in views.items():
        for measure in measures:
            found = values(full, view, measure)
            assert max(found, key=found.get) == "hub", (view, measure)
    assert np.isnan(list(values(full, REGULATING, "eigenvector").values())).all()
    assert table["first"].iloc[0] == 11
    assert table["measures"].iloc[0] == 11


def test_ties_share_a_rank_and_the_order_of_edges_does_not_matter():
    first = centralities(STAR)
    again = centralities(STAR.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(first, again)
    leaves = first[(first["gene"] != "hub") & (first["measure"] == "degree")]
    assert set(leaves[leaves["view"] == UNDIRECTED]["rank"]) == {3.5}
