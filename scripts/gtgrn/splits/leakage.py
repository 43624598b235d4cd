"""What a model may see of a split: the leak rules, for tables and for matrices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, VAL


def message_edges(split: pd.DataFrame) -> pd.DataFrame:
    """Return the edges over which a model may pass messages: the leak rule in one place.

    Training positives only, and none of which either direction is a validation or test pair:
    a reciprocal edge would tell the model about the pair that judges it.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, a subset of the training positives in the split's order.
    """
    train = split[PART] == TRAIN
    # Unlabelled pairs judge nothing; to count them would cost every edge between regulators of
    # which one has no reference edge.
    judged = split.loc[split[PART].isin([VAL, TEST]), PAIR]
    forbidden = set(zip(judged[REGULATOR], judged[TARGET], strict=True))
    edges = split.loc[train & (split[LABEL] == 1), PAIR]
    keep = [
        (a, b) not in forbidden and (b, a) not in forbidden
        for a, b in zip(edges[REGULATOR], edges[TARGET], strict=True)
    ]
    return edges[np.array(keep, dtype=bool)].reset_index(drop=True)
