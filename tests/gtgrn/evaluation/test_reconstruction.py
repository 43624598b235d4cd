import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.metrics import auprc_ratio, early_precision_ratio
from gtgrn.evaluation.reconstruction import (
    align_predictions,
    compare_networks,
    describe_errors,
    draw_universe,
    judge,
    reconstruct,
    training_pairs,
)
from sklearn.metrics import average_precision_score, roc_auc_score

GENES = [f"G{i}" for i in range(12)]
REFERENCE = pd.DataFrame(
    {"regulator": ["G0", "G0", "G1", "G2"], "target": ["G1", "G5", "G0", "G7"]}
)


def value(table, metric, **names):
    rows = table[table["metric"] == metric]
    for column, name in names.items():
        rows = rows[rows[column] == name]
    assert len(rows) == 1
    return rows["value"].item()


@pytest.mark.parametrize(("kind", "size"), [("tf", 3 * 11), ("all", 12 * 11)])
def test_universes_are_those_of_beeline(kind, size):
    pairs = draw_universe(REFERENCE, GENES, kind)
    assert len(pairs) == size
    assert pairs["label"].sum() == len(REFERENCE)
    weights = np.random.default_rng(0).random(size)
    table = judge(pairs, {("a", "network"): weights})
    assert value(table, "EPR") == early_precision_ratio(pairs["label"], weights)
    assert value(table, "AUPRC_ratio") == auprc_ratio(pairs["label"], weights)
    assert set(table["n"]) == {size}


def test_an_unknown_universe_is_refused():
    with pytest.raises(ValueError, match="'tfs'"):
        draw_universe(REFERENCE, GENES, "tfs")


def test_trained_pairs_are_marked_and_left_out():
    pairs = draw_universe(REFERENCE, GENES)
    rng = np.random.default_rng(1)
    part = np.where(np.arange(len(pairs)) % 2 == 0, "train", "test")
    split = pairs.assign(part=part).sample(frac=1, random_state=0)
    trained = training_pairs(pairs, split)
    np.testing.assert_array_equal(trained, part == "train")
    # A model that knows its training pairs by heart and nothing else.
    memory = np.where(trained, pairs["label"], 0.0)
    noise = rng.random(len(pairs))
    table = reconstruct(pairs, {("noise", "network"): noise}, {("m", "full"): memory}, trained)
    assert value(table, "AUROC", method="m", pairs="untrained") == 0.5
    assert value(table, "AUROC", method="m", pairs="all") > 0.5
    labels = pairs["label"].to_numpy()
    for kept, name in ((np.ones(len(pairs), bool), "all"), (~trained, "untrained")):
        assert value(table, "AUROC", method="noise", pairs=name) == pytest.approx(
            roc_auc_score(labels[kept], noise[kept])
        )
        assert value(table, "AUPRC", method="noise", pairs=name) == pytest.approx(
            average_precision_score(labels[kept], noise[kept])
        )
    marks = table.groupby(["method", "pairs"])["trained_pairs"].agg(["min", "max"])
    assert (marks["min"] == marks["max"]).all()
    assert marks.loc[("m", "all"), "min"] == trained.sum()
    assert marks["min"].drop(("m", "all")).eq(0).all()
    assert set(table["n"]) == {len(pairs), int((~trained).sum())}


def test_what_a_model_cannot_score_has_its_least_score():
    pairs = draw_universe(REFERENCE, GENES, "all")
    scores = pairs.sample(20, random_state=0).assign(score=np.linspace(0.1, 0.9, 20))
    aligned = align_predictions(pairs, scores)
    joined = pairs.merge(scores, how="left", on=["regulator", "target"])["score"].fillna(0.1)
    np.testing.assert_array_equal(aligned, joined)


def test_log_odds_become_probabilities():
    pairs = draw_universe(REFERENCE, GENES)
    odds = np.random.default_rng(0).normal(0, 3, len(pairs))
    aligned = align_predictions(pairs, pairs.assign(score=odds))
    np.testing.assert_allclose(np.log(aligned / (1 - aligned)), odds, atol=1e-9)


def test_agreement_in_long_form():
    weights = {"a": np.arange(10.0), "b": np.arange(10.0)[::-1].copy(), "c": np.arange(10.0) ** 2}
    table = compare_networks(weights, 3, between="methods").set_index(["first", "second"])
    assert list(table.index) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert table["spearman"].tolist() == pytest.approx([-1, 1, -1])
    assert table["jaccard"].tolist() == [0, 1, 0]


def test_errors_are_described_at_the_reference_size():
    reference = pd.DataFrame({"regulator": ["A", "B", "A", "C"], "target": ["B", "C", "D", "D"]})
    perfect = reference.assign(weight=1.0)
    # A -> C is two steps away in the reference; the fifth edge is beyond the cut.
    indirect = pd.DataFrame(
        {
            "regulator": ["A", "B", "A", "A", "D"],
            "target": ["B", "C", "D", "C", "A"],
            "weight": [5.0, 4, 3, 2, 1],
        }
    )
    motifs, paths = describe_errors({"p": perfect, "i": indirect}, reference)
    assert list(motifs.columns) == ["network", "motif", "predicted", "reference", "ratio"]
    feed_forward = motifs[motifs["motif"] == "feed_forward"].set_index("network")["predicted"]
    assert feed_forward.to_dict() == {"p": 0, "i": 1}
    paths = paths.set_index(["network", "path_length"])["edges"]
    assert paths["i", "2"] == 1
    assert paths["p"].sum() == 0
