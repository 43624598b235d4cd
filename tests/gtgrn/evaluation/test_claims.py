import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS, spread_error
from gtgrn.evaluation.claims import compare_with_best, permutation_p, resample_wins

RNG = np.random.default_rng(0)
PART = pd.DataFrame(
    {
        "regulator": np.repeat([f"R{i}" for i in range(8)], 50),
        "target": np.tile([f"G{i}" for i in range(50)], 8),
        "label": (RNG.random(400) < 0.25).astype(int),
    }
)
LABELS = PART["label"].to_numpy()
NOISE = RNG.normal(size=(4, 400))
SCORES = {
    ("gtgrn", "full"): NOISE[0] + 3 * LABELS,
    ("weak", "null_model"): NOISE[1],
    ("strong", "null_model"): NOISE[2] + LABELS,
    ("constant", "null_model"): np.zeros(400),
    ("peer", "published"): NOISE[3] + 3 * LABELS,
}
NULLS = [name for name in SCORES if name[1] == "null_model"]
RIVALS = {"best null": NULLS, "best peer": [("peer", "published")], "best network": []}


def compare(**options):
    return compare_with_best(PART, SCORES, RIVALS, seed=0, samples=300, **options)


def test_every_method_is_held_against_the_best_of_each_kind():
    table = compare()
    auroc = table[table["metric"] == "AUROC"]
    assert set(auroc["rival"]) == {"best null", "best peer"}
    nulls = auroc[auroc["rival"] == "best null"]
    assert set(nulls["rival_method"]) == {"strong"}
    assert set(nulls["method"]) == {name for name, _ in SCORES} - {"strong"}
    full = nulls[nulls["method"] == "gtgrn"].iloc[0]
    assert 0 < full["low"] < full["difference"] < full["high"]
    assert full["p"] < 0.05
    weak = nulls[nulls["method"] == "weak"].iloc[0]
    assert weak["high"] < 0
    peers = auroc[(auroc["rival"] == "best peer") & (auroc["method"] == "gtgrn")].iloc[0]
    assert peers["low"] < 0 < peers["high"]
    assert peers["p"] > 0.05


def test_the_rival_differs_by_metric():
    # Ranks all pairs well and nothing inside a regulator, against the reverse.
    rates = PART.groupby("regulator")["label"].transform("mean").to_numpy()
    part = PART.assign(label=(RNG.random(400) < np.repeat(np.linspace(0.02, 0.9, 8), 50)) * 1)
    rates = part.groupby("regulator")["label"].transform("mean").to_numpy()
    inside = RNG.normal(size=400) + 2 * (part["label"] - rates) - 5 * rates
    scores = {("m", "v"): RNG.random(400), ("rate", "n"): rates, ("inside", "n"): inside}
    rivals = {"best null": [("rate", "n"), ("inside", "n")]}
    table = compare_with_best(part, scores, rivals, seed=0, samples=50)
    best = table[table["method"] == "m"].set_index("metric")["rival_method"]
    assert best["AUROC"] == "rate"
    assert best["within_TF_AUROC"] == "inside"


def test_held_out_regulators_are_drawn_whole_and_widen_the_interval():
    # One regulator out of eight is ranked backwards.
    backwards = np.where(PART["regulator"] == "R0", -1, 1) * (NOISE[0] + 3 * LABELS)
    scores = {("m", "v"): backwards, ("constant", "n"): np.zeros(400)}
    widths = {}
    for scheme in ("edges", "tfs"):
        table = compare_with_best(
            PART, scores, {"best null": [("constant", "n")]}, seed=0, samples=300, scheme=scheme
        )
        row = table[table["metric"] == "within_TF_AUROC"].iloc[0]
        widths[scheme] = row["high"] - row["low"]
    assert widths["tfs"] > 1.5 * widths["edges"]


def test_win_rates_are_compared_on_the_same_positives():
    wins = {
        ("gtgrn", "full"): np.r_[np.ones(60), np.zeros(40)],
        ("weak", "null_model"): np.full(100, 0.5),
        ("strong", "null_model"): np.r_[np.ones(55), np.zeros(45)],
    }
    table = compare(wins={"N3m": wins})
    row = table[(table["metric"] == "win_rate") & (table["method"] == "gtgrn")].iloc[0]
    assert (row["negatives"], row["rival_method"]) == ("N3m", "strong")
    assert row["difference"] == pytest.approx(0.05)
    # Five positives of a hundred differ: the paired spread is that of a share of .05.
    assert row["high"] - row["low"] == pytest.approx(
        2 * 1.96 * (0.05 * 0.95 / 100) ** 0.5, rel=0.2
    )


def test_resampled_wins_have_the_distribution_of_a_bootstrap():
    wins = np.random.default_rng(1).random(50)
    means = resample_wins({("a", "b"): wins}, seed=0, samples=4000)["a", "b"]
    assert means.shape == (4000,)
    error = wins.std() / 50**0.5
    assert means.mean() == pytest.approx(wins.mean(), abs=ERRORS * error / 4000**0.5)
    # Of half as many positives, or of all resamples alike, the spread is 1.4 times or nothing.
    assert means.std() == pytest.approx(error, rel=ERRORS * spread_error(4000))


def test_undefined_metrics_make_no_claim():
    part = PART[PART["regulator"].isin(["R0", "R1"])]
    # Each regulator holds one class, so that no AUROC inside one is defined.
    part = part.assign(label=(part["regulator"] == "R0") * 1)
    scores = {name: values[: len(part)] for name, values in SCORES.items()}
    table = compare_with_best(part, scores, RIVALS, seed=0, samples=20)
    assert set(table["metric"]) == {"AUROC", "AUPRC"}


def test_permutations_inside_regulators_discount_their_degree():
    part = PART.assign(label=(RNG.random(400) < np.repeat(np.linspace(0.02, 0.9, 8), 50)) * 1)
    rate = part.groupby("regulator")["label"].transform("mean").to_numpy()
    table = permutation_p(part, {("rate", "n"): rate}, seed=0, permutations=99)
    p = table[table["metric"] == "AUROC"].set_index("within")["p"]
    assert p["all pairs"] == pytest.approx(0.01)
    assert p["regulator"] > 0.5
    assert set(table["method"]) == {"rate"}
    assert set(table["variant"]) == {"n"}
