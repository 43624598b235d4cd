"""The cells of a group, cut out of the preprocessed whole, and the list of all groups."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.data.obs_columns import text_values
from gtgrn.data.store import UNS
from gtgrn.errors import InputError, name_some

log = logging.getLogger(__name__)

GROUP, DATASET, CELLS, IN_FILE, LEFT_OUT = "group", "dataset", "cells", "cells_in_file", "left_out"
UNGROUPED = "no value in the column"


def take_group(adata: ad.AnnData, column: str, value: str, min_cells: int) -> ad.AnnData:
    """Return the cells of a group, with the whole's normalisation and genes.

    Nothing is normalised or filtered again: a gene that the group's cells do not express stays,
    so that the networks of all groups are about the same pairs.

    Parameters
    ----------
    adata
        The whole, preprocessed.
    column, value
        Column of obs, and the group's value in it.
    min_cells
        Fewest cells of a group.

    Returns
    -------
    anndata.AnnData
        `uns["gtgrn"]["group"]` records column and value.

    Raises
    ------
    InputError
        If the filters left fewer cells, or the group's genes are all constant.
    """
    values = list(text_values(adata.obs[column]))
    chosen = np.array([text == value for text in values], dtype=bool)
    if chosen.sum() < min_cells:
        large = [str(name) for name, n in Counter(values).most_common() if name and n >= min_cells]
        raise InputError(
            f"{chosen.sum()} cells of '{value}' are left after the filters, of {min_cells} needed",
            field="groups.min_cells",
            remedy="Lower it, or list the other groups in groups.include: "
            f"{name_some(large)} have enough",
        )
    group = adata[chosen].copy()
    constant = int((np.ptp(group.X, axis=0) == 0).sum())
    if constant == group.n_vars:
        raise InputError(
            f"every gene is constant over the cells of '{value}'", field="groups.by",
            remedy="Leave the group out: list the others in groups.include",
        )  # fmt: skip
    if constant:
        log.warning(
            "%d of %d genes are constant over the %d cells of %s: they stay, but say nothing",
            constant, group.n_vars, group.n_obs, value,
        )  # fmt: skip
    group.uns[UNS] = {**group.uns[UNS], "group": {"column": column, "value": value}}
    return group


def list_groups(adata: ad.AnnData, column: str, groups: Sequence[dict]) -> pd.DataFrame:
    """Return the groups of a data set, those that are left out among them.

    Parameters
    ----------
    adata
        The whole, preprocessed.
    column
        Column of obs.
    groups
        Dictionaries of value, dataset (empty where it is left out), cells (in the file, or
        None) and left_out (why).

    Returns
    -------
    pandas.DataFrame
        group, dataset, cells (after the filters), cells_in_file (empty where the file could not
        be read before the run) and left_out, in the order given; cells without a group last.
    """
    counts = Counter(text_values(adata.obs[column]))
    rows = [
        {
            GROUP: group["value"], DATASET: group["dataset"], CELLS: counts[group["value"]],
            IN_FILE: group["cells"], LEFT_OUT: group["left_out"],
        }
        for group in groups
    ]  # fmt: skip
    named = {group["value"] for group in groups}
    others = [value for value in counts if value is not None and value not in named]
    rows += [
        {GROUP: value, DATASET: "", CELLS: counts[value], LEFT_OUT: "not in groups.include"}
        for value in sorted(others)
    ]
    if counts[None]:
        rows.append({GROUP: "", DATASET: "", CELLS: counts[None], LEFT_OUT: UNGROUPED})
    for row in rows:
        if row[LEFT_OUT]:
            log.warning("left out: '%s', %d cells (%s)", row[GROUP], row[CELLS], row[LEFT_OUT])
    table = pd.DataFrame(rows, columns=[GROUP, DATASET, CELLS, IN_FILE, LEFT_OUT])
    return table.astype({IN_FILE: "Int64"})
