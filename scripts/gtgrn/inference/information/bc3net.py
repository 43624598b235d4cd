"""BC3NET: how often an edge of C3NET returns in bootstrap samples.

Written from the formulas of the R package bc3net (de Matos Simoes and Emmert-Streib 2012,
doi 10.1371/journal.pone.0033624). Each bootstrap has a seed of its own, so that no number of
threads changes the result; callers sort the columns by name, so that the order of the genes
does not either.

On 1000 genes of pure noise the R package reports 4318 edges: the second test asks whether an
edge returns more often than a random one, not whether it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.inference.information.c3net import (
    CUTS,
    LEVEL,
    NullOptions,
    bc3net_null,
    track,
)
from gtgrn.inference.information.correlations import gram, one_blas_thread, tie_groups
from gtgrn.inference.information.estimators import CAP, bc3net_mi_matrix, check_values
from gtgrn.inference.information.significance import (
    ADJUSTMENTS,
    adjust_p_values,
    check_null,
    null_p_values,
)
from gtgrn.inference.information.strongest import strongest_pairs, to_matrix
from gtgrn.seeds import derive_seed


@dataclass(frozen=True)
class Bc3netOptions(NullOptions):
    """Options of BC3NET; the defaults are bc3net's."""

    discretisation: str = option(
        "equalwidth", "How values are cut into bins for a discrete estimator.", enum=CUTS
    )
    bootstraps: int = option(100, "Number of bootstraps of the cells.", minimum=1)
    edge_alpha: float = option(
        0.05, "Level of the test of an edge's count over the bootstraps.", **LEVEL
    )
    edge_correction: str = option(
        "bonferroni", "R's name of the correction of that test.", enum=list(ADJUSTMENTS)
    )


