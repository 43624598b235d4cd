from __future__ import annotations

import sys
from math import exp, log, sqrt

import numpy as np
import pytest
import torch
from gtgrn.errors import InputError
from gtgrn.models.gtgrn import transformer
from gtgrn.models.gtgrn.transformer import (
    GTGRN,
    DegreePrior,
    GraphTransformerLayer,
    LinkDecoder,
    MessageGraph,
    attention,
    undirected_with_loops,
)
from gtgrn.training.loop import seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

BACKENDS = ["dgl", "torch", "sparse"]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def random_graph(n, density, seed):
    """Make a directed graph; some nodes may have no in-neighbour."""
    mask = torch.rand(n, n, generator=torch.Generator().manual_seed(seed)) < density
    target, source = mask.nonzero(as_tuple=True)
    return MessageGraph(source, target, n)


def random_qkv(n, heads, d, seed, *, dtype=torch.float64):
    draw = torch.Generator().manual_seed(seed)
    made = [torch.randn(n, heads, d, generator=draw, dtype=dtype) for _ in range(3)]
    return [x.requires_grad_() for x in made]


def attention_by_loops(query, key, value, graph):
    """Apply equations 11 and 12 node by node, head by head."""
    rows = []
    for i in range(graph.n):
        neighbours = graph.source[graph.target == i]
        heads = []
        for k in range(query.shape[1]):
            if len(neighbours) == 0:
                heads.append(torch.zeros_like(value[i, k]))
                continue
            scores = key[neighbours, k] @ query[i, k] / sqrt(query.shape[2])
            share = scores.exp() / scores.exp().sum()
            heads.append(share @ value[neighbours, k])
        rows.append(torch.stack(heads))
    return torch.stack(rows)


