from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.models.gtgrn.full import build, fit
from gtgrn.models.gtgrn.inputs import make_inputs
from gtgrn.models.gtgrn.label_matrix import detect_setting, label_matrix
from gtgrn.models.gtgrn.scoring import score_pairs
from gtgrn.models.nulls.predictors import tf_target_rate
from gtgrn.names import EDGES, GENES, LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TFS, TRAIN, VAL
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.tables import with_unlabelled
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint
from sklearn.metrics import roc_auc_score

PARTS = [TRAIN, VAL, TEST]
SMALL = {
    "ensemble": 1,
    "dimensions": 8,
    "heads": 2,
    "rank": 4,
    "epochs": 6,
    "check_every": 2,
    "seed": 0,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def names(n):
    return [f"g{i:02d}" for i in range(n)]


def make_pairs(n_regulators=10, n_genes=40, *, held="edges", noise=0.05, seed=0):
    """Make a split in which a regulator's targets are the genes of its parity."""
    rng = np.random.default_rng(seed)
    codes = np.array([(r, g) for r in range(n_regulators) for g in range(n_genes) if r != g])
    label = ((codes[:, 0] + codes[:, 1]) % 2 == 0) ^ (rng.random(len(codes)) < noise)
    if held == "edges":
        part = rng.choice(PARTS, len(codes), p=[0.6, 0.15, 0.25])
    else:
        column, count = (1, n_genes) if held == "genes" else (0, n_regulators)
        ends = np.repeat(PARTS, [count - 2 * (count // 5), count // 5, count // 5])
        part = rng.permutation(ends)[codes[:, column]]
    return pd.DataFrame(
        {
            REGULATOR: np.array(names(n_genes), dtype=object)[codes[:, 0]],
            TARGET: np.array(names(n_genes), dtype=object)[codes[:, 1]],
            LABEL: label.astype(int),
            PART: part,
        }
    )


def make_features(n_genes=40, cells=60, *, seed=0):
    """Make expression in which genes of one parity vary together."""
    rng = np.random.default_rng(seed)
    parity = np.where(np.arange(n_genes) % 2, 1.0, -1.0)[:, None]
    signal = parity * rng.normal(size=cells)
    return {"X": np.maximum(2 + signal + 0.7 * rng.normal(size=(n_genes, cells)), 0)}


def small_fit(pairs=None, features=None, genes=None, **options):
    pairs = make_pairs() if pairs is None else pairs
    features = make_features() if features is None else features
    return fit(pairs, names(40) if genes is None else genes, features, **(SMALL | options))


def part_auroc(pairs, scores, part=TEST):
    rows = (pairs[PART] == part).to_numpy()
    return roc_auc_score(pairs[LABEL][rows].astype(int), scores[rows])


HELD = {"edges": EDGES, "genes": GENES, "tfs": TFS}


@pytest.mark.parametrize("held", HELD)
def test_the_setting_is_read_off_the_pairs(held):
    pairs = make_pairs(held=held)
    assert detect_setting(label_matrix(pairs, names(40))) == HELD[held]


@pytest.mark.parametrize("held", HELD)
def test_every_setting_scores_all_pairs_and_ignores_test_labels(held):
    pairs = make_pairs(held=held)
    plain = small_fit(pairs)
    assert plain.config["model"]["setting"] == HELD[held]
    assert plain.scores.shape == (len(pairs),)
    assert np.isfinite(plain.scores).all()
    assert plain.embeddings.shape[0] == 40
    assert plain.history
    rows = pairs[PART] == TEST
    turned = pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})
    lost = pairs.astype({LABEL: "Int64"})
    lost.loc[rows, LABEL] = pd.NA
    for other in (turned, lost):
        again = small_fit(other)
        assert np.array_equal(plain.scores, again.scores)
        assert np.array_equal(plain.embeddings, again.embeddings)
        assert plain.history == again.history


@pytest.mark.parametrize("held", HELD)
def test_messages_are_the_train_positives_that_judge_nothing(held):
    pairs = make_pairs(held=held)
    expected = message_edges(pairs).sort_values(PAIR).reset_index(drop=True)
    pd.testing.assert_frame_equal(small_fit(pairs).messages[PAIR], expected[PAIR])


@pytest.mark.parametrize("held", HELD)
def test_train_labels_do_matter(held):
    pairs = make_pairs(held=held)
    rows = (pairs[PART] == TRAIN) & (np.arange(len(pairs)) % 3 == 0)
    other = pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})
    assert not np.allclose(small_fit(pairs).scores, small_fit(other).scores, atol=1e-3)


