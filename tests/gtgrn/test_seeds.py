from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest
from chance_cases import ERRORS
from gtgrn.seeds import derive_seed
from hypothesis import given
from hypothesis import strategies as st

names = st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=4)


@given(seed=st.integers(-(2**40), 2**40), names=names)
def test_range(seed, names):
    value = derive_seed(seed, *names)
    assert type(value) is int
    assert 0 <= value < 2**31
    assert derive_seed(seed, *names) == value


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ((0,), 804681139),
        ((0, "genie3", "MYC"), 319783058),
        ((1, "edges", 0, "β-catenin"), 1561877994),
    ],
)
def test_values_never_change(arguments, value):
    assert derive_seed(*arguments) == value


def test_is_the_hash_that_the_documentation_names():
    digest = hashlib.sha256(b"3\0genie3\0MYC").digest()
    assert derive_seed(3, "genie3", "MYC") == int.from_bytes(digest[:4], "big") // 2


def test_whatever_differs_gives_another_seed():
    calls = [
        (0,), (1,), (-1,), (0, ""), (0, "", ""), (0, "a"), (0, "a", ""), (0, "", "a"),
        (0, "ab"), (0, "a", "b"), (0, "b", "a"), (1, "a"), (0, "A"), (0, "a "), (10,), (1, "0"),
        (0, 1), (0, 11), (0, 1, 1),
    ]  # fmt: skip
    assert len({derive_seed(*call) for call in calls}) == len(calls)


def test_a_number_and_its_text_are_the_same_name():
    assert derive_seed(0, 1) == derive_seed(0, "1") == derive_seed(np.int64(0), np.int64(1))


def test_seeds_of_many_names_are_spread_over_the_range():
    values = [
        derive_seed(0, method, gene)
        for method, gene in itertools.product(["genie3", "grnboost2"], range(5000))
    ]
    # Of 10,000 draws from 2**31, about 0.02 coincide.
    assert len(set(values)) >= len(values) - 1
    # 625 in each of 16 bins, with a standard error of 24. Hashes: the same on every processor.
    counts, _ = np.histogram(values, bins=16, range=(0, 2**31))
    assert np.abs(counts - 625).max() < ERRORS * (10_000 * 15 / 16**2) ** 0.5


def test_a_seed_serves_every_generator():
    value = derive_seed(0, "x")
    assert np.random.default_rng(value).random() == np.random.default_rng(value).random()
    assert np.iinfo(np.int32).max >= value
