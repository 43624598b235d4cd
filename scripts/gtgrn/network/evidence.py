"""What speaks for the predicted edges: known edges, methods that agree, training edges."""

from __future__ import annotations

import pandas as pd

from gtgrn.names import GENE, KNOWN, METHODS, RANK, REGULATOR, SIGN, TARGET
from gtgrn.network.regulons import CORRELATION, IMPORTANCE

TRAINED = "trained_seeds"
COUNT, MEAN_RANK = "n_methods", "mean_rank"
NUMBERS = ["predicted", "predicted_known", "supported", "known", "trained"]


def count_methods(network: pd.DataFrame) -> pd.Series:
    """Return the number of expression-only methods that support each pair."""
    return network[METHODS].map(lambda names: len(names.split(",")) if names else 0)


def regulator_counts(network: pd.DataFrame) -> pd.DataFrame:
    """Return each regulator's known edges and those that were trained on in some seed.

    Parameters
    ----------
    network
        The ranked network; one without a reference has no known edges.

    Returns
    -------
    pandas.DataFrame
        Columns known and trained by regulator.
    """
    if KNOWN not in network:
        names = pd.Index(sorted(set(network[REGULATOR])), name=REGULATOR)
        return pd.DataFrame({"known": 0, "trained": 0}, index=names)
    known = network[KNOWN].astype(int)
    trained = known.where(network[TRAINED] > 0, 0)
    found = network[[REGULATOR]].assign(known=known, trained=trained)
    return found.groupby(REGULATOR)[["known", "trained"]].sum()


def rank_regulators(
    network: pd.DataFrame,
    edges: pd.DataFrame,
    min_methods: int,
    ranking: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what is known about each regulator of the predicted edges.

    Parameters
    ----------
    network
        The ranked network.
    edges
        Its selected edges, from :func:`gtgrn.network.regulons.select_edges`.
    min_methods
        An edge is supported if so many expression-only methods have it.
    ranking
        Centralities of the predicted network (columns gene, mean_rank, network), where they
        were computed.

    Returns
    -------
    pandas.DataFrame
        regulator, predicted (targets), predicted_known (of these in the reference), supported
        (of these by at least `min_methods`), known (edges in the reference), trained (of these
        in the training part of some seed), best_rank (of its best edge) and, with a ranking,
        mean_rank; most targets first.
    """
    known = edges[KNOWN].astype(int) if KNOWN in edges else 0
    rows = edges.assign(predicted_known=known, supported=count_methods(edges) >= min_methods)
    groups = rows.groupby(REGULATOR)
    table = pd.DataFrame(
        {
            "predicted": groups.size(),
            "predicted_known": groups["predicted_known"].sum(),
            "supported": groups["supported"].sum(),
        }
    )
    table = table.join(regulator_counts(network))[NUMBERS].astype(int)
    table["best_rank"] = groups[RANK].min()
    if ranking is not None:
        own = ranking[ranking["network"] == "predicted"].set_index(GENE)[MEAN_RANK]
        table[MEAN_RANK] = own.reindex(table.index)
    table = table.reset_index()
    return table.sort_values(
        ["predicted", "best_rank"], ascending=[False, True], ignore_index=True
    )


def novel_edges(network: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of the final network that the reference lacks."""
    if KNOWN not in network:
        return network
    return network[network[KNOWN].astype(int) == 0].reset_index(drop=True)


def describe_novel(novel: pd.DataFrame, network: pd.DataFrame) -> pd.DataFrame:
    """Return novel edges with what supports them.

    Parameters
    ----------
    novel
        The best of :func:`novel_edges` of :func:`gtgrn.network.regulons.rated`, signed by
        :func:`gtgrn.network.regulons.sign_edges`.
    network
        The ranked network.

    Returns
    -------
    pandas.DataFrame
        rank (in the final network), regulator, target, importance (probability, or the score
        of the consensus), methods, n_methods, correlation, sign (of the correlation),
        regulator_known and regulator_trained (edges of the regulator in the reference, and in
        the training part of some seed).
    """
    counts = regulator_counts(network).add_prefix("regulator_")
    table = novel.assign(**{COUNT: count_methods(novel)}).join(counts, on=REGULATOR)
    columns = [RANK, REGULATOR, TARGET, IMPORTANCE, METHODS, COUNT, CORRELATION, SIGN]
    return table[[*columns, *counts.columns]]
