"""What other contexts say without a model: what a claim with context must beat.

Like the predictors of :mod:`gtgrn.models.nulls.predictors` they score every row of a split and
read the labels of its train part at most.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import logit
from threadpoolctl import threadpool_limits

from gtgrn.context.rows import SourceRows
from gtgrn.context.transfer import BLOCK, FEATURES, PairFeatures
from gtgrn.names import (
    POPULARITY_ELSEWHERE,
    RATE_AND_POPULARITY,
    REGULATOR,
    SAME_REGULATOR,
    TARGET,
)
from gtgrn.splits.universe import encode_pairs, smoothed_rates

POPULAR, COPY = FEATURES.index("popularity chip"), FEATURES.index("same regulator chip")


def score_context_nulls(
    split: pd.DataFrame, sources: list[SourceRows], genes: list[str]
) -> dict[str, np.ndarray]:
    """Return the scores of the three nulls, by name, aligned with the rows of the split.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    sources
        The sources that the data set may use, on the genes.
    genes
        Names of the genes; every target of the split is one.

    Returns
    -------
    dict of str to numpy.ndarray
        popularity_elsewhere: the gene's effect over the other regulators elsewhere, as a rank
        within the regulator; same_regulator_elsewhere: the mean of the regulator's own rows,
        zero without any; tf_rate_popularity_elsewhere: log-odds of a logistic regression on
        the regulator's train rate and the first.
    """
    regulators, row = np.unique(split[REGULATOR].to_numpy(str), return_inverse=True)
    column = pd.Index(genes).get_indexer(split[TARGET])
    features = PairFeatures(sources, len(genes))
    popular, copy = np.zeros(len(split)), np.zeros(len(split))
    for start in range(0, len(regulators), BLOCK):
        block = features.of(regulators[start : start + BLOCK])
        here = (row >= start) & (row < start + BLOCK)
        popular[here] = block[row[here] - start, column[here], POPULAR]
        copy[here] = block[row[here] - start, column[here], COPY]
    return {
        POPULARITY_ELSEWHERE: popular,
        RATE_AND_POPULARITY: _with_rates(split, popular),
        SAME_REGULATOR: copy,
    }


def _with_rates(split: pd.DataFrame, popular: np.ndarray) -> np.ndarray:
    """Return log-odds from the regulator's train rate and the gene's popularity elsewhere."""
    from sklearn.linear_model import LogisticRegression

    pairs = encode_pairs(split)
    rates = logit(smoothed_rates(pairs, pairs.regulator))[pairs.regulator]
    if len(set(pairs.labels)) < 2:
        return rates + popular
    design = np.column_stack([rates, popular])
    with threadpool_limits(1):
        model = LogisticRegression(max_iter=2000).fit(design[pairs.train], pairs.labels)
        return model.decision_function(design)
