"""Small data and checks that the tests of every supervised peer share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.evaluation.metrics import auroc
from gtgrn.models import peer_training as _common
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, UNLABELLED, VAL
from gtgrn.splits.leakage import message_edges
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint

HISTORY = {
    "epoch",
    "train_loss",
    "validation_loss",
    "validation_auroc",
    "validation_auprc",
}
FORMS = ["published", "repaired"]


def names(n):
    return [f"g{i:02d}" for i in range(n)]


def make_pairs(n_regulators=6, n_genes=24, *, seed=0):
    """Make a split in which a regulator's targets are, but for some noise, of its parity."""
    rng = np.random.default_rng(seed)
    pairs = np.array([(r, g) for r in range(n_regulators) for g in range(n_genes) if r != g])
    label = (pairs.sum(1) % 2 == 0) ^ (rng.random(len(pairs)) < 0.05)
    return pd.DataFrame(
        {
            REGULATOR: np.array(names(n_genes))[pairs[:, 0]],
            TARGET: np.array(names(n_genes))[pairs[:, 1]],
            LABEL: label.astype(int),
            PART: rng.choice([TRAIN, VAL, TEST], len(pairs), p=[0.6, 0.2, 0.2]),
        }
    )


def make_features(n_genes=24, *, seed=0):
    rng = np.random.default_rng(seed)
    parity = np.where(np.arange(n_genes) % 2, 1.0, -1.0)[:, None]
    return {"X": 5 + parity * rng.normal(size=7) + 0.3 * rng.normal(size=(n_genes, 7))}


def flip(pairs, part):
    return pairs.assign(**{LABEL: pairs[LABEL].where(pairs[PART] != part, 1 - pairs[LABEL])})


def leaky(values, slope):
    return np.where(values > 0, values, slope * values)


def softmax(values):
    e = np.exp(values - values.max())
    return e / e.sum()


def set_weights(model, seed=0):
    """Put numbers drawn here in place of every weight; give them by name as numpy arrays."""
    rng = np.random.default_rng(seed)
    state = {k: torch.tensor(rng.normal(size=v.shape)).float() for k, v in
             model.state_dict().items()}  # fmt: skip
    model.load_state_dict(state)
    return {k: v.double().numpy() for k, v in state.items()}


def in_neighbours(arcs, node):
    return [
        s for s, t in zip(arcs.source.tolist(), arcs.target.tolist(), strict=True) if t == node
    ]


