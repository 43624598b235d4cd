"""Negatives at test time: against which non-edges the positives of a part are judged.

Schemes, all drawn from the part's own non-edges, so never a reference edge of any part:

- N0: all of them (the headline).
- N1: as many as positives, uniformly (for comparison with others only).
- N2: as many as positives, in proportion to out-degree of the regulator times in-degree of
  the target: both ends as popular as those of positives (the degree-corrected sampling of
  Aiyappa et al. 2025, arXiv 2405.14985).
- N3: for each positive the same regulator and another target, in proportion to in-degree
  (Stock et al. 2025, Hidden sampling biases inflate performance in GRN inference). A
  positive's own edge counts in its in-degree, so on sparse references it over-corrects.
- N3m: for each positive the same regulator and the target whose rate of positives among the
  train pairs is nearest, not further than a tolerance; positives without one are dropped.

Degrees are those of the whole reference. N3m's nearest target alone favours whoever scores by
the target's rate, because targets of a high rate are rarer the higher it is, so that the
nearest non-target tends to lie below. Balanced matching therefore takes a target of the same
rate or, where there is none, the nearest on either side: a predictor that knows the rate only
wins one half of every positive's comparisons, by construction and on every data set.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST
from gtgrn.seeds import derive_seed
from gtgrn.splits.universe import target_rate
from gtgrn.tables import read_table, write_table

logger = logging.getLogger(__name__)

N0, N1, N2, N3, N3M = "N0", "N1", "N2", "N3", "N3m"
SCHEMES = (N0, N1, N2, N3, N3M)
MATCHED = (N3, N3M)
"""Schemes in which each negative belongs to a positive of the same regulator."""
POSITIVE_TARGET = "positive_target"
DRAW = "draw"
SCHEME = "scheme"
COLUMNS = [SCHEME, DRAW, REGULATOR, POSITIVE_TARGET, TARGET]
DRAWS = 10
TOLERANCE = 0.02
"""Largest difference of train target rates in a match."""
ROUNDING = 1e-12
"""Floating-point slack of the tolerance; rates of equal counts are equal to the last bit."""


def draw_negatives(
    split: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    *,
    scheme: str,
    seed: int,
    draws: int = DRAWS,
    part: str = TEST,
    tolerance: float = TOLERANCE,
    balanced: bool = True,
) -> pd.DataFrame:
    """Draw the negatives of a part, by names and the seed only, once for all methods.

    Parameters
    ----------
    split
        Columns regulator, target, label, part. Labels of pairs that are not in the part are
        read for degrees and train rates, never to choose among scores.
    reference
        Columns regulator, target: the whole reference, for degrees; by default the positives
        of the split. They differ where a split leaves pairs out.
    scheme, part
        One of `SCHEMES`; the part whose positives are judged.
    seed, draws
        Seed and number of the draws. N0 has one; in N3m they differ where several targets have
        the rate that is asked for.
    tolerance, balanced
        For N3m: the largest difference of rates; whether matching is balanced or by the nearest.

    Returns
    -------
    pandas.DataFrame
        scheme, draw, regulator, positive_target, target, sorted by the last four: each row one
        negative and, for N3 and N3m, the target of the positive that it belongs to, else an
        empty text. Balanced N3m has one or two rows for a positive and draw, the others one.

    Raises
    ------
    InputError
        If pairs are not what :func:`_checked_part` asks for, or nothing can be drawn.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}, not one of {SCHEMES}")
    pairs = _checked_part(split, reference, part)
    edges = _without_loops(split.loc[split[LABEL] == 1, PAIR] if reference is None else reference)
    if scheme == N3:
        rule = partial(_redraw, draws=draws)
        table = _draw_matched(pairs, _degrees(pairs, edges, TARGET), rule, seed, N3)
    elif scheme == N3M:
        rule = partial(_match, draws=draws, tolerance=tolerance, balanced=balanced)
        table = _draw_matched(pairs, _train_rates(split, pairs), rule, seed, N3M)
    else:
        table = _draw_free(pairs, edges, scheme, draws, seed)
    if table.empty:
        raise InputError(
            f"no positive of the {part} part has a negative by {scheme}",
            remedy="Judge by N0, or widen the tolerance",
        )
    table = table.assign(**{SCHEME: scheme})[COLUMNS]
    return table.sort_values(COLUMNS[1:]).reset_index(drop=True)


