from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.config.settings import grid_points
from gtgrn.models.tuning import choose, measure_point
from gtgrn.report.sections.peers import grid_figure, sections, tuning_figure
from gtgrn.studies.peers import measure, read_measures, summarise
from gtgrn.tables import write_table
from sklearn.metrics import average_precision_score, roc_auc_score


def scored(seed=0):
    rng = np.random.default_rng(seed)
    n = 90
    labels = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "regulator": np.repeat(["a", "b", "c"], 30),
            "target": [f"g{i % 30}" for i in range(n)],
            "label": labels,
            "part": rng.choice(["train", "val", "test"], n),
            "score": labels + rng.normal(size=n),
        }
    )


def grid_rows():
    """The point best on the test part is the worst on the validation part."""
    rows = []
    for seed in (0, 1):
        for point, validation, test in (("p1", 0.8, 0.1), ("p2", 0.6, 0.9)):
            rows.append(
                {
                    "dataset": "d", "model": "m", "point": point, "seed": seed,
                    "validation_AUROC": 0.5, "validation_AUPRC": validation + 0.01 * seed,
                    "test_AUROC": test, "test_AUPRC": test,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_grid_is_every_combination_under_names_of_paths():
    points = grid_points({"epochs": [5, 10], "hidden": [[8, 4], [8, 2]]})
    assert points["epochs=10,hidden=8x2"] == {"epochs": 10, "hidden": [8, 2]}
    assert len(points) == 4
    assert not any("/" in name or " " in name for name in points)


def test_a_point_is_measured_on_validation_and_test():
    table = scored()
    row = measure_point(table).iloc[0]
    for name, part in (("validation", "val"), ("test", "test")):
        rows = table[table["part"] == part]
        assert row[f"{name}_AUROC"] == pytest.approx(roc_auc_score(rows["label"], rows["score"]))
        assert row[f"{name}_AUPRC"] == pytest.approx(
            average_precision_score(rows["label"], rows["score"])
        )


def test_validation_chooses_and_test_scores_do_not():
    table = choose(grid_rows()).set_index("point")
    assert table["chosen"].to_dict() == {"p1": 1, "p2": 0}
    assert table.loc["p1", "validation_AUPRC"] == pytest.approx(0.805)
    assert table.loc["p1", "seeds"] == 2
    other = choose(grid_rows().assign(test_AUROC=0.0, test_AUPRC=0.0)).set_index("point")
    assert other["chosen"].equals(table["chosen"])


def test_the_box_plot_marks_the_chosen_point():
    box, diamond = tuning_figure(choose(grid_rows())).data
    assert sorted(box.y) == [0.1, 0.9]
    assert list(diamond.y) == [0.1]


def test_the_grid_has_a_line_for_each_number_of_heads():
    table = pd.DataFrame(
        {"boolean": "hsc", "layers": [1, 2] * 2, "heads": [1, 1, 2, 2],
         "AUROC": [0.1, 0.2, 0.3, 0.4], "AUROC_sd": np.nan, "AUPRC": 0.5, "AUPRC_sd": 0.1}
    )  # fmt: skip
    figure = grid_figure(table)
    assert [list(line.y) for line in figure.data[:2]] == [[0.1, 0.2], [0.3, 0.4]]
    assert len(figure.data) == 4


def test_peers_are_averaged_over_seeds_beside_the_originals():
    runs = [("genelink", "published", "edges", seed, scored(seed)) for seed in (0, 1)]
    rows = measure(runs)
    test = scored(0).query("part == 'test'")
    assert rows["AUROC"][0] == pytest.approx(roc_auc_score(test["label"], test["score"]))
    originals = pd.DataFrame(
        {"card": ["d", "other"], "split": "edges", "model": "genelink", "AUROC": [".8", ".9"],
         "AUPRC": [".4", ".5"]}
    )  # fmt: skip
    table = summarise(rows, originals, "d").iloc[0]
    assert table["AUROC"] == pytest.approx(rows["AUROC"].mean())
    assert table["AUROC_sd"] == pytest.approx(rows["AUROC"].std())
    assert (table["seeds"], table["original_AUROC"]) == (2, ".8")


def test_missing_numbers_stay_numbers_and_text_stays_text(tmp_path):
    table = pd.DataFrame(
        {"gene": ["1", "2"], "mean": [0.5, np.nan], "sd": [np.nan, np.nan], "range": [".8-.9", ""]}
    )
    write_table(table, tmp_path / "t.tsv")
    again = read_measures(tmp_path / "t.tsv")
    assert again["mean"].tolist()[0] == 0.5
    assert np.isnan(again["mean"][1])
    assert again["sd"].isna().all()
    assert again["range"].tolist() == [".8-.9", ""]
    assert again["gene"].tolist() == ["1", "2"]


def test_sections_of_one_seed_show_a_dash_for_what_is_missing(tmp_path):
    originals = pd.DataFrame(columns=["card", "split", "model", "AUROC", "AUPRC"])
    rows = measure([("gne", "repaired", "edges", 0, scored())])
    (tmp_path / "d").mkdir()
    write_table(summarise(rows, originals, "d"), tmp_path / "d/peers.tsv")
    write_table(choose(grid_rows().query("seed == 0")), tmp_path / "d/tuning.tsv")
    settings = {"report": {"studies": ["peers", "tuning"]}}
    peers, tuning = sections(tmp_path, ["d", "absent"], settings)
    line = dict(zip(peers["tables"][0]["columns"], peers["tables"][0]["rows"][0], strict=True))
    assert (line["model"], line["original_AUROC"]) == ("gne", "\u2013")
    assert line["AUROC"] == f"{rows['AUROC'][0]:.3f}"
    assert tuning["tables"][0]["rows"] == [["m", "p1", "1", "0.800", "0.100", "0.100"]]
    assert len(tuning["figures"]) == 1
