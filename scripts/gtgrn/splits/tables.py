"""Splits on disk, and what every split must be."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gtgrn.errors import InputError
from gtgrn.names import LABEL, PAIR, PART, PARTS, REGULATOR, UNLABELLED
from gtgrn.splits.universe import universe
from gtgrn.tables import read_table, write_table

logger = logging.getLogger(__name__)

REMEDY = "Give a larger reference, other fractions or another seed"


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
