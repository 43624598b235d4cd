"""Why names of two files do not meet, found out by trying what would mend them.

Each repair is a way to spell names alike on both sides. It is counted how many would match with
it; none is ever applied silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from gtgrn.errors import InputError

ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}(\.\d+)?")
BARCODE = re.compile(r"[ACGT]{10,}(-\d+)?")
VERSION = re.compile(r"\.\d+$")
PREFIX = re.compile(
    r"^(hg19|hg38|GRCh37|GRCh38|mm9|mm10|mm39|GRCm38|GRCm39|human|mouse)[-_]+", re.I
)
MONTHS = {"mar": "MARCH", "sep": "SEPT", "oct": "OCT", "dec": "DEC"}
RENAMED = (
    (re.compile(r"^MARCHF(\d+)$"), r"MARCH\1"),
    (re.compile(r"^SEPTIN(\d+)$"), r"SEPT\1"),
    (re.compile(r"^DELEC(\d+)$"), r"DEC\1"),
)
"""New symbols, and old ones, of the genes that HGNC renamed because of the dates."""
EXCEL = re.compile(r"^(\d{1,2})-([A-Za-z]{3})$|^([A-Za-z]{3})-(\d{1,2})$")
LEAST_SHARE = 0.05
"""Share of what a repair would match below which so few matches are taken for an accident."""


@dataclass(frozen=True)
class Repair:
    """A way to spell names alike: what it ignores and what to do in the card or the file."""

    what: str
    remedy: str
    spell: Callable[[str], str]


def from_date(name: str) -> str:
    """Return the old symbol of a gene that a spreadsheet turned into a date (1-Mar: MARCH1)."""
    found = EXCEL.match(name)
    if not found:
        for new, old in RENAMED:
            name = new.sub(old, name)
        return name
    day, month = found[1] or found[4], found[2] or found[3]
    stem = MONTHS.get(month.lower(), "")
    return f"{stem}{int(day)}" if stem else name


REPAIRS = (
    Repair("case were ignored", "set ignore_case: true", str.upper),
    Repair(
        "the versions of identifiers (.1, .2) were ignored",
        "remove them from both files",
        lambda name: VERSION.sub("", name),
    ),
    Repair(
        "dots, hyphens and underscores were the same",
        "write the names alike in both files",
        lambda name: re.sub(r"[-_. ]", "-", name),
    ),
    Repair(
        "the genome before the names (such as hg38_) were removed",
        "remove it from the names",
        lambda name: PREFIX.sub("", name),
    ),
    Repair(
        "dates were turned back into genes (1-Mar is MARCH1)",
        "restore these names; a spreadsheet changed them",
        from_date,
    ),
    Repair(
        "case, dots, hyphens and underscores were ignored",
        "write the names alike in both files, or set ignore_case: true for the case",
        lambda name: re.sub(r"[-_. ]", "-", name.upper()),
    ),
)


@dataclass(frozen=True)
class Mismatch:
    """What a repair would bring: how many match now, with it, of how many, and examples."""

    repair: Repair
    now: int
    then: int
    total: int
    examples: list[str]

    @property
    def hopeless(self) -> bool:
        """Return whether so few match now that going on would be a mistake."""
        return self.now < LEAST_SHARE * self.then

    def say(self, noun: str) -> str:
        """Return it in one sentence without its remedy."""
        shown = ", ".join(self.examples[:3])
        return (
            f"{self.now} of {self.total} {noun} match, {self.then} of {self.total} {noun} would "
            f"match if {self.repair.what} (such as {shown})"
        )


def find_repair(
    rows: Collection[tuple[str, ...]], genes: Collection[str], *, ignore_case: bool = False
) -> Mismatch | None:
    """Find the repair with which most rows have all their names among the genes.

    Parameters
    ----------
    rows
        Names that must match together: an edge's two, a regulator's one.
    genes
        Genes of the expression.
    ignore_case
        Whether the card has case ignored already.

    Returns
    -------
    Mismatch or None
        Of several that match equally many the first; None if none matches more than now.
    """
    base: Callable[[str], str] = str.upper if ignore_case else str
    now, _ = _count(rows, genes, base)
    apart = {base(name) for row in rows for name in row} - {base(gene) for gene in genes}
    best = None
    for repair in REPAIRS:
        useless = {repair.spell(name) for name in apart}.isdisjoint(
            repair.spell(base(gene)) for gene in genes
        )
        if (ignore_case and repair.what.startswith("case")) or useless:
            continue
        then, examples = _count(rows, genes, lambda name, r=repair: r.spell(base(name)))
        if then > (best.then if best else now):
            best = Mismatch(repair, now, then, len(rows), examples)
    return best


def _count(
    rows: Collection[tuple[str, ...]], genes: Collection[str], spell: Callable[[str], str]
) -> tuple[int, list[str]]:
    """Count the rows all of whose names are genes in one spelling; show names that change."""
    spelt: dict[str, list[str]] = {}
    for gene in genes:
        spelt.setdefault(spell(gene), []).append(gene)
    # Names that two genes share are no repair: nobody knows which is meant.
    spelt = {key: found for key, found in spelt.items() if len(found) == 1}
    cache = {name: spelt.get(spell(name), [None])[0] for row in rows for name in row}
    same = set(genes)
    number, examples = 0, {}
    for row in rows:
        found = [name if name in same else cache[name] for name in row]
        if None in found or (len(found) == 2 and found[0] == found[1]):
            continue
        number += 1
        for name, gene in zip(row, found, strict=True):
            if name != gene:
                examples[f"'{name}' and '{gene}'"] = None
    return number, list(examples)


def no_overlap(
    kind: str,
    names: Collection[str],
    genes: Collection[str],
    cells: Collection[str],
    section: dict,
    field: str,
) -> InputError:
    """Say that nothing is left, with examples of both sides and the likely cause."""
    absent = sorted(set(names) - set(genes)) or sorted(names)
    ours, theirs = ", ".join(sorted(genes)[:3]), ", ".join(absent[:3])
    return InputError(
        f"no {kind} is left among the {len(genes)} genes; the file names "
        f"{theirs or 'nothing'}; the expression has {ours}",
        file=section["path"],
        field=field,
        remedy=_guess_cause(set(names), set(genes), set(cells)),
    )


def _guess_cause(names: set[str], genes: set[str], cells: set[str]) -> str:
    """Guess why the names of a file and of the expression do not meet, and say what to do."""
    if not names:
        return "The table has no rows: check the file"
    if names & cells or (_share(BARCODE, genes) > 0.5 > _share(BARCODE, names)):
        return "The expression's genes look like its cells: change expression.orientation"
    ensembl = _share(ENSEMBL, names) > 0.5, _share(ENSEMBL, genes) > 0.5
    if ensembl[0] != ensembl[1]:
        sides = ("file", "expression") if ensembl[0] else ("expression", "file")
        return (
            f"The {sides[0]} has Ensembl identifiers and the {sides[1]} symbols: translate with "
            "expression.gene_names or expression.gene_map"
        )
    if all(ensembl) and {x.split(".")[0] for x in names} & {x.split(".")[0] for x in genes}:
        return "The Ensembl identifiers differ in their version (.1, .2): remove it from both"
    by_upper = {gene.upper(): gene for gene in sorted(genes - names)}
    for name in sorted(names - genes):
        if name.upper() in by_upper:
            return (
                f"The names differ in case ('{name}' and '{by_upper[name.upper()]}'): set "
                "ignore_case: true there, if the species is the same"
            )
    if names & genes:
        return (
            f"{len(names & genes)} of its {len(names)} names are genes, but no two of one row: "
            "relax the card's filters (preprocess), or give a fuller reference"
        )
    return "Check that both are of the same species and that the card names the right columns"


def _share(pattern: re.Pattern, names: Collection[str]) -> float:
    return sum(bool(pattern.fullmatch(name)) for name in names) / max(len(names), 1)
