"""What a table of known pairs says besides its pairs, and what it is where it is no such table."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.config.locations import REGULATOR_LISTS, shipped
from gtgrn.errors import InputError
from gtgrn.names import PAIR, REGULATOR, TARGET
from gtgrn.tables import as_numbers, read_table

log = logging.getLogger(__name__)

LABELS = {
    "label", "labels", "class", "y", "truth", "true", "is_edge", "is_true", "edge", "known",
    "is_target", "regulates", "is tf?", "is_tf", "is tf", "istf", "is_regulator",
}  # fmt: skip
"""Names in lower case of columns that say whether what a row names is one."""
YES, NO = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}
WEIGHTS = {"weight", "weights", "score", "scores", "importance"}
"""Names in lower case of columns of weights."""
SHIPPED = "shipped"
SEPARATORS = (";", ",", "|", "/")
"""What stands between several genes in one field."""
MOST, FEW = 0.8, 0.5
"""Share of names that are regulators from which a column is one of regulators, or below is not."""
ENOUGH = 3
"""Fewest names of a column of which a share says anything."""


def find_label(table: pd.DataFrame) -> str | None:
    """Return the column that calls some rows true and others false, by its name and values."""
    for name in map(str, table.columns):
        if name.strip().lower() in LABELS and list(table.columns).count(name) == 1:
            found = set(table[name].str.strip().str.lower())
            if found <= YES | NO and found & YES and found & NO:
                return name
    return None


def check_unread(table: pd.DataFrame, read: Collection[str], path: str | Path) -> None:
    """Refuse labels that the card does not name, and warn of weights that are 0.

    Parameters
    ----------
    table
        All columns of the table, as text.
    read
        Those that the card names.
    path
        The file, for messages.

    Raises
    ------
    InputError
        If a column labels some pairs 0: as all rows are edges without the key, these would be.
    """
    beside = table[[name for name in table if name not in read]]
    if label := find_label(beside):
        no = int(beside[label].str.strip().str.lower().isin(NO).sum())
        raise InputError(
            f"the column '{label}' says that {no} of {len(table)} pairs are no edges, and the "
            "card does not name it",
            file=path,
            field="reference.label",
            remedy=f"Set 'label: {label}' in the card's section reference, or remove the column",
        )
    for name in beside:
        if str(name).strip().lower() in WEIGHTS:
            zeros = int((as_numbers(beside[name]) == 0).sum())
            if 0 < zeros < len(beside):
                log.warning(
                    "%s: the column '%s' is 0 for %d of %d pairs; it is not read, so that these "
                    "are edges too: remove their rows if they are none",
                    path, name, zeros, len(beside),
                )  # fmt: skip


def keep_true(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Return a list without the rows that a column of it calls false.

    The list of Lambert et al. (2018) has proteins that were thought to be transcription factors,
    and says in a column which are none.

    Parameters
    ----------
    table
        All columns of the list, as text.
    path
        The file, for the message.
    """
    label = find_label(table)
    if label is None:
        return table
    no = table[label].str.strip().str.lower().isin(NO)
    log.warning("%s: %d of %d names are left out, which the column '%s' says are none",
                path, no.sum(), len(table), label)  # fmt: skip
    return table[~no]


def split_joined(pairs: pd.DataFrame, genes: Collection[str], path: str | Path) -> pd.DataFrame:
    """Return a row for each gene where a field holds several.

    Parameters
    ----------
    pairs
        Columns regulator and target, and others that are kept.
    genes
        Genes of the expression. A name that is one of them is not split, a field of which no
        part is one neither, and none where no field holds two.
    path
        The file, for the message.
    """
    known = {gene.upper() for gene in genes}
    for column in PAIR:
        for separator in SEPARATORS:
            parts = _parts(pairs[column].unique(), separator, known)
            if not parts:
                continue
            log.warning(
                "%s: %d fields of the column of %ss hold several genes, such as '%.40s': each is "
                "taken", path, pairs[column].isin(list(parts)).sum(), column, next(iter(parts)),
            )  # fmt: skip
            split = pairs[column].map(lambda name, parts=parts: parts.get(name, name))
            pairs = pairs.assign(**{column: split}).explode(column, ignore_index=True)
    return pairs


def _parts(names: Collection[str], separator: str, known: Collection[str]) -> dict[str, list[str]]:
    """Return the names that hold several genes, with these."""
    joined = [name for name in names if separator in name and name.upper() not in known]
    parts = {name: [x for part in name.split(separator) if (x := part.strip())] for name in joined}
    genes = {name: sum(part.upper() in known for part in parts[name]) for name in joined}
    # Of TP53|7157 the second part is another name of the same gene.
    if max(genes.values(), default=0) < 2:
        return {}
    return {name: parts[name] for name in joined if genes[name]}


def warn_if_exchanged(pairs: pd.DataFrame, path: str | Path) -> str:
    """Return, and log, that the columns of regulators and targets look exchanged; or nothing.

    Parameters
    ----------
    pairs
        Columns regulator and target.
    path
        The file, for the message.
    """
    lists = [
        str(section["path"]) for (kind, _), section in REGULATOR_LISTS.items() if kind == SHIPPED
    ]
    known = set().union(*(read_table(shipped(path), [REGULATOR])[REGULATOR] for path in lists))
    names = {column: set(pairs[column]) for column in PAIR}
    count = {column: len(names[column] & known) for column in PAIR}
    if min(map(len, names.values())) < ENOUGH or not (
        count[TARGET] >= MOST * len(names[TARGET])
        and count[REGULATOR] < FEW * len(names[REGULATOR])
    ):
        return ""
    said = (
        f"{count[REGULATOR]} of {len(names[REGULATOR])} regulators are transcription factors, and "
        f"{count[TARGET]} of {len(names[TARGET])} targets: the columns may be exchanged (the keys "
        "regulator and target of the section reference)"
    )
    log.warning("%s: %s", path, said)
    return said


def refuse_matrix(rows: pd.DataFrame, known: Collection[str], path: str | Path) -> None:
    """Refuse a matrix of regulators by targets where a list of pairs is wanted.

    Parameters
    ----------
    rows
        All lines of the table, also the first, as text.
    known
        Genes of the expression, in upper case.
    path
        The file, for the message.

    Raises
    ------
    InputError
        If the first line and the first column name genes, and all between are numbers.
    """
    header, names = rows.iloc[0, 1:].str.upper(), rows.iloc[1:, 0].str.upper()
    if min(len(header), len(names)) < ENOUGH or not _are_genes(header, known):
        return
    if _are_genes(names, known) and as_numbers(rows.iloc[1:, 1:].stack()).notna().all():
        raise InputError(
            "it is a matrix of genes by genes, and no list of pairs",
            file=path,
            field="reference.path",
            remedy="Write one pair in a row: pandas.read_csv(FILE, index_col=0).stack() gives "
            "them, of which those that are not 0 are edges",
        )


def _are_genes(names: Sequence[str], known: Collection[str]) -> bool:
    return sum(name in known for name in names) > FEW * len(names)
