import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.metrics import auroc
from gtgrn.studies.reference_free import (
    MATCHED,
    RANDOM,
    TRANSFER_ELSEWHERE,
    judge_rankings,
    label_matrix,
    matched,
    weight_matrix,
    within,
)

GENES = [f"G{number}" for number in range(40)]
REGULATORS = GENES[:12]
RNG = np.random.default_rng(2)


def _labels():
    return label_matrix(
        pd.DataFrame(
            [(r, g) for r in REGULATORS for g in GENES if r != g and RNG.random() < 0.3],
            columns=["regulator", "target"],
        ),
        GENES,
        REGULATORS,
    )


def test_labels_and_weights_stand_at_their_pairs():
    pairs = pd.DataFrame({"regulator": ["G1", "X", "G0"], "target": ["G0", "G1", "Y"]})
    labels = label_matrix(pairs, GENES[:3], ["G0", "G1"])
    np.testing.assert_array_equal(labels, [[np.nan, 0, 0], [1, np.nan, 0]])
    weights = weight_matrix(pairs.assign(weight=[0.5, 1, 1]), GENES[:3], ["G0", "G1"])
    np.testing.assert_array_equal(weights, [[0, 0, 0], [0.5, 0, 0]])


def test_within_is_the_area_of_each_regulator():
    labels, scores = _labels(), RNG.random((12, 40))
    labels[0] = np.where(np.isnan(labels[0]), np.nan, 0)
    areas = within(labels, scores)
    assert np.isnan(areas[0])
    known = np.isfinite(labels[3])
    expected = auroc(labels[3][known].astype(int), scores[3][known])
    assert areas[3] == pytest.approx(expected)


def test_popularity_wins_nothing_against_genes_as_popular():
    labels = _labels()
    degree = np.nansum(labels, axis=0)
    others = degree - np.nan_to_num(labels)
    # In-degree over the other regulators: matched exactly wherever a gene of equal degree is.
    wins = matched(labels, others)
    assert np.nanmax(np.abs(wins - 0.5)) < 0.2
    assert np.nanmean(matched(labels, np.nan_to_num(labels))) == 1


def test_differences_are_paired_over_regulators():
    labels = _labels()
    truth = np.nan_to_num(labels)
    rankings = {
        TRANSFER_ELSEWHERE: truth + RNG.random(truth.shape),
        "worse": RNG.random(truth.shape),
        "same": None,
    }
    rankings["same"] = rankings[TRANSFER_ELSEWHERE]
    metrics, differences = judge_rankings(labels, rankings)
    assert set(differences["model"]) == {TRANSFER_ELSEWHERE}
    found = differences.set_index(["method", "metric"])
    same = found.loc["same"]
    assert (same[["difference", "low", "high"]] == 0).all().all()
    worse = found.loc["worse"].loc["within_TF_AUROC"]
    assert 0 < worse["low"] < worse["difference"] < worse["high"]
    values = metrics.set_index(["method", "metric"])["value"]
    assert worse["difference"] == pytest.approx(
        values[TRANSFER_ELSEWHERE, "within_TF_AUROC"] - values["worse", "within_TF_AUROC"]
    )
    assert set(metrics["metric"]) == {"AUROC", "AUPRC_ratio", "within_TF_AUROC", MATCHED}


def test_without_sources_each_ranking_is_held_against_chance():
    labels = _labels()
    truth = np.nan_to_num(labels)
    rankings = {"good": truth + RNG.random(truth.shape), RANDOM: RNG.random(truth.shape)}
    metrics, differences = judge_rankings(labels, rankings)
    assert set(metrics["method"]) == {"good", RANDOM}
    assert set(differences["model"]) == {"good"}
    assert set(differences["method"]) == {RANDOM}
    within_tf = differences.set_index("metric").loc["within_TF_AUROC"]
    assert 0 < within_tf["low"] < within_tf["difference"]
