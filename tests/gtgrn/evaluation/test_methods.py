from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.evaluation import methods as evaluation
from gtgrn.evaluation.calibration import Calibrator
from gtgrn.evaluation.methods import align_scores, evaluate_methods
from gtgrn.evaluation.metrics import (
    brier,
    evaluate,
    expected_calibration_error,
    pr_curve,
    roc_curve,
)

CALIBRATED = ["Brier", "ECE"]
METRICS = [
    "AUROC", "AUPRC", "AUPRC_ratio", "EPR", "precision_at_positives", "within_TF_AUROC",
    "within_gene_AUROC", "Brier", "ECE",
]  # fmt: skip


def make_split(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 6 * 40
    return pd.DataFrame(
        {
            "regulator": np.repeat([f"TF{i}" for i in range(6)], 40),
            "target": np.tile([f"G{i}" for i in range(40)], 6),
            "label": (rng.random(n) < 0.3).astype(int),
            "part": rng.choice(["train", "val", "test"], n, p=[0.5, 0.2, 0.3]),
        }
    ).sample(frac=1, random_state=seed)


SPLIT = make_split()
TEST, VAL = (SPLIT["part"] == "test").to_numpy(), (SPLIT["part"] == "val").to_numpy()
TRAIN = ~TEST & ~VAL


def make_scores() -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, len(SPLIT)))
    return {
        ("gtgrn", "full"): noise[0] + 2 * SPLIT["label"].to_numpy(),
        ("pearson", "network"): np.abs(noise[1]),
        ("constant", "null"): np.zeros(len(SPLIT)),
    }


SCORES = make_scores()


def values_of(metrics: pd.DataFrame, method: str) -> dict[str, float]:
    own = metrics[metrics["method"] == method]
    return dict(zip(own["metric"], own["value"], strict=True))


def flip(part: np.ndarray) -> pd.DataFrame:
    """Turn over every second label of a part."""
    rows = np.flatnonzero(part)[::2]
    labels = SPLIT["label"].to_numpy().copy()
    labels[rows] = 1 - labels[rows]
    return SPLIT.assign(label=labels)


# Alignment


def test_scores_follow_the_split():
    order = np.random.default_rng(0).permutation(len(SPLIT))
    scores = SPLIT[["regulator", "target"]].assign(score=np.arange(float(len(SPLIT))))
    more = pd.DataFrame({"regulator": ["TF0"], "target": ["TF0"], "score": [np.nan]})
    table = pd.concat([more, scores.iloc[order]])
    aligned = align_scores(SPLIT, table, "x")
    assert aligned.tolist() == list(range(len(SPLIT)))
    assert aligned.dtype == float


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None])
def test_pairs_without_a_score_are_refused(bad):
    scores = SPLIT.assign(score=0.5)
    scores = scores[3:] if bad is None else scores.assign(score=[bad] * 3 + [0.5] * 237)
    with pytest.raises(InputError) as caught:
        align_scores(SPLIT, scores, "scores.tsv.gz")
    message = str(caught.value)
    assert message.startswith("scores.tsv.gz: 'score': 3 of 240 pairs have no finite score. ")
    assert "\n" not in message


def test_scores_of_the_other_direction_are_no_scores():
    scores = SPLIT.rename(columns={"regulator": "target", "target": "regulator"}).assign(score=1.0)
    with pytest.raises(InputError, match="240 of 240 pairs"):
        align_scores(SPLIT, scores, "x")


# Judgement


def test_ranking_metrics_are_those_of_the_test_part():
    metrics, _ = evaluate_methods(SPLIT, SCORES)
    for (method, variant), values in SCORES.items():
        own = metrics[metrics["method"] == method]
        expected = evaluate(SPLIT[TEST].assign(score=values[TEST]))
        found = own[~own["metric"].isin(CALIBRATED)][expected.columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)
        assert (own["variant"] == variant).all()


def test_table_of_metrics():
    metrics, _ = evaluate_methods(SPLIT, SCORES)
    assert list(metrics.columns) == [
        "part", "negatives", "method", "variant", "metric", "value", "n", "n_positive",
    ]  # fmt: skip
    assert metrics.groupby("method", sort=False)["metric"].apply(list).to_dict() == {
        method: METRICS for method, _ in SCORES
    }
    assert (metrics["part"] == "test").all()
    assert (metrics["negatives"] == "N0").all()
    assert (metrics["n_positive"] == SPLIT["label"][TEST].sum()).all()
    assert (metrics.loc[metrics["metric"] == "Brier", "n"] == TEST.sum()).all()


