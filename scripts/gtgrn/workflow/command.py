"""The command that a person types next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml


def command_of_run(configfiles: Iterable[str | Path], config: Mapping) -> str:
    """Return the command that runs everything with the same configuration.

    Parameters
    ----------
    configfiles, config
        What was given as ``--configfile`` and ``--config``.

    Returns
    -------
    str
        Words quoted for a shell. ``--config`` stands last: it takes every word after it.
    """
    words = ["snakemake", "--cores", "all"]
    files = [os.path.relpath(path) for path in configfiles]
    words += ["--configfile", *files] if files else []
    texts = [f"{key}={_in_one_line(value)}" for key, value in config.items()]
    words += ["--config", *texts] if texts else []
    return shlex.join(words)


def _in_one_line(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("...\n").strip()