@pytest.mark.parametrize("held", HELD)
def test_without_refit_validation_labels_move_no_ranking_of_test_pairs(held):
    """With one look and no mixture, validation has nothing to choose; it only calibrates."""
    pairs = make_pairs(held=held)
    rows = (pairs[PART] == VAL) & (np.arange(len(pairs)) % 4 == 0)
    other = pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})
    test = (pairs[PART] == TEST).to_numpy()
    orders = [
        np.argsort(small_fit(p, check_every=6, process_weight=0).scores[test], kind="stable")
        for p in (pairs, other)
    ]
    assert np.array_equal(*orders)
    # The look that finds nothing here finds the refit.
    moved = [
        np.argsort(
            small_fit(p, check_every=6, process_weight=0, refit_on_validation=True).scores[test],
            kind="stable",
        )
        for p in (pairs, other)
    ]
    assert not np.array_equal(*moved)


@pytest.mark.parametrize("held", HELD)
def test_refit_moves_test_scores_and_leaves_those_that_calibrate(held):
    pairs = make_pairs(held=held)
    plain, refit = small_fit(pairs), small_fit(pairs, refit_on_validation=True)
    seen = pairs[PART].isin([TRAIN, VAL]).to_numpy()
    assert np.array_equal(plain.scores[seen], refit.scores[seen])
    assert not np.allclose(plain.scores[~seen], refit.scores[~seen], atol=1e-4)


@pytest.mark.parametrize("held", HELD)
def test_the_order_of_genes_and_pairs_changes_nothing(held):
    pairs, features = make_pairs(held=held), make_features()
    order = np.random.default_rng(1).permutation(40)
    plain = small_fit(pairs, features)
    shuffled = pairs.sample(frac=1, random_state=0)
    moved = small_fit(
        shuffled,
        {"X": features["X"][order]},
        genes=[names(40)[i] for i in order],
    )
    scores = pd.Series(moved.scores, index=shuffled.index)[pairs.index].to_numpy()
    assert np.array_equal(plain.scores, scores)
    assert np.array_equal(plain.embeddings[order], moved.embeddings)


def test_the_same_seed_gives_the_same_scores_and_another_seed_others():
    first, again, other = (small_fit(seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.scores, again.scores)
    assert not np.allclose(first.scores, other.scores, atol=1e-3)


def test_global_random_state_is_neither_read_nor_moved():
    results = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        before = torch.get_rng_state()
        results.append(small_fit().scores)
        assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(*results)


@pytest.mark.parametrize("held", HELD)
def test_a_checkpoint_gives_the_same_scores(held, tmp_path):
    pairs, features = make_pairs(held=held), make_features()
    fitted = small_fit(pairs, features, ensemble=2, refit_on_validation=True)
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, fitted.model, config=fitted.config, genes=names(40))
    state, config, genes = load_checkpoint(path)
    assert config == json.loads(json.dumps(fitted.config))
    matrix, device = label_matrix(pairs, genes), torch.device("cpu")
    inputs = make_inputs(
        matrix, genes, features, config["pair_channel"], config["symbols"], device
    )
    model = build(config, device)
    model.load_state_dict(state)
    scores, _ = score_pairs(model, config, matrix, inputs, pairs, genes)
    np.testing.assert_allclose(scores, fitted.scores, atol=1e-9)


@pytest.mark.parametrize("held", HELD)
def test_regulators_without_labels_are_scored_and_change_no_other_score(held):
    pairs = make_pairs(held=held)
    more = with_unlabelled(pairs, names(40), names(12))
    plain, fitted = small_fit(pairs), small_fit(more)
    assert np.isfinite(fitted.scores).all()
    np.testing.assert_allclose(fitted.scores[: len(pairs)], plain.scores, atol=1e-9)
    extra = fitted.scores[len(pairs) :]
    assert extra.std() > 0


