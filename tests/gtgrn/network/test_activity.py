from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.network.activity import group_cells, mean_by_group, most_variable, score_cells
from gtgrn.report.sections.biology import (
    activity_figure,
    draw_activity,
    draw_overlap,
    make,
    overlap_figure,
    overlap_rows,
)
from scipy.stats import linregress

GENES = [f"g{i:02d}" for i in range(12)]


@pytest.fixture
def expression():
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(20)]
    return pd.DataFrame(rng.gamma(2.0, size=(20, 12)), index=names, columns=GENES)


def make_net(**weights):
    rows = [(name, gene, w) for name, by_gene in weights.items() for gene, w in by_gene.items()]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


NET = make_net(A=dict.fromkeys(GENES[:5], 1.0), B=dict.fromkeys(GENES[3:9], -0.5), C={"g00": 1.0})


def test_the_score_is_the_t_value_of_a_regression_over_genes(expression):
    scores = score_cells(expression, NET, 5)
    # C has one target.
    assert list(scores) == ["A", "B"]
    for cell in expression.index[:5]:
        for source, weight in (("A", 1.0), ("B", -0.5)):
            x = np.zeros(12)
            x[[GENES.index(g) for g in NET.loc[NET["source"] == source, "target"]]] = weight
            fit = linregress(x, expression.loc[cell])
            assert scores.loc[cell, source] == pytest.approx(fit.slope / fit.stderr, abs=1e-3)


def test_scores_depend_on_names_only(expression):
    scores = score_cells(expression, NET, 5)
    order = np.random.default_rng(1).permutation
    mixed = expression.iloc[order(20), order(12)]
    pd.testing.assert_frame_equal(score_cells(mixed, NET.iloc[::-1], 5).loc[scores.index], scores)


def test_cells_and_regulators_without_a_slope(expression):
    expression.loc["c3"] = 0.0
    net = pd.concat([NET, make_net(D=dict.fromkeys(GENES, 0.7))])
    scores = score_cells(expression, net, 5)
    assert list(scores) == ["A", "B"]
    assert scores.loc["c3"].isna().all()
    assert scores.drop("c3").notna().all(axis=None)
    groups = pd.Series(["x"] * 20, index=expression.index)
    means = mean_by_group(scores, groups)
    assert means["mean"].tolist() == pytest.approx(scores.mean().tolist(), abs=1e-5)
    assert means["z"].tolist() == pytest.approx([0, 0], abs=1e-5)


def test_no_regulon_gives_no_score(expression):
    assert score_cells(expression, NET[:0], 1).shape == (20, 0)
    scores = score_cells(expression, NET, 10)
    assert scores.shape == (20, 0)
    means = mean_by_group(scores, pd.Series("x", index=expression.index))
    assert means.empty
    assert {"group", "regulator", "z"} <= set(means)


def test_means_by_hand():
    activity = pd.DataFrame({"A": [1.0, 3.0, 5.0, 7.0], "B": 2.0}, index=list("wxyz"))
    groups = pd.Series({"z": "q", "y": "q", "x": "p", "w": "p"})
    table = mean_by_group(activity, groups)
    assert table["group"].tolist() == ["p", "p", "q", "q"]
    assert table["regulator"].tolist() == ["A", "B", "A", "B"]
    assert table["cells"].tolist() == [2] * 4
    assert table["mean"].tolist() == [2, 2, 6, 2]
    assert table["sd"].tolist() == [1, 0, 1, 0]
    # Of 1, 3, 5, 7: mean 4, standard deviation root of 5.
    assert table["z"].tolist() == pytest.approx([-2 / 5**0.5, 0, 2 / 5**0.5, 0], abs=1e-5)


def two_blobs():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(size=(40, 12)), rng.normal(size=(60, 12)) + 6])
    names = [f"c{i:03d}" for i in range(100)]
    return ad.AnnData(pd.DataFrame(values, index=names, columns=GENES))


def test_leiden_separates_blobs_whatever_the_order_of_cells_and_genes():
    adata = two_blobs()
    groups = group_cells(adata, None, seed=0)
    assert groups.name == "leiden"
    assert not set(groups[:40]) & set(groups[40:])
    order = np.random.default_rng(2).permutation
    mixed = group_cells(adata[order(100), order(12)].copy(), None, seed=0)
    pd.testing.assert_series_equal(mixed.loc[groups.index], groups)


def test_few_cells_are_one_cluster():
    assert set(group_cells(two_blobs()[:10].copy(), None, seed=0)) == {"0"}


def test_cell_types_are_those_of_the_card():
    adata = two_blobs()[:3].copy()
    adata.obs["kind"] = pd.Categorical(["T", None, "B"])
    assert group_cells(adata, "kind", seed=0).tolist() == ["T", "unknown", "B"]


def make_means(regulators=4, groups=("p<q", "r", "s")):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        [(g, f"R{i}") for g in groups for i in range(regulators)], columns=["group", "regulator"]
    )
    spread = table["regulator"].str[1:].astype(int)
    table["z"] = rng.normal(size=len(table)) * spread
    return table.assign(cells=5, mean=table["z"] + 10, sd=1.0, grouped_by="leiden")


