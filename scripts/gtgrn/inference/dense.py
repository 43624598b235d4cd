"""Networks in which every pair of a regulator and a gene has a weight."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gtgrn.names import REGULATOR, TARGET, WEIGHT


def tabulate_weights(weights: np.ndarray, regulators: list[str], genes: list[str]) -> pd.DataFrame:
    """Return regulators x genes weights as a network: regulator, target, weight."""
    return pd.DataFrame(
        {
            REGULATOR: np.repeat(regulators, len(genes)),
            TARGET: np.tile(genes, len(regulators)),
            WEIGHT: weights.ravel(),
        }
    )
