"""Names of genes and cells that show that a matrix was read otherwise than it was meant."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np

from gtgrn.config.locations import TRANSLATIONS, shipped
from gtgrn.data.gene_tables import without_version
from gtgrn.data.name_matching import EXCEL, OTHER_DATES, from_date
from gtgrn.data.not_genes import is_numbering
from gtgrn.errors import InputError, name_some
from gtgrn.tables import read_table

log = logging.getLogger(__name__)

FRACTION = re.compile(r"[-+]?\d*[.,]\d+([eE][-+]?\d+)?|[-+]?\d+([.,]\d+)?[eE][-+]?\d+|nan|inf")
NUMBERED = re.compile(r"[A-Za-z]{1,2}\d{1,3}")
WHOLE = re.compile(r"\d+")
WORD = re.compile(r"[a-z]{3,}([_ .-][a-z]+)*")
FEW_WORDS = 12
"""With more names of words these are how the organism's genes are called."""
POINT_ZERO = re.compile(r"\d+\.0")
MOST = 0.5
"""Share of the names above which what is said of them is said of all."""
FEW = 0.02
"""Share of names that are genes below which a list of names is none of genes."""
SOME = 0.15
"""Share of names that are genes from which a list of names is one of genes."""
ENOUGH = 5
"""Fewest names that are genes; less may be chance."""
GENES_BY_CELLS, CELLS_BY_GENES = "genes_by_cells", "cells_by_genes"


def check_meaning(
    genes: Sequence[str],
    cells: Sequence[str],
    path: str,
    expression: dict,
    columns: Sequence[str] = (),
) -> None:
    """Refuse a matrix whose names are values or numberings, or that lies on its side.

    Parameters
    ----------
    genes, cells
        Names, as read.
    path
        The file, for messages.
    expression
        The section `expression` of a card.
    columns
        Columns of var in the file, one of which may hold names.

    Raises
    ------
    InputError
        Naming the cause and the remedy.
    """
    if expression["format"] == "genes_only":
        return
    table = expression.get("orientation", "") if expression["format"] == "table" else ""
    first = {CELLS_BY_GENES: "line", GENES_BY_CELLS: "column"}
    other = {CELLS_BY_GENES: "column", GENES_BY_CELLS: "line"}
    for what, names, where in (("genes", genes, first), ("cells", cells, other)):
        if _are_values(names, whole=what == "genes"):
            _check_points(names, what, path)
            place = f"first {where[table]}" if table in where else "list"
            raise InputError(
                f"the names of the {what} are values, such as {_some(names)}: the {place} has "
                "no names",
                file=path,
                field="expression.path",
                remedy=f"Put the names of the {what} into the first {where.get(table, 'line')} of "
                "the table",
            )
    if len(genes) > 2 and len(set(genes)) == len(genes) and _count(genes):
        named = [name for name in columns if name not in ("_index", "index")]
        raise InputError(
            f"the genes are numbered ({_some(genes)}) and have no names",
            file=path,
            field="expression.gene_names" if named else "expression.path",
            remedy=f"Set gene_names to the column with their names: {name_some(named)}"
            if named
            else "Give a matrix with the names of the genes",
        )
    _check_side(genes, cells, path, table)
    _warn_of_dates(genes, path)
    _warn_of_words(genes, path, table)


def _check_points(names: Sequence[str], what: str, path: str) -> None:
    """Refuse identifiers that a program took for numbers, and wrote as 1017.0."""
    if all(POINT_ZERO.fullmatch(name) for name in names) and len(set(names)) == len(names):
        raise InputError(
            f"the {what} are called by numbers with a point ({_some(names)}): identifiers that a "
            "program took for numbers, or values",
            file=path,
            field="expression.path",
            remedy="Write identifiers without .0; of values, put the names before them",
        )


