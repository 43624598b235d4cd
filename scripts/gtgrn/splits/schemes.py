"""The schemes by which pairs are divided, by the names that the configuration gives them.

Five splits ask five questions: S1 :func:`split_edges` unseen pairs of known regulators and
targets, S2 :func:`split_genes` unseen targets, S3 :func:`split_regulators` unseen regulators,
S4 :func:`split_both` pairs of which both ends are unseen, S5
:func:`~gtgrn.splits.transfer.split_transfer` another data set. All depend on names and the seed
only, not on the order of genes or edges.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.config.settings import parse_scheme
from gtgrn.names import (
    BOTH,
    EDGES,
    LABEL,
    PAIR,
    PART,
    PARTS,
    REGULATOR,
    TARGET,
    TFS,
    TRAIN,
    TRANSFER,
)
from gtgrn.seeds import derive_seed
from gtgrn.splits.folds import (
    FOLDS,
    GENES,
    MIN_EDGES,
    REGULATORS,
    VAL_FRACTION,
    VAL_FRACTION_REGULATORS,
    eligible_regulators,
    hold_out,
)
from gtgrn.splits.shipped import read_shipped_folds, read_shipped_split
from gtgrn.splits.tables import check_split
from gtgrn.splits.transfer import split_transfer
from gtgrn.splits.universe import label_universe

logger = logging.getLogger(__name__)


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
        ``_`` and a percentage behind it for less training (:func:`thin_train`).
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    seed
        Seed of S1. The other schemes have folds: seed i tests fold i, so that the seeds
        0 to `folds` - 1 test every gene (or regulator) once; further seeds partition anew.
    fractions, folds
        Of train, val and test in S1; number of folds of the other schemes.
    shipped
        The card's section of this scheme, if the data set ships its split.
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
    if shipped:
        if shipped["format"] == "folds":
            split = read_shipped_folds(shipped, scheme, seed, reference, genes)
        else:
            split = read_shipped_split(shipped, genes)
        check_split(split)
    elif scheme == TRANSFER:
        if source is None:
            raise ValueError("the scheme transfer needs a source")
        split = split_transfer(*source, reference, genes, seed=seed)
    elif scheme == EDGES:
        split = split_edges(reference, genes, fractions=fractions, seed=seed)
    else:
        draw = FOLDED[scheme]
        split = draw(reference, genes, folds=folds, fold=seed % folds, seed=seed // folds)
    return split if share == 1 else thin_train(split, share, seed=seed)


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


def split_edges(
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    fractions: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Draw split S1: each regulator's positives and non-targets are cut by the same fractions.

    What does not divide evenly goes to the part that is furthest behind over all regulators,
    so the parts keep their fractions even where regulators have one edge or two. The draw
    depends on names and the seed only, not on the order of genes or edges.

    Parameters
    ----------
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    fractions
        Fraction of each part (train, val, test); they sum to one.
    seed
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part: all pairs of regulators with an edge.

    Raises
    ------
    InputError
        If a part would lack one of the two classes.
    """
    split = label_universe(reference, genes)
    shares = np.array([fractions[part] for part in PARTS])
    parts = np.empty(len(split), dtype=object)
    for label in (0, 1):
        groups = split[split[LABEL] == label].groupby(REGULATOR).indices
        rows_of_class = np.flatnonzero(split[LABEL] == label)
        given = np.zeros(len(PARTS))
        for name in sorted(groups, key=lambda name: derive_seed(seed, "order", label, name)):
            rows = rows_of_class[groups[name]]
            rng = np.random.default_rng(derive_seed(seed, "edges", label, name))
            counts = np.floor(shares * len(rows)).astype(int)
            for _ in range(len(rows) - counts.sum()):
                behind = shares * (given.sum() + counts.sum() + 1) - given - counts
                counts[np.argmax(behind)] += 1
            given += counts
            parts[rng.permutation(rows)] = np.repeat(PARTS, counts)
    split[PART] = parts
    check_split(split)
    return split