def draw_all(
    split: pd.DataFrame, reference: pd.DataFrame, schemes: Sequence[str], *, seed: int, **options
) -> pd.DataFrame:
    """Draw the negatives of several schemes; one that has none to give is left out and logged.

    Parameters
    ----------
    split, reference
        See :func:`draw_negatives`.
    schemes
        Among `SCHEMES`. N0 needs no draw, and so no row: it is every non-edge of the part.
    seed
        Seed of the draws.
    **options
        The further keyword arguments of :func:`draw_negatives`.

    Returns
    -------
    pandas.DataFrame
        As of :func:`draw_negatives`, scheme by scheme.
    """
    tables = [pd.DataFrame(columns=COLUMNS)]
    for scheme in schemes:
        if scheme == N0:
            continue
        try:
            tables.append(draw_negatives(split, reference, scheme=scheme, seed=seed, **options))
        except InputError as error:
            # A small part is judged by what it has.
            logger.warning("%s is left out: %s", scheme, error)
    return pd.concat(tables, ignore_index=True)


def _without_loops(edges: pd.DataFrame) -> pd.DataFrame:
    edges = edges.drop_duplicates(PAIR)
    return edges[edges[REGULATOR] != edges[TARGET]]


def _index(pairs: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(pairs[PAIR])


def _checked_part(split: pd.DataFrame, reference: pd.DataFrame | None, part: str) -> pd.DataFrame:
    """Return the pairs of the part by name; refuse what would make a known edge a negative.

    Raises
    ------
    InputError
        If a pair occurs twice, the part lacks positives or negatives, or a negative is an edge
        of the reference.
    """
    if split.duplicated(PAIR).any():
        first = split[split.duplicated(PAIR)].iloc[0]
        raise InputError(
            f"{first[REGULATOR]} -> {first[TARGET]} occurs twice", remedy="Keep one of them"
        )
    pairs = split.loc[split[PART] == part, [*PAIR, LABEL]].sort_values(PAIR)
    for label, name in ((1, "reference edge"), (0, "non-edge")):
        if not (pairs[LABEL] == label).any():
            raise InputError(f"the {part} part has no {name}", remedy="Mend the split")
    if reference is not None:
        negatives = pairs[pairs[LABEL] == 0]
        known = _index(negatives).isin(_index(reference))
        if known.any():
            first = negatives[known].iloc[0]
            raise InputError(
                f"{first[REGULATOR]} -> {first[TARGET]} has label 0 and is a reference edge "
                f"({known.sum()} such pairs)",
                remedy="Give the reference from which the split was made",
            )
    return pairs


def _train_rates(split: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Return the smoothed train rate of each pair's target; the prior mean where it has none."""
    rates = pd.Series(target_rate(split, seed=0), index=_index(split))
    return rates.reindex(_index(pairs)).to_numpy()


def _degrees(pairs: pd.DataFrame, reference: pd.DataFrame, end: str) -> np.ndarray:
    """Return the number of reference edges of each pair's regulator or target."""
    return pairs[end].map(reference[end].value_counts()).fillna(0).to_numpy(float)


def _draw_free(
    pairs: pd.DataFrame, reference: pd.DataFrame, scheme: str, draws: int, seed: int
) -> pd.DataFrame:
    """Take all negatives (N0), or as many as positives, uniformly (N1) or by degrees (N2)."""
    candidates, size = pairs[pairs[LABEL] == 0], int((pairs[LABEL] == 1).sum())
    if scheme == N0:
        return candidates[PAIR].assign(**{DRAW: 0, POSITIVE_TARGET: ""})
    rng = np.random.default_rng(derive_seed(seed, scheme))
    if scheme == N1:
        # No pair twice in a draw as long as there are enough.
        rows = np.concatenate(
            [np.resize(rng.permutation(len(candidates)), size) for _ in range(draws)]
        )
    else:
        weight = _degrees(candidates, reference, REGULATOR)
        weight *= _degrees(candidates, reference, TARGET)
        rows = _weighted(rng, weight, size * draws)
    table = candidates[PAIR].iloc[rows].assign(**{POSITIVE_TARGET: ""})
    return table.assign(**{DRAW: np.arange(len(rows)) // size})


def _draw_matched(
    pairs: pd.DataFrame, values: np.ndarray, rule: Callable, seed: int, scheme: str
) -> pd.DataFrame:
    """Draw negatives regulator by regulator: `rule` reads the values of both classes."""
    tables = []
    for regulator, own in pairs.assign(value=values).groupby(REGULATOR, sort=True):
        rng = np.random.default_rng(derive_seed(seed, scheme, regulator))
        positive, negative = (own[own[LABEL] == label] for label in (1, 0))
        draw, of, row = rule(rng, positive["value"].to_numpy(), negative["value"].to_numpy())
        columns = {
            DRAW: draw,
            REGULATOR: regulator,
            POSITIVE_TARGET: positive[TARGET].to_numpy()[of],
            TARGET: negative[TARGET].to_numpy()[row],
        }
        tables.append(pd.DataFrame(columns))
    table = pd.concat(tables)
    kept, n = len(table.drop_duplicates([REGULATOR, POSITIVE_TARGET])), pairs[LABEL].sum()
    logger.info("%s: %d of %d positives have a negative", scheme, kept, n)
    return table


def _weighted(rng: np.random.Generator, weight: np.ndarray, size: int) -> np.ndarray:
    """Draw positions in proportion to weight, with replacement; none if all weigh nothing."""
    if not weight.sum():
        return np.zeros(0, dtype=int)
    return rng.choice(len(weight), size, p=weight / weight.sum())


def _redraw(
    rng: np.random.Generator, positive: np.ndarray, negative: np.ndarray, *, draws: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return draw, positive and negative of each row of N3 for one regulator.

    Parameters
    ----------
    positive, negative
        In-degrees of the targets of the regulator's positives and non-targets.
    """
    row = _weighted(rng, negative, len(positive) * draws)
    draw, of = np.divmod(np.arange(len(row)), max(len(positive), 1))
    return draw, of, row


def _match(
    rng: np.random.Generator,
    positive: np.ndarray,
    negative: np.ndarray,
    *,
    draws: int,
    tolerance: float,
    balanced: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return draw, positive and negative of each row of N3m for one regulator.

    Parameters
    ----------
    positive, negative
        Train target rates of the regulator's positives and non-targets.
    """
    order = np.argsort(negative, kind="stable")
    values, start, count = np.unique(negative[order], return_index=True, return_counts=True)
    if not len(values):
        nothing = np.zeros(0, dtype=int)
        return nothing, nothing, nothing
    # Sentinels at either end spare the borders a case of their own.
    padded = np.concatenate([[-np.inf], values, [np.inf]])
    at = np.searchsorted(padded, positive)
    equal = padded[at] == positive
    below, above = positive - padded[at - 1], padded[at] - positive
    limit = tolerance + ROUNDING
    draw, of = np.divmod(np.arange(draws * len(positive)), max(len(positive), 1))
    if balanced:
        both = (below <= limit) & (above <= limit) & ~equal
        rows = [(equal, at), (both, at - 1), (both, at)]
        chosen = [(draw[use[of]], of[use[of]], where[of][use[of]]) for use, where in rows]
        draw, of, where = (np.concatenate(columns) for columns in zip(*chosen, strict=True))
    else:
        coin = rng.random(len(of)) < 0.5
        even = np.abs(below - above)[of] <= ROUNDING
        lower = ~equal[of] & np.where(even, coin, (below < above)[of])
        where = at[of] - lower
        near = np.where(lower, below[of], above[of]) <= limit
        draw, of, where = draw[near], of[near], where[near]
    # One of the targets that share the rate, each as likely.
    pick = start[where - 1] + (rng.random(len(where)) * count[where - 1]).astype(int)
    return draw, of, order[pick]


def write_negatives(negatives: pd.DataFrame, path: str | Path) -> None:
    """Write negatives as :func:`draw_negatives` gives them."""
    write_table(negatives[COLUMNS], path)


def read_negatives(path: str | Path) -> dict[str, pd.DataFrame]:
    """Read negatives, by scheme.

    Raises
    ------
    InputError
        If a column is missing, or a scheme is unknown.
    """
    table = read_table(path, COLUMNS)[COLUMNS].astype({POSITIVE_TARGET: str})
    tables = {str(name): rows for name, rows in table.groupby(SCHEME, sort=False)}
    for name in tables:
        if name not in SCHEMES:
            raise InputError(
                f"negatives of {name}; only {', '.join(SCHEMES)} are known",
                file=path,
                field=SCHEME,
                remedy="Draw them again",
            )
    return {name: rows.reset_index(drop=True) for name, rows in tables.items()}


def find_rows(split: pd.DataFrame, negatives: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the split's rows of positives (matched schemes, else none) and of negatives.

    Parameters
    ----------
    split
        Columns regulator, target, label.
    negatives
        From :func:`draw_negatives` on this split: one scheme.

    Raises
    ------
    InputError
        If a pair is not in the split or its label is not the one expected.
    """
    index, labels = _index(split), split[LABEL].to_numpy()
    found = []
    for column, label in ((POSITIVE_TARGET, 1), (TARGET, 0)):
        if label and negatives[SCHEME].iloc[0] not in MATCHED:
            found.append(np.zeros(0, dtype=int))
            continue
        pairs = pd.MultiIndex.from_arrays([negatives[REGULATOR], negatives[column]])
        rows = index.get_indexer(pairs)
        wrong = (rows < 0) | (labels[rows] != label)
        if wrong.any():
            first = pairs[np.flatnonzero(wrong)[0]]
            raise InputError(
                f"{first[0]} -> {first[1]} is not in the split with label {label}",
                field=column,
                remedy="Draw the negatives of this split again",
            )
        found.append(rows)
    return found[0], found[1]
