from __future__ import annotations

import numpy as np
import pytest
from gtgrn.errors import InputError
from gtgrn.evaluation.calibration import METHODS, Calibrator
from gtgrn.evaluation.metrics import auroc, brier, expected_calibration_error
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import spearmanr


def drawn(n, *, slope=1.7, intercept=-2.0, seed=0):
    """Draw scores and labels from a known sigmoid."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.5, 1.5, n)
    return scores, (rng.random(n) < expit(slope * scores + intercept)).astype(int)


def test_platt_recovers_a_known_sigmoid():
    scores, labels = drawn(100_000)
    state = Calibrator("platt").fit(scores, labels)._state
    slope = state["slope"] / state["scale"]
    assert slope == pytest.approx(1.7, abs=0.04)
    assert state["intercept"] - slope * state["centre"] == pytest.approx(-2, abs=0.04)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_are_those_of_the_sigmoid(method):
    calibrator = Calibrator(method).fit(*drawn(50_000))
    grid = np.linspace(-2, 4, 50)
    np.testing.assert_allclose(calibrator.transform(grid), expit(1.7 * grid - 2), atol=0.04)


def test_platt_is_the_optimum_of_its_loss():
    scores, labels = drawn(60)
    state = Calibrator("platt").fit(scores, labels)._state
    n_positive = labels.sum()
    targets = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (60 - n_positive + 2))
    standardised = (scores - scores.mean()) / scores.std()
    error = expit(state["slope"] * standardised + state["intercept"]) - targets
    assert error.sum() == pytest.approx(0, abs=1e-5)
    assert error @ standardised + 0.01 * state["slope"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_calibration_beats_raw_probabilities_on_fresh_data(method):
    scores, labels = drawn(4000)
    overconfident = expit(4 * scores)
    calibrator = Calibrator(method, probabilities=True).fit(overconfident, labels)
    fresh, fresh_labels = drawn(4000, seed=1)
    raw = expit(4 * fresh)
    calibrated = calibrator.transform(raw)
    assert brier(fresh_labels, calibrated) < brier(fresh_labels, raw) - 0.05
    assert expected_calibration_error(fresh_labels, calibrated) < 0.03
    assert expected_calibration_error(fresh_labels, raw) > 0.1


def test_isotonic_follows_a_shape_that_no_sigmoid_has():
    rng = np.random.default_rng(2)
    scores = rng.uniform(-3, 3, 5000)
    truth = np.where(scores < -1, 0.1, np.where(scores < 1, 0.5, 0.6))
    labels = (rng.random(5000) < truth).astype(int)
    fresh = rng.uniform(-3, 3, 5000)
    expected = np.where(fresh < -1, 0.1, np.where(fresh < 1, 0.5, 0.6))
    error = {
        method: np.abs(Calibrator(method).fit(scores, labels).transform(fresh) - expected).mean()
        for method in METHODS
    }
    assert error["isotonic"] < 0.03
    assert error["platt"] > 0.06
    assert error["auto"] == error["isotonic"]


def test_auto_takes_isotonic_only_with_many_of_both_classes():
    scores, _ = drawn(1000)
    for n_positive, expected in ((99, "platt"), (100, "isotonic"), (901, "platt")):
        labels = (np.arange(1000) < n_positive).astype(int)
        state = Calibrator().fit(scores, labels)._state
        assert state["fitted"] == expected
        assert state["n_positive"] == n_positive


@st.composite
def fittable(draw):
    """Draw a validation part with ties and scores of any scale, and scores to transform."""
    n = draw(st.integers(2, 60))
    scale = draw(st.sampled_from([1e-3, 1.0, 1e3]))
    finite = st.floats(-10, 10, allow_nan=False)
    scores = draw(st.lists(finite, min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    labels[:2] = [0, 1]
    others = draw(st.lists(finite, min_size=2, max_size=60))
    return np.array(scores) * scale, np.array(labels), np.array(sorted(others)) * scale


@settings(deadline=None)
@given(fittable(), st.sampled_from(METHODS))
def test_the_map_is_monotone_finite_and_within_zero_and_one(data, method):
    scores, labels, others = data
    calibrated = Calibrator(method).fit(scores, labels).transform(others)
    assert np.isfinite(calibrated).all()
    assert calibrated.min() >= 0
    assert calibrated.max() <= 1
    assert (np.diff(calibrated) >= -1e-12).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("slope", [1.7, 0.3, -1.7])
def test_order_is_kept_strictly_even_where_the_score_misleads(method, slope, caplog):
    scores, labels = drawn(3000, slope=slope)
    fresh = np.sort(np.random.default_rng(3).normal(0.5, 1.5, 2000))
    calibrated = Calibrator(method).fit(scores, labels).transform(fresh)
    assert (np.diff(calibrated) > 0).all()
    assert ("all but constant" in caplog.text) == (slope < 0)
    if slope < 0:
        assert calibrated == pytest.approx(labels.mean(), abs=0.02)
    other_labels = np.arange(2000) % 3 == 0
    assert auroc(other_labels, calibrated) == auroc(other_labels, fresh)


@settings(deadline=None, max_examples=30)
@given(fittable(), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_changes_nothing(data, method, random):
    scores, labels, others = data
    calibrator = Calibrator(method).fit(scores, labels)
    order = list(range(len(scores)))
    random.shuffle(order)
    shuffled = Calibrator(method).fit(scores[order], labels[order])
    assert shuffled._state == calibrator._state
    np.testing.assert_array_equal(shuffled.transform(others), calibrator.transform(others))


def test_probabilities_of_zero_and_one_are_taken():
    labels = [0, 0, 1, 0, 1, 1]
    calibrator = Calibrator(probabilities=True).fit([0, 0, 0.2, 0.4, 1, 1], labels)
    calibrated = calibrator.transform([0, 0.3, 1])
    assert 0 < calibrated[0] < calibrated[1] < calibrated[2] < 1


def test_separable_and_tiny_data_stay_finite_and_modest():
    calibrated = Calibrator().fit([-1.0, 1.0], [0, 1]).transform([-1.0, 1.0])
    # Platt's targets for one pair of each class are 1/3 and 2/3.
    assert calibrated == pytest.approx([1 / 3, 2 / 3], abs=0.01)
    scores = np.concatenate([np.linspace(-2, -1, 50), np.linspace(1, 2, 50)])
    calibrated = Calibrator().fit(scores, np.repeat([0, 1], 50)).transform(scores)
    assert 0 < calibrated[0] < 0.05
    assert 0.95 < calibrated[-1] < 1
    assert spearmanr(calibrated, scores).statistic == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, -7.3, 1e9])
def test_a_constant_score_gives_the_smoothed_density(method, value):
    labels = np.repeat([1, 0], [20, 80])
    calibrated = Calibrator(method).fit(np.full(100, value), labels).transform([value])
    smoothed = (20 * 21 / 22 + 80 * 1 / 82) / 100
    assert calibrated == pytest.approx(smoothed, abs=1e-6)


def test_density_is_kept_on_the_validation_part():
    scores, labels = drawn(5000)
    for method in METHODS:
        calibrated = Calibrator(method).fit(scores, labels).transform(scores)
        assert calibrated.mean() == pytest.approx(labels.mean(), abs=1e-3)
    assert logit(calibrated).max() > 2


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused_with_the_remedy(label):
    with pytest.raises(InputError, match="both classes.*Enlarge the validation part"):
        Calibrator().fit([0.1, 0.2, 0.3], [label] * 3)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="both classes"):
        Calibrator().fit([], [])
    with pytest.raises(InputError, match="2 scores but 3 labels"):
        Calibrator().fit([0.1, 0.2], [0, 1, 1])
    with pytest.raises(InputError, match="'label'.*0 or 1"):
        Calibrator().fit([0.1, 0.2, 0.3], [0, 1, 2])
    for bad in (np.nan, np.inf):
        with pytest.raises(InputError, match="'score'.*finite"):
            Calibrator().fit([0.1, bad], [0, 1])
        with pytest.raises(InputError, match="'score'.*finite"):
            Calibrator().fit([0.1, 0.2], [0, 1]).transform([bad])
    with pytest.raises(InputError, match=r"outside \[0, 1\]"):
        Calibrator(probabilities=True).fit([0.1, 1.2], [0, 1])
    with pytest.raises(InputError, match="unknown calibration 'beta'"):
        Calibrator("beta")


def test_an_unfitted_map_is_refused():
    with pytest.raises(InputError, match="not fitted"):
        Calibrator().transform([0.5])
