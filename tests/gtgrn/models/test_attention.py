from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.models.attention import gtgrn_weights, stability, to_genes
from gtgrn.models.gtgrn import paper as gtgrn
from gtgrn.models.message_passing import make_arcs
from gtgrn.models.peers import genelink
from gtgrn.names import PAIR
from gtgrn.splits.leakage import message_edges
from peer_cases import make_features, make_pairs, names


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def by_edge(table):
    return table.set_index([*PAIR, "layer", "head"])["weight"]


def test_genelink_weights_are_the_softmax_of_its_scores_over_neighbours():
    pairs, features = make_pairs(), make_features()
    fitted = genelink.fit(pairs, names(24), features, seed=0, epochs=1, device="cpu", heads=2,
                          hidden=[4, 3], outputs=[4, 2])  # fmt: skip
    table = genelink.attention_weights(fitted.model, pairs, names(24), features, device="cpu")
    found = by_edge(table)
    edges = message_edges(pairs)
    codes = [[names(24).index(gene) for gene in edges[column]] for column in PAIR]
    arcs = make_arcs(*map(torch.tensor, codes), 24, symmetric=True, loops=False)
    x = genelink.normalise(features["X"])
    layer = fitted.model.layer1
    w = {k: v.detach().double().numpy() for k, v in layer.named_parameters()}
    h = (x @ w["weight"]).reshape(24, 2, 4)
    senders = {i: [] for i in range(24)}
    for s, t in zip(arcs.source.tolist(), arcs.target.tolist(), strict=True):
        senders[t].append(s)
    for r, t in zip(*codes, strict=True):
        for k in range(2):
            raw = np.array([h[t, k] @ w["receiver"][k] + h[s, k] @ w["sender"][k]
                            for s in senders[t]])  # fmt: skip
            e = np.exp(np.where(raw > 0, raw, 0.2 * raw))
            expected = (e / e.sum())[senders[t].index(r)]
            got = found[names(24)[r], names(24)[t], 1, k + 1]
            assert got == pytest.approx(expected, rel=1e-4)
    assert set(table["layer"]) == {1, 2}


def test_gtgrn_weights_reproduce_its_states():
    """Weighted sums of values by the weights given must be what the layer's attention gives."""
    pairs = make_pairs()
    features = {"E": np.random.default_rng(0).normal(size=(24, 5))}
    fitted = gtgrn.fit(pairs, names(24), features, dimensions=8, layers=1, heads=2, epochs=2,
                       norm="layer", learning_rate=1e-3, seed=0, device="cpu")  # fmt: skip
    table = gtgrn_weights(fitted.model, pairs, names(24), features, device="cpu")
    found = by_edge(table)
    edges = message_edges(pairs)
    assert len(table) == len(edges) * 2
    codes = [[names(24).index(gene) for gene in edges[column]] for column in PAIR]
    arcs = make_arcs(*map(torch.tensor, codes), 24, symmetric=True, loops=True)
    layer = fitted.model.layers[0]
    x = torch.tensor(gtgrn.standardise(features["E"])).float()
    with torch.no_grad():
        h = fitted.model.fuse({"E": x})
        q, k, _ = layer.qkv(h).view(24, 3, 2, 4).unbind(1)
    for r, t in list(zip(*codes, strict=True))[:20]:
        senders = arcs.source[arcs.target == t]
        weights = torch.softmax((k[senders] * q[t]).sum(-1) / 2.0, dim=0)
        got = [found[names(24)[r], names(24)[t], 1, head] for head in (1, 2)]
        expected = weights[senders == r][0].tolist()
        assert got == pytest.approx(expected, rel=1e-4)


def test_gtgrn_weights_do_not_depend_on_the_order_of_genes():
    pairs = make_pairs()
    x = np.random.default_rng(0).normal(size=(24, 5))
    fitted = gtgrn.fit(pairs, names(24), {"E": x}, dimensions=8, layers=2, heads=2, epochs=2,
                       norm="layer", learning_rate=1e-3, seed=0, device="cpu")  # fmt: skip
    order = np.random.default_rng(1).permutation(24)
    first = gtgrn_weights(fitted.model, pairs, names(24), {"E": x}, device="cpu")
    again = gtgrn_weights(
        fitted.model, pairs, [names(24)[i] for i in order], {"E": x[order]}, device="cpu"
    )
    np.testing.assert_allclose(by_edge(first), by_edge(again), rtol=1e-4)


def test_genes_collect_what_their_targets_pay():
    table = pd.DataFrame(
        [("a", "x", 1, 1, 0.2), ("a", "y", 1, 1, 0.4), ("b", "x", 1, 1, 0.1),
         ("a", "x", 1, 2, 0.6), ("a", "y", 1, 2, 0.0), ("b", "x", 1, 2, 0.3)],
        columns=[*PAIR, "layer", "head", "weight"],
    )  # fmt: skip
    genes = to_genes(table).set_index(["gene", "layer", "head"])
    assert genes.loc[("a", 1, 1), "total"] == pytest.approx(0.6)
    assert genes.loc[("a", 1, 1), "mean"] == pytest.approx(0.3)
    assert genes.loc[("a", 0, 0), "total"] == pytest.approx(0.6)
    assert genes.loc[("b", 0, 0), "total"] == pytest.approx(0.2)
    assert genes.loc[("b", 0, 0), "targets"] == 1


def test_stability_is_the_correlation_of_seeds_and_who_comes_first():
    totals = {0: [3, 2, 1], 1: [3, 2, 1], 2: [1, 2, 3]}
    table = pd.concat(
        pd.DataFrame({"gene": ["a", "b", "c"], "layer": 0, "head": 0, "total": v, "seed": s})
        for s, v in totals.items()
    )
    row = stability(table).iloc[0]
    assert row["spearman"] == pytest.approx((1 - 1 - 1) / 3)
    assert row["first"] == "a"
    assert row["first_share"] == pytest.approx(2 / 3)
    assert np.isnan(stability(table[table["seed"] == 0]).iloc[0]["spearman"])
