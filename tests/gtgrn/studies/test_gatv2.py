from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN
from gtgrn.simulation.boolean_models import read_model, reference_edges
from gtgrn.studies import gatv2 as study
from gtgrn.studies import gatv2_tables
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

GENES = [f"g{i}" for i in range(8)]
MODELS = Path(__file__).parents[3] / "resources/boolean_models"
SETS = ["r0-d0", "r0-d50", "r1-d0"]
HONEST = [study.SPLIT_FIRST, study.LEAVE_OUT]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_reference():
    rng = np.random.default_rng(0)
    rows = [(r, t) for r in GENES[:5] for t in GENES if r != t]
    chosen = rng.permutation(len(rows))[:14]
    edges = {*(rows[i] for i in chosen), *((r, GENES[7]) for r in GENES[:5])}
    return pd.DataFrame(sorted(edges), columns=PAIR)


def make_values():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(8, 6)).astype(np.float32) for name in SETS}


def all_folds(protocol, seed=0):
    return list(study.folds(protocol, make_reference(), GENES, SETS, seed=seed))


def brute_force_shared(samples, positive):
    """Count pairs in both parts by comparing every row with every other."""
    rows = samples[samples[LABEL] == 1] if positive else samples
    train, test = (rows[rows[PART] == part] for part in (TRAIN, TEST))
    return len(
        {
            (a.regulator, a.target)
            for a in test.itertuples()
            for b in train.itertuples()
            if a.regulator == b.regulator and a.target == b.target
        }
    )


def test_the_leaky_protocol_shares_most_edges_and_the_honest_ones_none():
    samples = all_folds(study.LEAKY)[0][1]
    shared = study.count_shared(samples)
    assert shared["edges"] == brute_force_shared(samples, True) > 0
    assert shared["pairs"] == brute_force_shared(samples, False)
    assert shared["edges"] > 0.8 * shared["test_edges"]
    assert shared["samples"] > 0
    for protocol in HONEST:
        for _, samples in all_folds(protocol):
            shared = study.count_shared(samples)
            assert (shared["edges"], shared["pairs"], shared["samples"]) == (0, 0, 0)
            assert brute_force_shared(samples, False) == 0
            assert shared["test_edges"] > 0


def test_a_planted_copy_is_counted():
    samples = all_folds(study.SPLIT_FIRST)[0][1]
    row = samples[(samples[PART] == TEST) & (samples[LABEL] == 1)].head(1)
    shared = study.count_shared(pd.concat([samples, row.assign(part=TRAIN)]))
    assert (shared["edges"], shared["pairs"], shared["samples"]) == (1, 1, 1)


def test_the_leaky_classes_are_balanced_before_the_split_the_honest_ones_are_not():
    assert all_folds(study.LEAKY)[0][1][LABEL].mean() == 0.5
    samples = all_folds(study.SPLIT_FIRST)[0][1]
    assert not samples.duplicated([*PAIR, study.SET]).any()


def test_a_pair_is_in_one_part_in_all_sets():
    for protocol in HONEST:
        for _, samples in all_folds(protocol):
            assert (samples.groupby(list(PAIR))[PART].nunique() == 1).all()
            assert (samples.groupby(list(PAIR))[study.SET].nunique() == len(SETS)).all()


def test_leaving_a_regulator_out_tests_all_its_pairs_and_no_other():
    reference = make_reference()
    found = all_folds(study.LEAVE_OUT)
    assert [name for name, _ in found] == sorted(reference[REGULATOR].unique())
    for name, samples in found:
        test = samples[samples[PART] == TEST]
        assert set(test[REGULATOR]) == {name}
        assert name not in set(samples.loc[samples[PART] != TEST, REGULATOR])
        assert set(test[TARGET]) == set(GENES) - {name}


def test_folds_depend_on_the_seed_only():
    first, again = (all_folds(study.SPLIT_FIRST, seed=3)[0][1] for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(all_folds(study.SPLIT_FIRST, seed=4)[0][1])


def test_an_unknown_protocol_is_named():
    with pytest.raises(InputError, match="unknown protocol none") as caught:
        list(study.folds("none", make_reference(), GENES, SETS, seed=0))
    named = caught.value.remedy.removeprefix("Use ").replace(" or ", ", ").split(", ")
    assert len(named) == 3
    assert all(list(study.folds(name, make_reference(), GENES, SETS, seed=0)) for name in named)


def test_measures_are_scikit_learns():
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 2, 60), rng.normal(size=60)
    measured = study.measure(labels, logits)
    for name, function in (
        ("accuracy", accuracy_score),
        ("precision", precision_score),
        ("recall", recall_score),
        ("F1", f1_score),
    ):
        assert measured[name] == pytest.approx(function(labels, logits > 0)), name
    assert set(measured) == set(gatv2_tables.METRICS)
    nothing = study.measure(labels, -np.ones(60))
    assert (nothing["precision"], nothing["recall"], nothing["F1"]) == (0, 0, 0)


def test_memory_is_right_about_what_was_trained_and_blind_elsewhere():
    samples = all_folds(study.LEAKY)[0][1]
    known = study.memory(samples) != -1
    assert (known & (samples[PART] == TEST)).sum() > 0.8 * (samples[PART] == TEST).sum()
    assert ((study.memory(samples) > 0) == (samples[LABEL] == 1))[known].all()
    samples = all_folds(study.SPLIT_FIRST)[0][1]
    assert (study.memory(samples)[samples[PART] == TEST] == -1).all()