def test_the_most_variable_regulators_are_shown():
    means = make_means()
    wide = most_variable(means, 2)
    assert set(wide.index) == {"R2", "R3"}
    assert set(wide.columns) == {"p<q", "r", "s"}
    raw = most_variable(means, 2, "mean")
    assert (raw.index == wide.index).all()
    assert raw.to_numpy() == pytest.approx(wide.to_numpy() + 10)


def test_of_equal_regulators_the_first_by_name_is_shown():
    means = make_means().assign(z=[1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 0, 0])
    assert set(most_variable(means, 2).index) == {"R0", "R1"}


def make_overlap(seeds=(0, 1), splits=("edges",)):
    rows = [
        (split, seed, pool, method, evidence, 100, known, 9, 3, 1.0, 4.0, 1.5, 9.0, 0.01, 0.02)
        for split in splits
        for seed in seeds
        for pool in ("held_out", "test")
        for method in ("model", "tf_rate")
        for evidence, known in (("reference", 9), ("source <X>", 6), ("source few", 2))
    ]
    columns = ["split", "seed", "pool", "method", "evidence", "pairs", "known", "chosen", "hits"]
    columns += ["expected", "odds_ratio", "low", "high", "p", "q"]
    return pd.DataFrame(rows, columns=columns)


def test_databases_with_few_edges_are_not_drawn():
    rows = overlap_rows(make_overlap())
    assert set(rows["evidence"]) == {"reference", "source <X>"}
    assert rows["place"].is_unique
    assert (rows.loc[rows["evidence"] == "reference", "place"] > 0.5).all()
    absent = make_overlap()
    gone = (absent["evidence"] == "source <X>") & (absent["seed"] == 1)
    assert set(overlap_rows(absent[~gone])["evidence"]) == {"reference"}


def test_names_are_escaped_and_panels_are_splits():
    figure = overlap_figure(make_overlap(splits=("edges", "genes")))
    text = figure.to_json()
    assert "&lt;X&gt; (6)" in text
    assert "<X>" not in text
    assert text.count('"title":{"font":{"size":13},"standoff":8,"text":"Odds ratio') == 2
    heat = activity_figure(make_means()).to_json()
    assert "p&lt;q" in heat
    assert "p<q" not in heat
    assert "Leiden cluster" in heat


@pytest.mark.parametrize(
    ("draw", "table"),
    [
        (draw_activity, make_means()),
        (draw_activity, make_means(regulators=1, groups=["one"])),
        (draw_activity, make_means()[:0]),
        (draw_overlap, make_overlap(splits=("edges", "genes"))),
    ],
)
def test_static_figures_are_the_same_bytes_each_time(draw, table, tmp_path):
    paths = [tmp_path / "figure.svg", tmp_path / "figure.png"]
    draw(table, paths)
    first = [path.read_bytes() for path in paths]
    assert first[0].startswith(b"<?xml")
    assert first[1].startswith(b"\x89PNG")
    draw(table, paths)
    assert [path.read_bytes() for path in paths] == first


def test_the_section_reads_the_files_of_the_target(tmp_path):
    folder = tmp_path / "toy" / "biology"
    folder.mkdir(parents=True)
    regulators = {
        "regulator": ["A"], "predicted": [7], "predicted_known": [5], "supported": [1],
        "known": [9], "trained": [8], "best_rank": [1],
    }  # fmt: skip
    novel = {
        "rank": [2], "regulator": ["A"], "target": ["B"], "importance": [0.5], "methods": ["x,y"],
        "n_methods": [2], "correlation": [0.25], "sign": ["+"], "regulator_known": [9],
        "regulator_trained": [8],
    }  # fmt: skip
    overlap = make_overlap()
    by_regulator = overlap.drop(columns="evidence").assign(regulator="A")
    for name, table in (
        ("regulators", pd.DataFrame(regulators)),
        ("novel", pd.DataFrame(novel)),
        ("overlap", overlap),
        ("overlap_regulators", by_regulator),
        ("activity", make_means()),
    ):
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    section = make(tmp_path, ["toy", "absent"])
    assert [len(section[key]) for key in ("tables", "figures")] == [3, 2]
    assert section["tables"][0]["rows"] == [["A", "7", "5", "1", "9", "8"]]
    assert section["tables"][1]["rows"][0][-2:] == ["x, y", "8"]
    rows = section["tables"][2]["rows"]
    assert rows[0][:3] == ["edges", "validation and test", "GT-GRN"]
    assert rows[1][2] == "best null (tf_rate)"
    assert rows[0][3:] == ["9.0", "3.0", "1.0", "4.00 [1.50, 9.00]", "1.0e-02", "3.0 of 3.0"]
    for name in ("overlap.tsv", "overlap_regulators.tsv"):
        (folder / name).unlink()
    make_means()[:0].to_csv(folder / "activity.tsv", sep="\t", index=False)
    assert make(tmp_path, ["toy"])["figures"] == []