# The message graph


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 12), m=st.integers(0, 40))
def test_the_graph_has_both_directions_once_and_a_loop_a_node(seed, n, m):
    draw = torch.Generator().manual_seed(seed)
    source, target = torch.randint(0, n, (2, m), generator=draw)
    graph = undirected_with_loops(source, target, n)
    pairs = list(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    given_ = set(zip(source.tolist(), target.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == given_ | {(b, a) for a, b in given_} | {(i, i) for i in range(n)}
    again = undirected_with_loops(target.flip(0), source.flip(0), n)
    assert torch.equal(graph.source, again.source)
    assert torch.equal(graph.target, again.target)


def test_both_views_of_a_graph_are_the_graph():
    graph = random_graph(9, 0.3, 0)
    edges = set(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
    source, target = graph.dgl.edges()
    assert set(zip(source.tolist(), target.tolist(), strict=True)) == edges
    assert graph.dgl.num_nodes() == 9
    assert {(j, i) for i, j in graph.mask.nonzero().tolist()} == edges


# Attention


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_attention_is_equations_11_and_12(backend, seed, dtype, tolerance):
    heads, d, density = [(1, 4, 0.3), (3, 5, 0.2), (4, 1, 0.9), (2, 8, 0.05)][seed]
    graph = random_graph(14, density, seed)
    inputs = random_qkv(14, heads, d, seed, dtype=dtype)
    expected = attention_by_loops(*inputs, graph)
    result = attention(*inputs, graph, backend)
    assert result.shape == (14, heads, d)
    torch.testing.assert_close(result, expected, atol=tolerance, rtol=tolerance)
    weights = torch.randn(result.shape, generator=torch.Generator().manual_seed(9), dtype=dtype)
    gradients, wanted = (
        torch.autograd.grad((x * weights).sum(), inputs) for x in (result, expected)
    )
    for mine, theirs in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, atol=10 * tolerance, rtol=10 * tolerance)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 20),
    density=st.floats(0, 1),
    heads=st.integers(1, 4),
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_all_backends_agree_on_any_graph(dtype, tolerance, seed, n, density, heads):
    graph = random_graph(n, density, seed)
    inputs = random_qkv(n, heads, 3, seed, dtype=dtype)
    first, *others = [attention(*inputs, graph, backend) for backend in BACKENDS]
    wanted = torch.autograd.grad(first.square().sum(), inputs)
    for result in others:
        torch.testing.assert_close(result, first, atol=tolerance, rtol=tolerance)
        gradients = torch.autograd.grad(result.square().sum(), inputs)
        for mine, theirs in zip(gradients, wanted, strict=True):
            torch.testing.assert_close(mine, theirs, atol=10 * tolerance, rtol=10 * tolerance)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node_without_in_neighbour_gets_zero_and_gives_no_gradient(backend):
    graph = MessageGraph(torch.tensor([0, 1, 2]), torch.tensor([1, 0, 0]), 4)
    inputs = random_qkv(4, 2, 3, 0)
    result = attention(*inputs, graph, backend)
    assert not result[2:].any()
    assert result[:2].all()
    gradients = torch.autograd.grad(result.sum(), inputs)
    assert all(torch.isfinite(g).all() for g in gradients)
    # Node 3 is nobody's neighbour, and node 2 only a neighbour: its query has no effect.
    assert not any(g[3].any() for g in gradients)
    assert not gradients[0][2].any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_large_scores_do_not_overflow(backend):
    graph = random_graph(6, 0.8, 0)
    query, key, value = (x.detach().float() for x in random_qkv(6, 2, 4, 0))
    result = attention(query * 1e3, key * 1e3, value, graph, backend)
    assert torch.isfinite(result).all()


def test_auto_is_dgl_on_the_cpu(monkeypatch):
    monkeypatch.setattr(transformer, "_attention_dgl", lambda *_: "dgl")
    monkeypatch.setattr(transformer, "_attention_torch", lambda *_: "torch")
    graph, inputs = random_graph(3, 0.5, 0), random_qkv(3, 1, 2, 0)
    assert attention(*inputs, graph, "auto") == "dgl"
    assert attention(*inputs, graph, "dgl") == "dgl"
    assert attention(*inputs, graph, "torch") == "torch"
    elsewhere = [x.detach().to("meta") for x in inputs]
    assert attention(*elsewhere, graph, "auto") == "torch"
    monkeypatch.setattr(transformer, "_attention_sparse", lambda *_: "sparse")
    monkeypatch.setattr(transformer, "DENSE_LIMIT", 8)
    assert attention(*elsewhere, graph, "auto") == "sparse"
    assert attention(*inputs, graph, "auto") == "dgl"


def test_without_dgl_auto_is_torch_and_dgl_by_name_is_one_line(monkeypatch):
    graph, inputs = random_graph(5, 0.5, 0), random_qkv(5, 2, 3, 0)
    expected = attention(*inputs, graph, "dgl")
    monkeypatch.setitem(sys.modules, "dgl", None)
    assert torch.equal(attention(*inputs, graph, "auto"), attention(*inputs, graph, "torch"))
    torch.testing.assert_close(attention(*inputs, graph, "auto"), expected)
    with pytest.raises(InputError, match=r"gtgrn\.backend.*DGL is not installed"):
        attention(*inputs, graph, "dgl")


def test_attention_by_edges_makes_no_mask_over_all_pairs():
    graph = random_graph(6, 0.5, 0)
    for backend in ("dgl", "sparse"):
        attention(*random_qkv(6, 2, 3, 0), graph, backend)
    assert "mask" not in vars(graph)


@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_is_near_to_single(backend):
    graph = random_graph(8, 0.5, 1)
    inputs = [x.detach().float() for x in random_qkv(8, 2, 4, 1)]
    half = attention(*(x.bfloat16() for x in inputs), graph, backend)
    single = attention(*inputs, graph, backend)
    torch.testing.assert_close(half.float(), single, atol=0.05, rtol=0.05)


def test_an_unknown_backend_is_an_input_error():
    with pytest.raises(InputError, match="jax"):
        attention(*random_qkv(3, 1, 2, 0), random_graph(3, 0.5, 0), "jax")


# The layer


def scramble(module, seed=0):
    """Return every parameter and running statistic a random value, so that none is 0 or 1."""
    draw = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.dtype.is_floating_point:
            tensor.copy_(torch.randn(tensor.shape, generator=draw) * 0.5)
            if "var" in name:
                tensor.abs_().add_(0.1)
    return module


def norm_by_hand(x, norm):
    if isinstance(norm, nn.BatchNorm1d):
        mean, variance = norm.running_mean, norm.running_var
    else:
        mean = x.mean(dim=1, keepdim=True)
        variance = (x - mean).square().mean(dim=1, keepdim=True)
    return (x - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias


def layer_by_hand(layer, h, graph):
    """Apply equations 11 to 15, a matrix a head, with the layer's own weights."""
    n, d = h.shape
    d_k = d // layer.heads
    query, key, value = layer.qkv.weight.view(3, layer.heads, d_k, d)
    heads = []
    for k in range(layer.heads):
        out = torch.zeros(n, d_k)
        for i in range(n):
            neighbours = graph.source[graph.target == i]
            scores = (query[k] @ h[i]) @ (key[k] @ h[neighbours].T) / sqrt(d_k)
            out[i] = scores.softmax(dim=0) @ (h[neighbours] @ value[k].T)
        heads.append(out)
    attended = torch.cat(heads, dim=1) @ layer.output.weight.T + layer.output.bias
    h = norm_by_hand(h + attended, layer.norm1)
    first, _, second = layer.feedforward
    hidden = (h @ first.weight.T + first.bias).clamp(min=0)
    return norm_by_hand(h + hidden @ second.weight.T + second.bias, layer.norm2)


def states(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", ["layer", "batch"])
@pytest.mark.parametrize("heads", [1, 4])
def test_a_layer_is_equations_11_to_15(backend, norm, heads):
    layer = GraphTransformerLayer(8, heads, norm=norm, dropout=0.4, backend=backend)
    kind = nn.BatchNorm1d if norm == "batch" else nn.LayerNorm
    assert type(layer.norm1) is type(layer.norm2) is kind
    scramble(layer).eval()
    h = states(10, 8)
    graph = undirected_with_loops(torch.tensor([0, 1, 2, 5]), torch.tensor([3, 2, 7, 6]), 10)
    with torch.no_grad():
        expected = layer_by_hand(layer, h, graph)
        torch.testing.assert_close(layer(h, graph), expected, atol=1e-5, rtol=1e-5)


def test_the_feedforward_layer_is_twice_as_wide():
    layer = GraphTransformerLayer(8, 2, norm="layer", dropout=0.0, backend="dgl")
    assert layer.feedforward[0].weight.shape == (16, 8)
    assert layer.feedforward[2].weight.shape == (8, 16)
    assert layer.qkv.bias is None


def test_a_layer_looks_one_step_far():
    layer = scramble(GraphTransformerLayer(8, 2, norm="layer", dropout=0.0, backend="dgl")).eval()
    h = states(5, 8).requires_grad_()
    graph = undirected_with_loops(torch.tensor([0, 1]), torch.tensor([1, 2]), 5)
    reach = torch.autograd.grad(layer(h, graph)[0].square().sum(), h)[0].any(dim=1)
    assert reach.tolist() == [True, True, False, False, False]


def test_dropout_acts_in_training_only():
    layer = GraphTransformerLayer(8, 2, norm="layer", dropout=0.5, backend="dgl")
    graph = undirected_with_loops(torch.tensor([0]), torch.tensor([1]), 4)
    h = states(4, 8)
    with seeded(0):
        layer.train()
        assert not torch.equal(layer(h, graph), layer(h, graph))
        layer.eval()
        assert torch.equal(layer(h, graph), layer(h, graph))


def test_heads_must_divide_the_dimensions():
    with pytest.raises(InputError, match="3 heads do not divide 8"):
        GraphTransformerLayer(8, 3, norm="layer", dropout=0.0, backend="dgl")


# The decoder


def test_the_decoder_is_an_mlp_on_the_concatenation_regulator_first():
    decoder = scramble(LinkDecoder(6, 5, 0.3)).eval()
    h, regulator, target = states(7, 6), torch.tensor([0, 3, 6, 3]), torch.tensor([1, 2, 0, 3])
    weight = torch.cat([decoder.regulator.weight, decoder.target.weight], dim=1)
    x = torch.cat([h[regulator], h[target]], dim=1)
    last = decoder.output[2]
    hidden = (x @ weight.T + decoder.regulator.bias).clamp(min=0)
    expected = hidden @ last.weight[0] + last.bias[0]
    with torch.no_grad():
        logits = decoder(h, regulator, target)
        assert logits.shape == (4,)
        torch.testing.assert_close(logits, expected, atol=1e-6, rtol=1e-6)
        reverse = decoder(h, target, regulator)
    assert (logits - reverse)[:3].abs().min() > 1e-3
    assert logits[3] == reverse[3]


# The degree prior


def logit(p):
    return log(p / (1 - p))


def prior_by_hand(visible, pair, scales):
    rows = list(zip(*(x.tolist() for x in visible), strict=True))
    mean = (sum(label for *_, label in rows) + 1) / (len(rows) + 2)
    offset = logit(mean)
    for end in (0, 1):
        own = [row[2] for row in rows if row[end] == pair[end]]
        rate = (sum(own) + 2 * mean) / (len(own) + 2)
        offset += scales[end] * (logit(rate) - logit(mean))
    return offset


def test_the_degree_prior_is_its_formula():
    prior = DegreePrior()
    with torch.no_grad():
        prior.scale.copy_(torch.tensor([0.7, 1.3]))
    draw = torch.Generator().manual_seed(0)
    regulator, target = torch.randint(0, 6, (2, 40), generator=draw)
    visible = (regulator, target + 3, (torch.rand(40, generator=draw) < 0.3).float())
    pairs = [(0, 3), (5, 8), (8, 0), (2, 2), (9, 9)]
    wanted, gene = torch.tensor(pairs).T
    offsets = prior(visible, wanted, gene, 10)
    expected = [prior_by_hand(visible, pair, (0.7, 1.3)) for pair in pairs]
    torch.testing.assert_close(offsets, torch.tensor(expected), atol=1e-5, rtol=1e-5)
    # Neither end of the last pair was seen: the mean is all that is known.
    mean = (visible[2].sum() + 1) / 42
    assert offsets[4].item() == pytest.approx(logit(mean.item()), abs=1e-5)


def test_the_degree_prior_of_no_pair_is_even_and_of_one_class_finite():
    prior = DegreePrior()
    nothing = (torch.zeros(0, dtype=torch.int64),) * 2 + (torch.zeros(0),)
    assert prior(nothing, torch.tensor([0]), torch.tensor([1]), 3).item() == 0.0
    some = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 2])
    for labels in (torch.zeros(3), torch.ones(3)):
        offsets = prior((*some, labels), torch.tensor([0, 2]), torch.tensor([1, 1]), 3)
        assert torch.isfinite(offsets).all()
        assert ((offsets > 0) == labels[:2].bool()).all()


# The whole model

WIDTHS = {"P": 3, "G": 4, "E": 5}


def whole(widths=WIDTHS, *, norm="layer", backend="dgl", dropout=0.3, **options):
    made = GTGRN(
        widths,
        dimensions=8,
        layers=2,
        heads=2,
        norm=norm,
        dropout=dropout,
        backend=backend,
        **options,
    )
    return scramble(made).eval()


def features(n=10, widths=WIDTHS):
    return {name: states(n, width, seed=width) for name, width in widths.items()}


@pytest.mark.parametrize("letters", ["P", "GE", "PGE"])
def test_fusion_is_the_sum_of_the_projections(letters):
    widths = {name: WIDTHS[name] for name in letters}
    model, given_ = whole(widths), features()
    expected = sum(
        given_[name] @ model.projections[name].weight.T + model.projections[name].bias
        for name in letters
    )
    with torch.no_grad():
        torch.testing.assert_close(model.fuse(given_), expected, atol=1e-5, rtol=1e-5)
    assert set(model.projections) == set(letters)


def test_the_order_of_the_modalities_means_nothing():
    results = []
    for widths in (WIDTHS, dict(reversed(WIDTHS.items()))):
        with seeded(0):
            model = GTGRN(
                widths, dimensions=8, layers=1, heads=2, norm="layer", dropout=0.0, backend="dgl"
            ).eval()
        results.append(model.fuse(features()))
    assert torch.equal(*results)


def test_signs_flip_in_training_by_eigenvector_and_on_p_only():
    widths = {"P": 3, "E": 5}
    model, given_ = whole(widths, dropout=0.0), features()
    with torch.no_grad():
        rest = model.projections["E"](given_["E"])
        by_signs = {
            signs: model.projections["P"](given_["P"] * torch.tensor(signs)) + rest
            for signs in [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
        }
        model.train()
        seen = set()
        with seeded(0):
            for _ in range(100):
                fused = model.fuse(given_)
                close = [s for s, x in by_signs.items() if torch.allclose(x, fused, atol=1e-5)]
                assert len(close) == 1
                seen.add(close[0])
        assert len(seen) == 8
        model.eval()
        torch.testing.assert_close(model.fuse(given_), by_signs[1, 1, 1])


def test_evaluation_draws_no_random_number():
    model, graph = whole(), undirected_with_loops(torch.tensor([0]), torch.tensor([1]), 10)
    before = torch.get_rng_state()
    with torch.no_grad():
        model(features(), graph)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_the_model_is_its_layers_in_sequence(norm):
    model = whole(norm=norm)
    graph = undirected_with_loops(torch.tensor([0, 4, 5]), torch.tensor([1, 5, 6]), 10)
    with torch.no_grad():
        h = model.fuse(features())
        for layer in model.layers:
            h = layer_by_hand(layer, h, graph)
        torch.testing.assert_close(model(features(), graph), h, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_relabelled_genes_get_relabelled_states_and_the_same_logits(norm, backend):
    n = 10
    model = whole(norm=norm, backend=backend, degree_prior=True).double()
    draw = torch.Generator().manual_seed(1)
    source, target = torch.randint(0, n, (2, 15), generator=draw)
    labels = (torch.rand(15, generator=draw) < 0.5).float()
    place = torch.randperm(n, generator=draw)
    assert (place != torch.arange(n)).any()
    given_ = {name: x.double() for name, x in features(n).items()}
    moved = {name: x[place.argsort()] for name, x in given_.items()}
    with torch.no_grad():
        h = model(given_, undirected_with_loops(source, target, n))
        other = model(moved, undirected_with_loops(place[source], place[target], n))
        torch.testing.assert_close(other[place], h, atol=1e-9, rtol=1e-9)
        pairs = source, target
        logits = model.decode(h, *pairs, (*pairs, labels))
        pairs = place[source], place[target]
        torch.testing.assert_close(
            model.decode(other, *pairs, (*pairs, labels)), logits, atol=1e-5, rtol=1e-5
        )


def test_the_prior_is_added_to_the_logits_of_the_decoder():
    plain, offset = whole(), whole(degree_prior=True)
    assert plain.degree_prior is None
    offset.load_state_dict(plain.state_dict(), strict=False)
    h, pairs = states(10, 8), (torch.tensor([0, 1]), torch.tensor([2, 3]))
    visible = torch.tensor([0, 0, 1]), torch.tensor([4, 5, 2]), torch.tensor([1.0, 1.0, 0.0])
    with torch.no_grad():
        torch.testing.assert_close(plain.decode(h, *pairs, visible), plain.decoder(h, *pairs))
        added = offset.decode(h, *pairs, visible) - plain.decode(h, *pairs, visible)
        expected = offset.degree_prior(visible, *pairs, 10)
    torch.testing.assert_close(added, expected, atol=1e-5, rtol=1e-5)
    assert expected.abs().min() > 1e-3


def test_a_model_without_modality_is_an_input_error():
    with pytest.raises(InputError, match="modality"):
        whole({})


def test_softmax_is_over_neighbours_of_the_target():
    """Two nodes, by hand: node 1 attends to node 0 and to itself, node 0 to itself only."""
    graph = MessageGraph(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2)
    query, key = torch.tensor([[[1.0]], [[2.0]]]), torch.tensor([[[3.0]], [[-1.0]]])
    value = torch.tensor([[[10.0]], [[20.0]]])
    share = exp(6) / (exp(6) + exp(-2))
    for backend in BACKENDS:
        result = attention(query, key, value, graph, backend).flatten()
        np.testing.assert_allclose(result, [10, 10 * share + 20 * (1 - share)], rtol=1e-6)
