from __future__ import annotations

import logging

import decoupler as dc
import numpy as np
import pandas as pd
import pytest
from gtgrn.names import PAIR
from gtgrn.network.evidence import describe_novel, novel_edges, rank_regulators
from gtgrn.network.regulons import (
    CORRELATION,
    RHO,
    correlate,
    rated,
    select_edges,
    sign_edges,
    to_adjacencies,
    to_net,
    to_regulons,
    write_gmt,
)
from hypothesis import given, settings
from hypothesis import strategies as st

GENES = ["A", "B", "C", "D", "E", "F", "G"]


@pytest.fixture
def expression():
    """Return cells in which A activates C, D, E and represses F and G; B is constant."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(80, 7)), columns=GENES)
    for gene, sign in (("C", 1), ("D", 1), ("E", 1), ("F", -1), ("G", -1)):
        table[gene] += 2 * sign * table["A"]
    return table.assign(B=1.5)


def edges_of(regulator, targets, importance=None):
    table = pd.DataFrame({"regulator": regulator, "target": list(targets)})
    values = np.linspace(0.9, 0.1, len(table)) if importance is None else importance
    return table.assign(importance=values)


def ranked(rows, **columns):
    """Return a final network of (regulator, target, probability)."""
    table = pd.DataFrame(rows, columns=[*PAIR, "probability"])
    table.insert(0, "rank", range(1, len(table) + 1))
    return table.assign(score=table["probability"], consensus=0.9, methods="", **columns)


def read_as_pyscenic(path):
    """Read a GMT file by pySCENIC's documented rules: name, description and genes, by tabs."""
    regulons = {}
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        # Its command line takes the separator that gives three fields or more in all lines.
        name, description, genes = line.rstrip().split("\t", maxsplit=2)
        assert description
        regulons[name] = genes.split("\t")
    return regulons


def test_the_correlation_is_pearsons(expression):
    pairs = pd.DataFrame([("A", "C"), ("A", "F"), ("D", "E"), ("A", "B")], columns=PAIR)
    found = correlate(pairs, expression)
    for value, (a, b) in zip(found[:3], pairs.to_numpy()[:3], strict=True):
        assert value == pytest.approx(np.corrcoef(expression[a], expression[b])[0, 1], abs=1e-6)
    assert found[3] == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_nor_the_scale_of_cells_changes_a_correlation(seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(12, 4)), columns=list("abcd"))
    pairs = pd.DataFrame([("a", "b"), ("c", "b"), ("a", "d")], columns=PAIR)
    found = correlate(pairs, table)
    mixed = table.iloc[rng.permutation(12), rng.permutation(4)] * 3 - 1
    assert correlate(pairs, mixed) == pytest.approx(found, abs=2e-6)
    assert np.abs(found).max() <= 1


def test_a_constant_in_float32_correlates_with_nothing():
    table = pd.DataFrame({"a": np.full(1000, 0.1), "b": np.arange(1000.0)}).astype("float32")
    assert correlate(pd.DataFrame([("b", "a")], columns=PAIR), table) == [0.0]


def test_the_references_sign_comes_before_that_of_the_correlation(expression):
    reference = pd.DataFrame(
        [("A", "C", "-"), ("A", "D", ""), ("A", "B", "+")], columns=[*PAIR, "sign"]
    )
    signed = sign_edges(edges_of("A", "CDFB"), expression, reference)
    assert list(signed["sign"]) == ["-", "+", "-", "+"]
    assert list(signed["sign_from"]) == ["reference", "correlation", "correlation", "reference"]
    without = sign_edges(edges_of("A", "CB"), expression, reference[PAIR])
    assert list(without["sign"]) == ["+", ""]
    assert list(without["sign_from"]) == ["correlation", ""]


def test_regulons_are_split_by_the_correlation_at_pyscenics_threshold():
    edges = edges_of("A", "CDEFG").assign(**{CORRELATION: [RHO, RHO + 1e-6, 0.5, -RHO, -0.2]})
    assert to_regulons(edges, 1) == {"A(+)": ["D", "E"], "A(-)": ["G"]}
    assert to_regulons(edges, 2) == {"A(+)": ["D", "E"]}


def test_pairs_without_a_probability_make_no_regulon():
    network = ranked([("A", "C", "0.4"), ("B", "C", "")], known=0, trained_seeds=0)
    assert list(rated(network)["regulator"]) == ["A"]
    consensus = network.drop(columns="probability").assign(score=[0.8, 0.7])
    assert list(rated(consensus)["importance"]) == [0.8, 0.7]


