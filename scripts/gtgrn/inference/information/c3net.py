"""C3NET: the strongest edge of each gene, with a permutation test.

Written from the formulas of the R packages c3net (Altay and Emmert-Streib 2010,
doi 10.1186/1752-0509-4-132) and bc3net, whose bagging is in the module bc3net beside this one.
Values are samples x genes; networks are symmetric.

Of the order of samples and genes only the second matters, where two partners of a gene are
equal: a caller sorts the columns by name. Each permutation and each bootstrap has a seed of its
own, so that threads have no effect either.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from gtgrn.config.options import option
from gtgrn.errors import InputError
from gtgrn.inference.information.correlations import one_blas_thread
from gtgrn.inference.information.engine import EngineOptions
from gtgrn.inference.information.estimators import (
    CORRELATIONS,
    DISCRETE,
    DISCRETISATIONS,
    bc3net_mi_matrix,
    c3net_mi_matrix,
    check_values,
)
from gtgrn.inference.information.significance import (
    ADJUSTMENTS,
    adjust_p_values,
    check_null,
    null_p_values,
)
from gtgrn.inference.information.strongest import c3, strongest_pairs, to_matrix
from gtgrn.seeds import derive_seed

NULL_SIZE = 1e5
"""Number of null values that bc3net asks for."""
STEPS = ("cutoff", "MTC", "justp")
AVERAGE, FIRST, NONE = "average", "first", "none"
COPULAS = (AVERAGE, FIRST, NONE)
"""Ways to rank. With ties in the order of the cells two genes without any relation correlate by
the cells in which both have no count, and other networks come from the same cells reordered."""
CUTS = ["none", *DISCRETISATIONS]
LEVEL = {"minimum": 0, "maximum": 1}


@dataclass(frozen=True)
class C3netOptions(EngineOptions):
    """Options of C3NET."""

    copula: str = option(
        AVERAGE,
        "What is correlated: ranks, with ties that share their mean (average) or in the order of "
        "the cells (first, as the R package does), or the values (none).",
        enum=list(COPULAS),
    )
    step: str = option(
        "cutoff",
        "What an edge must pass first: a least information (cutoff), a corrected test (MTC) or an "
        "uncorrected one (justp).",
        enum=list(STEPS),
    )
    cutoff: float = option(
        0.0,
        "Least mutual information of the step cutoff, in nats; 0 is the mean of all pairs.",
        minimum=0,
    )
    alpha: float = option(
        0.01, "Level of the tests; cutoff has none.", exclusiveMinimum=0, exclusiveMaximum=1
    )
    correction: str = option(
        "BH", "R's name of the correction of the step MTC.", enum=list(ADJUSTMENTS)
    )
    permutations: int = option(5, "Permutations of the table for the tests.", minimum=1)


@dataclass(frozen=True)
class NullOptions(EngineOptions):
    """What C3MTC and BC3NET have in common: the estimator, and the test of an edge."""

    estimator: str = option(
        "pearson",
        "Estimator of mutual information, by bc3net's name.",
        enum=[*CORRELATIONS, "cor", *DISCRETE.values()],
    )
    discretisation: str = option(
        "none", "How values are cut into bins for a discrete estimator.", enum=CUTS
    )
    alpha: float = option(0.05, "Level of the test of an edge.", **LEVEL)
    correction: str = option(
        "bonferroni", "R's name of the correction for the number of tests.", enum=list(ADJUSTMENTS)
    )
    null_samples: int | None = option(
        None, "Tables shuffled for the null distribution; null is bc3net's own number.", minimum=1
    )


@dataclass(frozen=True)
class C3mtcOptions(NullOptions):
    """Options of C3MTC; the defaults are bc3net's."""

    corrected: bool = option(True, "Whether edges are tested at all.")


def _upper(mim: np.ndarray) -> np.ndarray:
    """Return the non-zero entries above the diagonal."""
    values = np.concatenate([row[i + 1 :] for i, row in enumerate(mim)])
    return values[values != 0]


