from __future__ import annotations

import itertools
import logging
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.schemes import split_edges
from gtgrn.splits.tables import check_split, read_split, with_unlabelled, write_split
from gtgrn.splits.universe import label_pairs, rankable, universe
from hypothesis import example, given, settings
from hypothesis import strategies as st

PARTS = ["train", "val", "test"]
FRACTIONS = {"train": 0.67, "val": 0.10, "test": 0.23}
GENES = [f"G{i:02d}" for i in range(12)]

names = st.sampled_from(GENES)
pairs_of_genes = st.lists(st.tuples(names, names), max_size=40)
fractions = st.one_of(
    st.just(FRACTIONS),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20)).map(
        lambda shares: dict(zip(PARTS, np.array(shares) / sum(shares), strict=True))
    ),
)


def frame(pairs, **columns) -> pd.DataFrame:
    return pd.DataFrame(list(pairs), columns=["regulator", "target"]).assign(**columns)


def split_of(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["regulator", "target", "label", "part"])


def tuples(pairs: pd.DataFrame) -> list[tuple]:
    return list(zip(pairs["regulator"], pairs["target"], strict=True))


@st.composite
def references(draw):
    """Draw a reference of one to four regulators, each with one target or more."""
    regulators = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    edges = []
    for regulator in regulators:
        others = [gene for gene in GENES if gene != regulator]
        targets = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
        edges += [(regulator, target) for target in targets]
    return edges


@st.composite
def splits(draw, parts=PARTS):
    """Draw a split of a few genes, so that reciprocal pairs are common."""
    pairs = draw(st.lists(st.tuples(*[st.sampled_from("ABCD")] * 2), unique=True, max_size=12))
    rows = [
        (a, b, draw(st.integers(0, 1)), draw(st.sampled_from(parts))) for a, b in pairs if a != b
    ]
    return split_of(rows).astype({"label": int})


# The universe and its labels


@given(
    genes=st.lists(names, min_size=1),
    chosen=st.lists(st.integers(0, 100)),
)
def test_universe_is_every_pair_but_self_pairs(genes, chosen):
    regulators = [genes[i % len(genes)] for i in chosen]
    pairs = universe(genes, regulators)
    expected = sorted({(a, b) for a in regulators for b in genes if a != b})
    assert tuples(pairs) == expected
    assert len(pairs) == len(set(regulators)) * (len(set(genes)) - 1)
    assert list(pairs.index) == list(range(len(pairs)))


def test_universe_refuses_regulators_that_are_no_genes():
    with pytest.raises(InputError) as caught:
        universe(["A", "B"], ["Z", "B", "Y"])
    assert str(caught.value).startswith("2 regulators are not among the genes, such as Y. ")


@given(pairs=pairs_of_genes, reference=pairs_of_genes)
def test_labels_match_brute_force(pairs, reference):
    labels = label_pairs(frame(pairs), frame(reference, sign="+"))
    assert labels.dtype == int
    assert labels.tolist() == [int(pair in set(reference)) for pair in pairs]


def test_labels_depend_on_direction_and_not_on_the_index():
    pairs = frame([("A", "B"), ("B", "A")]).set_axis([9, 9])
    assert label_pairs(pairs, frame([("B", "A"), ("B", "A")])).tolist() == [0, 1]


# Drawing


def draw_unchecked(edges, genes=GENES, shares=FRACTIONS, seed=0) -> pd.DataFrame:
    """Draw a split even if a part lacks a class."""
    with patch("gtgrn.splits.schemes.check_split"):
        return split_edges(frame(edges), genes, fractions=shares, seed=seed)


@settings(max_examples=60, deadline=None)
@given(edges=references(), shares=fractions, seed=st.integers(0, 99))
@example(edges=[("G00", "G01")], shares=FRACTIONS, seed=0)
def test_every_pair_has_its_label_and_one_part(edges, shares, seed):
    split = draw_unchecked(edges, shares=shares, seed=seed)
    regulators = sorted({regulator for regulator, _ in edges})
    assert tuples(split) == [(a, b) for a in regulators for b in GENES if a != b]
    assert split["label"].tolist() == [int(pair in set(edges)) for pair in tuples(split)]
    assert set(split["part"]) <= set(PARTS)
    assert list(split.columns) == ["regulator", "target", "label", "part"]


