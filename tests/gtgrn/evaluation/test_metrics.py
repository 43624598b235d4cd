from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.evaluation import metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
)

RANKING = [
    metrics.auroc,
    metrics.auprc,
    metrics.auprc_ratio,
    metrics.early_precision,
    metrics.early_precision_ratio,
    lambda labels, scores: metrics.precision_at(labels, scores, 3),
]
PROBABILITY = [metrics.brier, metrics.expected_calibration_error]


@st.composite
def labelled_scores(draw, minimum=4):
    """Draw labels of both classes with heavily tied scores, halves from -2 to 5."""
    n = draw(st.integers(minimum, 40))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    labels[:2] = [0, 1]
    scores = draw(st.lists(st.integers(-4, 10), min_size=n, max_size=n))
    return np.array(labels), np.array(scores) / 2


def brute_auroc(labels, scores):
    wins = [(p > q) + (p == q) / 2 for p in scores[labels == 1] for q in scores[labels == 0]]
    return np.mean(wins)


def brute_auprc(labels, scores):
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        kept = labels[scores >= threshold]
        recall = kept.sum() / labels.sum()
        total += (recall - recall_before) * kept.mean()
        recall_before = recall
    return total


@settings(max_examples=50, deadline=None)
@given(labelled_scores())
def test_auroc_and_auprc_match_brute_force_and_sklearn(data):
    labels, scores = data
    assert metrics.auroc(labels, scores) == pytest.approx(brute_auroc(labels, scores))
    assert metrics.auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert metrics.auprc(labels, scores) == pytest.approx(brute_auprc(labels, scores))
    assert metrics.auprc(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    assert metrics.auprc_ratio(labels, scores) == pytest.approx(
        brute_auprc(labels, scores) / labels.mean()
    )


@settings(max_examples=50, deadline=None)
@given(labelled_scores())
def test_auroc_of_the_reverse_is_the_complement(data):
    labels, scores = data
    assert metrics.auroc(labels, -scores) == pytest.approx(1 - metrics.auroc(labels, scores))
    groups = np.arange(len(labels)) % 2
    forward, _ = metrics.mean_within_group_auroc(labels, scores, groups)
    reverse, _ = metrics.mean_within_group_auroc(labels, -scores, groups)
    assert reverse == pytest.approx(1 - forward, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(labelled_scores(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(data, random):
    labels, scores = data
    order = list(range(len(labels)))
    random.shuffle(order)
    for metric in RANKING:
        assert metric(labels[order], scores[order]) == metric(labels, scores)
    groups = np.arange(len(labels)) % 3
    np.testing.assert_array_equal(
        metrics.mean_within_group_auroc(labels[order], scores[order], groups[order]),
        metrics.mean_within_group_auroc(labels, scores, groups),
    )
    assert metrics.brier(labels[order], scores[order] / 20 + 0.2) == pytest.approx(
        metrics.brier(labels, scores / 20 + 0.2)
    )


@settings(max_examples=25, deadline=None)
@given(labelled_scores())
def test_a_monotone_transform_changes_no_ranking_metric(data):
    labels, scores = data
    # Positive on both sides, because a zero is an unreported edge in the early precision.
    scores = scores + 4
    for transform in (np.exp, np.log, lambda s: 7 * s + 1, lambda s: rankdata(s, "dense")):
        for metric in RANKING:
            assert metric(labels, transform(scores)) == pytest.approx(metric(labels, scores))


@settings(deadline=None)
@given(labelled_scores(), st.integers(1, 5))
def test_within_group_auroc_matches_a_loop(data, n_groups):
    labels, scores = data
    groups = np.random.default_rng(len(labels)).integers(0, n_groups, len(labels))
    names = np.array([f"TF{group}" for group in groups])
    values = [
        brute_auroc(labels[groups == group], scores[groups == group])
        for group in range(n_groups)
        if len(set(labels[groups == group])) == 2
    ]
    mean, number = metrics.mean_within_group_auroc(labels, scores, names)
    assert number == len(values)
    assert mean == pytest.approx(np.mean(values) if values else np.nan, nan_ok=True)


def test_within_group_auroc_ignores_group_offsets():
    labels = [0, 1, 0, 1, 0, 0, 1, 1]
    scores = [0, 1, 10, 11, 20, 21, 5, 6]
    groups = ["a", "a", "b", "b", "only0", "only0", "only1", "only1"]
    assert metrics.mean_within_group_auroc(labels, scores, groups) == (1.0, 2)


def test_within_group_auroc_of_millions_is_one_sort(monkeypatch):
    rng = np.random.default_rng(0)
    n = 1_000_000
    labels, scores = rng.random(n) < 0.1, rng.random(n)
    groups, calls = rng.integers(0, 20_000, n), []
    monkeypatch.setattr(metrics, "auroc", lambda *given: calls.append(given) or 0.5)
    mean, number = metrics.mean_within_group_auroc(labels, scores, groups)
    # One sort: no call for each of the 20,000 groups, which would take minutes.
    assert not calls
    assert number == len(np.intersect1d(groups[labels], groups[~labels]))
    # An AUROC of 5 positives in 50 has a standard deviation of .14, the mean of 20,000 .001.
    assert mean == pytest.approx(0.5, abs=0.01)


def brute_early_precision(labels, weights):
    """Follow BEELINE's steps on non-negative weights: sort, cut at k, keep the ties."""
    ranked = sorted(weights, reverse=True)
    non_zero = [w for w in weights if w != 0]
    if not non_zero:
        return 0.0
    cut = max(min(non_zero), ranked[int(sum(labels)) - 1])
    kept = [label for label, w in zip(labels, weights, strict=True) if w >= cut]
    return sum(kept) / len(kept)


@settings(deadline=None)
@given(labelled_scores())
def test_early_precision_follows_beeline(data):
    labels, scores = data
    weights = np.abs(scores)
    expected = brute_early_precision(labels, weights)
    assert metrics.early_precision(labels, weights) == pytest.approx(expected)
    assert metrics.early_precision_ratio(labels, weights) == pytest.approx(
        expected / labels.mean()
    )


def test_early_precision_by_hand():
    labels = [1, 1, 0, 0, 0]
    assert metrics.early_precision(labels, [3, 1, 2, 0, 0]) == 0.5
    # Rank 2 is tied: three are kept.
    assert metrics.early_precision(labels, [3, 1, 1, 0, 0]) == pytest.approx(2 / 3)
    # Rank 2 is an unreported edge: one is kept, not all five.
    assert metrics.early_precision(labels, [3, 0, 0, 0, 0]) == 1
    assert metrics.early_precision(labels, [0, 0, 0, 0, 0]) == 0
    # A constant score keeps all: chance.
    assert metrics.early_precision_ratio(labels, [2, 2, 2, 2, 2]) == pytest.approx(1)
    # Log-odds: zero is a value like any other.
    assert metrics.early_precision(labels, [0, -1, -2, -3, -4]) == 1


def test_top_k_by_hand():
    assert metrics.top_k(np.array([3.0, 1, 2, 2, 0]), 2).tolist() == [1, 0, 1, 1, 0]
    assert metrics.top_k(np.array([3.0, 0, 0]), 2).tolist() == [1, 0, 0]
    assert metrics.top_k(np.array([3.0, 0, -1]), 2).tolist() == [1, 1, 0]


def test_the_import_stays_light():
    code = (
        "import sys; import gtgrn.evaluation.metrics; "
        "heavy = {'numba', 'scipy', 'sklearn'} & set(sys.modules); sys.exit(str(heavy or ''))"
    )
    scripts = Path(__file__).parents[3] / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True
    )
    assert done.stderr.strip() == ""


def test_precision_at_by_hand():
    labels, scores = [1, 0, 1, 0], [4, 3, 2, 1]
    assert [metrics.precision_at(labels, scores, k) for k in (1, 2, 3, 4)] == pytest.approx(
        [1, 1 / 2, 2 / 3, 1 / 2]
    )
    # One of the two tied pairs is drawn: half a positive expected.
    assert metrics.precision_at([1, 0, 1, 0], [4, 3, 3, 1], 2) == pytest.approx(0.75)
    for k in (0, 5):
        with pytest.raises(ValueError, match="4 pairs"):
            metrics.precision_at(labels, scores, k)


@settings(deadline=None)
@given(labelled_scores())
def test_brier_matches_sklearn(data):
    labels, scores = data
    probabilities = (scores + 2) / 7
    assert metrics.brier(labels, probabilities) == pytest.approx(
        brier_score_loss(labels, probabilities)
    )


def test_reliability_and_calibration_error_by_hand():
    labels = [0, 1, 0, 1, 1]
    probabilities = [0.0, 0.1, 0.3, 0.95, 1.0]
    curve = metrics.reliability_curve(labels, probabilities)
    # 0.1 and 0.3 lie on edges and belong to the bin above; 1 to the last.
    assert list(curve["n"]) == [1, 1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert list(curve["lower"]) == pytest.approx(np.arange(10) / 10)
    assert list(curve["upper"]) == pytest.approx(np.arange(1, 11) / 10)
    assert curve["mean_probability"][9] == pytest.approx(0.975)
    assert curve["observed_frequency"][9] == 1
    assert np.isnan(curve["observed_frequency"][2])
    expected = (0 + 0.9 + 0.3 + 2 * 0.025) / 5
    assert metrics.expected_calibration_error(labels, probabilities) == pytest.approx(expected)


def test_a_calibrated_predictor_has_little_calibration_error():
    rng = np.random.default_rng(1)
    probabilities = rng.random(100_000)
    labels = rng.random(100_000) < probabilities
    assert metrics.expected_calibration_error(labels, probabilities) < 0.01
    assert metrics.expected_calibration_error(labels, probabilities**3) > 0.1


def test_curves_are_thin_and_keep_ends_and_area():
    rng = np.random.default_rng(2)
    labels = rng.random(20_000) < 0.2
    scores = rng.normal(size=20_000) + labels
    roc, pr = metrics.roc_curve(labels, scores), metrics.pr_curve(labels, scores)
    assert len(roc) <= 500
    assert len(pr) <= 500
    assert roc.iloc[0].tolist() == [0, 0]
    assert roc.iloc[-1].tolist() == [1, 1]
    assert pr.iloc[0].tolist() == [0, 1]
    assert pr["recall"].iloc[-1] == 1
    assert (roc.diff().iloc[1:] >= 0).all(axis=None)
    assert (pr["recall"].diff().iloc[1:] >= 0).all()
    area = np.trapezoid(roc["true_positive_rate"], roc["false_positive_rate"])
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=2e-3)
    area = np.trapezoid(pr["precision"], pr["recall"])
    assert area == pytest.approx(average_precision_score(labels, scores), abs=1e-2)


def test_short_curves_are_whole():
    labels, scores = [0, 1, 1, 0], [0.1, 0.4, 0.35, 0.36]
    precision, recall, _ = precision_recall_curve(labels, scores)
    curve = metrics.pr_curve(labels, scores)
    assert set(zip(curve["recall"], curve["precision"], strict=True)) <= set(
        zip(recall, precision, strict=True)
    )
    assert metrics.roc_curve(labels, scores)["true_positive_rate"].tolist() == [0, 0.5, 0.5, 1, 1]


@pytest.mark.parametrize("labels", [[], [0, 0, 0, 0], [1, 1, 1, 1]])
def test_one_class_gives_nan_and_no_exception(labels):
    scores = np.linspace(0, 1, len(labels))
    for metric in RANKING + PROBABILITY:
        assert np.isnan(metric(labels, scores))
    mean, number = metrics.mean_within_group_auroc(labels, scores, np.zeros(len(labels)))
    assert np.isnan(mean)
    assert number == 0
    assert metrics.roc_curve(labels, scores).empty
    assert metrics.pr_curve(labels, scores).empty
    part = pd.DataFrame({"regulator": "A", "target": "B", "label": labels, "score": scores})
    table = metrics.evaluate(part, probabilities=True)
    assert table["value"].isna().all()
    assert (table["n_positive"] == sum(labels)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    labels, scores = [0, 1, 0, 1], [0.1, bad, 0.3, 0.4]
    for metric in RANKING + PROBABILITY + [metrics.roc_curve, metrics.pr_curve]:
        with pytest.raises(ValueError, match="NaN or infinite"):
            metric(labels, scores)
    with pytest.raises(ValueError, match="NaN or infinite"):
        metrics.mean_within_group_auroc(labels, scores, labels)


def test_bad_labels_lengths_and_probabilities_are_refused():
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.auroc([0, 1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.auroc([0, 1, np.nan], [1, 2, 3])
    with pytest.raises(ValueError, match="one length"):
        metrics.auroc([0, 1], [1, 2, 3])
    with pytest.raises(ValueError, match="must match"):
        metrics.mean_within_group_auroc([0, 1], [1, 2], ["a"])
    for metric in (*PROBABILITY, metrics.reliability_curve):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            metric([0, 1], [0.5, 1.1])


@settings(max_examples=20, deadline=None)
@given(labelled_scores(minimum=6))
def test_evaluate_gives_each_metric_with_its_counts(data):
    labels, scores = data
    probabilities = (scores + 2) / 7
    part = pd.DataFrame(
        {
            "regulator": np.where(np.arange(len(labels)) % 2, "TF1", "TF2"),
            "target": [f"G{i // 2}" for i in range(len(labels))],
            "label": labels,
            "score": probabilities,
        }
    )
    table = metrics.evaluate(part, probabilities=True).set_index("metric")
    within_tf, n_tf = metrics.mean_within_group_auroc(labels, probabilities, part["regulator"])
    within_gene, n_gene = metrics.mean_within_group_auroc(labels, probabilities, part["target"])
    expected = {
        "AUROC": metrics.auroc(labels, probabilities),
        "AUPRC": metrics.auprc(labels, probabilities),
        "AUPRC_ratio": metrics.auprc_ratio(labels, probabilities),
        "EPR": metrics.early_precision_ratio(labels, probabilities),
        "precision_at_positives": metrics.precision_at(labels, probabilities, labels.sum()),
        "within_TF_AUROC": within_tf,
        "within_gene_AUROC": within_gene,
        "Brier": metrics.brier(labels, probabilities),
        "ECE": metrics.expected_calibration_error(labels, probabilities),
    }
    assert table["value"].to_dict() == pytest.approx(expected, nan_ok=True)
    assert table["n"].drop(["within_TF_AUROC", "within_gene_AUROC"]).eq(len(labels)).all()
    assert table.loc["within_TF_AUROC", "n"] == n_tf
    assert table.loc["within_gene_AUROC", "n"] == n_gene
    assert table["n_positive"].eq(labels.sum()).all()
    assert set(metrics.evaluate(part)["metric"]) == set(expected) - {"Brier", "ECE"}


def test_evaluate_names_a_missing_column():
    with pytest.raises(InputError, match="score"):
        metrics.evaluate(pd.DataFrame({"regulator": ["A"], "target": ["B"], "label": [1]}))


def test_evaluate_gives_precision_at_what_is_asked():
    part = pd.DataFrame(
        {"regulator": "T", "target": list("ABCD"), "label": [1, 0, 1, 0], "score": [4, 3, 2, 1]}
    )
    table = metrics.evaluate(part, at=(1, 3, 9)).set_index("metric")["value"]
    assert table["precision_at_1"] == 1
    assert table["precision_at_3"] == pytest.approx(2 / 3)
    assert np.isnan(table["precision_at_9"])
