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
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.edges import (
    LABEL,
    PAIR,
    PART,
    PARTS,
    REGULATOR,
    TARGET,
    TEST,
    TRAIN,
    UNLABELLED,
    VAL,
    read_table,
    write_table,
)
from gtgrn.errors import InputError
from gtgrn.folds import GENES, REGULATORS, draw_val, hold_out, match_genes
from gtgrn.seeds import derive_seed

logger = logging.getLogger(__name__)

FOLDS = 5
MIN_EDGES = 5
"""Reference edges that a regulator needs to be held out: with fewer it judges nothing."""
VAL_FRACTION = 1 / 8
VAL_FRACTION_REGULATORS = 1 / 6
REMEDY = "Give a larger reference, other fractions or another seed"


def universe(genes: Sequence[str], regulators: Sequence[str]) -> pd.DataFrame:
    """Give every ordered pair (regulator, gene) without self-loops.

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
    """Give 1 for the pairs that are reference edges, else 0, as an int array."""
    known = pd.MultiIndex.from_frame(reference[PAIR])
    return pd.MultiIndex.from_frame(pairs[PAIR]).isin(known).astype(int)


def label_universe(reference: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    """Give all pairs of regulators with a reference edge: regulator, target, label."""
    pairs = universe(genes, reference[REGULATOR].unique())
    return pairs.assign(**{LABEL: label_pairs(pairs, reference)})


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


def split_from_folds(
    reference: pd.DataFrame,
    genes: Sequence[str],
    folds_table: pd.DataFrame,
    fold: int,
    *,
    by: str = TARGET,
) -> pd.DataFrame:
    """Give the split that a fold names: S2 by targets, S3 by regulators.

    Parameters
    ----------
    reference
        Columns regulator, target: reference edges among the genes.
    genes
        All genes of the data set.
    folds_table
        Columns fold, part, gene; what the fold does not name is train.
    fold
        The fold.
    by
        Which end of a pair the genes of the table are: ``target`` or ``regulator``.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, label, part: all pairs of regulators with an edge.

    Raises
    ------
    InputError
        If the fold is not in the table, it names a gene that is not among the genes (by
        regulator: that has no reference edge), or a part lacks one of the two classes.
    """
    if by not in PAIR:
        raise ValueError(f"by is {by!r}, not one of {PAIR}")
    split = label_universe(reference, genes)
    part = folds_table[folds_table["fold"] == fold].set_index("gene")[PART]
    if part.empty:
        known = ", ".join(map(str, sorted(set(folds_table["fold"])))) or "none"
        raise InputError(f"no fold {fold}; there are {known}", remedy="Choose one of them")
    known = set(genes) if by == TARGET else set(split[REGULATOR])
    strangers = sorted(set(part.index) - known)
    if strangers:
        kind = "among the genes" if by == TARGET else "regulators with a reference edge"
        raise InputError(
            f"{len(strangers)} of {len(part)} names of fold {fold} are not {kind}, such as "
            f"{', '.join(strangers[:3])}",
            field="gene",
            remedy="Use the genes and the reference for which the folds were made",
        )
    split[PART] = split[by].map(part).fillna(TRAIN)
    check_split(split, remedy="Use the reference for which the folds were made")
    return split


def _eligible(split: pd.DataFrame, min_edges: int) -> set[str]:
    """Give the regulators with at least `min_edges` positives."""
    counts = split.groupby(REGULATOR)[LABEL].sum()
    return set(counts.index[counts >= min_edges])


def check_split(split: pd.DataFrame, *, remedy: str = REMEDY) -> None:
    """Refuse a split in which a part lacks a class; log its sizes.

    Raises
    ------
    InputError
        Naming the part, the class and, where they are few, the part's regulators, with the
        numbers of pairs and the remedy.
    """
    counts = pd.crosstab(split[PART], split[LABEL])
    counts = counts.reindex(index=PARTS, columns=[0, 1], fill_value=0)
    logger.info("pairs by part and label:\n%s", counts)
    for part in PARTS:
        for label, name in ((1, "reference edge"), (0, "non-edge")):
            if counts.loc[part, label] == 0:
                regulators = sorted(set(split.loc[split[PART] == part, REGULATOR]))
                named = f"; its regulators: {', '.join(regulators[:10])}" if regulators else ""
                raise InputError(
                    f"the {part} part has no {name} "
                    f"({int(split[LABEL].sum())} reference edges among {len(split)} pairs){named}",
                    remedy=remedy,
                )


def write_split(split: pd.DataFrame, path: str | Path) -> None:
    """Write a split, sorted by regulator and target."""
    write_table(split.sort_values(PAIR)[[*PAIR, LABEL, PART]], path)


def read_split(path: str | Path) -> pd.DataFrame:
    """Read and check a split.

    Raises
    ------
    InputError
        If a column is missing, a label is not 0 or 1, a part is unknown or a pair occurs
        twice.
    """
    split = read_table(path, [*PAIR, LABEL, PART])[[*PAIR, LABEL, PART]]
    if not split[LABEL].isin([0, 1]).all():
        raise InputError("labels must be 0 or 1", file=path, field=LABEL, remedy="Correct them")
    if not split[PART].isin(PARTS).all():
        raise InputError(
            f"parts must be {', '.join(PARTS)}", file=path, field=PART, remedy="Correct them"
        )
    if split.duplicated(PAIR).any():
        raise InputError("a pair occurs twice", file=path, remedy="Keep each pair in one part")
    return split.astype({LABEL: int})


def message_edges(split: pd.DataFrame) -> pd.DataFrame:
    """Give the edges over which a model may pass messages: the leak rule in one place.

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


def with_unlabelled(
    split: pd.DataFrame, genes: Sequence[str], regulators: Sequence[str]
) -> pd.DataFrame:
    """Add the pairs of regulators without a reference edge, as part ``unlabelled``.

    A model scores them for the final network; no metric reads them, because nothing says
    whether such a pair is an edge.
    """
    rest = sorted(set(regulators) - set(split[REGULATOR]))
    extra = universe(genes, rest)
    extra[LABEL] = pd.array([pd.NA] * len(extra), dtype="Int64")
    extra[PART] = UNLABELLED
    labelled = split.astype({LABEL: "Int64"})
    return pd.concat([labelled, extra], ignore_index=True)[[*PAIR, LABEL, PART]]
