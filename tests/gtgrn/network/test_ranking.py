from __future__ import annotations

import json
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.calibration import Calibrator
from gtgrn.evaluation.metrics import reliability_curve
from gtgrn.inference.consensus import describe_silence, log_rank, supporting_methods
from gtgrn.network.popularity import first_regulators
from gtgrn.network.ranking import (
    ANY_GENE,
    SUPERVISED,
    UNCALIBRATED,
    UNORDERED,
    UNSUPERVISED,
    consensus_network,
    summarise,
    supervised_network,
    to_graph,
)
from gtgrn.splits.schemes import split_edges
from gtgrn.splits.tables import with_unlabelled
from gtgrn.splits.universe import universe
from gtgrn.tables import read_table, write_table

GENES = [f"G{i:02d}" for i in range(15)]
LABELLED, UNLABELLED = GENES[:4], GENES[4]
REGULATORS = GENES[:5]
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
PAIR = ["regulator", "target"]


def make_reference(seed: int = 0) -> pd.DataFrame:
    pairs = universe(GENES, LABELLED)
    return pairs[np.random.default_rng(seed).random(len(pairs)) < 0.4].reset_index(drop=True)


REFERENCE = make_reference()


def make_run(seed: int) -> pd.DataFrame:
    """Return a scored split of all pairs, scores being log-odds that know a little."""
    split = split_edges(REFERENCE, GENES, fractions=FRACTIONS, seed=seed)
    run = with_unlabelled(split, GENES, REGULATORS)
    noise = np.random.default_rng(seed).normal(-1, 1, len(run))
    return run.assign(score=noise + 2 * run["label"].fillna(0).astype(float))


def make_networks() -> dict[str, pd.DataFrame]:
    pairs = universe(GENES, REGULATORS)
    rng = np.random.default_rng(9)
    return {name: pairs.assign(weight=rng.random(len(pairs))) for name in ("pearson", "genie3")}


RUNS = [make_run(seed) for seed in (0, 1, 2)]
NETWORKS = make_networks()


def rank(runs=RUNS, networks=NETWORKS, reference=REFERENCE, support_fraction=0.1):
    runs = dict(enumerate(runs))
    return supervised_network(runs, networks, reference, support_fraction=support_fraction)


