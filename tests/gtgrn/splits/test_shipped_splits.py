"""The figures of the evaluation design, on the splits that ship with the data sets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtgrn.evaluation.metrics import auprc, auroc, mean_within_group_auroc
from gtgrn.evaluation.negatives import score_negatives
from gtgrn.models.nulls.predictors import NULLS, label_svd_expression
from gtgrn.splits.folds import read_folds
from gtgrn.splits.negatives import draw_negatives
from gtgrn.splits.shipped import read_shipped_split, split_from_folds
from gtgrn.splits.tables import check_split
from gtgrn.splits.transfer import split_transfer
from gtgrn.splits.universe import label_universe

BEELINE = Path(__file__).parents[4] / "shared" / "data" / "beeline"
SETS = ["hESC-500", "hESC-1000", "mESC-500", "mESC-1000", "mDC-500", "mHSC-L-500"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BEELINE.is_dir(), reason=f"no folder {BEELINE}"),
]


@cache
def genes_of(name) -> list[str]:
    return pd.read_csv(BEELINE / name / "Specific" / "Target.csv")["Gene"].tolist()


@cache
def shipped_split(name) -> pd.DataFrame:
    folder = BEELINE / name
    files = {"train": "Train", "val": "Validation", "test": "Test"}
    paths = {part: str(folder / "splits" / f"{file}_set.csv.gz") for part, file in files.items()}
    card = {"genes": str(folder / "Specific" / "Target.csv"), **paths}
    return read_shipped_split(card, genes_of(name))


@cache
def expression_of(name) -> pd.DataFrame:
    return pd.read_csv(BEELINE / name / "BL--ExpressionData.csv.gz", index_col=0)


def edges_of(name) -> pd.DataFrame:
    split = shipped_split(name)
    return split.loc[split["label"] == 1, ["regulator", "target"]]


def folds_of(name, kind):
    """Return the five splits that a file of folds names."""
    by = {"genes": "target", "tfs": "regulator"}[kind]
    table = read_folds(BEELINE / name / "splits" / f"folds_{kind}.tsv")
    genes = list(expression_of(name).index)
    return [split_from_folds(edges_of(name), genes, table, fold, by=by) for fold in range(5)]


@cache
def null_scores(name, null) -> np.ndarray:
    return NULLS[null](shipped_split(name), seed=0)


def judge(split, scores):
    """Return AUROC, AUPRC and mean AUROC inside a TF of the test part."""
    test = (split["part"] == "test").to_numpy()
    labels = split["label"].to_numpy()[test]
    within, _ = mean_within_group_auroc(labels, scores[test], split["regulator"][test])
    return np.array([auroc(labels, scores[test]), auprc(labels, scores[test]), within])


@pytest.mark.parametrize(
    ("name", "pairs", "density"),
    [
        ("hESC-500", 7142, 0.149),
        ("hESC-1000", 11047, 0.149),
        ("mESC-500", 22738, 0.301),
        ("mESC-1000", 33229, 0.298),
        ("mDC-500", 3792, 0.049),
    ],
)
def test_sizes(name, pairs, density):
    split = shipped_split(name)
    check_split(split)
    test = split[split["part"] == "test"]
    assert len(test) == pairs
    assert test["label"].mean() == pytest.approx(density, abs=0.0006)


@pytest.mark.parametrize(
    ("name", "null", "expected"),
    [
        ("hESC-500", "tf_rate", (0.844, 0.482)),
        ("hESC-500", "tf_target_rate", (0.883, 0.613)),
        ("hESC-500", "tf_target_logit", (0.886, 0.621)),
        ("hESC-500", "degree_product", (0.880, 0.590)),
        ("hESC-1000", "tf_target_rate", (0.884, 0.618)),
        ("hESC-1000", "tf_target_logit", (0.886, 0.623)),
        ("mESC-500", "tf_target_rate", (0.923, 0.855)),
        ("mESC-500", "tf_target_logit", (0.922, 0.855)),
        ("mESC-1000", "tf_target_rate", (0.931, 0.867)),
        ("mESC-1000", "tf_target_logit", (0.929, 0.865)),
        ("mDC-500", "tf_target_rate", (0.763, 0.156)),
        ("mDC-500", "degree_product", (0.804, 0.167)),
        ("mHSC-L-500", "tf_target_rate", (0.861, 0.852)),
    ],
)
def test_rates_and_one_hot_regression_on_s1(name, null, expected):
    assert judge(shipped_split(name), null_scores(name, null))[:2] == pytest.approx(
        expected, abs=0.003
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # The design's opponent, of which ours is a relative: .892/.634 on hESC-500 is .891/.638
        # here, hence the wider AUPRC.
        ("hESC-500", (0.892, 0.634)),
        ("hESC-1000", (0.896, 0.642)),
        ("mESC-500", (0.946, 0.897)),
        ("mESC-1000", (0.951, 0.905)),
        ("mDC-500", (0.819, 0.219)),
        ("mHSC-L-500", (0.887, 0.885)),
    ],
)
def test_label_svd_on_s1(name, expected):
    found = judge(shipped_split(name), null_scores(name, "label_svd"))
    assert found[0] == pytest.approx(expected[0], abs=0.003)
    assert found[1] == pytest.approx(expected[1], abs=0.005)


def test_regression_inside_a_tf():
    split = shipped_split("hESC-500")
    assert judge(split, null_scores("hESC-500", "tf_target_logit"))[2] == pytest.approx(
        0.722, abs=0.003
    )
    assert judge(split, null_scores("hESC-500", "label_svd"))[2] == pytest.approx(0.744, abs=0.005)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hESC-500", 0.529), ("hESC-1000", 0.522), ("mESC-500", 0.595), ("mESC-1000", 0.606)],
)
def test_the_degree_null_against_n3(name, expected):
    split = shipped_split(name)
    table = draw_negatives(split, scheme="N3", seed=0)
    for null in ("tf_target_rate", "tf_target_logit"):
        result = score_negatives(split, null_scores(name, null), table).set_index("metric")
        assert result.loc["AUROC", "value"] == pytest.approx(expected, abs=0.02)
    regulator = score_negatives(split, null_scores(name, "tf_rate"), table)
    assert regulator["value"][0] == pytest.approx(0.5, abs=0.01)


def test_n3_over_corrects_on_a_sparse_reference():
    split = shipped_split("mDC-500")
    table = draw_negatives(split, scheme="N3", seed=0)
    result = score_negatives(split, null_scores("mDC-500", "tf_target_rate"), table)
    assert result["value"][0] == pytest.approx(0.36, abs=0.02)


@pytest.mark.parametrize("name", SETS)
def test_the_rate_null_against_n3m_is_one_half(name):
    split = shipped_split(name)
    table = draw_negatives(split, scheme="N3m", seed=0, draws=3)
    for null in ("target_rate", "tf_target_rate"):
        result = score_negatives(split, null_scores(name, null), table)
        assert result["value"][0] == 0.5
    # The degree is all but the rate.
    degree = score_negatives(split, null_scores(name, "degree_product"), table)
    assert degree["value"][0] == pytest.approx(0.5, abs=0.02)
    judged = result["n_positive"][0] / (split[split["part"] == "test"]["label"].sum())
    assert judged > 0.4


@pytest.mark.parametrize(
    ("name", "expected"), [("hESC-500", 0.529), ("mHSC-L-500", 0.510), ("mDC-500", 0.511)]
)
def test_nearest_matching_repeats_the_research(name, expected):
    split = shipped_split(name)
    table = draw_negatives(split, scheme="N3m", seed=0, draws=3, balanced=False)
    result = score_negatives(split, null_scores(name, "tf_target_rate"), table)
    assert result["value"][0] == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize(
    ("name", "pairs", "expected"),
    [
        ("hESC-500", 30906, (0.848, 0.484, 0.5)),
        ("mHSC-L-500", 8944, (0.794, 0.754, 0.5)),
        ("mDC-500", 16400, (0.792, 0.117, 0.5)),
    ],
)
def test_shipped_folds_of_genes(name, pairs, expected):
    splits = folds_of(name, "genes")
    for split in splits:
        assert len(split) == pairs
        held = set(split.loc[split["part"] == "test", "target"])
        assert not held & set(split.loc[split["part"] != "test", "target"])
    tested = pd.concat([split[split["part"] == "test"] for split in splits])
    assert len(tested) == len(tested.drop_duplicates(["regulator", "target"])) == pairs
    for null in ("tf_rate", "tf_target_rate", "label_svd"):
        found = np.mean([judge(split, NULLS[null](split, seed=0)) for split in splits], axis=0)
        assert found == pytest.approx(expected, abs=0.003), null


@pytest.mark.parametrize(
    ("name", "n_regulators", "expected", "n3"),
    [
        ("hESC-500", 29, (0.682, 0.280, 0.709), 0.528),
        ("mHSC-L-500", 15, (0.717, 0.689, 0.784), 0.677),
        ("mDC-500", 12, (0.633, 0.138, 0.643), 0.361),
    ],
)
def test_shipped_folds_of_tfs(name, n_regulators, expected, n3):
    splits = folds_of(name, "tfs")
    tested = [set(split.loc[split["part"] == "test", "regulator"]) for split in splits]
    assert sum(map(len, tested)) == len(set.union(*tested)) == n_regulators
    found, against = [], []
    for split in splits:
        held = set(split.loc[split["part"] == "test", "regulator"])
        assert not held & set(split.loc[split["part"] != "test", "regulator"])
        # The research lets the popularity see the validation regulators.
        seen = split.assign(part=split["part"].replace("val", "train"))
        scores = NULLS["target_rate"](seen, seed=0)
        found.append(judge(split, scores))
        table = draw_negatives(split, scheme="N3", seed=0)
        against.append(score_negatives(split, scores, table)["value"][0])
    assert np.mean(found, axis=0) == pytest.approx(expected, abs=0.004)
    assert np.mean(against) == pytest.approx(n3, abs=0.02)


def moments(name) -> pd.DataFrame:
    """Return mean, sd, detection and principal components of each gene."""
    expression = expression_of(name)
    values = expression.to_numpy(float)
    centred = values - values.mean(1, keepdims=True)
    scaled = centred / (values.std(1, keepdims=True) + 1e-9)
    left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    columns = [values.mean(1), values.std(1), (values > 0).mean(1)]
    return pd.DataFrame(
        np.column_stack([*columns, (left * np.sqrt(singular))[:, :16]]), index=expression.index
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hESC-500", (0.894, 0.639)), ("mDC-500", (0.825, 0.226))],
)
def test_expression_beside_the_labels_on_s1(name, expected):
    split = shipped_split(name)
    found = judge(split, label_svd_expression(split, moments(name), seed=0))
    assert found[:2] == pytest.approx(expected, abs=0.01)


def test_expression_pays_on_unseen_genes():
    # There the labels know the TF rate alone.
    split = folds_of("hESC-500", "genes")[0]
    gain = judge(split, label_svd_expression(split, moments("hESC-500"), seed=0))
    gain -= judge(split, NULLS["tf_rate"](split, seed=0))
    assert gain[0] > 0.005
    assert gain[1] > 0.015
    assert gain[2] > 0.03


def test_transfer_from_mouse_to_human_stem_cells():
    split = split_transfer(
        edges_of("mESC-1000"),
        genes_of("mESC-1000"),
        edges_of("hESC-500"),
        genes_of("hESC-500"),
        seed=0,
    )
    human = label_universe(edges_of("hESC-500"), genes_of("hESC-500"))
    assert (split["part"] == "test").sum() == len(human)
    train = split[split["part"] != "test"]
    # 247 genes have a symbol in both, says the research.
    assert train["target"].nunique() == pytest.approx(247, abs=1)
    for null in NULLS.values():
        assert np.isfinite(null(split, seed=0)).all()
