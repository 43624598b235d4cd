"""Lists and tables of genes from strangers: with a header or without one, split in any way.

allTFs_hg38.txt of SCENIC is one name per line, TRRUST's own file has four columns and no header.
A first line that is a row must not be taken for a header, or its gene is lost.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from gtgrn.data.pair_tables import refuse_matrix
from gtgrn.data.text_tables import find_dialect, sample_fields
from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.opening import first_bytes, open_text, plain_name, refuse_strange
from gtgrn.tables import check_single, reading_table

log = logging.getLogger(__name__)

HEADERS = {
    "regulator", "regulators", "target", "targets", "tf", "tfs", "tf_name", "tfname", "factor",
    "transcription_factor", "transcription factor", "gene", "genes", "gene1", "gene2", "symbol",
    "gene_symbol", "gene symbol", "hgnc symbol", "hgnc_symbol", "name", "names", "gene_name",
    "source", "from", "to", "id", "ensembl", "ensembl id", "ensembl_id", "gene_id", "x", "node1",
    "node2", "source_genesymbol", "target_genesymbol", "mor", "weight", "sign", "label",
    "target_gene", "targetgene", "regulator_gene", "species", "family", "index",
    "cell_type", "celltype", "cell type", "type", "cluster", "marker", "markers", "",
}  # fmt: skip
"""Names in lower case that the columns of such tables have; TF is also a gene (transferrin)."""


GENES_SHARE = 0.2
"""Share of a column's fields that are genes from which it is a column of genes."""
SETS = (".sif", ".gmt")
"""Suffixes of files with several targets in a line."""
REGULON = re.compile(r"\([+-]\)$")
SIDE_BY_SIDE = re.compile(r"[\s,;]+")


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
    if len(columns) > 1 and plain_name(path).endswith(SETS):
        return _read_sets(path, columns)
    rows = read_rows(path)
    known = {gene.upper() for gene in genes}
    if len(columns) > 1:
        refuse_matrix(rows, known, path)
    first = [name.removeprefix("#").strip() for name in rows.iloc[0]]
    if not (_is_row(first, columns, known) or _recurs(rows, first, columns)):
        return _under_header(rows, first, columns, path)
    if len(columns) == 1 and len(rows) == 1:
        # One line: names side by side, whose separator no other line could tell.
        rows = pd.DataFrame(SIDE_BY_SIDE.split(",".join(rows.iloc[0]).strip(" ,;")))
    if rows.shape[1] < len(columns):
        raise InputError(
            f"the table has no header and {rows.shape[1]} columns; {len(columns)} are needed",
            file=path,
            field=field,
            remedy=f"Give a table with the columns {', '.join(columns)}",
        )
    if len(columns) > 1 and _are_sets(rows, known):
        log.warning("%s: each line is taken for a regulator, what the line is about, and its "
                    "targets", path)  # fmt: skip
        return _read_sets(path, columns)
    chosen = _columns_of_genes(rows, len(columns), known)
    names = dict(zip(chosen, columns, strict=True))
    log.warning(
        "%s: the first line (%s) is a row and no header: column %s is taken as %s",
        path, ", ".join(name[:40] for name in first[:4]),
        " and ".join(str(position + 1) for position in chosen), " and ".join(columns),
    )  # fmt: skip
    return rows.set_axis([names.get(i, str(i + 1)) for i in range(rows.shape[1])], axis=1)


