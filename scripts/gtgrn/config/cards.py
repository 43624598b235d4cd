"""Data set cards: reading, checking and expanding them.

This module is imported at every start of Snakemake, so it must not import pandas or scanpy.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gtgrn.config.card_checks import SCHEMA, SIGNIFICANCE_FILES, check_consistency
from gtgrn.config.families import cards_in, file_of, is_family, read_family
from gtgrn.config.locations import (
    DOWNLOADS,
    SHIPPED_CARDS,
    check_path,
    locate_files,
    name_published,
    translation_files,
    where_it_is,
)
from gtgrn.config.unsaid import UNSAID, note_unsaid
from gtgrn.config.validation import check
from gtgrn.config.words import as_option
from gtgrn.errors import InputError, did_you_mean, find_nearest, name_some
from gtgrn.seeds import derive_seed
from gtgrn.yaml_files import SUFFIXES, read_yaml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{,99}")
REPLICATE = re.compile(r".*-d\d+-r\d+")

MARKED = "cell_type"
"""Column of obs with the types that marker genes gave."""


def load_cards(
    folder_or_paths: str | Path | Iterable[str | Path],
    names: Iterable[str] | None = None,
    *,
    unchecked: Sequence[str] = (),
    mirror: str | None = None,
    downloads: str = DOWNLOADS,
) -> dict[str, dict]:
    """Read and check data set cards; a card's name is its file's name without the suffix.

    A card without a file of its own may be one of a family in the same folder, see
    :mod:`gtgrn.config.families`.

    Parameters
    ----------
    folder_or_paths
        A folder of cards (``*.yaml``, ``*.yml``), one card, or several.
    names
        The data sets wanted, in order; by default all. A card that is not wanted is not read,
        so that an unfinished card does not stop other work.
    unchecked
        Folders whose files need not exist yet, because a rule of the workflow makes them.
    mirror
        Folder or URL prefix that paths starting with ``mirror:`` are relative to.
    downloads
        Folder for downloads: ``download:x`` is ``x`` in it, and with a URL as the mirror
        ``mirror:x`` is ``mirror/x`` in it. These files need not exist yet.

    Returns
    -------
    dict of str to dict
        Name to card, with the schema's defaults filled in, priors and lists replaced by their
        files, and paths made plain.

    Raises
    ------
    InputError
        If there is no card, a name is unknown, or a card breaks the schema or contradicts
        itself, or a file that it names is absent.
    """
    paths = _card_paths(folder_or_paths)
    wanted = list(dict.fromkeys(paths if names is None else names))
    for name in wanted:
        if name not in paths:
            raise InputError(
                f"unknown data set; the cards are {name_some(sorted(paths))}",
                file=next(iter(paths.values())).parent,
                field=str(name),
                remedy=did_you_mean(str(name), paths) + "Correct the name or add a card",
            )
    return {name: _load_card(name, paths[name], unchecked, mirror, downloads) for name in wanted}


def expand_card(name: str, card: dict) -> dict[str, dict]:
    """Return the data sets that a card stands for.

    Parameters
    ----------
    name
        The card's name.
    card
        A card from :func:`load_cards`; it is not changed.

    Returns
    -------
    dict of str to dict
        Data set to its card. A section `simulation` gives one for each dropout and replicate,
        as in ``hsc_boolean-d50-r0``: `dropout` is then one number, `replicates` is replaced by
        `replicate` and `seed` is the replicate's own. The dropouts of a replicate share the
        seed, so that they are the same cells with more or fewer zeros. Any other card gives
        itself. The key `card` holds the card's name.
    """
    dataset = {**copy.deepcopy(card), "card": name}
    if card["expression"]["format"] == "genes_only":
        dataset["expression"]["values"] = "continuous"
    if card["expression"]["format"] == "simulation":
        dataset["expression"]["values"] = "continuous"
    if "simulation" not in card:
        return {name: dataset}
    settings = dataset.pop("simulation")
    dropouts, replicates = settings.pop("dropout"), settings.pop("replicates")
    expanded = {}
    for dropout in dropouts:
        for replicate in range(replicates):
            one = copy.deepcopy(dataset)
            seed = derive_seed(settings["seed"], "replicate", replicate)
            one["simulation"] = settings | {
                "dropout": dropout,
                "replicate": replicate,
                "seed": seed,
            }
            expanded[f"{name}-d{dropout}-r{replicate}"] = one
    return expanded


def card_files(card: dict) -> list[str]:
    """Return the paths of all files and folders that a card names, each once.

    Parameters
    ----------
    card
        A card from :func:`load_cards` or a data set from :func:`expand_card`.
    """
    return list(dict.fromkeys(name for _, name in _named_files(card)))


def expression_files(card: dict) -> list[str]:
    """Return the paths of a card's expression matrix; none for what scanpy or a rule makes.

    Parameters
    ----------
    card
        A card from :func:`load_cards`.
    """
    expression = card["expression"]
    if expression["format"] in ("scanpy", "simulation"):
        return []
    return list(expression.get("paths", [expression.get("path")]))


def cell_type_column(card: dict) -> str | None:
    """Return the column of obs with the cells' types, None where they have none.

    Parameters
    ----------
    card
        A card from :func:`load_cards`.
    """
    expression = card["expression"]
    return MARKED if "markers" in expression else expression.get("cell_type")


def preprocess_files(card: dict) -> dict[str, str]:
    """Return the files that a card's preprocessing reads, by their keys.

    Parameters
    ----------
    card
        A card from :func:`load_cards`.
    """
    significance = card.get("preprocess", {}).get("significance", {})
    return {key: significance[key] for key in SIGNIFICANCE_FILES if key in significance}


def split_files(card: dict, scheme: str) -> dict[str, str]:
    """Return the files of a shipped split, by their keys in the card.

    Parameters
    ----------
    card
        A card from :func:`load_cards`.
    scheme
        Scheme of the split (edges, genes, tfs); one that the card does not ship has no files.
    """
    shipped = card.get("splits", {}).get(scheme, {})
    return {key: path for key, path in shipped.items() if key != "format"}


def _card_paths(folder_or_paths: str | Path | Iterable[str | Path]) -> dict[str, Path]:
    """Find the cards, by name."""
    if isinstance(folder_or_paths, (str, Path)):
        folder = Path(folder_or_paths)
        one = folder.suffix in SUFFIXES and not folder.is_dir()
        named = [(folder.stem, file_of(folder))] if one else cards_in(folder)
        if not named:
            problem = (
                "no card (*.yaml, *.yml) in the folder" if folder.is_dir() else "folder not found"
            )
            raise InputError(problem, file=folder, remedy="Write one card for each data set")
    else:
        named = [(path.stem, file_of(path)) for path in map(Path, folder_or_paths)]
        if not named:
            raise InputError("no card given", remedy="Write one card for each data set")
    paths: dict[str, Path] = {}
    for name, path in named:
        if not NAME.fullmatch(name) or REPLICATE.fullmatch(name):
            raise InputError(
                f"'{name}' cannot be a data set's name",
                file=path,
                remedy="Use up to 100 letters, digits, '_', '.' and '-', and no ending like "
                "-d50-r0, which is kept for simulations",
            )
        if name in paths:
            raise InputError(
                f"there is another card called '{name}', {paths[name]}",
                file=path,
                remedy="Rename one",
            )
        paths[name] = path
    return paths


def _load_card(
    name: str, path: Path, unchecked: Sequence[str], mirror: str | None, downloads: str
) -> dict:
    card = read_family(path)[name] if is_family(path) else _read_yaml(path)
    unsaid = note_unsaid(card)
    check(card, SCHEMA, file=path)
    check_consistency(card, path)
    name_published(card, path, mirror)
    made = locate_files(card, path, mirror, downloads)
    _check_files(card, path, unchecked, made)
    return {**card, UNSAID: unsaid}


def _read_yaml(path: Path) -> dict:
    try:
        card = read_yaml(path)
    except FileNotFoundError as error:
        folders = (path.parent, SHIPPED_CARDS)
        known = list(dict.fromkeys(name for folder in folders for name, _ in cards_in(folder)))
        near = find_nearest(path.stem, known)
        how = f"Did you mean '{near}'? Write {as_option(['datasets'], f'[{near}]')}"
        remedy = (
            how if near else f"The cards there are {name_some(known, 3)}; name one, or its path"
        )
        raise InputError("card not found", file=path, remedy=remedy) from error
    if not isinstance(card, dict):
        raise InputError(
            "a card must be key: value lines", file=path, remedy="Start with 'title: ...'"
        )
    return card


def _named_files(card: dict) -> Iterator[tuple[str, str]]:
    """Return (field, path) for each file that the card names."""
    several = "paths" in card["expression"]
    for number, name in enumerate(expression_files(card)):
        yield f"expression.paths.{number}" if several else "expression.path", name
    if "markers" in card["expression"]:
        yield "expression.markers", card["expression"]["markers"]
    if "gene_map" in card["expression"]:
        yield "expression.gene_map.path", card["expression"]["gene_map"]["path"]
    if "simulation" in card:
        yield "simulation.model", card["simulation"]["model"]
    if "network" in card.get("kinetics", {}):
        yield "kinetics.network", card["kinetics"]["network"]
    for section in ("reference", "regulators"):
        if "path" in card.get(section, {}):
            yield f"{section}.path", card[section]["path"]
        for name in translation_files(card.get(section, {})):
            yield f"{section}.translate", name
    for key, name in preprocess_files(card).items():
        yield f"preprocess.significance.{key}", name
    for scheme in card.get("splits", {}):
        for key, name in split_files(card, scheme).items():
            yield f"splits.{scheme}.{key}", name


def _check_files(card: dict, path: Path, unchecked: Sequence[str], made: set[str]) -> None:
    for field, name in _named_files(card):
        check_path(name, file=path, field=field)
        if name in made or any(Path(name).is_relative_to(folder) for folder in unchecked):
            continue
        form = card["expression"]["format"] if field == "expression.path" else ""
        folder = form == "10x_mtx"
        if not _is_there(Path(name), form):
            if Path(name).exists():
                raise InputError(
                    f"'{name}' is a {'folder' if Path(name).is_dir() else 'file'}, not a "
                    f"{'folder with matrix.mtx' if folder else 'file'}",
                    file=path,
                    field=field,
                    remedy="Unpack an archive and name its folder, or correct expression.format"
                    if folder
                    else "Name the file",
                )
            raise InputError(
                f"{'folder' if folder else 'file'} '{name}' not found",
                file=path,
                field=field,
                remedy=where_it_is(name),
            )


def _is_there(path: Path, form: str) -> bool:
    """Return whether a path is the file, or for a matrix the folder, that it should be."""
    if form == "10x_mtx":
        # Where a folder has several matrices, a card names one of them.
        return path.is_dir() or (path.is_file() and ".mtx" in path.suffixes)
    zarr = form == "h5ad" and any((path / name).exists() for name in (".zgroup", "zarr.json"))
    return path.is_file() or zarr
