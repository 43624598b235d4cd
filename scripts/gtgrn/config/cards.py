"""Data set cards: reading, checking and expanding them.

This module is imported at every start of Snakemake, so it must not import pandas or scanpy.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from gtgrn.config.families import cards_in, file_of, is_family, read_family
from gtgrn.config.locations import DOWNLOADS, locate_files, name_published, schema_path
from gtgrn.config.validation import check, did_you_mean, how_to_add, read_schema
from gtgrn.errors import InputError
from gtgrn.seeds import derive_seed

SCHEMA = schema_path("dataset.schema.yaml")

SCANPY_DATASETS = ("pbmc68k_reduced",)
"""Functions of scanpy.datasets that read a file of the package and download nothing."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
REPLICATE = re.compile(r".*-d\d+-r\d+")

SIMULATORS = ("simulation", "kinetics")

SIGNIFICANCE_FILES = ("gene_ordering", "pseudotime")

# Keys of the section expression that have an effect only with some formats.
ONLY_WITH = {
    "path": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy", "genes_only"),
    "paths": ("table",),
    "values": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy"),
    "orientation": ("table",),
    "row_names": ("table",),
    "drop_columns": ("table",),
    "not_genes": ("h5ad", "10x_mtx", "10x_h5", "loom", "table"),
    "column": ("genes_only",),
    "layer": ("h5ad", "loom"),
    "gene_names": ("h5ad", "10x_mtx", "10x_h5", "loom"),
    "gene_map": ("h5ad", "10x_mtx", "10x_h5", "loom", "table"),
    "total_counts": ("h5ad", "loom", "scanpy"),
    "cell_type": ("h5ad", "loom", "scanpy"),
    "markers": ("h5ad", "10x_mtx", "10x_h5", "loom", "table", "scanpy"),
}
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
        A folder of cards (``*.yaml``), one card, or several.
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
                f"unknown data set; the cards are {', '.join(sorted(paths))}",
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


def check_ships_with_scanpy(name: str, file: object = "scanpy.datasets") -> None:
    """Refuse a data set that scanpy would download, with no checksum to hold it against.

    Parameters
    ----------
    name
        Function of scanpy.datasets.
    file
        The card, for the message.

    Raises
    ------
    InputError
        If the data are not part of the package.
    """
    if name not in SCANPY_DATASETS:
        raise InputError(
            f"'{name}' does not ship with scanpy; it would be downloaded unchecked",
            file=file,
            field="expression.path",
            remedy=f"Use {' or '.join(SCANPY_DATASETS)}, or save the data as h5ad and name it",
        )


def _card_paths(folder_or_paths: str | Path | Iterable[str | Path]) -> dict[str, Path]:
    """Find the cards, by name."""
    if isinstance(folder_or_paths, (str, Path)):
        folder = Path(folder_or_paths)
        one = folder.suffix == ".yaml" and not folder.is_dir()
        named = [(folder.stem, file_of(folder))] if one else cards_in(folder)
        if not named:
            problem = "no card (*.yaml) in the folder" if folder.is_dir() else "folder not found"
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
                remedy="Use letters, digits, '_', '.' and '-', and no ending like -d50-r0, "
                "which is kept for simulations",
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
    check(card, SCHEMA, file=path)
    _check_consistency(card, path)
    name_published(card, path)
    made = locate_files(card, path, mirror, downloads)
    _check_files(card, path, unchecked, made)
    return card


def _read_yaml(path: Path) -> dict:
    try:
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = [name for name, _ in cards_in(path.parent)]
        remedy = did_you_mean(path.stem, known) + "Check the path"
        raise InputError("card not found", file=path, remedy=remedy) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable characters"
        raise InputError(
            f"not YAML{line}: {problem}", file=path, remedy="Correct the syntax"
        ) from error
    if not isinstance(card, dict):
        raise InputError(
            "a card must be key: value lines", file=path, remedy="Start with 'title: ...'"
        )
    return card


