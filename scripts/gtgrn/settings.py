"""The configuration: checks that hold between keys, and the options of a variant.

Like the cards, this is read at every start of Snakemake and imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from pathlib import Path

from gtgrn.errors import InputError
from gtgrn.schemas import check, did_you_mean

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "config.schema.yaml"
CONFIG = "configuration"


def check_settings(config: dict, methods: Collection[str], peers: Collection[str]) -> None:
    """Check the merged configuration and fill in its defaults, in place.

    Parameters
    ----------
    config
        Snakemake's merged configuration.
    methods
        Names of the expression-only methods that have a rule.
    peers
        Names of the supervised peers that have a rule.

    Raises
    ------
    InputError
        Naming the first key that is wrong, and the remedy.
    """
    check(config, SCHEMA, file=CONFIG)
    chosen = config["inference"]["methods"]
    _known("inference.methods", chosen, methods)
    _known("inference.options", config["inference"]["options"], methods)
    _known("walks.networks", config["walks"]["networks"], chosen)
    _known("peers.methods", config["peers"]["methods"], peers)
    _known("peers.options", config["peers"]["options"], peers)
    _known("tuning.models", config["tuning"]["models"], ["gtgrn", *peers])
    for model in config["tuning"]["models"]:
        _known("tuning.grids", [model], config["tuning"]["grids"])
    _known("ablations.variants", config["ablations"]["variants"], config["variants"])
    _known("ablations.datasets", config["ablations"]["datasets"], card_names(config))
    _known("network.variant", [config["network"]["variant"]], config["variants"])
    total = sum(config["splits"]["edges"].values())
    if abs(total - 1) > 1e-6:
        raise InputError(
            f"the fractions sum to {total:g}, not 1",
            file=CONFIG,
            field="splits.edges",
            remedy="Correct train, val or test",
        )
    _heads_divide("bert", config["bert"])
    for name in config["variants"]:
        _heads_divide(f"variants.{name}", variant_options(config, name))


def card_names(config: dict) -> list[str]:
    """Give the names of the cards that the configuration lists, by name or path."""
    return [Path(entry).name.removesuffix(".yaml") for entry in config["datasets"]]


def card_paths(config: dict, folder: str) -> list[str]:
    """Give the paths of the cards: an entry that is a path stays, a name is in `folder`."""
    return [
        entry if entry.endswith(".yaml") else f"{folder}/{entry}.yaml"
        for entry in config["datasets"]
    ]


def variant_options(config: dict, variant: str) -> dict:
    """Give the section gtgrn with the variant's own keys on top."""
    return {**config["gtgrn"], **config["variants"][variant]}


def grid_points(grid: dict[str, list]) -> dict[str, dict]:
    """Give every combination of a grid's values, by a name that can be part of a path.

    Examples
    --------
    ``{"epochs": [5], "hidden": [[8, 4]]}`` gives ``epochs=5,hidden=8x4``.
    """
    points = {}
    for values in product(*grid.values()):
        options = dict(zip(grid, values, strict=True))
        texts = {
            name: "x".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in options.items()
        }
        points[",".join(f"{name}={text}" for name, text in texts.items())] = options
    return points


def _known(field: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(
                f"'{name}' is not one of {', '.join(known) or 'none'}",
                file=CONFIG,
                field=field,
                remedy=f"{did_you_mean(str(name), known)}Correct or remove it",
            )


def _heads_divide(field: str, options: dict) -> None:
    if options["dimensions"] % options["heads"]:
        raise InputError(
            f"{options['heads']} heads do not divide {options['dimensions']} dimensions",
            file=CONFIG,
            field=f"{field}.heads",
            remedy="Choose a divisor",
        )
