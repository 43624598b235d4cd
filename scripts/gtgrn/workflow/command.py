"""The command that a person types next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

FOUND = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
"""Where Snakemake looks for a Snakefile that nobody names."""
COMMAND = "GTGRN_NEXT"
"""Variable of the environment with the next command of who called ``gtgrn``."""


def command_of_run(
    configfiles: Iterable[str | Path], config: Mapping, snakefile: str | Path | None = None
) -> str:
    """Return the command that runs everything with the same configuration.

    Parameters
    ----------
    configfiles, config
        What was given as ``--configfile`` and ``--config``. Where ``gtgrn`` started this run, the
        command is what it left in the environment (:data:`COMMAND`).
    snakefile
        The workflow's; it is named unless Snakemake finds it from here.

    Returns
    -------
    str
        Words quoted for a shell. ``--config`` stands last: it takes every word after it.
    """
    if COMMAND in os.environ:
        return os.environ[COMMAND]
    words = ["snakemake", *_naming(snakefile), "--cores", "all"]
    files = [os.path.relpath(path) for path in configfiles]
    words += ["--configfile", *files] if files else []
    texts = [f"{key}={_in_one_line(value)}" for key, value in config.items()]
    words += ["--config", *texts] if texts else []
    return shlex.join(words)


def _naming(snakefile: str | Path | None) -> list[str]:
    """Return the option for a Snakefile that Snakemake would not find, in its shorter spelling."""
    if snakefile is None:
        return []
    if not os.path.exists(snakefile):  # an address
        return ["-s", str(snakefile)]
    found = next((path for path in map(Path, FOUND) if path.exists()), None)
    if found is not None and found.samefile(snakefile):
        return []
    return ["-s", min(str(snakefile), os.path.relpath(snakefile), key=len)]


def _in_one_line(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("...\n").strip()
