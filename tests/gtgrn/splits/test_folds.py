from __future__ import annotations

import itertools
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.splits.folds import match_genes, read_folds
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.schemes import split_both, split_genes, split_regulators
from gtgrn.splits.shipped import split_from_folds
from gtgrn.splits.tables import check_split
from gtgrn.splits.transfer import split_transfer
from gtgrn.splits.universe import universe
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = ["train", "val", "test"]


def frame(pairs) -> pd.DataFrame:
    return pd.DataFrame(list(pairs), columns=["regulator", "target"])


def split_of(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["regulator", "target", "label", "part"])


def tuples(pairs: pd.DataFrame) -> list[tuple]:
    return list(zip(pairs["regulator"], pairs["target"], strict=True))


# Held-out genes, regulators and both


def large_reference(seed=0, n_regulators=10, n_genes=30, density=0.35):
    """Make a reference of ten regulators, of which the last two have two edges each."""
    genes = [f"g{i:02d}" for i in range(n_genes)]
    rng = np.random.default_rng(seed)
    edges = [
        (regulator, gene)
        for number, regulator in enumerate(genes[:n_regulators])
        for gene in genes
        if gene != regulator and number < n_regulators - 2 and rng.random() < density
    ]
    few = [(genes[i], genes[j]) for i in (n_regulators - 2, n_regulators - 1) for j in (0, 1)]
    return frame(edges + few), genes


HOLD_OUTS = {"genes": split_genes, "regulators": split_regulators, "both": split_both}


def parts_of(split, end):
    return {part: set(own[end]) for part, own in split.groupby("part")}


@pytest.mark.parametrize("name", HOLD_OUTS)
@settings(max_examples=15, deadline=None)
@given(
    order=st.randoms(use_true_random=False),
    fold=st.integers(0, 3),
    seed=st.integers(0, 99),
    data=st.integers(0, 9),
)
def test_held_out_ends_never_train(name, order, fold, seed, data):
    reference, genes = large_reference(data)
    # Among 30 genes a part may lack a class; here membership is judged.
    with patch("gtgrn.splits.schemes.check_split"):
        split = HOLD_OUTS[name](reference, genes, folds=4, fold=fold, seed=seed)
    assert not split.duplicated(["regulator", "target"]).any()
    edges = set(tuples(reference))
    assert split["label"].tolist() == [int(pair in edges) for pair in tuples(split)]
    everything = set(tuples(universe(genes, reference["regulator"].unique())))
    for end in ["target"] * (name != "regulators") + ["regulator"] * (name != "genes"):
        own = parts_of(split, end)
        assert set(own) == set(PARTS)
        assert not own["train"] & own["test"]
        assert not own["train"] & own["val"]
        assert not own["val"] & own["test"]
    if name == "both":
        # What is left out has ends of two parts; nothing with ends of one part is missing.
        regulator, target = parts_of(split, "regulator"), parts_of(split, "target")
        whole = {
            pair
            for part in PARTS
            for pair in itertools.product(regulator[part], target[part])
            if pair[0] != pair[1]
        }
        assert set(tuples(split)) == whole < everything
    else:
        assert set(tuples(split)) == everything

    shuffled = reference.sample(frac=1, random_state=seed)
    order.shuffle(genes)
    shuffled = pd.concat([shuffled, shuffled[:3]])
    with patch("gtgrn.splits.schemes.check_split"):
        again = HOLD_OUTS[name](shuffled, genes, folds=4, fold=fold, seed=seed)
    pd.testing.assert_frame_equal(split, again)


@pytest.mark.parametrize(("name", "end"), [("genes", "target"), ("regulators", "regulator")])
def test_folds_partition_what_is_held_out(name, end):
    reference, genes = large_reference()
    splits = [HOLD_OUTS[name](reference, genes, folds=4, fold=i, seed=3) for i in range(4)]
    tested = [sorted(parts_of(split, end)["test"]) for split in splits]
    whole = genes if name == "genes" else genes[:8]
    assert sorted(itertools.chain(*tested)) == whole
    assert max(map(len, tested)) - min(map(len, tested)) <= 1
    other = HOLD_OUTS[name](reference, genes, folds=4, fold=0, seed=4)
    assert sorted(parts_of(other, end)["test"]) != tested[0]


def test_sizes_of_the_validation_part():
    reference, genes = large_reference(n_genes=60, n_regulators=32)
    # 48 genes that are not test: an eighth are val.
    assert len(parts_of(split_genes(reference, genes, seed=0), "target")["val"]) == 6
    half = split_genes(reference, genes, val_fraction=0.5, seed=0)
    assert len(parts_of(half, "target")["val"]) == 24
    # 30 regulators may be held out, 24 are not test: a sixth are val.
    assert len(parts_of(split_regulators(reference, genes, seed=0), "regulator")["val"]) == 4
    # Of six that are not test at least three are val, of four two.
    few, genes = large_reference()
    split = split_regulators(few, genes, folds=4, seed=0)
    assert len(parts_of(split, "regulator")["val"]) == 3
    split = split_regulators(few, genes, folds=2, seed=0)
    assert len(parts_of(split, "regulator")["val"]) == 2


