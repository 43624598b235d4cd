"""The universe of pairs, their labels, and what the train labels say of a gene.

Definitions follow the workflow's evaluation design: U is every pair (t, g) of a regulator t
and a gene g other than t; Y are the reference edges inside U. A split is a table of pairs of
labelled regulators (those with a reference edge) with a label and a part.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TRAIN

logger = logging.getLogger(__name__)

SHOWN = 8
"""Names that a message lists at most."""
PSEUDO_COUNT = 1.0
"""Pairs at the mean rate added to each regulator and target: the value that reproduces the
additive null of the evaluation design on all of its data sets."""


def rankable(pairs: pd.DataFrame, regulators: Sequence[str], *, what: str) -> pd.DataFrame:
    """Return the pairs that every method may rank: those whose regulator is a candidate.

    The others are left out of every judgement. A method that infers from expression gives them
    no weight, and a missing weight is no statement: to count it as the lowest would judge the
    list of candidates, not the method.

    Parameters
    ----------
    pairs
        Column regulator, and others.
    regulators
        Names of the candidates.
    what
        What the pairs are, for the log and the error.

    Raises
    ------
    InputError
        If no pair is left.
    """
    kept = pairs[REGULATOR].isin(list(regulators))
    if kept.all():
        return pairs
    names = sorted(set(pairs.loc[~kept, REGULATOR]))
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    if not kept.any():
        raise InputError(
            f"no regulator of the {what} is a candidate; the first are {shown}",
            field="regulators",
            remedy="Add them to the card's list of regulators, or remove the section",
        )
    logger.warning(
        "%d regulators of the %s are no candidates, and no method is judged on their %d pairs: %s",
        len(names), what, int((~kept).sum()), shown,
    )  # fmt: skip
    return pairs[kept].reset_index(drop=True)


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


@dataclass(frozen=True)
class LabelledPairs:
    """A split as codes: the order of names, not of rows, decides everything."""

    regulator: np.ndarray
    target: np.ndarray
    train: np.ndarray
    """Rows of the train part, sorted by the names of regulator and target."""
    labels: np.ndarray
    """Labels of those rows as 0.0 or 1.0."""
    order: np.ndarray
    """All rows, sorted by the names of regulator and target."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of regulators and of targets."""
        return int(self.regulator.max()) + 1, int(self.target.max()) + 1

    @property
    def mean(self) -> float:
        """Train density; half a count either way keeps its log-odds finite."""
        return (self.labels.sum() + 0.5) / (len(self.labels) + 1)


def encode_pairs(split: pd.DataFrame) -> LabelledPairs:
    """Check a split and turn it into codes; labels outside the train part are not touched.

    Raises
    ------
    InputError
        If a column is missing, a pair occurs twice (in train and test, it would be a leak),
        or the train part is empty or holds a label other than 0 and 1.
    """
    for column in (*PAIR, LABEL, PART):
        if column not in split.columns:
            raise InputError(
                "column missing", field=column, remedy="Give regulator, target, label and part"
            )
    regulator, _ = pd.factorize(split[REGULATOR], sort=True)
    target, _ = pd.factorize(split[TARGET], sort=True)
    order = np.lexsort((target, regulator))
    steps = np.abs(np.diff(regulator[order])) + np.abs(np.diff(target[order]))
    if not steps.all():
        first = split.iloc[order[int(np.argmin(steps))]]
        raise InputError(
            f"{first[REGULATOR]} -> {first[TARGET]} occurs twice", remedy="Keep one of them"
        )
    train = order[(split[PART] == TRAIN).to_numpy()[order]]
    labels = split[LABEL].to_numpy()[train].astype(float)
    if not len(train):
        raise InputError("no pair is in the train part", field=PART, remedy="Mend the split")
    if not np.isin(labels, (0, 1)).all():
        raise InputError(
            "a train label is neither 0 nor 1", field=LABEL, remedy="Label every train pair"
        )
    return LabelledPairs(regulator, target, train, labels, order)


def smoothed_rates(pairs: LabelledPairs, codes: np.ndarray) -> np.ndarray:
    """Return each entity's smoothed share of positives among its train pairs, in (0, 1)."""
    size = codes.max() + 1
    positives = np.bincount(codes[pairs.train], pairs.labels, minlength=size)
    counts = np.bincount(codes[pairs.train], minlength=size)
    return (positives + PSEUDO_COUNT * pairs.mean) / (counts + PSEUDO_COUNT)


def target_rate(split: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Score by the target's smoothed train rate: the gene's popularity.

    A target without train pairs gets the mean rate. `seed` has no effect.
    """
    pairs = encode_pairs(split)
    return smoothed_rates(pairs, pairs.target)[pairs.target]
