"""What kind of values a matrix holds: what the kinds differ in, and what follows for each.

==================  =============================================  =================
kind                what it is                                     what is done
==================  =============================================  =================
counts              whole numbers of molecules or reads            normalised, logged
estimated_counts    counts with fractions (salmon, RSEM, alevin;   normalised, logged
                    corrected for ambient RNA)
tpm                 TPM, CPM and others of one total per cell      logged
lognorm             the logarithm of normalised values             taken as they are
scaled              centred, of unit variance                      taken as they are
continuous          simulated, microarrays and others              taken as they are
==================  =============================================  =================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

AUTO = "auto"
COUNTS, ESTIMATED, TPM = "counts", "estimated_counts", "tpm"
LOGNORM, SCALED, CONTINUOUS = "lognorm", "scaled", "continuous"
NORMALISED = (COUNTS, ESTIMATED)
"""Kinds that are normalised to one total per cell."""
LOGGED = (COUNTS, ESTIMATED, TPM)
"""Kinds that are logged."""

LARGEST_LOG = 25.0
"""No cell has e^25 molecules, so that larger values are on no log scale."""
SAMPLE_CELLS = 2000
SAMPLE_VALUES = 20_000_000
BLOCK_VALUES = 5_000_000
"""Values looked at at a time."""
MOST_UNDONE = 200
"""Cells whose values are held against their smallest."""
WHOLE_SHARE = 0.05
"""Share of whole numbers among positive values above which fractions are estimates of counts."""
FEW_BELOW = 0.01
"""Share of the values that are not 0 below which negative ones are no sign of centred values."""
TOP_GENES = 0.1
"""Share of genes, those of the largest means, whose variance is held against their mean."""
UNDOINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "log(1 + x)": np.expm1,
    "log2(1 + x)": lambda x: np.exp2(x) - 1,
    "log10(1 + x)": lambda x: np.power(10.0, x) - 1,
    "the square root": np.square,
    "Anscombe's root": lambda x: np.square(x / 2) - 0.375,
    "Freeman and Tukey's root": lambda x: np.square((np.square(x) - 1) / np.maximum(2 * x, 1e-6)),
}
"""What counts are often turned into, with its inverse."""
ROOTS = ("the square root", "Anscombe's root", "Freeman and Tukey's root")
NEAR_WHOLE = 0.02
"""Distance below which an undone value is a whole number."""
FEW_CELLS = 5
"""Below this many cells, spreads over cells say nothing."""
ONE_TOTAL = 1e-3
"""Coefficient of variation below which totals are one total, but for rounding."""


@dataclass
class ValueKind:
    """What values were found to be, and why; `sure` is whether nothing else is likely."""

    kind: str
    evidence: list[str] = field(default_factory=list)
    sure: bool = True

    def __str__(self) -> str:
        """Return the kind with its evidence."""
        return f"{self.kind} ({'; '.join(self.evidence)})"


def find_kind(matrix: np.ndarray | sparse.spmatrix) -> ValueKind:
    """Find out what kind of values a matrix holds.

    Parameters
    ----------
    matrix
        Cells x genes, finite.

    Returns
    -------
    ValueKind
        By, in this order: negative values; whole numbers, nothing but 0 and 1 apart; one total
        per cell; the logarithm or square root of whole numbers or of one total; values that no
        logarithm reaches; whole numbers among fractions; the variance of the genes with the
        largest means, which is above the mean in counts and far below it in logarithms.
    """
    stored = np.asarray(matrix.data if sparse.issparse(matrix) else matrix)
    if not stored.size:
        return ValueKind(CONTINUOUS, ["no value is above 0"], sure=False)
    smallest, largest = float(stored.min()), float(stored.max())
    if smallest < 0:
        return _damaged_counts(stored) or _negative(matrix, smallest)
    zeros = 1 - np.count_nonzero(stored) / (matrix.shape[0] * matrix.shape[1])
    facts = [f"{zeros:.0%} are 0", f"the largest is {largest:g}"]
    if largest > 1 and (stored == np.rint(stored)).all():
        return ValueKind(COUNTS, ["all are whole numbers", *facts])
    positive = stored[stored > 0]
    if not positive.size:
        return ValueKind(LOGNORM, ["all are 0"], sure=False)
    if (positive == 1).all():
        said = "all are 0 or 1: whether a gene was seen, not how much of it"
        return ValueKind(CONTINUOUS, [said, facts[0]])
    facts.append(f"the smallest above 0 is {positive.min():.3g}")
    dense = _sample(matrix)
    kind = _one_total(dense, largest) or _undone(dense, largest) or _spread(dense, largest)
    kind.evidence += facts
    return kind


def _sample(matrix: np.ndarray | sparse.spmatrix) -> np.ndarray:
    """Return cells from the smallest total to the largest, evenly spaced, in double precision.

    Chosen and ordered by what they hold, so that the order of the cells in a file says nothing.
    """
    cells = max(min(SAMPLE_CELLS, matrix.shape[0], SAMPLE_VALUES // max(matrix.shape[1], 1)), 1)
    chosen = np.unique(np.linspace(0, matrix.shape[0] - 1, cells).astype(int))
    part = matrix[_order_by_content(matrix)[chosen]]
    part = part.toarray() if sparse.issparse(part) else part
    return np.asarray(part, dtype=np.float64)


def _order_by_content(matrix: np.ndarray | sparse.spmatrix) -> np.ndarray:
    """Return the cells sorted by their sums and sums of squares, in whatever order they come."""
    rows = max(BLOCK_VALUES // max(matrix.shape[1], 1), 1)
    keys = []
    for start in range(0, matrix.shape[0], rows):
        part = matrix[start : start + rows].astype(np.float64)
        square = sparse.csr_matrix(part).power(2) if sparse.issparse(part) else part * part
        # A row's sum is the same wherever the row stands: no product of matrices promises that.
        keys.append([np.asarray(values.sum(axis=1)).ravel() for values in (square, part)])
    return np.lexsort(np.concatenate(keys, axis=1))


def _damaged_counts(stored: np.ndarray) -> ValueKind | None:
    """Return that whole numbers are counts where only a few are below 0: a code, or an error."""
    below = int((stored < 0).sum())
    if below > FEW_BELOW * np.count_nonzero(stored) or (stored != np.rint(stored)).any():
        return None
    return ValueKind(COUNTS, [f"all are whole numbers, all but {below} at least 0"])


def _negative(matrix: np.ndarray | sparse.spmatrix, smallest: float) -> ValueKind:
    dense = _sample(matrix)
    varies = dense.std(axis=0) > 0
    facts = [f"the smallest is {smallest:.3g}"]
    if len(dense) >= FEW_CELLS and varies.any():
        mean, spread = np.abs(dense.mean(axis=0)[varies]), dense.std(axis=0)[varies]
        # Clipping at 10 and a sample of the cells move both a little.
        low, high = np.quantile(spread, [0.25, 0.75])
        if np.median(mean) < 0.1 and low > 0.6 and high < 1.4:
            said = f"the genes have mean 0 and a spread of {np.median(spread):.2g}"
            return ValueKind(SCALED, [said, *facts])
    return ValueKind(CONTINUOUS, facts)


def _variation(totals: np.ndarray) -> float:
    """Return the coefficient of variation of totals that are not 0."""
    totals = totals[totals > 0]
    return float(totals.std() / totals.mean()) if len(totals) >= FEW_CELLS else np.inf


def _one_total(dense: np.ndarray, largest: float) -> ValueKind | None:
    totals = dense.sum(axis=1)
    if largest > 1 and _variation(totals) < ONE_TOTAL:
        return ValueKind(TPM, [f"the values of every cell add up to {np.median(totals):.6g}"])
    return None


def _undone(dense: np.ndarray, largest: float) -> ValueKind | None:
    """Return what values are where undoing a logarithm or root gives one total or whole numbers.

    A root is taken as it is, as a logarithm is, but is no logarithm.
    """
    for name, undo in UNDOINGS.items():
        if name not in ROOTS and largest > LARGEST_LOG:
            continue
        with np.errstate(over="ignore"):
            undone = undo(dense)
        if not np.isfinite(undone).all():
            continue
        kind, totals = CONTINUOUS if name in ROOTS else LOGNORM, undone.sum(axis=1)
        if _variation(totals) < 10 * ONE_TOTAL:
            said = f"{name} undone, every cell adds up to {np.median(totals):.6g}"
            return ValueKind(kind, [said])
        if _are_whole(dense[dense > 0], undo):
            said = f"{name} undone, all are whole numbers: counts that were not normalised"
            return ValueKind(kind, [f"{said}; better give the counts"])
        if kind == LOGNORM and _are_multiples(undone):
            return ValueKind(kind, [f"{name} undone, values are multiples of one count"])
    return None


def _are_whole(positive: np.ndarray, undo: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Return whether values with fractions become whole numbers when they are undone.

    Whole values say nothing, as their squares are whole too. Values of which a rounding to a
    few decimals hides what they were are not looked at.
    """
    values, times = np.unique(positive[positive != np.rint(positive)], return_counts=True)
    single = values.astype(np.float32)
    digits = next(
        (n for n in range(1, 6) if (np.round(values, n).astype(np.float32) == single).all()), 6
    )
    undone = undo(values)
    error = undo(values + np.maximum(0.5 * 10.0**-digits, 1e-7 * values)) - undone
    clear = error < NEAR_WHOLE
    near = np.abs(undone - np.rint(undone)) < NEAR_WHOLE + error
    if times[clear].sum() < 20 or len(set(np.rint(undone[clear & near]))) < 3:
        return False
    # Among different values too: one that comes often may be whole by chance.
    return bool(near[clear].mean() > 0.95 and np.average(near[clear], weights=times[clear]) > 0.95)


