"""Leaks planted in sources are left out, are found where they are not, and stand in the audit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from context_cases import GENES, pairs
from gtgrn.context.selection import select_sources
from gtgrn.context.sources import place_tables
from gtgrn.evaluation.audit import to_table
from gtgrn.evaluation.source_audit import LEFT_OUT, audit_sources

ABOUT = {"organism": "human", "cell_type": "hESC", "databases": ["OmniPath of today"]}
RNG = np.random.default_rng(4)


def _rows(count: int) -> dict[str, list[str]]:
    return {f"R{n}": [gene for gene in GENES if RNG.random() < 0.25] for n in range(count)}


KNOWN, OTHER = _rows(6), _rows(6)
REFERENCE = pairs(KNOWN)


def _card(**changes) -> dict:
    return {
        "organism": "human", "kind": "chip", "whole": True, "databases": [], "cell_type": "K562",
    } | changes  # fmt: skip


def _noisy(row: list[str]) -> list[str]:
    """Return a row with one target in ten exchanged: the same experiment, called anew."""
    return [gene if RNG.random() < 0.9 else str(RNG.choice(GENES)) for gene in row]


PLANTED = {
    "own cells under another name": (
        {"H9 cells": OTHER}, _card(cell_type="WA09"), "own cells as a source", "own cell type"
    ),
    "own cells under a name that nobody knows": (
        {"unheard": {name: _noisy(row) for name, row in KNOWN.items()}},
        _card(cell_type="line 17"),
        "a row of the reference as a row of a source",
        "own cells under another name: 6 of 6",
    ),
    "a copied row": (
        {"copied": OTHER | {"R2": _noisy(KNOWN["R2"])}},
        _card(),
        "a row of the reference as a row of a source",
        "R2: repeats a row of reference, phi 0.",
    ),
    "the reference's own database": (
        {"literature": OTHER},
        _card(kind="curated", databases=["TRRUST", "OmniPath"]),
        "the reference's database as a source",
        "the reference's own database: OmniPath",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_left_out_and_listed_and_found_where_it_stays(name):
    rows, card, check, reason = PLANTED[name]
    tables = {source: pairs(own) for source, own in rows.items()} | {"clean": pairs(OTHER)}
    cards = dict.fromkeys(rows, card) | {"clean": _card()}
    made_of = {source: one["databases"] for source, one in cards.items()}
    kept, dropped = select_sources(tables, cards, GENES, **ABOUT, reference=REFERENCE)
    clean = to_table(audit_sources(kept, dropped, REFERENCE, GENES, **ABOUT, made_of=made_of))
    assert not clean["finding"].any()
    listed = clean[clean["check"] == LEFT_OUT]
    assert reason in " ".join(listed["detail"])
    assert set(listed["artefact"]) == {f"source {source}" for source in rows}
    # Had nobody left anything out, the audit would find it.
    all_of_it = place_tables(tables, cards, GENES, organism="human", cell_type="hESC")
    found = to_table(
        audit_sources(all_of_it, dropped[:0], REFERENCE, GENES, **ABOUT, made_of=made_of)
    )
    assert list(found.loc[found["finding"], "check"]) == [check]


def test_a_row_under_another_regulators_name_is_named_and_is_no_finding():
    tables = {"clean": pairs(OTHER | {"R9": KNOWN["R4"]})}
    kept, dropped = select_sources(tables, {"clean": _card()}, GENES, **ABOUT, reference=REFERENCE)
    lines = to_table(audit_sources(kept, dropped, REFERENCE, GENES, **ABOUT))
    alike = lines[lines["check"] == "rows alike under two names"].iloc[0]
    assert (alike["count"], alike["finding"]) == (1, False)
    assert "R9 as R4, phi 1.00" in alike["detail"]


def test_rows_by_chance_alike_stay():
    dropped = pd.DataFrame(columns=["source", "regulator", "reason", "phi"])
    # Two rows of 120 genes with a quarter of targets: phi has deviation 1 / sqrt(119) = .092, so
    # that .4 lies 4.4 deviations off; the seed is fixed and draws are uniform.
    kept = place_tables({"clean": pairs(OTHER)}, {"clean": _card()}, GENES, organism="human")
    assert not any(
        line["finding"] for line in audit_sources(kept, dropped, REFERENCE, GENES, **ABOUT)
    )
