"""The schemes by which pairs are divided, by the names that the configuration gives them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.config.settings import parse_scheme
from gtgrn.errors import InputError
from gtgrn.names import (
    BOTH,
    EDGES,
    LABEL,
    PAIR,
    PART,
    PARTS,
    REGULATOR,
    TARGET,
    TEST,
    TFS,
    TRAIN,
    TRANSFER,
    VAL,
)
from gtgrn.seeds import derive_seed
from gtgrn.splits.folds import GENES, REGULATORS, draw_val, hold_out, match_genes
from gtgrn.splits.shipped import read_shipped_folds, read_shipped_split
from gtgrn.splits.tables import check_split
from gtgrn.splits.universe import label_pairs, label_universe


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
        :func:`gtgrn.config.settings.parse_scheme`. Validation
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


logger = logging.getLogger(__name__)

FOLDS = 5
MIN_EDGES = 5
"""Reference edges that a regulator needs to be held out: with fewer it judges nothing."""
VAL_FRACTION = 1 / 8
VAL_FRACTION_REGULATORS = 1 / 6


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
    part = hold_out(_eligible(split, min_edges), REGULATORS, folds, fold, val_fraction, seed)
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

    Returns and raises what those two do, but for the pairs that are left out.
    """
    split = label_universe(reference, genes)
    eligible = _eligible(split, min_edges)
    regulators = hold_out(eligible, REGULATORS, folds, fold, val_fraction_regulators, seed)
    targets = hold_out(set(genes), GENES, folds, fold, val_fraction, seed)
    split[PART] = split[REGULATOR].map(regulators).fillna(TRAIN)
    agree = split[PART] == split[TARGET].map(targets)
    logger.info("%d of %d pairs are in no part: their ends differ", (~agree).sum(), len(split))
    split = split[agree].reset_index(drop=True)
    check_split(split, remedy="Give a larger reference, fewer folds or another seed")
    return split


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
        Gene of the source -> gene of the test data set; by default the gene whose symbol is
        the same but for upper and lower case. Genes that share a name on the other side are
        left out: nothing says which of them is meant.
    val_fraction, min_edges, seed
        As for :func:`split_regulators`, of the source's pairs that are left.

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
    source = label_universe(train_reference, train_genes)
    source = source.assign(**{end: source[end].map(names) for end in PAIR}).dropna()
    kept = source[label_pairs(source, test) == 0]
    logger.info(
        "%d of %d genes have a name in the test data set; %d of the source's pairs with both "
        "ends named, %d of them test pairs, which train nothing",
        len(names), len(set(train_genes)), len(source), len(source) - len(kept),
    )  # fmt: skip
    remedy = "Give a table of orthologues, or a source with more regulators"
    eligible = _eligible(kept, min_edges)
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


FOLDED = {GENES: split_genes, TFS: split_regulators, BOTH: split_both}


def _eligible(split: pd.DataFrame, min_edges: int) -> set[str]:
    """Return the regulators with at least `min_edges` positives."""
    counts = split.groupby(REGULATOR)[LABEL].sum()
    return set(counts.index[counts >= min_edges])
