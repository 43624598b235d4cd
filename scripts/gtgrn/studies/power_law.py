"""Whether degrees follow a power law: Figure 6 of the paper with numbers instead of an eye.

Exponent and lower bound are those of Clauset, Shalizi and Newman 2009 (doi 10.1137/070710111):
the bound is the degree from which on the fitted law is nearest to the data by Kolmogorov and
Smirnov. A straight line in a log-log plot is no evidence, so samples of the fitted law are
fitted anew to see how near a true one comes, and a lognormal is held against it on the same tail
by Vuong's test (package powerlaw, Alstott et al. 2014, doi 10.1371/journal.pone.0085777). The
fit is our own because that package keeps exponents below 3, and because samples need many.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from gtgrn.evaluation.topology import degree_distribution
from gtgrn.seeds import derive_seed

FIT = [
    *["genes", "alpha", "xmin", "tail", "KS", "KS_p", "likelihood_ratio", "ratio_p", "reading"],
]
LEAST_TAIL, LEAST_VALUES = 50, 3
"""Genes in the tail below which Clauset et al. call a fit uncertain; distinct degrees without
which there is no line to fit."""
LEVEL = 0.1
RANGE, STEPS, STEP = (1.001, 20.0), 40, 1e-6
TABLE = 10_000
"""Degrees whose share is tabulated to draw from a law; beyond, the continuous law is as good."""


def fit_tail(degrees: np.ndarray) -> tuple[float, int, float]:
    """Fit a discrete power law by maximum likelihood to the tail that it fits best.

    Parameters
    ----------
    degrees
        At least three distinct degrees of 1 or more, one per gene.

    Returns
    -------
    tuple
        Exponent, least degree of the tail, largest distance of the cumulative distributions.
    """
    from scipy.special import zeta

    values, counts = np.unique(degrees, return_counts=True)
    above = np.cumsum(counts[::-1])[::-1]
    logs = np.cumsum((counts * np.log(values))[::-1])[::-1] / above
    # A tail needs two distinct degrees.
    xmin, mean_log = values[:-1].astype(float), logs[:-1]
    # The mean logarithm of the law falls with its exponent: bisect to that of the tail.
    low, high = (np.full(len(xmin), bound) for bound in RANGE)
    for _ in range(STEPS):
        middle = (low + high) / 2
        slope = np.log(zeta(middle + STEP, xmin) / zeta(middle - STEP, xmin)) / (2 * STEP)
        steeper = -slope > mean_log
        low, high = np.where(steeper, middle, low), np.where(steeper, high, middle)
    alpha = (low + high) / 2
    norm = zeta(alpha, xmin)[:, None]
    inside = values[None, :] >= xmin[:, None]
    share = above[None, :] / above[:-1, None]
    next_share = np.append(above[1:], 0)[None, :] / above[:-1, None]
    law, next_law = (zeta(alpha[:, None], values + one) / norm for one in (0.0, 1.0))
    gap = np.maximum(np.abs(share - law), np.abs(next_share - next_law))
    distance = np.where(inside, gap, 0.0).max(axis=1)
    best = int(distance.argmin())
    return float(alpha[best]), int(xmin[best]), float(distance[best])


def draw_degrees(alpha: float, xmin: int, size: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw from the discrete power law by inverting its distribution."""
    degrees, at_least = _law(alpha, xmin)
    u = 1 - rng.random(size)
    # The largest degree that at least a share u of the law reaches.
    place = np.searchsorted(-at_least, -u, side="right") - 1
    drawn = degrees[place].astype(float)
    beyond = u < at_least[-1]
    drawn[beyond] = degrees[-1] * (u[beyond] / at_least[-1]) ** (-1 / (alpha - 1))
    return np.floor(drawn).astype(np.int64)


@lru_cache(maxsize=1)
def _law(alpha: float, xmin: int) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the share of a law's genes of at least each degree; kept for the next draw."""
    from scipy.special import zeta

    degrees = np.arange(xmin, xmin + TABLE)
    return degrees, zeta(alpha, degrees) / zeta(alpha, xmin)


def goodness(
    degrees: np.ndarray, fit: tuple[float, int, float], *, samples: int, seed: int
) -> float:
    """Return the share of samples of the fitted law that lie as far from their own fit.

    Degrees below the bound are drawn from the data. A small value says that this is no power
    law; a large one, that it cannot be excluded.

    Parameters
    ----------
    degrees, fit
        The degrees and what :func:`fit_tail` gives of them.
    samples, seed
        Of the samples.
    """
    alpha, xmin, distance = fit
    rng = np.random.default_rng(seed)
    body = np.sort(degrees[degrees < xmin])
    reached = 0
    for _ in range(samples):
        size = rng.binomial(len(degrees), 1 - len(body) / len(degrees))
        tail = draw_degrees(alpha, xmin, size, rng=rng)
        head = rng.choice(body, len(degrees) - size) if len(body) else body
        drawn = np.concatenate([head, tail])
        # A sample of one value has no fit, and no distance either.
        reached += len(np.unique(drawn)) > 1 and fit_tail(drawn)[2] >= distance
    return (1 + reached) / (1 + samples)


