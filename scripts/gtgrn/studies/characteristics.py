"""Networks made anew by models, cut to edges: Table 5 and the data of Figure 6 of the paper.

The paper names no threshold. Its GENELink and GNNLink rows are the graph of every pair of 54
regulators and 4000 genes, so that whatever it was, those two passed every pair; such a graph
stands beside every table here. A matched number of edges is the fair comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.evaluation.reconstruction import align_predictions
from gtgrn.evaluation.topology import (
    CHARACTERISTICS,
    characteristics_correlation,
    network_characteristics,
    select_edges,
)
from gtgrn.names import AREAS, AUPRC, AUROC, PAIR, REGULATOR, SCORE, TARGET, WEIGHT
from gtgrn.studies.paper_tables import GOLD, PBMC, TESTED, paper_value

MATCHED, THRESHOLD, PRINTED = "matched", "threshold", "paper"
EVERY_PAIR = "every_pair"
SHOWN = ["network", "kind", "selection", "directed_edges", *CHARACTERISTICS, "PCC", "log_PCC"]
COLUMNS = [*SHOWN, *AREAS]


def mean_over_seeds(
    pairs: pd.DataFrame, tables: Sequence[pd.DataFrame], *, ranks: bool = False
) -> np.ndarray:
    """Average a method's predictions over seeds.

    Parameters
    ----------
    pairs
        regulator, target: the universe.
    tables
        regulator, target, score, one table per seed.
    ranks
        Average ranks in (0, 1] instead of probabilities. Nulls score on scales of their own,
        where the logistic function would make ties of large values.

    Returns
    -------
    numpy.ndarray
        (pairs,)
    """
    if not ranks:
        return np.mean([align_predictions(pairs, table) for table in tables], axis=0)
    names = pd.MultiIndex.from_frame(pairs[PAIR])
    aligned = (table.set_index(PAIR)[SCORE].astype(float).reindex(names) for table in tables)
    return np.mean([v.fillna(v.min()).rank(pct=True).to_numpy() for v in aligned], axis=0)


def mean_areas(
    measured: pd.DataFrame, nulls: pd.DataFrame, chosen: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return test AUROC and AUPRC of models and nulls, means over seeds.

    Parameters
    ----------
    measured
        From :func:`gtgrn.studies.peers.measure`.
    nulls
        From :func:`gtgrn.studies.paper_tables.measure_nulls`, for all seeds.
    chosen
        Nulls to give.
    """
    means = measured.groupby(["model", "form"])[AREAS].mean()
    areas = {"/".join(row.Index): (row.AUROC, row.AUPRC) for row in means.itertuples()}
    tested = nulls[nulls["pairs"] == TESTED].groupby(["method", "metric"])["value"].mean()
    return areas | {null: tuple(tested[null, metric] for metric in AREAS) for null in chosen}


def cut_networks(
    weights: Mapping[str, np.ndarray],
    nulls: Mapping[str, np.ndarray],
    pairs: pd.DataFrame,
    reference: pd.DataFrame,
    threshold: float,
) -> dict[tuple[str, str], pd.DataFrame]:
    """Cut networks to edges.

    Parameters
    ----------
    weights
        Model -> (pairs,) probabilities: cut at the threshold and to the reference's number.
    nulls
        Null -> (pairs,) ranks above zero: cut to the reference's number.
    pairs
        regulator, target: the universe.
    reference
        regulator, target.
    threshold
        Least probability of an edge.

    Returns
    -------
    dict
        (network, selection) -> regulator, target; the reference first, every pair last.
    """
    edges = reference.loc[reference[REGULATOR] != reference[TARGET], PAIR].drop_duplicates()
    cut = {(GOLD, GOLD): edges}
    for name, values in weights.items():
        network = pairs[PAIR].assign(**{WEIGHT: values})
        cut[name, MATCHED] = select_edges(network, k=len(edges))
        cut[name, THRESHOLD] = select_edges(network, threshold=threshold)
    for name, values in nulls.items():
        network = pairs[PAIR].assign(**{WEIGHT: values})
        cut[name, MATCHED] = select_edges(network, k=len(edges))
    cut[EVERY_PAIR, EVERY_PAIR] = pairs[PAIR]
    return cut


def describe_regenerated(
    cut: Mapping[tuple[str, str], pd.DataFrame],
    areas: Mapping[str, tuple[float, float]],
    kinds: Mapping[str, str],
    numbers: pd.DataFrame,
) -> pd.DataFrame:
    """Return Table 5: characteristics of the networks, the reference's, and the paper's rows.

    Parameters
    ----------
    cut
        From :func:`cut_networks`.
    areas
        Network -> test AUROC and AUPRC, means over seeds.
    kinds
        Network -> ``model`` or ``null``.
    numbers
        From :func:`gtgrn.studies.paper_tables.read_paper_numbers`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`. Rows of selection ``paper`` are the paper's, on its PBMC set.
    """
    true = network_characteristics(cut[GOLD, GOLD])
    rows = []
    for (name, selection), edges in cut.items():
        found = network_characteristics(edges)
        auroc, auprc = areas.get(name, (np.nan, np.nan))
        rows.append(
            {"network": name, "selection": selection, "directed_edges": len(edges)}
            | {"kind": GOLD if name == GOLD else kinds.get(name, "null_model")}
            | {AUROC: auroc, AUPRC: auprc}
            | found
            | {
                "PCC": characteristics_correlation(found, true),
                "log_PCC": characteristics_correlation(found, true, signed_log=True),
            }
        )
    return pd.DataFrame([*rows, *printed_rows(numbers)])[COLUMNS].reset_index(drop=True)


def printed_rows(numbers: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows that the paper prints, and log_PCC from its numbers; the rest is missing."""
    models = numbers.loc[numbers["table"] == "table5", "model"].unique()
    metrics = [*CHARACTERISTICS, "PCC", AUROC]
    printed = {
        model: {metric: paper_value(numbers, "table5", PBMC, model, metric) for metric in metrics}
        for model in models
    }
    return [
        dict.fromkeys(COLUMNS, np.nan)
        | {"network": model, "kind": PRINTED, "selection": PRINTED}
        | row
        | {"log_PCC": characteristics_correlation(row, printed[GOLD], signed_log=True)}
        for model, row in printed.items()
    ]
