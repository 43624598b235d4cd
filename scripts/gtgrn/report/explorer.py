"""What the network explorer holds: the top edges of each gene, as columns for the page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.names import (
    KNOWN,
    METHODS,
    PROBABILITY,
    RANK,
    REGULATOR,
    SCORE,
    SIGN,
    TARGET,
)
from gtgrn.network.signs import SIGN_PROBABILITY
from gtgrn.report.headings import describe_column

HELD_EDGES, LEAST_HELD = 80_000, 4_000
"""Edges that a page holds, shared by its data sets, and the fewest for one: at some 45 bytes each
80,000 are 4 MB."""
TARGETS_PER_REGULATOR = 10
"""A regulator holds so many times the edges of a target, for it has more to choose among."""
DIGITS = 3
IN_REGULATOR, IN_TARGET, TRAINED = "rank_in_regulator", "rank_in_target", "trained_seeds"
OWN = {
    *(RANK, REGULATOR, TARGET, PROBABILITY, SCORE, KNOWN, METHODS, SIGN, SIGN_PROBABILITY),
    *(IN_REGULATOR, IN_TARGET, TRAINED),
}
"""Columns that the page knows; others are shown as they come."""


def share_of(datasets: int) -> int:
    """Return how many edges a page of so many data sets holds of each."""
    return max(HELD_EDGES // max(datasets, 1), LEAST_HELD)


def rank_within(network: pd.DataFrame) -> pd.DataFrame:
    """Return the network with the rank of each pair within its regulator and within its target.

    Parameters
    ----------
    network
        Rows best first. Ranks that the file has are kept; they count ties otherwise.
    """
    ranks = {
        IN_REGULATOR: network.groupby(REGULATOR).cumcount() + 1,
        IN_TARGET: network.groupby(TARGET).cumcount() + 1,
    }
    return network.assign(**{key: rank for key, rank in ranks.items() if key not in network})


def choose_held(network: pd.DataFrame, budget: int, first: int) -> tuple[np.ndarray, int]:
    """Choose the edges that the page holds.

    Parameters
    ----------
    network
        The ranked network, best first.
    budget
        Most edges to hold.
    first
        The best edges of the whole network, which are held whatever their genes are.

    Returns
    -------
    tuple
        (pairs,) whether a pair is held, and k: for each target its first k regulators are held,
        for each regulator its first ``k * TARGETS_PER_REGULATOR`` targets. k is 0 where not even
        one for each gene fits, and the best edges of the whole network are held alone.
    """
    if len(network) <= budget:
        return np.ones(len(network), dtype=bool), len(network)
    by_target = network.groupby(TARGET).cumcount().to_numpy()
    by_regulator = network.groupby(REGULATOR).cumcount().to_numpy() // TARGETS_PER_REGULATOR
    level = np.minimum(by_target, by_regulator)
    level[: min(first, budget)] = 0
    sizes = np.cumsum(np.bincount(level))
    k = int(np.searchsorted(sizes, budget, side="right"))
    if k == 0:
        return np.arange(len(network)) < budget, 0
    return level < k, k


def explore(network: pd.DataFrame, summary: Mapping, budget: int, first: int) -> dict:
    """Return what the explorer of a data set holds, ready for JSON.

    Parameters
    ----------
    network
        ``network.tsv.gz``, best first.
    summary
        ``network.json``.
    budget, first
        See :func:`choose_held`.

    Returns
    -------
    dict
        genes (names), outs and ins (pairs of each gene as regulator and as target), columns (name
        -> values of the held edges, best first), methods, extra (columns that only some networks
        have) and numbers on what is held.
    """
    network = rank_within(network)
    held, k = choose_held(network, budget, first)
    edges = network[held]
    genes = sorted({*network[REGULATOR], *network[TARGET]})
    place = {gene: i for i, gene in enumerate(genes)}
    value = PROBABILITY if PROBABILITY in network else SCORE
    columns = {
        "r": edges[REGULATOR].map(place).tolist(),
        "t": edges[TARGET].map(place).tolist(),
        "rank": _numbers(edges[RANK]),
        "value": _numbers(edges[value]),
        "in_r": _numbers(edges[IN_REGULATOR]),
        "in_t": _numbers(edges[IN_TARGET]),
    }
    columns |= {name: _numbers(edges[name]) for name in (KNOWN, TRAINED) if name in edges}
    if SIGN in edges:
        columns["sign"] = [{"+": 1, "-": -1}.get(sign, 0) for sign in edges[SIGN]]
        if SIGN_PROBABILITY in edges:
            columns["sign_p"] = _numbers(edges[SIGN_PROBABILITY])
    methods, columns["methods"] = _methods(edges)
    counts = {end: network[end].value_counts() for end in (REGULATOR, TARGET)}
    return {
        "genes": genes,
        "outs": counts[REGULATOR].reindex(genes, fill_value=0).tolist(),
        "ins": counts[TARGET].reindex(genes, fill_value=0).tolist(),
        "columns": columns,
        "methods": methods,
        "extra": [_extra(name, edges[name]) for name in network if name not in OWN],
        "value": value,
        "pairs": len(network),
        "held": len(edges),
        "per_target": k,
        "per_regulator": k * TARGETS_PER_REGULATOR,
        "first": first,
        "supervised": bool(summary["supervised"]),
    }


def _numbers(values: pd.Series) -> list:
    """Return whole numbers as they are, others with three significant digits, None for none."""
    # A column with empty fields alone is read as texts.
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    return [_short(value) for value in numbers]


def _short(value: float) -> float | int | None:
    if not np.isfinite(value):
        return None
    return int(value) if value == int(value) else float(f"{value:.{DIGITS}g}")


def _methods(edges: pd.DataFrame) -> tuple[list[str], list[int]]:
    """Return the methods that support some edge, and for each edge theirs as bits."""
    if METHODS not in edges:
        return [], [0] * len(edges)
    texts = edges[METHODS].fillna("").astype(str)
    split = {text: [name for name in text.split(",") if name] for text in set(texts)}
    methods = sorted({name for names in split.values() for name in names})
    bits = {text: sum(1 << methods.index(name) for name in found) for text, found in split.items()}
    return methods, texts.map(bits).tolist()


def _extra(name: str, values: pd.Series) -> dict:
    """Return a column that the page does not know: numbers, or texts with their places."""
    described = describe_column(name)
    numbers = pd.to_numeric(values.replace("", np.nan), errors="coerce")
    if numbers.notna().equals(values.replace("", np.nan).notna()):
        return {"name": name, **described, "values": _numbers(numbers)}
    texts = sorted(set(values.fillna("").astype(str)))
    place = {text: i for i, text in enumerate(texts)}
    codes = values.fillna("").astype(str).map(place).tolist()
    return {"name": name, **described, "texts": texts, "values": codes}
