"""What a file of counts is, found out so that a card can be written from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gtgrn.config.locations import GENES, shipped
from gtgrn.data.gene_tables import without_version
from gtgrn.data.preprocessing import read_expression
from gtgrn.data.readers import (
    TABLE,
    columns_of,
    find_format,
    read_matrix,
    reading,
)
from gtgrn.data.text_tables import find_dialect, sample_fields
from gtgrn.data.value_kinds import CONTINUOUS, COUNTS, SCALED
from gtgrn.errors import InputError
from gtgrn.tables import read_table

ORGANISMS = ("human", "mouse")
CELLS_BY_GENES, GENES_BY_CELLS = "cells_by_genes", "genes_by_cells"
LAYERS = ("counts", "raw_counts", "raw")
"""Layers that hold counts by the usual names, the best first."""
TYPES = ("cell_type", "celltype", "cell_types", "celltypes", "cell_ontology_class", "bulk_labels")
"""Columns of obs that hold types of cells by the usual names, in lower case, the best first."""
NAME_COLUMNS = (
    "feature_name", "gene_symbols", "gene_symbol", "symbol", "Symbol", "SYMBOL", "gene_name",
    "gene_names", "GeneName", "gene_short_name", "external_gene_name", "hgnc_symbol", "mgi_symbol",
)  # fmt: skip
"""Columns of var that hold symbols by the usual names, the best first."""


@dataclass
class Found:
    """What was detected in a file.

    Attributes
    ----------
    expression
        The section `expression` of a card.
    organism
        ``human``, ``mouse``, or None where the names of the genes tell neither.
    cells, genes
        Sizes of the matrix.
    values, evidence
        The kind of its values and why it is taken for that.
    columns
        Names of the columns of obs.
    named
        Share of the genes whose names are known.
    """

    expression: dict
    organism: str | None
    cells: int
    genes: int
    values: str
    evidence: str
    columns: list[str] = field(default_factory=list)
    named: float = 0.0


def known_names(organism: str) -> tuple[set[str], set[str]]:
    """Return the symbols and the Ensembl identifiers of an organism's genes."""
    table = read_table(shipped(f"{GENES}/{organism}.tsv"), ["symbol", "ensembl"])
    return set(table["symbol"]), set(table["ensembl"])


def detect(path: str | Path, *, orientation: str | None = None, layer: str | None = None) -> Found:
    """Return what a file or folder of counts is.

    Parameters
    ----------
    path
        h5ad, zarr, loom, 10x h5, a folder or file of Matrix Market, or a table of text.
    orientation
        Of a table; by default found out by where the names of genes stand.
    layer
        With the values; by default one that is called like counts, where the matrix itself
        holds none.

    Raises
    ------
    InputError
        If the file is absent or damaged, or a table names genes neither in rows nor in columns.
    """
    path = Path(path)
    names = {organism: known_names(organism) for organism in ORGANISMS}
    with reading(path, "file of counts"):
        form = find_format(path, {"path": str(path)})
    expression: dict = {"format": form, "path": str(path)}
    if form == TABLE:
        expression["orientation"] = orientation or _orientation(path, names)
    if layer is not None:
        expression["layer"] = layer
    raw = read_matrix(path, {**expression, "values": "auto"})
    columns, layers = columns_of(raw, "obs"), raw.uns.get("layers", [])
    organism, how, share = _name_genes(path, raw, expression, names)
    expression |= how
    record, shape = _values(expression)
    better = next((name for name in LAYERS if name in layers), None)
    if layer is None and better and record["values"] != COUNTS:
        tried = {**expression, "layer": better}
        # A layer that cannot be read is no better than the matrix itself.
        with suppress(InputError):
            other, size = _values(tried)
            if other["values"] == COUNTS or record["values"] in (SCALED, CONTINUOUS):
                expression, record, shape = tried, other, size
    return Found(
        expression,
        organism,
        *shape,
        record["values"],
        record.get("values_evidence", ""),
        columns,
        share,
    )


def guess_cell_type(columns: Iterable[str]) -> str | None:
    """Return the column of obs that holds types of cells by its name, or None."""
    spelt = {column.lower().replace(" ", "_"): column for column in reversed(list(columns))}
    return next((spelt[name] for name in TYPES if name in spelt), None)


def _values(expression: dict) -> tuple[dict, tuple[int, int]]:
    """Return the record of what the values are, and the shape of the matrix."""
    section = {**expression, "values": "auto"}
    if section.get("gene_map") == "shipped":
        del section["gene_map"]  # names do not change what values are
    adata = read_expression(section)
    return adata.uns["gtgrn"]["source"], adata.shape


def _share(found: Collection[str], known: set[str]) -> float:
    return sum(without_version(name.strip()) in known for name in found) / max(len(found), 1)


def _name_genes(path: Path, raw, expression: dict, names: dict) -> tuple[str | None, dict, float]:
    """Return the organism, the keys of the card that name its genes, and the share known."""
    tried: list[tuple[float, str, dict]] = []
    candidates: dict[str | None, list[str]] = {None: list(map(str, raw.var_names))}
    there = columns_of(raw, "var")
    for column in (name for name in NAME_COLUMNS if name in there):
        with suppress(InputError):
            again = read_matrix(path, {**expression, "values": "auto", "gene_names": column})
            candidates[column] = list(map(str, again.var[column]))
    for name, found in candidates.items():
        own: dict = {} if name is None else {"gene_names": name}
        for organism, (symbols, identifiers) in names.items():
            # Symbols first: with a like share nothing need be translated.
            tried.append((_share(found, symbols) + 1e-9, organism, own))
            tried.append((_share(found, identifiers), organism, {**own, "gene_map": "shipped"}))
    share, organism, how = max(tried, key=lambda one: one[0])
    if share < 0.05:  # genes of another organism, or names of a simulation
        return None, {}, share
    return organism, how, min(share, 1.0)


def _orientation(path: Path, names: dict) -> str:
    """Return what the rows of a table are, by where the names of genes stand."""
    with reading(path, TABLE):
        lines = sample_fields(path, find_dialect(path))
    if len(lines) < 2:
        raise InputError("no table with a header and rows", file=path, remedy="Check the file")
    known = set().union(*(part for pair in names.values() for part in pair))
    across = _share(lines[0], known)
    down = max(_share([line[column] for line in lines[1:] if len(line) > column], known)
               for column in (0, 1))  # fmt: skip
    if max(across, down) < 0.05:
        raise InputError(
            "neither its first line nor its first column names known human or mouse genes",
            file=path,
            remedy=f"Give --orientation {CELLS_BY_GENES} or --orientation {GENES_BY_CELLS}",
        )
    return CELLS_BY_GENES if across >= down else GENES_BY_CELLS
