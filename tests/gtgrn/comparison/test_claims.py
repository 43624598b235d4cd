"""P-values and rates: right where nothing differs, also where statistics hang together."""

from __future__ import annotations

import numpy as np
import pytest
from gtgrn.comparison.claims import BINS, WIDTH, count_bins, judge, standardise, to_bins
from scipy.stats import binom


def test_the_p_value_is_the_place_in_the_pool():
    observed = np.array([3.0, 1.0])
    null = np.array([[2.0, 0.5], [1.5, 0.25], [0.75, 4.0]])
    p, rate, overall = judge(observed, count_bins(null))
    # Of eight statistics two are at least 3, five at least 1.
    assert p == pytest.approx([2 / 8, 5 / 8])
    # One labelling of four has a better best rate than the observed one: that with 4.
    assert overall == 0.5
    assert rate == pytest.approx([0.5, 5 / 8])


def test_entries_that_are_no_hypotheses_do_not_count():
    observed = np.array([3.0, 1.0])
    null = np.array([[2.0, 0.5, 0.0], [1.5, 0.25, 0.0], [0.75, 4.0, 0.0]])
    for one, other in zip(
        judge(observed, count_bins(null), same=1), judge(observed, count_bins(null[:, :2])),
        strict=True,
    ):  # fmt: skip
        assert np.array_equal(one, other)


def test_statistics_beyond_the_last_bin_share_it():
    assert to_bins(np.array([0.0, WIDTH, 1e9])).tolist() == [0, 1, BINS - 1]


def null_runs(runs: int, together: float, seed: int = 0) -> int:
    """Count the runs that claim something of 200 statistics that share a part."""
    rng, claiming = np.random.default_rng(seed), 0
    for _ in range(runs):
        shared = rng.normal(size=(60, 1)) * np.sqrt(together)
        drawn = np.abs(shared + rng.normal(size=(60, 200)) * np.sqrt(1 - together))
        claiming += (judge(drawn[0], count_bins(drawn[1:]))[1] <= 0.05).any()
    return int(claiming)


@pytest.mark.parametrize("together", [0.0, 0.3, 0.9])
def test_at_most_one_null_run_in_twenty_claims_anything(together):
    # Exchangeable labellings: the share of 60 that are as good is below .05 in 3 of 60 cases.
    # The bound is exceeded by right code less than once in a million.
    runs = 100
    assert null_runs(runs, together) <= binom.ppf(1 - 1e-6, runs, 0.05)


def test_what_differs_is_claimed():
    rng = np.random.default_rng(0)
    drawn = np.abs(rng.normal(size=(100, 300)))
    drawn[0, :20] += 6
    p, rate, overall = judge(drawn[0], count_bins(drawn[1:]))
    # |N| + 6 against 30,000 draws of |N|: none reaches it.
    assert (rate[:20] <= 0.05).all()
    assert p[:20].max() < 1e-3
    assert overall == 0.01
    assert (np.diff(rate[np.argsort(p)]) >= 0).all()


def test_each_hypothesis_on_the_scale_of_its_own_null():
    rng = np.random.default_rng(0)
    null = rng.normal(size=(500, 3)) * [1, 10, 0] + [0, 100, 5]
    observed, others = standardise(np.array([4.0, 140.0, 5.0]), null)
    assert observed[:2] == pytest.approx([4, 4], abs=0.5)
    assert observed[2] == 0
    assert (others >= 0).all()
    assert others[:, :2].max() < 6
