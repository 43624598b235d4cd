from __future__ import annotations

import numpy as np
import pytest
import torch
from gtgrn.models.message_passing import aggregate, arc_softmax, make_arcs
from gtgrn.models.peer_training import Schedule, prepare
from gtgrn.models.peers import genelink
from gtgrn.models.peers.genelink import FORMS, GENELink, _UnitRows
from hypothesis import given, settings
from hypothesis import strategies as st
from peer_cases import (
    PeerContract,
    in_neighbours,
    leaky,
    make_features,
    make_pairs,
    names,
    set_weights,
    softmax,
)

MODEL = {
    "heads": 2,
    "hidden": [3, 2],
    "outputs": [4, 3],
    "attention_dropout": 0.5,
    "dropout": 0.01,
    "test_dropout": False,
    "uniform_alone": True,
}


class TestContract(PeerContract):
    module = genelink
    small = {"hidden": [8, 4], "outputs": [4, 4]}
    rebuild = GENELink
    # The two roles' parities enter as a product, which narrow layers do not find.
    learner = {
        "hidden": [16, 16],
        "outputs": [16, 16],
        "attention_dropout": 0.0,
        "dropout": 0.0,
        "hide": 0.0,
        "batch_size": 32,
        "epochs": 20,
    }

    def score(self, model, pairs, genes, features):
        return genelink.score(model, pairs, genes, features, seed=0, device="cpu")

    def test_dropout_in_scoring_is_a_quirk_that_can_be_turned_off(self):
        noisy = self.fit(dropout=0.5)
        calm = self.fit(dropout=0.5, test_dropout=False)
        pairs, features = make_pairs(), make_features()
        for result, same in ((noisy, False), (calm, True)):
            draws = [
                genelink.score(result.model, pairs, names(24), features, seed=s, device="cpu")
                for s in (1, 2)
            ]
            assert np.array_equal(*draws) == same

    def test_last_and_best_epoch(self):
        options = {"epochs": 8, "learning_rate": 0.03, "test_dropout": False}
        last, best = (self.fit(keep=keep, **options) for keep in ("last", "best"))
        assert last.history == best.history
        values = [row["validation_auprc"] for row in last.history]
        assert np.argmax(values) < len(values) - 1
        assert not np.allclose(last.scores, best.scores)


@pytest.mark.parametrize("uniform", [True, False])
def test_scores_by_hand(uniform):
    # g0 - g1 and g0 - g2; g3 has no neighbour.
    arcs = make_arcs(torch.tensor([0, 0]), torch.tensor([1, 2]), 4, symmetric=True, loops=False)
    model = GENELink(2, **(MODEL | {"uniform_alone": uniform})).eval()
    w = set_weights(model)
    x = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0], [0.7, 0.7]])

    def layer(h, name, width):
        heads = np.zeros((4, 2, width))
        for k in range(2):
            own = h @ w[f"{name}.weight"][:, k * width : (k + 1) * width]
            for i in range(4):
                senders = in_neighbours(arcs, i)
                if senders:
                    e = [
                        w[f"{name}.receiver"][k] @ own[i] + w[f"{name}.sender"][k] @ own[j]
                        for j in senders
                    ]
                    a = softmax(leaky(np.array(e), 0.2))
                    passed = sum(a[p] * own[j] for p, j in enumerate(senders))
                else:
                    passed = own.mean(0) if uniform else own[i]
                passed = leaky(passed, 0.2)
                heads[i, k] = passed / np.sqrt(passed @ passed) + w[f"{name}.bias"][k]
        return heads

    h = layer(x, "layer1", 3).reshape(4, 6)
    h = layer(np.where(h > 0, h, np.exp(h) - 1), "layer2", 2).mean(1)
    states = model(torch.tensor(x).float(), arcs)
    np.testing.assert_allclose(states.detach().numpy(), h, rtol=1e-4, atol=1e-5)

    def role(name):
        first = leaky(h @ w[f"{name}.0.weight"].T + w[f"{name}.0.bias"], 0.01)
        return leaky(first @ w[f"{name}.1.weight"].T + w[f"{name}.1.bias"], 0.01)

    expected = role("regulator") @ role("target").T
    for a in range(4):
        for b in range(4):
            got = model.decode(states, torch.tensor([a]), torch.tensor([b])).item()
            assert got == pytest.approx(expected[a, b], rel=1e-3, abs=1e-4)


