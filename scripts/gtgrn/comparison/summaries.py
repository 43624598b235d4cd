"""What the comparisons of a data set say in a line each: cells, donors, how much is claimed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import pandas as pd

from gtgrn.comparison.design import Design
from gtgrn.comparison.networks import CLAIMED, FDR

log = logging.getLogger(__name__)

NO_REPLICATES = (
    "No column of donors was named: cells were dealt anew, and cells are no replicates. What is "
    "listed differs between these cells; whether it differs between the conditions in other "
    "donors is not known."
)
CORRELATION = "correlation"
SUMMARY = [
    "within", "measure", "folder", "first", "second", "cells_first", "cells_second", "unit",
    "donors_first", "donors_second", "paired", "donors_left_out", "labellings", "edges",
    "edges_overall", "regulators", "regulators_overall", "regulons", "regulons_overall",
    "left_out", "note",
]  # fmt: skip


def summarise(
    design: Design, section: Mapping, within: str, tables: Mapping[str, pd.DataFrame]
) -> dict:
    """Return what the summary says of a comparison of correlations: its cells, what is claimed.

    Parameters
    ----------
    design
        From :func:`gtgrn.comparison.design.make_design`.
    section
        The section `compare` of the card.
    within
        The group of cells.
    tables
        Kind -> table with false discovery rates.
    """
    cells = int(design.first.sum()), int((~design.first).sum())
    donors = (int(design.labels.sum()), int((~design.labels).sum())) if design.donors else ("", "")
    summary = {
        "within": within,
        "measure": CORRELATION,
        "first": section["groups"][0],
        "second": section["groups"][1],
        "cells_first": cells[0],
        "cells_second": cells[1],
        "unit": section.get("unit", ""),
        "donors_first": donors[0],
        "donors_second": donors[1],
        "paired": int(design.paired) if design.donors else "",
        "donors_left_out": ", ".join(design.left_out),
        "note": "" if design.donors else NO_REPLICATES,
    }
    summary |= count_claims(tables)
    log.info("%s", summary)
    return summary


def count_claims(tables: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Return the rows of each table with a false discovery rate of at most .05."""
    return {
        name: int((pd.to_numeric(table[FDR]) <= CLAIMED).sum()) for name, table in tables.items()
    }


def summarise_ranks(
    compared: Mapping, method: str, tables: Mapping[str, pd.DataFrame], overall: Mapping
) -> dict:
    """Return what the summary says of the comparison of a method's ranks.

    Parameters
    ----------
    compared
        What it says of the correlations of the same cells.
    method
        Name of the method.
    tables
        Kind -> table with false discovery rates.
    overall
        Labellings, and by kind the share of them that look as good.
    """
    cells = {key: value for key, value in compared.items() if not key.startswith("regulons")}
    summary = {**cells, "measure": f"rank ({method})", **count_claims(tables), **overall}
    log.info("%s", summary)
    return summary


def join_summaries(summaries: Sequence[Mapping], left_out: Sequence[Mapping]) -> pd.DataFrame:
    """Return one row per comparison, and one per group that was left out.

    Parameters
    ----------
    summaries
        From :func:`summarise` or :func:`summarise_ranks`, with the folder of each.
    left_out
        within and left_out (why) of the others.

    Returns
    -------
    pandas.DataFrame
        Columns `SUMMARY`. Of edges, regulators and regulons the number with a false discovery
        rate of at most .05 and, as ``<name>_overall``, the share of null labellings whose best
        rate is no worse.
    """
    rows = [{"left_out": "", **row} for row in [*summaries, *left_out]]
    return pd.DataFrame(rows, columns=SUMMARY, dtype=object).fillna("")