def _are_multiples(undone: np.ndarray) -> bool:
    """Return whether the values of nearly every cell are multiples of its smallest one."""
    good = tested = 0
    some = np.unique(np.linspace(0, len(undone) - 1, MOST_UNDONE).astype(int))
    for cell in undone[some]:
        values = cell[cell > 0]
        if len(values) < 3:
            continue
        ratio = values / values.min()
        # Of a large ratio the rounding of the values hides the fraction.
        ratio = ratio[(ratio > 1.5) & (ratio < 12)]
        if len(ratio) < 2:
            continue
        tested += 1
        good += bool((np.abs(ratio - np.rint(ratio)) < 0.05).mean() > 0.9)
    return tested >= 3 and good > 0.8 * tested


def _spread(dense: np.ndarray, largest: float) -> ValueKind:
    """Tell counts with fractions from logarithms and other values by whole numbers and spread."""
    positive = dense[dense > 0]
    whole = float((positive == np.rint(positive)).mean()) if positive.size else 0.0
    if len(dense) < FEW_CELLS:
        return ValueKind(CONTINUOUS if largest > LARGEST_LOG else LOGNORM,
                         ["too few cells to tell"], sure=False)  # fmt: skip
    if whole > WHOLE_SHARE and largest > 2 and not _few_decimals(positive):
        return ValueKind(ESTIMATED, [f"{whole:.0%} of the values above 0 are whole numbers"])
    means = dense.mean(axis=0)
    top = np.argsort(-means, kind="stable")[: max(int(TOP_GENES * len(means)), 5)]
    ratio = float(np.median(dense[:, top].var(axis=0) / np.maximum(means[top], 1e-12)))
    said = f"the most expressed genes have a variance of {ratio:.2g} times their mean"
    if largest > LARGEST_LOG:
        if ratio > 1:
            return ValueKind(ESTIMATED, [said, "too large for a logarithm"], sure=ratio > 2)
        return ValueKind(CONTINUOUS, [said, "too large for a logarithm"], sure=False)
    if ratio > 1:
        return ValueKind(ESTIMATED, [said], sure=False)
    return ValueKind(LOGNORM, [said], sure=ratio < 0.5)


def _few_decimals(positive: np.ndarray) -> bool:
    """Return whether values were rounded so hard that some are whole by chance."""
    tenths = positive * 10
    return bool((np.abs(tenths - np.rint(tenths)) < 1e-4).mean() > 0.9)
