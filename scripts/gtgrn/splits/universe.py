"""Universe, splits and the message graph: what a model may see, and what judges it.

Definitions follow the workflow's evaluation design: U is every pair (t, g) of a regulator t
and a gene g other than t; Y are the reference edges inside U. A split is a table of pairs of
labelled regulators (those with a reference edge) with a label and a part.

Five splits ask five questions: S1 :func:`split_edges` unseen pairs of known regulators and
targets, S2 :func:`split_genes` unseen targets, S3 :func:`split_regulators` unseen regulators,
S4 :func:`split_both` pairs of which both ends are unseen, S5 :func:`split_transfer` another
data set. All depend on names and the seed only, not on the order of genes or edges.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.models.nulls.label_features import encode_pairs, smoothed_rates
from gtgrn.names import LABEL, PAIR, REGULATOR, TARGET

logger = logging.getLogger(__name__)


def universe(genes: Sequence[str], regulators: Sequence[str]) -> pd.DataFrame:
    """Return every ordered pair (regulator, gene) without self-loops.

    Parameters
    ----------
    genes
        Names of the genes; every regulator must be among them.
    regulators
        Names of the regulators.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target; |regulators| * (|genes| - 1) rows, sorted by name.
    """
    genes, regulators = sorted(set(genes)), sorted(set(regulators))
    strangers = sorted(set(regulators) - set(genes))
    if strangers:
        raise InputError(
            f"{len(strangers)} regulators are not among the genes, such as {strangers[0]}",
            remedy="Give regulators by the names that the expression uses",
        )
    pairs = pd.DataFrame(
        {
            REGULATOR: np.repeat(np.array(regulators, dtype=object), len(genes)),
            TARGET: np.tile(np.array(genes, dtype=object), len(regulators)),
        }
    )
    return pairs[pairs[REGULATOR] != pairs[TARGET]].reset_index(drop=True)


def label_pairs(pairs: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Return 1 for the pairs that are reference edges, else 0, as an int array."""
    known = pd.MultiIndex.from_frame(reference[PAIR])
    return pd.MultiIndex.from_frame(pairs[PAIR]).isin(known).astype(int)


def label_universe(reference: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    """Return all pairs of regulators with a reference edge: regulator, target, label."""
    pairs = universe(genes, reference[REGULATOR].unique())
    return pairs.assign(**{LABEL: label_pairs(pairs, reference)})


def target_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the target's smoothed train rate: the gene's popularity.

    A target without train pairs gets the mean rate. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    return smoothed_rates(pairs, pairs.target)[pairs.target]
