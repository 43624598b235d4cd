"""What may be claimed of a method: its difference to the best null and the best peer.

The rival is chosen for each metric by its value on the judged pairs themselves, which favours
it: the claim is the harder. Resamples are paired, so that a difference is judged on the same
pairs for both, and drawn by what the split holds out: pairs where it holds out pairs, whole
targets or regulators where it holds those out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from gtgrn.config.settings import parse_scheme
from gtgrn.evaluation.uncertainty import METRICS, bootstrap, interval, permutation_test, two_sided
from gtgrn.names import BOTH, EDGES, GENES, REGULATOR, TARGET, TFS, TRANSFER
from gtgrn.seeds import derive_seed

Method = tuple[str, str]
"""(method, variant)."""

UNIT = {EDGES: None, GENES: TARGET, TFS: REGULATOR, BOTH: REGULATOR, TRANSFER: REGULATOR}
"""What a split holds out, and a resample draws."""
WIN_RATE = "win_rate"
COLUMNS = [
    *["method", "variant", "rival", "rival_method", "rival_variant", "negatives", "metric"],
    *["difference", "low", "high", "p"],
]
PERMUTATIONS = ["method", "variant", "within", "metric", "value", "permuted", "p"]
BLOCK = 100
"""Resamples of positives that are held in memory at once."""


def resample_wins(
    wins: Mapping[Method, np.ndarray], *, seed: int, samples: int
) -> dict[Method, np.ndarray]:
    """Return mean wins on resamples of the positives, the same resamples for all methods.

    Parameters
    ----------
    wins
        Method -> (positives,) in [0, 1], of :func:`gtgrn.evaluation.negatives.compare_positives`
    seed
        Seed of the resamples.
    samples
        Number of resamples.

    Returns
    -------
    dict
        Method -> (samples,).
    """
    values = np.array(list(wins.values()))
    n = values.shape[1]
    rng = np.random.default_rng(derive_seed(seed, "wins"))
    even = np.full(n, 1 / n)
    means = [
        rng.multinomial(n, even, size=min(BLOCK, samples - start)) @ values.T / n
        for start in range(0, samples, BLOCK)
    ]
    return dict(zip(wins, np.concatenate(means).T, strict=True))


def compare_with_best(
    part: pd.DataFrame,
    scores: Mapping[Method, np.ndarray],
    rivals: Mapping[str, Collection[Method]],
    *,
    seed: int,
    samples: int,
    scheme: str = EDGES,
    wins: Mapping[str, Mapping[Method, np.ndarray]] | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Return each method's difference to the best of each kind of rival, with its interval.

    Parameters
    ----------
    part
        The judged pairs: regulator, target, label.
    scores
        Method -> (pairs,) scores.
    rivals
        Kind, such as ``best null`` -> methods of that kind.
    seed, samples
        Of the resamples.
    scheme
        The split's scheme, which says what is drawn.
    wins
        Choice of negatives -> method -> (positives,) wins, for the win rate.
    threads
        Number of threads; does not change a result.

    Returns
    -------
    pandas.DataFrame
        method, variant, rival (its kind), rival_method, rival_variant, negatives, metric,
        difference (method - rival), low, high (95 % percentile interval), p (two-sided). No row
        of the rival itself. Metrics whose value is undefined are left out.
    """
    observed, resampled = bootstrap(
        part,
        {_join(name): values for name, values in scores.items()},
        seed=seed,
        samples=samples,
        entity=UNIT[parse_scheme(scheme)[0]],
        threads=threads,
    )
    rows = []
    for metric in METRICS:
        values = {name: observed[_join(name), metric] for name in scores}
        draws = {name: resampled[_join(name), metric] for name in scores}
        rows += _compare(values, draws, rivals, "N0", metric)
    for negatives, won in (wins or {}).items():
        values = {name: float(own.mean()) for name, own in won.items()}
        draws = resample_wins(won, seed=seed, samples=samples)
        rows += _compare(values, draws, rivals, negatives, WIN_RATE)
    return pd.DataFrame(rows, columns=COLUMNS)


def _compare(values, draws, rivals, negatives, metric) -> list[tuple]:
    rows = []
    for kind, names in rivals.items():
        known = [name for name in sorted(names) if np.isfinite(values.get(name, np.nan))]
        if not known:
            continue
        best = max(known, key=lambda name: values[name])
        for name, value in values.items():
            if name != best and np.isfinite(value):
                change = draws[name] - draws[best]
                rows.append(
                    (*name, kind, *best, negatives, metric, value - values[best])
                    + (*interval(change, 0.95), two_sided(change))
                )
    return rows


def permutation_p(
    part: pd.DataFrame,
    scores: Mapping[Method, np.ndarray],
    *,
    seed: int,
    permutations: int,
    threads: int = 1,
) -> pd.DataFrame:
    """Return permutation p-values, with labels exchanged anywhere and inside each regulator.

    Parameters
    ----------
    part, scores, threads
        See :func:`compare_with_best`.
    seed, permutations
        Of the permutations.

    Returns
    -------
    pandas.DataFrame
        method, variant, within (``all pairs`` or ``regulator``), metric, value, permuted, p.
    """
    tables = []
    for within, name in ((None, "all pairs"), (REGULATOR, REGULATOR)):
        table = permutation_test(
            part,
            {_join(method): values for method, values in scores.items()},
            seed=seed,
            permutations=permutations,
            within=within,
            threads=threads,
        )
        tables.append(table.assign(within=name))
    table = pd.concat(tables, ignore_index=True)
    names = table["method"].str.split("/", n=1, expand=True)
    table = table.assign(method=names[0], variant=names[1])
    return table[PERMUTATIONS]


def _join(method: Method) -> str:
    return "/".join(method)
