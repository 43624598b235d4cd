from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS
from gtgrn.errors import InputError
from gtgrn.evaluation.negatives import compare_positives, score_negatives
from gtgrn.models.nulls.predictors import tf_target_rate
from gtgrn.splits import negatives
from gtgrn.splits.negatives import (
    MATCHED,
    SCHEMES,
    draw_all,
    draw_negatives,
    read_negatives,
    write_negatives,
)
from gtgrn.splits.universe import target_rate
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score


def make_split(seed=0, n_regulators=5, n_targets=14, density=0.4):
    """Make a split whose positives follow popularity, 45 % of it test."""
    rng = np.random.default_rng(seed)
    pairs = list(
        itertools.product(
            [f"TF{i}" for i in range(n_regulators)], [f"G{i:02d}" for i in range(n_targets)]
        )
    )
    popularity = np.tile(rng.beta(0.8, 0.8 / density - 0.8, n_targets), n_regulators)
    return pd.DataFrame(pairs, columns=["regulator", "target"]).assign(
        label=(rng.random(len(pairs)) < popularity).astype(int),
        part=rng.choice(["train", "val", "test"], len(pairs), p=[0.45, 0.1, 0.45]),
    )


def tuples(table, target="target"):
    return list(zip(table["regulator"], table[target], strict=True))


def rates(split):
    return dict(zip(tuples(split), target_rate(split, seed=0), strict=True))


def part_of(split, label, part="test"):
    return split[(split["part"] == part) & (split["label"] == label)]


@settings(max_examples=25, deadline=None)
@given(
    scheme=st.sampled_from(SCHEMES),
    data=st.integers(0, 50),
    seed=st.integers(0, 9),
    part=st.sampled_from(["val", "test"]),
    balanced=st.booleans(),
)
def test_negatives_are_non_edges_of_the_part_and_never_known(scheme, data, seed, part, balanced):
    split = make_split(data, n_targets=30)
    options = {"scheme": scheme, "seed": seed, "draws": 3, "part": part, "balanced": balanced}
    try:
        table = draw_negatives(split, tolerance=0.3, **options)
    except InputError:  # A small part may offer nothing to draw.
        reject()
    assert set(tuples(table)) <= set(tuples(part_of(split, 0, part)))
    assert not set(tuples(table)) & set(tuples(split[split["label"] == 1]))
    if scheme in MATCHED:
        assert set(tuples(table, "positive_target")) <= set(tuples(part_of(split, 1, part)))
    else:
        assert set(table["positive_target"]) == {""}
    assert set(table["scheme"]) == {scheme}
    assert set(table["draw"]) == ({0} if scheme == "N0" else {0, 1, 2})
    # The order of rows decides nothing, nor does the reference when it is the split's own.
    known = split[split["label"] == 1].sample(frac=1, random_state=seed)
    shuffled = split.sample(frac=1, random_state=seed)
    again = draw_negatives(shuffled, pd.concat([known, known[:4]]), tolerance=0.3, **options)
    pd.testing.assert_frame_equal(table, again)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_seed_gives_other_negatives_where_something_is_drawn(scheme):
    split = make_split(1, n_targets=40)
    one, other = (
        draw_negatives(split, scheme=scheme, seed=seed, tolerance=0.5) for seed in (0, 1)
    )
    assert one.equals(other) == (scheme == "N0")


def test_n0_is_every_non_edge_of_the_part():
    split = make_split()
    table = draw_negatives(split, scheme="N0", seed=0)
    assert tuples(table) == sorted(tuples(part_of(split, 0)))