@settings(max_examples=60, deadline=None)
@given(edges=references(), shares=fractions, seed=st.integers(0, 99))
def test_fractions_hold_for_each_class_and_nearly_for_each_regulator(edges, shares, seed):
    split = draw_unchecked(edges, shares=shares, seed=seed)
    for _, pairs in split.groupby("label"):
        for part in PARTS:
            # Over all regulators, a part is never more than a pair off.
            wanted = shares[part] * len(pairs)
            assert abs((pairs["part"] == part).sum() - wanted) <= 1
            for _, own in pairs.groupby("regulator"):
                # Of one regulator's pairs a part has its share rounded down, and at most the
                # two pairs that rounding down can leave over.
                wanted = shares[part] * len(own)
                count = (own["part"] == part).sum()
                assert np.floor(wanted - 1e-9) <= count <= np.floor(wanted + 1e-9) + 2


def test_fractions_hold_where_every_regulator_has_one_edge():
    # Rounded regulator by regulator, all edges would be in train.
    genes = [f"G{i:03d}" for i in range(100)]
    edges = [(gene, genes[i - 1]) for i, gene in enumerate(genes)]
    split = draw_unchecked(edges, genes)
    positives = split[split["label"] == 1]["part"].value_counts()
    assert positives.to_dict() == {"train": 67, "test": 23, "val": 10}
    assert (split["part"] == "test").mean() == pytest.approx(0.23, abs=2 / len(split))


@settings(max_examples=30, deadline=None)
@given(edges=references(), order=st.randoms(use_true_random=False), seed=st.integers(0, 99))
def test_order_of_genes_and_edges_changes_nothing(edges, order, seed):
    split = draw_unchecked(edges, seed=seed)
    genes, shuffled = list(GENES), [*edges, edges[0]]
    order.shuffle(genes)
    order.shuffle(shuffled)
    other = draw_unchecked(shuffled, genes, seed=seed)
    pd.testing.assert_frame_equal(split, other)


EDGES = [
    *itertools.product(["G00", "G01", "G02"], GENES[3:9]),
    ("G03", "G00"),
    ("G03", "G04"),
]


def test_another_seed_gives_another_split():
    split = split_edges(frame(EDGES), GENES, fractions=FRACTIONS, seed=0)
    again = split_edges(frame(EDGES), GENES, fractions=FRACTIONS, seed=0)
    other = split_edges(frame(EDGES), GENES, fractions=FRACTIONS, seed=1)
    pd.testing.assert_frame_equal(split, again)
    assert (split["part"] != other["part"]).mean() > 0.2
    pd.testing.assert_frame_equal(split.drop(columns="part"), other.drop(columns="part"))


def test_every_pair_can_be_in_every_part():
    # A draw by position would always judge the last names of the alphabet.
    draws = [draw_unchecked(EDGES, seed=seed)["part"] for seed in range(150)]
    for part, fraction in FRACTIONS.items():
        frequency = np.mean([draw == part for draw in draws], axis=0)
        assert frequency.min() > 0.3 * fraction
        assert np.abs(frequency - fraction).max() < 0.27


def test_regulators_with_the_same_targets_are_cut_differently():
    targets = GENES[3:]
    split = draw_unchecked(itertools.product(GENES[:3], targets))
    own = split[split["target"].isin(targets)].pivot(
        index="regulator", columns="target", values="part"
    )
    assert len(own.drop_duplicates()) == 3
    assert own.nunique().max() > 1


def test_self_pairs_and_strangers_of_the_reference_are_left_out():
    edges = [*EDGES, ("G00", "G00"), ("G00", "stranger")]
    split = split_edges(frame(edges), GENES, fractions=FRACTIONS, seed=0)
    assert (split["regulator"] != split["target"]).all()
    assert set(split["target"]) == set(GENES)
    assert split["label"].sum() == len(EDGES)


def test_each_part_of_a_split_holds_both_classes(caplog):
    with caplog.at_level(logging.INFO):
        split = split_edges(frame(EDGES), GENES, fractions=FRACTIONS, seed=0)
    assert split.groupby("part")["label"].nunique().to_dict() == dict.fromkeys(PARTS, 2)
    assert "pairs by part and label" in caplog.text


@pytest.mark.parametrize(
    ("edges", "genes", "reason"),
    [
        (
            [("G00", "G01")],
            GENES,
            "the val part has no reference edge (1 reference edges among 11",
        ),
        (
            EDGES[:2],
            GENES,
            "the val part has no reference edge (2 reference edges among 11 pairs)",
        ),
        ([], GENES, "the train part has no reference edge (0 reference edges among 0 pairs)"),
        (
            list(itertools.permutations(GENES[:6], 2)),
            GENES[:6],
            "the train part has no non-edge (30 reference edges among 30 pairs)",
        ),
    ],
)
def test_a_part_without_a_class_is_refused_with_the_reason(edges, genes, reason):
    with pytest.raises(InputError) as caught:
        split_edges(frame(edges), genes, fractions=FRACTIONS, seed=0)
    assert str(caught.value).startswith(reason)
    assert caught.value.remedy