def by_pair(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(PAIR).sort_index()


def flip(run: pd.DataFrame, part: str, fraction: float = 1.0) -> pd.DataFrame:
    """Turn the first labels of a part over."""
    rows = run.index[run["part"] == part]
    rows = rows[: int(len(rows) * fraction)]
    return run.assign(label=run["label"].where(~run.index.isin(rows), 1 - run["label"]))


class Steps:
    """A calibrator with coarse steps, which make ties."""

    def fit(self, scores, labels):
        return self

    def transform(self, scores):
        return np.clip(np.round(np.asarray(scores), 0) / 10 + 0.5, 0, 1)


# With a model


def test_every_pair_is_ranked_once_best_first():
    network, _ = rank()
    assert list(network.columns) == [
        *["rank", "regulator", "target", "probability", "score", "consensus", "known"],
        *["trained_seeds", "untrained_probability", "rank_apart", "specific_rank", "methods"],
    ]
    assert network["rank"].tolist() == list(range(1, 5 * 14 + 1))
    assert list(by_pair(network).index) == list(by_pair(RUNS[0]).index)
    labelled = network[network["regulator"] != UNLABELLED]
    assert labelled["probability"].is_monotonic_decreasing
    assert labelled["probability"].between(0, 1).all()


def test_a_regulator_without_known_edges_has_no_probability_and_comes_last():
    # Scores that would lead the ranking, if anything had calibrated them.
    high = [run.assign(score=run["score"].mask(run["part"] == "unlabelled", 99.0)) for run in RUNS]
    for runs in (RUNS, high):
        network = rank(runs)[0]
        last = network.tail(14)
        assert set(last["regulator"]) == {UNLABELLED}
        assert last[["probability", "score"]].isna().all(axis=None)
        assert last["consensus"].is_monotonic_decreasing
        assert network[:-14]["probability"].notna().all()
    expected = log_rank(network, NETWORKS)
    np.testing.assert_allclose(network["consensus"], expected)


def test_the_score_of_the_seeds_that_did_not_train_on_a_pair():
    network = by_pair(rank()[0])
    parts = np.stack([by_pair(run)["part"] != "train" for run in RUNS])
    calibrated = []
    for run in RUNS:
        run = by_pair(run)
        val = run[run["part"] == "val"]
        calibrator = Calibrator().fit(val["score"], val["label"].astype(int))
        calibrated.append(calibrator.transform(run["score"]))
    masked = np.ma.array(calibrated, mask=~parts).mean(axis=0).filled(np.nan)
    labelled = network.index.get_level_values(0) != UNLABELLED
    np.testing.assert_allclose(
        network["untrained_probability"][labelled], masked[labelled], equal_nan=True
    )
    assert network["untrained_probability"][~labelled].isna().all()
    # Some pairs were in the training part of every seed, and none can say what they are worth.
    always = labelled & (network["trained_seeds"] == len(RUNS))
    assert 0 < network["untrained_probability"][labelled].isna().sum() == always.sum()


def test_known_and_novel_pairs_are_ranked_apart_too():
    network = rank()[0]
    for _, own in network.groupby("known"):
        assert own["rank_apart"].tolist() == list(range(1, len(own) + 1))


@pytest.mark.parametrize(
    ("split", "calibrated"),
    [("edges", True), ("genes", True), ("tfs", False), ("both", False), ("tfs_50", False)],
)
def test_no_probability_where_unseen_regulators_are_judged(split, calibrated):
    runs = dict(enumerate(RUNS))
    network, curves = supervised_network(
        runs, NETWORKS, REFERENCE, support_fraction=0.1, split=split
    )
    assert ("probability" in network) == calibrated
    assert ("untrained_probability" in network) == calibrated
    assert ("untrained_score" in network) != calibrated
    assert (len(curves) > 0) == calibrated
    adata = SimpleNamespace(n_obs=3, n_vars=15)
    trained = {"split": split, "seeds": [0, 1, 2]}
    said = summarise(network, adata, REGULATORS, trained=trained)["statement"]
    assert (SUPERVISED in said, UNCALIBRATED in said) == (calibrated, not calibrated)
    assert f"the split {split}," in said


def test_probability_is_the_mean_over_seeds_of_calibrated_scores():
    network = by_pair(rank()[0])
    calibrated, scores = [], []
    for run in RUNS:
        run = by_pair(run)
        val = run[run["part"] == "val"]
        calibrator = Calibrator().fit(val["score"], val["label"].astype(int))
        calibrated.append(calibrator.transform(run["score"]))
        scores.append(run["score"])
    labelled = network.index.get_level_values("regulator") != UNLABELLED
    for column, values in (("probability", calibrated), ("score", scores)):
        expected = np.mean(values, axis=0)[labelled]
        np.testing.assert_allclose(network.loc[labelled, column], expected, rtol=1e-12)
    # Each seed has a calibration of its own.
    assert np.ptp([c - calibrated[0] for c in calibrated[1:]]) > 0.01


def test_ties_are_broken_by_score_then_names(monkeypatch):
    monkeypatch.setattr("gtgrn.network.ranking.Calibrator", Steps)
    pairs = universe(["A", "B", "C"], ["A", "B", "C"])
    scores = [1.2, 1.4, 1.2, -3, 2, 1.2]
    run = pairs.assign(label=[0, 1, 0, 1, 0, 1], part="test", score=scores)
    network, _ = rank([run], {}, run[:2])
    assert network[["regulator", "target", "probability", "score"]].to_numpy().tolist() == [
        ["C", "A", 0.7, 2.0],
        ["A", "C", 0.6, 1.4],
        ["A", "B", 0.6, 1.2],
        ["B", "A", 0.6, 1.2],
        ["C", "B", 0.6, 1.2],
        ["B", "C", 0.2, -3.0],
    ]


def test_known_edges_come_from_the_reference_and_not_from_labels():
    network = rank()[0]
    known = set(map(tuple, REFERENCE[PAIR].to_numpy()))
    assert network["known"].tolist() == [
        int(pair in known) for pair in map(tuple, network[PAIR].to_numpy())
    ]
    fewer = by_pair(rank(reference=REFERENCE[:3].assign(sign="+"))[0])
    assert fewer["known"].sum() == 3
    of_known = ["known", "rank_apart"]
    pd.testing.assert_frame_equal(
        fewer.drop(columns=of_known), by_pair(network).drop(columns=of_known)
    )


def test_trained_seeds_are_counted():
    network = by_pair(rank()[0])
    counts = sum((by_pair(run)["part"] == "train").astype(int) for run in RUNS)
    assert network["trained_seeds"].tolist() == counts.tolist()
    assert set(counts) == {0, 1, 2, 3}
    assert (network.loc[[UNLABELLED], "trained_seeds"] == 0).all()


def test_methods_belong_to_their_pairs():
    network = rank()[0]
    pairs = network[PAIR]
    assert network["methods"].tolist() == list(supporting_methods(pairs, NETWORKS, 0.1))
    assert {"", "genie3", "pearson"} <= set(network["methods"])
    best = NETWORKS["genie3"].nlargest(1, "weight").iloc[0]
    methods = by_pair(network).loc[(best["regulator"], best["target"]), "methods"]
    assert "genie3" in methods.split(",")


def test_reliability_is_that_of_the_test_parts():
    network, curves = rank()
    assert list(curves.columns) == [
        "lower", "upper", "mean_probability", "observed_frequency", "n", "seed",
    ]  # fmt: skip
    for seed, run in enumerate(RUNS):
        val, test = run[run["part"] == "val"], run[run["part"] == "test"]
        calibrator = Calibrator().fit(val["score"], val["label"].astype(int))
        expected = reliability_curve(
            test["label"].astype(int), calibrator.transform(test["score"])
        )
        curve = curves[curves["seed"] == seed].drop(columns="seed").reset_index(drop=True)
        pd.testing.assert_frame_equal(curve, expected)
        assert curve["n"].sum() == len(test)
    assert len(curves) == 30


def test_labels_of_the_train_part_change_nothing():
    one, other = rank(), rank([flip(run, "train") for run in RUNS])
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])


