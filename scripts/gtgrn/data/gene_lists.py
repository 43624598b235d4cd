"""Lists and tables of genes from strangers: with a header or without one, split in any way.

allTFs_hg38.txt of SCENIC is one name per line, TRRUST's own file has four columns and no header.
A first line that is a row must not be taken for a header, or its gene is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.data.opening import decode, first_bytes, open_unpacked
from gtgrn.data.text_tables import find_dialect
from gtgrn.errors import InputError
from gtgrn.tables import read_table

log = logging.getLogger(__name__)

HEADERS = {
    "regulator", "regulators", "target", "targets", "tf", "tfs", "tf_name", "tfname", "factor",
    "transcription_factor", "transcription factor", "gene", "genes", "gene1", "gene2", "symbol",
    "gene_symbol", "gene symbol", "hgnc symbol", "hgnc_symbol", "name", "names", "gene_name",
    "source", "from", "to", "id", "ensembl", "ensembl id", "ensembl_id", "gene_id", "x", "node1",
    "node2", "source_genesymbol", "target_genesymbol", "mor", "weight", "sign", "label",
    "target_gene", "targetgene", "regulator_gene", "species", "family", "index", "",
}  # fmt: skip
"""Names in lower case that the columns of such tables have; TF is also a gene (transferrin)."""


def read_listed(
    path: str | Path, columns: Sequence[str], genes: Collection[str], field: str
) -> pd.DataFrame:
    """Read the columns of a table that a card names, also from a table without a header.

    Parameters
    ----------
    path
        The table.
    columns
        Names of the columns wanted; of a table without a header its first ones are taken, in
        this order.
    genes
        Genes of the expression: a first line that names one of them is a row.
    field
        The card's section, for messages.

    Returns
    -------
    pandas.DataFrame
        All columns of the table. Without a header the first ones have the names asked for.

    Raises
    ------
    InputError
        If the table is unreadable, or has a header that lacks a column.
    """
    path = Path(path)
    known = {gene.upper() for gene in genes}
    first = _first_line(path)
    if first is None or not (_is_row(first, columns, known) or _recurs(path, first, columns)):
        return read_table(path, columns)
    table = _read_without_header(path)
    if table.shape[1] < len(columns):
        raise InputError(
            f"the table has no header and {table.shape[1]} columns; {len(columns)} are needed",
            file=path,
            field=field,
            remedy=f"Give a table with the columns {', '.join(columns)}",
        )
    names = [*columns, *map(str, range(len(columns) + 1, table.shape[1] + 1))]
    log.warning(
        "%s: the first line (%s) is a row and no header: column %s is taken as %s",
        path, ", ".join(first[:4]), " and ".join(map(str, range(1, len(columns) + 1))),
        " and ".join(columns),
    )  # fmt: skip
    return table.set_axis(names, axis=1)


def _first_line(path: Path) -> list[str] | None:
    """Return the fields of the first line, without blanks; None where there is none to judge."""
    try:
        start = first_bytes(path)
        lines = start.decode(decode(start[:4]), "replace").splitlines()
        if not lines or not lines[0].strip():
            return None
        table = _read_without_header(path, rows=1)
    except Exception:  # noqa: BLE001 - whoever reads the table says what is wrong with it
        return None
    return [str(value).strip() for value in table.iloc[0]] if len(table) else None


def _read_without_header(path: Path, rows: int | None = None) -> pd.DataFrame:
    """Read all lines of a table as rows of text."""
    dialect = find_dialect(path)
    with open_unpacked(path) as handle:
        table = pd.read_csv(
            handle, sep=dialect.sep, header=None, dtype=str, keep_default_na=False, nrows=rows,
            skiprows=dialect.skip, index_col=False, encoding=dialect.encoding,
            skipinitialspace=dialect.sep != "\t",
        )  # fmt: skip
    return table.apply(lambda column: column.str.strip())


def _is_row(first: Sequence[str], columns: Sequence[str], known: Collection[str]) -> bool:
    """Return whether the first line of a table is a row of it."""
    asked = [name for name in columns if name in first]
    if len(asked) == len(columns) and not all(
        name.upper() in known and name.lower() not in HEADERS for name in asked
    ):
        return False
    if len(asked) == len(columns):
        return True  # the card was told to call a column after the first gene
    named = [name for name in first[: len(columns)] if name.lower() not in HEADERS]
    if len(named) < len(columns):
        return False
    # One column that is called neither as asked nor as lists are is a list without a header.
    return len(first) == 1 or any(name.upper() in known for name in named)


def _recurs(path: Path, first: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether a first line that lacks the columns has names that later rows have too.

    The genes of a filtered expression may lack all of the first line's.
    """
    wide = len(columns) > 1 and len(first) >= len(columns)
    if not wide or any(name in first for name in columns):
        return False
    table = _read_without_header(path)
    return any(
        name.lower() not in HEADERS and name in set(table[position].iloc[1:])
        for position, name in enumerate(first[: len(columns)])
    )
