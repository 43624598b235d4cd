import numpy as np
import pandas as pd
import pytest
from gtgrn.report.judgement import (
    LEAST_POSITIVES,
    describe_reconstruction,
    forest_figure,
    judge_block,
    label_of,
    over_seeds,
    read_ranks,
    without_nulls,
)
from gtgrn.tables import write_table

MAIN = ("gtgrn", "full")
MANY = 100.0
LABEL = label_of({})
COLUMNS = [
    *["dataset", "split", "seed", "method", "variant", "rival", "rival_method", "rival_variant"],
    *["negatives", "metric", "difference", "low", "high", "p"],
]


def rows(
    method, variant, intervals, metric="AUROC", rival="best null", best=("svd", "null_model")
):
    """One row a seed from (low, high)."""
    return [
        ("d", "edges", seed, method, variant, rival, *best, "N0", metric, (a + b) / 2, a, b, 0.5)
        for seed, (a, b) in enumerate(intervals)
    ]


def table(*groups):
    return pd.DataFrame([row for group in groups for row in group], columns=COLUMNS)


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([(0.01, 0.03), (0.02, 0.05)], "better"),
        ([(0.01, 0.03), (-0.01, 0.05)], "tie"),
        ([(-0.03, -0.01), (-0.02, -0.01)], "worse"),
        ([(0.01, 0.03), (-0.03, -0.01)], "tie"),
    ],
)
def test_a_verdict_needs_every_seed(intervals, verdict):
    found = over_seeds(table(rows("m", "v", intervals)), MANY)
    few = over_seeds(table(rows("m", "v", intervals)), LEAST_POSITIVES - 1)
    assert few["verdict"] == "too few"
    assert found["verdict"] == verdict
    assert found["low"] == min(low for low, _ in intervals)
    assert found["high"] == max(high for _, high in intervals)
    assert found["mean"] == pytest.approx(np.mean(intervals))


def test_the_answer_names_who_beats_the_nulls():
    comparisons = table(
        rows(*MAIN, [(0.01, 0.03), (0.02, 0.04)]),
        rows("genie3", "network", [(-0.4, -0.3)] * 2),
        rows("gatv2", "repaired", [(0.05, 0.07)] * 2),
        rows(*MAIN, [(-0.01, 0.01)] * 2, rival="best peer", best=("gatv2", "repaired")),
        rows(*MAIN, [(-0.05, -0.01)] * 2, metric="AUPRC"),
    )
    judged = judge_block(comparisons, LABEL, MAIN, MANY)
    auroc, auprc = judged["rows"]
    assert auroc["title"] == "AUROC"
    assert auroc["winners"] == ["gatv2 repaired (+0.060)", "GT-GRN full (+0.025)"]
    assert auroc["compared"] == 3
    assert auroc["model"]["best null"]["verdict"] == "better"
    assert auroc["model"]["best null"]["rivals"] == "svd"
    assert auroc["model"]["best peer"]["rivals"] == "gatv2 repaired"
    assert auprc["winners"] == []
    assert "AUROC: 2 of 3 beat it: gatv2 repaired" in judged["answer"]
    assert "AUPRC: none of 1 methods beats the best null." in judged["answer"]
    trust = (
        "GT-GRN full, which ranks this network, beats the best null in AUROC, and not in AUPRC."
    )
    assert judged["trust"]["sentence"] == trust
    few = judge_block(comparisons, LABEL, MAIN, 6)
    assert not few["rows"][0]["winners"]
    assert few["answer"].startswith("Nothing can be decided: a test part holds 6 known edges")
    assert few["trust"]["sentence"].endswith("judged on too few known edges to be trusted.")


def test_the_figure_shows_the_model_and_marks_what_is_sure():
    groups = [rows(f"m{i:02d}", "network", [(-0.2 + i / 100, 0.1)]) for i in range(20)]
    groups.append(rows(*MAIN, [(-0.9, -0.8)]))
    groups.append(rows("sure", "v", [(0.1, 0.2)]))
    figure = forest_figure(table(*groups), LABEL, MAIN, MANY)
    (trace,) = figure.data
    assert len(trace.y) == 12
    assert trace.y[0] == "GT-GRN full"
    marks = dict(zip(trace.y, trace.marker.symbol, strict=True))
    assert marks["sure v"] == "circle"
    assert marks["m19"] == "circle-open"
    np.testing.assert_allclose(
        np.array(trace.x) + trace.error_x.array, [-0.8, *[0.1] * 10, 0.2], atol=1e-12
    )


def test_nothing_compared_is_no_answer():
    assert judge_block(table(), LABEL, MAIN, MANY) is None
    assert forest_figure(table(), LABEL, MAIN, MANY) is None


def test_whole_networks_mark_what_was_trained_on(tmp_path):
    lines = [
        ("all", "gtgrn", "full", 30, "AUPRC", 0.9, 100, 20, 0),
        ("untrained", "gtgrn", "full", 0, "AUPRC", 0.3, 70, 6, 0),
        ("untrained", "gtgrn", "full", 0, "AUPRC", 0.5, 70, 6, 1),
        ("all", "clr", "network", 0, "AUPRC", 0.2, 100, 20, 0),
        ("untrained", "clr", "network", 0, "AUPRC", 0.2, 70, 6, 0),
    ]
    names = ["pairs", "method", "variant", "trained_pairs", "metric", "value", "n", "n_positive"]
    write_table(
        pd.DataFrame(lines, columns=[*names, "seed"]),
        tmp_path / "evaluation/edges/reconstruction.tsv",
    )
    agreement = pd.DataFrame(
        [
            ("seeds of gtgrn/full", "seed 0", "seed 1", 20, 0.25, 0.5),
            ("methods", "a", "b", 20, 0, 0),
        ],
        columns=["between", "first", "second", "k", "jaccard", "spearman"],
    )
    write_table(agreement, tmp_path / "evaluation/edges/agreement.tsv")
    whole = describe_reconstruction(tmp_path, "edges", LABEL)
    model, network = whole["reconstruction"]
    assert (model["label"], model["trained"]) == ("GT-GRN full", True)
    assert model["cells"]["untrained", "AUPRC"] == pytest.approx(0.4)
    assert (network["label"], network["trained"]) == ("clr", False)
    assert whole["stability"] == {"GT-GRN full": {"seeds": {"jaccard": 0.25, "spearman": 0.5}}}
    assert whole["characteristics"] == []


def test_ranks_of_a_run_that_has_none(tmp_path):
    assert read_ranks(tmp_path) == []


def test_nulls_and_controls_are_no_methods_that_beat_nulls():
    comparisons = table(
        rows("svd", "null_model", [(0.1, 0.2)]),
        rows("gtgrn", "noise", [(0.1, 0.2)]),
        rows("gtgrn", "full", [(0.1, 0.2)]),
    )
    settings = {"variants": {"full": {}, "noise": {"control": "random"}}}
    assert without_nulls(comparisons, settings)["variant"].tolist() == ["full"]
    assert without_nulls(pd.DataFrame(), settings).empty
