"""Networks cut to edges, and Table 5."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.studies import characteristics as regeneration
from gtgrn.studies.paper_tables import read_paper_numbers
from gtgrn.studies.peers import measure

NUMBERS = read_paper_numbers(Path(__file__).parents[3] / "resources" / "paper_numbers.tsv")


@pytest.fixture
def pairs():
    genes = [f"G{i:02d}" for i in range(40)]
    rows = [(tf, gene) for tf in genes[:6] for gene in genes if gene != tf]
    return pd.DataFrame(rows, columns=["regulator", "target"])


@pytest.fixture
def cut(pairs):
    rng = np.random.default_rng(0)
    reference = pairs.sample(50, random_state=0)
    weights = {"gtgrn/mine": rng.random(len(pairs)), "gnnlink/published": np.full(len(pairs), 0.7)}
    return regeneration.cut_networks(
        weights, {"tf_rate": 1 + rng.random(len(pairs))}, pairs, reference, 0.5
    )


def test_networks_have_the_references_number_of_edges_or_pass_the_threshold(cut, pairs):
    sizes = {key: len(edges) for key, edges in cut.items()}
    assert sizes["gtgrn/mine", "matched"] == sizes["tf_rate", "matched"] == 50
    assert sizes["reference", "reference"] == 50
    rng = np.random.default_rng(0)
    assert sizes["gtgrn/mine", "threshold"] == (rng.random(len(pairs)) >= 0.5).sum()
    assert (
        sizes["gnnlink/published", "threshold"] == len(pairs) == sizes["every_pair", "every_pair"]
    )
    assert ("tf_rate", "threshold") not in cut


def test_characteristics_are_those_of_networkx(cut):
    table = regeneration.describe_regenerated(cut, {}, {}, NUMBERS)
    row = table[(table["network"] == "gtgrn/mine") & (table["selection"] == "matched")].iloc[0]
    graph = nx.Graph(list(cut["gtgrn/mine", "matched"].itertuples(index=False, name=None)))
    assert row["maximum_degree"] == max(dict(graph.degree).values())
    assert row["assortativity"] == pytest.approx(nx.degree_assortativity_coefficient(graph))
    assert row["triangles"] == sum(nx.triangles(graph).values()) / 3
    assert row["transitivity"] == pytest.approx(nx.transitivity(graph))
    if nx.is_connected(graph):
        expected = nx.average_shortest_path_length(graph)
        assert row["characteristic_path_length"] == pytest.approx(expected)


def test_table_5_has_the_references_a_nulls_and_the_papers_rows(cut):
    areas = {"gtgrn/mine": (0.8, 0.3), "tf_rate": (0.9, 0.4)}
    table = regeneration.describe_regenerated(cut, areas, {"gtgrn/mine": "model"}, NUMBERS)
    assert list(table) == regeneration.COLUMNS
    assert table.iloc[0]["PCC"] == pytest.approx(1)
    assert table["kind"].value_counts()["paper"] == 5
    null = table[table["network"] == "tf_rate"].iloc[0]
    assert (null["kind"], null["AUROC"]) == ("null_model", 0.9)
    # A model that passes every pair is the graph of every pair, and has its PCC.
    whole = table.set_index(["network", "selection"])
    shown = ["maximum_degree", "assortativity", "triangles", "transitivity", "PCC", "log_PCC"]
    pd.testing.assert_series_equal(
        whole.loc[("gnnlink/published", "threshold"), shown],
        whole.loc[("every_pair", "every_pair"), shown],
        check_names=False,
    )


def test_a_network_without_edges_is_missing_values_not_an_error(pairs):
    reference = pairs.sample(30, random_state=1)
    cut = regeneration.cut_networks({"m/v": np.full(len(pairs), 0.1)}, {}, pairs, reference, 0.5)
    row = regeneration.describe_regenerated(cut, {}, {"m/v": "model"}, NUMBERS).iloc[2]
    assert (row["selection"], row["directed_edges"]) == ("threshold", 0)
    assert np.isnan(row["PCC"])


def test_the_papers_pcc_follows_from_its_five_numbers_and_says_little():
    rows = {row["network"]: row for row in regeneration.printed_rows(NUMBERS)}
    gold = rows.pop("reference")
    values = [*regeneration.CHARACTERISTICS]
    for row in rows.values():
        by_hand = np.corrcoef([row[c] for c in values], [gold[c] for c in values])[0, 1]
        assert by_hand == pytest.approx(row["PCC"], abs=5e-5)
    # GENELink's 591 times the triangles cost nothing, and neither would any other number.
    swapped = {**rows["genelink"], "triangles": 10**9}
    again = np.corrcoef([swapped[c] for c in values], [gold[c] for c in values])[0, 1]
    assert again == pytest.approx(rows["genelink"]["PCC"], abs=1e-3)
    assert rows["genelink"]["triangles"] == rows["gnnlink"]["triangles"] == 5671530
    assert rows["gne"]["log_PCC"] > rows["genelink"]["log_PCC"]


def test_nulls_are_averaged_as_ranks_and_models_as_probabilities(pairs):
    rng = np.random.default_rng(3)
    logits = [pairs.assign(score=1000 * rng.normal(size=len(pairs))) for _ in range(2)]
    ranks = regeneration.mean_over_seeds(pairs, logits, ranks=True)
    assert len(np.unique(ranks)) > 0.9 * len(pairs) / 2
    assert ranks.min() > 0
    one = regeneration.mean_over_seeds(pairs, logits[:1], ranks=True)
    assert (np.argsort(one) == np.argsort(logits[0]["score"])).all()
    likely = [pairs.assign(score=p) for p in (0.2, 0.6)]
    assert regeneration.mean_over_seeds(pairs, likely) == pytest.approx(0.4)


def test_areas_are_means_over_seeds(pairs):
    rng = np.random.default_rng(4)
    n, tables = len(pairs), []
    for _ in range(2):
        table = pairs.assign(label=rng.integers(0, 2, n), part="test", score=rng.random(n))
        tables.append(table)
    measured = measure(("m", "v", "", seed, table) for seed, table in enumerate(tables))
    nulls = pd.DataFrame(
        {"pairs": ["test", "test", "all"], "method": "n", "metric": ["AUROC", "AUPRC", "AUROC"],
         "value": [0.7, 0.2, 0.0]}
    )  # fmt: skip
    areas = regeneration.mean_areas(measured, nulls, ["n"])
    assert areas["n"] == (0.7, 0.2)
    assert areas["m/v"] == pytest.approx(tuple(measured[["AUROC", "AUPRC"]].mean()))
