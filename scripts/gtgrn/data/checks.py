"""Checks of a matrix that was read: its names, its columns and its values."""

from __future__ import annotations

import logging
import re
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from gtgrn.data.obs_columns import wanted_columns
from gtgrn.data.readers import bad_path, columns_of
from gtgrn.data.value_kinds import (
    AUTO,
    CONTINUOUS,
    COUNTS,
    ESTIMATED,
    LOGGED,
    LOGNORM,
    SCALED,
    TPM,
    find_kind,
)
from gtgrn.errors import InputError, one_of

log = logging.getLogger(__name__)

CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
"""Characters that steer a terminal, break a line, or are not seen: no reference has them."""
LARGEST_WHOLE = 2**24
"""The largest number up to which single precision holds every whole number."""
NEVER_NEGATIVE = (COUNTS, ESTIMATED, TPM, LOGNORM)
Matrix = np.ndarray | sparse.csr_matrix


def named_columns(adata: ad.AnnData, expression: dict, path: str) -> pd.DataFrame:
    """Keep the columns of `obs` that the card names."""
    obs, columns = adata.obs, wanted_columns(expression)
    for field, name in columns.items():
        if name not in obs:
            raise InputError(
                f"obs has no column '{name}'",
                file=path,
                field=field,
                remedy=one_of(columns_of(adata, "obs")),
            )
    obs = obs[list(dict.fromkeys(columns.values()))].copy()
    obs.index = obs.index.astype(str).rename(None)
    return obs


def as_float32(matrix: Any, path: str) -> Matrix:
    """Return a matrix as CSR or dense, in single precision."""
    if matrix.dtype.kind not in "biuf":
        problem = f"the values are of type {matrix.dtype}, not real numbers"
        raise bad_path(problem, path, "Give a matrix of real numbers")
    if sparse.issparse(matrix):
        matrix = sparse.csr_matrix(matrix, dtype=np.float32)
        matrix.sum_duplicates()
    else:
        matrix = np.asarray(matrix, dtype=np.float32)
    _warn_of_rounding(matrix.data if sparse.issparse(matrix) else matrix, path)
    return matrix


def _warn_of_rounding(stored: np.ndarray, path: str) -> None:
    if stored.size and np.nanmax(stored) > LARGEST_WHOLE:
        log.warning(
            "%s: %d values are above %d; they are kept in single precision, of which the last "
            "digits of whole numbers are rounded (by at most 1 part in %d)",
            path, np.sum(stored > LARGEST_WHOLE), LARGEST_WHOLE, LARGEST_WHOLE,
        )  # fmt: skip


def check_unique(names: pd.Index, kind: str, path: str, remedy: str) -> None:
    """Check that each gene or cell has one name of its own, in characters that can be printed."""
    odd = [name for name in names if CONTROL.search(name)]
    if odd:
        raise bad_path(
            f"{len(odd)} {kind} names hold control characters, the first {odd[0]!r}", path,
            f"Correct the {kind} names",
        )  # fmt: skip
    twice = sorted(set(names[names.duplicated()]))
    if twice:
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise bad_path(
            f"{kind} names that occur more than once: {', '.join(twice[:3])}{more}", path, remedy
        )
    if (names == "").any():
        raise bad_path(f"a {kind} has no name", path, f"Name every {kind}")


def check_values(
    matrix: Matrix,
    cells: pd.Index,
    genes: pd.Index,
    values: str,
    path: str,
    how: str = "declared",
) -> None:
    """Check that the values can be what the card declares; name the first that cannot."""
    rules = [(lambda x: ~np.isfinite(x), "missing or infinite", "Fill or drop it")]
    if values in NEVER_NEGATIVE:
        advice = "Correct the file, or set 'values: continuous' in the card"
        rules.append((lambda x: x < 0, "negative", advice))
    if values == COUNTS:
        rules.append((lambda x: x != np.rint(x), "not a whole number", ""))
    stored = matrix.data if sparse.issparse(matrix) else matrix
    for is_bad, problem, remedy in rules:
        bad = is_bad(stored)
        if not bad.any():
            continue
        if sparse.issparse(matrix):
            first = np.flatnonzero(bad)[0]
            row = np.searchsorted(matrix.indptr, first, side="right") - 1
            column = matrix.indices[first]
        else:
            row, column = np.argwhere(bad)[0]
        raise InputError(
            f"{how} {values}, but {bad.sum()} values are {problem}, the first "
            f"{matrix[row, column]:g} (cell '{cells[row]}', gene '{genes[column]}')",
            file=path,
            field="expression.values",
            remedy=remedy or _remedy_for_fractions(matrix),
        )


def _remedy_for_fractions(matrix: Matrix) -> str:
    """Return what to do about counts with fractions, by what the values look like."""
    likely = find_kind(matrix)
    kind = {COUNTS: ESTIMATED}.get(likely.kind, likely.kind)
    done = {
        ESTIMATED: "which are normalised and logged like counts",
        TPM: "which are logged",
    }.get(kind, "which are taken as they are")
    return f"They look like {kind}: set 'values: {kind}', {done}, or name the layer of the counts"


def settle_values(matrix: Matrix, expression: dict, path: str, layers: list[str]) -> dict:
    """Return what the values are: what the card declares, or what they look like.

    Parameters
    ----------
    matrix
        Cells x genes, checked.
    expression
        The section `expression` of a card.
    path
        The file, for messages.
    layers
        The other layers of the file.

    Returns
    -------
    dict
        Keys of the record of the source: `values`, and `values_detected` and `values_evidence`
        where the card leaves it to detection.
    """
    if not abs(matrix).max() > 0:
        raise InputError(
            "all values are 0", file=path, field="expression.layer" if layers else
            "expression.path", remedy=f"Name one of its layers ({', '.join(layers)})" if layers
            else "Give a matrix with values",
        )  # fmt: skip
    declared, likely = expression["values"], find_kind(matrix)
    record: dict = {}
    if declared == AUTO:
        record = {
            "values": likely.kind,
            "values_detected": True,
            "values_evidence": "; ".join(likely.evidence),
        }
        log.warning(
            "%s: the values look like %s and are taken as such (%s); set expression.values in "
            "the card if they are not%s",
            path, likely.kind, "; ".join(likely.evidence),
            "" if likely.sure else ": this is not certain",
        )  # fmt: skip
    elif declared == LOGNORM and likely.kind != LOGNORM:
        log.warning(
            "%s: declared lognorm, but the values look like %s (largest %g): correct "
            "expression.values if they are", path, likely.kind, matrix.max(),
        )  # fmt: skip
    elif declared in LOGGED and likely.kind in (LOGNORM, SCALED, CONTINUOUS) and likely.sure:
        log.warning(
            "%s: declared %s, but the values look like %s: correct expression.values if they "
            "are", path, declared, likely,
        )  # fmt: skip
    if likely.kind in (SCALED, CONTINUOUS) and likely.sure and layers:
        better = "raw" if "raw" in layers else layers[0]
        log.warning(
            "%s: these are %s values; the file also holds %s: set 'layer: %s' in the card to use "
            "that", path, likely.kind, ", ".join(layers), better,
        )  # fmt: skip
    return record
