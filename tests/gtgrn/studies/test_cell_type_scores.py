from __future__ import annotations

import numpy as np
import pytest
from gtgrn.evaluation.ranking import auprc, auroc
from gtgrn.studies.cell_type_scores import draw_counts, interval_over_folds, resampled_areas
from hypothesis import given, settings
from hypothesis import strategies as st

TYPES = np.repeat(["B", "NK", "T"], 20)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_areas_of_resamples_are_those_of_repeated_cells(seed):
    rng = np.random.default_rng(seed)
    positive = np.array([True, False, *(rng.random(18) < 0.4)])
    scores = rng.integers(0, 6, 20) / 5
    counts = np.vstack([np.ones(20, dtype=int), draw_counts(positive.astype(str), 3, seed)])
    first, second = resampled_areas(positive, scores, counts)
    for i, count in enumerate(counts):
        labels, values = np.repeat(positive, count), np.repeat(scores, count)
        assert first[i] == pytest.approx(auroc(labels, values))
        assert second[i] == pytest.approx(auprc(labels, values))


def test_resamples_keep_the_sizes_of_types():
    counts = draw_counts(TYPES, 50, 0)
    for kind in np.unique(TYPES):
        assert (counts[:, kind == TYPES].sum(axis=1) == 20).all()
    assert counts.max() > 1


def test_the_interval_over_folds_is_students():
    from scipy.stats import ttest_1samp

    values = np.array([0.7, 0.8, 0.75, 0.72, 0.78])
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval_over_folds(values) == pytest.approx(tuple(expected))
    assert interval_over_folds(np.array([0.9, 1.0]))[1] == 1.0
