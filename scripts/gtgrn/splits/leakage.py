"""What a model may see of a split: the leak rule, for tables, indices and matrices.

A pair may carry a message if its training label is known and neither it nor its reverse judges a
model or is asked about in the same step: an edge tells about the pair of the same two genes in
the other direction. The rule stands here once for each form in which pairs occur, and callers
reach it through this module, so that a test can take a guard away and see who finds out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, VAL


def message_edges(split: pd.DataFrame) -> pd.DataFrame:
    """Return the edges over which a model may pass messages.

    Training positives only, and none of which either direction is a validation or test pair.

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


def outside_of(pairs, asked, n: int):
    """Mark the pairs that a step may see: neither direction is asked about in it.

    Parameters
    ----------
    pairs, asked
        Two tensors of node indices each: regulators and targets.
    n
        Number of nodes.

    Returns
    -------
    torch.Tensor
        (pairs,) bool.
    """
    # Imported here: encodings and the audit read tables and run without torch.
    import torch

    of_pairs, of_asked = (torch.minimum(a, b) * n + torch.maximum(a, b) for a, b in (pairs, asked))
    return ~torch.isin(of_pairs, of_asked)


def reverse_of(pairs: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    """Mark the pairs (b, a) of marked pairs (a, b) of which both are regulators.

    Parameters
    ----------
    pairs
        (T, G) bool, regulators by genes.
    regulators
        (T,) column of each regulator.
    """
    reverse = np.zeros_like(pairs)
    reverse[:, regulators] = pairs[:, regulators].T
    return reverse


def open_pairs(
    known: np.ndarray, judged: np.ndarray, asked: np.ndarray, regulators: np.ndarray
) -> np.ndarray:
    """Mark the known pairs that may carry messages.

    Parameters
    ----------
    known
        (T, G) bool: pairs of which the label may be used at all.
    judged
        (T, G) bool: validation and test pairs.
    asked
        (T, G) bool: pairs that the same step asks about.
    regulators
        (T,) column of each regulator.
    """
    return known & ~asked & ~reverse_of(asked | judged, regulators)
