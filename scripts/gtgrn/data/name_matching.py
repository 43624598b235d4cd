"""Why names of two files do not meet, found out by trying what would mend them.

Each repair finds the genes that names mean: by spelling both sides alike, or by a table of other
names of a gene. It is counted how many would match with it; none is ever applied silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from gtgrn.data.gene_tables import are_shipped, share_of_ensembl, translate
from gtgrn.errors import InputError

BARCODE = re.compile(r"[ACGT]{10,}(-\d+)?")
VERSION = re.compile(r"\.\d+$")
PREFIX = re.compile(
    r"^(hg19|hg38|GRCh37|GRCh38|mm9|mm10|mm39|GRCm38|GRCm39|human|mouse|rna|sct|spliced|gene)"
    r"[-_:]+",
    re.I,
)
JOINED_ID = re.compile(
    r"^ENS[A-Z]*G\d{6,}(\.\d+)?[-_|:;]+|[-_|:;]+ENS[A-Z]*G\d{6,}(\.\d+)?$|\|\d+$"
)
"""An identifier beside a symbol: ENSG00000141510_TP53, TP53_ENSG00000141510, TP53|7157."""
BY_R = re.compile(r"^X(?=\d+$)|(?<=\d)\.0$")
"""What R puts before a number that is a name, and programs behind one that they take for one."""
MONTHS = {"mar": "MARCH", "sep": "SEPT", "oct": "OCT", "dec": "DEC"}
RENAMED = (
    (re.compile(r"^MARCHF(\d+)$"), r"MARCH\1"),
    (re.compile(r"^SEPTIN(\d+)$"), r"SEPT\1"),
    (re.compile(r"^DELEC(\d+)$"), r"DEC\1"),
)
"""New symbols, and old ones, of the genes that HGNC renamed because of the dates."""
EXCEL = re.compile(
    r"^(?P<d>\d{1,2})[- ](?P<m>[A-Za-z]{3})([- ]\d{2,4})?$"
    r"|^(?P<m2>[A-Za-z]{3})[- ](?P<d2>\d{1,2})$"
    r"|^\d{4}-(?P<n>\d{2})-(?P<d3>\d{2})( 00:00:00)?$"
)
NUMBERED_MONTHS = {"03": "mar", "09": "sep", "10": "oct", "12": "dec"}
OTHER_DATES = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|[34]\d{4}")
"""Dates that may be two, and the days since 1900 that a spreadsheet counts."""
LEAST_SHARE = 0.05
"""Share of what a repair would match below which so few matches are taken for an accident."""
TRIFLE, TRIFLING_PART = 0.01, 0.1
"""Gain by a repair, of what matches and of what does not, below which it is not worth a word."""
HALF = 0.5
"""Share of a file's names below which it is said that few of them are in the matrix."""
LEAST_OF_GENES = {"reference": 0.05, "regulators": 0.01}
"""Share of the matrix's genes that a file must name where it matches itself to under 5 %.

A panel of genes has few of a large file's names, but the file has most of the panel's; of a panel
a twentieth are regulators.
"""

Find = Callable[[Collection[str], Collection[str], bool], dict[str, str]]
"""From names, genes, and whether case is ignored, to the gene of each name that has one."""


def spelt(spell: Callable[[str], str]) -> Find:
    """Return what finds the genes that are spelt like a name; two of them are none."""

    def find(names: Collection[str], genes: Collection[str], ignore_case: bool) -> dict[str, str]:
        def key(name: str) -> str:
            return spell(name.upper() if ignore_case else name)

        found: dict[str, list[str]] = {}
        for gene in genes:
            found.setdefault(key(gene), []).append(gene)
        keys = {name: key(name) for name in names}
        return {name: found[k][0] for name, k in keys.items() if len(found.get(k, ())) == 1}

    return find


