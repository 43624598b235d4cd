from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auroc
from gtgrn.models.nulls import label_features
from gtgrn.models.nulls import predictors as nulls
from gtgrn.models.nulls.predictors import NULLS
from gtgrn.splits.universe import encode_pairs
from scipy.special import logit
from threadpoolctl import threadpool_limits

FITTED = sorted(set(NULLS) - {"random"})


def make_split(n_regulators=8, n_targets=40, *, seed=0, probability=None):
    """Make a split of all pairs, labels drawn with `probability` or from additive effects."""
    rng = np.random.default_rng(seed)
    if probability is None:
        effects = rng.normal(-1.5, 1, (n_regulators, 1)) + rng.normal(0, 1, (1, n_targets))
        probability = 1 / (1 + np.exp(-effects))
    n = n_regulators * n_targets
    return pd.DataFrame(
        {
            "regulator": np.repeat([f"TF{i}" for i in range(n_regulators)], n_targets),
            "target": np.tile([f"G{i}" for i in range(n_targets)], n_regulators),
            "label": (rng.random(n) < np.ravel(probability)).astype(int),
            "part": rng.choice(["train", "val", "test"], n, p=[0.67, 0.1, 0.23]),
        }
    )


def blocks(n_regulators=20, n_targets=60):
    """Return probabilities of a chequered matrix: all rates equal, all structure in pairs."""
    same = np.arange(n_regulators)[:, None] % 2 == np.arange(n_targets)[None] % 2
    return np.where(same, 0.9, 0.1)


def leaks(null, split):
    """Tell whether scores change when labels outside the train part are permuted or lost."""
    before = null(split, seed=3)
    held = split["part"] != "train"
    permuted, lost = split.copy(), split.astype({"label": float})
    shuffled = np.random.default_rng(9).permutation(split.loc[held, "label"])
    assert (shuffled != split.loc[held, "label"]).any()
    permuted.loc[held, "label"] = shuffled
    lost.loc[held, "label"] = np.nan
    return any(not np.array_equal(before, null(other, seed=3)) for other in (permuted, lost))


@pytest.mark.parametrize("name", NULLS)
def test_no_null_reads_a_label_outside_train(name):
    assert not leaks(NULLS[name], make_split())


@pytest.mark.parametrize("name", FITTED)
def test_a_planted_leak_is_caught(name):
    def leaky(split, *, seed):
        everything = split.assign(part="train").fillna({"label": 0})
        return NULLS[name](everything, seed=seed)

    assert leaks(leaky, make_split())


@pytest.mark.parametrize("name", FITTED)
def test_train_labels_do_matter(name):
    split = make_split()
    flipped = split.copy()
    first = flipped.index[flipped["part"] == "train"][:40]
    flipped.loc[first, "label"] = 1 - flipped.loc[first, "label"]
    assert not np.array_equal(NULLS[name](split, seed=0), NULLS[name](flipped, seed=0))


@pytest.mark.parametrize("name", NULLS)
def test_scores_follow_the_rows_whatever_their_order_and_the_threads(name):
    split = make_split()
    scores = NULLS[name](split, seed=1)
    order = np.random.default_rng(5).permutation(len(split))
    with threadpool_limits(2):
        again = NULLS[name](split.iloc[order], seed=1)
    np.testing.assert_array_equal(again, scores[order])


@pytest.mark.parametrize("name", ["random", "label_svd"])
def test_the_seed_matters_where_something_is_drawn(name):
    split = make_split()
    assert not np.array_equal(NULLS[name](split, seed=1), NULLS[name](split, seed=2))


def test_random_scores_are_chance():
    split = make_split(40, 200)
    n, share = len(split), split["label"].mean()
    error = (1 / (12 * n * share * (1 - share))) ** 0.5
    random = auroc(split["label"], nulls.random(split, seed=0))
    assert random == pytest.approx(0.5, abs=ERRORS * error)


