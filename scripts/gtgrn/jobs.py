"""What each script of the workflow does first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gtgrn.errors import InputError
from gtgrn.logs import configure_logging
from gtgrn.manifest import begin_job
from gtgrn.reads import watch

PACKAGE = Path(__file__).parent
LEADING_OUT = ("R_LIBS", "PERLLIB", "PERL5LIB")
"""What Snakemake hides from jobs in conda environments, besides PYTHONPATH."""
CODE = "GTGRN_CODE"
"""Environment variable in which a run names the folder of its own package to its jobs."""


def name_own_package(scripts: str, *, alone: bool = False) -> None:
    """Let the jobs of this run import the package in a folder before any other of its name.

    Parameters
    ----------
    scripts
        The folder that holds the package.
    alone
        Whether the jobs run in environments that nothing else may lead out of, as conda's are:
        the user's other folders of packages are then hidden from them, by Snakemake's own list.
    """
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    if alone:
        others = []
        for name in LEADING_OUT:
            os.environ.pop(name, None)
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([scripts, *others]))
    os.environ[CODE] = scripts


def start_job(snakemake: Any) -> None:
    """Send all that is said to the rule's log, and let the manifest know rule, outputs and reads.

    Parameters
    ----------
    snakemake
        Snakemake's object in a script.

    Raises
    ------
    InputError
        If this package is not the run's own.
    """
    configure_logging(snakemake.log[0])
    require_own_package()
    begin_job(snakemake.rule, snakemake.output)
    watch()


def require_own_package() -> None:
    """Refuse to work where this package is not the one that the run names.

    Rules run again when the code of the workflow changes: with code from elsewhere, results
    would be called up to date that are not, and come from what nobody looked at.

    Raises
    ------
    InputError
        If this package lies in another folder.
    """
    own = os.environ.get(CODE)
    if own and not PACKAGE.parent.samefile(own):
        raise InputError(
            f"this gtgrn was imported, and not the workflow's own in {own}",
            file=PACKAGE,
            remedy="Take its folder off PYTHONPATH, or uninstall it (pip uninstall gtgrn)",
        )
