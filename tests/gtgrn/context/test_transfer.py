import numpy as np
import pytest
from context_cases import GENES, contexts, source
from gtgrn.context.rows import SourceRows
from gtgrn.context.transfer import FEATURES, SMOOTHED, PairFeatures, fit_transfer
from scipy.stats import rankdata

POPULAR, COPY = FEATURES.index("popularity chip"), FEATURES.index("same regulator chip")


def _within(target: SourceRows, scores: np.ndarray) -> float:
    """Return the mean AUROC within regulators."""
    areas = []
    for labels, row in zip(target.dense(), scores, strict=True):
        positives = labels.sum()
        ranks = rankdata(row)[labels == 1].sum() - positives * (positives + 1) / 2
        areas.append(ranks / (positives * (len(labels) - positives)))
    return float(np.mean(areas))


def _score(model, sources, target):
    blocks = list(model.score(sources, target.regulators, len(GENES)))
    return np.concatenate([b[1] for b in blocks]), np.concatenate([b[2] for b in blocks])


def test_transfer_predicts_a_context_of_which_it_saw_no_label():
    """Its lead over popularity, and over chance, is beyond six standard errors of eight draws."""
    gains, areas = [], []
    for seed in range(8):
        *elsewhere, target = contexts(seed)
        model = fit_transfer(elsewhere, GENES)
        scores, features = _score(model, elsewhere, target)
        areas.append(_within(target, scores))
        gains.append(areas[-1] - _within(target, features[:, :, POPULAR]))
    assert np.mean(gains) > 6 * np.std(gains, ddof=1) / np.sqrt(8)
    assert np.mean(areas) - 0.5 > 6 * np.std(areas, ddof=1) / np.sqrt(8)
    assert (model.weights >= 0).all()
    assert model.contexts == ["human line0", "human line1", "human line2"]
    assert model.rows == 36


def test_features_of_a_regulator_leave_out_its_own_rows():
    *elsewhere, _ = contexts(0)
    before = PairFeatures(elsewhere, len(GENES)).of(np.array(["R0"]))
    others = [one.keep(one.regulators != "R0") for one in elsewhere]
    after = PairFeatures(others, len(GENES)).of(np.array(["R0"]))
    np.testing.assert_allclose(before[0, :, POPULAR], after[0, :, POPULAR])
    assert before[0, :, COPY].std() == pytest.approx(1)
    assert (after[0][:, [COPY, FEATURES.index(SMOOTHED)]] == 0).all()


def test_few_contexts_leave_popularity_and_copy_alone():
    model = fit_transfer(contexts(1, cells=1), GENES)
    assert set(np.flatnonzero(model.weights)) == {POPULAR, COPY}
    assert model.contexts == []


def test_a_context_is_never_judged_by_a_copy_of_itself():
    """The second source repeats the first under another name: its rows teach nothing."""
    one, two, three = contexts(2, cells=3)
    copied = source(
        one.dense(), name="copied", regulators=list(one.regulators), cell_type="elsewhere"
    )
    honest = fit_transfer([one, two, three], GENES)
    planted = fit_transfer([one, two, three, copied], GENES)
    # If copies counted, the copy would explain its twin wholly and outweigh all else.
    assert planted.weights[COPY] < 2 * honest.weights[COPY]
