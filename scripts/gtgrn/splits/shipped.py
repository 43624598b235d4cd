"""Splits and folds that a data set ships."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from gtgrn.data.reference import _check_present, _gene_index, _labels, _look_up
from gtgrn.errors import InputError
from gtgrn.names import GENE, LABEL, PAIR, PART, PARTS, REGULATOR, TARGET, TRAIN
from gtgrn.splits.folds import read_folds
from gtgrn.splits.tables import check_split
from gtgrn.splits.universe import label_universe
from gtgrn.tables import read_table


def split_from_folds(
    reference: pd.DataFrame,
    genes: Sequence[str],
    folds_table: pd.DataFrame,
    fold: int,
    *,
    by: str = TARGET,
) -> pd.DataFrame:
    """Return the split that a fold names: S2 by targets, S3 by regulators.

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
        there = ", ".join(map(str, sorted(set(folds_table["fold"])))) or "none"
        raise InputError(f"no fold {fold}; there are {there}", remedy="Choose one of them")
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


log = logging.getLogger(__name__)


def read_shipped_split(split: Mapping, genes: Collection[str]) -> pd.DataFrame:
    """Read split files that ship with a data set (GENELink's layout).

    Parameters
    ----------
    split
        The section `splits.edges` of a card: the files `train`, `val` and `test` with the
        columns TF, Target and Label (genes by index), and the file `genes` with the columns
        Gene and index.
    genes
        Genes of the expression. All genes of the split must be among them, because a split
        with fewer pairs is no longer comparable with what others report on it.

    Returns
    -------
    pandas.DataFrame
        regulator, target, label (0 or 1), part (train, val or test), sorted by pair, without
        self pairs and duplicates.

    Raises
    ------
    InputError
        If a file is unreadable, an index or a label is impossible, a gene is absent from the
        expression, or a pair has two labels or is in two parts.
    """
    names = _gene_index(split["genes"], genes)
    parts = []
    for part in PARTS:
        path = split[part]
        table = read_table(path, ["TF", "Target", "Label"])
        columns = {
            new: _look_up(table[old], names, path, split["genes"])
            for new, old in ((REGULATOR, "TF"), (TARGET, "Target"))
        }
        parts.append(pd.DataFrame(columns | {LABEL: _labels(table["Label"], path), PART: part}))
    listed = pd.concat(parts, ignore_index=True)
    loops = listed[REGULATOR] == listed[TARGET]
    pairs = listed[~loops].drop_duplicates()
    log.info(
        "%s, %s, %s: %d rows; dropped %d self pairs and %d duplicates",
        *(split[part] for part in PARTS), len(listed), loops.sum(), (~loops).sum() - len(pairs),
    )  # fmt: skip
    for column, problem, remedy in (
        (PART, "is in two parts", "Keep each pair in one part: what is tested must be unseen"),
        (LABEL, "has two labels", "Keep one"),
    ):
        rows = pairs.drop_duplicates([*PAIR, column])
        twice = rows[rows.duplicated(PAIR)]
        if len(twice):
            first = twice.iloc[0]
            other = rows.loc[(rows[PAIR] == first[PAIR]).all(axis=1), column].iloc[0]
            raise InputError(
                f"{first[REGULATOR]} -> {first[TARGET]} {problem}, {other} and {first[column]} "
                f"({len(twice)} such pairs)",
                file=split[first[PART]],
                field=f"splits.edges.{first[PART]}",
                remedy=remedy,
            )
    return pairs.sort_values(PAIR, ignore_index=True)


def read_shipped_folds(
    section: Mapping, scheme: str, fold: int, reference: pd.DataFrame, genes: Sequence[str]
) -> pd.DataFrame:
    """Read one fold of a split by genes or by regulators that ships with a data set.

    Parameters
    ----------
    section
        The section `splits.genes` or `splits.tfs` of a card: a table with the columns fold, part
        (val or test) and gene; a gene that a fold does not name is in its training part.
    scheme
        ``genes`` if a pair is in the part of its target, ``tfs`` if in its regulator's.
    fold
        Number of the fold; numbers beyond the last begin again at the first.
    reference
        Columns regulator, target: the reference edges.
    genes
        Genes of the expression. All genes of the folds must be among them, because folds of
        fewer genes are no longer comparable with what others report on them.

    Returns
    -------
    pandas.DataFrame
        regulator, target, label, part: all pairs of regulators with an edge, sorted by pair.

    Raises
    ------
    InputError
        If the file is unreadable, a part is unknown, a gene is absent from the expression or is
        twice in a fold, or a part lacks one of the two classes.
    """
    path = section["path"]
    table = read_folds(path)
    _check_present(table[GENE].unique(), genes, path, GENE)
    folds = sorted(table["fold"].unique())
    if not folds:
        raise InputError("there is no fold", file=path, field="fold", remedy="Check the file")
    by = TARGET if scheme == "genes" else REGULATOR
    try:
        return split_from_folds(reference, genes, table, folds[fold % len(folds)], by=by)
    except InputError as error:
        raise InputError(
            error.problem, file=path, field=error.field, remedy=error.remedy
        ) from None
