import numpy as np
import pytest
from gtgrn.inference.trees.packed_sums import (
    digits,
    largest_gain,
    pack,
    sums_along,
    sums_by_rank,
    weight_at,
)
from gtgrn.inference.trees.split_search import dense_ranks, inverses, tabulate_splits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def best_split(values: np.ndarray, parts: np.ndarray) -> tuple[float, int]:
    """Return the best gain over all thresholds and the cells on its lower side; -1 if none."""
    splits = [values <= value for value in np.unique(values)[:-1]]
    gains = [
        parts[low].sum() ** 2 / low.sum() / (len(values) - low.sum()) for low in splits
    ]  # fmt: skip
    if not gains:
        return -1.0, 0
    return max(gains), int(splits[int(np.argmax(gains))].sum())


def searches(row: np.ndarray, cells: np.ndarray, parts: np.ndarray) -> list[tuple[float, int]]:
    """Return gain in units of the parts, and cells on the lower side, by either way of adding."""
    ranks, order, above = dense_ranks(row[None].astype(np.float32))
    n, m, bits = len(row), len(cells), digits(len(row))
    packed, table, sums = np.zeros(n, np.uint64), np.empty(n + 1), np.empty(n + 1, np.uint64)
    unit = pack(np.ones(m, np.uint64), parts, cells, bits, packed)
    tabulate_splits(inverses(n), m, table)
    start = np.uint64(1) << (bits - np.uint64(1))
    words, by_rank = np.zeros((n + 63) // 64, np.uint64), np.zeros(n, np.uint64)
    found = []
    for way in ("along", "ranks"):
        if way == "along":
            k = sums_along(order[0, : above[0]], packed, start, sums)
        else:
            k = sums_by_rank(ranks[0], cells, packed, start, words, by_rank, sums)
        gain = largest_gain(sums[: int(k)], bits, table)
        weight = int(weight_at(sums[: int(k)], gain, bits, table))
        lower = (m - weight if way == "along" else weight) if weight else 0
        found.append((gain / unit**2 if weight else -1.0, lower))
    assert not words.any()
    assert not by_rank.any()
    return found


@settings(max_examples=200, deadline=None)
@given(
    arrays(np.float64, 70, elements=st.sampled_from([0.0, 0.5, 1.0, 2.5, 3.0])),
    st.integers(2, 70),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_both_ways_find_the_best_split(row, m, ties, seed):
    rng = np.random.default_rng(seed)
    if not ties:
        row = np.where(row > 0, rng.normal(size=70) ** 2 + 0.1, row)
    cells = np.sort(rng.choice(70, m, replace=False)).astype(np.uint32)
    parts = rng.normal(size=m)
    parts -= parts.mean()
    gain, lower = best_split(row.astype(np.float32)[cells], parts)
    for found in searches(row, cells, parts):
        assert found == (pytest.approx(gain, rel=1e-9), lower)


def test_equal_splits_are_equal_to_the_last_bit():
    rng = np.random.default_rng(0)
    cells = np.arange(60, dtype=np.uint32)
    parts = rng.normal(size=60)
    inside = rng.permutation(60) < 25
    parts[inside] += 20.0
    parts -= parts.mean()
    # Features that split best into the same two parts, either of which is above the other.
    gains = [
        gain
        for sign in (1, -1)
        for _ in range(15)
        for gain, _ in searches(sign * (5.0 * inside + rng.uniform(size=60)), cells, parts)
    ]
    assert len(gains) == 60
    assert len(set(gains)) == 1


def test_a_split_that_gains_nothing_is_a_split_and_a_constant_is_none():
    cells, parts = np.arange(4, dtype=np.uint32), np.array([1.0, -1.0, 1.0, -1.0])
    assert searches(np.array([0.0, 0.0, 1.0, 1.0]), cells, parts) == [(0.0, 2), (0.0, 2)]
    assert searches(np.array([2.0, 2.0, 2.0, 2.0]), cells, parts) == [(-1.0, 0), (-1.0, 0)]


def test_bits_are_left_for_the_weights():
    assert digits(758) == 52
    assert digits(2**12 - 1) == 52
    assert digits(2**12) == 51
    assert digits(10**6) == 44
