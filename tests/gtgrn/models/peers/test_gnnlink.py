from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.models.peer_training import prepare
from gtgrn.models.peers import gnnlink
from gtgrn.models.peers.gnnlink import GNNLink, normalise, rmse
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TRAIN
from peer_cases import PeerContract, leaky, names, set_weights


class TestContract(PeerContract):
    module = gnnlink
    small = {"hidden": [8, 4]}
    rebuild = GNNLink


def make_task():
    """Three genes and one known edge, g00 -> g01."""
    pairs = pd.DataFrame({REGULATOR: ["g00"], TARGET: ["g01"], LABEL: [1], PART: [TRAIN]})
    return prepare(pairs, names(3), "cpu")


# The entry of row i and column j is the weight with which gene i hears gene j.
ONE_WAY = [[2 / 3, 1 / np.sqrt(3 * 2), 0], [0, 1, 0], [0, 0, 1]]
BOTH_WAYS = [[1 / 2, 1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 1]]


@pytest.mark.parametrize(("one_way", "matrix"), [(True, ONE_WAY), (False, BOTH_WAYS)])
@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_scores_by_hand(symmetric, rectify, one_way, matrix):
    model = GNNLink(
        2,
        hidden=[3, 2],
        dropout=0.5,
        one_way=one_way,
        symmetric_score=symmetric,
        rectify=rectify,
    ).eval()
    w = set_weights(model)
    x = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])
    arcs = model.graph(make_task())

    def convolve(h, weight):
        return leaky(np.array(matrix) @ h @ weight, 0.2)

    z = convolve(convolve(x, w["weight1"]), w["weight2"])
    states = model(torch.tensor(x).float(), arcs)
    np.testing.assert_allclose(states.detach().numpy(), z, rtol=1e-5)
    for a in range(3):
        for b in range(3):
            expected = z[a] @ z[b]
            if not symmetric:
                expected = (w["roles.weight"] @ z[a]) @ z[b] + w["offset"]
            got = model.decode(states, torch.tensor([a]), torch.tensor([b])).item()
            assert got == pytest.approx(max(expected, 0) if rectify else expected, rel=1e-4)


def test_published_score_is_symmetric_and_not_negative():
    states = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    model = GNNLink(2, hidden=[3, 3], dropout=0, one_way=True, symmetric_score=True, rectify=True)
    a, b = torch.tensor([0, 1, 2]), torch.tensor([3, 2, 0])
    assert torch.equal(model.decode(states, a, b), model.decode(states, b, a))
    assert (model.decode(states, a, b) >= 0).all()


def test_rmse_by_hand():
    value = rmse(torch.tensor([0.5, 0.0, 2.0]), torch.tensor([1.0, 0.0, 0.0]))
    assert value.item() == pytest.approx(np.sqrt((0.25 + 0 + 4) / 3), rel=1e-6)
    scores = torch.zeros(2, requires_grad=True)
    rmse(scores, torch.zeros(2)).backward()
    assert torch.isfinite(scores.grad).all()


def test_normalise_gives_centred_rows_of_length_one():
    rows = normalise(np.array([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]]))
    assert rows[0].sum() == pytest.approx(0, abs=1e-12)
    assert np.linalg.norm(rows[0]) == pytest.approx(1)
    np.testing.assert_array_equal(rows[1], 0)