def test_planted_structure_is_learnt_where_degrees_know_nothing():
    pairs = make_pairs(14, 60, noise=0.05)
    features = make_features(60)
    fitted = fit(
        pairs,
        names(60),
        features,
        **(SMALL | {"epochs": 40, "check_every": 10, "learning_rate": 0.01}),
    )
    null = part_auroc(pairs, tf_target_rate(pairs, seed=0))
    assert part_auroc(pairs, fitted.scores) > max(0.85, null + 0.2)


def test_new_genes_are_placed_by_expression():
    pairs = make_pairs(14, 60, held="genes", noise=0.05)
    fitted = fit(
        pairs, names(60), make_features(60), **(SMALL | {"epochs": 20, "learning_rate": 0.01})
    )
    assert part_auroc(pairs, fitted.scores) > 0.8
    noise = {"X": np.random.default_rng(5).gamma(2.0, size=(60, 60))}
    control = fit(pairs, names(60), noise, **(SMALL | {"epochs": 20, "learning_rate": 0.01}))
    assert part_auroc(pairs, control.scores) < 0.7


def test_new_regulators_are_scored_by_popularity_and_family():
    """Genes below 30 are targets of all; the families A and B each add ten of their own."""
    rng = np.random.default_rng(0)
    regulators = [f"{family}{i}" for family in ("AAA", "BBB") for i in range(6)]
    genes = sorted(names(60) + regulators)
    index = {gene: i for i, gene in enumerate(names(60))}
    rows = []
    for regulator in regulators:
        own = range(30, 40) if regulator[0] == "A" else range(40, 50)
        part = {"5": TEST, "4": VAL}.get(regulator[-1], TRAIN)
        for gene in genes:
            i = index.get(gene, -1)
            chance = 0.7 if 0 <= i < 30 else 0.9 if i in own else 0.05
            if gene != regulator:
                rows.append((regulator, gene, int(rng.random() < chance), part))
    pairs = pd.DataFrame(rows, columns=[*PAIR, LABEL, PART])
    features = {"X": rng.gamma(2.0, size=(len(genes), 30))}
    with_family = fit(pairs, genes, features, **SMALL)
    without = fit(pairs, genes, features, families={}, **SMALL)
    assert with_family.config["model"]["setting"] == TFS
    assert part_auroc(pairs, without.scores) > 0.75
    assert part_auroc(pairs, with_family.scores) > part_auroc(pairs, without.scores) + 0.02


def test_other_modalities_join_the_gene_features():
    features = make_features()
    rng = np.random.default_rng(0)
    more = {**features, "G": rng.normal(size=(40, 50)), "E": rng.normal(size=(40, 5))}
    plain, fitted = small_fit(features=features), small_fit(features=more)
    widths = [f.config["model"]["network"]["width"] for f in (plain, fitted)]
    assert widths[1] == widths[0] + 32 + 5
    assert not np.allclose(plain.scores, fitted.scores, atol=1e-3)


def test_symbols_are_read_only_where_asked_for():
    pairs = make_pairs(held="genes")
    on, off = (small_fit(pairs, ensemble=0, symbols=value) for value in (True, False))
    assert not np.allclose(on.scores, off.scores, atol=1e-3)
    assert off.config["symbols"] is False


def test_the_process_alone_needs_no_network():
    fitted = small_fit(ensemble=0)
    assert len(fitted.model.state_dict()) == 0
    assert part_auroc(make_pairs(), fitted.scores) > 0.8


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"setting": "both"}, "full.setting"),
        ({"ensemble": 0, "process_weight": 0}, "full.ensemble"),
        ({"features": {"X": np.ones((39, 5))}}, "X"),
        ({"features": {"X": np.full((40, 5), np.nan)}}, "X"),
    ],
)
def test_wrong_options_are_named(options, field):
    with pytest.raises(InputError) as error:
        small_fit(**options)
    assert error.value.field == field


def test_without_expression_labels_and_symbols_are_read():
    fitted = small_fit(features={})
    assert part_auroc(make_pairs(), fitted.scores) > 0.6
    flat = small_fit(features={"X": np.zeros((40, 1))})
    np.testing.assert_array_equal(fitted.scores, flat.scores)