def test_the_best_edges_of_all_or_of_each_regulator():
    network = ranked([(r, t, 0.5) for r in "AB" for t in "CDEFGH"])
    assert list(select_edges(network, 2)["rank"]) == [1, 2]
    # A quarter of 12 pairs, however many are asked for.
    assert len(select_edges(network, 500)) == 3
    best = select_edges(network, 2, targets=2)
    assert list(zip(best["regulator"], best["target"], strict=True)) == [
        ("A", "C"), ("A", "D"), ("B", "C"), ("B", "D"),
    ]  # fmt: skip


def test_decoupler_and_pyscenic_read_the_same_gmt(expression, tmp_path):
    signed = sign_edges(edges_of("A", "CDEFG"), expression)
    path = tmp_path / "regulons.gmt"
    write_gmt(to_regulons(signed, 2), path)
    expected = {"A(+)": ["C", "D", "E"], "A(-)": ["F", "G"]}
    assert read_as_pyscenic(path) == expected
    read = dc.pp.read_gmt(str(path))
    assert read.groupby("source")["target"].apply(list).to_dict() == expected


def test_a_name_with_a_space_is_warned_of(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        write_gmt({"A(+)": ["B 1", "C"]}, tmp_path / "odd.gmt")
    assert "1 regulons hold a name with a space" in caplog.text
    assert read_as_pyscenic(tmp_path / "odd.gmt") == {"A(+)": ["B 1", "C"]}


def test_no_regulon_makes_an_empty_file(tmp_path):
    write_gmt({}, tmp_path / "none.gmt")
    assert (tmp_path / "none.gmt").read_text() == ""


def test_adjacencies_are_read_as_pyscenic_reads_them(tmp_path):
    edges = pd.concat([edges_of("NA", ["1-Mar", "C"], [0.2, 0.7]), edges_of("B", "C", [0.7])])
    to_adjacencies(edges).to_csv(tmp_path / "adjacencies.tsv", sep="\t", index=False)
    read = pd.read_csv(
        tmp_path / "adjacencies.tsv",
        sep="\t",
        dtype={0: str, 1: str, 2: np.float64},
        keep_default_na=False,
    )
    assert list(read) == ["TF", "target", "importance"]
    assert read.to_numpy().tolist() == [["B", "C", 0.7], ["NA", "C", 0.7], ["NA", "1-Mar", 0.2]]


def test_decoupler_takes_the_net(expression):
    signed = sign_edges(
        pd.concat([edges_of("A", "CDEFGB"), edges_of("C", "DE")], ignore_index=True), expression
    )
    net = to_net(signed, 5)
    # B has no sign; C has two targets.
    assert list(net["target"]) == list("CDEFG")
    assert list(np.sign(net["weight"])) == [1, 1, 1, -1, -1]
    scores, p = dc.mt.ulm(expression, net, tmin=5)
    assert list(scores) == ["A"]
    assert np.corrcoef(scores["A"], expression["A"])[0, 1] > 0.8
    assert p.to_numpy().max() <= 1


@pytest.fixture
def network():
    return ranked(
        [("A", "C", 0.9), ("A", "D", 0.8), ("B", "C", 0.7), ("B", "D", 0.1)],
        known=[1, 0, 1, 1],
        trained_seeds=[2, 1, 0, 1],
    ).assign(methods=["a,b,c", "", "a,b", "a"])


def test_regulators_are_counted_with_their_evidence(network):
    ranking = pd.DataFrame(
        {"gene": ["A", "A"], "mean_rank": [3.5, 1.0], "network": ["predicted", "reference"]}
    )
    table = rank_regulators(network, network.head(3), 2, ranking).set_index("regulator")
    assert list(table.index) == ["A", "B"]
    assert table.loc["A"].to_dict() == {
        "predicted": 2, "predicted_known": 1, "supported": 1, "known": 1, "trained": 1,
        "best_rank": 1, "mean_rank": 3.5,
    }  # fmt: skip
    assert table.loc["B", ["predicted", "known", "trained", "best_rank"]].tolist() == [1, 2, 1, 3]
    assert np.isnan(table.loc["B", "mean_rank"])


def test_novel_edges_carry_their_support(network, expression):
    novel = sign_edges(novel_edges(rated(network)), expression)
    table = describe_novel(novel, network)
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["regulator"], row["target"], row["n_methods"]) == ("A", "D", 0)
    assert (row["sign"], row["regulator_known"], row["regulator_trained"]) == ("+", 1, 1)


def test_without_a_reference_every_edge_is_novel(network, expression):
    unlabelled = network.drop(columns=["known", "trained_seeds", "probability"])
    assert len(novel_edges(unlabelled)) == 4
    table = describe_novel(sign_edges(rated(unlabelled), expression), unlabelled)
    assert list(table["n_methods"]) == [3, 0, 2, 1]
    assert set(table["regulator_trained"]) == {0}
    assert list(rank_regulators(unlabelled, unlabelled, 2)["known"]) == [0, 0]
