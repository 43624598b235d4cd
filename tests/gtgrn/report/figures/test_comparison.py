"""What the report computes: differences, curves, intervals, layouts, formats."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from gtgrn.report.figures.benchmark import mean_curve, pool_reliability, wilson
from gtgrn.report.figures.comparison import Block, Difference, ablation_rows, compare, verdict
from gtgrn.report.figures.network import network_figure
from gtgrn.report.text import cite, count, duration, number, plain, plusminus, signed
from report_cases import REGULATORS, SETTINGS, metrics, network, text_of


@pytest.mark.parametrize(
    ("gaps", "found"),
    [
        ((0.1, 0.2), "above"), ((-0.1, -0.2), "below"), ((-0.1, 0.2), "not apart from"),
        ((0.0, 0.2), "not apart from"), ((-0.1, 0.0), "not apart from"),
    ],
)  # fmt: skip
def test_agreement_of_the_seeds(gaps, found):
    difference = Difference(float(np.mean(gaps)), min(gaps), max(gaps), len(gaps))
    assert difference.agreement == found


def test_seeds_that_agree_are_no_evidence_where_the_intervals_hold_zero():
    """The summary says what the section on the nulls says, whatever the seeds' signs are."""
    block = Block(metrics(), SETTINGS)
    assert block.difference(block.main, ("tf_rate", "null_model"), "AUROC").agreement == "above"
    tie = {"mean": 0.095, "low": -0.01, "high": 0.2, "verdict": "tie", "rivals": "tf_rate"}
    found = compare(block, {"AUROC": tie})
    assert (
        "cannot be told from the best null in AUROC (+0.095 against tf_rate)" in found["verdict"]
    )
    assert "better" not in found["verdict"]
    assert found["columns"][0]["judged"] is tie


def test_differences_are_paired_by_seed_not_by_row():
    block = Block(metrics().iloc[::-1], SETTINGS)
    found = block.difference(("gtgrn", "full"), ("tf_rate", "null_model"), "AUROC")
    assert (found.low, found.high) == pytest.approx((0.08, 0.11))
    assert block.best("null", "AUROC") == ("tf_rate", "null_model")
    assert block.best("null", "within_TF_AUROC") == ("random", "null_model")
    assert [block.kind(("gtgrn", name)) for name in ("full", "P", "noise")] == [
        "main",
        "model",
        "control",
    ]
    assert block.label(("random", "null_model")) == "random null"
    assert block.label(("random", "network")) == "random network"
    assert block.label(("tf_rate", "null_model")) == "tf_rate"


def test_a_seed_that_one_method_lacks_is_no_pair():
    table = metrics()
    lacks = (table["method"] == "tf_rate") & (table["seed"] == 4)
    found = Block(table[~lacks], SETTINGS).difference(
        ("gtgrn", "full"), ("tf_rate", "null_model"), "AUROC"
    )
    assert found.seeds == 2
    assert (found.low, found.high) == pytest.approx((0.08, 0.10))


def test_verdict_without_a_null_claims_nothing():
    assert "nothing can be said" in verdict("GT-GRN", [], [])


def test_mean_curve_interpolates_each_seed_first():
    first = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    second = pd.DataFrame({"x": [0.0, 0.0, 1.0], "y": [0.0, 1.0, 1.0]})
    grid = np.linspace(0, 1, 101)
    np.testing.assert_allclose(mean_curve([first, second], precision=False), (grid + 1) / 2)


def test_mean_curve_leaves_out_the_conventional_precision_at_recall_0():
    curve = pd.DataFrame({"x": [0.0, 0.5, 1.0], "y": [1.0, 0.2, 0.2]})
    np.testing.assert_allclose(mean_curve([curve], precision=True), 0.2)


def test_pooled_bins_are_weighted_by_their_pairs():
    curves = pd.DataFrame(
        {
            "lower": [0.0, 0.1, 0.0, 0.1],
            "mean_probability": [0.02, np.nan, 0.08, 0.15],
            "observed_frequency": [0.0, np.nan, 0.4, 1.0],
            "n": [30.0, 0.0, 10.0, 2.0],
            "seed": [0, 0, 1, 1],
        }
    )
    pooled = pool_reliability(curves)
    np.testing.assert_allclose(pooled["mean_probability"], [(0.6 + 0.8) / 40, 0.15])
    np.testing.assert_allclose(pooled["observed_frequency"], [0.1, 1.0])
    assert list(pooled["n"]) == [40, 2]


