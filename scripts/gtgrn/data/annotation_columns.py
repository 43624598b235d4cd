"""Columns of a text table that stand beside the values: dropped, or kept as names of the genes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.data.gene_tables import share_of_ensembl
from gtgrn.data.not_genes import KEEP, is_annotation, warn_left_out
from gtgrn.errors import InputError

log = logging.getLogger(__name__)

SYMBOLS = {
    "gene_name", "gene_symbol", "genesymbol", "symbol", "gene_short_name", "external_gene_name",
    "hgnc_symbol", "mgi_symbol", "gene.name", "gene.symbol",
}  # fmt: skip
"""Names in lower case of columns with the symbols of the genes."""


def drop_asked(
    path: Path, expression: dict, columns: list[str], body: pd.DataFrame
) -> tuple[list[str], pd.DataFrame]:
    """Return names and values of the columns without those that the card drops."""
    asked = expression.get("drop_columns", [])
    for name in asked:
        if name not in columns:
            raise InputError(
                f"there is no column '{name}'; the first are {', '.join(columns[:3])}",
                file=path,
                field="expression.drop_columns",
                remedy="Correct or remove it",
            )
    kept = [position for position, name in enumerate(columns) if name not in set(asked)]
    return [columns[position] for position in kept], body.iloc[:, kept]


def set_aside(
    path: Path, expression: dict, columns: list[str], body: pd.DataFrame, rows: np.ndarray
) -> tuple[list[str], pd.DataFrame, pd.DataFrame]:
    """Leave out the columns that are no gene and no cell, or that name the genes.

    Parameters
    ----------
    path
        The file, for the warning that names them.
    expression
        The section `expression` of a card: `not_genes` and `gene_names`.
    columns, body, rows
        Names of the columns, their values, and names of the rows.

    Returns
    -------
    tuple
        Names and values of the columns that stay, and a table of those left out.
    """
    names_of_genes = expression.get("gene_names")
    keep = expression.get("not_genes") == KEEP
    odd = [
        name == names_of_genes
        or (
            not keep
            and is_annotation(
                name, body.iloc[:, i].to_numpy(), body.dtypes.iloc[i].kind in "iuf", rows
            )
        )
        for i, name in enumerate(columns)
    ]
    if all(odd):
        odd = [False] * len(odd)
    names = [name or "(no name)" for name, is_odd in zip(columns, odd, strict=True) if is_odd]
    if unasked := [name for name in names if name != names_of_genes]:
        warn_left_out(unasked, path)
    kept = [position for position, is_odd in enumerate(odd) if not is_odd]
    beside = body.iloc[:, np.flatnonzero(odd)].set_axis(names, axis=1)
    return [columns[position] for position in kept], body.iloc[:, kept], beside


def offer_symbols(path: Path, expression: dict, var: pd.DataFrame) -> None:
    """Say which of the columns beside the values names the genes, where their names are numbers.

    Parameters
    ----------
    path, expression
        The file, and the section `expression` of its card.
    var
        The columns, with the names of the genes as index.
    """
    symbols = [name for name in var if name.strip().lower() in SYMBOLS]
    if symbols and "gene_names" not in expression and share_of_ensembl(var.index) > 0.5:
        log.warning(
            "%s: the genes are called by identifiers; 'gene_names: %s' in the card's section "
            "expression calls them by their symbols", path, symbols[0],
        )  # fmt: skip
