"""Placing the tables of sources on the genes of a data set: names, cells and kinds."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from gtgrn.context.leaks import MIXED, canonical_cell_type
from gtgrn.context.rows import SourceRows, place_source
from gtgrn.data.gene_tables import are_shipped, translate
from gtgrn.names import CELL_TYPE, PAIR, REGULATOR

log = logging.getLogger(__name__)

LEAST_REGULATORS = 10
"""Regulators of one kind of cells that make a source of their own; those of rarer cells are
pooled, because a source of two rows would weigh as much as one of two hundred."""


def spell_names(names: Sequence[str], genes: Sequence[str], *, same_organism: bool) -> dict:
    """Return the gene of the data set that each name of a source means.

    Parameters
    ----------
    names
        Names of the source.
    genes
        Names of the data set.
    same_organism
        Whether both are of one species. If not, orthologs are looked up, and a name without one
        is taken for the gene that is spelt alike but for case.

    Returns
    -------
    dict of str to str
        Name to gene. A name that means no gene, or several, is not in it.
    """
    present, unique = set(genes), sorted(set(names))
    found = {name: name for name in unique if name in present}
    rest = [name for name in unique if name not in present]
    kinds = ["previous"] if same_organism else ["orthologs"]
    if rest and are_shipped(kinds):
        found |= translate(rest, genes, kinds, ignore_case=True)
    alike: dict[str, list[str]] = {}
    for gene in genes:
        alike.setdefault(gene.upper(), []).append(gene)
    for name in rest:
        if name not in found and len(alike.get(name.upper(), ())) == 1:
            found[name] = alike[name.upper()][0]
    return found


def place_tables(
    tables: Mapping[str, pd.DataFrame],
    cards: Mapping[str, dict],
    genes: Sequence[str],
    *,
    organism: str,
    cell_type: str | None = None,
) -> list[SourceRows]:
    """Return sources on the genes of a data set, one for each kind of cells of a table.

    Parameters
    ----------
    tables
        Source -> columns regulator, target and perhaps cell_type.
    cards
        Source -> its card.
    genes
        Names of the genes.
    organism, cell_type
        Of the data set. Its own kind of cells is never pooled with others, however rare.
    """
    own = canonical_cell_type(cell_type) if cell_type else None
    placed = []
    for name, table in tables.items():
        card = cards[name]
        spelt = spell_names(
            pd.unique(table[PAIR].to_numpy().ravel()),
            genes,
            same_organism=card["organism"] == organism,
        )
        # A name that is no gene here stays: it counts in the rates, which are the whole table's.
        renamed = table.assign(**{end: table[end].map(spelt).fillna(table[end]) for end in PAIR})
        measured = None
        if CELL_TYPE in table and card["whole"]:
            measured = pd.unique(renamed["target"])
        for cells, part in _by_cells(renamed, card, own):
            placed.append(
                place_source(
                    part,
                    genes,
                    name=name if cells == card.get("cell_type") else f"{name} {cells}",
                    kind=card["kind"],
                    organism=card["organism"],
                    cell_type=cells,
                    whole=card["whole"],
                    measured=measured,
                )
            )
        log.info(
            "%s: %d of %d names are genes of the data set", name, len(spelt),
            len(set(table[PAIR].to_numpy().ravel())),
        )  # fmt: skip
    return [source for source in placed if len(source.regulators)]


def _by_cells(
    table: pd.DataFrame, card: dict, own: str | None
) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """Yield (cells, their part of a table), the part of all rare cells last."""
    if CELL_TYPE not in table:
        yield card.get("cell_type"), table
        return
    groups = table[CELL_TYPE].map({c: canonical_cell_type(c) for c in table[CELL_TYPE].unique()})
    counts = table.groupby(groups)[REGULATOR].nunique()
    alone = (counts >= LEAST_REGULATORS) | (counts.index == own)
    for cells in sorted(counts.index[alone]):
        part = table[groups == cells]
        yield min(part[CELL_TYPE]), part
    rare = groups.isin(counts.index[~alone])
    if rare.any():
        yield MIXED, table[rare]