def _pooled_null(
    values: np.ndarray,
    matrix: Callable[..., np.ndarray],
    repeats: int,
    seed: int,
    threads: int,
    progress: bool,
) -> np.ndarray:
    """Sorted non-zero information after `repeats` shuffles of all entries of the table.

    Sorted before each shuffle, so that neither the order of the cells nor that of the genes has
    a part in what the seed draws.
    """
    entries = np.sort(values, axis=None)

    def shuffle(k: int) -> np.ndarray:
        rng = np.random.default_rng(derive_seed(seed, "null", k))
        shuffled = rng.permutation(entries).reshape(values.shape)
        return _upper(matrix(shuffled, threads=inner))

    outer, inner = (threads, 1) if repeats >= threads else (1, threads)
    with one_blas_thread(), ThreadPoolExecutor(outer) as pool:
        parts = track(pool.map(shuffle, range(repeats)), repeats, "null", progress)
    null = np.concatenate(parts)
    null.sort()
    return null


def track(results: Iterable, total: int, label: str, progress: bool) -> list:
    """Collect results, with a bar on stderr if wanted."""
    return list(
        tqdm(
            results,
            desc=label,
            total=total,
            mininterval=5,
            file=sys.stderr,
            disable=not progress,
        )
    )


def c3net_null(
    values: np.ndarray,
    *,
    permutations: int = 5,
    copula: str = AVERAGE,
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
) -> np.ndarray:
    """Null distribution of c3net: the information of ranks in shuffled tables, sorted.

    Parameters
    ----------
    values
        Samples x genes, finite.
    permutations
        Number of shuffles of the whole table.
    copula
        How ties are ranked, ``first`` or ``average``; the values themselves (``none``) have a
        null of average ranks, for a shuffle mixes genes of different scale.
    seed, threads, progress
        As :func:`c3net`.
    """
    values = check_values(values)
    if permutations < 1:
        raise InputError(
            f"{permutations} permutations", field="permutations", remedy="Give 1 or more."
        )
    matrix = partial(c3net_mi_matrix, copula=FIRST if copula == FIRST else AVERAGE)
    return _pooled_null(values, matrix, permutations, seed, threads, progress)


def c3net(
    values: np.ndarray,
    *,
    seed: int = 0,
    null: np.ndarray | None = None,
    threads: int = 1,
    progress: bool = False,
    **options,
) -> np.ndarray:
    """C3NET: information, a first step that removes the weak, then :func:`c3`.

    The step ``cutoff`` removes what is below the cutoff. ``MTC`` keeps pairs whose share of
    larger null values, adjusted over all pairs, is at most alpha. ``justp`` removes what is
    below the null value at place ceil((1 - alpha) L).

    Parameters
    ----------
    values
        Samples x genes, finite.
    seed
        Of the shuffles; ``cutoff`` has none.
    null
        A null distribution to use instead.
    threads, progress
        Number of threads, on which no result depends; whether to show a bar.
    options
        Fields of :class:`C3netOptions`.

    Returns
    -------
    numpy.ndarray
        Genes x genes, symmetric; weights are nats.

    Raises
    ------
    InputError
        Unknown options, values that are not finite, or a constant gene.
    """
    own = C3netOptions(**options)
    for what, given, known in (("first step", own.step, STEPS), ("copula", own.copula, COPULAS)):
        if given not in known:
            raise InputError(f"unknown {what} {given!r}", remedy=f"Use {' or '.join(known)}.")
    if not 0 < own.alpha < 1:
        raise InputError(
            f"alpha of {own.alpha}", field="alpha", remedy="Give a level within (0, 1)."
        )
    mim = c3net_mi_matrix(values, copula=own.copula, threads=threads)
    n = len(mim)
    if own.step == "cutoff":
        limit = own.cutoff if own.cutoff else mim.sum() / max(n * (n - 1), 1)
        mim[mim < limit] = 0.0
        return c3(mim)
    if n < 2:
        return mim
    if null is None:
        how: dict[str, Any] = {"permutations": own.permutations, "copula": own.copula}
        null = c3net_null(values, seed=seed, threads=threads, progress=progress, **how)
    return c3(_test_pairs(mim, check_null(null), own))


