import numpy as np
import pandas as pd
from context_cases import GENES, contexts
from gtgrn.context.nulls import POPULAR, score_context_nulls
from gtgrn.context.transfer import PairFeatures
from gtgrn.names import CONTEXT_NULLS
from gtgrn.splits.universe import target_rate


def _split(seed=0):
    *sources, target = contexts(seed)
    rng = np.random.default_rng(seed)
    rows = [
        (regulator, gene, int(label))
        for regulator, labels in zip(target.regulators, target.dense(), strict=True)
        for gene, label in zip(GENES, labels, strict=True)
    ]
    split = pd.DataFrame(rows, columns=["regulator", "target", "label"])
    split["part"] = rng.choice(["train", "test"], len(split), p=[0.7, 0.3])
    return sources, split.sample(frac=1, random_state=seed, ignore_index=True)


def test_nulls_are_what_they_are_called():
    sources, split = _split()
    scores = score_context_nulls(split, sources, GENES)
    assert list(scores) == CONTEXT_NULLS
    popular = PairFeatures(sources, len(GENES)).of(np.array(["R3"]))[0, :, POPULAR]
    own = split["regulator"] == "R3"
    expected = popular[[GENES.index(gene) for gene in split.loc[own, "target"]]]
    np.testing.assert_allclose(scores["popularity_elsewhere"][own], expected)
    # Within a regulator the rate is a constant, and popularity decides.
    ranks = pd.Series(scores["tf_rate_popularity_elsewhere"][own]).rank()
    np.testing.assert_array_equal(ranks, pd.Series(expected).rank())


def test_labels_outside_of_the_train_part_change_nothing():
    sources, split = _split(1)
    before = score_context_nulls(split, sources, GENES)
    test = split["part"] == "test"
    split.loc[test, "label"] = 1 - split.loc[test, "label"]
    after = score_context_nulls(split, sources, GENES)
    for name in CONTEXT_NULLS:
        np.testing.assert_array_equal(before[name], after[name])
    flipped = split.assign(label=1 - split["label"])
    moved = score_context_nulls(flipped, sources, GENES)
    assert not np.array_equal(
        before["tf_rate_popularity_elsewhere"], moved["tf_rate_popularity_elsewhere"]
    )
    assert np.array_equal(before["popularity_elsewhere"], moved["popularity_elsewhere"])
    assert len(target_rate(split, seed=0)) == len(split)