def test_a_gene_alone_receives_the_mean_in_training_too_on_average():
    torch.manual_seed(0)
    arcs = make_arcs(torch.tensor([0]), torch.tensor([1]), 5, symmetric=True, loops=False)
    layer = GENELink(2, **MODEL).layer1
    h = torch.randn(5, 2, 3)
    draws = torch.stack([layer.train()._alone(h, arcs.alone) for _ in range(4000)])
    assert draws.std(0).min() > 0.05
    expected = h.mean(0).expand(3, -1, -1)
    torch.testing.assert_close(draws.mean(0), expected, atol=0.05, rtol=0)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_arcs_softmax_and_sums_equal_loops(edges, symmetric, loops):
    source, target = (torch.tensor([e[i] for e in edges], dtype=torch.int64) for i in (0, 1))
    arcs = make_arcs(source, target, 5, symmetric=symmetric, loops=loops)
    expected = set(edges) | ({(b, a) for a, b in edges} if symmetric else set())
    expected |= {(i, i) for i in range(5)} if loops else set()
    got = list(zip(arcs.source.tolist(), arcs.target.tolist(), strict=True))
    assert got == sorted(expected, key=lambda e: (e[1], e[0]))
    assert arcs.alone.tolist() == [i for i in range(5) if not in_neighbours(arcs, i)]

    draw = torch.Generator().manual_seed(0)
    scores = torch.randn(len(got), 2, generator=draw, requires_grad=True)
    states = torch.randn(5, 2, 3, generator=draw, requires_grad=True)
    outer = torch.randn(5, 2, 3, generator=draw)
    (aggregate(arc_softmax(scores, arcs), states, arcs) * outer).sum().backward()
    ours = [x.grad.clone() for x in (scores, states)]
    scores.grad = states.grad = None
    total = torch.zeros(())
    for i in range(5):
        rows = [e for e, (_, t) in enumerate(got) if t == i]
        if rows:
            weights = scores[rows].softmax(0)
            passed = sum(weights[p][:, None] * states[got[e][0]] for p, e in enumerate(rows))
            total = total + (passed * outer[i]).sum()
    if got:
        total.backward()
        for mine, theirs in zip(ours, (scores.grad, states.grad), strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_softmax_takes_large_scores():
    arcs = make_arcs(torch.tensor([0, 1]), torch.tensor([2, 2]), 3, symmetric=False, loops=False)
    weights = arc_softmax(torch.tensor([[500.0], [501.0]]), arcs)
    np.testing.assert_allclose(weights[:, 0], softmax(np.array([0.0, 1.0])), rtol=1e-5)


def test_hidden_pairs_leave_the_graph_in_both_directions():
    task = prepare(make_pairs(), names(24), "cpu")
    whole = task.arcs(symmetric=True, loops=False)
    hidden = torch.arange(0, len(task.train[0]), 2)
    part = task.arcs(symmetric=True, loops=False, hidden=hidden)
    gone = {
        frozenset(pair)
        for pair in zip(
            task.train[0][hidden].tolist(), task.train[1][hidden].tolist(), strict=True
        )
    }

    def arcs_of(graph):
        return set(zip(graph.source.tolist(), graph.target.tolist(), strict=True))

    assert arcs_of(part) == {arc for arc in arcs_of(whole) if frozenset(arc) not in gone}
    assert len(arcs_of(part)) < len(arcs_of(whole))


def test_schedule_steps():
    base = {"epochs": 1, "check_every": 1, "patience": None, "keep": "last"}
    base |= {"learning_rate": 0.1, "decay": 0.99}
    assert Schedule(batch_size=256, hide=0.0, **base).step_size(1000) == 256
    assert Schedule(batch_size=256, hide=0.2, **base).step_size(1001) == 201
    assert Schedule(batch_size=None, hide=0.0, **base).step_size(7) == 7
    assert Schedule(batch_size=None, hide=0.1, **base).step_size(1) == 1
    # The published rate is spent after some 800 batches.
    optimiser, rate = Schedule(batch_size=1, hide=0, **base).optimiser(torch.nn.Linear(1, 1))
    for _ in range(800):
        optimiser.step()
        rate.step()
    assert optimiser.param_groups[0]["lr"] == pytest.approx(0.1 * 0.99**800, rel=1e-6)


def test_published_form_is_the_release():
    published = FORMS["published"]
    assert published.heads == 3
    assert published.hidden == [128, 64]
    assert published.outputs == [32, 16]
    assert (published.batch_size, published.epochs) == (256, 20)
    assert (published.learning_rate, published.decay) == (3e-3, 0.99)
    assert published.test_dropout


def test_unit_rows_are_those_of_torch_with_their_slope():
    x = torch.randn(3, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    torch.testing.assert_close(_UnitRows.apply(x), torch.nn.functional.normalize(x, dim=2))
    assert torch.autograd.gradcheck(_UnitRows.apply, x)
    assert torch.equal(_UnitRows.apply(torch.zeros(1, 4)), torch.zeros(1, 4))
