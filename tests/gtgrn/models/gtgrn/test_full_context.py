"""The form full with what other contexts say: small cases whose rule a test can know."""

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.context.inputs import ContextInputs
from gtgrn.evaluation.audit import audit_context
from gtgrn.models.gtgrn.full import fit
from gtgrn.models.gtgrn.scoring import FEW, KNOWN_WEIGHTS, PRIOR_WEIGHTS, STACK_SHARES, WORTH
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TEST, TRAIN, VAL
from sklearn.metrics import roc_auc_score

GENES = [f"g{number:02d}" for number in range(60)]
SMALL = {"ensemble": 0, "seed": 0, "device": "cpu"}
HELD = ("edges", "genes", "tfs")
PARTS = [TRAIN, VAL, TEST]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_pairs(held, *, regulators=20, seed=0):
    """Return a split of labels that hang on a gene's popularity and the regulator's own taste."""
    rng = np.random.default_rng(seed)
    popular, taste = rng.normal(size=60), rng.normal(size=(regulators, 60))
    odds = -0.5 + 1.5 * popular + 1.5 * taste
    codes = np.array([(r, g) for r in range(regulators) for g in range(60) if r != g])
    label = rng.random(len(codes)) < 1 / (1 + np.exp(-odds[codes[:, 0], codes[:, 1]]))
    if held == "edges":
        part = rng.choice(PARTS, len(codes), p=[0.6, 0.15, 0.25])
    else:
        count, column = (60, 1) if held == "genes" else (regulators, 0)
        ends = np.repeat(PARTS, [count - 2 * (count // 5), count // 5, count // 5])
        part = rng.permutation(ends)[codes[:, column]]
    names = np.array(GENES, dtype=object)
    pairs = pd.DataFrame(
        {
            REGULATOR: names[codes[:, 0]],
            TARGET: names[codes[:, 1]],
            LABEL: label.astype(int),
            PART: part,
        }
    )
    return pairs, popular, odds


def make_elsewhere(popular, odds, *, seed=1):
    """Return tables of other cells in which the same genes are popular, and rows liked alike."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    prior = (odds - odds.mean(1, keepdims=True)) / odds.std(1, keepdims=True)
    table = np.column_stack([popular + 0.3 * rng.normal(size=60) for _ in range(3)])
    regulators = GENES[: len(odds)]
    rows = [f"other cells:{name}" for name in regulators]
    return ContextInputs(
        GENES, table, labels.T @ labels @ rng.normal(size=(60, 4)) / 60, rows, labels,
        regulators, prior.astype(np.float32),
    )  # fmt: skip


def small_fit(pairs, elsewhere=None, genes=None, **options):
    rng = np.random.default_rng(3)
    expression = {"X": rng.gamma(2.0, size=(60, 30))}
    return fit(pairs, genes or GENES, expression, elsewhere=elsewhere, **(SMALL | options))


def auroc(pairs, scores):
    rows = (pairs[PART] == TEST).to_numpy()
    return roc_auc_score(pairs[LABEL][rows].astype(int), scores[rows])


@pytest.mark.parametrize("held", HELD)
def test_without_tables_or_parts_all_is_as_before(held):
    pairs, *world = make_pairs(held)
    plain, elsewhere = small_fit(pairs), make_elsewhere(*world)
    off = small_fit(pairs, elsewhere, context=[])
    np.testing.assert_array_equal(plain.scores, off.scores)
    np.testing.assert_array_equal(plain.embeddings, off.embeddings)
    assert plain.config == off.config
    pd.testing.assert_frame_equal(plain.exposure, off.exposure)


@pytest.mark.parametrize("held", HELD)
def test_what_other_cells_say_raises_the_score(held):
    # Over twenty worlds the gain was .054, .200 and .065 with deviations of .025, .041 and .011:
    # the mean of eight lies six standard errors above zero at least.
    gains = []
    for seed in range(8):
        pairs, *world = make_pairs(held, seed=seed)
        with_them = small_fit(pairs, make_elsewhere(*world, seed=seed + 100))
        assert with_them.scores.shape == (len(pairs),)
        gains.append(auroc(pairs, with_them.scores) - auroc(pairs, small_fit(pairs).scores))
    assert np.mean(gains) > 0


@pytest.mark.parametrize("held", HELD)
def test_weights_hang_on_no_test_label(held):
    pairs, *world = make_pairs(held)
    elsewhere = make_elsewhere(*world)
    plain = small_fit(pairs, elsewhere)
    rows = pairs[PART] == TEST
    turned = pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})
    again = small_fit(turned, elsewhere)
    assert again.config == plain.config
    np.testing.assert_array_equal(again.scores, plain.scores)
    if held == "tfs":
        assert "prior_weight" in plain.config
    else:
        assert plain.config["stack_share"] in STACK_SHARES
        assert "known_prior_weight" in plain.config


@pytest.mark.parametrize("held", ["edges", "genes"])
def test_validation_labels_choose_the_weight_of_the_ranking_elsewhere(held):
    pairs, popular, odds = make_pairs(held)
    elsewhere = make_elsewhere(popular, odds)
    alone = small_fit(pairs, elsewhere, context=["prior"])
    assert alone.config["known_prior_weight"] > 0
    assert auroc(pairs, alone.scores) > auroc(pairs, small_fit(pairs).scores)
    # A ranking that says the opposite gets no weight, and the scores are those without it.
    against = ContextInputs(**vars(elsewhere) | {"prior": -elsewhere.prior})
    refused = small_fit(pairs, against, context=["prior"])
    assert refused.config["known_prior_weight"] == KNOWN_WEIGHTS[0]
    np.testing.assert_array_equal(refused.scores, small_fit(pairs).scores)


def test_validation_labels_choose_the_share_of_rows_elsewhere():
    pairs, *world = make_pairs("genes")
    elsewhere = make_elsewhere(*world)
    assert small_fit(pairs, elsewhere).config["stack_share"] > 0
    # Where the validation part contradicts the rows elsewhere, these get no weight.
    rng = np.random.default_rng(0)
    noise = ContextInputs(
        **vars(elsewhere) | {"labels": rng.integers(0, 2, elsewhere.labels.shape, dtype=np.int8)}
    )
    rows = (pairs[PART] == VAL).to_numpy()
    codes = {name: number for number, name in enumerate(GENES)}
    at = pairs[REGULATOR].map(codes).to_numpy(), pairs[TARGET].map(codes).to_numpy()
    against = pairs.assign(**{LABEL: np.where(rows, 1 - elsewhere.labels[at], pairs[LABEL])})
    assert small_fit(against, elsewhere).config["stack_share"] == 0
    assert small_fit(pairs, noise).config["stack_share"] < 1


@pytest.mark.parametrize("labelled", [1, 4, FEW, FEW + 4])
def test_few_labelled_regulators_weigh_by_their_number(labelled):
    pairs, *world = make_pairs("tfs", regulators=labelled + 8)
    order = sorted(set(pairs[REGULATOR]))
    place = pairs[REGULATOR].map({name: number for number, name in enumerate(order)})
    part = np.select([place < labelled, place < labelled + 3], [TRAIN, VAL], TEST)
    found = small_fit(pairs.assign(part=part), make_elsewhere(*world), setting="tfs")
    if labelled <= FEW:
        # own * k / (k + 4) + elsewhere * 4 / (k + 4), but for a factor.
        assert found.config["prior_weight"] == WORTH / labelled
    else:
        assert found.config["prior_weight"] in PRIOR_WEIGHTS


def test_the_order_of_genes_changes_nothing():
    pairs, *world = make_pairs("genes")
    elsewhere = make_elsewhere(*world)
    turned = elsewhere.on(GENES[::-1])
    plain, again = small_fit(pairs, elsewhere), small_fit(pairs, turned)
    np.testing.assert_array_equal(plain.scores, again.scores)


def test_the_audit_sees_other_tables_and_copied_rows():
    pairs, *world = make_pairs("edges")
    elsewhere = make_elsewhere(*world)
    exposure = small_fit(pairs, elsewhere, context=["T", "stack"]).exposure

    def found(given, **options):
        lines = audit_context(given, exposure, pairs, "full", **options)
        return {line["check"]: line["detail"] for line in lines if line["finding"]}

    # In this world both cells share odds, which makes rows alike by themselves.
    alike = found(elsewhere)
    assert "not the tables of other contexts" not in alike
    moved = elsewhere.exchanged(np.roll(np.arange(60), 7))
    assert found(moved) == {"not the tables of other contexts": "T, stack"}
    assert found(moved, exchanged=True) == {}
    copied = moved.labels.copy()
    own = pairs[pairs[REGULATOR] == "g05"].set_index(TARGET)[LABEL].reindex(GENES)
    copied[5] = own.fillna(-1).astype(np.int8)
    planted = ContextInputs(**vars(moved) | {"labels": copied})
    repeats = found(planted, exchanged=True)
    assert repeats == {"a row elsewhere repeats known edges": "other cells:g05"}
