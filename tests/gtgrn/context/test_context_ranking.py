import json

import numpy as np
from context_cases import GENES, contexts, source
from gtgrn.context.ranking import SUPPORT, describe_ranking, rank_pairs
from gtgrn.context.transfer import FEATURES, TransferModel, fit_transfer


def test_pairs_of_named_regulators_are_ranked_by_score_within_both_ends():
    sources = contexts(4, cells=3)
    model = fit_transfer(sources, GENES)
    table = rank_pairs(model, sources, ["R0", "R1", "stranger"], GENES)
    assert set(table["regulator"]) == {"R0", "R1"}
    assert len(table) == 2 * len(GENES)
    assert table["score"].is_monotonic_decreasing
    own = table[table["regulator"] == "R1"]
    assert own["rank_in_regulator"].is_monotonic_increasing
    for _, both in table.groupby("target"):
        assert sorted(both["rank_in_target"]) in ([1, 2], [1.5, 1.5])
    edges = {(s.name, r): set(np.array(GENES)[row.astype(bool)])
             for s in sources for r, row in zip(s.regulators, s.dense(), strict=True)}  # fmt: skip
    for row in table.head(20).itertuples():
        expected = sum(row.target in edges[one.name, row.regulator] for one in sources)
        assert row.bound_elsewhere == expected


def test_what_a_rank_rests_on_are_the_parts_that_raise_the_score():
    labels = np.zeros((2, 60))
    labels[0, :20] = labels[1, 10:40] = 1
    chip = source(labels, cell_type="K562")
    motif = source(labels[:1], kind="motif", name="motif")
    for feature, name in (
        ("same regulator chip", "same regulator elsewhere"),
        ("same regulator motif", "motif"),
        ("popularity chip", "popularity"),
    ):
        weights = np.array([float(one == feature) for one in FEATURES])
        table = rank_pairs(TransferModel(weights, [], 0), [chip, motif], ["R0"], GENES[:60])
        raised = table["score"] > 0
        assert 0 < raised.sum() < len(table)
        assert (table.loc[raised, "rests_on"] == name).all()
        assert (table.loc[~raised, "rests_on"] == "").all()
        specific = 0 if name == "popularity" else table["score"]
        np.testing.assert_allclose(table["specific_score"], specific, atol=1e-12)
    assert sum(len(columns) for columns in SUPPORT.values()) == len(FEATURES)


def test_the_description_counts_what_the_ranking_rests_on():
    sources = contexts(5, cells=3)
    model = fit_transfer(sources, GENES)
    table = rank_pairs(model, sources, ["R0", "R1"], GENES)
    summary = json.loads(json.dumps(describe_ranking(table, model, sources, {"one": "free"})))
    assert [one["source"] for one in summary["sources"]] == ["cells0", "cells1", "cells2"]
    assert summary["ranked_regulators"] == 2
    assert summary["licences"] == {"one": "free"}
    shares = table["rests_on"].str.contains("popularity").mean()
    assert abs(summary["rests_on"]["popularity"] - shares) < 1e-6
    assert abs(sum(summary["first_regulator"].values()) - 1) < 1e-5


def test_no_regulator_in_common_gives_an_empty_ranking():
    sources = contexts(6, cells=2)
    model = fit_transfer(sources, GENES)
    table = rank_pairs(model, sources, ["nobody"], GENES)
    assert table.empty
    assert describe_ranking(table, model, sources, {})["ranked_regulators"] == 0