@pytest.mark.parametrize("density", [0.2, 0.75])
def test_n1_has_as_many_negatives_as_positives_without_needless_repeats(density):
    split = make_split(3, density=density)
    n, free = len(part_of(split, 1)), len(part_of(split, 0))
    assert (n > free) == (density > 0.5)
    table = draw_negatives(split, scheme="N1", seed=0, draws=400)
    for _, own in table.groupby("draw"):
        assert len(own) == n
        times = Counter(tuples(own))
        assert set(times.values()) <= {n // free, n // free + 1}
    frequency = np.array([*Counter(tuples(table)).values()]) / len(table)
    assert len(frequency) == free
    # Of 400 draws a pair is in a share n / free of them (n > free: in all, and in some twice).
    share = n % free / free
    error = (share * (1 - share) / 400) ** 0.5 / (n / free)
    assert np.abs(frequency * free - 1).max() < ERRORS * error


def frequencies(table, column="target"):
    counts = Counter(tuples(table, column))
    return {pair: count / len(table) for pair, count in counts.items()}


def test_n2_follows_the_degrees_of_both_ends():
    split = make_split(4)
    known = split[split["label"] == 1]
    out_degree, in_degree = Counter(known["regulator"]), Counter(known["target"])
    weight = {(a, b): out_degree[a] * in_degree[b] for a, b in tuples(part_of(split, 0))}
    table = draw_negatives(split, scheme="N2", seed=0, draws=2000)
    assert table.groupby("draw").size().unique().tolist() == [len(part_of(split, 1))]
    found = frequencies(table)
    for pair, value in weight.items():
        share = value / sum(weight.values())
        error = (share * (1 - share) / len(table)) ** 0.5
        assert found.get(pair, 0) == pytest.approx(share, abs=ERRORS * error)


def test_n3_keeps_the_regulator_and_follows_the_targets_in_degree():
    split = make_split(5)
    in_degree = Counter(split[split["label"] == 1]["target"])
    table = draw_negatives(split, scheme="N3", seed=0, draws=3000)
    assert set(table.groupby(["draw", "regulator", "positive_target"]).size()) == {1}
    matched = set()
    for regulator, gene in tuples(part_of(split, 1)):
        free = part_of(split, 0)
        weight = {b: in_degree[b] for a, b in tuples(free) if a == regulator}
        own = table[(table["regulator"] == regulator) & (table["positive_target"] == gene)]
        if sum(weight.values()) == 0:
            assert own.empty
            continue
        matched.add((regulator, gene))
        assert sorted(own["draw"]) == list(range(3000))
        found = own["target"].value_counts(normalize=True)
        for target, value in weight.items():
            share = value / sum(weight.values())
            error = (share * (1 - share) / 3000) ** 0.5
            assert found.get(target, 0) == pytest.approx(share, abs=ERRORS * error)
    assert set(tuples(table, "positive_target")) == matched


def test_n3_reads_degrees_of_the_whole_reference():
    rows = [("A", "x", 1), ("A", "y", 0), ("A", "z", 0), ("B", "x", 1), ("B", "w", 0)]
    split = pd.DataFrame(rows, columns=["regulator", "target", "label"]).assign(part="test")
    # Nothing regulates y, z and w inside the split: no negative can be drawn.
    with pytest.raises(InputError, match="no positive of the test part has a negative by N3"):
        draw_negatives(split, scheme="N3", seed=0)
    # An edge that the split leaves out makes z, and z alone, a candidate of A.
    extra = [("A", "x"), ("B", "x"), ("C", "z"), ("z", "z"), ("y", "y")]
    reference = pd.DataFrame(extra, columns=["regulator", "target"])
    table = draw_negatives(split, reference, scheme="N3", seed=0, draws=20)
    assert set(tuples(table)) == {("A", "z")}


@settings(max_examples=20, deadline=None)
@given(
    data=st.integers(0, 200),
    tolerance=st.sampled_from([0.0, 0.02, 0.1, 1.0]),
    balanced=st.booleans(),
)
def test_n3m_matches_brute_force(data, tolerance, balanced):
    split = make_split(data, n_targets=25)
    rate = rates(split)
    free = tuples(part_of(split, 0))
    expected = {}
    for pair in tuples(part_of(split, 1)):
        gap = {b: rate[a, b] - rate[pair] for a, b in free if a == pair[0]}
        near = {b: d for b, d in gap.items() if abs(d) <= tolerance + 1e-9}
        if not near:
            continue
        if not balanced or 0 in near.values():
            least = min(abs(d) for d in near.values())
            expected[pair] = [{b for b, d in near.items() if abs(d) <= least + 1e-12}]
        elif min(near.values()) < 0 < max(near.values()):
            below = max(d for d in near.values() if d < 0)
            above = min(d for d in near.values() if d > 0)
            expected[pair] = [{b for b, d in near.items() if d == side} for side in (below, above)]
    options = {"scheme": "N3m", "seed": 0, "tolerance": tolerance, "balanced": balanced}
    if not expected:
        with pytest.raises(InputError, match="by N3m"):
            draw_negatives(split, **options)
        return
    table = draw_negatives(split, draws=2, **options)
    assert set(tuples(table, "positive_target")) == set(expected)
    for (_, regulator, gene), own in table.groupby(["draw", "regulator", "positive_target"]):
        sides = expected[regulator, gene]
        assert len(own) == len(sides)
        assert all(any(target in side for target in own["target"]) for side in sides)


def test_n3m_takes_each_target_of_the_same_rate_as_often():
    split = make_split(7, n_regulators=3, n_targets=60)
    held = split["target"] > "G20"
    split["part"] = np.where(held, "test", "train")
    table = draw_negatives(split, scheme="N3m", seed=0, draws=500)
    # Held-out targets all have the prior mean: every positive is matched, to any non-target.
    assert set(tuples(table, "positive_target")) == set(tuples(part_of(split, 1)))
    for regulator, own in table.groupby("regulator"):
        free = part_of(split, 0)
        free = free.loc[free["regulator"] == regulator, "target"]
        share = own["target"].value_counts(normalize=True)
        assert set(share.index) == set(free)
        # Each of the regulator's positives draws 500 times among the free targets.
        error = ((len(free) - 1) / len(own)) ** 0.5
        assert np.abs(share * len(free) - 1).max() < ERRORS * error


def test_n3m_takes_either_of_two_that_are_as_near():
    # B to F give z rate 1/5, y 2/5, w 3/5 of their train pairs: y is as near to either.
    counts = {"z": 1, "y": 2, "w": 3}
    rows = [
        (tf, gene, int(i < n), "train")
        for gene, n in counts.items()
        for i, tf in enumerate("BCDEF")
    ]
    rows += [("A", "y", 1, "test"), ("A", "z", 0, "test"), ("A", "w", 0, "test")]
    split = pd.DataFrame(rows, columns=["regulator", "target", "label", "part"])
    options = {"scheme": "N3m", "tolerance": 0.25, "seed": 0, "draws": 200}
    nearest = draw_negatives(split, balanced=False, **options)["target"].value_counts()
    assert nearest.sum() == 200
    # A fair coin, 200 times: 100 with an error of 7.
    assert nearest.to_dict()["z"] == pytest.approx(100, abs=ERRORS * 50**0.5)
    both = draw_negatives(split, balanced=True, **options)["target"].value_counts()
    assert both.to_dict() == {"z": 200, "w": 200}
    with pytest.raises(InputError, match="by N3m"):
        draw_negatives(split, **options | {"tolerance": 0.1})


@pytest.mark.parametrize("data", range(5))
def test_balanced_matching_puts_the_rate_at_one_half_exactly(data):
    split = make_split(data, n_regulators=12, n_targets=80)
    table = draw_negatives(split, scheme="N3m", seed=0, tolerance=0.1)
    for null in (target_rate, tf_target_rate):
        wins = compare_positives(split, null(split, seed=0), table)["wins"]
        assert (wins == 0.5).all()
    assert len(wins) > 50


def test_the_nearest_alone_favours_the_rate():
    # Targets of a high rate are rare: the reason for balanced matching.
    win = [
        score_negatives(split, target_rate(split, seed=0), table)["value"][0]
        for split in (make_split(i, n_regulators=12, n_targets=80) for i in range(8))
        for table in [draw_negatives(split, scheme="N3m", seed=0, tolerance=0.1, balanced=False)]
    ]
    assert np.mean(win) > 0.51


# Scores


def score_of(split, seed=0):
    return np.random.default_rng(seed).integers(0, 12, len(split)) + 3.0 * split["label"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_scores_match_scikit_learn_and_loops(scheme):
    split = make_split(8, n_targets=40)
    scores = score_of(split).to_numpy(float)
    table = draw_negatives(split, scheme=scheme, seed=0, draws=4, tolerance=0.1)
    known = dict(zip(tuples(split), scores, strict=True))
    result = score_negatives(split, scores, table).set_index("metric")
    negative = [known[pair] for pair in tuples(table)]
    if scheme in MATCHED:
        positive = [known[pair] for pair in tuples(table, "positive_target")]
        judged = set(tuples(table, "positive_target"))
        rows = zip(tuples(table, "positive_target"), positive, negative, strict=True)
        wins: dict = {}
        for pair, a, b in rows:
            wins.setdefault(pair, []).append((a > b) + 0.5 * (a == b))
        expected = {pair: np.mean(values) for pair, values in wins.items()}
        compared = compare_positives(split, scores, table)
        assert dict(zip(tuples(compared), compared["wins"], strict=True)) == pytest.approx(
            expected
        )
        assert result.loc["win_rate", "value"] == pytest.approx(np.mean([*expected.values()]))
        unmatched = len(part_of(split, 1)) - len(judged)
        assert result.loc["unmatched_positives", "value"] == unmatched
    else:
        judged = set(tuples(part_of(split, 1)))
        positive = [known[pair] for pair in judged] * table["draw"].nunique()
        assert "win_rate" not in result.index
    assert (result["n"] == len(table)).all()
    assert (result["n_positive"] == len(judged)).all()
    if scheme == "N3m":
        assert list(result.index) == ["win_rate", "unmatched_positives"]
        return
    labels = [1] * len(positive) + [0] * len(negative)
    assert result.loc["AUROC", "value"] == pytest.approx(
        roc_auc_score(labels, positive + negative)
    )
    assert result.loc["AUPRC", "value"] == pytest.approx(
        average_precision_score(labels, positive + negative)
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_scores_do_not_depend_on_the_order_of_rows(scheme):
    split = make_split(9, n_targets=30)
    table = draw_negatives(split, scheme=scheme, seed=0, tolerance=0.2)
    scores = score_of(split).to_numpy(float)
    order = np.random.default_rng(1).permutation(len(split))
    one = score_negatives(split, scores, table)
    other = score_negatives(split.iloc[order], scores[order], table)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_constant_score_is_chance_and_a_perfect_one_perfect(scheme):
    split = make_split(9, n_targets=30)
    table = draw_negatives(split, scheme=scheme, seed=0, tolerance=0.2)
    chance = score_negatives(split, np.ones(len(split)), table).set_index("metric")["value"]
    perfect = score_negatives(split, split["label"].to_numpy(), table).set_index("metric")["value"]
    for metric in {"AUROC", "win_rate"} & set(chance.index):
        assert (chance[metric], perfect[metric]) == (0.5, 1)
    if scheme in ("N1", "N2", "N3"):
        assert (chance["AUPRC"], perfect["AUPRC"]) == (0.5, 1)


# Files and refusals


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_gives_the_same_table(tmp_path, scheme):
    table = draw_negatives(make_split(9, n_targets=30), scheme=scheme, seed=0, tolerance=0.2)
    path = tmp_path / "negatives.tsv.gz"
    write_negatives(table, path)
    pd.testing.assert_frame_equal(read_negatives(path)[scheme], table, check_dtype=False)


def test_names_that_look_like_numbers_survive_a_file(tmp_path):
    split = make_split(9, n_targets=30)
    split["target"] = split["target"].str.removeprefix("G").astype(int).add(100).astype(str)
    table = draw_negatives(split, scheme="N3", seed=0)
    write_negatives(table, tmp_path / "negatives.tsv")
    again = read_negatives(tmp_path / "negatives.tsv")["N3"]
    scores = score_of(split).to_numpy(float)
    pd.testing.assert_frame_equal(
        score_negatives(split, scores, again), score_negatives(split, scores, table)
    )


def test_a_file_holds_several_schemes_and_none_unknown(tmp_path):
    split = make_split()
    reference = split[split["label"] == 1]
    mixed = draw_all(split, reference, ["N0", "N1", "N2"], seed=0)
    write_negatives(mixed, tmp_path / "mixed.tsv")
    tables = read_negatives(tmp_path / "mixed.tsv")
    assert list(tables) == ["N1", "N2"]
    for name, table in tables.items():
        one = draw_negatives(split, reference, scheme=name, seed=0)
        pd.testing.assert_frame_equal(table, one, check_dtype=False)
    write_negatives(mixed.assign(scheme="N9"), tmp_path / "unknown.tsv")
    with pytest.raises(InputError, match="negatives of N9"):
        read_negatives(tmp_path / "unknown.tsv")


def test_a_scheme_with_nothing_to_give_is_left_out_and_logged(tmp_path, caplog):
    split = make_split(3, n_targets=6)
    reference = split[split["label"] == 1]
    drawn = draw_all(split, reference, ["N1", "N3m"], seed=0, tolerance=-1.0)
    assert set(drawn["scheme"]) == {"N1"}
    assert "N3m is left out" in caplog.text
    write_negatives(draw_all(split, reference, ["N0"], seed=0), tmp_path / "none.tsv")
    assert read_negatives(tmp_path / "none.tsv") == {}


def test_what_cannot_be_drawn_is_refused():
    split = make_split()
    with pytest.raises(ValueError, match="scheme is 'N4'"):
        draw_negatives(split, scheme="N4", seed=0)
    with pytest.raises(InputError, match="TF0 -> G00 occurs twice"):
        draw_negatives(pd.concat([split, split[:1].assign(part="val")]), scheme="N1", seed=0)
    with pytest.raises(InputError, match="test part has no reference edge"):
        draw_negatives(split.assign(label=0), scheme="N1", seed=0)
    with pytest.raises(InputError, match="test part has no non-edge"):
        draw_negatives(split.assign(label=1), scheme="N1", seed=0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_known_edge_with_label_zero_is_caught(scheme):
    split = make_split()
    hidden = part_of(split, 0).iloc[[3]]
    reference = pd.concat([split[split["label"] == 1], hidden])
    name = " -> ".join(tuples(hidden)[0])
    with pytest.raises(InputError, match=f"{name} has label 0 and is a reference edge"):
        draw_negatives(split, reference, scheme=scheme, seed=0)


@pytest.mark.parametrize("scheme", ["N1", "N3m"])
def test_negatives_of_another_split_are_refused(scheme):
    split = make_split(9, n_targets=30)
    table = draw_negatives(split, scheme=scheme, seed=0, tolerance=0.2)
    scores = np.zeros(len(split))
    first = table.iloc[0]
    negative = (split["regulator"] == first["regulator"]) & (split["target"] == first["target"])
    with pytest.raises(InputError, match="not in the split with label 0"):
        score_negatives(split.assign(label=split["label"].mask(negative, 1)), scores, table)
    with pytest.raises(InputError, match="not in the split with label 0"):
        score_negatives(split[~negative], scores[1:], table)
    with pytest.raises(InputError, match="not in the val part"):
        score_negatives(split, scores, table, part="val")
    if scheme in MATCHED:
        positive = split["regulator"] == first["regulator"]
        positive &= split["target"] == first["positive_target"]
        with pytest.raises(InputError, match="not in the split with label 1"):
            score_negatives(split.assign(label=split["label"].mask(positive, 0)), scores, table)


@pytest.mark.parametrize("scores", [np.zeros(3), np.full(70, np.nan)])
def test_bad_scores_are_refused(scores):
    split = make_split()
    table = draw_negatives(split, scheme="N1", seed=0)
    with pytest.raises(ValueError, match="must be finite"):
        score_negatives(split, scores, table)


def test_dropped_positives_are_logged(caplog):
    caplog.set_level("INFO", negatives.__name__)
    split = make_split()
    table = draw_negatives(split, scheme="N3m", seed=0)
    kept = len(table.drop_duplicates(["regulator", "positive_target"]))
    assert f"N3m: {kept} of {len(part_of(split, 1))} positives have a negative" in caplog.text