def test_regulators_with_few_edges_are_always_train():
    reference, genes = large_reference()
    few = {"g08", "g09"}
    for fold in range(4):
        split = split_regulators(reference, genes, folds=4, fold=fold, seed=0)
        assert few < parts_of(split, "regulator")["train"]
    held = [
        parts_of(split_regulators(reference, genes, folds=4, fold=i, min_edges=2, seed=0), end)
        for i in range(4)
        for end in ["regulator"]
    ]
    assert few < set().union(*(own["test"] for own in held))


def test_both_holds_out_what_the_single_splits_hold_out():
    reference, genes = large_reference(n_genes=60, density=0.5)
    both = split_both(reference, genes, folds=4, fold=1, seed=5)
    by_gene = split_genes(reference, genes, folds=4, fold=1, seed=5)
    by_regulator = split_regulators(reference, genes, folds=4, fold=1, seed=5)
    assert parts_of(both, "regulator") == parts_of(by_regulator, "regulator")
    assert parts_of(both, "target") == parts_of(by_gene, "target")


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("genes", {"folds": 5, "fold": 5}, "no fold 5 of 5"),
        ("genes", {"folds": 5, "fold": -1}, "no fold -1 of 5"),
        ("genes", {"folds": 1}, "30 genes for 1 folds"),
        ("genes", {"folds": 31}, "30 genes for 31 folds"),
        ("regulators", {"folds": 9}, "8 regulators with enough reference edges for 9 folds"),
        ("both", {"folds": 9}, "8 regulators with enough reference edges for 9 folds"),
        ("regulators", {"min_edges": 999}, "0 regulators with enough reference edges"),
    ],
)
def test_impossible_folds_are_refused(name, settings, reason):
    reference, genes = large_reference()
    with pytest.raises(InputError) as caught:
        HOLD_OUTS[name](reference, genes, seed=0, **settings)
    assert str(caught.value).startswith(reason)
    assert caught.value.remedy


def test_a_part_without_a_class_names_its_regulators():
    rows = [("A", f"{p}{y}", y, p) for p in ("train", "test") for y in (0, 1)]
    split = split_of([*rows, ("B", "x", 0, "val"), ("C", "x", 0, "val")])
    with pytest.raises(InputError, match="val part has no reference edge .*regulators: B, C") as e:
        check_split(split, remedy="Do this")
    assert e.value.remedy == "Do this"


def test_the_message_graph_knows_no_reciprocal_of_a_held_out_pair():
    # g00 regulates g01 in train, while g01 -> g00 judges a held-out target.
    reference, genes = large_reference(density=0.9)
    split = split_genes(reference, genes, folds=4, fold=0, seed=0)
    held = parts_of(split, "target")["test"] | parts_of(split, "target")["val"]
    labelled = set(split["regulator"])
    edges = message_edges(split)
    assert not any(b in held or (a in held and b in labelled) for a, b in tuples(edges))
    lost = split[(split["part"] == "train") & (split["label"] == 1)]
    assert 0 < len(edges) < len(lost)


# Shipped folds

SHIPPED = "fold\tpart\tgene\n0\tval\tg01\n0\ttest\tg00\n1\tval\tg00\n1\ttest\tg03\n"


def test_shipped_folds_are_honoured(tmp_path):
    path = tmp_path / "folds.tsv"
    path.write_text(SHIPPED)
    table = read_folds(path)
    assert table.values.tolist() == [
        [0, "val", "g01"], [0, "test", "g00"], [1, "val", "g00"], [1, "test", "g03"]
    ]  # fmt: skip
    reference, genes = large_reference()
    for end in ("target", "regulator"):
        split = split_from_folds(reference, genes, table, 0, by=end)
        expected = {"g00": "test", "g01": "val"}
        assert split["part"].tolist() == [expected.get(name, "train") for name in split[end]]
        assert tuples(split) == tuples(universe(genes, reference["regulator"].unique()))
        assert split["label"].sum() == len(reference)
    other = split_from_folds(reference, genes, table, 1, by="regulator")
    assert parts_of(other, "regulator")["test"] == {"g03"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fold\tgene\n0\tA\n", "column missing"),
        ("fold\tpart\tgene\nx\tval\tA\n", "whole numbers"),
        ("fold\tpart\tgene\n0.5\tval\tA\n", "whole numbers"),
        ("fold\tpart\tgene\n0\tvalid\tA\n", "parts must be"),
        ("fold\tpart\tgene\n0\tval\tA\n0\ttest\tA\n", "A occurs twice in fold 0"),
    ],
)
def test_bad_fold_files_are_refused(tmp_path, text, reason):
    path = tmp_path / "folds.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_folds(path)
    assert str(path) in str(caught.value)


