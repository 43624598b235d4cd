"""Planning of a large run: CPU seconds and peak memory of Snakemake's dry run.

    python bench/planning.py

Twenty data sets x twelve expression-only methods x five seeds x four split schemes, the targets
`networks` and `models`. The data sets are copies of one that ships; nothing is run.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CARD = "hsc_boolean"
DATASETS = 20
SEEDS = 5
SCHEMES = ["edges", "genes", "tfs", "both"]
METHODS = [
    *["genie3", "grnboost2", "extratrees", "aracne", "mrnet", "clr", "c3net", "bc3net", "c3mtc"],
    *["pearson", "partial_correlation", "random"],
]


def write_project(folder: Path) -> None:
    """Write the settings and the cards of the run."""
    cards = folder / "config" / "datasets"
    cards.mkdir(parents=True)
    card = yaml.safe_load((ROOT / "config" / "datasets" / f"{CARD}.yaml").read_text())
    names = [f"set{i:02d}" for i in range(DATASETS)]
    for name in names:
        (cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    settings = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    settings |= {"datasets": names, "seeds": list(range(SEEDS))}
    settings["inference"]["methods"] = METHODS
    settings["splits"]["schemes"] = SCHEMES
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(settings))


def main() -> None:
    """Plan in a folder of its own and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder))
        command = ["snakemake", "-n", "-q", "rules", "-s", str(ROOT / "workflow" / "Snakefile")]
        run = subprocess.run(
            [sys.executable, "-m", *command, "--", "networks", "models"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Linux counts in KiB.
    print(
        f"{DATASETS} data sets x {len(METHODS)} methods x {SEEDS} seeds x {len(SCHEMES)} splits: "
        f"{re.findall(r'^total +([0-9]+)', run.stdout, re.M)[0]} jobs planned in "
        f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 2**10:.0f} MB"
    )


if __name__ == "__main__":
    main()
