"""How central each gene is in a regulatory network, by six measures of networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd

from gtgrn.names import GENE, REGULATOR, TARGET

UNDIRECTED, REGULATING = "undirected", "regulating"
"""Views: edges without direction; and edges turned round, from target to regulator, so that a
gene that regulates central genes is central itself."""
MEASURES = ["degree", "betweenness", "closeness", "eigenvector", "pagerank", "katz"]


def make_graph(edges: pd.DataFrame, view: str) -> nx.Graph:
    """Return the network as a graph of one view, genes in the order of their names."""
    graph = nx.Graph() if view == UNDIRECTED else nx.DiGraph()
    graph.add_nodes_from(sorted({*edges[REGULATOR], *edges[TARGET]}))
    graph.add_edges_from(sorted(zip(edges[TARGET], edges[REGULATOR], strict=True)))
    return graph


def _eigenvector(graph: nx.Graph) -> dict:
    try:
        return nx.eigenvector_centrality(graph, max_iter=2000, tol=1e-8)
    except nx.PowerIterationFailedConvergence:
        # A directed graph without cycles has none.
        return dict.fromkeys(graph, np.nan)


def _katz(graph: nx.Graph) -> dict:
    # The largest eigenvalue is at most the largest degree, which keeps the sum finite.
    degrees = dict(graph.in_degree() if graph.is_directed() else graph.degree())
    return nx.katz_centrality_numpy(graph, alpha=0.9 / max(1, *degrees.values()))


def measure(graph: nx.Graph) -> dict[str, dict]:
    """Return each measure by gene.

    In the view ``regulating``, degree is the share of genes that a gene regulates, closeness
    the nearness of the genes it reaches, and betweenness that of the directed network.
    """
    degree = nx.in_degree_centrality if graph.is_directed() else nx.degree_centrality
    return {
        "degree": degree(graph),
        "betweenness": nx.betweenness_centrality(graph),
        "closeness": nx.closeness_centrality(graph),
        "eigenvector": _eigenvector(graph),
        "pagerank": nx.pagerank(graph),
        "katz": _katz(graph),
    }


def centralities(edges: pd.DataFrame) -> pd.DataFrame:
    """Measure all genes of a network in both views.

    Parameters
    ----------
    edges
        Columns regulator, target.

    Returns
    -------
    pandas.DataFrame
        Columns gene, view, measure, value, rank (1 is the most central; the mean of tied
        places; missing where the value is).
    """
    tables = []
    for view in (UNDIRECTED, REGULATING):
        for name, values in measure(make_graph(edges, view)).items():
            column = pd.Series(values, dtype=float)
            # Rounded, so that genes which are alike tie however the sums were ordered.
            rank = column.round(9).rank(ascending=False)
            tables.append(
                pd.DataFrame(
                    {
                        GENE: column.index,
                        "view": view,
                        "measure": name,
                        "value": column.to_numpy(),
                        "rank": rank.to_numpy(),
                    }
                )  # fmt: skip
            )
    return pd.concat(tables, ignore_index=True)


def overall(table: pd.DataFrame) -> pd.DataFrame:
    """Return each gene's mean rank and in how many measures it comes first.

    Parameters
    ----------
    table
        From :func:`centralities`, of one network.

    Returns
    -------
    pandas.DataFrame
        Columns gene, mean_rank, best_rank, worst_rank, first (number of measures in which no
        gene is before it), measures; best first, ties by name.
    """
    groups = table.dropna(subset="rank").groupby(GENE)["rank"]
    top = table.groupby(["view", "measure"])["rank"].transform("min")
    first = table[table["rank"] == top].groupby(GENE).size()
    result = pd.DataFrame(
        {"mean_rank": groups.mean(), "best_rank": groups.min(), "worst_rank": groups.max()}
    )
    result["first"] = first.reindex(result.index, fill_value=0)
    result["measures"] = groups.size()
    return result.reset_index().sort_values(["mean_rank", GENE], ignore_index=True)