HAND = pd.DataFrame(
    [
        ("A", "x", 1, "train"),
        ("A", "y", 1, "train"),
        ("A", "z", 0, "test"),
        ("B", "x", 0, "train"),
        ("B", "y", 1, "train"),
        ("B", "z", 1, "val"),
        ("C", "x", 1, "test"),
    ],
    columns=["regulator", "target", "label", "part"],
)
"""Four train pairs, three of them positive; no train pair has regulator C or target z."""


def test_closed_forms():
    mean = 3.5 / 5
    a, b, c = (2 + mean) / 3, (1 + mean) / 3, mean
    x, y, z = (1 + mean) / 3, (2 + mean) / 3, mean
    regulator, target = np.array([a, a, a, b, b, b, c]), np.array([x, y, z, x, y, z, x])
    assert nulls.tf_rate(HAND, seed=0) == pytest.approx(regulator)
    assert nulls.target_rate(HAND, seed=0) == pytest.approx(target)
    assert nulls.tf_target_rate(HAND, seed=0) == pytest.approx(
        logit(regulator) + logit(target) - logit(mean)
    )
    assert nulls.degree_product(HAND, seed=0).tolist() == [6, 9, 3, 4, 6, 2, 2]


def test_the_logit_is_additive_and_an_unseen_end_adds_nothing():
    split = make_split()
    split.loc[split["target"] == "G0", "part"] = "test"
    scores = nulls.tf_target_logit(split, seed=0).reshape(8, 40)
    residual = scores - scores.mean(0) - scores.mean(1, keepdims=True) + scores.mean()
    assert np.abs(residual).max() < 1e-9
    assert np.std(scores) > 0.1
    np.testing.assert_allclose(scores[:, 0] - scores[0, 0], scores[:, 1] - scores[0, 1])
    # No effect of G0: the intercept and the regulator alone, amid the other targets.
    assert (scores.min(1) < scores[:, 0]).all()
    assert (scores[:, 0] < scores.max(1)).all()


def test_label_svd_finds_structure_that_rates_cannot():
    split = make_split(20, 60, probability=blocks())
    test = (split["part"] == "test").to_numpy()
    labels = split["label"].to_numpy()[test]
    assert auroc(labels, nulls.tf_target_rate(split, seed=0)[test]) < 0.65
    assert auroc(labels, nulls.label_svd(split, seed=0)[test]) > 0.85


def test_label_svd_keeps_its_head_on_labels_without_structure():
    split = make_split(20, 60, probability=np.full((20, 60), 0.2))
    test = (split["part"] == "test").to_numpy()
    scores = nulls.label_svd(split, seed=0)
    assert auroc(split["label"][test], scores[test]) == pytest.approx(0.5, abs=0.12)


def test_a_pairs_own_label_is_not_in_its_features():
    split = make_split(10, 30)
    pairs = encode_pairs(split)
    features, _ = label_features.cross_fitted_features(pairs, pairs.order[:0], seed=0)
    for row in (0, 17, 101):
        flipped = split.copy()
        name = split.index[pairs.train[row]]
        flipped.loc[name, "label"] = 1 - split.loc[name, "label"]
        changed, _ = label_features.cross_fitted_features(
            encode_pairs(flipped), pairs.order[:0], seed=0
        )
        np.testing.assert_array_equal(changed[row], features[row])
        assert not np.array_equal(changed, features)