def test_test_labels_do_not_reach_the_scores_of_an_honest_protocol():
    samples = all_folds(study.SPLIT_FIRST)[0][1]
    flipped = samples.copy()
    rows = flipped[PART] == TEST
    flipped.loc[rows, LABEL] = 1 - flipped.loc[rows, LABEL]
    scores = [
        study.score_fold(study.SPLIT_FIRST, table, GENES, make_values(), epochs=3, seed=0)
        for table in (samples, flipped)
    ]
    np.testing.assert_array_equal(*scores)


def test_a_protocol_gives_each_fold_its_measures_and_counts():
    options = {"epochs": 3, "heads": 2, "layers": 3}
    for protocol in (study.LEAKY, *HONEST):
        rows, shared = study.run_protocol(
            protocol, make_reference(), GENES, make_values(), seed=0, **options
        )
        assert len(shared) == rows["fold"].nunique()
        assert (shared["edges"] > 0).all() == (protocol == study.LEAKY)
        nulls = {study.MEMORY, study.MAJORITY, *([study.NULL] if protocol in HONEST else [])}
        assert set(rows["method"]) == {study.MODEL, *nulls}
        table = gatv2_tables.summarise(rows, ["protocol", "method"])
        assert set(gatv2_tables.METRICS) <= set(table)


def test_the_base_rate_stands_beside_every_protocol():
    for protocol in HONEST:
        for _, samples in all_folds(protocol):
            test = samples[PART] == TEST
            labels = samples.loc[test, LABEL].to_numpy()
            row = study.measure(labels, study.majority(samples)[test])
            commoner = samples.loc[samples[PART] == TRAIN, LABEL].mean() > 0.5
            assert row["accuracy"] == pytest.approx(np.mean(labels == commoner))
            assert row["AUROC"] == 0.5


def test_given_sets_are_ordered_by_one_axis():
    rng = np.random.default_rng(3)
    place = rng.permutation(40)
    slopes = np.array([2.0, 1.0, -0.5])
    noise = rng.normal(size=(40, 3)) * 1e-3
    cells = place[:, None] * slopes + noise
    sets = study.sets_of_expression({"a": cells, "b": cells[::-1] + 7.0}, 4)
    assert sets["a"].shape == (3, 4)
    assert sets["a"].dtype == np.float32
    # Each quarter of the cells in the order of their place, from low to high, in both sets.
    expected = np.arange(40).reshape(4, 10).mean(axis=1)[None] * slopes[:, None]
    np.testing.assert_allclose(sets["a"], expected, atol=0.01)
    np.testing.assert_allclose(sets["b"], expected + 7.0, atol=0.01)
    with pytest.raises(InputError, match=r"40 cells for 41 bins.*Lower it, or leave the set out"):
        study.sets_of_expression({"a": cells}, 41)
    assert study.sets_of_expression({"a": cells}, 40)["a"].shape == (3, 40)


def test_reported_numbers_stand_beside_the_measured():
    summary = pd.DataFrame({"boolean": ["hsc"], "protocol": [study.LEAKY], "method": ["gatv2"],
                            "accuracy": [0.9]})  # fmt: skip
    last = gatv2_tables.with_reported(summary).iloc[-1]
    assert (last["method"], last["accuracy"], last["precision"]) == ("reported", 0.9609, 1.0)
    assert (last["recall"], last["F1"]) == (0.9217, 0.9593)


def test_sets_are_the_same_cells_with_more_zeros_and_survive_a_file(tmp_path):
    model = read_model(MODELS / "hsc.yaml")
    settings = {"replicates": 2, "dropouts": [0, 70], "cells": 12, "bins": 4, "seed": 0}
    sets, genes = study.make_sets(model, **settings)
    assert list(sets) == ["r0-d0", "r0-d70", "r1-d0", "r1-d70"]
    assert sets["r0-d0"].shape == (11, 4)
    assert (sets["r0-d70"] <= sets["r0-d0"]).all()
    assert (sets["r0-d70"] < sets["r0-d0"]).any()
    assert not np.allclose(sets["r0-d0"], sets["r1-d0"])
    assert set(reference_edges(model)[REGULATOR]) <= set(genes)
    study.write_sets(sets, genes, tmp_path / "sets.npz")
    again, names = study.read_sets(tmp_path / "sets.npz")
    assert names == genes
    assert list(again) == list(sets)
    np.testing.assert_array_equal(again["r1-d70"], sets["r1-d70"])


def test_the_grid_point_is_chosen_by_validation():
    rows = pd.DataFrame(
        {
            "boolean": "hsc", "layers": [1, 1, 2, 2], "heads": 1, "part": ["val", "test"] * 2,
            **{metric: [0.9, 0.1, 0.2, 0.8] for metric in gatv2_tables.METRICS},
        }
    )  # fmt: skip
    table = gatv2_tables.choose_point(rows)
    assert list(table["chosen"]) == [1, 0]
    assert list(table["AUPRC"]) == [0.1, 0.8]
    assert list(table["validation_AUPRC"]) == [0.9, 0.2]
