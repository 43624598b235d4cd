"""Folds of genes and of regulators: partitions by name, shipped folds, genes of two data sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.names import GENE, LABEL, PART, PARTS, REGULATOR, TEST, TRAIN, VAL
from gtgrn.seeds import derive_seed
from gtgrn.tables import as_numbers, read_table

GENES, REGULATORS = "genes", "regulators"
MIN_VAL = {GENES: 1, REGULATORS: 3}
"""Regulators are few and unlike: fewer than three cannot choose a checkpoint."""

FOLDS = 5
MIN_EDGES = 5
"""Reference edges that a regulator needs to be held out: with fewer it judges nothing."""
VAL_FRACTION = 1 / 8
VAL_FRACTION_REGULATORS = 1 / 6


def hold_out(
    names: Collection[str], kind: str, folds: int, fold: int, val_fraction: float, seed: int
) -> dict[str, str]:
    """Return the part of each name; the partition into folds is the same for all folds.

    Parameters
    ----------
    names
        What is partitioned.
    kind
        What they are: `GENES` or `REGULATORS`.
    folds, fold
        Number of folds and the one that is test, from 0; sizes differ by one name at most.
    val_fraction
        Fraction of the names that are not test; see :func:`draw_val`.
    seed
        Seed of the partition and of the choice of val.

    Raises
    ------
    InputError
        If there is no such fold, or fewer names than folds or than parts.
    """
    if not 0 <= fold < folds:
        raise InputError(f"no fold {fold} of {folds}", remedy="Number the folds from 0")
    if folds < 2 or len(names) < max(folds, len(PARTS)):
        enough = " with enough reference edges" if kind == REGULATORS else ""
        raise InputError(
            f"{len(names)} {kind}{enough} for {folds} folds and {len(PARTS)} parts",
            remedy="Ask for fewer folds (2 at least), or give a larger reference",
        )
    names = np.array(sorted(names), dtype=object)
    order = np.random.default_rng(derive_seed(seed, kind, "folds")).permutation(len(names))
    test = set(names[order % folds == fold])
    rest = [name for name in names if name not in test]
    val = draw_val(rest, kind, val_fraction, derive_seed(seed, kind, VAL, fold))
    return {name: TEST if name in test else VAL if name in val else TRAIN for name in names}


def draw_val(names: Sequence[str], kind: str, fraction: float, seed: int) -> set[str]:
    """Draw a fraction of the names, rounded; at least `MIN_VAL[kind]`, at most half of them.

    The names must be sorted, and at least two.
    """
    n = max(1, min(max(MIN_VAL[kind], round(fraction * len(names))), len(names) // 2))
    return {names[i] for i in np.random.default_rng(seed).choice(len(names), n, replace=False)}


def eligible_regulators(split: pd.DataFrame, min_edges: int) -> set[str]:
    """Return the regulators with at least `min_edges` positives."""
    counts = split.groupby(REGULATOR)[LABEL].sum()
    return set(counts.index[counts >= min_edges])


def match_genes(
    source: Sequence[str], target: Sequence[str], orthologues: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the gene of `target` that each gene of `source` stands for, one to one.

    Parameters
    ----------
    source, target
        Genes of two data sets.
    orthologues
        Gene of the source -> gene of the target; by default the gene whose symbol is the same
        but for upper and lower case. Genes that share a name on the other side are left out:
        nothing says which of them is meant.

    Raises
    ------
    InputError
        If no gene is matched.
    """
    if orthologues is None:
        by_symbol = pd.Series(sorted(set(target)), index=[g.upper() for g in sorted(set(target))])
        by_symbol = by_symbol[~by_symbol.index.duplicated(keep=False)]
        orthologues = {g: by_symbol[g.upper()] for g in set(source) if g.upper() in by_symbol}
    known = set(target)
    pairs = pd.Series(
        {g: orthologues[g] for g in sorted(set(source)) if orthologues.get(g) in known},
        dtype=object,
    )
    pairs = pairs[~pairs.duplicated(keep=False)]
    if pairs.empty:
        raise InputError(
            f"none of {len(set(source))} genes such as {min(source, default='')} is among the "
            f"{len(known)} genes of the test data set such as {min(known, default='')}",
            remedy="Give a table of orthologues",
        )
    return pairs.to_dict()


def read_folds(path: str | Path) -> pd.DataFrame:
    """Read folds that ship with a data set: which genes are val and test in which fold.

    Returns
    -------
    pandas.DataFrame
        Columns fold (int), part, gene.

    Raises
    ------
    InputError
        If a column is missing, a fold is not a whole number, a part is unknown or a gene
        occurs twice in a fold.
    """
    table = read_table(path, ["fold", PART, GENE])[["fold", PART, GENE]]
    numbers = as_numbers(table["fold"])
    if not (numbers % 1 == 0).all():
        raise InputError(
            "folds must be whole numbers", file=path, field="fold", remedy="Number them from 0"
        )
    table = table.assign(fold=numbers.astype(int))
    if not table[PART].isin(PARTS).all():
        raise InputError(
            f"parts must be {', '.join(PARTS)}", file=path, field=PART, remedy="Correct them"
        )
    twice = table[table.duplicated(["fold", GENE])]
    if len(twice):
        first = twice.iloc[0]
        raise InputError(
            f"{first[GENE]} occurs twice in fold {first['fold']}",
            file=path,
            field=GENE,
            remedy="Keep each gene in one part of a fold",
        )
    return table