def test_hidden_labels_change_no_feature():
    rng = np.random.default_rng(0)
    labels, visible = rng.integers(0, 2, (6, 15)), rng.random((6, 15)) < 0.7
    scrambled = np.where(visible, labels, 1 - labels)
    for one, other in zip(
        label_features.label_features(labels, visible),
        label_features.label_features(scrambled, visible),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
        assert one.shape == (6, 15)


@pytest.mark.parametrize("block", [3, 1024])
def test_neighbour_means_match_a_loop(monkeypatch, block):
    monkeypatch.setattr(label_features, "BLOCK", block)
    rng = np.random.default_rng(1)
    visible = (rng.random((7, 9)) < 0.8).astype(float)
    profile = rng.normal(size=(7, 9))
    unit = profile / np.linalg.norm(profile, axis=1, keepdims=True)
    values = visible * rng.normal(size=(7, 9))
    for k, result in zip(
        (2, 50), label_features._neighbour_means(values, visible, profile, (2, 50)), strict=True
    ):
        for i in range(7):
            cosine = {j: unit[i] @ unit[j] for j in range(7) if j != i}
            nearest = sorted(cosine, key=cosine.get, reverse=True)[:k]
            weight = {j: max(cosine[j], 0) for j in nearest}
            above = sum(weight[j] * values[j] for j in nearest)
            below = sum(weight[j] * visible[j] for j in nearest) + label_features.SHRINKAGE
            np.testing.assert_allclose(result[i], above / below, atol=1e-12)


def test_low_rank_lowers_the_singular_values_by_the_next():
    matrix = np.zeros((4, 6))
    np.fill_diagonal(matrix, [5, 3, 3, 1])
    expected = {1: [2, 0, 0, 0], 2: [2, 0, 0, 0], 4: [0, 0, 0, 0], 8: [0, 0, 0, 0]}
    for rank, result in zip(label_features.RANKS, label_features._low_rank(matrix), strict=True):
        np.testing.assert_allclose(np.diag(result), expected[rank], atol=1e-12)
        assert np.abs(result).sum() == pytest.approx(sum(expected[rank]), abs=1e-12)


def tiny_split():
    """Make a split of 110 pairs with 17 positives."""
    split = make_split(5, 22)
    rng = np.random.default_rng(4)
    split["label"] = rng.permutation(np.repeat([1, 0], [17, 93]))
    return split


def degenerate_splits():
    tiny = tiny_split()
    held_gene = make_split()
    held_gene.loc[held_gene["target"].isin(["G0", "G1", "G2"]), "part"] = "test"
    one_positive = tiny.assign(label=0)
    one_positive.loc[one_positive.index[tiny["part"] == "train"][3], "label"] = 1
    return {
        "tiny": tiny,
        "one regulator": make_split(1, 60),
        "one target": make_split(60, 1),
        "one pair to a regulator": make_split(30, 30).iloc[::31],
        "train only": tiny.assign(part="train"),
        "no positive": tiny.assign(label=0),
        "no negative": tiny.assign(label=1),
        "one positive": one_positive,
        "held-out genes": held_gene,
    }


@pytest.mark.parametrize("kind", degenerate_splits())
@pytest.mark.parametrize("name", NULLS)
def test_degenerate_splits_give_finite_scores(name, kind):
    split = degenerate_splits()[kind]
    scores = NULLS[name](split, seed=0)
    assert scores.shape == (len(split),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", ["tf_target_logit", "label_svd"])
def test_one_class_falls_back_and_says_so(name, caplog):
    split = tiny_split().assign(label=0)
    scores = NULLS[name](split, seed=0)
    np.testing.assert_array_equal(scores, nulls.tf_target_rate(split, seed=0))
    assert f"{name}: train part with one class" in caplog.text


def test_few_train_pairs_are_said_and_still_scored(caplog):
    split = tiny_split()
    scores = nulls.label_svd(split, seed=0)
    assert "logistic regression alone" in caplog.text
    assert len(np.unique(scores)) > 20


def test_unseen_ends_get_the_other_ends_rate(caplog):
    caplog.set_level(logging.INFO)
    genes = [f"G{i}" for i in range(8)]
    split = make_split()
    held_gene = split["target"].isin(genes)
    split["part"] = np.where(held_gene, "test", "train")
    for name in ("tf_target_rate", "label_svd"):
        np.testing.assert_allclose(
            NULLS[name](split, seed=0)[held_gene], logit(nulls.tf_rate(split, seed=0))[held_gene]
        )
    assert f"label_svd: {held_gene.sum()} of 320 pairs" in caplog.text
    held_tf = split["regulator"].isin(["TF0", "TF5"])
    split["part"] = np.where(held_tf, "test", "train")
    for name in ("tf_target_rate", "label_svd"):
        np.testing.assert_allclose(
            NULLS[name](split, seed=0)[held_tf], logit(nulls.target_rate(split, seed=0))[held_tf]
        )


def test_more_pairs_than_the_learners_need_are_sampled(monkeypatch):
    split = make_split(20, 60, probability=blocks())
    monkeypatch.setattr(nulls, "MAX_FIT_ROWS", 400)
    test = (split["part"] == "test").to_numpy()
    scores = nulls.label_svd(split, seed=0)
    assert auroc(split["label"][test], scores[test]) > 0.8


@pytest.mark.parametrize("name", NULLS)
def test_bad_splits_are_refused(name):
    split = tiny_split()
    null = NULLS[name]
    with pytest.raises(InputError, match="train part"):
        null(split.assign(part="test"), seed=0)
    with pytest.raises(InputError, match="'label'.*neither 0 nor 1"):
        null(split.assign(label=2), seed=0)
    with pytest.raises(InputError, match="'label'.*neither 0 nor 1"):
        null(split.assign(label=np.nan), seed=0)
    with pytest.raises(InputError, match="'part'.*missing"):
        null(split.drop(columns="part"), seed=0)
    with pytest.raises(InputError, match="TF2 -> G7 occurs twice"):
        null(pd.concat([split, split.iloc[[2 * 22 + 7]]]), seed=0)


# Held-out genes and regulators


def held_out(kind):
    """Make a split of S2, S3 or S4: the first genes or regulators, or both, are test."""
    split = make_split(12, 40)
    gene, tf = split["target"].isin(["G0", "G1", "G2"]), split["regulator"].isin(["TF0", "TF1"])
    held = {"genes": gene, "regulators": tf, "both": gene}[kind]
    split["part"] = np.where(held, "test", "train")
    return split[gene == tf].reset_index(drop=True) if kind == "both" else split


@pytest.mark.parametrize("kind", ["genes", "regulators", "both"])
def test_an_end_without_train_labels_gets_the_prior_mean(kind):
    split = held_out(kind)
    test = (split["part"] == "test").to_numpy()
    train = split.loc[~test, "label"]
    mean = (train.sum() + 0.5) / (len(train) + 1)
    by = {"genes": "regulator", "regulators": "target", "both": None}[kind]
    if by is None:
        rate = np.full(test.sum(), mean)
    else:
        groups = split[~test].groupby(by)["label"].agg(["sum", "size"])
        rate = split.loc[test, by].map((groups["sum"] + mean) / (groups["size"] + 1)).to_numpy()
    expected = {
        "tf_rate": rate if by == "regulator" else mean,
        "target_rate": rate if by == "target" else mean,
        "tf_target_rate": logit(rate),
        "label_svd": logit(rate),
    }
    for name, values in expected.items():
        assert NULLS[name](split, seed=0)[test] == pytest.approx(values), name
    if by is None:
        assert (nulls.degree_product(split, seed=0)[test] == 1).all()
        assert np.ptp(nulls.tf_target_logit(split, seed=0)[test]) < 1e-9
        return
    degree = split[~test].groupby(by)["label"].sum()
    assert (nulls.degree_product(split, seed=0)[test] == split.loc[test, by].map(degree) + 1).all()
    # The fitted effect of the known end alone: one value each, in the order of its rates.
    scores = pd.Series(nulls.tf_target_logit(split, seed=0)[test], index=split.loc[test, by])
    assert scores.groupby(level=0).agg(np.ptp).max() < 1e-9
    assert np.corrcoef(scores, logit(rate))[0, 1] > 0.95


# Label features and expression


def gene_features(split, *, seed=0):
    """Return features of two kinds: one that decides who is a target, and noise."""
    genes = sorted({*split["regulator"], *split["target"]})
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(len(genes), 3)), index=genes, columns=["real", "a", "b"])


