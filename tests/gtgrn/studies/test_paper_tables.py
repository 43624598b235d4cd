"""The paper's numbers, and the tables that set them beside ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config import settings
from gtgrn.config.families import cards_in
from gtgrn.errors import InputError
from gtgrn.studies import paper_tables
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

ROOT = Path(__file__).parents[3]
NUMBERS = ROOT / "resources" / "paper_numbers.tsv"


@pytest.fixture(scope="module")
def numbers():
    return paper_tables.read_paper_numbers(NUMBERS)


def test_every_table_of_the_paper_is_there_once(numbers):
    assert numbers.groupby("table").size().to_dict() == {"table3": 32, "table5": 33, "table6": 7}
    third = numbers[numbers["table"] == "table3"]
    assert third.groupby(["dataset", "model"]).size().eq(2).all()
    assert set(third["dataset"]) == set(paper_tables.PAPER_SETS.values()) - {"PBMC"}
    assert set(numbers.loc[numbers["table"] == "table6", "model"]) == set(settings.FEATURE_SETS)


def test_the_numbers_are_in_the_ranges_of_what_they_measure(numbers):
    by_metric = {metric: rows["value"] for metric, rows in numbers.groupby("metric")}
    for metric in ("AUROC", "AUPRC", "PCC", "transitivity"):
        assert by_metric[metric].between(0, 1).all()
    assert by_metric["AUROC"].gt(0.5).all()
    assert by_metric["assortativity"].between(-1, 0).all()
    for metric in ("triangles", "maximum_degree"):
        assert (by_metric[metric] % 1 == 0).all()
    assert by_metric["characteristic_path_length"].between(1, 3).all()


def test_what_the_paper_says_of_its_numbers_holds(numbers):
    def value(*key):
        return paper_tables.paper_value(numbers, *key)

    # "It achieves the highest AUPRC 0.9042 and the AUROC of 0.9025" (GNE, hESC-1000).
    assert value("table3", "hESC-1000", "gne", "AUPRC") == 0.9042
    assert value("table3", "hESC-1000", "gne", "AUROC") == 0.9025
    for dataset in ("mESC-1000", "mESC-500", "hESC-500"):
        areas = [
            value("table3", dataset, model, "AUROC")
            for model in ("gtgrn", "gnnlink", "genelink", "gne")
        ]
        assert max(areas) == areas[0]
    sets = [value("table6", "PBMC", row, "AUROC") for row in settings.FEATURE_SETS]
    assert max(sets) == sets[-1] == 0.8877
    assert np.isnan(value("table3", "mDC-500", "gtgrn", "AUROC"))


def test_a_number_that_is_none_or_stands_twice_is_refused(tmp_path):
    text = NUMBERS.read_text().splitlines()
    for lines in ([*text, text[1]], [*text, "table3\tx\ty\tAUROC\tabout .9"]):
        path = tmp_path / "numbers.tsv"
        path.write_text("\n".join(lines) + "\n")
        with pytest.raises(InputError, match=r"numbers\.tsv.*Correct the row"):
            paper_tables.read_paper_numbers(path)
        path.write_text("\n".join([*text, "table3\tx\ty\tAUROC\t0.9"]) + "\n")
        assert paper_tables.read_paper_numbers(path)["value"].iloc[-1] == 0.9


def test_cards_of_both_sources_have_the_papers_name_but_no_other_reference():
    assert paper_tables.paper_dataset("hesc_500") == "hESC-500"
    assert paper_tables.paper_dataset("beeline_mesc_1000") == "mESC-1000"
    assert paper_tables.paper_dataset("hesc_500_string") == ""
    assert paper_tables.paper_dataset("pbmc68k_reduced") == ""
    cards = dict(cards_in(ROOT / "config/datasets"))
    assert set(paper_tables.PAPER_SETS) <= set(cards)


@pytest.mark.parametrize(
    ("mean", "sd", "paper", "null", "words"),
    [
        (0.90, 0.001, 0.88, 0.89, "0.020 above the paper; the best null exceeds the paper's"),
        (0.87, 0.02, 0.88, 0.89, "0.010 below the paper, within two standard deviations; "
         "the best null exceeds ours and the paper's"),
        (0.87, np.nan, 0.88, 0.80, "0.010 below the paper; above the best null"),
        (0.87, 0.1, np.nan, 0.88, "not in the paper; the best null exceeds ours"),
        (0.87, 0.1, np.nan, np.nan, "not in the paper"),
    ],
)  # fmt: skip
def test_the_reading_is_a_rule(mean, sd, paper, null, words):
    assert paper_tables.read_difference(mean, sd, paper, null) == words


@given(*[st.floats(0, 1)] * 3)
def test_the_reading_names_the_null_exactly_where_it_is_higher(mean, paper, null):
    words = paper_tables.read_difference(mean, 0.0, paper, null).partition("; ")[2]
    assert ("ours" in words) == (null > mean)
    assert ("the paper's" in words) == (null > paper)


def judged(rows):
    columns = ["dataset", "method", "variant", "seed", "metric", "value"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(split="edges", part="test", negatives="N0", n=100, n_positive=20)


def test_table_3_gives_means_the_papers_number_and_the_best_null(numbers):
    rows = []
    for seed, shift in ((0, -0.01), (1, 0.01)):
        for metric in ("AUROC", "AUPRC"):
            rows += [
                ("d", "gtgrn", "mine", seed, metric, 0.8 + shift),
                ("d", "genelink", "published", seed, metric, 0.7 + shift),
                ("d", "tf_rate", "null_model", seed, metric, 0.89 + shift),
                ("d", "gtgrn", "noise", seed, metric, 0.85),
                ("d", "pearson", "network", seed, metric, 0.99),
            ]
    metrics = judged(rows)
    drawn = metrics.assign(negatives="N3", value=0.0)
    models = {"d": [("gtgrn", "mine"), ("genelink", "published")]}
    table = paper_tables.compare_link_prediction(
        pd.concat([metrics, drawn]), models, [("gtgrn", "mine")], {"d": "beeline_hesc_500"},
        numbers, controls=["noise"],
    )  # fmt: skip
    assert list(table) == paper_tables.TABLE3
    assert len(table) == 4
    own = table.set_index(["method", "metric"]).loc[("gtgrn", "AUROC")]
    assert own["mean"] == pytest.approx(0.8)
    assert own["sd"] == pytest.approx(np.std([0.79, 0.81], ddof=1))
    assert own["paper"] == 0.8793
    assert own["difference"] == pytest.approx(0.8 - 0.8793)
    assert (own["best_null"], own["null"]) == ("tf_rate", pytest.approx(0.89))
    assert own["null_minus_paper"] == pytest.approx(0.89 - 0.8793)
    assert own["density"] == pytest.approx(0.2)
    peer = table.set_index(["method", "metric"]).loc[("genelink", "AUPRC")]
    assert peer["paper"] == 0.5581
    # A control that beats the predictors without expression is the null to beat.
    better = metrics.assign(value=metrics["value"].where(metrics["variant"] != "noise", 0.95))
    best = paper_tables.compare_link_prediction(
        better, models, [("gtgrn", "mine")], {"d": "other"}, numbers, controls=["noise"]
    )
    assert set(best["best_null"]) == {"gtgrn/noise"}
    assert best["paper"].isna().all()


def test_nulls_are_measured_on_test_pairs_and_over_the_universe():
    pairs = pd.DataFrame({"regulator": list("AAABBB"), "target": list("XYZXYZ")})
    pairs["label"] = [1, 0, 0, 1, 0, 1]
    scored = pairs.assign(part=["train", "train", "test", "test", "test", "val"], score=0.0)
    scored["score"] = [9.0, 1.0, 2.0, 5.0, 3.0, 1.0]
    # A pair without a score counts as the least likely.
    table = paper_tables.measure_nulls({"n": scored.iloc[:5]}, pairs, scored)
    found = table.set_index(["pairs", "metric"])["value"]
    test = scored[scored["part"] == "test"]
    assert found["test", "AUROC"] == roc_auc_score(test["label"], test["score"])
    assert found["all", "AUROC"] == pytest.approx(roc_auc_score(pairs["label"], scored["score"]))
    untrained = scored[scored["part"] != "train"]
    expected = average_precision_score(untrained["label"], untrained["score"])
    assert found["untrained", "AUPRC"] == pytest.approx(expected)
    assert paper_tables.measure_nulls({}, pairs, scored).empty


def test_the_best_null_is_chosen_by_its_mean_and_ties_by_name():
    rows = [("b", 0.5), ("b", 0.9), ("a", 0.7), ("a", 0.7), ("c", 0.6)]
    values = pd.DataFrame(rows, columns=["method", "value"])
    values = values.assign(variant="null_model", metric="AUROC")
    best = paper_tables.best_nulls(values, ["metric"]).iloc[0]
    assert (best["best_null"], best["null"]) == ("a", pytest.approx(0.7))
    assert paper_tables.best_nulls(values.iloc[:0], ["metric"]).empty


OPTIONS = {"features": ["P", "G", "E"], "control": "none", "heads": 4}


def test_feature_sets_are_found_by_what_they_are_not_by_their_names():
    options = {
        "mine": OPTIONS,
        "other_form": {**OPTIONS, "heads": 8},
        "walks": {**OPTIONS, "features": ["G"]},
        "two": {**OPTIONS, "features": ["E", "P"]},
        "two_again": {**OPTIONS, "features": ["P", "E"]},
        "noise": {**OPTIONS, "control": "random"},
        "noise_alone": {**OPTIONS, "features": ["G"], "control": "permuted"},
    }
    found = settings.find_feature_sets(options, "mine", first=["two_again", "absent"])
    assert found == {"PE": "two_again", "PGE": "mine", "G": "walks", "random": "noise"}
    assert settings.find_feature_sets(options, "other_form") == {"PGE": "other_form"}
    assert settings.find_feature_sets(options, None) == {}
    # A form of its own has features that the paper does not know.
    other = {"full": {"features": ["X"], "control": "random", "form": "full"}}
    assert settings.find_feature_sets({**options, **other}, "mine") == found | {"PE": "two"}


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_the_configurations_have_every_row_of_table_6(name):
    # The second is laid over the first.
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    other = yaml.safe_load((ROOT / "config" / name).read_text())
    config["gtgrn"] = {"control": "none", **config["gtgrn"], **other["gtgrn"]}
    config["full"] = {"control": "none"}
    options = {name: settings.variant_options(config, name) for name in config["variants"]}
    found = settings.find_feature_sets(options, settings.paper_variant(config))
    assert set(found) == {*settings.FEATURE_SETS, "random", "permuted"}


def test_imputation_is_turned_round():
    card = {"title": "x", "expression": {"format": "h5ad"}}
    cards = {
        "off": card,
        "on": {**card, "preprocess": {"magic": {"t": 3}, "n_top_genes": 5}},
        "made": {**card, "expression": {"format": "simulation"}},
    }
    config = {"preprocess": {"magic": False}, "paper": {"imputation": "PE"}}
    found = settings.imputation_counterparts(config, cards)
    assert list(found) == ["off-magic_on", "on-magic_off"]
    assert found["off-magic_on"]["preprocess"] == {"magic": True}
    assert found["on-magic_off"]["preprocess"] == {"magic": False, "n_top_genes": 5}
    assert "preprocess" not in cards["off"]
    config["paper"]["imputation"] = None
    assert settings.imputation_counterparts(config, cards) == {}


def ablated(rows, seed, pairs=200):
    """Return score tables of rows whose scores are labels with so much noise."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "regulator": np.repeat([f"T{i}" for i in range(10)], pairs // 10),
            "target": np.tile([f"G{i}" for i in range(pairs // 10)], 10),
            "label": (rng.random(pairs) < 0.3).astype(int),
            "part": np.where(np.arange(pairs) % 4 == 0, "train", "test"),
        }
    )
    return {
        row: table.assign(score=table["label"] + noise * rng.normal(size=pairs))
        for row, noise in rows.items()
    }


def test_table_6_has_paired_intervals_against_all_features(numbers):
    runs = {s: ablated({"PGE": 0.4, "P": 2.0, "PE": 0.4}, s) for s in (0, 1)}
    for seed, rows in runs.items():
        rows["same"] = rows["PGE"].sample(frac=1, random_state=seed)
    nulls = pd.DataFrame(
        {"pairs": "test", "method": "tf_rate", "variant": "null_model", "metric": "AUROC",
         "value": [0.6, 0.7]}
    )  # fmt: skip
    table = paper_tables.compare_ablations(runs, nulls, numbers, samples=200)
    found = table[table["metric"] == "AUROC"].set_index("row")
    expected = []
    for rows in runs.values():
        test = rows["P"][rows["P"]["part"] == "test"]
        expected.append(roc_auc_score(test["label"], test["score"]))
    assert found.loc["P", "mean"] == pytest.approx(np.mean(expected))
    assert found.loc["P", "sd"] == pytest.approx(np.std(expected, ddof=1))
    assert found.loc["P", "high"] < 0
    assert found.loc["P", "low"] < found.loc["P", "difference"] < found.loc["P", "high"]
    assert found.loc["PE", "low"] < 0 < found.loc["PE", "high"]
    # The same scores in another order of rows: no difference, resample by resample.
    assert found.loc["same", ["difference", "low", "high"]].abs().max() < 1e-12
    assert found.loc["same", "p"] == 1
    assert found.loc["PGE", ["difference", "low", "high", "p"]].isna().all()
    assert found.loc["PGE", "paper"] == 0.8877
    assert found["null"].to_numpy() == pytest.approx(0.65)
    again = paper_tables.compare_ablations(runs, nulls, numbers, samples=200)
    pd.testing.assert_frame_equal(table, again)


def test_rows_with_other_test_pairs_have_no_interval_and_say_so(numbers):
    runs = {0: ablated({"PGE": 0.4, "magic_on": 0.4}, 0)}
    runs[0]["magic_on"] = runs[0]["magic_on"].iloc[:-5]
    nulls = pd.DataFrame(columns=["pairs", "method", "variant", "metric", "value"])
    table = paper_tables.compare_ablations(runs, nulls, numbers, samples=20, imputed="PGE")
    table = paper_tables.describe_rows(table, {"PGE": "mine", "magic_on": "mine"}, "PGE")
    assert list(table) == [column for column in paper_tables.TABLE6 if column != "dataset"]
    other = table[table["row"] == "magic_on"].iloc[0]
    assert np.isnan(other["low"])
    assert not np.isnan(other["difference"])
    assert "no paired interval" in other["note"]
    assert other["kind"] == "imputation"
    full = table[table["row"] == "PGE"].iloc[0]
    assert full["note"] == "all features, not imputed"


def test_imputation_is_compared_with_the_feature_set_it_was_turned_round_on(numbers):
    runs = {0: ablated({"PGE": 0.2, "PE": 2.0, "magic_on": 0.2}, 1)}
    nulls = pd.DataFrame(columns=["pairs", "method", "variant", "metric", "value"])
    table = paper_tables.compare_ablations(runs, nulls, numbers, samples=50, imputed="PE")
    rows = table[table["metric"] == "AUROC"].set_index("row")
    assert rows["against"].to_dict() == {"PGE": "", "PE": "PGE", "magic_on": "PE"}
    assert rows.loc["magic_on", "low"] > 0
    noted = paper_tables.describe_rows(table, {}, "PE").set_index("row")["note"]
    assert noted["magic_on"].iloc[0] == "as PE, but expression imputed with MAGIC"


def test_reconstructions_keep_the_compared_models_and_name_their_kinds():
    columns = ["pairs", "method", "variant", "metric", "value", "seed"]
    rows = [
        (pairs, method, variant, metric, value, seed)
        for pairs in ("all", "untrained", "test")
        for method, variant, value in (
            ("gtgrn", "mine", 0.8), ("gtgrn", "ablated", 0.7), ("gne", "published", 0.6),
            ("clr", "network", 0.5), ("tf_rate", "null_model", 0.9),
        )
        for metric in ("AUROC", "AUPRC")
        for seed in (0, 1)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    models = {"d": [("gtgrn", "mine"), ("gne", "published")]}
    empty = table.iloc[:0]
    joined = paper_tables.join_reconstructions({"d": [table, empty]}, models, [("gtgrn", "mine")])
    assert set(joined["pairs"]) == {"all", "untrained"}
    kinds = joined.groupby("kind")["method"].unique().map(list).to_dict()
    assert kinds == {
        "model": ["gtgrn"],
        "peer": ["gne"],
        "network": ["clr"],
        "null_model": ["tf_rate"],
    }
    assert "ablated" not in set(joined["variant"])
    assert joined["seeds"].eq(2).all()
