"""What of a ranking is the popularity of its genes and regulators, and what is left without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from gtgrn.names import RANK, REGULATOR, TARGET

SPECIFIC_RANK = "specific_rank"
MOST_SHARE = 0.5
"""Share of genes with one and the same first regulator from which the network says so."""
SHOWN = 3
ROUNDS, DECIMALS = 20, 9


def specific_rank(network: pd.DataFrame) -> np.ndarray:
    """Return the rank of each pair once regulators and genes are no longer popular.

    The place of a pair, as a normal score, less the mean of its regulator and that of its gene:
    what is left says that this regulator goes with this gene, more than either with others.

    Parameters
    ----------
    network
        Columns rank, regulator, target: every pair, best first.

    Returns
    -------
    numpy.ndarray
        (pairs,) whole numbers from 1, the best; ties follow the network's rank.
    """
    count = len(network)
    left = norm.ppf((count + 0.5 - network[RANK].to_numpy(float)) / count)
    codes = [pd.factorize(network[end])[0] for end in (REGULATOR, TARGET)]
    sizes = [np.bincount(code) for code in codes]
    # Every regulator lacks the pair with itself, so that one round is not quite enough.
    for _ in range(ROUNDS):
        for code, size in zip(codes, sizes, strict=True):
            left = left - (np.bincount(code, left) / size)[code]
    return rankdata(-np.round(left, DECIMALS), method="ordinal").astype(int)


def first_regulators(network: pd.DataFrame) -> dict[str, float]:
    """Return the regulators that come first for most genes, with their shares of the genes.

    Parameters
    ----------
    network
        Columns regulator, target: every pair, best first.
    """
    first = network.drop_duplicates(TARGET)[REGULATOR].value_counts(normalize=True)
    order = sorted(first.items(), key=lambda item: (-item[1], str(item[0])))
    return {str(name): round(float(share), 6) for name, share in order[:SHOWN]}


def describe_popularity(network: pd.DataFrame) -> str:
    """Return the sentence on regulators whose order is the same for most genes; else nothing."""
    shares = first_regulators(network)
    if network[REGULATOR].nunique() < 2 or not shares:
        return ""
    name, share = next(iter(shares.items()))
    if share < MOST_SHARE:
        return ""
    return (
        f"{name} comes first for {100 * share:.0f} % of the genes: the order of the regulators "
        f"hardly depends on the gene. The column {SPECIFIC_RANK} has the rank that is left when "
        "the popularity of regulators and genes is taken out."
    )
