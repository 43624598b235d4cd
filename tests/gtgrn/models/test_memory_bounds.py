"""What is done in blocks, and what only large data sets do, on small ones; and real peaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from gtgrn.models.gtgrn import (
    gaussian_process as kernel_completion,
)
from gtgrn.models.gtgrn import gene_features as gene_features_module
from gtgrn.models.gtgrn import (
    hidden_training,
    pair_features,
    paper,
    two_role,
)
from gtgrn.models.gtgrn.gaussian_process import gene_kernel, symbol_prefixes
from gtgrn.models.gtgrn.gene_features import gene_features
from gtgrn.models.gtgrn.hidden_training import make_draw, make_draws
from gtgrn.models.gtgrn.inputs import Inputs
from gtgrn.models.gtgrn.label_matrix import LabelMatrix
from gtgrn.models.gtgrn.pair_features import SHRINKAGE, ExpressionNeighbours
from gtgrn.models.gtgrn.two_role import masked_attention
from gtgrn.models.peer import fitted
from gtgrn.models.peer_training import prepare
from gtgrn.names import EDGES
from peer_cases import make_pairs, names

CPU = torch.device("cpu")
T, G = 5, 30


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def expression():
    return np.random.default_rng(0).gamma(2.0, size=(G, 12))


def residual_and_mask():
    rng = np.random.default_rng(1)
    mask = torch.as_tensor(rng.random((T, G)) < 0.7).float()
    return torch.as_tensor(rng.normal(size=(T, G)), dtype=torch.float32) * mask, mask


def similar_columns_by_loops(residual, mask, neighbours):
    result = torch.zeros_like(residual)
    for g in range(G):
        sums, size = torch.zeros(T), torch.zeros(T)
        for h in set(neighbours) - {g}:
            norms = residual[:, g].norm() * residual[:, h].norm()
            cosine = (residual[:, g] @ residual[:, h] / norms.clamp_min(1e-12)).clamp_min(0)
            sums, size = sums + cosine * residual[:, h], size + cosine * mask[:, h]
        result[:, g] = sums / (size + SHRINKAGE)
    return result


@pytest.mark.parametrize("entries", [1 << 23, 4 * G, 1])
def test_similar_columns_are_their_formula_whatever_the_block(monkeypatch, entries):
    monkeypatch.setattr(pair_features, "BLOCK_ENTRIES", entries)
    residual, mask = residual_and_mask()
    found = pair_features._similar_columns(residual, mask)
    expected = similar_columns_by_loops(residual, mask, range(G))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_beyond_the_limit_evenly_spaced_columns_stand_for_all(monkeypatch, caplog):
    monkeypatch.setattr(pair_features, "DENSE_LIMIT", 7 * G)
    monkeypatch.setattr(pair_features, "BLOCK_ENTRIES", 4 * G)
    residual, mask = residual_and_mask()
    with caplog.at_level("INFO"):
        found = pair_features._similar_columns(residual, mask)
    chosen = torch.linspace(0, G - 1, 7).long().tolist()
    expected = similar_columns_by_loops(residual, mask, chosen)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert "7 of 30 targets stand for all" in caplog.text


def full_beyond(monkeypatch, owner, name, place=0, *, most):
    """Let a function run out of a GPU's memory where an argument has too many entries."""
    real = getattr(owner, name)

    def bounded(*arguments, **others):
        if arguments[place].numel() > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(*arguments, **others)

    monkeypatch.setattr(owner, name, bounded)


class Decoder:
    """The part of a model that scores pairs, by the product of the states of their ends."""

    @staticmethod
    def decode(states, regulator, target, *_):
        return (states[regulator] * states[target]).sum(1)


def of_similar_columns():
    residual, mask = residual_and_mask()
    return lambda: pair_features._similar_columns(residual, mask), (torch.Tensor, "clamp_min_")


def of_the_pair_channel():
    torch.manual_seed(0)
    model = two_role.TwoRole(width=2, regulators=T, dimensions=4, heads=1, rank=2, channels=3)
    torch.nn.init.ones_(model.pair[-1].weight)
    features, pairs, everything = torch.randn(G, 2), torch.randn(T * G, 3), torch.ones(T, G)
    visible = two_role.Visible((torch.rand(T, G) < 0.5).float(), everything, everything)

    @torch.no_grad()
    def score():
        return model.eval()(features[:T], features, visible, everything > 0, pairs)

    return score, (model.pair, "forward")


def of_the_papers_pairs():
    states = torch.randn(G, 3, generator=torch.Generator().manual_seed(0))
    ends = torch.arange(G).repeat(4), torch.arange(4 * G) % 7
    return lambda: paper.decode_blocks(Decoder, states, *ends, ()), (Decoder, "decode", 1)


def of_the_pairs_of_a_peer():
    task = prepare(make_pairs(), names(24), "cpu")
    states = torch.randn(24, 3, generator=torch.Generator().manual_seed(0))

    def score():
        return torch.tensor(fitted(task, Decoder, states, [], {}).scores)

    return score, (Decoder, "decode", 1)


