"""What is meant where a card states little: the regulators, the genes and the seeds of its run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gtgrn.config.families import file_of
from gtgrn.config.locations import REGULATOR_LISTS, ROOT, SHIPPED, SHIPPED_FILES

ORGANISM, REGULATORS = "organism", "regulators"
UNSAID = "unsaid"
"""Key under which a loaded card lists which of these two its file does not state."""
UNMEASURED = ("simulation", "genes_only")
GENES = 1000
"""Most variable genes beside the regulators where nobody says how many."""
ALSO = ["markers"]
"""Kinds of genes that then stay beside these, see the option ``also``."""


def note_unsaid(card: dict) -> list[str]:
    """Return what a card's file does not state, and let the shipped list name its regulators.

    The list stands in for the section only where the card states an organism that has one, and
    no known edges: else every gene would be a candidate, which no run of a genome ends.
    """
    unsaid = [key for key in (ORGANISM, REGULATORS) if key not in card]
    expression = card.get("expression")
    form = expression.get("format") if isinstance(expression, dict) else None
    listed = (SHIPPED, str(card.get(ORGANISM))) in REGULATOR_LISTS
    if listed and form not in UNMEASURED and "reference" not in card:
        card.setdefault(REGULATORS, {"list": SHIPPED})
    return unsaid


def merge_preprocess(card: Mapping, section: Mapping) -> dict:
    """Return the section preprocess with the card's own keys on top.

    Where neither says how many genes, :data:`GENES` variable ones stay beside the regulators and
    the markers: a run of all genes that cells express takes hours. Nothing is chosen of
    simulated genes, of mere names, and of genes chosen along pseudotime.

    Parameters
    ----------
    card
        A loaded card.
    section
        The configuration's section.
    """
    own = card.get("preprocess", {})
    merged = {**section, **own}
    if card.get("expression", {}).get("format") in UNMEASURED or "significance" in own:
        return merged
    if "n_top_genes" not in own and merged.get("n_top_genes") is None:
        merged["n_top_genes"] = GENES
        if not merged.get("also"):
            merged["also"] = list(ALSO)
    return merged


def default_seeds(cards: Iterable[str]) -> list[int]:
    """Return the seeds of a run that names none, by the files of its cards.

    Five where one of them is the user's own: over the published sets the mean of five seeds had
    the higher precision on hidden edges than that of three in six of six runs.
    """
    listed = SHIPPED_FILES.read_text().split() if SHIPPED_FILES.is_file() else []
    known = {(ROOT / name).resolve() for name in listed}
    return list(range(2 if all(file_of(Path(path)).resolve() in known for path in cards) else 5))
