"""Parts of a known network with its structure, as GeneNetWeaver extracts them.

Marbach et al. (2009, doi:10.1089/cmb.2008.09TT): starting from one random gene, neighbours are
added one at a time, each drawn among the tenth of them that keep Newman's modularity of the split
into sub-network and rest highest. A random choice of genes would leave almost no edge.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import PAIR, REGULATOR, SIGN, TARGET
from gtgrn.opening import open_text
from gtgrn.seeds import derive_seed
from gtgrn.tables import reading_table

SELECTION = 0.1
"""Share of the neighbours among which the next gene is drawn; GeneNetWeaver's default."""
TIE = 1e-9
"""Gains closer than this are equal, so that the order of summation decides nothing."""


def extract_subnetwork(
    edges: pd.DataFrame, size: int, *, seed: int, selection: float = SELECTION
) -> pd.DataFrame:
    """Extract a sub-network of a given number of genes, with all edges among them.

    Parameters
    ----------
    edges
        Columns regulator and target, and any others; self-loops are allowed.
    size
        Number of genes. The network's own number gives the whole network.
    seed
        Seed of the first gene and of every choice; the order of rows changes nothing.
    selection
        Share of the neighbours, best first, among which the next gene is drawn; 0 is greedy.

    Returns
    -------
    pandas.DataFrame
        The rows of `edges` with both ends among the chosen genes, each pair once, sorted.

    Raises
    ------
    InputError
        If the network has fewer genes, or `selection` is outside [0, 1].
    """
    genes, adjacency = _undirected(edges)
    if not 1 <= size <= len(genes):
        raise InputError(
            f"{size} genes asked for, the network has {len(genes)}",
            field="size",
            remedy=f"Use 1 to {len(genes)}",
        )
    if not 0 <= selection <= 1:
        raise InputError(f"{selection} given", field="selection", remedy="Use 0 to 1")
    members = genes[_grow(adjacency, size, seed, selection)]
    inside = edges[REGULATOR].isin(members) & edges[TARGET].isin(members)
    # By all columns: which of two rows with other signs stays must not depend on their order.
    ordered = edges[inside].sort_values([*PAIR, *edges.columns.difference(PAIR)])
    return ordered.drop_duplicates(PAIR, ignore_index=True)


def read_network_table(path: str | Path) -> pd.DataFrame:
    """Read a network without a header: regulator, target and, in a third column, its sign.

    Raises
    ------
    InputError
        If the file is unreadable, has no edge, other columns or an empty name.
    """
    path = verified(path)
    sep = "," if path.name.removesuffix(".gz").endswith(".csv") else "\t"
    remedy = "Give one regulator, target and optionally sign in a row"
    with (
        reading_table(path, field="kinetics.network", remedy=remedy),
        open_text(path) as text,
    ):
        table = pd.read_csv(
            text, sep=sep, header=None, dtype=str, keep_default_na=False, index_col=False,
        )  # fmt: skip
    columns = [*PAIR, SIGN][: table.shape[1]]
    names = table.iloc[:, :2].apply(lambda column: column.str.strip())
    if table.shape[1] not in (2, 3) or (names == "").any(axis=None):
        raise InputError(
            f"the table has {table.shape[1]} columns or an empty name",
            file=path,
            field="kinetics.network",
            remedy=remedy,
        )
    table.iloc[:, :2] = names
    return table.set_axis(columns, axis=1)


def _undirected(edges: pd.DataFrame) -> tuple[np.ndarray, sparse.csr_array]:
    """Return the genes, sorted, and their adjacency without direction, repeats and loops."""
    genes = np.unique(edges[PAIR].to_numpy(str))
    ends = np.searchsorted(genes, edges[PAIR].to_numpy(str)).T
    ones = np.ones(ends.shape[1])
    directed = sparse.coo_array((ones, tuple(ends)), shape=(len(genes),) * 2)
    adjacency = sparse.csr_array(((directed + directed.T) > 0).astype(float))
    adjacency.setdiag(0)
    adjacency.eliminate_zeros()
    return genes, adjacency


def _grow(adjacency: sparse.csr_array, size: int, seed: int, selection: float) -> np.ndarray:
    """Return the positions of the chosen genes.

    With k the degrees, m the edges, d_i the edges of i into the sub-network S and K the sum of
    k over S, moving i into S changes the modularity by (2 d_i - k_i K / m - k_i^2 / 2m) / 2m.
    """
    rng = np.random.default_rng(derive_seed(seed, "subnetwork"))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    doubled = max(degree.sum(), 1.0)  # 2m
    inside = np.zeros(len(degree), dtype=bool)
    into = np.zeros(len(degree))
    total = 0.0
    chosen = int(rng.integers(len(degree)))
    for added in range(1, size + 1):
        inside[chosen] = True
        total += degree[chosen]
        into[adjacency.indices[adjacency.indptr[chosen] : adjacency.indptr[chosen + 1]]] += 1
        if added == size:
            break
        candidates = np.flatnonzero((into > 0) & ~inside)
        if not len(candidates):
            # The component is exhausted: any other gene may start the next one.
            candidates = np.flatnonzero(~inside)
        k = degree[candidates]
        gain = 2 * into[candidates] - 2 * k * total / doubled - k**2 / doubled
        ties = rng.random(len(candidates))
        best = np.lexsort((ties, -np.round(gain / TIE)))
        first = max(round(selection * len(candidates)), 1)
        chosen = int(candidates[best[rng.integers(first)]])
    return np.flatnonzero(inside)