class PeerContract:
    """What every peer must keep; a subclass names its module and small options."""

    module = None
    small: dict = {}
    learner: dict = {}
    reached = 0.8
    rebuild: type

    @pytest.fixture(autouse=True)
    def _one_thread(self):
        torch.set_num_threads(1)

    def fit(self, pairs=None, genes=None, features=None, **options):
        options = {"epochs": 3, "seed": 0, "device": "cpu"} | self.small | options
        return self.module.fit(
            make_pairs() if pairs is None else pairs,
            names(24) if genes is None else genes,
            make_features() if features is None else features,
            **options,
        )

    @pytest.mark.parametrize("form", FORMS)
    def test_shapes_and_history(self, form):
        pairs = make_pairs()
        result = self.fit(pairs, form=form)
        assert result.scores.shape == (len(pairs),)
        assert np.isfinite(result.scores).all()
        assert len(result.embeddings) == 24
        assert result.messages.equals(message_edges(pairs))
        assert result.history
        assert all(set(row) == HISTORY for row in result.history)
        assert [row["epoch"] for row in result.history][-1] == 2

    @pytest.mark.parametrize("form", FORMS)
    def test_seed_alone_decides(self, form):
        one, same, other = (self.fit(form=form, seed=s) for s in (0, 0, 1))
        np.testing.assert_array_equal(one.scores, same.scores)
        np.testing.assert_array_equal(one.embeddings, same.embeddings)
        assert not np.allclose(one.scores, other.scores)

    def test_global_random_state_is_left_alone(self):
        torch.manual_seed(7)
        before = torch.get_rng_state()
        self.fit()
        assert torch.equal(before, torch.get_rng_state())

    @pytest.mark.parametrize("form", FORMS)
    def test_order_of_genes_and_pairs_changes_nothing(self, form):
        rng = np.random.default_rng(3)
        pairs, features = make_pairs(), make_features()
        genes, rows = rng.permutation(24), rng.permutation(len(pairs))
        here = self.fit(pairs, form=form)
        there = self.fit(
            pairs.iloc[rows].reset_index(drop=True),
            [names(24)[i] for i in genes],
            {"X": features["X"][genes]},
            form=form,
        )
        np.testing.assert_array_equal(there.scores, here.scores[rows])
        np.testing.assert_array_equal(there.embeddings, here.embeddings[genes])

    @pytest.mark.parametrize("form", FORMS)
    def test_labels_of_test_are_not_read(self, form):
        pairs = make_pairs()
        here = self.fit(pairs, form=form).scores
        np.testing.assert_array_equal(here, self.fit(flip(pairs, TEST), form=form).scores)
        assert not np.allclose(here, self.fit(flip(pairs, TRAIN), form=form).scores)

    def test_unlabelled_pairs_are_scored(self):
        pairs = make_pairs()
        extra = pd.DataFrame(
            {REGULATOR: "g10", TARGET: ["g00", "g11"], LABEL: pd.NA, PART: UNLABELLED}
        )
        both = pd.concat([pairs.astype({LABEL: "Int64"}), extra], ignore_index=True)
        result = self.fit(both)
        assert np.isfinite(result.scores).all()
        np.testing.assert_allclose(result.scores[:-2], self.fit(pairs).scores, atol=1e-6)

    def test_judged_pairs_are_not_among_the_messages(self, monkeypatch):
        pairs = make_pairs()
        pairs.loc[pairs[TARGET].isin(names(6)), LABEL] = 1
        judged = pairs.loc[pairs[PART].isin([VAL, TEST]), PAIR].to_numpy()
        forbidden = {frozenset(pair) for pair in judged.tolist()}
        seen = []
        make_arcs = _common.make_arcs

        def record(source, target, n, **options):
            seen.append((source.tolist(), target.tolist()))
            return make_arcs(source, target, n, **options)

        monkeypatch.setattr(_common, "make_arcs", record)
        self.fit(pairs)
        assert seen
        for source, target in seen:
            assert source
            edges = {
                frozenset((names(24)[a], names(24)[b]))
                for a, b in zip(source, target, strict=True)
            }
            assert not edges & forbidden

    @pytest.mark.parametrize("form", FORMS)
    def test_checkpoint_gives_the_same_scores(self, form, tmp_path):
        pairs, features = make_pairs(), make_features()
        result = self.fit(pairs, form=form)
        path = tmp_path / "model.pt"
        save_checkpoint(path, result.model, config=result.config, genes=names(24))
        state, config, genes = load_checkpoint(path)
        model = self.rebuild(**config)
        model.load_state_dict(state)
        again = self.score(model, pairs, genes, features)
        np.testing.assert_allclose(again, result.scores, rtol=0, atol=1e-6)

    def score(self, model, pairs, genes, features):
        return self.module.score(model, pairs, genes, features, device="cpu")

    @pytest.mark.parametrize("form", FORMS)
    def test_one_regulator(self, form):
        pairs = make_pairs()
        result = self.fit(pairs[pairs[REGULATOR] == "g00"].reset_index(drop=True), form=form)
        assert np.isfinite(result.scores).all()

    @pytest.mark.parametrize("form", FORMS)
    def test_no_message_edge(self, form):
        pairs = make_pairs()
        pairs.loc[pairs[PART] == TRAIN, LABEL] = 0
        assert np.isfinite(self.fit(pairs, form=form).scores).all()

    def test_learns_the_rule(self):
        options = {"form": "repaired", "epochs": 60, "patience": None, "learning_rate": 0.01}
        result = self.fit(**(options | self.learner))
        pairs = make_pairs()
        test = pairs[PART] == TEST
        assert auroc(pairs[LABEL][test], result.scores[test]) > self.reached

    def test_unknown_names_are_refused(self):
        with pytest.raises(InputError, match="form"):
            self.fit(form="original")
        with pytest.raises(InputError, match="option"):
            self.fit(momentum=0.9)
        with pytest.raises(InputError, match="gene"):
            self.fit(make_pairs().replace("g05", "stranger"))
        with pytest.raises(InputError, match="expression"):
            self.fit(features={})
        pairs = make_pairs()
        with pytest.raises(InputError, match="training pair"):
            self.fit(pairs[pairs[PART] != TRAIN].reset_index(drop=True))
