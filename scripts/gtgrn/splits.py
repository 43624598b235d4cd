"""Universe, splits and the message graph: what a model may see, and what judges it.

Definitions follow the workflow's evaluation design: U is every pair (t, g) of a regulator t
and a gene g other than t; Y are the reference edges inside U. A split is a table of pairs of
labelled regulators (those with a reference edge) with a label and a part.
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
from gtgrn.seeds import derive_seed

logger = logging.getLogger(__name__)


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
    split = universe(genes, reference[REGULATOR].unique())
    split[LABEL] = label_pairs(split, reference)
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


def check_split(split: pd.DataFrame) -> None:
    """Refuse a split in which a part lacks a class; log its sizes.

    Raises
    ------
    InputError
        Naming the part and the class, with the numbers of pairs.
    """
    counts = pd.crosstab(split[PART], split[LABEL])
    counts = counts.reindex(index=PARTS, columns=[0, 1], fill_value=0)
    logger.info("pairs by part and label:\n%s", counts)
    for part in PARTS:
        for label, name in ((1, "reference edge"), (0, "non-edge")):
            if counts.loc[part, label] == 0:
                raise InputError(
                    f"the {part} part has no {name} "
                    f"({int(split[LABEL].sum())} reference edges among {len(split)} pairs)",
                    remedy="Give a larger reference, other fractions or another seed",
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