@pytest.mark.parametrize(("part", "label"), itertools.product(PARTS, (0, 1)))
def test_check_names_the_part_and_the_class(part, label):
    full = [("A", f"{p}{y}", y, p) for p in PARTS for y in (0, 1)]
    check_split(split_of(full))
    lacking = split_of([row for row in full if row[2:] != (label, part)])
    with pytest.raises(InputError) as caught:
        check_split(lacking)
    kind = ["non-edge", "reference edge"][label]
    assert str(caught.value).startswith(f"the {part} part has no {kind} ({2 + 1 - label} ")


@settings(max_examples=60, deadline=None)
@given(split=splits())
def test_check_refuses_exactly_the_splits_that_lack_something(split):
    found = set(zip(split["part"], split["label"], strict=True))
    if len(found) == 6:
        check_split(split)
    else:
        with pytest.raises(InputError):
            check_split(split)


# The message graph


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("label", [0, 1])
def test_planted_leak_of_a_reciprocal_pair(part, label):
    rows = [("A", "B", 1, "train"), ("B", "A", label, part), ("A", "C", 1, "train")]
    assert tuples(message_edges(split_of(rows))) == [("A", "C")]
    assert tuples(message_edges(split_of(rows[::-1]))) == [("A", "C")]


@pytest.mark.parametrize("label", [0, 1])
def test_a_reciprocal_training_pair_is_no_leak(label):
    rows = [("A", "B", 1, "train"), ("B", "A", label, "train")]
    expected = [("A", "B"), ("B", "A")][: 1 + label]
    assert tuples(message_edges(split_of(rows))) == expected


def test_a_reciprocal_unlabelled_pair_is_no_leak():
    split = split_of([("A", "B", 1, "train"), ("A", "C", 0, "test")])
    pairs = with_unlabelled(split, ["A", "B", "C"], ["A", "B"])
    assert ("B", "A", "unlabelled") in set(
        pairs[["regulator", "target", "part"]].itertuples(index=False, name=None)
    )
    assert tuples(message_edges(pairs)) == [("A", "B")]


def test_a_pair_in_two_parts_is_judged():
    rows = [("A", "B", 1, "train"), ("A", "B", 1, "test"), ("A", "C", 1, "train")]
    assert tuples(message_edges(split_of(rows))) == [("A", "C")]


@settings(max_examples=80, deadline=None)
@given(split=splits([*PARTS, "unlabelled"]), labels=st.randoms(use_true_random=False))
def test_message_edges_match_brute_force_and_never_see_what_judges_them(split, labels):
    edges = message_edges(split.set_axis(np.arange(len(split)) * 3))
    judged = [
        {row.regulator, row.target} for row in split.itertuples() if row.part in ("val", "test")
    ]
    expected = [
        (row.regulator, row.target)
        for row in split.itertuples()
        if row.part == "train" and row.label == 1 and {row.regulator, row.target} not in judged
    ]
    assert tuples(edges) == expected
    assert list(edges.index) == list(range(len(edges)))
    # Whatever the labels of the other parts, absent ones included, nothing changes.
    other = split.astype({"label": object})
    for row in other.index[other["part"] != "train"]:
        other.loc[row, "label"] = labels.choice([0, 1, np.nan])
    pd.testing.assert_frame_equal(message_edges(other), edges)


def test_message_edges_of_a_drawn_split():
    edges = list(itertools.permutations(GENES[:8], 2))
    split = split_edges(frame(edges), GENES, fractions=FRACTIONS, seed=0)
    kept = tuples(message_edges(split))
    judged = set(tuples(split[split["part"] != "train"]))
    assert not judged & {*kept, *((b, a) for a, b in kept)}
    # Of 56 positives about 0.67 are in train, and 0.67 of those have their partner there too.
    assert len(kept) == pytest.approx(56 * 0.67**2, abs=6)


# Unlabelled regulators


