from __future__ import annotations

import numpy as np
import pytest
import torch
from gtgrn.models.message_passing import make_arcs
from gtgrn.models.peers import gatv2
from gtgrn.models.peers.gatv2 import GATv2, attention_weights, balanced_rows
from gtgrn.names import PAIR, REGULATOR, TARGET
from gtgrn.splits.leakage import message_edges
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

SMALL = {"heads": 2, "hidden": [3, 2]}


class TestContract(PeerContract):
    module = gatv2
    small = {"heads": 2, "hidden": [8, 8]}
    rebuild = GATv2


@pytest.mark.parametrize("symmetric", [True, False])
def test_scores_by_hand(symmetric):
    edges = torch.tensor([0, 0]), torch.tensor([1, 2])
    arcs = make_arcs(*edges, 3, symmetric=symmetric, loops=True)
    model = GATv2(2, **SMALL, dropout=0.5, symmetric=symmetric).eval()
    w = set_weights(model)
    x = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])

    def layer(h, name, width):
        receiver = h @ w[f"{name}.receiver.weight"].T + w[f"{name}.receiver.bias"]
        sender = h @ w[f"{name}.sender.weight"].T + w[f"{name}.sender.bias"]
        heads, weights = np.zeros((3, 2, width)), {}
        for k in range(2):
            part = slice(k * width, (k + 1) * width)
            for i in range(3):
                senders = in_neighbours(arcs, i)
                a = softmax(
                    np.array(
                        [
                            w[f"{name}.attention"][k]
                            @ leaky(receiver[i, part] + sender[j, part], 0.2)
                            for j in senders
                        ]
                    )
                )
                weights |= {(j, i, k): a[p] for p, j in enumerate(senders)}
                heads[i, k] = sum(a[p] * sender[j, part] for p, j in enumerate(senders))
                heads[i, k] += w[f"{name}.bias"][k]
        return heads, weights

    h, first = layer(x, "layers.0", 3)
    h = h.reshape(3, 6)
    h, second = layer(np.where(h > 0, h, np.exp(h) - 1), "layers.1", 2)
    states, attended = model.attend(torch.tensor(x).float(), arcs)
    np.testing.assert_allclose(states.detach().numpy(), h.mean(1), rtol=1e-4, atol=1e-5)
    for got, expected in zip(attended, (first, second), strict=True):
        for e, (j, i) in enumerate(zip(arcs.source.tolist(), arcs.target.tolist(), strict=True)):
            for k in range(2):
                assert got[e, k].item() == pytest.approx(expected[j, i, k], rel=1e-4)

    both = {
        (a, b): np.maximum(
            w["decoder.regulator.weight"] @ h.mean(1)[a]
            + w["decoder.regulator.bias"]
            + w["decoder.target.weight"] @ h.mean(1)[b],
            0,
        )
        for a in range(3)
        for b in range(3)
    }
    for (a, b), hidden in both.items():
        expected = w["decoder.output.2.weight"][0] @ hidden + w["decoder.output.2.bias"][0]
        got = model.decode(states, torch.tensor([a]), torch.tensor([b])).item()
        assert got == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("symmetric", [True, False])
def test_attention_table(symmetric):
    pairs, features = make_pairs(), make_features()
    fitted = gatv2.fit(
        pairs, names(24), features, seed=0, epochs=2, device="cpu", symmetric=symmetric, **SMALL
    )
    table = attention_weights(fitted.model, pairs, names(24), features, device="cpu")
    edges = message_edges(pairs)
    assert len(table) == len(edges) * 2 * 2
    assert set(map(tuple, table[PAIR].to_numpy())) == set(map(tuple, edges.to_numpy()))
    assert set(table["layer"]) == set(table["head"]) == {1, 2}
    assert not table.duplicated([*PAIR, "layer", "head"]).any()
    assert table["weight"].between(0, 1).all()
    # A gene's own share is missing, so its regulators get less than everything.
    sums = table.groupby([TARGET, "layer", "head"])["weight"].sum()
    assert (sums < 1).all()
    assert list(table.columns) == [REGULATOR, TARGET, "layer", "head", "weight"]
    order = table.sort_values([*PAIR, "layer", "head"], kind="stable").index
    assert list(order) == list(table.index)

    rng = np.random.default_rng(0).permutation(24)
    again = attention_weights(
        fitted.model, pairs, [names(24)[i] for i in rng], {"X": features["X"][rng]}, device="cpu"
    )
    np.testing.assert_allclose(again["weight"], table["weight"], rtol=1e-5)
    assert again[PAIR].equals(table[PAIR])


def test_attention_of_an_edge_is_that_of_its_arc():
    pairs, features = make_pairs(), make_features()
    fitted = gatv2.fit(pairs, names(24), features, seed=0, epochs=2, device="cpu", **SMALL)
    table = attention_weights(fitted.model, pairs, names(24), features, device="cpu")
    edges = message_edges(pairs)
    codes = [torch.tensor([names(24).index(g) for g in edges[c]]) for c in PAIR]
    arcs = make_arcs(*codes, 24, symmetric=True, loops=True)
    x = torch.tensor(gatv2.normalise(features["X"])).float()
    with torch.no_grad():
        layers = fitted.model.attend(x, arcs)[1]
    where = {e: i for i, e in enumerate(zip(arcs.source.tolist(), arcs.target.tolist(),
                                            strict=True))}  # fmt: skip
    for row in table.itertuples():
        arc = where[names(24).index(row.regulator), names(24).index(row.target)]
        expected = layers[row.layer - 1][arc, row.head - 1].item()
        assert row.weight == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("labels", [[0, 0, 0, 1, 0, 1], [1, 1, 0, 1], [0, 1]])
def test_oversampling_balances_the_classes(labels):
    rows = balanced_rows(torch.tensor(labels), torch.Generator().manual_seed(0)).tolist()
    assert set(rows) == set(range(len(labels)))
    ones = sum(labels[i] for i in rows)
    assert ones == len(rows) - ones == max(sum(labels), len(labels) - sum(labels))


def test_oversampling_of_one_class_keeps_it():
    rows = balanced_rows(torch.zeros(3), torch.Generator())
    assert rows.tolist() == [0, 1, 2]


def test_oversampling_changes_training_only():
    plain, repeated = (
        gatv2.fit(
            make_pairs(), names(24), make_features(), seed=0, epochs=2, device="cpu",
            oversample=oversample, heads=2, hidden=[8, 8],
        )
        for oversample in (False, True)
    )  # fmt: skip
    assert len(plain.scores) == len(repeated.scores) == len(make_pairs())
    assert not np.allclose(plain.scores, repeated.scores)
