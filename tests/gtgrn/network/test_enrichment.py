from __future__ import annotations

from math import comb, exp, log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.config.locations import find_prior
from gtgrn.data.reference import read_reference, read_sources
from gtgrn.names import PAIR
from gtgrn.network.enrichment import adjust, choose_best, hypergeometric, judge_overlap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

SHARED = Path(__file__).parents[4] / "shared" / "data"


def counts(pairs, known, chosen, hits):
    return hypergeometric(
        pd.DataFrame({"pairs": [pairs], "known": [known], "chosen": [chosen], "hits": [hits]})
    ).iloc[0]


def make_split(seed=0, regulators=4, targets=30):
    """Return a split of all pairs, a fifth of them edges, with a score that knows some."""
    rng = np.random.default_rng(seed)
    split = pd.DataFrame(
        [(f"R{i}", f"T{j:02d}") for i in range(regulators) for j in range(targets)], columns=PAIR
    )
    split["label"] = (rng.random(len(split)) < 0.2).astype(int)
    split["part"] = rng.choice(["train", "val", "test"], len(split), p=[0.5, 0.2, 0.3])
    return split, split["label"] + rng.normal(size=len(split))


def test_ten_pairs_by_hand():
    row = counts(10, 4, 3, 2)
    by_hand = (comb(4, 2) * comb(6, 1) + comb(4, 3)) / comb(10, 3)
    assert by_hand == pytest.approx(1 / 3)
    assert row["p"] == pytest.approx(by_hand)
    assert row["expected"] == pytest.approx(1.2)
    # Two hits, one other chosen pair, two known edges missed, five pairs that are neither.
    assert row["odds_ratio"] == pytest.approx(2 * 5 / (1 * 2))
    error = 1.959964 * sqrt(1 / 2 + 1 / 1 + 1 / 2 + 1 / 5)
    assert row["low"] == pytest.approx(exp(log(5) - error), rel=1e-5)
    assert row["high"] == pytest.approx(exp(log(5) + error), rel=1e-5)


def test_an_empty_cell_gets_one_half_everywhere():
    row = counts(10, 3, 2, 2)
    assert row["odds_ratio"] == pytest.approx(2.5 * 7.5 / (0.5 * 1.5))
    assert np.isfinite([row["low"], row["high"]]).all()


def test_no_hit_is_no_evidence():
    assert counts(20, 5, 5, 0)["p"] == 1
    assert counts(20, 5, 20, 5)["p"] == 1


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_p_is_fishers_one_sided(data):
    pairs = data.draw(st.integers(5, 60))
    known, chosen = (data.draw(st.integers(1, pairs - 1)) for _ in range(2))
    hits = data.draw(st.integers(max(0, known + chosen - pairs), min(known, chosen)))
    table = [[hits, chosen - hits], [known - hits, pairs - known - chosen + hits]]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert counts(pairs, known, chosen, hits)["p"] == pytest.approx(expected, rel=1e-9)


def test_benjamini_and_hochberg_by_hand_inside_each_group():
    table = pd.DataFrame({"group": list("aaaab"), "p": [0.01, 0.04, 0.03, 0.2, 0.5]})
    assert adjust(table, ["group"])["q"].tolist() == pytest.approx(
        [0.04, 0.16 / 3, 0.16 / 3, 0.2, 0.5]
    )
    assert adjust(table.iloc[:0], ["group"]).empty


def test_as_many_pairs_are_chosen_as_there_are_edges():
    split, scores = make_split()
    chosen = choose_best(split, scores, seed=0)
    assert chosen.sum() == split["label"].sum()
    assert scores[chosen].min() > scores[~chosen].max()
    within = choose_best(split, scores, seed=0, within="regulator")
    assert within.sum() == split["label"].sum()
    per = pd.Series(within).groupby(split["regulator"]).sum()
    assert per.equals(split.groupby("regulator")["label"].sum().rename(None))


