"""Split S5: train on the labels of one data set, test on those of another."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.names import PAIR, PART, REGULATOR, TEST, TRAIN, VAL
from gtgrn.seeds import derive_seed
from gtgrn.splits.folds import (
    MIN_EDGES,
    REGULATORS,
    VAL_FRACTION_REGULATORS,
    draw_val,
    eligible_regulators,
    match_genes,
)
from gtgrn.splits.tables import check_split
from gtgrn.splits.universe import label_pairs, label_universe

logger = logging.getLogger(__name__)


def split_transfer(
    train_reference: pd.DataFrame,
    train_genes: Sequence[str],
    test_reference: pd.DataFrame,
    test_genes: Sequence[str],
    *,
    orthologues: Mapping[str, str] | None = None,
    val_fraction: float = VAL_FRACTION_REGULATORS,
    min_edges: int = MIN_EDGES,
    seed: int,
) -> pd.DataFrame:
    """Draw split S5: train on the labels of one data set, test on those of another.

    All names are those of the test data set. Train and val are the source's pairs of which
    both ends have a name there, cut by regulators (the test judges regulators that are new
    to training, too); test are all pairs of the test data set. A pair that both know is test
    only. As the test part holds all pairs of its labelled regulators, training sees other
    regulators alone: what can be transferred is what makes a gene a target, never a
    regulator's own list of targets.

    Parameters
    ----------
    train_reference, train_genes
        Reference edges (regulator, target) and genes of the source.
    test_reference, test_genes
        Those of the data set to be judged.
    orthologues
        See :func:`gtgrn.splits.folds.match_genes`.
    val_fraction, min_edges, seed
        As for :func:`gtgrn.splits.schemes.split_regulators`, of the source's pairs that are left.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part, sorted by pair.

    Raises
    ------
    InputError
        If no gene of the source has a name in the test data set, too few regulators are left
        to train and validate, or a part would lack one of the two classes.
    """
    names = match_genes(train_genes, test_genes, orthologues)
    test = label_universe(test_reference, test_genes).assign(**{PART: TEST})
    kept = _name_pairs(label_universe(train_reference, train_genes), names, test)
    logger.info("%d of %d genes are in the test data set", len(names), len(set(train_genes)))
    remedy = "Give a table of orthologues, or a source with more regulators"
    eligible = eligible_regulators(kept, min_edges)
    if len(eligible) < 2:
        raise InputError(
            f"{len(eligible)} regulators of the source have {min_edges} reference edges outside "
            "the test part, 2 are needed",
            remedy=remedy,
        )
    val = draw_val(sorted(eligible), REGULATORS, val_fraction, derive_seed(seed, "transfer"))
    kept = kept.assign(**{PART: np.where(kept[REGULATOR].isin(val), VAL, TRAIN)})
    split = pd.concat([kept, test]).sort_values(PAIR, ignore_index=True)
    check_split(split, remedy=remedy)
    return split


def _name_pairs(
    source: pd.DataFrame, names: Mapping[str, str], test: pd.DataFrame
) -> pd.DataFrame:
    """Return the source's pairs by the names of the test data set, without its test pairs."""
    source = source.assign(**{end: source[end].map(names) for end in PAIR}).dropna()
    kept = source[label_pairs(source, test) == 0]
    logger.info(
        "%d of the source's pairs have both ends in the test data set, %d of them are test pairs, "
        "which train nothing",
        len(source), len(source) - len(kept),
    )  # fmt: skip
    return kept
