"""What GT-GRN is shown in training and scoring, and which labels must not matter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.models.gtgrn.transformer import GTGRN
from gtgrn.names import LABEL, PAIR, PART, TEST, TRAIN, UNLABELLED, VAL
from gtgrn.splits import leakage
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.tables import with_unlabelled
from gtgrn_cases import (
    coded,
    flip,
    make_pairs,
    names,
    of_part,
    small_fit,
)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


# What the model is shown


@dataclass
class Record:
    """Passes over the graph and decodings, in their order; node indices as sets of pairs."""

    passes: list = field(default_factory=list)
    decodings: list = field(default_factory=list)

    def training(self):
        return [
            (graph, supervised, visible)
            for (mode, graph), (_, supervised, visible) in zip(
                self.passes, self.decodings, strict=True
            )
            if mode
        ]

    def scoring(self):
        return [
            (graph, scored, visible)
            for (mode, graph), (_, scored, visible) in zip(
                self.passes, self.decodings, strict=True
            )
            if not mode
        ]


def as_pairs(a, b, *more):
    return list(zip(a.tolist(), b.tolist(), *(x.tolist() for x in more), strict=True))


@pytest.fixture
def record(monkeypatch):
    made = Record()
    forward, decode = GTGRN.forward, GTGRN.decode

    def spy_forward(model, features, graph):
        made.passes.append((model.training, set(as_pairs(graph.source, graph.target))))
        return forward(model, features, graph)

    def spy_decode(model, h, regulator, target, visible):
        made.decodings.append((model.training, as_pairs(regulator, target), as_pairs(*visible)))
        return decode(model, h, regulator, target, visible)

    monkeypatch.setattr(GTGRN, "forward", spy_forward)
    monkeypatch.setattr(GTGRN, "decode", spy_decode)
    return made


def both_ways(pairs):
    return set(pairs) | {(b, a) for a, b in pairs}


LOOPS = {(i, i) for i in range(40)}


def judged_edges_in(graph, pairs):
    """Return the validation and test pairs, in either direction, that a graph holds."""
    return graph & both_ways(coded(pairs[pairs[PART].isin([VAL, TEST])]))


def supervised_edges_in(graph, supervised):
    return graph & both_ways(supervised) - LOOPS


@pytest.mark.parametrize("prior", [False, True])
def test_the_graph_at_scoring_is_that_of_the_training_positives(record, prior):
    pairs = make_pairs()
    small_fit(pairs, degree_prior=prior)
    expected = both_ways(coded(message_edges(pairs))) | LOOPS
    reciprocal = both_ways(coded(of_part(pairs, TRAIN))) & both_ways(coded(of_part(pairs, TEST)))
    assert reciprocal, "the pairs must hold the case that the rule is about"
    assert len(record.scoring()) == 4
    for graph, _, visible in record.scoring():
        assert graph == expected
        assert not judged_edges_in(graph, pairs)
        assert visible == coded(of_part(pairs, TRAIN), LABEL)
    scored = [pairs_ for _, pairs_, _ in record.scoring()]
    assert scored == [coded(of_part(pairs, VAL))] * 3 + [coded(pairs)]


@pytest.mark.parametrize("prior", [False, True])
def test_a_training_step_sees_neither_the_pairs_it_is_supervised_by_nor_their_reverse(
    record, prior
):
    pairs = make_pairs()
    small_fit(pairs, degree_prior=prior, hide=0.3, epochs=12)
    train, full = coded(of_part(pairs, TRAIN)), both_ways(coded(message_edges(pairs))) | LOOPS
    steps = record.training()
    assert len(steps) == 12
    for graph, supervised, visible in steps:
        assert set(supervised) <= set(train)
        assert not supervised_edges_in(graph, supervised)
        assert not judged_edges_in(graph, pairs)
        # Nothing else is missing: what is not hidden is seen, with its own label.
        assert graph == full - (both_ways(supervised) - LOOPS)
        hidden = both_ways(supervised)
        assert visible == [
            row for row in coded(of_part(pairs, TRAIN), LABEL) if row[:2] not in hidden
        ]
    shares = [len(supervised) / len(train) for _, supervised, _ in steps]
    assert 0.22 < np.mean(shares) < 0.38
    assert set().union(*(supervised for _, supervised, _ in steps)) == set(train)
    assert len({tuple(supervised) for _, supervised, _ in steps}) == 12


def test_without_hiding_the_supervised_edges_are_in_the_graph_and_the_check_tells(record):
    """The same look that finds nothing above finds the leak where there is one."""
    pairs = make_pairs()
    small_fit(pairs, hide=0, epochs=2)
    for graph, supervised, _ in record.training():
        assert supervised == coded(of_part(pairs, TRAIN))
        assert supervised_edges_in(graph, supervised)


def test_a_planted_leak_of_test_edges_into_the_graph_is_found(record, monkeypatch):
    pairs = make_pairs()
    monkeypatch.setattr(leakage, "message_edges", lambda split: split.loc[split[LABEL] == 1, PAIR])
    small_fit(pairs)
    assert all(judged_edges_in(graph, pairs) for graph, *_ in record.scoring())


def test_a_planted_leak_by_the_reverse_of_a_test_pair_is_found(record, monkeypatch):
    pairs = make_pairs()
    monkeypatch.setattr(
        leakage, "message_edges", lambda split: of_part(split[split[LABEL] == 1], TRAIN)[PAIR]
    )
    small_fit(pairs)
    assert all(judged_edges_in(graph, pairs) for graph, *_ in record.scoring())


def test_unlabelled_pairs_cost_the_graph_no_edge(record):
    """Genes 8 and 9 regulate, but have no reference edge: their pairs judge nothing."""
    pairs = make_pairs()
    more = with_unlabelled(pairs, names(40), names(10))
    assert (more[PART] == UNLABELLED).sum() == 2 * 39
    small_fit(more, epochs=2)
    assert all(
        graph == both_ways(coded(message_edges(pairs))) | LOOPS for graph, *_ in record.scoring()
    )


# Labels that must not matter


def reads_test_labels(fit_function):
    """Tell whether scores or history change when labels outside train and val change."""
    pairs = make_pairs()
    plain = fit_function(pairs)
    lost = pairs.astype({LABEL: "Int64"})
    lost.loc[lost[PART] == TEST, LABEL] = pd.NA
    results = [fit_function(other) for other in (flip(pairs, TEST), lost)]
    return any(
        not np.array_equal(plain.scores, other.scores) or plain.history != other.history
        for other in results
    )


@pytest.mark.parametrize("options", [{}, {"degree_prior": True}, {"hide": 0}, {"norm": "batch"}])
def test_test_labels_are_never_read(options):
    assert not reads_test_labels(lambda pairs: small_fit(pairs, **options))


def test_a_fit_that_trains_on_test_pairs_is_caught():
    def leaking(pairs):
        pairs = pairs.assign(**{LABEL: pairs[LABEL].fillna(0).astype(int)})
        return small_fit(pairs.replace({PART: {TEST: TRAIN}}))

    assert reads_test_labels(leaking)


def test_a_fit_whose_graph_knows_test_edges_is_caught(monkeypatch):
    monkeypatch.setattr(
        leakage,
        "message_edges",
        lambda split: split.loc[(split[LABEL] == 1).fillna(False).astype(bool), PAIR],
    )
    assert reads_test_labels(small_fit)


def test_validation_labels_choose_among_checkpoints_and_do_nothing_else():
    """With a single look there is nothing to choose, and the labels have no effect at all."""
    pairs = make_pairs()
    once = [small_fit(p, check_every=6, degree_prior=True) for p in (pairs, flip(pairs, VAL))]
    assert np.array_equal(once[0].scores, once[1].scores)
    assert np.array_equal(once[0].embeddings, once[1].embeddings)
    # With many looks the path is the same; only the looks, and so the choice, differ.
    many = [
        small_fit(p, check_every=1, epochs=30, patience=100, learning_rate=0.01).history
        for p in (pairs, flip(pairs, VAL))
    ]
    losses = [[row["train_loss"] for row in history] for history in many]
    assert losses[0] == losses[1]
    for ours, theirs in zip(*many, strict=True):
        assert ours["validation_auroc"] == pytest.approx(1 - theirs["validation_auroc"])
    best = [np.argmax([row["validation_auprc"] for row in history]) for history in many]
    assert best[0] != best[1]


def test_train_labels_do_matter():
    pairs = make_pairs()
    assert not np.allclose(small_fit(pairs).scores, small_fit(flip(pairs, TRAIN)).scores)


def test_unlabelled_pairs_are_scored_and_change_no_other_score():
    pairs = make_pairs()
    more = with_unlabelled(pairs, names(40), names(10))
    plain, fitted = small_fit(pairs), small_fit(more)
    assert fitted.scores.shape == (len(more),)
    assert np.isfinite(fitted.scores).all()
    assert fitted.history == plain.history
    np.testing.assert_allclose(fitted.scores[: len(pairs)], plain.scores, atol=1e-6)
