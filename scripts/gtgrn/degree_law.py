"""Whether degrees follow a power law: Figure 6 of the paper with numbers instead of an eye.

Exponent and lower bound are those of Clauset, Shalizi and Newman 2009 (doi 10.1137/070710111),
fitted by the package powerlaw (Alstott et al. 2014, doi 10.1371/journal.pone.0085777): the bound
is the degree from which on the fitted law is nearest to the data by Kolmogorov and Smirnov. A
straight line in a log-log plot is no evidence, so a lognormal is held against it on the same
tail by Vuong's test.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gtgrn.topology import degree_distribution

FIT = ["genes", "alpha", "xmin", "tail", "KS", "likelihood_ratio", "p", "reading"]
LEAST_TAIL, LEAST_VALUES = 50, 3
"""Genes in the tail below which Clauset et al. call a fit uncertain; distinct degrees without
which there is no line to fit."""
LEVEL = 0.1


def fit_degree_law(degrees: np.ndarray) -> dict[str, object]:
    """Fit a discrete power law to degrees and hold a lognormal against it.

    Parameters
    ----------
    degrees
        Degrees of 1 or more, one a gene.

    Returns
    -------
    dict
        genes, alpha (exponent), xmin (least degree of the tail), tail (its genes), KS (distance
        of the tail to the law), likelihood_ratio (normalised; above zero for the power law,
        below for the lognormal), p (two-sided, of no difference), reading. NaN where there are
        fewer than three distinct degrees.
    """
    degrees = np.sort(np.asarray(degrees, dtype=int))
    if len(np.unique(degrees)) < LEAST_VALUES:
        return {"genes": len(degrees)} | dict.fromkeys(FIT[1:-1], np.nan) | {
            "reading": "too few distinct degrees for a fit"
        }  # fmt: skip
    # Imported here: its import takes longer than the fit of a small network.
    import powerlaw

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Both warn of bounds that a small sample makes them try.
        warnings.simplefilter("ignore")
        fit = powerlaw.Fit(degrees, discrete=True, verbose=False)
        law = fit.power_law
        ratio, p = fit.distribution_compare("power_law", "lognormal", normalized_ratio=True)
    tail = int((degrees >= fit.xmin).sum())
    return {
        "genes": len(degrees),
        "alpha": float(law.alpha),
        "xmin": int(fit.xmin),
        "tail": tail,
        "KS": float(law.D),
        "likelihood_ratio": float(ratio),
        "p": float(p),
        "reading": _read_fit(tail, float(ratio), float(p)),
    }


def _read_fit(tail: int, ratio: float, p: float) -> str:
    if tail < LEAST_TAIL:
        return "too few genes in the tail to tell"
    if not p < LEVEL:
        return "power law and lognormal cannot be told apart"
    return "the power law fits better" if ratio > 0 else "the lognormal fits better"


def fitted_line(fit: Mapping, largest: int, points: int = 40) -> pd.DataFrame:
    """Give the fitted share of genes of at least a degree, from xmin to the largest degree.

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


def compare_degrees(networks: Mapping[tuple[str, str], pd.DataFrame]) -> tuple:
    """Give the degree distribution and the fitted law of each network.

    Parameters
    ----------
    networks
        (network, selection) -> regulator, target.

    Returns
    -------
    tuple
        Table of :func:`gtgrn.topology.degree_distribution` and table of fits, both with the
        columns network and selection first.
    """
    distributions, fits = [], []
    for (network, selection), edges in networks.items():
        table = degree_distribution(edges)
        names = {"network": network, "selection": selection}
        distributions.append(table.assign(**names)[[*names, *table.columns]])
        fits.append(names | fit_degree_law(np.repeat(table["degree"], table["genes"])))
    return (
        pd.concat(distributions, ignore_index=True),
        pd.DataFrame(fits, columns=["network", "selection", *FIT]),
    )