def _check_consistency(card: dict, path: Path) -> None:
    """Check what holds between fields."""
    expression = card["expression"]
    form = expression["format"]
    for key, formats in ONLY_WITH.items():
        if key in expression and form not in formats:
            raise InputError(
                f"has no effect with format {form}",
                file=path,
                field=f"expression.{key}",
                remedy=f"Remove it; it goes with format {' or '.join(formats)}",
            )
    if "markers" in expression and "cell_type" in expression:
        raise InputError(
            "there is a column of cell types already", file=path, field="expression.markers",
            remedy="Keep one of the two",
        )  # fmt: skip
    if "path" in expression and "paths" in expression:
        raise InputError(
            "there is a path already", file=path, field="expression.paths", remedy="Keep one"
        )
    needed = ["path"] if form in ONLY_WITH["path"] and "paths" not in expression else []
    if form in ONLY_WITH["values"]:
        expression.setdefault("values", "auto")
    for key in [*needed, *(["orientation"] if form == "table" else [])]:
        if key not in expression:
            raise InputError(
                f"missing; format {form} needs it",
                file=path,
                field=f"expression.{key}",
                remedy=how_to_add(
                    read_schema(SCHEMA)["properties"]["expression"]["properties"][key]
                ),
            )
    if "total_counts" in expression and expression["values"] not in (
        "counts", "estimated_counts", "auto",
    ):  # fmt: skip
        raise InputError(
            f"has no effect with values {expression['values']}",
            file=path,
            field="expression.total_counts",
            remedy="Remove it, or declare 'values: counts'",
        )
    if not expression.get("row_names", True) and expression["orientation"] != "cells_by_genes":
        raise InputError(
            "without names of rows, the genes of genes_by_cells have none",
            file=path,
            field="expression.row_names",
            remedy="Remove it, or declare 'orientation: cells_by_genes'",
        )
    if form == "scanpy":
        check_ships_with_scanpy(expression["path"], path)
    if form == "genes_only" and "reference" not in card:
        raise InputError(
            "missing; a list of genes without expression is of no use without it",
            file=path,
            field="reference",
            remedy="Add the section",
        )
    _check_simulation(card, path)
    _check_source(card, path)
    significance = card.get("preprocess", {}).get("significance", {})
    used = [key for key in (*SIGNIFICANCE_FILES, "root") if key in significance]
    if len(used) > 1:
        raise InputError(
            f"has no effect beside {used[0]}",
            file=path,
            field=f"preprocess.significance.{used[1]}",
            remedy="Keep one of the two",
        )


def _check_source(card: dict, path: Path) -> None:
    """Check that references and regulators name one table each."""
    for section, name in (("reference", "prior"), ("regulators", "list")):
        keys = card.get(section)
        if keys is not None and ("path" in keys) == (name in keys):
            raise InputError(
                "there is a path already" if "path" in keys else "missing, and so is the path",
                file=path,
                field=f"{section}.{name}",
                remedy=f"Give either 'path' or '{name}'",
            )
    reference = card.get("reference", {})
    if "prior" in reference:
        for key in ("columns", "label", "sign"):
            if key in reference:
                raise InputError(
                    "has no effect with a prior",
                    file=path,
                    field=f"reference.{key}",
                    remedy="Remove it, or give the table's path instead of the prior",
                )


def _check_simulation(card: dict, path: Path) -> None:
    simulated = card["expression"]["format"] == "simulation"
    given = [section for section in SIMULATORS if section in card]
    if simulated and not given:
        raise InputError(
            "missing; format simulation needs it",
            file=path,
            field="simulation",
            remedy="Add the section with 'model' and 't_max', or 'kinetics' with a network",
        )
    if len(given) == 2:
        raise InputError(
            "there is a section simulation already", file=path, field="kinetics",
            remedy="Keep one of the two",
        )  # fmt: skip
    if given and not simulated:
        raise InputError(
            f"has no effect with format {card['expression']['format']}",
            file=path,
            field=given[0],
            remedy="Remove the section, or declare 'format: simulation' in expression",
        )
    kinetics = card.get("kinetics")
    if kinetics is not None and ("network" in kinetics) == ("generate" in kinetics):
        raise InputError(
            "there is a network already" if "network" in kinetics else "missing",
            file=path,
            field="kinetics.generate" if "network" in kinetics else "kinetics.network",
            remedy="Give either 'network' or 'generate'",
        )
    for section in ("reference", "regulators", "splits"):
        if simulated and section in card:
            raise InputError(
                "a simulation's network is known from its model",
                file=path,
                field=section,
                remedy="Remove the section",
            )


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
    for key, name in preprocess_files(card).items():
        yield f"preprocess.significance.{key}", name
    for scheme in card.get("splits", {}):
        for key, name in split_files(card, scheme).items():
            yield f"splits.{scheme}.{key}", name


def _check_files(card: dict, path: Path, unchecked: Sequence[str], made: set[str]) -> None:
    for field, name in _named_files(card):
        if name in made or any(Path(name).is_relative_to(folder) for folder in unchecked):
            continue
        form = card["expression"]["format"] if field == "expression.path" else ""
        folder = form == "10x_mtx"
        if not _is_there(Path(name), form):
            raise InputError(
                f"{'folder' if folder else 'file'} '{name}' not found",
                file=path,
                field=field,
                remedy=f"Give its path relative to the working directory {Path.cwd().name}/",
            )


def _is_there(path: Path, form: str) -> bool:
    """Return whether a path is the file, or for a matrix the folder, that it should be."""
    if form == "10x_mtx":
        # Where a folder has several matrices, a card names one of them.
        return path.is_dir() or (path.is_file() and ".mtx" in path.suffixes)
    zarr = form == "h5ad" and any((path / name).exists() for name in (".zgroup", "zarr.json"))
    return path.is_file() or zarr
