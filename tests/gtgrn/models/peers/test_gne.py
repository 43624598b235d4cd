from __future__ import annotations

import numpy as np
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.models.peers import gne
from gtgrn.models.peers.gne import GNE, logistic_regression, sampled_softmax, sampling_chances
from peer_cases import PeerContract, make_features, make_pairs, names, set_weights
from sklearn.linear_model import LogisticRegression

SMALL = {"identity": 4, "attributes": 3, "dimensions": 5}


class TestContract(PeerContract):
    module = gne
    small = SMALL
    rebuild = GNE
    # It learns from edges alone, of which there are fewer than weights.
    reached = 0.6


def make_model(genes, *, unit_parts=False, wide_start=False, joint=False):
    options = {"unit_parts": unit_parts, "wide_start": wide_start, "joint": joint}
    return GNE(2, genes=genes, **SMALL, keep_probability=0.5, **options).eval()


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("unit_parts", [True, False])
def test_scores_by_hand(unit_parts, joint):
    model = make_model(3, unit_parts=unit_parts, joint=joint)
    w = set_weights(model)
    x = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])
    states = []
    for i in range(3):
        u = w["attributes.weight"] @ x[i]
        parts = [w["identity"][i], np.where(u > 0, u, np.exp(u) - 1)]
        if unit_parts:
            parts = [part / np.sqrt((part**2).sum()) for part in parts]
        states.append(np.tanh(w["hidden.weight"] @ np.concatenate(parts)))
    got = model(torch.tensor(x).float())
    np.testing.assert_allclose(got.detach().numpy(), states, rtol=1e-4)
    some = model(torch.tensor(x).float(), torch.tensor([2, 0]))
    np.testing.assert_allclose(some.detach().numpy(), [states[2], states[0]], rtol=1e-4)
    vectors = model.vectors(torch.tensor(x).float())
    for a in range(3):
        for b in range(3):
            of_a, of_b = (states[i] + joint * w["context"][i] for i in (a, b))
            expected = (of_a * of_b) @ w["slope"] + w["intercept"]
            score = model.decode(vectors, torch.tensor([a]), torch.tensor([b])).item()
            assert score == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_sampled_softmax_by_hand():
    model = make_model(5)
    w = set_weights(model)
    states = np.random.default_rng(1).normal(size=(3, 5))
    neighbours, drawn = [1, 4, 2], [4, 0]
    expected = np.array([0.9, 0.5, 0.4, 0.3, 0.2])
    losses = []
    for i in range(3):
        logits = [
            states[i] @ w["context"][j] + w["offsets"][j] - np.log(expected[j]) for j in range(5)
        ]
        against = [logits[j] for j in drawn if j != neighbours[i]]
        right = np.exp(logits[neighbours[i]])
        losses.append(-np.log(right / (right + np.exp(against).sum())))
    got = sampled_softmax(
        model,
        torch.tensor(states).float(),
        torch.tensor(neighbours),
        torch.tensor(drawn),
        torch.tensor(expected).float(),
    )
    assert got.item() == pytest.approx(np.mean(losses), rel=1e-4)


def test_chances_of_negatives():
    wide = sampling_chances("log_uniform", 3).numpy()
    np.testing.assert_allclose(wide, np.log([2, 3 / 2, 4 / 3]) / np.log(4), rtol=1e-6)
    np.testing.assert_allclose(sampling_chances("uniform", 4).numpy(), 0.25)
    with pytest.raises(InputError, match="unknown sampler x"):
        sampling_chances("x", 3)


@pytest.mark.parametrize("penalty", [1.0, 0.1])
def test_regression_equals_scikit_learn(penalty):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = rng.random(300) < 1 / (1 + np.exp(-3 * x[:, 0] + x[:, 1] + 1))
    beta = logistic_regression(torch.tensor(x), torch.tensor(y), penalty).numpy()
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(beta[:-1], theirs.coef_[0], rtol=1e-4, atol=1e-5)
    assert beta[-1] == pytest.approx(theirs.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("label", [0, 1])
def test_regression_on_one_class_ends(label):
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    beta = logistic_regression(x, torch.full((20,), float(label)), 1.0)
    assert torch.isfinite(beta).all()
    assert torch.sign(beta[-1]).item() == 2 * label - 1


def test_regression_on_separable_labels_ends():
    x = torch.tensor([[-3.0], [-2.0], [2.0], [3.0]])
    beta = logistic_regression(x, torch.tensor([0.0, 0.0, 1.0, 1.0]), 1e-3)
    assert torch.isfinite(beta).all()
    assert beta[0] > 0


def test_published_score_has_no_direction():
    pairs = make_pairs()
    result = gne.fit(pairs, names(24), make_features(), seed=0, epochs=2, device="cpu", **SMALL)
    scores = dict(zip(zip(pairs["regulator"], pairs["target"], strict=True), result.scores,
                      strict=True))  # fmt: skip
    both = [(a, b) for a, b in scores if (b, a) in scores]
    assert both
    for a, b in both:
        assert scores[a, b] == pytest.approx(scores[b, a], rel=1e-5)
