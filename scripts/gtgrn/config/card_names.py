"""The data sets of a run by the names that the configuration gives them.

``datasets`` says what runs; other keys name data sets once more, to do something with some:
those of :data:`CARD_LISTS`, ``third_party.<name>.dataset`` and ``splits.sources``. When a user
narrows the run, ``--config 'datasets=[mine]'``, the others still hold what the file says. What
was set before, in a file of less weight than the one that sets ``datasets``, is a leftover: it is
put aside, and nothing of it is checked. What was set with ``datasets`` or after it is asked for.

Imported at every start of Snakemake, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtgrn.config.families import cards_in
from gtgrn.config.locations import SHIPPED_CARDS, check_path
from gtgrn.config.validation import MOST_NAMES
from gtgrn.config.words import as_option
from gtgrn.errors import InputError, did_you_mean, name_some
from gtgrn.names import TRANSFER
from gtgrn.yaml_files import SUFFIXES

CONFIG = "configuration"
"""What stands for the file in messages: a configuration may come of several."""
CARD_LISTS = ("peers", "tuning", "paper", "ablations")
"""Sections whose key ``datasets`` names cards."""
FILE, LATER_FILE, COMMAND = range(3)
"""Where a key was set: config.yaml, a file behind --configfile, behind --config."""


@dataclass(frozen=True)
class Origins:
    """What was set on top of ``config/config.yaml``.

    Attributes
    ----------
    later
        All that --configfile and --config set.
    command
        What --config sets.
    """

    later: Mapping[str, Any] = field(default_factory=dict)
    command: Mapping[str, Any] = field(default_factory=dict)

    def of(self, *steps: str) -> int:
        """Return where a key was set, its sections and its name given."""
        if holds(self.command, steps):
            return COMMAND
        return LATER_FILE if holds(self.later, steps) else FILE

    def is_leftover(self, *steps: str) -> bool:
        """Tell whether a key was set before ``datasets`` was."""
        return self.of(*steps) < self.of("datasets")


NO_ORIGINS = Origins()


def card_names(config: dict) -> list[str]:
    """Return the names of the cards that the configuration lists, by name or path."""
    return [_without_suffix(Path(entry).name) for entry in config["datasets"]]


def card_paths(config: dict, folder: str) -> list[str]:
    """Return the paths of the cards that the configuration lists.

    An entry with a slash or with the suffix of YAML is a path, ``~`` among them; any other is a
    name in `folder`, or else of a card that ships with the workflow. The suffix of either may be
    left out.

    Raises
    ------
    InputError
        If a card is there under both suffixes, or an entry is no possible path.
    """
    paths, own, ships = [], _names_in(folder), _names_in(SHIPPED_CARDS)
    for entry in config["datasets"]:
        check_path(entry, file=CONFIG, field="datasets")
        named = Path(os.path.expanduser(entry))
        shipped = entry not in own and entry in ships
        inside = Path(SHIPPED_CARDS if shipped else folder, named)
        is_path = "/" in entry or entry.endswith(SUFFIXES)
        places = [named, inside] if is_path else [inside]
        found = list(dict.fromkeys(path for place in places for path in _spellings(place)))
        if len(found) > 1 and found[0].parent == found[1].parent:
            how = as_option(["datasets"], f"[{found[0]}]")
            raise InputError(
                f"there is {found[1].name} as well",
                file=found[0],
                remedy=f"Remove one of the two, or name one: {how}",
            )
        missing = places[0] if entry.endswith(SUFFIXES) else Path(f"{places[0]}{SUFFIXES[0]}")
        paths.append(str(found[0] if found else missing))
    return paths


def settle_cards(config: dict, cards: Collection[str], origins: Origins) -> None:
    """Check what names cards once more, and put leftovers aside, in place.

    Parameters
    ----------
    config
        A configuration that holds to the schema.
    cards
        Names of the cards that are there. A file may name one that this run leaves out, so that
        a configuration serves a run of fewer data sets.
    origins
        Where the keys were set.

    Raises
    ------
    InputError
        If a key that is no leftover names what is not there, or --config names a card that the
        run leaves out.
    """
    run = card_names(config)
    for section in CARD_LISTS:
        names = config[section]["datasets"] or []
        if origins.is_leftover(section, "datasets"):
            _put_aside(config, section, [name for name in names if name in run])
            continue
        asked = origins.of(section, "datasets") == COMMAND
        for name in names:
            if name not in run and (asked or name not in cards):
                known = run if asked else [*run, *cards]
                raise InputError(
                    f"'{name}' is not one of {name_some(dict.fromkeys(known))}",
                    file=CONFIG,
                    field=f"{section}.datasets",
                    remedy=did_you_mean(name, known) + "Correct it, or add it to datasets",
                )
    config["third_party"] = {
        name: source
        for name, source in config["third_party"].items()
        if source["dataset"] in run or not origins.is_leftover("third_party", name)
    }


def settle_sources(config: dict, datasets: Collection[str], origins: Origins) -> None:
    """Put aside transfers of a file between data sets that the run leaves out, in place.

    Parameters
    ----------
    config
        The checked configuration.
    datasets
        Names of the data sets, replicates of a simulation among them.
    origins
        Where the keys were set.
    """
    splits = config["splits"]
    kept = {
        name: source
        for name, source in splits["sources"].items()
        if {name, source} <= set(datasets) or not origins.is_leftover("splits", "sources", name)
    }
    if splits["sources"] and not kept and origins.is_leftover("splits", "schemes"):
        splits["schemes"] = [name for name in splits["schemes"] if name != TRANSFER] or ["edges"]
    splits["sources"] = kept


def check_known(field: str, names: Collection[str], known: Collection[str]) -> None:
    """Check that names in the configuration are known ones.

    Raises
    ------
    InputError
        For the first that is none, with the nearest that is.
    """
    for name in names:
        if name not in known:
            raise InputError(
                f"'{name}' is not one of {name_some(known, MOST_NAMES)}",
                file=CONFIG,
                field=field,
                remedy=f"{did_you_mean(str(name), known)}Correct or remove it",
            )


def _put_aside(config: dict, section: str, kept: list[str]) -> None:
    """Leave the cards of the run in a list; where none is left, what the target then means.

    Who asks for ``tuning`` or the paper's tables of her own data set means that one. Peers and
    ablations are part of the default run, and stay with the sets that they were meant for; the
    target ``peers`` trains them on hers.
    """
    names, run = config[section]["datasets"], card_names(config)
    if section == "peers":
        config[section]["datasets"] = kept if names else config[section]["datasets"]
    elif section == "tuning":
        config[section]["datasets"] = kept or None
    elif section == "paper":
        config[section]["datasets"] = kept or (run if names else None)
    elif section == "ablations":
        config[section]["datasets"] = kept
        if names and not kept and not config["paper"]["datasets"]:
            config["paper"]["datasets"] = run


def holds(section: Any, steps: tuple[str, ...]) -> bool:
    """Return whether a key is there, its sections and its name given; a text holds none."""
    for step in steps:
        if not isinstance(section, Mapping) or step not in section:
            return False
        section = section[step]
    return True


def _names_in(folder: str | Path) -> set[str]:
    return {name for name, _ in cards_in(Path(folder))}


def _without_suffix(name: str) -> str:
    return Path(name).stem if name.endswith(SUFFIXES) else name


def _spellings(place: Path) -> list[Path]:
    """Return the files that a path may mean: itself, or with a suffix of YAML."""
    named = [place] if place.name.endswith(SUFFIXES) else []
    added = [place.with_name(f"{place.name}{suffix}") for suffix in SUFFIXES]
    try:
        return [path for path in (named or added) if path.is_file()]
    except OSError:  # longer than a file system takes
        return []