def _test_pairs(mim: np.ndarray, null: np.ndarray, options: C3netOptions) -> np.ndarray:
    """Set to 0 what does not pass the step ``justp`` or ``MTC``."""
    if options.step == "justp":
        mim[mim < null[math.ceil((1 - options.alpha) * len(null)) - 1]] = 0.0
        return mim
    upper = np.triu_indices(len(mim), 1)
    tested = mim[upper]
    # Sorted look-ups walk through the null in order, several times as fast.
    order = np.argsort(tested)
    p = np.empty(len(tested))
    p[order] = 1.0 - np.searchsorted(null, tested[order], side="right") / len(null)
    keep = adjust_p_values(p, options.correction) <= options.alpha
    return to_matrix(len(mim), *upper, np.where(keep, tested, 0.0))


def bc3net_null(
    values: np.ndarray,
    *,
    null_samples: int | None = None,
    estimator: str = "pearson",
    discretisation: str = "equalwidth",
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
) -> np.ndarray:
    """Null distribution of bc3net: information in tables shuffled as a whole, sorted.

    Values move between genes. With Pearson's estimator genes of different scale therefore
    have a null of its own kind: standardise them first.

    Parameters
    ----------
    values
        Samples x genes, finite.
    null_samples
        Number of shuffles; None is ceil(1e5 / (genes^2 / 2 - genes)).
    estimator, discretisation
        As :func:`gtgrn.inference.information.estimators.bc3net_mi_matrix`.
    seed, threads, progress
        As :func:`c3net`.

    Raises
    ------
    InputError
        Fewer than three genes, values that are not finite, or unknown options.
    """
    values = check_values(values)
    n = values.shape[1]
    if n < 3:
        raise InputError(f"{n} genes", remedy="Give at least three.")
    repeats = math.ceil(NULL_SIZE / (n * n / 2 - n)) if null_samples is None else null_samples
    if repeats < 1:
        raise InputError(f"{repeats} shuffles", field="null_samples", remedy="Give 1 or more.")

    def matrix(shuffled: np.ndarray, threads: int) -> np.ndarray:
        return bc3net_mi_matrix(
            shuffled, estimator=estimator, discretisation=discretisation, threads=threads
        )

    return _pooled_null(values, matrix, repeats, seed, threads, progress)


def c3mtc(
    values: np.ndarray,
    *,
    null: np.ndarray | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
    **options,
) -> np.ndarray:
    """C3NET of bc3net's ``c3mtc``: the edges of :func:`c3`, only they tested.

    Parameters
    ----------
    values
        Samples x genes, finite.
    null
        Null distribution; None draws that of :func:`bc3net_null`.
    seed, threads, progress
        As :func:`c3net`.
    options
        Fields of :class:`C3mtcOptions`; the discrete estimators need a discretisation.

    Returns
    -------
    numpy.ndarray
        Genes x genes, symmetric; weights are nats.

    Raises
    ------
    InputError
        As :func:`bc3net_null`.
    """
    own = C3mtcOptions(**options)
    how: dict[str, Any] = {
        "estimator": own.estimator,
        "discretisation": own.discretisation,
        "threads": threads,
        "progress": progress,
    }
    mim = bc3net_mi_matrix(values, **how)
    i, j = strongest_pairs(mim)
    information = mim[i, j]
    if own.corrected and len(i):
        if null is None:
            null = bc3net_null(values, null_samples=own.null_samples, seed=seed, **how)
        p = null_p_values(check_null(null), information)
        keep = adjust_p_values(p, own.correction) <= own.alpha
        i, j, information = i[keep], j[keep], information[keep]
    return to_matrix(len(mim), i, j, information)
