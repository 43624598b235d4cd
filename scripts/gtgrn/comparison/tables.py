"""One comparison as tables, and all comparisons of a data set as one table."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.comparison.design import Design, make_design
from gtgrn.comparison.networks import CLAIMED, FDR, compare_networks
from gtgrn.comparison.regulons import compare_regulons
from gtgrn.config.group_checks import ALL
from gtgrn.data.obs_columns import text_values
from gtgrn.names import IS_REGULATOR

log = logging.getLogger(__name__)

NO_REPLICATES = (
    "No column of donors was named: cells were dealt anew, and cells are no replicates. What is "
    "listed differs between these cells; whether it differs between the conditions in other "
    "donors is not known."
)
SUMMARY = [
    "within", "folder", "first", "second", "cells_first", "cells_second", "unit", "donors_first",
    "donors_second", "paired", "donors_left_out", "labellings", "edges", "edges_overall",
    "regulators", "regulators_overall", "regulons", "regulons_overall", "left_out", "note",
]  # fmt: skip


def compare_conditions(
    adata: ad.AnnData,
    section: Mapping,
    within: str,
    net: pd.DataFrame,
    *,
    minimum: int,
    seed: int,
) -> tuple[dict[str, pd.DataFrame], dict]:
    """Compare two conditions within a group of cells.

    Parameters
    ----------
    adata
        The whole data set, preprocessed.
    section
        The section `compare` of its card.
    within
        The group's value in the column `within`, or `ALL`.
    net
        source, target, weight of the whole's regulons.
    minimum
        A regulator with fewer targets is left out of the regulons.
    seed
        Of the null labellings.

    Returns
    -------
    tuple
        The tables edges, regulators and regulons, and what the summary says of them.

    Raises
    ------
    InputError
        If the filters left too few cells or donors.
    """
    first, second = section["groups"]
    conditions = text_values(adata.obs[section["by"]])
    if within != ALL or "within" in section:
        groups = text_values(adata.obs[section["within"]])
        conditions = [c if g == within else None for c, g in zip(conditions, groups, strict=True)]
    unit = section.get("unit")
    donors = text_values(adata.obs[unit]) if unit else None
    design = make_design(
        conditions, (first, second), donors, min_cells=section["min_cells"], name=within
    )
    own = adata[design.rows]
    genes = list(own.var_names)
    regulators = list(own.var_names[own.var[IS_REGULATOR].to_numpy(bool)])
    settings = {"permutations": section["permutations"], "seed": seed}
    values = np.asarray(own.X, dtype=np.float32)
    edges, ranked, overall = compare_networks(values, genes, regulators, design, **settings)
    counts = own.layers.get("counts")
    profiles = values if counts is None else counts
    regulons, regulons_overall = compare_regulons(
        profiles, genes, net, design, counts=counts is not None, minimum=minimum, **settings
    )
    tables = {"edges": edges, "regulators": ranked, "regulons": regulons}
    summary = _summarise(design, section, within, tables)
    return tables, {**summary, **overall, "regulons_overall": regulons_overall}


def _summarise(
    design: Design, section: Mapping, within: str, tables: Mapping[str, pd.DataFrame]
) -> dict:
    cells = int(design.first.sum()), int((~design.first).sum())
    donors = (int(design.labels.sum()), int((~design.labels).sum())) if design.donors else ("", "")
    summary = {
        "within": within,
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
    for name, table in tables.items():
        summary[name] = int((pd.to_numeric(table[FDR]) <= CLAIMED).sum())
    log.info("%s", summary)
    return summary


def join_summaries(summaries: Sequence[Mapping], left_out: Sequence[Mapping]) -> pd.DataFrame:
    """Return one row per comparison, and one per group that was left out.

    Parameters
    ----------
    summaries
        From :func:`compare_conditions`, with the folder of each.
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