def named(*kinds: str) -> Find:
    """Return what finds the genes that a name means by tables; nothing where they are not."""

    def find(names: Collection[str], genes: Collection[str], ignore_case: bool) -> dict[str, str]:
        if not are_shipped(kinds):
            return {}
        return translate(names, genes, kinds, ignore_case=ignore_case)

    return find


@dataclass(frozen=True)
class Repair:
    """A way to match names: what it takes for the same, and what to do in the card or the file."""

    what: str
    remedy: str
    find: Find


def from_date(name: str) -> str:
    """Return the old symbol of a gene that a spreadsheet turned into a date (1-Mar: MARCH1)."""
    found = EXCEL.match(name)
    if not found:
        for new, old in RENAMED:
            name = new.sub(old, name)
        return name
    day = found["d"] or found["d2"] or found["d3"]
    month = found["m"] or found["m2"] or NUMBERED_MONTHS.get(found["n"], "")
    stem = MONTHS.get(month.lower(), "")
    return f"{stem}{int(day)}" if stem else name


REPAIRS = (
    Repair("case were ignored", "set ignore_case: true", spelt(str.upper)),
    Repair(
        "the versions of identifiers (.1, .2) were ignored",
        "remove them from both files",
        spelt(lambda name: VERSION.sub("", name)),
    ),
    Repair(
        "dots, hyphens and underscores were the same",
        "write the names alike in both files",
        spelt(lambda name: re.sub(r"[-_. ]", "-", name)),
    ),
    Repair(
        "the genome before the names (such as hg38_) or the assay (rna_) were removed",
        "remove it from the names",
        spelt(lambda name: PREFIX.sub("", name)),
    ),
    Repair(
        "the identifiers joined to the symbols were removed",
        "write the symbols alone",
        spelt(lambda name: JOINED_ID.sub("", name)),
    ),
    Repair(
        "what programs add to numbers that are names (X1017, 1017.0) were removed",
        "write the numbers alone",
        spelt(lambda name: BY_R.sub("", name)),
    ),
    Repair(
        "dates were turned back into genes (1-Mar is MARCH1)",
        "restore these names; a spreadsheet changed them",
        spelt(from_date),
    ),
    Repair(
        "case, dots, hyphens and underscores were ignored",
        "write the names alike in both files, or set ignore_case: true for the case",
        spelt(lambda name: re.sub(r"[-_. ]", "-", name.upper())),
    ),
    Repair(
        "Ensembl identifiers and symbols were translated",
        "set translate: [ensembl]",
        named("ensembl"),
    ),
    Repair(
        "earlier symbols of genes were translated",
        "set translate: [previous]",
        named("previous"),
    ),
    Repair(
        "genes of human and mouse were taken for each other",
        "give a file of the same species, or set translate: [orthologs]",
        named("orthologs"),
    ),
    Repair(
        "Ensembl identifiers of human and mouse were translated",
        "give a file of the same species, or set translate: [ensembl, orthologs]",
        named("ensembl", "orthologs"),
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
    def trifling(self) -> bool:
        """Return whether it would bring a few of many, as two versions of an annotation do."""
        gain = self.then - self.now
        return gain < TRIFLE * self.now and gain < TRIFLING_PART * (self.total - self.now)

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

    def advise(self) -> str:
        """Return what to do, and then why: a long message loses its end."""
        remedy = self.repair.remedy
        return (
            f"{remedy[0].upper()}{remedy[1:]}: {self.then} of {self.total} names would match if "
            f"{self.repair.what}"
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
        Of several that match equally many the first; None if none matches more than now, or
        next to nothing more.
    """
    here, listed = set(genes), {name for row in rows for name in row}
    known = spelt(str)(listed, here, ignore_case)
    now, apart = _count(rows, known), listed - set(known)
    best = None
    for repair in REPAIRS if apart and not here <= set(known.values()) else ():
        if ignore_case and repair.what.startswith("case"):
            continue
        found = repair.find(apart, here, ignore_case)
        then = _count(rows, known | found) if found else 0
        if then > (best.then if best else now):
            examples = [f"'{name}' and '{found[name]}'" for name in sorted(found)]
            best = Mismatch(repair, now, then, len(set(rows)), examples)
    return None if best and best.trifling else best


def _count(rows: Collection[tuple[str, ...]], gene_of: Mapping[str, str]) -> int:
    """Count the different rows all of whose names are genes; a gene is no target of itself."""
    found = set()
    for row in rows:
        genes = tuple(gene_of.get(name) for name in row)
        if None not in genes and (len(genes) == 1 or genes[0] != genes[1]):
            found.add(genes)
    return len(found)


def check_share(kind: str, names: Collection[str], genes: Collection[str], section: dict) -> str:
    """Return a warning where less than half of a file's names are in the matrix.

    Parameters
    ----------
    kind
        The card's section, reference or regulators.
    names
        Names of the file, spelt as the genes are where the card asks for it.
    genes
        All genes of the matrix, before any filter.
    section
        The section, for its path.

    Returns
    -------
    str
        The warning, or nothing.

    Raises
    ------
    InputError
        If next to none of the names are: that is a file of other genes.
    """
    listed, here = set(names), set(genes)
    shared = len(listed & here)
    noun = "genes of the reference" if kind == "reference" else "listed regulators"
    said = f"{shared} of {len(listed)} {noun} are in the matrix"
    if shared < LEAST_SHARE * len(listed) and shared < LEAST_OF_GENES[kind] * len(here):
        apart = ", ".join(sorted(listed - here)[:2]), ", ".join(sorted(here - listed)[:2])
        raise InputError(
            f"{said}, too few to go on; it names {apart[0]}, the matrix has {apart[1]}",
            file=section["path"],
            field=f"{kind}.path",
            remedy=_guess_cause(listed, here, set()),
        )
    return said if shared < HALF * len(listed) else ""


JOINED = re.compile(r"[\s,;|/]+")
"""What stands between names in one field."""


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
    ensembl = share_of_ensembl(names) > 0.5, share_of_ensembl(genes) > 0.5
    if ensembl[0] != ensembl[1]:
        if ensembl[1]:
            return (
                "The expression has Ensembl identifiers and the file symbols: set "
                "expression.gene_map: shipped, or expression.gene_names to a column with symbols"
            )
        return (
            "The file has Ensembl identifiers and the expression symbols: set "
            "translate: [ensembl] in the section"
        )
    if all(ensembl) and {x.split(".")[0] for x in names} & {x.split(".")[0] for x in genes}:
        return "The Ensembl identifiers differ in their version (.1, .2): remove it from both"
    alike = spelt(str.upper)(names - genes, genes, False)
    species = named("orthologs")(names, genes, False)
    if len(species) > sum(name in species for name in alike):
        name = min(set(species) - set(alike))
        return (
            f"Mouse and human ('{name}' is '{species[name]}'): set translate: [orthologs] in the "
            "section, or give a file of the same species"
        )
    if alike:
        name = min(alike)
        return (
            f"The names differ in case ('{name}' and '{alike[name]}'): set "
            "ignore_case: true there, if the species is the same"
        )
    repair = find_repair([(name,) for name in names], genes)
    if repair is not None and repair.then > HALF * repair.total:
        return repair.advise()
    joined = [n for n in names - genes if set(filter(None, JOINED.split(n))) & genes - {n}]
    if len(joined) > len(names - genes) / 2:
        return (
            f"'{min(joined)[:40]}' holds several names: write one in a row, each with its partner"
        )
    if repair is not None:
        return repair.advise()
    if names & genes:
        return (
            f"{len(names & genes)} of its {len(names)} names are genes, but no two of one row: "
            "relax the card's filters (preprocess), or give a fuller reference"
        )
    return "Check that both are of the same species and that the card names the right columns"


def _share(pattern: re.Pattern, names: Collection[str]) -> float:
    return sum(bool(pattern.fullmatch(name)) for name in names) / max(len(names), 1)
