import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.splits.schemes import FOLDED, draw_split, split_edges, thin_train
from gtgrn.splits.transfer import split_transfer

GENES = [f"G{i:02d}" for i in range(40)]
FRACTIONS = {"train": 0.67, "val": 0.10, "test": 0.23}


def reference(seed: int, regulators: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = [(r, t) for r in regulators for t in rng.choice(GENES, 15, replace=False) if r != t]
    return pd.DataFrame(pairs, columns=["regulator", "target"])


def draw(scheme: str, seed: int, **options) -> pd.DataFrame:
    return draw_split(
        scheme, reference(0, GENES[:10]), GENES, seed=seed, fractions=FRACTIONS, folds=5, **options
    )


def test_edges_are_cut_by_the_fractions():
    pd.testing.assert_frame_equal(
        draw("edges", 3), split_edges(reference(0, GENES[:10]), GENES, fractions=FRACTIONS, seed=3)
    )


@pytest.mark.parametrize("scheme", FOLDED)
def test_seeds_are_folds_and_then_new_partitions(scheme):
    parts = {seed: draw(scheme, seed) for seed in (0, 1, 5)}
    for seed, part in parts.items():
        expected = FOLDED[scheme](
            reference(0, GENES[:10]), GENES, folds=5, fold=seed % 5, seed=seed // 5
        )
        pd.testing.assert_frame_equal(part, expected)
    tested = {seed: set(map(tuple, p[p["part"] == "test"][["regulator", "target"]].to_numpy()))
              for seed, p in parts.items()}  # fmt: skip
    assert not tested[0] & tested[1]
    assert tested[0] != tested[5]


@pytest.mark.parametrize("scheme", ["edges", "genes"])
def test_less_training_leaves_the_other_parts_alone(scheme):
    whole, half, fifth = (draw(name, 3) for name in (scheme, f"{scheme}_50", f"{scheme}_20"))
    rows = [
        {part: set(map(tuple, p[p["part"] == part].drop(columns="part").to_numpy()))
         for part in ("train", "val", "test")}
        for p in (whole, half, fifth)
    ]  # fmt: skip
    for part in ("val", "test"):
        assert rows[0][part] == rows[1][part] == rows[2][part]
    assert rows[0]["train"] > rows[1]["train"] > rows[2]["train"]
    for thinned, share in ((rows[1], 0.5), (rows[2], 0.2)):
        for label in (0, 1):
            all_of, kept = (sum(row[2] == label for row in r["train"]) for r in (rows[0], thinned))
            assert kept == round(share * all_of)


def test_thinning_depends_on_names_and_not_on_rows():
    split = draw("edges", 0)
    mixed = split.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(thin_train(split, 0.3, seed=5), thin_train(mixed, 0.3, seed=5))


def test_thinning_to_nothing_is_refused():
    with pytest.raises(InputError, match="the train part has no reference edge"):
        thin_train(draw("edges", 0), 0.001, seed=0)


def test_a_transfer_trains_on_the_source():
    source = reference(1, GENES[10:25]).map(str.lower)
    genes = [gene.lower() for gene in GENES]
    split = draw("transfer", 2, source=(source, genes))
    expected = split_transfer(source, genes, reference(0, GENES[:10]), GENES, seed=2)
    pd.testing.assert_frame_equal(split, expected)
    assert set(split[split["part"] == "train"]["regulator"]) <= set(GENES[10:25])
    assert set(split[split["part"] == "test"]["regulator"]) == set(GENES[:10])