def test_labels_of_the_test_part_change_no_probability_but_the_reliability():
    one, other = rank(), rank([flip(run, "test") for run in RUNS])
    pd.testing.assert_frame_equal(one[0], other[0])
    assert not one[1]["observed_frequency"].equals(other[1]["observed_frequency"])
    pd.testing.assert_series_equal(one[1]["mean_probability"], other[1]["mean_probability"])


def test_labels_of_the_val_part_change_probabilities():
    one, other = rank()[0], rank([flip(run, "val", 0.5) for run in RUNS])[0]
    difference = by_pair(one)["probability"] - by_pair(other)["probability"]
    assert difference.abs().max() > 0.01


def test_order_of_rows_changes_nothing():
    network, curves = rank()
    runs = [run.sample(frac=1, random_state=i) for i, run in enumerate(RUNS)]
    networks = {
        name: table.sample(frac=1, random_state=5) for name, table in reversed(NETWORKS.items())
    }
    other, other_curves = rank(runs, networks, REFERENCE[::-1])
    pd.testing.assert_frame_equal(network, other)
    pd.testing.assert_frame_equal(curves, other_curves, rtol=1e-12)


def test_runs_that_came_through_files_give_the_same(tmp_path):
    runs = []
    for i, run in enumerate(RUNS):
        write_table(run, tmp_path / f"{i}.tsv.gz")
        runs.append(read_table(tmp_path / f"{i}.tsv.gz", ["part", "label", "score"]))
    assert runs[0].loc[runs[0]["part"] == "unlabelled", "label"].isna().all()
    network, curves = rank(runs)
    expected, expected_curves = rank()
    pd.testing.assert_frame_equal(network, expected, rtol=1e-6)
    pd.testing.assert_frame_equal(curves, expected_curves, rtol=1e-6)


def test_a_single_run_is_its_own_mean():
    network = by_pair(rank(RUNS[:1])[0])
    labelled = network["score"].notna()
    np.testing.assert_array_equal(network["score"][labelled], by_pair(RUNS[0])["score"][labelled])
    assert network["trained_seeds"].isin([0, 1]).all()


def test_runs_must_score_the_same_pairs():
    with pytest.raises(ValueError, match="different pairs"):
        rank([RUNS[0], RUNS[1].iloc[1:]])
    renamed = RUNS[1].replace({"target": {"G07": "G99"}})
    with pytest.raises(ValueError, match="different pairs"):
        rank([RUNS[0], renamed])


# Without a model


def make_consensus() -> pd.DataFrame:
    pairs = universe(GENES, REGULATORS)
    return pairs.assign(weight=log_rank(pairs, NETWORKS))


def test_consensus_network():
    consensus = make_consensus()
    network = consensus_network(
        consensus.sample(frac=1, random_state=0), NETWORKS, support_fraction=0.1
    )
    columns = ["rank", "regulator", "target", "score", "specific_rank", "methods"]
    assert list(network.columns) == columns
    assert network["rank"].tolist() == list(range(1, len(consensus) + 1))
    assert by_pair(network)["score"].tolist() == by_pair(consensus)["weight"].tolist()
    assert network["methods"].tolist() == list(supporting_methods(network, NETWORKS, 0.1))
    expected = consensus.sort_values(
        ["weight", "regulator", "target"], ascending=[False, True, True]
    )
    assert network[PAIR].to_numpy().tolist() == expected[PAIR].to_numpy().tolist()


def test_ties_of_a_consensus_are_broken_by_names():
    pairs = universe(["A", "B", "C"], ["A", "B", "C"])
    network = consensus_network(pairs[::-1].assign(weight=0.5), {}, support_fraction=0.5)
    pd.testing.assert_frame_equal(network[PAIR], pairs)
    assert (network["methods"] == "").all()


# Graph and summary