def _bootstrap_pairs(
    values: np.ndarray, estimator: str, discretisation: str
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return the function from drawn samples to the C3 pairs and their information.

    The usual estimators are monotone in r^2, so that only the edges' own r^2 become nats.
    """
    from gtgrn.inference.information.kernels import resample_ranks, strongest_squares

    if estimator == "spearman":
        groups = tie_groups(values)

    def weigh(draws: np.ndarray) -> np.ndarray:
        drawn = draws > 0
        columns, weights = values[drawn], draws[drawn, None]
        constant = columns.min(0) == columns.max(0)
        columns -= (columns * weights).sum(0) / weights.sum()
        columns[:, constant] = 0.0
        columns *= np.sqrt(weights)
        return columns

    def strongest(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        draws = np.bincount(indices, minlength=len(values))
        if estimator in ("pearson", "spearman"):
            if estimator == "pearson":
                columns = weigh(draws)
            else:
                ranks = np.empty((values.shape[1], len(indices)))
                resample_ranks(*groups, draws, ranks)
                columns = ranks.T
            partner, squares = np.empty(columns.shape[1], np.int64), np.empty(columns.shape[1])
            strongest_squares(gram(columns), CAP, partner, squares)
            genes = np.flatnonzero(partner >= 0)
            pairs = np.minimum(genes, partner[genes]) * len(partner)
            pairs += np.maximum(genes, partner[genes])
            pairs, first = np.unique(pairs, return_index=True)
            i, j = pairs // len(partner), pairs % len(partner)
            return i, j, -0.5 * np.log1p(-squares[genes[first]])
        mim = bc3net_mi_matrix(values[indices], estimator=estimator, discretisation=discretisation)
        i, j = strongest_pairs(mim)
        return i, j, mim[i, j]

    return strongest


def _test_frequencies(counts: np.ndarray, boot: int, n: int, alpha: float, adj: str) -> np.ndarray:
    """Whether edges return more often than by chance: P(Binomial > count), adjusted."""
    from scipy.special import bdtrc

    chance = counts.sum() / (boot * (n * (n - 1) / 2))
    p = np.where(counts >= boot, 0.0, bdtrc(np.minimum(counts, boot - 1), boot, chance))
    return adjust_p_values(p, adj) <= alpha


def bc3net(
    values: np.ndarray,
    *,
    corrected: bool = True,
    edge_corrected: bool = True,
    weighted: bool = True,
    null: np.ndarray | None = None,
    indices: np.ndarray | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
    **options,
) -> np.ndarray:
    """BC3NET: how often an edge of :func:`c3mtc` returns in bootstrap samples.

    Parameters
    ----------
    values
        Samples x genes, finite.
    corrected, edge_corrected, weighted
        Whether the edges of each bootstrap are tested; whether their frequencies are, against
        the binomial distribution; whether an edge weighs its share of the bootstraps, or 1.
    null, indices
        Null distribution for all bootstraps, and bootstraps x samples, the samples from 0, to
        use instead of drawing them.
    seed, threads, progress
        As :func:`gtgrn.inference.information.c3net.c3net`.
    options
        Fields of :class:`Bc3netOptions`.

    Returns
    -------
    numpy.ndarray
        Genes x genes, symmetric; 0 throughout where no bootstrap has an edge.

    Raises
    ------
    InputError
        As :func:`bc3net_null`, no bootstrap, or indices beyond the samples.
    """
    own = Bc3netOptions(**options)
    values = check_values(values)
    n = values.shape[1]
    indices = _draw_bootstraps(len(values), own.bootstraps, seed) if indices is None else indices
    indices = _check_bootstraps(np.asarray(indices), len(values))
    if corrected and null is None:
        how: dict[str, Any] = {"estimator": own.estimator, "discretisation": own.discretisation}
        how |= {"null_samples": own.null_samples, "threads": threads, "progress": progress}
        null = bc3net_null(values, seed=seed, **how)
    test = None if null is None or not corrected else partial(_passing, check_null(null), own)
    find = _edge_finder(values, own, test)
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        parts = track(pool.map(find, indices), len(indices), "bootstraps", progress)
    pairs, counts = np.unique(np.concatenate(parts), return_counts=True)
    if edge_corrected and len(pairs):
        keep = _test_frequencies(counts, len(indices), n, own.edge_alpha, own.edge_correction)
        pairs, counts = pairs[keep], counts[keep]
    weights = counts / len(indices) if weighted else np.ones(len(counts))
    return to_matrix(n, pairs // n, pairs % n, weights)


def _passing(null: np.ndarray, options: Bc3netOptions, information: np.ndarray) -> np.ndarray:
    """Return which edges of a bootstrap pass the test against the null distribution."""
    p = null_p_values(null, information)
    p[p == 0] = 1.0 / len(null)
    return adjust_p_values(p, options.correction) <= options.alpha


def _edge_finder(
    values: np.ndarray, options: Bc3netOptions, test: Callable[[np.ndarray], np.ndarray] | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from drawn samples to the edges that pass, as i * genes + j."""
    strongest = _bootstrap_pairs(values, options.estimator, options.discretisation)
    n = values.shape[1]

    def find(drawn: np.ndarray) -> np.ndarray:
        i, j, information = strongest(drawn)
        if test is not None:
            keep = test(information)
            i, j = i[keep], j[keep]
        return i * n + j

    return find


def _draw_bootstraps(n_samples: int, bootstraps: int, seed: int) -> np.ndarray:
    """Return bootstraps x samples, each bootstrap by a seed of its own."""
    rngs = (np.random.default_rng(derive_seed(seed, "boot", b)) for b in range(bootstraps))
    return np.array([rng.integers(0, n_samples, n_samples) for rng in rngs])


def _check_bootstraps(indices: np.ndarray, n_samples: int) -> np.ndarray:
    if indices.ndim != 2 or not indices.size:
        raise InputError("no bootstrap", field="bootstraps", remedy="Give 1 or more.")
    if indices.min() < 0 or indices.max() >= n_samples:
        raise InputError("bootstrap indices beyond the samples", field="indices")
    return indices
