"""Which sources a data set may use: what is its own, or a copy of its reference, is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from gtgrn.context.leaks import (
    Dropped,
    drop_repeats,
    refuse_databases,
    refuse_own_cells,
)
from gtgrn.context.rows import CHIP, KINDS, SourceRows, place_source
from gtgrn.context.sources import place_tables

DROPPED_COLUMNS = ["source", "regulator", "reason", "phi"]
REFERENCE = "reference"


def select_sources(
    tables: Mapping[str, pd.DataFrame],
    cards: Mapping[str, dict],
    genes: Sequence[str],
    *,
    organism: str,
    cell_type: str | None = None,
    databases: Collection[str] = (),
    reference: pd.DataFrame | None = None,
) -> tuple[list[SourceRows], pd.DataFrame]:
    """Return the sources that a data set may use, and what was left out.

    Parameters
    ----------
    tables
        Source -> its pairs.
    cards
        Source -> its card.
    genes
        Names of the data set's genes.
    organism, cell_type
        Of the data set; sources of its own kind of cells are refused.
    databases
        Databases behind its reference; sources from one of them are refused.
    reference
        Its known edges, where there are any: rows of sources that repeat them are dropped.

    Returns
    -------
    tuple
        The sources on the genes, and a table of what was dropped: source, regulator (``*`` for
        the whole source), reason and phi.
    """
    placed = place_tables(tables, cards, genes, organism=organism, cell_type=cell_type)
    other = [source for source in placed if source.kind not in KINDS]
    dropped = [
        Dropped(source.name, "*", f"{source.kind}: another truth than binding") for source in other
    ]
    kept, refused = refuse_own_cells(
        [source for source in placed if source.kind in KINDS], organism, cell_type
    )
    dropped += refused
    of_source = {
        source.name: next(
            card["databases"] for name, card in cards.items() if source.name.split(" ")[0] == name
        )
        for source in kept
    }
    kept, refused = refuse_databases(kept, of_source, databases)
    dropped += refused
    if reference is not None and len(reference):
        known = place_source(
            reference, genes, name=REFERENCE, kind=CHIP, organism=organism, cell_type=cell_type,
            whole=False, measured=genes,
        )  # fmt: skip
        kept, repeats = drop_repeats(kept, [known], whole=True)
        dropped += repeats
    table = pd.DataFrame([vars(one) for one in dropped], columns=DROPPED_COLUMNS)
    return [source for source in kept if len(source.regulators)], table
