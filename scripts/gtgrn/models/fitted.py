"""What a fitted model leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import nn


@dataclass(frozen=True)
class Fitted:
    """What training gives.

    Attributes
    ----------
    scores
        (pairs,) logits, in the order of the pairs.
    embeddings
        (genes, d) states of the last layer.
    history
        One dictionary a check.
    model, config
        The module in its best state and the arguments that rebuild it.
    messages, exposure
        Recorded from what entered the network, for the audit: the edges over which messages
        were passed (columns regulator, target), and counts by phase; see
        :class:`gtgrn.splits.exposure.Exposure`.
    """

    scores: np.ndarray
    embeddings: np.ndarray
    history: list[dict]
    model: nn.Module
    config: dict
    messages: pd.DataFrame
    exposure: pd.DataFrame