def compare_with_lognormal(degrees: np.ndarray, xmin: int) -> tuple[float, float]:
    """Return the normalised likelihood ratio of power law to lognormal on a tail, and its p."""
    # Imported here: its import takes longer than the fit of a small network.
    import powerlaw

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # It warns of bounds that a small sample makes it try.
        warnings.simplefilter("ignore")
        fit = powerlaw.Fit(
            degrees, xmin=xmin, discrete=True, verbose=False, parameter_ranges={"alpha": RANGE}
        )
        ratio, p = fit.distribution_compare("power_law", "lognormal", normalized_ratio=True)
    return float(ratio), float(p)


def fit_degree_law(degrees: np.ndarray, *, samples: int = 0, seed: int = 0) -> dict[str, object]:
    """Fit a discrete power law to degrees and hold samples of it and a lognormal against it.

    Parameters
    ----------
    degrees
        Degrees of 1 or more, one per gene.
    samples, seed
        Samples behind KS_p, and their seed; without samples it is missing.

    Returns
    -------
    dict
        genes, alpha (exponent), xmin (least degree of the tail), tail (its genes), KS (distance
        of the tail to the law), KS_p (see :func:`goodness`), likelihood_ratio (normalised; above
        zero for the power law, below for the lognormal), ratio_p (two-sided, of no difference),
        reading. NaN where there are fewer than three distinct degrees.
    """
    degrees = np.sort(np.asarray(degrees, dtype=np.int64))
    if len(np.unique(degrees)) < LEAST_VALUES:
        return {
            "genes": len(degrees),
            **dict.fromkeys(FIT[1:-1], np.nan),
            "reading": "too few distinct degrees for a fit",
        }
    fit = fit_tail(degrees)
    alpha, xmin, distance = fit
    tail = int((degrees >= xmin).sum())
    ratio, p = compare_with_lognormal(degrees, xmin)
    near = goodness(degrees, fit, samples=samples, seed=seed) if samples else float("nan")
    values = (len(degrees), alpha, xmin, tail, distance, near, ratio, p)
    return dict(zip(FIT, (*values, _read_fit(tail, near, ratio, p)), strict=True))


def _read_fit(tail: int, near: float, ratio: float, p: float) -> str:
    if tail < LEAST_TAIL:
        return "too few genes in the tail to tell"
    said = "no power law" if near < LEVEL else "a power law is possible"
    if np.isnan(near):
        said = "not compared with samples"
    if not p < LEVEL:
        return f"{said}; a lognormal fits as well"
    other = "it fits better than a lognormal" if ratio > 0 else "a lognormal fits better"
    return f"{said}; {other}"


def fitted_line(fit: Mapping, largest: int, points: int = 40) -> pd.DataFrame:
    """Return the fitted share of genes of at least a degree, from xmin to the largest degree.

    The law is that of the tail, so the line starts at the tail's share of the genes.

    Parameters
    ----------
    fit
        From :func:`fit_degree_law`.
    largest
        Degree at which the line ends.
    points
        Points of the line, evenly on the log scale.

    Returns
    -------
    pandas.DataFrame
        degree, share_at_least; empty where nothing was fitted.
    """
    from scipy.special import zeta

    if np.isnan(fit["alpha"]) or largest <= fit["xmin"]:
        return pd.DataFrame({"degree": [], "share_at_least": []}, dtype=float)
    degree = np.unique(np.geomspace(fit["xmin"], largest, points).round())
    share = zeta(fit["alpha"], degree) / zeta(fit["alpha"], fit["xmin"])
    return pd.DataFrame({"degree": degree, "share_at_least": share * fit["tail"] / fit["genes"]})


def compare_degrees(
    networks: Mapping[tuple[str, str], pd.DataFrame], *, samples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the degree distribution and the fitted law of each network.

    Parameters
    ----------
    networks
        (network, selection) -> regulator, target.
    samples, seed
        See :func:`fit_degree_law`.

    Returns
    -------
    tuple
        Table of :func:`gtgrn.evaluation.topology.degree_distribution` and table of fits, both with
        columns network and selection first.
    """
    distributions, fits = [], []
    for (network, selection), edges in networks.items():
        table = degree_distribution(edges)
        names = {"network": network, "selection": selection}
        distributions.append(table.assign(**names)[[*names, *table.columns]])
        degrees = np.repeat(table["degree"].to_numpy(), table["genes"])
        own = derive_seed(seed, network, selection)
        fits.append(names | fit_degree_law(degrees, samples=samples, seed=own))
    return (
        pd.concat(distributions, ignore_index=True),
        pd.DataFrame(fits, columns=["network", "selection", *FIT]),
    )