def modularity(edges: pd.DataFrame, members: set[str]) -> float:
    """Return Newman's modularity of the split into `members` and the other genes.

    Direction, repeated pairs and self-loops do not count (Newman 2006, eq. 1).

    Parameters
    ----------
    edges
        Columns regulator and target.
    members
        Genes of one side.
    """
    genes, adjacency = _undirected(edges)
    inside = np.isin(genes, list(members))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    doubled = degree.sum()
    q = 0.0
    for side in (inside, ~inside):
        q += adjacency[side][:, side].sum() / doubled - (degree[side].sum() / doubled) ** 2
    return float(q)


def describe_network(edges: pd.DataFrame) -> dict[str, float]:
    """Describe a directed network by the numbers that decide how hard it is to infer.

    Parameters
    ----------
    edges
        Columns regulator and target; self-loops and repeats do not count.

    Returns
    -------
    dict of str to float
        genes, regulators, edges, density (edges by regulators x (genes - 1)), mean and largest
        number of regulators of a target, mean and largest number of targets of a regulator,
        share of edges between two regulators.
    """
    pairs = edges[PAIR].astype(str).drop_duplicates()
    genes = np.unique(pairs.to_numpy(str))
    pairs = pairs[pairs[REGULATOR] != pairs[TARGET]]
    inputs, outputs = pairs[TARGET].value_counts(), pairs[REGULATOR].value_counts()
    possible = len(outputs) * (len(genes) - 1)
    return {
        "genes": len(genes),
        "regulators": len(outputs),
        "edges": len(pairs),
        "density": len(pairs) / possible if possible else 0.0,
        "mean_inputs": float(inputs.mean()) if len(pairs) else 0.0,
        "max_inputs": int(inputs.max()) if len(pairs) else 0,
        "mean_outputs": float(outputs.mean()) if len(pairs) else 0.0,
        "max_outputs": int(outputs.max()) if len(pairs) else 0,
        "regulator_edges": float(pairs[TARGET].isin(outputs.index).mean()) if len(pairs) else 0.0,
    }


def generate_network(
    n_genes: int, n_regulators: int, *, mean_inputs: float = 2.9, seed: int
) -> pd.DataFrame:
    """Generate a network with few regulators of very unequal reach.

    For who has no source network: targets have 1 + Poisson(`mean_inputs` - 1) regulators, drawn
    without replacement with weights 1 / rank, and a regulator can be a target. It has the hubs
    of a transcriptional network but neither its modules nor its motifs, so results on it are no
    substitute for those on the yeast network.

    Parameters
    ----------
    n_genes, n_regulators
        All genes, called G0001 and so on, and how many of them regulate: the first ones.
    mean_inputs
        Mean number of regulators of a target, at least 1; 2.9 is that of the yeast network of
        Balaji et al. 2006.
    seed
        Seed of the network.

    Returns
    -------
    pandas.DataFrame
        regulator, target; sorted, without self-loops. Every gene is in it.

    Raises
    ------
    InputError
        If there are fewer than two regulators, fewer genes than regulators, or fewer inputs
        than one.
    """
    for field, value, least in (
        ("regulators", n_regulators, 2),
        ("genes", n_genes, n_regulators + 1),
        ("mean_inputs", mean_inputs, 1),
    ):
        if value < least:
            raise InputError(f"{value} given", field=field, remedy=f"Use at least {least}")
    rng = np.random.default_rng(derive_seed(seed, "network"))
    width = max(4, len(str(n_genes)))
    names = np.array([f"G{number:0{width}d}" for number in range(1, n_genes + 1)])
    weight = 1 / rng.permutation(np.arange(1, n_regulators + 1))
    rows = []
    for target in range(n_genes):
        allowed = np.array([r for r in range(n_regulators) if r != target])
        share = weight[allowed] / weight[allowed].sum()
        number = min(1 + rng.poisson(mean_inputs - 1), len(allowed))
        chosen = rng.choice(allowed, size=number, replace=False, p=share)
        rows += [(names[r], names[target]) for r in chosen]
    return pd.DataFrame(rows, columns=PAIR).sort_values(PAIR, ignore_index=True)
