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

import numpy as np

from gtgrn.errors import InputError
from gtgrn.inference.information.c3net import (
    adjust_p_values,
    bc3net_null,
    check_null,
    null_p_values,
    strongest_pairs,
    to_matrix,
    track,
)
from gtgrn.inference.information.correlations import gram, one_blas_thread, tie_groups
from gtgrn.inference.information.estimators import CAP, bc3net_mi_matrix, check_values
from gtgrn.seeds import derive_seed


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
    boot: int = 100,
    estimator: str = "pearson",
    discretisation: str = "equalwidth",
    mtc1: bool = True,
    alpha1: float = 0.05,
    nullit: int | None = None,
    null: np.ndarray | None = None,
    adj1: str = "bonferroni",
    mtc2: bool = True,
    alpha2: float = 0.05,
    adj2: str = "bonferroni",
    weighted: bool = True,
    seed: int = 0,
    boot_indices: np.ndarray | None = None,
    threads: int = 1,
    progress: bool = False,
) -> np.ndarray:
    """BC3NET: how often an edge of :func:`c3mtc` returns in bootstrap samples.

    Parameters
    ----------
    values
        Samples x genes, finite.
    boot
        Number of bootstraps.
    estimator, discretisation
        As :func:`gtgrn.inference.information.estimators.bc3net_mi_matrix`.
    mtc1, alpha1, adj1
        Test of the edges of each bootstrap, as in :func:`c3mtc`.
    nullit, null
        Null distribution, one for all bootstraps, from the full data: as :func:`c3mtc`.
    mtc2, alpha2, adj2
        Test of the edges' frequencies against the binomial distribution.
    weighted
        Whether an edge weighs its share of the bootstraps, or 1.
    seed
        Of the permutations and the bootstraps.
    boot_indices
        Bootstraps x samples: the samples drawn, from 0, instead of drawing them.
    threads
        Number of threads, on which no result depends.
    progress
        Whether to show a bar on stderr.

    Returns
    -------
    numpy.ndarray
        Genes x genes, symmetric; 0 throughout where no bootstrap has an edge.

    Raises
    ------
    InputError
        As :func:`bc3net_null`, no bootstrap, or indices beyond the samples.
    """
    values = check_values(values)
    n_samples, n = values.shape
    if boot_indices is None:
        rngs = (np.random.default_rng(derive_seed(seed, "boot", b)) for b in range(boot))
        boot_indices = np.array([rng.integers(0, n_samples, n_samples) for rng in rngs])
    boot_indices = np.asarray(boot_indices)
    boot = len(boot_indices)
    if boot_indices.ndim != 2 or not boot_indices.size:
        raise InputError("no bootstrap", field="boot", remedy="Give 1 or more.")
    if boot_indices.min() < 0 or boot_indices.max() >= n_samples:
        raise InputError("bootstrap indices beyond the samples", field="boot_indices")
    if mtc1 and null is None:
        null = bc3net_null(
            values,
            nullit=nullit,
            estimator=estimator,
            discretisation=discretisation,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    null = check_null(null) if mtc1 else None
    strongest = _bootstrap_pairs(values, estimator, discretisation)

    def run(indices: np.ndarray) -> np.ndarray:
        i, j, information = strongest(indices)
        if mtc1:
            p = null_p_values(null, information)
            p[p == 0] = 1.0 / len(null)
            keep = adjust_p_values(p, adj1) <= alpha1
            i, j = i[keep], j[keep]
        return i * n + j

    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        parts = track(pool.map(run, boot_indices), boot, "bootstraps", progress)
    pairs, counts = np.unique(np.concatenate(parts), return_counts=True)
    if mtc2 and len(pairs):
        keep = _test_frequencies(counts, boot, n, alpha2, adj2)
        pairs, counts = pairs[keep], counts[keep]
    return to_matrix(n, pairs // n, pairs % n, counts / boot if weighted else 1.0)
