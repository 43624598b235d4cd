import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.summaries import (
    COLUMNS,
    LAYOUTS,
    headline_table,
    join_tables,
    rank_over_datasets,
    summarise_seeds,
)
from gtgrn.tables import read_table, write_table


def make_metrics(values):
    """Rows from {(dataset, method, seed): AUROC}."""
    rows = [
        (dataset, "edges", "test", "N0", method, "v", seed, "AUROC", value, 10, 2)
        for (dataset, method, seed), value in values.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_tables_are_joined_and_none_is_an_empty_one(tmp_path):
    one, two = make_metrics({("a", "m", 0): 0.5}), make_metrics({("b", "m", 0): 0.7})
    for name, table in (("one.tsv", one), ("two.tsv", two)):
        write_table(table, tmp_path / name)
    joined = join_tables([tmp_path / "one.tsv", tmp_path / "two.tsv"], COLUMNS)
    assert joined["dataset"].tolist() == ["a", "b"]
    assert list(join_tables([], COLUMNS)) == COLUMNS
    for name, columns in LAYOUTS.items():
        write_table(join_tables([], columns), tmp_path / f"{name}.tsv")
        assert list(read_table(tmp_path / f"{name}.tsv", columns)) == columns
    assert summarise_seeds(join_tables([], COLUMNS)).empty
    assert rank_over_datasets(join_tables([], COLUMNS)).empty


def test_seeds_are_summarised():
    table = summarise_seeds(make_metrics({("a", "m", s): v for s, v in enumerate([0.5, 0.6, 1])}))
    assert len(table) == 1
    assert table["mean"].item() == pytest.approx(0.7)
    assert table["sd"].item() == pytest.approx(np.std([0.5, 0.6, 1], ddof=1))
    assert table["low"].item() < 0.7 < table["high"].item()


def test_replicates_of_a_card_are_one_data_set():
    # On the card sim both replicates favour n, on the other two data sets m is better.
    values = {("sim-r0", "m", 0): 0.1, ("sim-r0", "n", 0): 0.2, ("sim-r1", "m", 0): 0.1}
    values |= {("sim-r1", "n", 0): 0.3, ("a", "m", 0): 0.9, ("a", "n", 0): 0.8}
    values |= {("b", "m", 0): 0.9, ("b", "n", 0): 0.8, ("b", "only here", 0): 1.0}
    table = rank_over_datasets(make_metrics(values)).set_index("method")
    assert set(table.index) == {"m", "n"}
    assert table["datasets"].unique() == [3]
    assert table.loc["m", "mean_rank"] == pytest.approx(4 / 3)
    assert table.loc["n", "mean_rank"] == pytest.approx(5 / 3)
    assert table["groups"].tolist() == ["a", "a"]


def test_one_data_set_gives_no_ranks():
    table = rank_over_datasets(make_metrics({("a", "m", 0): 0.5, ("a", "n", 0): 0.6}))
    assert table.empty


def test_the_headline_table_has_a_row_a_method():
    metrics = make_metrics({("a", m, s): 0.5 + 0.1 * s for m in ("m", "n") for s in (0, 1)})
    best = metrics.assign(metric="AUPRC", value=[0.1, 0.3, 0.4, 0.6])
    win = metrics.assign(metric="win_rate", negatives="N3m", value=0.7)
    rows = [
        ("m", "v", "best null", "N0", "AUPRC", d, d - 0.1, d + 0.1, "a", "edges", s)
        for s, d in enumerate((0.05, 0.15))
    ]
    names = ["method", "variant", "rival", "negatives", "metric", "difference", "low", "high"]
    comparisons = pd.DataFrame(rows, columns=[*names, "dataset", "split", "seed"])
    table = headline_table(pd.concat([metrics, best, win]), comparisons)
    assert table["method"].tolist() == ["n", "m"]
    row = table.set_index("method").loc["m"]
    assert row["seeds"] == 2
    assert row["AUROC"] == pytest.approx(0.55)
    assert row["AUROC_sd"] == pytest.approx(np.std([0.5, 0.6], ddof=1))
    assert row["N3m_win_rate"] == pytest.approx(0.7)
    assert row["AUPRC_minus_best_null"] == pytest.approx(0.1)
    assert row["AUPRC_minus_best_null_low"] == pytest.approx(-0.05)
    assert row["AUPRC_minus_best_null_high"] == pytest.approx(0.25)
    assert np.isnan(row["AUPRC_minus_best_peer"])
    assert headline_table(join_tables([], COLUMNS), pd.DataFrame()).empty