def expressed_split(kind, *, signal=3.0):
    """Make a split in which a target's feature, and nothing about labels, tells its edges."""
    split = make_split(12, 90, probability=np.full((12, 90), 0.3))
    features = gene_features(split)
    rng = np.random.default_rng(1)
    odds = signal * features["real"].loc[split["target"]].to_numpy() - 1
    split["label"] = (rng.random(len(split)) < 1 / (1 + np.exp(-odds))).astype(int)
    gene, tf = split["target"].str[1:].astype(int) < 25, split["regulator"].isin(["TF0", "TF1"])
    if kind != "edges":
        held = {"genes": gene, "regulators": tf, "both": gene}[kind]
        split["part"] = np.where(held, "test", "train")
        if kind == "both":
            split = split[gene == tf].reset_index(drop=True)
    return split, features


@pytest.mark.parametrize("kind", ["edges", "genes", "regulators", "both"])
def test_features_of_genes_are_used_wherever_labels_end(kind):
    split, features = expressed_split(kind)
    test = (split["part"] == "test").to_numpy()
    labels = split["label"][test]
    scores = nulls.label_svd_expression(split, features, seed=0)
    assert np.isfinite(scores).all()
    assert auroc(labels, scores[test]) > 0.8
    shuffled = features.sample(frac=1, random_state=1).set_axis(features.index)
    permuted = auroc(labels, nulls.label_svd_expression(split, shuffled, seed=0)[test])
    alone = auroc(labels, nulls.label_svd(split, seed=0)[test])
    assert permuted < alone + 0.08
    assert auroc(labels, scores[test]) > (alone + 0.15 if kind in ("genes", "both") else alone)


