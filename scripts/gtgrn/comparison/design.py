"""Who is compared with whom: the samples of two conditions and the labellings of the null.

A replicate is what was sampled independently: a donor, where the card names a column of donors,
else a cell, which is none (cells of one donor share all that is particular to the donor, so that
a difference between cells need not be one between conditions). A null labelling deals the
conditions anew to the replicates. Donors stay whole: all cells of a donor move together. Where
every donor has cells of both conditions, the two are swapped within donors.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd

from gtgrn.config.group_checks import FEWEST_DONORS, MIN_DONOR_CELLS, choose_donors
from gtgrn.errors import InputError
from gtgrn.names import CELL, DONOR

log = logging.getLogger(__name__)

ROW, FIRST = "row", "first"
COLUMNS = [CELL, ROW, FIRST, DONOR]


@dataclass(frozen=True)
class Design:
    """Cells of two conditions and what their replicates are.

    Attributes
    ----------
    rows
        Positions of the cells that take part.
    first
        (cells,) whether a cell is of the first condition.
    sample
        (cells,) number of the cell's sample: a donor in a condition, else the cell itself.
    labels
        (samples,) whether a sample is of the first condition.
    donors
        (samples,) name of each sample's donor; empty without donors.
    paired
        Whether each donor has a sample of either condition.
    left_out
        Donors with too few cells, or of one condition where the others have both.
    """

    rows: np.ndarray
    first: np.ndarray
    sample: np.ndarray
    labels: np.ndarray
    donors: tuple[str, ...] = ()
    paired: bool = False
    left_out: tuple[str, ...] = ()


def make_design(
    conditions: Sequence[str | None],
    groups: Sequence[str],
    donors: Sequence[str | None] | None = None,
    *,
    min_cells: int = 50,
    name: str = "",
) -> Design:
    """Return the design of a comparison.

    Parameters
    ----------
    conditions
        Condition of each cell; None or another than the two leaves the cell out.
    groups
        The two conditions.
    donors
        Donor of each cell, where there are donors.
    min_cells
        Fewest cells of a condition.
    name
        What is compared, for messages.

    Raises
    ------
    InputError
        If a condition has too few cells, or fewer than two donors of ten cells.
    """
    where = f" of '{name}'" if name else ""
    whose = [""] * len(conditions) if donors is None else donors
    pairs = list(zip(conditions, whose, strict=True))
    rows = np.flatnonzero([own in groups and donor is not None for own, donor in pairs])
    first = np.asarray([own == groups[0] for own in conditions])[rows]
    left_out: tuple[str, ...] = ()
    paired, names = False, np.array([], dtype=str)
    if donors is not None:
        names = np.asarray([str(donor) for donor in donors])[rows]
        kept, paired, left_out = _choose_donors(names, first, groups, where)
        rows, first, names = rows[kept], first[kept], names[kept]
    for condition, cells in zip(groups, (first.sum(), (~first).sum()), strict=True):
        if cells < min_cells:
            raise InputError(
                f"{cells} cells{where} are '{condition}', of {min_cells} needed",
                field="compare.min_cells", remedy="Lower it, or leave this one out",
            )  # fmt: skip
    if donors is None:
        return Design(rows, first, np.arange(len(rows)), first)
    keys = sorted({(donor, bool(one)) for donor, one in zip(names, first, strict=True)})
    number = {key: position for position, key in enumerate(keys)}
    sample = np.array([number[donor, bool(one)] for donor, one in zip(names, first, strict=True)])
    labels = np.array([one for _, one in keys], dtype=bool)
    return Design(rows, first, sample, labels, tuple(d for d, _ in keys), paired, left_out)


def _choose_donors(
    names: np.ndarray, first: np.ndarray, groups: Sequence[str], where: str
) -> tuple[np.ndarray, bool, tuple[str, ...]]:
    """Return which cells are of donors that can be compared, whether in pairs, and the others."""
    conditions = np.where(first, groups[0], groups[1])
    owners = list(zip(conditions.tolist(), names.tolist(), strict=True))
    enough, paired, mixed = choose_donors(Counter(owners), groups)
    if mixed:
        raise InputError(
            f"donor '{mixed}'{where} has cells of both conditions, and the others of one",
            field="compare.unit",
            remedy="Name a column of samples, which are of one condition each",
        )
    for condition in groups:
        count = sum(own == condition for own, _ in enough)
        if count < FEWEST_DONORS:
            raise InputError(
                f"{count} donors{where} have {MIN_DONOR_CELLS} cells of '{condition}', and "
                f"{FEWEST_DONORS} are needed",
                field="compare.unit",
                remedy="Remove the key: cells then stand for replicates, which they are not",
            )
    kept = np.array([owner in enough for owner in owners], dtype=bool)
    left_out = tuple(sorted(set(names.tolist()) - {donor for _, donor in enough}))
    if left_out:
        log.warning("donors left out%s: %s", where, ", ".join(left_out))
    return kept, paired, left_out


def tabulate_design(design: Design, cells: Sequence[str]) -> pd.DataFrame:
    """Return the cells that take part: name, row in the matrix, whether of the first, donor.

    Parameters
    ----------
    design
        From :func:`make_design`.
    cells
        Names of all cells of the matrix.
    """
    donors = np.asarray(design.donors, object)[design.sample] if design.donors else ""
    names = np.asarray(cells, object)[design.rows]
    table = {CELL: names, ROW: design.rows, FIRST: design.first.astype(int), DONOR: donors}
    return pd.DataFrame(table)


def read_design(table: pd.DataFrame, groups: Sequence[str]) -> Design:
    """Return the design of which :func:`tabulate_design` made a table."""
    conditions = [groups[0] if one else groups[1] for one in table[FIRST]]
    donors = [str(name) for name in table[DONOR]]
    design = make_design(conditions, groups, donors if any(donors) else None, min_cells=1)
    return replace(design, rows=table[ROW].to_numpy(int)[design.rows])


def draw_labellings(design: Design, number: int, *, seed: int) -> np.ndarray:
    """Return labellings of the samples as the null has them.

    Parameters
    ----------
    design
        From :func:`make_design`.
    number
        Labellings to draw. Where there are no more than that, each other one is given once;
        of two that differ in the names of the conditions alone, one.
    seed
        Of the draws.

    Returns
    -------
    numpy.ndarray
        (labellings, samples) bool, the observed one not among them.
    """
    labels, rng = design.labels, np.random.default_rng(seed)
    if design.paired:
        pairs = len(labels) // 2
        if 2 ** (pairs - 1) - 1 <= number:
            flips = np.array(list(product([False, True], repeat=pairs - 1)), dtype=bool)[1:]
            flips = np.hstack([np.zeros((len(flips), 1), dtype=bool), flips])
        else:
            flips = rng.random((number, pairs)) < 0.5
        return labels ^ np.repeat(flips, 2, axis=1)
    size, count = len(labels), int(labels.sum())
    mirrored = 2 * count == size
    if comb(size, count) // (1 + mirrored) - 1 <= number:
        found = []
        for chosen in combinations(range(size), count):
            one = np.zeros(size, dtype=bool)
            one[list(chosen)] = True
            if mirrored and one[0] != labels[0]:
                continue
            if (one != labels).any():
                found.append(one)
        return np.array(found, dtype=bool).reshape(-1, size)
    return np.array([rng.permutation(labels) for _ in range(number)])