def test_ties_are_broken_by_the_seed_not_by_name():
    split, _ = make_split(targets=200)
    constant = np.zeros(len(split))
    chosen = choose_best(split, constant, seed=0)
    assert (chosen == choose_best(split, constant, seed=0)).all()
    assert (chosen != choose_best(split, constant, seed=1)).any()
    share = chosen[: len(split) // 2].mean() / chosen.mean()
    assert share == pytest.approx(1, abs=0.25)


def test_a_perfect_model_finds_every_held_out_edge_and_training_pairs_play_no_part():
    split, _ = make_split()
    model = split["label"].to_numpy(float)
    held_out = split[split["part"] != "train"]
    overall, regulators = judge_overlap(split, model, {}, {}, seed=0)
    first = overall[overall["pool"] == "held_out"].iloc[0]
    assert first["pairs"] == len(held_out)
    assert first["hits"] == first["known"] == first["chosen"] == held_out["label"].sum()
    assert first["p"] == pytest.approx(1 / comb(first["pairs"], first["known"]))
    rows = regulators[regulators["pool"] == "held_out"].set_index("regulator")
    assert rows["pairs"].to_dict() == held_out.groupby("regulator").size().to_dict()
    assert (rows["hits"] == rows["known"]).all()
    assert set(overall["pool"]) == {"held_out", "test"}
    noise = np.where(split["part"] == "train", 99.0, model)
    pd.testing.assert_frame_equal(judge_overlap(split, noise, {}, {}, seed=0)[0], overall)


def test_the_best_null_stands_beside_the_model():
    split, scores = make_split()
    nulls = {"blind": np.zeros(len(split)), "sees": scores, "worse": -scores}
    overall, regulators = judge_overlap(split, scores, nulls, {}, seed=0)
    assert set(overall["method"]) == set(regulators["method"]) == {"model", "sees"}
    model, null = (overall[overall["method"] == m] for m in ("model", "sees"))
    assert model["hits"].tolist() == null["hits"].tolist()


def test_the_order_of_rows_changes_nothing():
    split, scores = make_split(seed=3)
    rounded = scores.round(0).to_numpy()
    evidence = {"some": split.loc[split["label"] == 1, PAIR].head(12)}
    expected = judge_overlap(split, rounded, {"null": -rounded}, evidence, seed=1)
    order = np.random.default_rng(0).permutation(len(split))
    found = judge_overlap(
        split.iloc[order], rounded[order], {"null": -rounded[order]}, evidence, seed=1
    )
    for a, b in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(a, b)


def test_each_evidence_counts_its_own_held_out_edges():
    split, scores = make_split()
    edges = split[split["label"] == 1]
    trained = edges[edges["part"] == "train"]
    evidence = {"half": edges[PAIR].iloc[::2], "trained": trained[PAIR]}
    overall = judge_overlap(split, scores, {}, evidence, seed=0)[0]
    rows = overall[overall["pool"] == "held_out"].set_index("evidence")
    # What was trained on is not among the judged pairs, so nothing of it can be tested.
    assert set(rows.index) == {"reference", "half"}
    assert rows.loc["half", "known"] == (edges.iloc[::2]["part"] != "train").sum()
    assert rows["chosen"].nunique() == 1


SECTION = {"regulator": "regulator", "target": "target"}


def test_an_edge_counts_for_every_database_that_lists_it(tmp_path):
    path = tmp_path / "reference.tsv"
    path.write_text(
        "regulator\ttarget\tsources\nA\tB\tCollecTRI;TRRUST_CollecTRI\nA\tC\tDoRothEA\n"
        "A\tX\tDoRothEA\nB\tC\t\n"
    )
    table = read_sources({"path": str(path), **SECTION}, ["A", "B", "C"])
    assert list(table.itertuples(index=False, name=None)) == [
        ("A", "B", "CollecTRI"), ("A", "B", "TRRUST"), ("A", "C", "DoRothEA"),
    ]  # fmt: skip
    cased = read_sources({"path": str(path), **SECTION, "ignore_case": True}, ["a", "b"])
    assert set(cased["regulator"]) == {"a"}


def test_a_reference_without_sources_has_none(tmp_path):
    path = tmp_path / "reference.tsv"
    path.write_text("regulator\ttarget\nA\tB\n")
    table = read_sources({"path": str(path), **SECTION}, ["A", "B"])
    assert table.empty
    assert list(table) == ["regulator", "target", "source"]


def test_a_prior_is_found_where_its_file_is(tmp_path):
    assert find_prior("trrust", "human", None) is None
    assert find_prior("trrust", "yeast", str(tmp_path)) is None
    assert find_prior("trrust", "human", str(tmp_path)) is None
    path = tmp_path / "tf_target" / "trrust_rawdata.human.tsv"
    path.parent.mkdir()
    path.write_text("SPI1\tCD14\tActivation\t1\n")
    section = find_prior("trrust", "human", str(tmp_path))
    assert section["path"] == str(path)
    assert read_reference(section, ["SPI1", "CD14"]).to_numpy().tolist() == [["SPI1", "CD14", "+"]]
    downloads = tmp_path / "downloads"
    url = "https://example.org/mirror"
    assert find_prior("trrust", "human", url, str(downloads)) is None
    copied = downloads / "mirror" / "tf_target" / path.name
    copied.parent.mkdir(parents=True)
    copied.write_text(path.read_text())
    assert find_prior("trrust", "human", url, str(downloads))["path"] == str(copied)


@pytest.mark.skipif(not (SHARED / "tf_target").exists(), reason="no real tables of targets here")
@pytest.mark.parametrize("name", ["trrust", "collectri"])
def test_real_priors_hold_edges_of_the_shipped_reference(name):
    reference = pd.read_csv(
        Path(__file__).parents[3] / "resources/pbmc68k_reduced/reference.tsv", sep="\t"
    )
    genes = {*reference["regulator"], *reference["target"]}
    edges = read_reference(find_prior(name, "human", str(SHARED)), genes)
    assert len(edges.merge(reference[PAIR])) > 20