@pytest.mark.parametrize("kind", ["edges", "genes", "regulators", "both"])
def test_labels_outside_the_train_part_do_not_reach_the_learners(kind):
    split, features = expressed_split(kind)
    hidden = split.assign(label=split["label"].where(split["part"] == "train", 0))
    np.testing.assert_array_equal(
        nulls.label_svd_expression(split, features, seed=0),
        nulls.label_svd_expression(hidden, features, seed=0),
    )


def test_order_of_rows_and_of_features_changes_no_score():
    split, features = expressed_split("genes")
    scores = nulls.label_svd_expression(split, features, seed=0)
    order = np.random.default_rng(5).permutation(len(split))
    again = nulls.label_svd_expression(split.iloc[order], features[::-1], seed=0)
    np.testing.assert_array_equal(again, scores[order])


def test_the_columns_of_one_end_are_what_they_are_called():
    rng = np.random.default_rng(0)
    columns = list(label_features.label_features(rng.random((6, 15)) < 0.4, np.ones((6, 15))))
    for column in columns[label_features.REGULATOR_COLUMNS]:
        assert np.ptp(column, axis=1).max() == 0 < np.ptp(column, axis=0).max()
    for column in columns[label_features.TARGET_COLUMNS]:
        assert np.ptp(column, axis=0).max() == 0 < np.ptp(column, axis=1).max()


def test_missing_features_are_refused():
    split, features = expressed_split("edges")
    with pytest.raises(InputError, match="'target'.*1 of 90 genes have no features, such as G7"):
        nulls.label_svd_expression(split, features.drop(index="G7"), seed=0)
    with pytest.raises(InputError, match="a feature is not finite"):
        nulls.label_svd_expression(split, features.replace(features.iloc[3, 1], np.nan), seed=0)
    with pytest.raises(InputError, match="a gene has features twice"):
        nulls.label_svd_expression(split, pd.concat([features, features[:1]]), seed=0)
    one_class = split.assign(label=0)
    np.testing.assert_array_equal(
        nulls.label_svd_expression(one_class, features, seed=0),
        nulls.tf_target_rate(one_class, seed=0),
    )
