"""Correlations of regulators and genes that differ between two conditions.

The effect is the difference of Fisher's z = atanh(r). Between cells its null spread is taken
from null labellings, gene pair by gene pair: the textbook's 1 / sqrt(n - 3) holds for normal
values, and counts with many zeros are none. Between donors the correlations are those within
each donor, and the spread is that among donors, moderated as in SAM (Tusher et al. 2001,
doi:10.1073/pnas.091062498): the median of all pairs' is added, so that no pair is significant
for the accident of a tiny one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from gtgrn.comparison.design import Design

LIMIT = 1 - 1e-6
"""Largest correlation that Fisher's z is taken of."""
SCALE_SHARE, MOST_SCALE = 0.2, 200
"""Share of the null labellings, and most, that the spread of a pair between cells is from."""
FOLDS = 20
LEVEL = 0.95


@dataclass(frozen=True)
class Effects:
    """Effects of all pairs, each (regulators, genes).

    Attributes
    ----------
    first, second
        Correlation in either condition.
    difference, error, freedom
        Of Fisher's z, its standard error, and the degrees of freedom of the interval.
    rewiring, rewiring_error
        (regulators,) mean over genes of the squared difference of the partial correlations'
        Fisher z, and its jackknife error.
    """

    first: np.ndarray
    second: np.ndarray
    difference: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    rewiring: np.ndarray
    rewiring_error: np.ndarray

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the 95 % interval of the differences."""
        width = stats.t.ppf((1 + LEVEL) / 2, self.freedom) * self.error
        return self.difference - width, self.difference + width


def fisher(correlation: np.ndarray) -> np.ndarray:
    """Return Fisher's z."""
    return np.arctanh(np.clip(correlation, -LIMIT, LIMIT))


def partial(correlations: np.ndarray, regulators: np.ndarray, cells: int) -> np.ndarray:
    """Return the correlation of regulator and gene given all other regulators.

    It tells direct from passed-on differences: a gene that follows a rewired regulator through
    another one has another correlation with both, but the partial one changes with the first.
    The correlations among regulators are shrunk towards none by R / (R + cells), without which
    they could not be inverted where there are few cells.

    Parameters
    ----------
    correlations
        (regulators, genes), 0 for a gene with itself.
    regulators
        Positions of the regulators among the genes.
    cells
        Cells behind the correlations.
    """
    number = len(regulators)
    keep = np.float32(cells / (cells + number))
    among = keep * correlations[:, regulators]
    among[np.arange(number), np.arange(number)] = 1.0
    inverse = np.linalg.inv(among)
    diagonal = np.diagonal(inverse)
    given = keep * correlations
    slope = inverse @ given
    rest = np.maximum(1.0 - np.einsum("ij,ij->j", slope, given), 1e-4)
    found = slope / np.sqrt(rest * diagonal[:, None] + slope**2)
    # A regulator as a target is no regulator of itself: read off the inverse.
    found[:, regulators] = -inverse / np.sqrt(np.outer(diagonal, diagonal))
    found[np.arange(number), regulators] = 0.0
    return found


class _Sums:
    """Sums, squares and products of some cells, from which their correlations follow."""

    def __init__(self, values: np.ndarray, regulators: np.ndarray) -> None:
        self.cells = len(values)
        self.total = values.sum(axis=0, dtype=np.float64)
        self.squares = np.einsum("ij,ij->j", values, values, dtype=np.float64)
        self.products = values[:, regulators].T @ values
        self.regulators = regulators

    def less(self, other: _Sums) -> _Sums:
        """Return the sums of the other cells."""
        rest = object.__new__(_Sums)
        rest.cells = self.cells - other.cells
        rest.total, rest.squares = self.total - other.total, self.squares - other.squares
        rest.products, rest.regulators = self.products - other.products, self.regulators
        return rest

    def correlations(self) -> np.ndarray:
        """Return (regulators, genes); 0 where a gene is constant, and for a gene with itself."""
        mean = self.total / self.cells
        variance = self.squares / self.cells - mean**2
        # Values have unit variance over all cells: below this it is rounding.
        scale = np.where(variance > 1e-6, 1 / np.sqrt(np.maximum(variance, 1e-6)), 0.0)
        mean, scale = mean.astype(np.float32), scale.astype(np.float32)
        found = self.products / np.float32(self.cells)
        found -= mean[self.regulators, None] * mean
        found *= scale[self.regulators, None]
        found *= scale
        found[np.arange(len(self.regulators)), self.regulators] = 0.0
        return found

    def fisher(self) -> np.ndarray:
        """Return Fisher's z of (correlation, partial correlation), (2, regulators, genes)."""
        found = self.correlations()
        return fisher(np.array([found, partial(found, self.regulators, self.cells)]))


