"""The leak rule is one rule in its three forms, and the record says what entered a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.names import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, VAL
from gtgrn.splits import leakage
from gtgrn.splits.exposure import (
    LABELS,
    MESSAGES,
    SCORING,
    SEEN,
    TRAINING,
    UNJUDGED,
    Exposure,
)
from leak_cases import NAMES, REGULATORS, SCHEMES, make_split


def as_matrices(split):
    """Return masks (regulators, genes) of the train positives, of judged pairs and labels."""
    index = {name: i for i, name in enumerate(NAMES)}
    ends = tuple(split[column].map(index).to_numpy() for column in PAIR)
    masks = [np.zeros((REGULATORS, len(NAMES)), dtype=bool) for _ in range(2)]
    positive = (split[PART] == TRAIN) & (split[LABEL] == 1)
    for mask, rows in zip(masks, (positive, split[PART].isin([VAL, TEST])), strict=True):
        mask[tuple(end[rows.to_numpy()] for end in ends)] = True
    return masks


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tables_and_matrices_follow_one_rule(scheme):
    split = make_split(scheme)
    known, judged = as_matrices(split)
    mask = leakage.open_pairs(known, judged, np.zeros_like(known), np.arange(REGULATORS))
    found = {(NAMES[r], NAMES[g]) for r, g in np.argwhere(mask)}
    edges = leakage.message_edges(split)
    assert found == set(zip(edges[REGULATOR], edges[TARGET], strict=True))
    assert len(found) < known.sum(), "the split must hold the case that the rule is about"


def test_indices_and_matrices_hide_alike():
    rng = np.random.default_rng(0)
    known = rng.random((REGULATORS, len(NAMES))) < 0.6
    asked = known & (rng.random(known.shape) < 0.3)
    nothing = np.zeros_like(known)
    mask = leakage.open_pairs(known, nothing, asked, np.arange(REGULATORS))
    pairs, hidden = (torch.tensor(np.argwhere(x)).T for x in (known, asked))
    open_ = leakage.outside_of(tuple(pairs), tuple(hidden), len(NAMES)).numpy()
    assert np.array_equal(open_, mask[tuple(pairs.numpy())])
    assert (known & ~asked & ~mask).any(), "a reverse must be hidden too"


# The record


PAIRS = pd.DataFrame(
    [
        ("a", "b", 1, TRAIN),
        ("b", "a", 1, TRAIN),
        ("a", "c", 1, TRAIN),
        ("c", "a", 0, VAL),
        ("b", "c", 1, TEST),
        ("c", "b", 0, TRAIN),
    ],
    columns=[*PAIR, LABEL, PART],
)
GENES = ["a", "b", "c"]


def make_record(**options):
    return Exposure(PAIRS, GENES, **({"directed": True, "hides": True} | options))


def counts(record, phase, kind):
    table = record.table().set_index(["phase", "kind"])
    return table.loc[(phase, kind)]


def test_parts_and_reverses_are_counted_once_per_pair():
    record = make_record()
    for _ in range(2):
        record.see(SCORING, (np.array([0, 0, 1, 2]), np.array([1, 2, 2, 2])), labels=([2], [0]))
    found = counts(record, SCORING, MESSAGES)
    # (a, b) is a training pair; the reverse of (a, c) judges; (b, c) judges; (c, c) is a loop.
    assert list(found[["pairs", TRAIN, VAL, TEST, "reverse"]]) == [3, 2, 0, 1, 1]
    assert found["example"] == "a -> c"
    assert list(counts(record, SCORING, LABELS)[["pairs", TRAIN, VAL, TEST]]) == [1, 0, 1, 0]


def test_a_pass_that_judges_nothing_has_no_example_and_no_edge():
    record = make_record()
    record.see(UNJUDGED, ([0], [2]))
    assert counts(record, UNJUDGED, MESSAGES)["example"] == ""
    assert counts(record, UNJUDGED, MESSAGES)["reverse"] == 1
    assert record.messages().empty


@pytest.mark.parametrize(
    ("messages", "labels", "seen"),
    [
        (([0], [2]), None, 0),
        (([0], [1]), None, 1),
        (([1], [0]), None, 1),
        (([0], [2]), ([0], [1]), 1),
        # The reverse's label may count in rates.
        (([0], [2]), ([1], [0]), 0),
    ],
)
def test_what_a_step_is_given_of_what_it_asks(messages, labels, seen):
    record = make_record()
    record.see(TRAINING, ([0, 1], [1, 0]))
    record.see(TRAINING, messages, labels)
    record.ask(TRAINING, ([0], [1]))
    assert counts(record, TRAINING, "asked")[SEEN] == seen


def test_arcs_are_named_as_the_training_edges_they_stand_for():
    record = make_record(directed=False)
    both = np.array([0, 2, 1, 2]), np.array([2, 0, 2, 1])
    record.see(SCORING, both)
    expected = [("a", "c"), ("b", "c"), ("c", "b")]
    assert list(record.messages().itertuples(index=False, name=None)) == expected
    assert list(record.messages()) == PAIR


def test_a_record_goes_on_after_a_kill(tmp_path):
    first, second, whole = make_record(), make_record(), make_record()
    first.see(TRAINING, ([0], [1]), ([0], [2]))
    first.ask(TRAINING, ([0], [1]))
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    second.see(SCORING, ([1], [0]))
    whole.see(TRAINING, ([0], [1]), ([0], [2]))
    whole.ask(TRAINING, ([0], [1]))
    whole.see(SCORING, ([1], [0]))
    pd.testing.assert_frame_equal(second.table(), whole.table())
    pd.testing.assert_frame_equal(second.messages(), whole.messages())