def _read_sets(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read lines of a regulator, what the line is about, and any number of targets.

    Cytoscape's sif, and gene sets (gmt), in which pySCENIC calls a regulon ``GATA1(+)``.
    """
    path = verified(path)
    with reading_table(path), open_text(path) as text:
        lines = [line.strip() for line in text.read().splitlines()]
    found: list[tuple[str, str]] = []
    for line in lines:
        fields = [
            x.strip().strip('"') for x in (line.split("\t") if "\t" in line else line.split())
        ]
        regulator = REGULON.sub("", fields[0]) if fields else ""
        found += [(regulator, target) for target in fields[2:] if target]
    if not found:
        raise InputError(
            "no line has a regulator, a kind and a target", file=path, field=columns[0],
            remedy="Give a table with a header and one pair in a row",
        )  # fmt: skip
    return pd.DataFrame(found, columns=list(columns))


def _are_sets(rows: pd.DataFrame, known: Collection[str]) -> bool:
    """Return whether lines have a gene in their first field and several from the third on."""
    named = rows.apply(lambda column: column.str.upper().isin(known))
    if rows.shape[1] < 4 or named[1].any():
        return False
    later = named.iloc[:, 2:] & (rows.iloc[:, 2:] != "")
    return bool(
        named[0].mean() > GENES_SHARE
        and later.any(axis=1).mean() > GENES_SHARE
        and (later.sum(axis=1) > 1).any()
    )


def _columns_of_genes(rows: pd.DataFrame, number: int, known: Collection[str]) -> list[int]:
    """Return the columns of a table without a header to take: its first, or those with genes.

    A network of Cytoscape (sif) has the kind of the edge between the two genes.
    """
    first = list(range(number))
    shares = [rows.iloc[:, i].str.upper().isin(known).mean() for i in range(rows.shape[1])]
    genes = [position for position, share in enumerate(shares) if share > GENES_SHARE]
    apart = number > 1 and any(shares[position] == 0 for position in first)
    return genes if apart and len(genes) == number else first


def read_columns(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table with a header, as text, however it is separated and packed.

    Raises
    ------
    InputError
        If the table is unreadable or lacks a column.
    """
    rows = read_rows(path)
    first = [name.removeprefix("#").strip() for name in rows.iloc[0]]
    return _under_header(rows, first, columns, Path(path))


def read_rows(path: str | Path) -> pd.DataFrame:
    """Read all lines of a table, also its header, as rows of text without blanks at their ends.

    Raises
    ------
    InputError
        If the file is absent, empty or no table.
    """
    path = verified(path)
    with reading_table(path):
        refuse_strange(path, first_bytes(path), field=None)
        dialect = find_dialect(path)
        width = max((len(fields) for fields in sample_fields(path, dialect)), default=0)
        if not width:
            raise ValueError("it is empty")
        with open_text(path) as text:
            table = pd.read_csv(
                text, sep=dialect.sep, header=None, names=range(width), dtype=str,
                keep_default_na=False, skiprows=dialect.skip,
                skipinitialspace=dialect.sep != "\t",
            )  # fmt: skip
    if not len(table):
        raise InputError("the table is empty", file=path, remedy="Give a table with a header")
    return table.fillna("").apply(lambda column: column.str.strip())


def _under_header(
    rows: pd.DataFrame, header: list[str], columns: Sequence[str], path: Path
) -> pd.DataFrame:
    """Return the rows below a header, under its names."""
    if header[-1] == "" and (rows.iloc[1:, -1] != "").any() and rows.shape[1] > 1:
        header = ["", *header[:-1]]  # R leaves out the name of a column of row names
    for column in columns:
        if column not in header:
            there = ", ".join(name for name in header if name)
            raise InputError(
                f"column missing; the file has {there}",
                file=path,
                field=column,
                remedy="Name a column of it in the data set's card; if the first line is a row, "
                f"add a line above it with the names of the columns ({', '.join(columns)})",
            )
        check_single(header, column, path)
    return rows.iloc[1:].set_axis(header, axis=1).reset_index(drop=True)


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


def _recurs(rows: pd.DataFrame, first: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether a first line that lacks the columns has names that later rows have too.

    The genes of a filtered expression may lack all of the first line's.
    """
    wide = len(columns) > 1 and len(first) >= len(columns)
    if not wide or any(name in first for name in columns):
        return False
    return any(
        name.lower() not in HEADERS and name in set(rows[position].iloc[1:])
        for position, name in enumerate(first[: len(columns)])
    )
