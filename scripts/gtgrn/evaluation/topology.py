"""What kind of network it is, and what kind of errors it makes.

Two sets of characteristics: BEELINE's (motif counts against the reference, and how far apart in
the reference the ends of a false positive are) and those of Table 5 of the GT-GRN paper.
The paper does not define its own; they are those of the undirected simple graph, with
clustering as transitivity: with these definitions the graph of all pairs of 54 regulators and
4000 genes reproduces its GENELink row (assortativity -.9867, 5671530 triangles, clustering
.0389, path length 1.973).

Networks with more edges are denser, so a comparison needs a matched number of edges. Genes
without an edge are not part of a graph here; self-loops never are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from gtgrn.names import PAIR, REGULATOR, TARGET, WEIGHT
from gtgrn.tables import sort_edges

FEED_FORWARD, FEEDBACK, MUTUAL = "feed_forward", "feedback", "mutual"
NO_PATH = "none"
CHARACTERISTICS = [
    "maximum_degree",
    "assortativity",
    "triangles",
    "transitivity",
    "characteristic_path_length",
]
"""The columns of the paper's Table 5, whose correlation with the reference's is its PCC."""
MEASURES = [
    *CHARACTERISTICS,
    "average_local_clustering",
    "largest_component",
    "largest_component_path_length",
]
SOURCES = 256
"""Searches at once: a multiple of the bits of a word; bounds memory, does not change results."""


def select_edges(
    network: pd.DataFrame, *, k: int | None = None, threshold: float | None = None
) -> pd.DataFrame:
    """Return the k best edges, those with at least a weight, or both.

    Pairs of weight 0 are not reported and self-loops no edges; neither is selected. Ties at
    rank k are broken by name, for the number of edges is what must match.

    Parameters
    ----------
    network
        Columns regulator, target, weight >= 0, each pair once.
    k
        Number of edges; fewer where the network has fewer.
    threshold
        Least weight.

    Returns
    -------
    pandas.DataFrame
        regulator, target; best first.
    """
    edges = network[(network[WEIGHT] > 0) & (network[REGULATOR] != network[TARGET])]
    if threshold is not None:
        edges = edges[edges[WEIGHT] >= threshold]
    edges = sort_edges(edges)[PAIR]
    return edges if k is None else edges.head(k)


def adjacency(edges: pd.DataFrame, genes: Sequence[str] | None = None) -> sparse.csr_array:
    """Return the directed 0/1 adjacency matrix without self-loops; a repeated edge counts once.

    Parameters
    ----------
    edges
        Columns regulator, target.
    genes
        Names of rows and columns, a superset of the edges'; by default the edges', sorted.
    """
    names = pd.Index(sorted({*edges[REGULATOR], *edges[TARGET]}) if genes is None else genes)
    rows, columns = (names.get_indexer(edges[column]) for column in PAIR)
    kept = rows != columns
    ones = np.ones(kept.sum(), dtype=np.int64)
    matrix = sparse.coo_array((ones, (rows[kept], columns[kept])), (len(names), len(names)))
    matrix = matrix.tocsr()
    matrix.data[:] = 1
    return matrix


def motif_counts(edges: pd.DataFrame) -> dict[str, int]:
    """Count feed-forward loops, feedback loops of length 3 and mutual interactions.

    Feed-forward: A -> B, A -> C, B -> C; feedback: A -> B -> C -> A, each cycle once; mutual:
    A <-> B, each couple once. Motifs are counted whether or not their genes share more edges.
    Source: Pratapa et al. 2020, doi 10.1038/s41592-019-0690-6.

    Parameters
    ----------
    edges
        Columns regulator, target.
    """
    graph = adjacency(edges)
    two_steps = graph @ graph
    return {
        FEED_FORWARD: int(two_steps.multiply(graph).sum()),
        FEEDBACK: int(two_steps.multiply(graph.T).sum()) // 3,
        MUTUAL: int(graph.multiply(graph.T).sum()) // 2,
    }


def compare_motifs(edges: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Return the motif counts of a network and of the reference, and their ratio.

    Parameters
    ----------
    edges
        Columns regulator, target; for BEELINE's ratio the k best, k being the number of
        reference edges.
    reference
        Columns regulator, target.

    Returns
    -------
    pandas.DataFrame
        motif, predicted, reference, ratio; NaN where the reference has none.
    """
    predicted, true = motif_counts(edges), motif_counts(reference)
    rows = [(m, predicted[m], n, predicted[m] / n if n else float("nan")) for m, n in true.items()]
    return pd.DataFrame(rows, columns=["motif", "predicted", "reference", "ratio"])


