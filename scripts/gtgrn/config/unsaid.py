"""What is meant where a card states counts and an organism and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from gtgrn.config.locations import REGULATOR_LISTS, SHIPPED

ORGANISM, REGULATORS = "organism", "regulators"
UNSAID = "unsaid"
"""Key under which a loaded card lists which of these two its file does not state."""
UNMEASURED = ("simulation", "genes_only")
GENES = 1000
"""Most variable genes beside the regulators where a card says neither which nor how many."""


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


def choose_genes(card: Mapping, chosen: int | None) -> int | None:
    """Return the number of variable genes to keep, all where it is None.

    Parameters
    ----------
    card
        A loaded card.
    chosen
        What card and configuration say; None also where they say nothing.

    Returns
    -------
    int or None
        :data:`GENES` for a card of counts and an organism alone, because some methods ask for
        each pair of a regulator and a gene; else `chosen`.
    """
    bare = card.get(UNSAID) == [REGULATORS] and "reference" not in card
    asked = chosen is not None or "n_top_genes" in card.get("preprocess", {})
    return GENES if bare and not asked else chosen