def test_without_probabilities_all_else_is_the_same_and_no_validation_label_is_read():
    whole, curves = evaluate_methods(SPLIT, SCORES)
    metrics, same = evaluate_methods(SPLIT, SCORES, calibrated=False)
    expected = whole[~whole["metric"].isin(CALIBRATED)]
    pd.testing.assert_frame_equal(metrics.reset_index(drop=True), expected.reset_index(drop=True))
    pd.testing.assert_frame_equal(same, curves)
    one_class = SPLIT.assign(label=SPLIT["label"].where(~VAL, 0))
    assert not evaluate_methods(one_class, SCORES, calibrated=False)[0].empty


def test_calibration_is_fitted_on_the_val_part_only():
    metrics, _ = evaluate_methods(SPLIT, SCORES)
    labels = SPLIT["label"].to_numpy()
    for (method, _), values in SCORES.items():
        calibrator = Calibrator().fit(values[VAL], labels[VAL])
        probabilities = calibrator.transform(values[TEST])
        found = values_of(metrics, method)
        assert found["Brier"] == brier(labels[TEST], probabilities)
        assert found["ECE"] == expected_calibration_error(labels[TEST], probabilities)
    # A constant score is calibrated to about the density of the val part.
    expected = np.mean((labels[TEST] - labels[VAL].mean()) ** 2)
    assert values_of(metrics, "constant")["Brier"] == pytest.approx(expected, abs=0.01)


@pytest.fixture
def probabilities(monkeypatch):
    """Record what calibrators give."""
    given = []

    class Recorded(Calibrator):
        def transform(self, scores):
            given.append(super().transform(scores))
            return given[-1]

    monkeypatch.setattr(evaluation, "Calibrator", Recorded)
    return given


def test_labels_of_the_test_part_change_no_probability(probabilities):
    one, _ = evaluate_methods(SPLIT, SCORES)
    other, _ = evaluate_methods(flip(TEST), SCORES)
    before, after = probabilities[: len(SCORES)], probabilities[len(SCORES) :]
    for a, b in zip(before, after, strict=True):
        assert len(a) == TEST.sum()
        np.testing.assert_array_equal(a, b)
    assert values_of(one, "gtgrn")["AUROC"] - values_of(other, "gtgrn")["AUROC"] > 0.2


def test_labels_of_the_val_part_change_calibrated_metrics_only():
    one, one_curves = evaluate_methods(SPLIT, SCORES)
    other, other_curves = evaluate_methods(flip(VAL), SCORES)
    ranking = ~one["metric"].isin(CALIBRATED)
    pd.testing.assert_frame_equal(one[ranking], other[ranking])
    pd.testing.assert_frame_equal(one_curves, other_curves)
    assert values_of(one, "gtgrn")["Brier"] != values_of(other, "gtgrn")["Brier"]


def test_the_train_part_changes_nothing():
    loud = {name: np.where(TRAIN, 1e6, values) for name, values in SCORES.items()}
    one, one_curves = evaluate_methods(SPLIT, SCORES)
    other, other_curves = evaluate_methods(flip(TRAIN), loud)
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(one_curves, other_curves)


def test_a_method_is_judged_the_same_alone_and_among_others():
    together, curves = evaluate_methods(SPLIT, SCORES)
    name = ("pearson", "network")
    alone, own_curves = evaluate_methods(SPLIT, {name: SCORES[name]})
    own = together[together["method"] == "pearson"]
    pd.testing.assert_frame_equal(own.reset_index(drop=True), alone.reset_index(drop=True))
    own = curves[curves["method"] == "pearson"]
    pd.testing.assert_frame_equal(own.reset_index(drop=True), own_curves.reset_index(drop=True))


def test_curves():
    _, curves = evaluate_methods(SPLIT, SCORES)
    assert list(curves.columns) == ["method", "variant", "curve", "x", "y"]
    assert set(zip(curves["method"], curves["variant"], strict=True)) == set(SCORES)
    labels = SPLIT["label"].to_numpy()[TEST]
    for (method, _), values in SCORES.items():
        own = curves[curves["method"] == method]
        roc = own.loc[own["curve"] == "ROC", ["x", "y"]].to_numpy()
        pr = own.loc[own["curve"] == "PR", ["x", "y"]].to_numpy()
        assert len(roc) + len(pr) == len(own)
        np.testing.assert_array_equal(roc, roc_curve(labels, values[TEST]).to_numpy())
        np.testing.assert_array_equal(pr, pr_curve(labels, values[TEST]).to_numpy())
        assert roc[0].tolist() == [0, 0]
        assert roc[-1].tolist() == [1, 1]
        assert (pr[0, 0], pr[-1, 0]) == (0, 1)
        assert np.isfinite(own[["x", "y"]]).all(axis=None)
        assert (np.diff(roc, axis=0) >= 0).all()
        assert (np.diff(pr[:, 0]) >= 0).all()