def false_positive_paths(edges: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Count false positives by the length of the shortest path that the reference has instead.

    A length of 2 is an indirect effect taken for a direct one. BEELINE stops its list at 5 and
    adds the edges of tied weight; here every length is listed and the edges are those given.

    Parameters
    ----------
    edges
        Columns regulator, target: the predicted edges.
    reference
        Columns regulator, target.

    Returns
    -------
    pandas.DataFrame
        path_length (text: 2, 3, ... and last ``none``, where no directed path leads from
        regulator to target), edges, share (of all false positives; NaN if there are none).
    """
    both = pd.concat([edges[PAIR], reference[PAIR]])
    names = pd.Index(sorted({*both[REGULATOR], *both[TARGET]}))
    predicted, true = adjacency(edges, names), adjacency(reference, names)
    wrong = (predicted - predicted.multiply(true)).tocoo()
    wrong_from, wrong_to = (axis[wrong.data > 0] for axis in wrong.coords)
    lengths = np.full(len(wrong_from), np.inf)
    sources = np.unique(wrong_from)
    for start in range(0, len(sources), SOURCES):
        block = sources[start : start + SOURCES]
        distances = csgraph.dijkstra(true, indices=block, unweighted=True)
        mine = np.flatnonzero(np.isin(wrong_from, block))
        lengths[mine] = distances[np.searchsorted(block, wrong_from[mine]), wrong_to[mine]]
    finite = lengths[np.isfinite(lengths)].astype(int)
    counts = np.bincount(finite, minlength=3)
    table = pd.DataFrame(
        {
            "path_length": [*map(str, range(2, len(counts))), NO_PATH],
            "edges": [*counts[2:], len(lengths) - len(finite)],
        }
    )
    return table.assign(share=table["edges"] / (len(lengths) or np.nan))


def network_characteristics(edges: pd.DataFrame) -> dict[str, float]:
    """Return the characteristics of Table 5 of the paper, and what they leave open.

    All of the undirected simple graph of the edges. An undefined value is NaN.

    Parameters
    ----------
    edges
        Columns regulator, target.

    Returns
    -------
    dict
        nodes (with an edge), edges (undirected), maximum_degree, assortativity (Pearson
        correlation of the degrees at both ends of an edge; undefined where all are equal),
        triangles, transitivity (3 triangles / connected triples), characteristic_path_length
        (mean over all pairs of genes that a path connects), average_local_clustering (Watts and
        Strogatz; genes of degree 1 count as 0), largest_component (share of the nodes),
        largest_component_path_length.
    """
    directed = adjacency(edges)
    graph = ((directed + directed.T) > 0).astype(np.int64).tocsr()
    # A gene whose only edge is a self-loop has none here.
    connected = np.flatnonzero(np.diff(graph.indptr))
    if not len(connected):
        return {"nodes": 0, "edges": 0} | dict.fromkeys(MEASURES, float("nan"))
    graph = graph[connected][:, connected]
    return {"nodes": len(connected), "edges": graph.nnz // 2} | _measures(graph)


def _measures(graph: sparse.csr_array) -> dict[str, float]:
    """Return the measures of a graph in which every node has a neighbour."""
    degree = np.diff(graph.indptr)
    triangles = _triangles(graph)
    triples = degree * (degree - 1) / 2
    local = np.divide(triangles, triples, out=np.zeros(len(degree)), where=triples > 0)
    _, component = csgraph.connected_components(graph, directed=False)
    size = np.bincount(component)
    # Of components of the same size all count: which comes first depends on the genes' order.
    inside = np.flatnonzero(size[component] == size.max())
    values = (
        int(degree.max()),
        _assortativity(graph, degree),
        int(triangles.sum()) // 3,
        float(triangles.sum() / triples.sum()) if triples.any() else float("nan"),
        _mean_path_length(graph),
        float(local.mean()),
        float(size.max() / len(degree)),
        _mean_path_length(graph[inside][:, inside]),
    )
    return dict(zip(MEASURES, values, strict=True))


def _assortativity(graph: sparse.csr_array, degree: np.ndarray) -> float:
    if (degree == degree[0]).all():
        return float("nan")
    row, column = graph.tocoo().coords
    return float(np.corrcoef(degree[row], degree[column])[0, 1])


def _triangles(graph: sparse.csr_array) -> np.ndarray:
    """Count the triangles through each node.

    Edges are directed from the lower to the higher degree, so that no node has many successors
    and the product stays sparse even where a regulator targets every gene.
    """
    degree = np.diff(graph.indptr)
    rank = np.empty(len(degree), dtype=int)
    rank[np.argsort(degree, kind="stable")] = np.arange(len(degree))
    row, column = graph.tocoo().coords
    up = rank[row] < rank[column]
    ones = np.ones(up.sum(), dtype=np.int64)
    upward = sparse.coo_array((ones, (row[up], column[up])), graph.shape).tocsr()
    # Low -> middle -> high beside low -> high; low <- ... and so on give each node's share.
    by_low_high = (upward @ upward).multiply(upward)
    by_middle_high = (upward.T @ upward).multiply(upward)
    low, high = by_low_high.sum(axis=1), by_low_high.sum(axis=0)
    return np.asarray(low + high + by_middle_high.sum(axis=1)).ravel()


def _mean_path_length(graph: sparse.csr_array) -> float:
    """Return the mean shortest path over the ordered pairs of nodes that a path connects.

    Searches from many nodes run at once, one bit each (Then et al. 2014,
    doi 10.14778/2735496.2735507). Every node must have a neighbour.
    """
    n, total, reached = graph.shape[0], 0, 0
    for start in range(0, n, SOURCES):
        sources = np.arange(start, min(start + SOURCES, n))
        bit = sources - start
        frontier = np.zeros((n, SOURCES // 64), dtype=np.uint64)
        frontier[sources, bit // 64] = np.uint64(1) << (bit % 64).astype(np.uint64)
        seen, distance = frontier.copy(), 0
        while frontier.any():
            arrived = np.bitwise_or.reduceat(frontier[graph.indices], graph.indptr[:-1], axis=0)
            frontier = arrived & ~seen
            seen |= frontier
            distance += 1
            found = int(np.bitwise_count(frontier).sum())
            total, reached = total + distance * found, reached + found
    return total / reached


def characteristics_correlation(
    network: dict[str, float], reference: dict[str, float], *, signed_log: bool = False
) -> float:
    """Return the Pearson correlation of two networks' characteristics, the PCC of Table 5.

    The raw values, as in the paper, are ruled by the largest of five unlike numbers, the
    triangle count or the maximum degree: a network that predicts every pair reached .98 there.
    On the scale sign(x) log(1 + abs(x)) the others count too.

    Parameters
    ----------
    network, reference
        From :func:`network_characteristics`; NaN if one of the five is.
    signed_log
        Whether to take the values on that scale.
    """
    values = np.array([[x[c] for c in CHARACTERISTICS] for x in (network, reference)], dtype=float)
    if signed_log:
        values = np.sign(values) * np.log1p(np.abs(values))
    return float(np.corrcoef(values)[0, 1])


def compare_characteristics(
    networks: dict[str, pd.DataFrame], reference: pd.DataFrame, *, threshold: float | None = None
) -> pd.DataFrame:
    """Return Table 5 of the paper: the characteristics of networks beside the reference's.

    Parameters
    ----------
    networks
        Name -> regulator, target, weight >= 0.
    reference
        Columns regulator, target.
    threshold
        Least weight of an edge in the rows ``threshold``, which are left out by default. The
        number of edges then is the method's, and most characteristics follow from it.

    Returns
    -------
    pandas.DataFrame
        network, selection (``reference``, ``matched``: as many edges as the reference has, or
        ``threshold``), directed_edges, those of :func:`network_characteristics`, PCC, log_PCC.
    """
    edges = reference.loc[reference[REGULATOR] != reference[TARGET], PAIR].drop_duplicates()
    chosen = [("reference", "reference", edges)]
    for name, network in networks.items():
        chosen.append((name, "matched", select_edges(network, k=len(edges))))
        if threshold is not None:
            chosen.append((name, "threshold", select_edges(network, threshold=threshold)))
    true = network_characteristics(edges)
    rows = []
    for name, selection, selected in chosen:
        found = network_characteristics(selected)
        rows.append(
            {"network": name, "selection": selection, "directed_edges": len(selected)}
            | found
            | {
                "PCC": characteristics_correlation(found, true),
                "log_PCC": characteristics_correlation(found, true, signed_log=True),
            }
        )
    return pd.DataFrame(rows)


def degree_distribution(edges: pd.DataFrame, kind: str = "all") -> pd.DataFrame:
    """Return the data of a log-log plot of the degrees.

    Parameters
    ----------
    edges
        Columns regulator, target.
    kind
        ``all``: neighbours in the undirected simple graph, as in Figure 6 of the paper;
        ``out``: targets of a regulator; ``in``: regulators of a gene.

    Returns
    -------
    pandas.DataFrame
        degree (ascending, from 1), genes, share (of the genes of that degree among those of
        degree 1 or more), share_at_least (the same of that degree or more, which is the less
        noisy one to judge a power law by).

    Raises
    ------
    ValueError
        If the kind is another word.
    """
    graph = adjacency(edges)
    if kind == "all":
        degree = np.diff(((graph + graph.T) > 0).tocsr().indptr)
    elif kind in ("in", "out"):
        degree = np.asarray(graph.sum(axis=int(kind == "out")))
    else:
        raise ValueError(f"kind is {kind!r}, but must be 'all', 'in' or 'out'")
    values, genes = np.unique(degree[degree > 0], return_counts=True)
    share = genes / max(genes.sum(), 1)
    return pd.DataFrame(
        {
            "degree": values,
            "genes": genes,
            "share": share,
            "share_at_least": np.cumsum(genes[::-1])[::-1] / max(genes.sum(), 1),
        }
    )
