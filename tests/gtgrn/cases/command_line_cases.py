"""What tests of the command line share: Snakemake's own reading of it, and following a remedy."""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import Path

import yaml
from gtgrn.config.card_names import Origins
from gtgrn.workflow.plan import Plan, make_plan
from snakemake.cli import parse_config
from snakemake.utils import update_config

ROOT = Path(__file__).parents[3]
TABLE = {"format": "table", "path": "counts.csv", "orientation": "cells_by_genes"}
CARD = {"title": "x", "expression": TABLE, "reference": {"path": "edges.tsv"}}
BASE = {"datasets": ["example"], "ablations": {"datasets": ["example"], "variants": ["P"]},
        "variants": {"full": {}, "P": {"features": ["P"]}}}  # fmt: skip


def write_project(folder: Path, *names: str) -> None:
    """Write cards by their paths below a folder, and the files that they name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(CARD))
    (folder / "counts.csv").write_text(",A,B\nc1,1,2\n")
    (folder / "edges.tsv").write_text("regulator\ttarget\nA\tB\n")


def plan_of(*entries: str, base: dict = BASE, later: dict | None = None) -> Plan:
    """Return the plan of ``snakemake --configfile later --config entries``."""
    config, command = copy.deepcopy(base), parse_config(list(entries))
    over: dict = {}
    for part in (later or {}, command):
        update_config(over, copy.deepcopy(part))
    update_config(config, copy.deepcopy(over))
    return make_plan(config, origins=Origins(over, command))


def option_in(message: str) -> list[str]:
    """Return the entries of the --config that a message tells to type."""
    found = re.search(r"--config (.*?)(?:\. [A-Z]|$)", message)
    assert found, message
    return shlex.split(found.group(1))