def _warn_of_dates(genes: Sequence[str], path: str) -> None:
    """Warn of genes that a spreadsheet turned into dates, or into the days since 1900."""
    dates = [name for name in genes if EXCEL.match(name) and from_date(name) != name]
    if dates:
        log.warning(
            "%s: %d genes are called like dates, such as %s: a spreadsheet changed the names; "
            "restore them (%s)", path, len(dates), dates[0], from_date(dates[0]),
        )  # fmt: skip
    others = [name for name in genes if OTHER_DATES.fullmatch(name)]
    # Beside symbols; where most are numbers, these are identifiers.
    if others and sum(map(str.isdigit, genes)) < MOST * len(genes):
        log.warning(
            "%s: %d genes are called like dates or days since 1900, such as %s: a spreadsheet "
            "changes symbols such as MARCH1 and SEPT2 so; restore their names",
            path, len(others), others[0],
        )  # fmt: skip


def _warn_of_words(genes: Sequence[str], path: str, table: str) -> None:
    """Warn of words among symbols: columns that describe cells, such as treated."""
    words = [name for name in genes if WORD.fullmatch(name)]
    known = _known_genes(tuple(map(shipped, TRANSLATIONS["ensembl"])))
    words = [name for name in words if name not in known]
    if not words or len(words) > FEW_WORDS or _share(genes, known) < MOST:
        return
    remedy = f"'drop_columns: [{', '.join(words)}]' in the card's section expression leaves out"
    log.warning(
        "%s: the names of %d of the genes are words and no symbols (%s): %s",
        path, len(words), ", ".join(words),
        f"{remedy} what describes cells" if table == CELLS_BY_GENES
        else "take out of the file what is no gene",
    )  # fmt: skip


def _are_values(names: Sequence[str], whole: bool) -> bool:
    """Return whether names are numbers with fractions, or whole ones that occur twice."""
    if len(names) < ENOUGH:
        return False
    fractions = sum(bool(FRACTION.fullmatch(name)) for name in names)
    numbers = fractions + sum(bool(WHOLE.fullmatch(name)) for name in names)
    if numbers < len(names):
        return False
    return fractions > MOST * len(names) or (whole and len(set(names)) < len(names))


def _count(names: Sequence[str]) -> bool:
    """Return whether names count: 0, 1, 2 and so on in any order, or 1, 2, 3."""
    if not all(WHOLE.fullmatch(name) and len(name) < 10 for name in names):
        return False
    return is_numbering(np.sort(np.array(names, dtype=float)))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3])


@lru_cache(maxsize=1)
def _known_genes(tables: tuple[str, ...]) -> frozenset[str]:
    """Return the identifiers and symbols of all genes of human and mouse.

    Not those that a numbering of cells may have too, such as C3 of the complement.
    """
    found: set[str] = set()
    for path in tables:
        table = read_table(path)
        for column in table:
            found.update(table[column].astype(str))
    return frozenset(name for name in found if not NUMBERED.fullmatch(name))


def _share(names: Collection[str], known: frozenset[str]) -> float:
    same = sum(without_version(name) in known for name in names)
    return same / len(names) if same >= ENOUGH else 0.0


def _check_side(genes: Sequence[str], cells: Sequence[str], path: str, table: str) -> None:
    """Refuse a matrix whose cells are called like genes and whose genes are not."""
    known = _known_genes(tuple(map(shipped, TRANSLATIONS["ensembl"])))
    if not len(cells) or _share(cells, known) < SOME or _share(genes, known) > FEW:
        return
    turned = {CELLS_BY_GENES: GENES_BY_CELLS, GENES_BY_CELLS: CELLS_BY_GENES}
    raise InputError(
        f"the cells are called like genes ({_some(cells)}), and the genes are not "
        f"({_some(genes)}): the matrix lies on its side",
        file=path,
        field="expression.orientation" if table else "expression.path",
        remedy=f"Set 'orientation: {turned[table]}'"
        if table
        else "Transpose it and write it again (adata.T.write_h5ad)",
    )