def test_regulators_without_an_edge_are_added():
    split = split_of([("B", "A", 0, "test"), ("B", "C", 1, "train")])
    result = with_unlabelled(split, ["C", "A", "B"], ["B", "C", "A"])
    assert result.astype(object).where(result.notna(), None).to_numpy().tolist() == [
        ["B", "A", 0, "test"],
        ["B", "C", 1, "train"],
        ["A", "B", None, "unlabelled"],
        ["A", "C", None, "unlabelled"],
        ["C", "A", None, "unlabelled"],
        ["C", "B", None, "unlabelled"],
    ]
    assert list(result.index) == list(range(6))
    assert result["label"].dtype == "Int64"
    other = with_unlabelled(split, ["A", "B", "C"], ["A", "B", "C"])
    pd.testing.assert_frame_equal(result, other)


def test_a_split_of_all_regulators_stays_as_it_is():
    split = split_of([("B", "A", 0, "test"), ("B", "C", 1, "train")])
    result = with_unlabelled(split, ["A", "B", "C"], ["B"])
    pd.testing.assert_frame_equal(result, split.astype({"label": "Int64"}))


def test_an_unlabelled_regulator_must_be_a_gene():
    split = split_of([("B", "A", 0, "test")])
    with pytest.raises(InputError, match="1 regulators are not among the genes, such as Z"):
        with_unlabelled(split, ["A", "B"], ["Z"])


# Files


@settings(max_examples=20, deadline=None)
@given(edges=references(), seed=st.integers(0, 9))
def test_a_split_survives_the_disk(tmp_path_factory, edges, seed):
    split = draw_unchecked(edges, seed=seed)
    folder = tmp_path_factory.mktemp("split")
    write_split(split, folder / "a.tsv.gz")
    pd.testing.assert_frame_equal(read_split(folder / "a.tsv.gz"), split)
    shuffled = split.sample(frac=1, random_state=seed).assign(more=1)
    write_split(shuffled, folder / "b.tsv.gz")
    assert (folder / "a.tsv.gz").read_bytes() == (folder / "b.tsv.gz").read_bytes()


def test_odd_names_and_extra_columns(tmp_path):
    (tmp_path / "x.tsv").write_text("score\tpart\tlabel\ttarget\tregulator\n3\tval\t1\t007\tNA\n")
    split = read_split(tmp_path / "x.tsv")
    assert split.to_dict("records") == [
        {"regulator": "NA", "target": "007", "label": 1, "part": "val"}
    ]
    assert split["label"].dtype == int


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A\tB\t2\ttrain\n", "'label': labels must be 0 or 1"),
        ("A\tB\t\ttrain\n", "'label': labels must be 0 or 1"),
        ("A\tB\tyes\ttrain\n", "'label': labels must be 0 or 1"),
        ("A\tB\t0.5\ttrain\n", "'label': labels must be 0 or 1"),
        ("A\tB\t1\tTrain\n", "'part': parts must be train, val, test"),
        ("A\tB\t1\t\n", "'part': parts must be train, val, test"),
        ("A\tB\t1\tunlabelled\n", "'part': parts must be train, val, test"),
        ("A\tB\t1\ttrain\nA\tB\t1\ttest\n", "a pair occurs twice"),
        ("A\tB\t1\ttrain\nA\tB\t0\ttrain\n", "a pair occurs twice"),
    ],
)
def test_splits_that_are_refused(tmp_path, rows, message):
    path = tmp_path / "x.tsv"
    path.write_text("regulator\ttarget\tlabel\tpart\nC\tD\t1\tval\n" + rows)
    with pytest.raises(InputError) as caught:
        read_split(path)
    assert str(caught.value).startswith(f"{path}: {message}. ")


@pytest.mark.parametrize("column", ["regulator", "target", "label", "part"])
def test_missing_column_of_a_split(tmp_path, column):
    path = tmp_path / "x.tsv"
    split_of([("A", "B", 1, "val")]).drop(columns=column).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match=f"'{column}': column missing"):
        read_split(path)


def test_pairs_that_every_method_may_rank(caplog):
    pairs = pd.DataFrame({"regulator": ["A", "A", "B"], "target": ["C", "D", "C"]})
    assert rankable(pairs, ["A", "B"], what="split") is pairs
    with caplog.at_level("WARNING"):
        kept = rankable(pairs, ["A", "E"], what="split")
    assert kept.to_dict("list") == {"regulator": ["A", "A"], "target": ["C", "D"]}
    assert "1 regulators of the split are no candidates" in caplog.text
    assert caplog.text.rstrip().endswith("B")
    with pytest.raises(InputError, match="no regulator of the split is a candidate"):
        rankable(pairs, ["E"], what="split")