SITES = [of_similar_columns, of_the_pair_channel, of_the_papers_pairs, of_the_pairs_of_a_peer]


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.__name__)
def test_where_a_gpu_is_full_smaller_blocks_give_the_same(monkeypatch, caplog, site):
    score, place = site()
    expected = score()
    full_beyond(monkeypatch, *place, most=40)
    torch.testing.assert_close(score(), expected, atol=1e-6, rtol=1e-5)
    assert "The memory of the GPU is full" in caplog.text
    # Where not even one row fits, torch's exception is left to the log, which words it.
    full_beyond(monkeypatch, *place, most=0)
    with pytest.raises(torch.OutOfMemoryError):
        score()


def test_expression_neighbours_do_not_depend_on_the_block(monkeypatch):
    results = []
    for entries in (1 << 23, 7 * G):
        monkeypatch.setattr(pair_features, "BLOCK_ENTRIES", entries)
        made = ExpressionNeighbours(expression(), np.arange(T), CPU)
        results.append([x.to_dense() for x in (*made.columns, made.moments)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)
        assert one.any()
    # Ten neighbours a row by correlation: fewer only where fewer correlate positively.
    correlation = np.corrcoef(expression())
    np.fill_diagonal(correlation, -1)
    wanted = np.minimum((correlation > 0).sum(axis=1), 10)
    assert ((results[0][0] > 0).sum(dim=1).numpy() == wanted).all()


def test_the_approximated_kernel_does_not_depend_on_the_block(monkeypatch):
    table = torch.tensor(gene_features(expression(), np.arange(G) < T))
    prefixes = symbol_prefixes([f"KRT{i}" for i in range(G)])
    kernels = []
    for block in (2048, 7):
        monkeypatch.setattr(kernel_completion, "BLOCK", block)
        kernels.append(gene_kernel(table, prefixes, landmarks=9))
    approximated = [kernel.factor @ kernel.factor.T for kernel in kernels]
    torch.testing.assert_close(*approximated, atol=1e-9, rtol=0)
    # Nystroem is exact among the landmarks.
    anchors = torch.linspace(0, G - 1, 9).long()
    exact = gene_kernel(table[anchors], prefixes[anchors.numpy()]).matrix
    found = approximated[0][anchors][:, anchors]
    torch.testing.assert_close(found, exact, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(G, 12), (12, G)])
@pytest.mark.parametrize("whiten", [0.0, 0.5])
def test_components_without_a_gram_matrix_are_the_same(monkeypatch, shape, whiten):
    values = np.random.default_rng(2).normal(size=shape) * np.arange(1, shape[1] + 1)
    exact = gene_features_module.principal_components(values, 5, whiten=whiten)
    monkeypatch.setattr(gene_features_module, "DENSE_LIMIT", 1)
    found = gene_features_module.principal_components(values, 5, whiten=whiten)
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_attention_computed_twice_has_the_same_values_and_gradients(monkeypatch):
    draw = torch.Generator().manual_seed(0)
    inputs = [torch.randn(n, 2, 3, generator=draw, requires_grad=True) for n in (T, G, G)]
    mask = torch.rand(T, G, generator=draw) < 0.5
    calls, results = [], []
    attend = two_role._attend
    monkeypatch.setattr(two_role, "_attend", lambda *x: calls.append(1) or attend(*x))
    for limit in (two_role.DENSE_LIMIT, 0):
        monkeypatch.setattr(two_role, "DENSE_LIMIT", limit)
        value = masked_attention(*inputs, mask)
        results.append([value, *torch.autograd.grad(value.square().sum(), inputs)])
    assert len(calls) == 3
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)


def make_matrix_and_inputs():
    rng = np.random.default_rng(0)
    part = rng.choice(3, (T, G), p=[0.7, 0.15, 0.15])
    train, val, test = (part == i for i in range(3))
    labels = (rng.random((T, G)) < 0.4).astype(np.float32) * (train | val)
    names = [f"g{i:02d}" for i in range(G)]
    matrix = LabelMatrix(names, names[:T], np.arange(T), labels, train, val, val | test)
    table = torch.tensor(gene_features(expression(), np.arange(G) < T))
    neighbours = ExpressionNeighbours(expression(), np.arange(T), CPU)
    profiles = np.zeros((G, 2))
    return matrix, Inputs(table, torch.arange(T), neighbours, gene_kernel(table), profiles)


def test_a_draw_is_prepared_when_it_is_asked_for_and_once(monkeypatch):
    matrix, inputs = make_matrix_and_inputs()
    made = []
    monkeypatch.setattr(
        hidden_training, "make_draw", lambda *x, **y: made.append(1) or make_draw(*x, **y)
    )
    draws = make_draws(matrix, inputs, EDGES, matrix.train, share=0.2, count=6, seed=0)
    assert len(draws) == 6
    assert not made
    later = draws[np.int64(4)]
    assert draws[4] is later
    assert len(made) == 1
    again = make_draws(matrix, inputs, EDGES, matrix.train, share=0.2, count=6, seed=0)
    for i in range(6):
        assert torch.equal(again[i].asked, draws[i].asked)
    assert not torch.equal(draws[0].asked, draws[1].asked)
    assert torch.equal(later.pair, make_draw(matrix, inputs, matrix.train, draws.asked[4]).pair)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "bound"), [("paper", 3.0), ("full", 5.0)])
def test_a_genome_and_a_million_pairs_fit_into_memory(form, bound):
    program = Path(__file__).resolve().parents[3] / "bench" / "model_memory.py"
    run = subprocess.run(
        [sys.executable, str(program), form], capture_output=True, text=True, check=True
    )
    measured = json.loads(run.stdout)
    print(measured)
    assert measured["GiB"] < bound
