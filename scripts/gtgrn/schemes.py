"""The schemes by which pairs are divided, by the names that the configuration gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.edges import LABEL, PAIR, PART, TRAIN
from gtgrn.reference import read_shipped_folds, read_shipped_split
from gtgrn.seeds import derive_seed
from gtgrn.settings import parse_scheme
from gtgrn.splits import (
    check_split,
    split_both,
    split_edges,
    split_genes,
    split_regulators,
    split_transfer,
)

EDGES, GENES, TFS, BOTH, TRANSFER = "edges", "genes", "tfs", "both", "transfer"
FOLDED = {GENES: split_genes, TFS: split_regulators, BOTH: split_both}


def draw_split(
    scheme: str,
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    seed: int,
    fractions: Mapping[str, float],
    folds: int,
    shipped: Mapping | None = None,
    source: tuple[pd.DataFrame, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Draw the split of a scheme, or take the one that the data set ships.

    Parameters
    ----------
    scheme
        ``edges`` (S1), ``genes`` (S2), ``tfs`` (S3), ``both`` (S4) or ``transfer`` (S5), with
        ``_`` and a percentage behind it for less training, see
        :func:`gtgrn.settings.parse_scheme`. Validation
        and test parts are those of the whole scheme.
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    seed
        Seed of S1. The other schemes have folds: seed i tests fold i, so that the seeds
        0 to `folds` - 1 test every gene (or regulator) once; further seeds partition anew.
    fractions
        Of train, val and test in S1.
    folds
        Number of folds of the other schemes.
    shipped
        The card's section of this scheme, where the data set ships its split.
    source
        For S5, reference edges and genes of the data set that trains.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part.

    Raises
    ------
    InputError
        If a part would lack one of the two classes, or shipped files do not fit.
    """
    scheme, share = parse_scheme(scheme)
    if share < 1:
        whole = draw_split(
            scheme, reference, genes, seed=seed, fractions=fractions, folds=folds, shipped=shipped,
            source=source,
        )  # fmt: skip
        return thin_train(whole, share, seed=seed)
    if shipped and shipped["format"] == "folds":
        split = read_shipped_folds(shipped, scheme, seed, reference, genes)
    elif shipped:
        split = read_shipped_split(shipped, genes)
    elif scheme == TRANSFER:
        return split_transfer(*source, reference, genes, seed=seed)
    elif scheme == EDGES:
        return split_edges(reference, genes, fractions=fractions, seed=seed)
    else:
        return FOLDED[scheme](reference, genes, folds=folds, fold=seed % folds, seed=seed // folds)
    check_split(split)
    return split


def thin_train(split: pd.DataFrame, share: float, *, seed: int) -> pd.DataFrame:
    """Leave out train pairs, for a learning curve; the other parts stay whole.

    Parameters
    ----------
    split
        Columns regulator, target, label, part.
    share
        Share of the train pairs of either class to keep. At one seed, what a smaller share keeps a
        larger one keeps as well.
    seed
        Seed of the draw, which depends on names and not on the order of rows.

    Returns
    -------
    pandas.DataFrame
        The split without the pairs left out, which are thus unlabelled.

    Raises
    ------
    InputError
        If the train part would lack one of the two classes.
    """
    split = split.sort_values(PAIR, ignore_index=True)
    keep = (split[PART] != TRAIN).to_numpy()
    for label in (0, 1):
        rows = np.flatnonzero((split[PART] == TRAIN) & (split[LABEL] == label))
        order = np.random.default_rng(derive_seed(seed, "thin", label)).permutation(rows)
        keep[order[: round(share * len(rows))]] = True
    thinned = split[keep].reset_index(drop=True)
    check_split(thinned)
    return thinned