def test_wilson_interval_against_its_equation():
    share, n, z = np.array([0.0, 0.3, 1.0]), np.array([5.0, 20.0, 7.0]), 1.959964
    for end in wilson(share, n):
        # Both ends solve (share - p)^2 = z^2 p (1 - p) / n.
        np.testing.assert_allclose((share - end) ** 2, z**2 * end * (1 - end) / n, atol=1e-12)
    low, high = wilson(share, n)
    assert (low <= share + 1e-12).all()
    assert (high >= share - 1e-12).all()


def test_drawing_does_not_depend_on_the_order_of_rows():
    edges = network(True).head(20)
    first = network_figure(edges, REGULATORS, "probability").to_json()
    shuffled = edges.sample(frac=1, random_state=0)
    assert network_figure(shuffled, REGULATORS, "probability").to_json() == first


def test_parts_that_are_not_connected_stay_in_sight():
    edges = pd.DataFrame(
        {"regulator": ["A", "A", "A", "X"], "target": ["B", "C", "D", "Y"], "rank": range(4)}
    )
    edges["score"], edges["methods"] = 0.5, ""
    figure = network_figure(edges, ["A", "X"], "score")
    place = {
        trace.text[i]: np.array([trace.x[i], trace.y[i]])
        for trace in figure.data
        if trace.customdata is not None
        for i in range(len(trace.x))
    }
    assert set(place) == set(nx.from_pandas_edgelist(edges, "regulator", "target"))
    across = np.linalg.norm(place["A"] - place["X"])
    assert across < 3 * max(np.linalg.norm(place["A"] - place[name]) for name in "BCD")


def test_formats():
    assert [number(-0.12345), number(float("nan")), signed(0.1), signed(-0.1)] == [
        "−0.123",
        "–",
        "+0.100",
        "−0.100",
    ]
    assert [signed(value) for value in (-0.0004, 0.0, 0.0004, 0.0006)] == [
        *3 * ["0.000"],
        "+0.001",
    ]
    assert count(31324.0) == "31,324"
    assert [duration(s) for s in (5.04, 59.9, 100, 3599.6, 7325)] == [
        "5.0 s", "59.9 s", "1 min 40 s", "1 h 00 min", "2 h 02 min",
    ]  # fmt: skip
    assert text_of(plusminus({"mean": 0.5, "sd": 0.01})) == "0.500 ± 0.010"
    assert plusminus({"mean": 0.5, "sd": float("nan")}) == "0.500"
    assert plain({"a": 0, "b": "", "c": None, "d": {"e": np.int64(5)}}) == "a: 0; d: (e: 5)"
    assert cite("<b>, https://doi.org/10.1/x").startswith("&lt;b&gt;")
    link = '<a href="https://doi.org/10.1000/a.b" rel="noreferrer">doi:10.1000/a.b</a>'
    for before in ("doi:", "DOI ", "https://doi.org/", ""):
        assert str(cite(f"Me, {before}10.1000/a.b; mine")) == f"Me, {link}; mine"


def test_an_ablation_is_held_against_the_first_of_its_form():
    settings = {
        "gtgrn": {"features": ["P"]},
        "full": {"features": ["X"], "control": "none"},
        "variants": {"own": {"form": "full"}, "paper": {}, "none": {"control": "random"}},
        "network": {"variant": "own", "beside": ["paper"]},
        "ablations": {"variants": ["none"]},
    }
    rows = [
        ("gtgrn", variant, seed, metric, level + seed / 10, 10, 5)
        for variant, level in (("own", 0.6), ("paper", 0.5), ("none", 0.3))
        for seed in (0, 1)
        for metric in ("AUROC", "AUPRC", "within_TF_AUROC")
    ]
    columns = ["method", "variant", "seed", "metric", "value", "n", "n_positive"]
    found = ablation_rows(Block(pd.DataFrame(rows, columns=columns), settings))
    assert [(row["label"], row["base"]) for row in found] == [
        *[("own", "own"), ("paper", "paper"), ("none", "paper")]
    ]
    assert found[2]["differences"]["AUROC"].mean == pytest.approx(-0.2)
    assert found[0]["others"] == found[1]["others"]
