"""The comparison of two conditions within a group of cells, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.comparison.design import Design, make_design
from gtgrn.comparison.networks import compare_networks
from gtgrn.comparison.regulons import compare_regulons
from gtgrn.comparison.summaries import summarise
from gtgrn.config.group_checks import ALL
from gtgrn.data.obs_columns import text_values
from gtgrn.names import IS_REGULATOR


def find_design(adata: ad.AnnData, section: Mapping, within: str) -> Design:
    """Return the design of a comparison within a group of cells.

    Parameters
    ----------
    adata, section, within
        As for :func:`compare_conditions`.

    Raises
    ------
    InputError
        If the filters left too few cells or donors.
    """
    conditions = text_values(adata.obs[section["by"]])
    if within != ALL or "within" in section:
        groups = text_values(adata.obs[section["within"]])
        conditions = [c if g == within else None for c, g in zip(conditions, groups, strict=True)]
    unit = section.get("unit")
    donors = text_values(adata.obs[unit]) if unit else None
    needed = section["min_cells"]
    return make_design(conditions, section["groups"], donors, min_cells=needed, name=within)


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
    design = find_design(adata, section, within)
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
    summary = summarise(design, section, within, tables)
    return tables, {**summary, **overall, "regulons_overall": regulons_overall}