def test_graph_of_the_highest_ranked_edges():
    network = rank()[0]
    graph = to_graph(network, REGULATORS, 6)
    top = network.head(6)
    assert isinstance(graph, nx.DiGraph)
    assert set(graph.edges) == set(map(tuple, top[PAIR].to_numpy()))
    assert set(graph.nodes) == {*top["regulator"], *top["target"]}
    for gene, data in graph.nodes(data=True):
        assert data == {"is_regulator": gene in REGULATORS}
    for row in top.to_dict("records"):
        edge = graph.edges[row.pop("regulator"), row.pop("target")]
        # An edge that every seed trained on has no score of the others, and GraphML no gaps.
        filled = {key: value for key, value in row.items() if not pd.isna(value)}
        assert edge == filled
        assert row.keys() - filled.keys() <= {"untrained_probability"}
    assert to_graph(network, REGULATORS, 10**6).number_of_edges() == len(network)
    assert list(to_graph(network, REGULATORS, 0).nodes) == []


@pytest.mark.parametrize("supervised", [True, False])
def test_graph_survives_graphml(tmp_path, supervised):
    names = {"G00": "NA", "G01": "a&<b>", "G07": "007", "G08": 'q"x', "G09": "β cell"}
    network = (
        rank()[0]
        if supervised
        else consensus_network(make_consensus(), NETWORKS, support_fraction=0.1)
    )
    network = network.replace({"regulator": names, "target": names})
    network = network.astype({"rank": np.int64, "score": np.float64})
    regulators = np.array([names.get(name, name) for name in REGULATORS])
    graph = to_graph(network, regulators, 40)
    assert len(names) <= len(set(graph) - set(GENES)) or not supervised
    nx.write_graphml(graph, tmp_path / "x.graphml")
    again = nx.read_graphml(tmp_path / "x.graphml")
    assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
    assert again.is_directed()
    assert set(again.edges) == set(graph.edges)
    for source, target, data in graph.edges(data=True):
        found = again.edges[source, target]
        assert found == data
        assert isinstance(found["rank"], int)
        assert isinstance(found["score"], float)
        assert isinstance(found["methods"], str)
    assert all(isinstance(data["is_regulator"], bool) for _, data in again.nodes(data=True))


def test_summary_of_a_ranked_network_is_fit_for_json():
    adata = SimpleNamespace(n_obs=np.int64(300), n_vars=np.int64(15))
    network = rank()[0]
    trained = {"split": "edges", "seeds": [0, 1, 2]}
    summary = summarise(network, adata, pd.Index(REGULATORS), trained=trained)
    assert json.loads(json.dumps(summary)) == {
        "cells": 300,
        "genes": 15,
        "regulators": 5,
        "pairs": 70,
        "known": len(REFERENCE),
        "density": len(REFERENCE) / 70,
        "tied": int(network.duplicated(["probability", "score", "consensus"], keep=False).sum()),
        "supervised": True,
        "split": "edges",
        "seeds": [0, 1, 2],
        "first_regulator": first_regulators(network),
        "statement": f"GT-GRN was trained on the split edges, 3 seeds. {SUPERVISED}",
    }


def test_summary_of_a_consensus():
    adata = SimpleNamespace(n_obs=300, n_vars=15)
    network = consensus_network(make_consensus(), NETWORKS, support_fraction=0.1)
    summary = json.loads(json.dumps(summarise(network, adata, REGULATORS)))
    assert summary["known"] == 0
    assert summary["density"] == 0
    assert summary["statement"] == UNSUPERVISED
    assert "not a probability" in summary["statement"]


def test_summary_of_a_consensus_without_a_list_of_regulators():
    network = consensus_network(make_consensus(), NETWORKS, support_fraction=0.1)
    adata = SimpleNamespace(n_obs=300, n_vars=len(REGULATORS))
    assert summarise(network, adata, REGULATORS)["statement"] == f"{UNSUPERVISED} {ANY_GENE}"
    for keys in ({"context": {}}, {"trained": {"split": "edges", "seeds": [0]}}):
        assert (
            ANY_GENE
            not in summarise(network.assign(known=0), adata, REGULATORS, **keys)["statement"]
        )


def test_summary_says_who_tells_nothing_and_that_names_order_ties():
    adata = SimpleNamespace(n_obs=300, n_vars=15)
    pairs = universe(GENES, REGULATORS[:1])
    alone = {"genie3": pairs.assign(weight=1.0)}
    consensus = pairs.assign(weight=log_rank(pairs, alone))
    network = consensus_network(consensus, alone, support_fraction=0.5)
    assert (network["methods"] == "").all()
    said = describe_silence(network, alone, "blood")
    summary = summarise(network, adata, REGULATORS[:1], said=said)
    assert summary["tied"] == len(pairs)
    assert summary["statement"] == " ".join([UNSUPERVISED, *said, UNORDERED])
    assert "On blood, genie3 gives all 14 pairs one weight" in summary["statement"]