def test_folds_that_do_not_fit_the_data_are_refused():
    reference, genes = large_reference()
    table = pd.DataFrame({"fold": 0, "part": "test", "gene": ["g00", "g29", "alien"]})
    with pytest.raises(InputError, match="1 of 3 names of fold 0 are not among.*alien"):
        split_from_folds(reference, genes, table, 0)
    with pytest.raises(InputError, match="2 of 3 names .* not regulators .*alien, g29"):
        split_from_folds(reference, genes, table, 0, by="regulator")
    with pytest.raises(InputError, match="no fold 7; there are 0"):
        split_from_folds(reference, genes, table, 7)
    with pytest.raises(InputError, match="val part has no reference edge"):
        split_from_folds(reference, genes, table[:1], 0, by="regulator")
    with pytest.raises(ValueError, match="by is 'gene'"):
        split_from_folds(reference, genes, table, 0, by="gene")


# Transfer


def transfer_case():
    """Make a mouse source and a human target of which most symbols agree but for case."""
    source, mouse = large_reference(1)
    source = source.assign(**{c: source[c].str.replace("g", "Gene") for c in source})
    mouse = [gene.replace("g", "Gene") for gene in mouse]
    target, human = large_reference(2, n_regulators=4)
    target = target.assign(**{c: target[c].str.replace("g", "GENE") for c in target})
    human = [gene.replace("g", "GENE") for gene in human[:25]] + ["HUMAN1", "HUMAN2"]
    target = target[target["target"].isin(human)]
    return source, mouse, target, human


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False), seed=st.integers(0, 99))
def test_transfer_trains_on_the_source_and_tests_on_the_target(order, seed):
    source, mouse, target, human = transfer_case()
    split = split_transfer(source, mouse, target, human, seed=seed)
    assert not split.duplicated(["regulator", "target"]).any()
    test = split[split["part"] == "test"]
    assert tuples(test) == tuples(universe(human, target["regulator"].unique()))
    assert set(tuples(test[test["label"] == 1])) == set(tuples(target))
    # Everything that the source knows of other pairs trains or validates, with its label.
    known = {(a.upper(), b.upper()) for a, b in tuples(source)}
    rest = split[split["part"] != "test"]
    mapped = {gene.upper() for gene in mouse} & set(human)
    regulators = {name.upper() for name in source["regulator"]} & mapped
    assert set(tuples(rest)) == {
        (a, b)
        for a in regulators - set(target["regulator"])
        for b in mapped
        if a != b
    }  # fmt: skip
    assert rest["label"].tolist() == [int(pair in known) for pair in tuples(rest)]
    own = parts_of(split, "regulator")
    assert not own["train"] & own["val"]
    assert not own["train"] & own["test"]
    order.shuffle(mouse)
    order.shuffle(human)
    again = split_transfer(source[::-1], mouse, target[::-1], human, seed=seed)
    pd.testing.assert_frame_equal(split, again)


def test_transfer_by_a_table_of_orthologues():
    source, mouse, target, human = transfer_case()
    table = {gene: gene.upper() for gene in mouse[:20]} | {"Gene20": "GENE21", "Gene22": "alien"}
    split = split_transfer(source, mouse, target, human, orthologues=table, seed=0)
    trained = set(split.loc[split["part"] != "test", "target"])
    assert trained == {gene.upper() for gene in mouse[:20]} | {"GENE21"}


def test_genes_are_matched_one_to_one():
    assert match_genes(["Sox2", "Pou5f1", "Myc"], ["SOX2", "MYC", "NANOG"]) == {
        "Sox2": "SOX2",
        "Myc": "MYC",
    }
    # Nothing says which of two is meant.
    assert match_genes(["Sox2", "sox2", "Myc"], ["SOX2", "MYC"]) == {"Myc": "MYC"}
    assert match_genes(["Sox2", "Myc"], ["SOX2", "sox2", "MYC"]) == {"Myc": "MYC"}
    assert match_genes(["a", "b", "c"], ["X", "Y"], {"a": "X", "b": "X", "c": "Y"}) == {"c": "Y"}


def test_transfer_without_a_bridge_is_refused():
    source, mouse, target, human = transfer_case()
    with pytest.raises(InputError, match="none of 30 genes such as Gene00") as caught:
        split_transfer(source, mouse, target, human, orthologues={}, seed=0)
    assert "orthologues" in caught.value.remedy
    with pytest.raises(InputError, match="regulators of the source") as caught:
        split_transfer(target, human, target, human, seed=0)
    assert caught.value.remedy
