"""What must not come from a source: the user's own cells, and copies of what judges the result.

Public tables share experiments: one ChIP-seq set stands in several databases, under several
names of the same cells. Sources of the data set's own cell type are refused; a row that repeats
a row of the reference for the same regulator is dropped; so is a source of the reference's own
database. Everything that is left out is listed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from gtgrn.context.rows import CHIP, SourceRows, agreement

REPEAT = 0.4
"""Phi of two rows of one regulator above which they count as one experiment."""

MOST_REPEATS = 3
"""Repeated rows from which, where they are most of the rows shared, the whole source is one."""

SYNONYMS: tuple[list[str], ...] = tuple(
    names.split("|")
    for names in (
        "embryonicstemcell|esc|es|hesc|mesc|hes|mes|h1|h1hesc|h7|h7hesc|h9|h9hesc|wa01|wa07|wa09|"
        "hues64|e14|e14tg2a|v65|r1|d3|bruce4|zhbtc4|nt2d1|nt2|ntera2|ipsc|ips|"
        "inducedpluripotentstemcell|pluripotentstemcell|cl0002322|efo0003042|efo0003045",
        "hepatocyte|hep|hhep|hepg2|liver|livercell|hepatoma|huh7|cl0000182|efo0001187",
        "dendriticcell|dc|mdc|bmdc|bonemarrowderiveddendriticcell|monocytederiveddendriticcell|"
        "myeloiddendriticcell|cl0000451|cl0011031|cl0000782",
        "haematopoieticstemcell|hematopoieticstemcell|hsc|mhsc|mhsce|mhscgm|mhscl|hspc|lsk|"
        "hematopoieticprogenitor|haematopoieticprogenitor|hematopoieticstemandprogenitorcell|"
        "cd34|cl0000037|cl0008001|hpc7",
        "bcell|blymphocyte|lymphoblastoid|lymphoblastoidcellline|lcl|gm12878|gm12891|gm12892|"
        "gm10847|gm18505|gm18526|gm19193|cl0000236|efo0002784",
        "erythroleukemia|chronicmyelogenousleukemia|k562|efo0002067",
        "cervicalcarcinoma|hela|helas3|efo0002791",
        "breastcancer|mcf7|t47d|efo0001203",
        "lungcarcinoma|a549|efo0001086",
        "fibroblast|imr90|gm08714|bj|wi38|mef|nih3t3|3t3|cl0000057|efo0001196",
        "endothelialcell|huvec|umbilicalveinendothelialcell|cl0000115|cl0002618",
        "neuroblastoma|sknsh|shsy5y|efo0003072",
        "kidneycell|hek293|293|hek293t|293t|efo0001182|efo0001184",
        "coloncarcinoma|hct116|efo0002824",
        "erythroblast|pbdefetal|pbde|cl0000765",
        "macrophage|bmdm|bonemarrowderivedmacrophage|raw2647|cl0000235",
        "tcell|tlymphocyte|jurkat|th1|th2|th17|cl0000084|efo0002796",
    )
)
"""Names of one kind of cells, of lines that stand for it and of its terms in ontologies, without
case, marks and plural; names that are in none of them are compared as they are."""

ENDINGS = ("cells", "cell", "cellline", "celllines")

MIXED = "mixed"
"""Cell type of a source that mixes cells which it does not tell apart."""


@dataclass(frozen=True)
class Dropped:
    """A row, or a whole source, that was left out: why and how it was seen."""

    source: str
    regulator: str
    reason: str
    phi: float = float("nan")


def canonical_cell_type(name: str) -> str:
    """Return one name for all names of a kind of cells: ``H1-hESC`` and ``hES cells`` alike."""
    plain = _plain(name)
    spellings = [plain, plain.removesuffix("s"), *(plain.removesuffix(end) for end in ENDINGS)]
    spellings += [one.removeprefix(start) for start in ("human", "mouse") for one in spellings]
    for spelling in spellings:
        for names in SYNONYMS:
            if spelling in names:
                return names[0]
    return plain.removesuffix("s")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def same_cells(first: str | None, second: str | None) -> bool:
    """Return whether two names of cell types mean the same; no name is no cell type."""
    if not first or not second:
        return False
    return canonical_cell_type(first) == canonical_cell_type(second)


def name_context(source: SourceRows) -> str:
    """Return organism and kind of cells of a source: what must be left out as a whole."""
    cells = source.cell_type or source.name
    return f"{source.organism} {canonical_cell_type(cells) if cells != MIXED else source.name}"


def refuse_own_cells(
    sources: Sequence[SourceRows], organism: str, cell_type: str | None
) -> tuple[list[SourceRows], list[Dropped]]:
    """Leave out the sources that were measured in the data set's own kind of cells.

    Parameters
    ----------
    sources
        The sources.
    organism, cell_type
        Of the data set; without a cell type nothing can be recognised and all is kept.

    Returns
    -------
    tuple
        The sources that stay, and those that were refused.
    """
    kept, dropped = [], []
    for source in sources:
        own = source.organism == organism and same_cells(source.cell_type, cell_type)
        if own and source.kind not in ("motif", "association"):
            reason = f"own cell type: {source.cell_type} is {cell_type}"
            dropped.append(Dropped(source.name, "*", reason))
        else:
            kept.append(source)
    return kept, dropped


def refuse_databases(
    sources: Sequence[SourceRows],
    databases: dict[str, Collection[str]],
    reference: Collection[str],
) -> tuple[list[SourceRows], list[Dropped]]:
    """Leave out the sources that come from a database which the reference comes from as well.

    Parameters
    ----------
    sources
        The sources.
    databases
        Source -> the databases it was made of.
    reference
        The databases of the reference, or texts that name them.
    """
    kept, dropped = [], []
    for source in sources:
        shared = shares_database(databases.get(source.name, ()), reference)
        if shared:
            reason = f"the reference's own database: {', '.join(shared)}"
            dropped.append(Dropped(source.name, "*", reason))
        else:
            kept.append(source)
    return kept, dropped


def shares_database(source: Collection[str], reference: Collection[str]) -> list[str]:
    """Return the databases of a source that the texts of a reference name as well, sorted."""
    ours = [_plain(name) for name in reference if name]
    return sorted(name for name in source if any(_plain(name) in one for one in ours))


def drop_repeats(
    sources: Sequence[SourceRows],
    reference: Sequence[SourceRows],
    *,
    above: float = REPEAT,
    whole: bool = False,
) -> tuple[list[SourceRows], list[Dropped]]:
    """Drop the rows of sources that repeat a row of the reference for the same regulator.

    Parameters
    ----------
    sources
        The sources.
    reference
        The known edges as rows, of one source or several.
    above
        Phi above which two rows count as one experiment.
    whole
        Whether a source goes as a whole where most of the rows that it shares repeat, three at
        least: it is the reference's own cells, whatever it calls them.

    Returns
    -------
    tuple
        The sources without these rows, and the rows.
    """
    kept, dropped = [], []
    for source in sources:
        keep, of_source, shared = np.ones(len(source.regulators), bool), [], set()
        for known in reference if source.kind in (CHIP, "curated", "perturbation") else ():
            _, mine, theirs = np.intersect1d(
                source.regulators, known.regulators, return_indices=True
            )
            shared.update(mine.tolist())
            pairs = zip(mine, source.dense(mine), known.dense(theirs), strict=True)
            for row, own, other in pairs:
                phi = agreement(own, other)
                if phi > above and keep[row]:
                    keep[row] = False
                    reason = f"repeats a row of {known.name}"
                    of_source.append(
                        Dropped(source.name, str(source.regulators[row]), reason, phi)
                    )
        dropped += of_source
        if whole and len(of_source) >= MOST_REPEATS and 2 * len(of_source) > len(shared):
            said = f"{len(of_source)} of {len(shared)} shared rows repeat the reference's"
            dropped.append(Dropped(source.name, "*", f"own cells under another name: {said}"))
            continue
        kept.append(source if keep.all() else source.keep(keep))
    return kept, dropped
