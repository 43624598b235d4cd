"""Other names of the same gene: Ensembl identifiers, earlier symbols, orthologs of the mouse.

The tables ship with the workflow; `resources/README.md` says where they come from. They are used
where a card asks for it, and tried where names do not meet, so that the remedy can be named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from gtgrn.config.locations import TRANSLATIONS, shipped
from gtgrn.errors import InputError
from gtgrn.tables import read_table

ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}(\.\d+)?(_PAR_Y)?")
ENSEMBL_VERSION = re.compile(r"^(ENS[A-Z]*G\d{6,})\.\d+$")
"""A version such as .12 is no part of an Ensembl identifier's meaning."""


def without_version(name: str) -> str:
    """Return an Ensembl identifier without its version, and any other name as it is."""
    return ENSEMBL_VERSION.sub(r"\1", name)


def share_of_ensembl(names: Collection[str]) -> float:
    """Return the share of names that are Ensembl identifiers of genes, 0 of none."""
    return sum(bool(ENSEMBL.fullmatch(name)) for name in names) / max(len(names), 1)


def are_shipped(kinds: Sequence[str]) -> bool:
    """Return whether the tables of these kinds are at hand."""
    return all(Path(shipped(path)).is_file() for kind in kinds for path in TRANSLATIONS[kind])


def translate(
    names: Collection[str],
    genes: Collection[str],
    kinds: Sequence[str],
    *,
    ignore_case: bool = False,
) -> dict[str, str]:
    """Return the gene that each name means, for names that mean one gene of the expression.

    Parameters
    ----------
    names
        Names of a reference or of a list.
    genes
        Genes of the expression.
    kinds
        Keys of :data:`gtgrn.config.locations.TRANSLATIONS`, tried one after the other:
        with ``ensembl`` and ``orthologs`` a human symbol finds the mouse's identifier.
    ignore_case
        Whether the found name may differ from the gene's in case.

    Returns
    -------
    dict of str to str
        Name to gene, of the names that are no gene themselves. A name that may mean two genes
        is left out.

    Raises
    ------
    InputError
        If a table is not there.
    """
    key = str.upper if ignore_case else str
    spelt: dict[str, set[str]] = {}
    for gene in genes:
        spelt.setdefault(key(without_version(gene)), set()).add(gene)
    # There and back, so that the order of the kinds does not matter, and that one earlier symbol
    # leads over today's to another.
    here = str(Path.cwd())
    way = [_read_tables(tuple(map(shipped, TRANSLATIONS[kind])), here) for kind in kinds]
    way += way[:-1] if len(way) > 1 else [table for table, kind in zip(way, kinds, strict=True)
                                          if kind == "previous"]  # fmt: skip
    found = {}
    for name in set(names):
        bare = without_version(name)
        if key(bare) in spelt:
            continue
        others = {bare}
        for table in way:
            others |= {other for one in others for other in table.get(one, ())}
        means = {gene for other in others for gene in spelt.get(key(other), ())}
        if len(means) == 1:
            found[name] = means.pop()
    return found


@lru_cache(maxsize=8)
def _read_tables(paths: tuple[str, ...], folder: str) -> dict[str, set[str]]:
    """Return the other names of each name in tables of two columns; paths are within a folder."""
    names: dict[str, set[str]] = {}
    for path in paths:
        if not Path(folder, path).is_file():
            raise InputError(
                "not found; it ships with the workflow", file=path,
                remedy="Run from the folder of the workflow, or remove 'translate' from the card",
            )  # fmt: skip
        table = read_table(Path(folder, path))
        for first, second in table.iloc[:, :2].itertuples(index=False, name=None):
            names.setdefault(first, set()).add(second)
            names.setdefault(second, set()).add(first)
    return names