def split_genes(
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    folds: int = FOLDS,
    fold: int = 0,
    val_fraction: float = VAL_FRACTION,
    seed: int,
) -> pd.DataFrame:
    """Draw split S2: target genes are partitioned, every pair into a test gene is test.

    A gene that is held out as a target may still be a regulator in the train part.

    Parameters
    ----------
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    folds, fold
        Number of folds and the one that is test, from 0; sizes differ by one gene at most.
    val_fraction
        Fraction of the other genes whose pairs are val.
    seed
        Seed of the partition, the same for all folds of one repetition.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part: all pairs of regulators with an edge.

    Raises
    ------
    InputError
        If `fold` is not one of the folds, there are too few genes, or a part would lack one
        of the two classes.
    """
    split = label_universe(reference, genes)
    part = hold_out(set(genes), GENES, folds, fold, val_fraction, seed)
    split[PART] = split[TARGET].map(part)
    check_split(split)
    return split


def split_regulators(
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    folds: int = FOLDS,
    fold: int = 0,
    val_fraction: float = VAL_FRACTION_REGULATORS,
    min_edges: int = MIN_EDGES,
    seed: int,
) -> pd.DataFrame:
    """Draw split S3: regulators are partitioned, every pair of a test regulator is test.

    Regulators with fewer than `min_edges` reference edges are always train. At least three
    regulators are val, or half of those that are not test where they are fewer than six.

    Parameters
    ----------
    reference, genes, folds, fold, val_fraction, seed
        As for :func:`split_genes`, with regulators for genes.
    min_edges
        Reference edges among the genes that a regulator needs to be held out.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part: all pairs of regulators with an edge.

    Raises
    ------
    InputError
        If `fold` is not one of the folds, too few regulators have `min_edges` edges, or a
        part would lack one of the two classes.
    """
    split = label_universe(reference, genes)
    part = hold_out(
        eligible_regulators(split, min_edges), REGULATORS, folds, fold, val_fraction, seed
    )
    split[PART] = split[REGULATOR].map(part).fillna(TRAIN)
    check_split(split, remedy="Give a larger reference, fewer folds or another seed")
    return split


def split_both(
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    folds: int = FOLDS,
    fold: int = 0,
    val_fraction: float = VAL_FRACTION,
    val_fraction_regulators: float = VAL_FRACTION_REGULATORS,
    min_edges: int = MIN_EDGES,
    seed: int,
) -> pd.DataFrame:
    """Draw split S4: both ends of a test pair are new to training.

    Regulators and targets are partitioned as by :func:`split_regulators` and
    :func:`split_genes` with the same seed. A pair is in a part if both of its ends are; all
    other pairs are in no part and not in the table, because training on a pair of a test
    regulator (or into a test gene) would make that end a known one. The same holds for
    validation, so that it judges what the test part judges.

    Parameters
    ----------
    reference, genes, folds, fold, val_fraction, min_edges, seed
        As for :func:`split_genes` and :func:`split_regulators`.
    val_fraction_regulators
        Fraction of the regulators that are neither test nor short of edges.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part: the pairs of regulators with an edge that are in
        a part.

    Raises
    ------
    InputError
        As :func:`split_genes` and :func:`split_regulators`.
    """
    split = label_universe(reference, genes)
    eligible = eligible_regulators(split, min_edges)
    regulators = hold_out(eligible, REGULATORS, folds, fold, val_fraction_regulators, seed)
    targets = hold_out(set(genes), GENES, folds, fold, val_fraction, seed)
    split[PART] = split[REGULATOR].map(regulators).fillna(TRAIN)
    agree = split[PART] == split[TARGET].map(targets)
    logger.info("%d of %d pairs are in no part: their ends differ", (~agree).sum(), len(split))
    split = split[agree].reset_index(drop=True)
    check_split(split, remedy="Give a larger reference, fewer folds or another seed")
    return split


FOLDED = {GENES: split_genes, TFS: split_regulators, BOTH: split_both}
