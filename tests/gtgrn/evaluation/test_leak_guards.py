"""Each guard against leakage is taken away in turn, and the audit must see it.

The audit reads what the models recorded while they ran; nothing here tells it what was changed.
The rules, one section each, in every form (paper, full, each peer) and split where they apply:
message graph; Laplacian encodings; supervised pairs hidden in their own step; and labels of
training pairs alone for supervision, degree features, scales, early stopping and calibration.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.evaluation.audit import audit_encodings, audit_graph
from gtgrn.models import peer
from gtgrn.models.gtgrn import full, hidden_training, paper, scoring
from gtgrn.names import (
    BOTH,
    EDGES,
    GENES,
    LABEL,
    PAIR,
    PART,
    REGULATOR,
    TARGET,
    TEST,
    TFS,
    TRAIN,
    VAL,
)
from gtgrn.splits import leakage
from gtgrn.splits.tables import with_unlabelled
from leak_cases import (
    GRAPH_PEERS,
    NAMES,
    PEERS,
    REGULATORS,
    SCHEMES,
    audited,
    fit_form,
    make_split,
)

JUDGED, REVERSE = "judged pair as a message", "its reverse as a message"
AS_EDGE, REVERSE_EDGE = "judged pair as an edge", "its reverse as an edge"
READ, COMPARED = "judged label read", "test label compared with"
OWN_STEP = "supervised pair seen by its step"
GRAPH_FORMS = ["paper", *GRAPH_PEERS, "gne"]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    torch.set_num_threads(1)
    # What the steps hide is drawn once; more draws would only take longer.
    monkeypatch.setattr(full, "DRAWS", dict.fromkeys(full.DRAWS, 4))


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request):
    return request.param


def reciprocal(split):
    """Return the training pairs whose reverse is judged."""
    judged = split.loc[split[PART].isin([VAL, TEST]), PAIR].set_axis([TARGET, REGULATOR], axis=1)
    return split[split[PART] == TRAIN].merge(judged, on=PAIR)


def test_every_split_holds_the_case_that_the_rule_is_about(scheme):
    labels = set(reciprocal(make_split(scheme))[LABEL])
    assert labels == {0, 1}, "an edge and an absence whose reverse is judged"


@pytest.mark.parametrize("form", ["paper", "full", *PEERS])
def test_a_sound_model_has_no_finding(form, scheme):
    found, lines = audited(form, make_split(scheme))
    assert found == set()
    assert all(line["count"] == 0 for check, line in lines.items() if form != "gne")


# The message graph


def without_reverses(split):
    """The rule of the message graph that forgets the reverse of judged pairs."""
    return split.loc[(split[PART] == TRAIN) & (split[LABEL] == 1), PAIR].reset_index(drop=True)


def without_parts(split):
    """The rule of the message graph that forgets the parts."""
    return split.loc[split[LABEL] == 1, PAIR].reset_index(drop=True)


@pytest.mark.parametrize("form", GRAPH_FORMS)
def test_an_edge_whose_reverse_is_judged(monkeypatch, form, scheme):
    monkeypatch.setattr(leakage, "message_edges", without_reverses)
    found, _ = audited(form, make_split(scheme))
    assert {REVERSE, REVERSE_EDGE} <= found


@pytest.mark.parametrize("form", GRAPH_FORMS)
def test_a_judged_edge_in_the_graph(monkeypatch, form, scheme):
    monkeypatch.setattr(leakage, "message_edges", without_parts)
    found, lines = audited(form, make_split(scheme))
    assert {JUDGED, AS_EDGE} <= found
    assert " -> g" in lines[JUDGED]["detail"]


@pytest.mark.parametrize("options", [{}, {"ensemble": 0}])
def test_a_message_of_the_full_form_whose_reverse_is_judged(monkeypatch, scheme, options):
    """In the networks, the pair features and the process, and for regulators without labels."""
    open_pairs = leakage.open_pairs

    def unguarded(known, judged, asked, regulators):
        return open_pairs(known, np.zeros_like(judged), asked, regulators)

    monkeypatch.setattr(leakage, "open_pairs", unguarded)
    found, _ = audited("full", make_split(scheme), **options)
    assert {REVERSE, REVERSE_EDGE} <= found


@pytest.mark.parametrize("kept", [0, 1])
def test_known_absences_are_messages_too(monkeypatch, scheme, kept):
    """The guard is taken from pairs of one label alone: an absence leaks what an edge leaks."""
    split = make_split(scheme)
    index = {name: i for i, name in enumerate(NAMES)}
    unguarded = np.zeros((REGULATORS, len(NAMES)), dtype=bool)
    for row in split[split[LABEL] == kept].itertuples():
        unguarded[index[row.regulator], index[row.target]] = True
    open_pairs = leakage.open_pairs

    def half_guarded(known, judged, asked, regulators):
        loose = open_pairs(known, np.zeros_like(judged), asked, regulators)
        return open_pairs(known, judged, asked, regulators) | (loose & unguarded)

    monkeypatch.setattr(leakage, "open_pairs", half_guarded)
    found, _ = audited("full", split)
    assert REVERSE in found
    assert (REVERSE_EDGE in found) == (kept == 1), "the graph holds edges alone"


def test_regulators_without_labels_are_scored_without_the_reverse_of_their_pairs(monkeypatch):
    """Where the networks complete the matrix (split `both`), this pass has a guard of its own."""
    see = []
    record = full.LabelMatrix.open_pairs

    def forgetful(matrix, known, *, asked=None, judged):
        if asked is None:
            see.append(1)
            judged = np.zeros_like(judged)
        return record(matrix, known, asked=asked, judged=judged)

    monkeypatch.setattr(full.LabelMatrix, "open_pairs", forgetful)
    found, lines = audited("full", make_split(BOTH))
    assert see
    assert REVERSE in found
    assert lines[REVERSE]["detail"].startswith("new regulators: ")


def test_regulators_that_judge_nothing_may_be_scored_by_all_training_labels():
    """Their scores come from labels whose reverse is judged; the record says so, no finding."""
    pairs = with_unlabelled(make_split(EDGES), NAMES, NAMES[:14])
    table = fit_form("full", pairs).exposure.set_index(["phase", "kind"])
    assert table.loc[("unjudged regulators", "messages"), "reverse"] > 0
    assert audited("full", pairs)[0] == set()


# Laplacian encodings


@pytest.mark.parametrize("rule", [without_reverses, without_parts])
def test_encodings_of_a_graph_without_a_guard(scheme, rule):
    split = make_split(scheme)
    honest = laplacian_encodings(leakage.message_edges(split), NAMES, dimensions=4)
    planted = laplacian_encodings(rule(split), NAMES, dimensions=4)
    assert audit_encodings(planted, honest)[0]["finding"]
    assert not audit_encodings(honest, honest)[0]["finding"]
    assert any(line["finding"] for line in audit_graph(rule(split), split, "encodings"))


# Supervision


@pytest.mark.parametrize("form", ["paper", *GRAPH_PEERS])
def test_a_step_that_sees_the_pairs_that_supervise_it(monkeypatch, form, scheme):
    monkeypatch.setattr(
        leakage, "outside_of", lambda pairs, asked, n: torch.ones_like(pairs[0], dtype=torch.bool)
    )
    found, lines = audited(form, make_split(scheme))
    assert found == {OWN_STEP}
    assert lines[OWN_STEP]["detail"].startswith("training: g")


@pytest.mark.parametrize("form", ["paper", *GRAPH_PEERS])
def test_a_step_that_sees_the_reverse_of_what_supervises_it(monkeypatch, form, scheme):
    def one_way(pairs, asked, n):
        return ~torch.isin(pairs[0] * n + pairs[1], asked[0] * n + asked[1])

    monkeypatch.setattr(leakage, "outside_of", one_way)
    assert OWN_STEP in audited(form, make_split(scheme))[0]


@pytest.mark.parametrize("held", [EDGES, GENES, BOTH])
@pytest.mark.parametrize("part", ["label", "reverse"])
def test_a_step_of_the_full_form_that_sees_what_it_asks(monkeypatch, held, part):
    """In `tfs` there is no network, and no step."""
    visible_labels, open_pairs = hidden_training.visible_labels, leakage.open_pairs
    if part == "label":
        monkeypatch.setattr(
            hidden_training,
            "visible_labels",
            lambda matrix, known, asked, device: visible_labels(
                matrix, known, np.zeros_like(asked), device
            ),
        )
    else:
        monkeypatch.setattr(
            leakage,
            "open_pairs",
            lambda known, judged, asked, regulators: (
                open_pairs(known, judged, np.zeros_like(asked), regulators) & ~asked
            ),
        )
    assert audited("full", make_split(held))[0] == {OWN_STEP}


@pytest.mark.parametrize(
    ("form", "options"),
    [("paper", {"hide": 0, "degree_prior": False})]
    + [(name, {"variant": "published"}) for name in PEERS],
)
def test_a_form_that_hides_nothing_says_so(form, options):
    found, lines = audited(form, make_split(EDGES), **options)
    assert found == set()
    assert lines[OWN_STEP]["count"] > 0
    assert lines[OWN_STEP]["detail"] == "this form hides none"


# Labels: degree features, early stopping, scales and calibration


def mix_parts(monkeypatch, form, split, **parts):
    """Let a model take other pairs for its training or validation part."""
    test = split[split[PART] == TEST]

    def known(columns):
        index = {name: i for i, name in enumerate(NAMES)}
        ends = [torch.tensor([index[x] for x in columns[c]]) for c in PAIR]
        return (*ends, torch.tensor(columns[LABEL].to_numpy(), dtype=torch.float32))

    if form == "full":
        made = full.label_matrix

        def swapped(pairs, genes):
            matrix = made(pairs, genes)
            labels, mask = matrix.labels.copy(), np.zeros_like(matrix.train)
            rows = [matrix.regulators.index(x) for x in test[REGULATOR]]
            columns = [matrix.genes.index(x) for x in test[TARGET]]
            labels[rows, columns], mask[rows, columns] = test[LABEL], True
            more = {"train": matrix.train | mask} if "train" in parts else {"val": mask}
            return dataclasses.replace(matrix, labels=labels, **more)

        monkeypatch.setattr(full, "label_matrix", swapped)
        return
    module, name = (paper, "_prepare") if form == "paper" else (peer, "prepare")
    prepare = getattr(module, name)

    def swapped(*arguments):
        task, planted = prepare(*arguments), known(test)
        if "val" in parts:
            return dataclasses.replace(task, val=planted)
        both = tuple(torch.cat(x) for x in zip(task.train, planted, strict=True))
        return dataclasses.replace(task, train=both)

    monkeypatch.setattr(module, name, swapped)


@pytest.mark.parametrize("form", ["paper", "full", *PEERS])
def test_training_on_test_pairs(monkeypatch, form, scheme):
    split = make_split(scheme)
    mix_parts(monkeypatch, form, split, train=True)
    assert READ in audited(form, split)[0]


@pytest.mark.parametrize("form", ["paper", "full", *PEERS])
def test_early_stopping_or_calibration_by_test_pairs(monkeypatch, form, scheme):
    split = make_split(scheme)
    mix_parts(monkeypatch, form, split, val=True)
    found, lines = audited(form, split)
    if form == "full" and scheme == TFS:
        # Nothing is trained or chosen there; the calibration reads training regulators.
        assert found == set()
        return
    assert COMPARED in found
    assert " -> g" in lines[COMPARED]["detail"]


@pytest.mark.parametrize("phase", ["_scale", "_calibrate"])
@pytest.mark.parametrize("held", [EDGES, GENES, BOTH])
def test_scales_and_calibration_by_test_pairs(monkeypatch, held, phase):
    function = getattr(scoring, phase)
    monkeypatch.setattr(
        scoring, phase, lambda matrix, values, pairs: function(matrix, values, matrix.judged)
    )
    found, lines = audited("full", make_split(held))
    assert found == {COMPARED}
    assert lines[COMPARED]["detail"].startswith("calibration: ")


def test_a_degree_prior_that_counts_judged_pairs(monkeypatch, scheme):
    split = make_split(scheme)
    decode = paper.Task.encode

    def planted(task, model, graph, visible, phase):
        more = tuple(torch.cat([a, b]) for a, b in zip(visible, task.val, strict=True))
        return decode(task, model, graph, more, phase)

    monkeypatch.setattr(paper.Task, "encode", planted)
    assert audited("paper", split)[0] == {READ}


def test_validation_labels_shown_at_scoring_are_a_finding(scheme):
    """`refit_on_validation` does what the headline's rule forbids, and the audit says so."""
    found, lines = audited("full", make_split(scheme), refit_on_validation=True)
    assert {JUDGED, AS_EDGE, READ} <= found
    assert COMPARED not in found
    assert OWN_STEP not in found
    assert not lines[JUDGED]["detail"].startswith(("training", "validation"))


def test_validation_labels_shown_on_request_are_counted_and_are_no_finding(scheme):
    split = make_split(scheme)
    found, lines = audited("full", split, shown=True, refit_on_validation=True)
    # With both ends new, a shown pair may be the reverse of a test pair: that stays a finding.
    assert found == ({REVERSE} if scheme == BOTH else set())
    assert lines["validation label shown on request"]["count"] > 0
    plain, lines = audited("full", split, shown=True)
    assert plain == set()
    assert lines["validation label shown on request"]["count"] == 0
