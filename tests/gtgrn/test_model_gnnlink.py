from __future__ import annotations

import numpy as np
import pytest
import torch
from gtgrn.models import gnnlink
from gtgrn.models._common import make_arcs
from gtgrn.models.gnnlink import GNNLink, normalise, rmse
from peer_cases import PeerContract, in_neighbours, leaky, set_weights


class TestContract(PeerContract):
    module = gnnlink
    small = {"hidden": [8, 4]}
    rebuild = GNNLink


@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_scores_by_hand(symmetric, rectify):
    # g0 -> g1; g2 has its loop only.
    arcs = make_arcs(torch.tensor([0]), torch.tensor([1]), 3, symmetric=True, loops=True)
    model = GNNLink(
        2, hidden=[3, 2], dropout=0.5, symmetric_score=symmetric, rectify=rectify
    ).eval()
    w = set_weights(model)
    x = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])

    def convolve(h, weight):
        rows = []
        for i in range(3):
            senders = in_neighbours(arcs, i)
            rows.append(leaky(sum(h[j] @ weight for j in senders) / len(senders), 0.01))
        return np.array(rows)

    z = convolve(convolve(x, w["weight1"]), w["weight2"])
    states = model(torch.tensor(x).float(), arcs)
    np.testing.assert_allclose(states.detach().numpy(), z, rtol=1e-5)
    assert [sorted(in_neighbours(arcs, i)) for i in range(3)] == [[0, 1], [0, 1], [2]]
    for a in range(3):
        for b in range(3):
            expected = z[a] @ z[b]
            if not symmetric:
                expected = (w["roles.weight"] @ z[a]) @ z[b] + w["offset"]
            got = model.decode(states, torch.tensor([a]), torch.tensor([b])).item()
            assert got == pytest.approx(max(expected, 0) if rectify else expected, rel=1e-4)


def test_published_score_is_symmetric_and_not_negative():
    states = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    model = GNNLink(2, hidden=[3, 3], dropout=0, symmetric_score=True, rectify=True)
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
