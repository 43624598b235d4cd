"""The audit of sources: what other contexts could have told of the pairs that judge a model.

It looks at the sources that were left, not at the rules that left them: the same cells by any of
their names, a row that repeats a row of the reference, and the database of the reference. What was
left out stands in the audit line by line, so that nobody has to take the choice on trust.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.context.leaks import REPEAT, same_cells, shares_database
from gtgrn.context.rows import SourceRows
from gtgrn.evaluation.audit import row
from gtgrn.names import REGULATOR, TARGET

LEFT_OUT = "left out of the sources"
LEAST_TARGETS, ALIKE = 20, 0.6
"""Targets of two rows of different regulators, and their phi, from which the audit names them."""


def audit_sources(
    sources: Sequence[SourceRows],
    dropped: pd.DataFrame,
    reference: pd.DataFrame,
    genes: Sequence[str],
    *,
    organism: str,
    cell_type: str | None = None,
    databases: Collection[str] = (),
    made_of: Mapping[str, Collection[str]] | None = None,
) -> list[dict]:
    """Count what the sources of a data set know of its reference, and list what was left out.

    Parameters
    ----------
    sources
        The sources that were used, on the genes.
    dropped
        Columns source, regulator, reason, phi: what was left out.
    reference
        Columns regulator, target: the known edges.
    genes
        Names of the genes.
    organism, cell_type
        Of the data set.
    databases
        Databases behind the reference, or texts that name them.
    made_of
        Source card -> databases that it was made of.
    """
    own = [
        source.name
        for source in sources
        if source.organism == organism
        and source.kind not in ("motif", "association")
        and same_cells(source.cell_type, cell_type)
    ]
    of_card = {
        source.name: (made_of or {}).get(source.name.split(" ")[0], ()) for source in sources
    }
    shared = [name for name, names in of_card.items() if shares_database(names, databases)]
    repeated, alike = _repeats(sources, reference, genes)
    return [
        _count("own cells as a source", own),
        _count("the reference's database as a source", shared),
        _count("a row of the reference as a row of a source", repeated),
        row("rows alike under two names", "sources", len(alike), False, "; ".join(alike[:3])),
        *(_describe(one) for one in dropped.to_dict("records")),
    ]


def _count(check: str, names: Sequence[str]) -> dict:
    return row(check, "sources", len(names), bool(names), names[0] if names else "")


def _describe(one: Mapping) -> dict:
    """Return the line of a row, or of a whole source, that was left out."""
    phi = one["phi"]
    told = "" if phi == "" or not np.isfinite(float(phi)) else f", phi {float(phi):.2f}"
    who = "the whole source" if one["regulator"] == "*" else one["regulator"]
    return row(LEFT_OUT, f"source {one['source']}", 1, False, f"{who}: {one['reason']}{told}")


def _repeats(
    sources: Sequence[SourceRows], reference: pd.DataFrame, genes: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the rows that repeat a row of the reference, of the same and of another regulator.

    Phi is taken from the two by two table of counts over the genes that the source knows.
    """
    names, place = np.unique(reference[REGULATOR].to_numpy(str), return_inverse=True)
    column = pd.Index(genes).get_indexer(reference[TARGET])
    known = np.zeros((len(names), len(genes)))
    known[place[column >= 0], column[column >= 0]] = 1
    repeated: list[str] = []
    alike: list[str] = []
    for source in sources:
        if source.kind in ("motif", "association"):
            continue
        mine, theirs = source.edges.toarray()[:, source.known], known[:, source.known]
        n, both = source.known.sum(), mine @ theirs.T
        ours, others = mine.sum(axis=1)[:, None], theirs.sum(axis=1)[None]
        spread = np.sqrt(np.maximum(ours * (n - ours) * others * (n - others), 0))
        phi = np.divide(
            n * both - ours * others, spread, out=np.zeros_like(both), where=spread > 0
        )
        same = source.regulators[:, None] == names[None]
        large = np.minimum(ours, others) >= LEAST_TARGETS
        for found, least in (
            (repeated, same & (phi > REPEAT)),
            (alike, ~same & large & (phi > ALIKE)),
        ):
            found += [
                f"{source.name}: {source.regulators[i]} as {names[j]}, phi {phi[i, j]:.2f}"
                for i, j in np.argwhere(least)
            ]
    return repeated, alike