def unit_variance(values: np.ndarray) -> np.ndarray:
    """Return values with mean 0 and variance 1 by gene, single precision; constants are 0."""
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    return (values / np.where(spread > 1e-6, spread, np.inf)).astype(np.float32)


class CellCorrelations:
    """The comparison between cells.

    Parameters
    ----------
    values
        Cells x genes, the design's cells in its order.
    regulators
        Positions of the regulators among the genes.
    design
        From :func:`gtgrn.comparison.design.make_design`.
    """

    def __init__(self, values: np.ndarray, regulators: np.ndarray, design: Design) -> None:
        self.values, self.regulators = unit_variance(values), np.asarray(regulators)
        self.design, self.whole = design, _Sums(self.values, self.regulators)
        self.scale: np.ndarray | None = None

    def differences(self, labels: np.ndarray) -> np.ndarray:
        """Return the differences of Fisher's z for a labelling of the cells.

        (2, regulators, genes): of the correlations and of the partial correlations.
        """
        # The sums of one condition give those of the other; the smaller is cheaper.
        chosen = labels if labels.sum() * 2 <= len(labels) else ~labels
        one = _Sums(self.values[chosen], self.regulators)
        found = one.fisher()
        found -= self.whole.less(one).fisher()
        return found if chosen is labels else -found

    def calibrate(self, labellings: np.ndarray) -> np.ndarray:
        """Take each pair's null spread from some labellings; return those that are left."""
        number = min(max(int(SCALE_SHARE * len(labellings)), 1), MOST_SCALE)
        squares = np.zeros((2, len(self.regulators), self.values.shape[1]))
        for labels in labellings[:number]:
            squares += self.differences(labels) ** 2
        # A few labellings say little about one pair: the median of all is one more of them.
        squares /= number
        typical = [[[np.median(own[own > 0]) if (own > 0).any() else 1.0]] for own in squares]
        scale = (number * squares + 5 * np.array(typical)) / (number + 5)
        self.scale = np.sqrt(scale).astype(np.float32)
        return labellings[number:]

    def statistics(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences for a labelling and their size by the null spread."""
        found = self.differences(labels)
        return found, np.abs(found) / self.scale

    def effects(self) -> Effects:
        """Return the effects with errors by the jackknife over twenty folds of cells."""
        labels, position = self.design.first, np.arange(len(self.values))
        one = _Sums(self.values[labels], self.regulators)
        two = self.whole.less(one)
        difference = one.fisher() - two.fisher()
        folds = min(FOLDS, int(labels.sum()), int((~labels).sum()))
        left = []
        # Cells in file order may be batches: every n-th cell is a fold, as batches are unknown.
        place = np.where(labels, np.cumsum(labels), np.cumsum(~labels)) % folds
        for fold in range(folds):
            parts = [
                _Sums(self.values[position[(place == fold) & own]], self.regulators)
                for own in (labels, ~labels)
            ]
            left.append(one.less(parts[0]).fisher() - two.less(parts[1]).fisher())
        every = np.array(left)
        return Effects(
            one.correlations(),
            two.correlations(),
            difference[0],
            jackknife(every[:, 0]),
            np.full(difference[0].shape, folds - 1.0),
            (difference[1] ** 2).mean(axis=1),
            jackknife((every[:, 1] ** 2).mean(axis=2)),
        )


class DonorDifferences:
    """The comparison between donors of what was measured within each.

    Parameters
    ----------
    z
        (samples, 2, regulators, genes): what edges and what regulators are judged by.
    regulators
        Positions of the regulators among the genes.
    design
        From :func:`gtgrn.comparison.design.make_design`, with donors.
    """

    def __init__(self, z: np.ndarray, regulators: np.ndarray, design: Design) -> None:
        self.z, self.regulators, self.design = z, np.asarray(regulators), design
        self.fudge = np.zeros((2, 1, 1))

    def moments(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences of the mean z and their standard errors for a labelling."""
        return moments(self.z, labels, self.design.paired)

    def calibrate(self, labellings: np.ndarray) -> np.ndarray:
        """Take the spread that is added to each pair's; return the labellings, all left."""
        error = self.moments(self.design.labels)[1]
        # Of the observed labels and of the first null ones alike, so that neither is preferred.
        errors = [error, *(self.moments(labels)[1] for labels in labellings[:9])]
        joined = np.array(errors)
        self.fudge = np.array(
            [
                [[np.median(own[own > 0]) if (own > 0).any() else 1.0]]
                for own in (joined[:, 0], joined[:, 1])
            ]
        )
        return labellings

    def statistics(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the differences for a labelling and their size by the moderated spread."""
        found, error = self.moments(labels)
        return found, np.abs(found) / (error + self.fudge)

    def effects(self) -> Effects:
        """Return the effects with the errors of Welch's test, or of that of pairs."""
        labels = self.design.labels
        one, two = self.z[labels], self.z[~labels]
        difference, error, freedom = welch(self.z, labels, self.design.paired)
        left = []
        step = 2 if self.design.paired else 1
        for start in range(0, len(labels), step):
            kept = np.ones(len(labels), dtype=bool)
            kept[start : start + step] = False
            z = self.z[:, 1]
            own = z[kept & labels].mean(axis=0) - z[kept & ~labels].mean(axis=0)
            left.append((own**2).mean(axis=1))
        rewiring, spread = (difference[1] ** 2).mean(axis=1), jackknife(np.array(left))
        first, second = one[:, 0].mean(axis=0), two[:, 0].mean(axis=0)
        return Effects(first, second, difference[0], error[0], freedom[0], rewiring, spread)


class DonorCorrelations(DonorDifferences):
    """The comparison between donors: correlations within each, compared between them.

    Parameters
    ----------
    values, regulators, design
        As for :class:`CellCorrelations`.
    """

    def __init__(self, values: np.ndarray, regulators: np.ndarray, design: Design) -> None:
        scaled, positions = unit_variance(values), np.asarray(regulators)
        samples = [scaled[design.sample == sample] for sample in range(len(design.labels))]
        z = np.array([_Sums(own, positions).fisher() for own in samples])
        super().__init__(z, positions, design)

    def effects(self) -> Effects:
        """Return the effects; the means of z over donors as correlations."""
        found = super().effects()
        return replace(found, first=np.tanh(found.first), second=np.tanh(found.second))


def moments(values: np.ndarray, labels: np.ndarray, paired: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of the means of two conditions and its standard error.

    Parameters
    ----------
    values
        Samples x anything; in pairs, the two samples of a donor follow each other.
    labels
        (samples,) whether a sample counts as one of the first condition.
    paired
        Whether the difference is that within pairs.

    Returns
    -------
    tuple of numpy.ndarray
        The error is that of Student's test, from one variance for both conditions.
    """
    if paired:
        signs = np.where(labels[::2], 1.0, -1.0).astype(values.dtype)
        pairs = (values[::2] - values[1::2]) * signs.reshape(-1, *[1] * (values.ndim - 1))
        return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    n1, n2 = int(labels.sum()), int((~labels).sum())
    one, two = values[labels], values[~labels]
    spread = n1 * one.var(axis=0) + n2 * two.var(axis=0)
    error = np.sqrt(spread / (n1 + n2 - 2) * (1 / n1 + 1 / n2))
    return one.mean(axis=0) - two.mean(axis=0), error


def welch(
    values: np.ndarray, labels: np.ndarray, paired: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return difference, error and degrees of freedom of Welch's test, or of that of pairs.

    Parameters
    ----------
    values, labels, paired
        As for :func:`moments`.
    """
    difference, error = moments(values, labels, paired)
    if paired:
        return difference, error, np.full(difference.shape, len(labels) // 2 - 1.0)
    n1, n2 = int(labels.sum()), int((~labels).sum())
    a, b = values[labels].var(axis=0, ddof=1) / n1, values[~labels].var(axis=0, ddof=1) / n2
    parts = a**2 / (n1 - 1) + b**2 / (n2 - 1)
    freedom = np.where(parts > 0, (a + b) ** 2 / np.where(parts > 0, parts, 1), 1.0)
    return difference, np.sqrt(a + b), freedom


def jackknife(left: np.ndarray) -> np.ndarray:
    """Return the standard error from (parts, ...) values, each without one part."""
    number = len(left)
    return np.sqrt((number - 1) / number * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
