"""Data set cards: reading, checking and expanding them.

This module is imported at every start of Snakemake, so it must not import pandas or scanpy.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from gtgrn.errors import InputError
from gtgrn.schemas import check, did_you_mean, how_to_add, read_schema
from gtgrn.seeds import derive_seed

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "dataset.schema.yaml"

SCANPY_DATASETS = ("pbmc68k_reduced",)
"""Functions of scanpy.datasets that read a file of the package and download nothing."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
REPLICATE = re.compile(r".*-d\d+-r\d+")

# Keys of the section expression that have an effect only with some formats.
ONLY_WITH = {
    "path": ("h5ad", "10x_mtx", "10x_h5", "table", "scanpy"),
    "values": ("h5ad", "10x_mtx", "10x_h5", "table", "scanpy"),
    "orientation": ("table",),
    "layer": ("h5ad",),
    "total_counts": ("h5ad", "scanpy"),
    "cell_type": ("h5ad", "scanpy"),
}


def load_cards(
    folder_or_paths: str | Path | Iterable[str | Path],
    names: Iterable[str] | None = None,
    *,
    unchecked: Sequence[str] = (),
) -> dict[str, dict]:
    """Read and check data set cards; a card's name is its file's name without the suffix.

    Parameters
    ----------
    folder_or_paths
        A folder of cards (``*.yaml``), one card, or several.
    names
        The data sets wanted, in order; by default all. A card that is not wanted is not read,
        so that an unfinished card does not stop other work.
    unchecked
        Folders whose files need not exist yet, because a rule of the workflow makes them.

    Returns
    -------
    dict of str to dict
        Name to card, with the schema's defaults filled in.

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
    return {name: _load_card(name, paths[name], unchecked) for name in wanted}


def expand_card(name: str, card: dict) -> dict[str, dict]:
    """Give the data sets that a card stands for.

    Parameters
    ----------
    name
        The card's name.
    card
        A card from :func:`load_cards`; it is not changed.

    Returns
    -------
    dict of str to dict
        Data set to its card. A simulation gives one data set for each dropout and replicate,
        as in ``hsc_boolean-d50-r0``: `dropout` is then one number, `replicates` is replaced by
        `replicate` and `seed` is the replicate's own. The dropouts of a replicate share the
        seed, so that they are the same cells with more or fewer zeros. Any other card gives
        itself. The key `card` holds the card's name.
    """
    dataset = {**copy.deepcopy(card), "card": name}
    if card["expression"]["format"] != "simulation":
        return {name: dataset}
    settings = dataset.pop("simulation")
    dropouts, replicates = settings.pop("dropout"), settings.pop("replicates")
    dataset["expression"]["values"] = "continuous"
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
        files = [folder] if folder.is_file() else sorted(folder.glob("*.yaml"))
        if not files:
            problem = "no card (*.yaml) in the folder" if folder.is_dir() else "folder not found"
            raise InputError(problem, file=folder, remedy="Write one card for each data set")
    else:
        files = [Path(path) for path in folder_or_paths]
        if not files:
            raise InputError("no card given", remedy="Write one card for each data set")
    paths: dict[str, Path] = {}
    for path in files:
        name = path.stem
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


def _load_card(name: str, path: Path, unchecked: Sequence[str]) -> dict:
    card = _read_yaml(path)
    check(card, SCHEMA, file=path)
    _check_consistency(card, path)
    _check_files(card, path, unchecked)
    return card


def _read_yaml(path: Path) -> dict:
    try:
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("card not found", file=path, remedy="Check the path") from error
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
    needed = [key for key in ("path", "values") if form in ONLY_WITH[key]]
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
    if "total_counts" in expression and expression["values"] != "counts":
        raise InputError(
            f"has no effect with values {expression['values']}",
            file=path,
            field="expression.total_counts",
            remedy="Remove it, or declare 'values: counts'",
        )
    if form == "scanpy":
        check_ships_with_scanpy(expression["path"], path)
    _check_simulation(card, path)


def _check_simulation(card: dict, path: Path) -> None:
    simulated = card["expression"]["format"] == "simulation"
    if simulated and "simulation" not in card:
        raise InputError(
            "missing; format simulation needs it",
            file=path,
            field="simulation",
            remedy="Add the section with 'model' and 't_max'",
        )
    if not simulated and "simulation" in card:
        raise InputError(
            f"has no effect with format {card['expression']['format']}",
            file=path,
            field="simulation",
            remedy="Remove the section, or declare 'format: simulation' in expression",
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
    """Give (field, path) for each file that the card names."""
    if card["expression"]["format"] not in ("scanpy", "simulation"):
        yield "expression.path", card["expression"]["path"]
    if "simulation" in card:
        yield "simulation.model", card["simulation"]["model"]
    for section in ("reference", "regulators"):
        if section in card:
            yield f"{section}.path", card[section]["path"]
    if "splits" in card:
        for key in ("train", "val", "test", "genes"):
            yield f"splits.edges.{key}", card["splits"]["edges"][key]


def _check_files(card: dict, path: Path, unchecked: Sequence[str]) -> None:
    for field, name in _named_files(card):
        if any(Path(name).is_relative_to(folder) for folder in unchecked):
            continue
        folder = field == "expression.path" and card["expression"]["format"] == "10x_mtx"
        if not (Path(name).is_dir() if folder else Path(name).is_file()):
            raise InputError(
                f"{'folder' if folder else 'file'} '{name}' not found",
                file=path,
                field=field,
                remedy=f"Give its path relative to the working directory {Path.cwd().name}/",
            )
