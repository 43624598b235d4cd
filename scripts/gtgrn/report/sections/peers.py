"""The peers: the test scores of other groups' supervised models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gtgrn.names import AUPRC, AUROC, HEADLINE
from gtgrn.report.tables import make_measures_table, read_each

STUDY = "peers"
TITLE = "Peers"
LEAD = (
    "Published is the release with its quirks and its schedule; repaired is without "
    "them, with supervised edges hidden from the messages and early stopping. The originals' "
    "columns are what the authors' own code reached on the same split, where it was run."
)
ORDER = 20
DATASET_FILES = {"with_peers": ["peers.tsv"]}

NAMES = ["model", "form", "split", "seeds", f"original_{AUROC}", f"original_{AUPRC}"]


def make(results: Path, datasets: Sequence[str]) -> dict:
    """Show the peers' test scores beside those of the originals' code."""
    found = read_each(results, datasets, "peers.tsv")
    tables = [make_measures_table(dataset, rows, NAMES, HEADLINE) for dataset, rows in found]
    return {"tables": tables, "figures": []}
