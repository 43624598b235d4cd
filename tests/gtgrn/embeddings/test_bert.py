from __future__ import annotations

from fractions import Fraction
from math import cos, floor, sin, sqrt

import numpy as np
import pytest
import torch
from chance_cases import ERRORS, spread_error
from gtgrn.embeddings import bert
from gtgrn.embeddings.bert import (
    CLS,
    MASK,
    PADDING,
    SPECIAL,
    WalkBERT,
    mask_tokens,
    masked_loss,
    sinusoidal_positions,
    to_tokens,
    train_bert,
)
from gtgrn.embeddings.node2vec import PAD
from gtgrn.embeddings.walks import Walks
from gtgrn.training.checkpoints import load_checkpoint, save_checkpoint
from gtgrn.training.loop import seeded
from hypothesis import given, settings
from hypothesis import strategies as st

SMALL = {
    "dimensions": 16,
    "layers": 1,
    "heads": 2,
    "feedforward": 16,
    "batch_size": 64,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def model(n_genes=9, max_length=8, *, layers=1, positions="add", seed=0):
    """Return an untrained model in eval mode, its biases random too."""
    with seeded(seed):
        made = WalkBERT(
            n_genes,
            max_length,
            dimensions=8,
            layers=layers,
            heads=2,
            feedforward=12,
            dropout=0.3,
            positions=positions,
        )
        for name, parameter in made.named_parameters():
            if "bias" in name or "norm" in name:
                torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


def sequences(lengths, n_genes=9, *, seed=0):
    """Make tokens of walks of the given numbers of genes, padded to the longest."""
    nodes = np.full((len(lengths), max(lengths)), PAD)
    rng = np.random.default_rng(seed)
    for row, length in zip(nodes, lengths, strict=True):
        row[:length] = rng.integers(0, n_genes, length)
    return to_tokens(nodes)


def cliques(n_walks=400, length=6, size=6, *, seed=0):
    """Make walks over two cliques of genes that never meet."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, size, (n_walks, length)).cumsum(axis=1) % size
    nodes = steps + size * (np.arange(n_walks) % 2)[:, None]
    genes = [f"g{i:02d}" for i in range(2 * size)]
    return Walks(genes, ["n"], nodes.astype(np.int32), np.zeros(n_walks, dtype=np.int16))


# Tokens and positions


@pytest.mark.parametrize(("length", "dimensions"), [(1, 1), (7, 6), (12, 5), (50, 16)])
def test_positions_are_those_of_equation_2(length, dimensions):
    expected = [
        [
            sin(pos / 10000 ** (i / dimensions))
            if i % 2 == 0
            else cos(pos / 10000 ** ((i - 1) / dimensions))
            for i in range(dimensions)
        ]
        for pos in range(length)
    ]
    positions = sinusoidal_positions(length, dimensions)
    assert positions.dtype == torch.float32
    np.testing.assert_allclose(positions, expected, atol=1e-7)


def test_tokens_begin_with_cls_and_shift_genes():
    tokens = to_tokens(np.array([[0, 4, 2], [5, PAD, PAD]], dtype=np.int32))
    assert tokens.dtype == torch.int64
    assert tokens.tolist() == [[CLS, 3, 7, 5], [CLS, 8, PADDING, PADDING]]
    assert len({CLS, MASK, PADDING, SPECIAL}) == 4


# Masks


def check_mask(tokens, fraction, seed):
    masked, places = mask_tokens(tokens, Fraction(fraction) * 1.0, generator(seed))
    genes = tokens >= SPECIAL
    for row, chosen in zip(genes, places, strict=True):
        n = int(row.sum())
        wanted = min(n, max(1, floor(Fraction(fraction) * n)))
        assert int(chosen.sum()) == wanted
    assert not (places & ~genes).any()
    assert (masked[places] == MASK).all()
    assert torch.equal(masked[~places], tokens[~places])


@settings(max_examples=80, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    percent=st.integers(0, 100),
    seed=st.integers(0, 100),
)
def test_exactly_the_stated_share_of_genes_is_masked(lengths, percent, seed):
    tokens = sequences(lengths)
    before = tokens.clone()
    check_mask(tokens, f"{percent}/100", seed)
    assert torch.equal(tokens, before), "the labels must survive"


def test_the_share_is_exact_where_single_precision_rounds_down():
    for fraction, length in [("0.53", 100), ("0.59", 100), ("0.84", 75), ("0.2", 35)]:
        check_mask(sequences([length]), fraction, 0)


def test_a_row_without_genes_has_no_mask():
    tokens = torch.tensor([[CLS, PADDING, PADDING], [CLS, 5, 6]])
    _, places = mask_tokens(tokens, 0.2, generator())
    assert places.sum(dim=1).tolist() == [0, 1]


def test_every_place_is_chosen_equally_often():
    tokens = sequences([5, 10]).repeat(2000, 1)
    _, places = mask_tokens(tokens, 0.2, generator())
    rate = places.view(2000, 2, 11).double().mean(dim=0)
    # One of five and two of ten, of 2000 draws each: an error of .009.
    expected = torch.tensor([[0.0] + [0.2] * 5 + [0.0] * 5, [0.0] + [0.2] * 10])
    assert (rate - expected).abs().max() < ERRORS * (0.2 * 0.8 / 2000) ** 0.5
    assert len({tuple(row) for row in places[::2].tolist()}) == 5


def test_masks_are_those_of_the_generator():
    tokens = sequences([10] * 20)
    first, again, other = (mask_tokens(tokens, 0.2, generator(s))[1] for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


# Loss


def all_logits(net, tokens):
    """Return logits at every place, (sequences, length, genes)."""
    everywhere = torch.ones_like(tokens, dtype=torch.bool)
    return net(tokens, everywhere).view(*tokens.shape, -1)


def test_loss_is_the_cross_entropy_of_the_masked_places():
    net, tokens = model(), sequences([7, 4, 1])
    masked, places = mask_tokens(tokens, 0.5, generator())
    logits = all_logits(net, masked)
    terms = []
    for b in range(tokens.shape[0]):
        for position in range(tokens.shape[1]):
            if places[b, position]:
                p = logits[b, position].exp() / logits[b, position].exp().sum()
                terms.append(-p[tokens[b, position] - SPECIAL].log())
    assert len(terms) == 3 + 2 + 1
    torch.testing.assert_close(masked_loss(net, tokens, masked, places), sum(terms) / 6)


def test_labels_of_visible_genes_have_no_part_in_the_loss():
    net, tokens = model(), sequences([7, 4, 3])
    masked, places = mask_tokens(tokens, 0.3, generator())
    loss = masked_loss(net, tokens, masked, places)
    elsewhere = (tokens - SPECIAL + 1) % 9 + SPECIAL
    assert torch.equal(masked_loss(net, elsewhere.where(~places, tokens), masked, places), loss)
    assert masked_loss(net, elsewhere.where(places, tokens), masked, places) != loss


def test_places_decide_what_is_decoded():
    net, tokens = model(), sequences([7, 5, 2])
    where = torch.rand(tokens.shape, generator=generator()) < 0.4
    with torch.no_grad():
        torch.testing.assert_close(net(tokens, where), all_logits(net, tokens)[where])
    assert net(tokens, where).shape == (int(where.sum()), 9)


# The encoder


def norm(x, layer):
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / (variance + layer.eps).sqrt() * layer.weight + layer.bias


def encode_by_hand(layer, x, heads):
    """Apply equations 3 and 4 to one unpadded sequence (length, p)."""
    p = x.shape[1]
    d = p // heads
    weights, biases = layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias
    query, key, value = (
        x @ weights[i * p : (i + 1) * p].T + biases[i * p : (i + 1) * p] for i in range(3)
    )
    outputs = []
    for head in range(heads):
        own = slice(head * d, (head + 1) * d)
        scores = query[:, own] @ key[:, own].T / sqrt(d)
        share = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        outputs.append(share @ value[:, own])
    attended = torch.cat(outputs, dim=1) @ layer.self_attn.out_proj.weight.T
    x = norm(x + attended + layer.self_attn.out_proj.bias, layer.norm1)
    hidden = (x @ layer.linear1.weight.T + layer.linear1.bias).clamp(min=0)
    return norm(x + hidden @ layer.linear2.weight.T + layer.linear2.bias, layer.norm2)


@pytest.mark.parametrize("gradients", [True, False], ids=["slow path", "fast path"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("positions", ["add", "concat"])
def test_the_model_is_equations_2_to_4(positions, layers, gradients):
    net = model(layers=layers, positions=positions)
    tokens = sequences([7, 7, 7])
    with torch.set_grad_enabled(gradients):
        logits = all_logits(net, tokens)
    with torch.no_grad():
        for row, result in zip(tokens, logits, strict=True):
            x, position = net.table.weight[row], sinusoidal_positions(8, 8)
            if positions == "add":
                x = x + position
            else:
                x = torch.cat([x, position], dim=1) @ net.join.weight.T + net.join.bias
            for layer in net.encoder.layers:
                x = encode_by_hand(layer, x, heads=2)
            expected = x @ net.decoder.weight.T + net.decoder.bias
            torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("positions", ["add", "concat"])
def test_padding_has_no_influence(positions):
    net = model(layers=2, positions=positions)
    tokens = sequences([4, 4])
    padded = torch.cat([tokens, torch.full((2, 3), PADDING)], dim=1)
    with torch.no_grad():
        short, long = all_logits(net, tokens), all_logits(net, padded)[:, :5]
        torch.testing.assert_close(long, short, atol=1e-5, rtol=1e-5)
        net.table.weight[PADDING] = 100.0
        torch.testing.assert_close(all_logits(net, padded)[:, :5], long)


def test_order_within_a_walk_matters_and_context_reaches_both_ways():
    net, tokens = model(), sequences([7])
    assert len(set(tokens[0, 1:4].tolist())) == 3
    with torch.no_grad():
        plain = all_logits(net, tokens)
        swapped = all_logits(net, tokens[:, [0, 2, 1, 3, 4, 5, 6, 7]])
        assert (swapped[0, 3:] - plain[0, 3:]).abs().max() > 1e-3
        for changed in (1, 7):
            other = tokens.clone()
            other[0, changed] = (other[0, changed] - SPECIAL + 1) % 9 + SPECIAL
            moved = (all_logits(net, other) - plain)[0].abs().amax(dim=1)
            assert (moved > 1e-4).all()


def test_initialisation_is_uniform_for_table_and_decoder_and_xavier_for_the_encoder():
    with seeded(0):
        net = WalkBERT(
            500, 5, dimensions=64, layers=2, heads=4, feedforward=100, dropout=0.1, positions="add"
        )
    for weight, bound in ((net.table.weight, 1.0), (net.decoder.weight, 64**-0.5)):
        assert 0.99 * bound < weight.max() <= bound
        assert -bound <= weight.min() < -0.99 * bound
        # Uniform, with a kurtosis of 1.8: of 32,000 values the error is .25 %.
        error = spread_error(weight.numel(), kurtosis=1.8)
        assert weight.std().item() == pytest.approx(bound / sqrt(3), rel=ERRORS * error)
    first, second = net.encoder.layers
    for name, matrix in first.named_parameters():
        if matrix.dim() > 1:
            bound = sqrt(6 / sum(matrix.shape))
            assert 0.97 * bound < matrix.abs().max() <= bound, name
            assert not torch.equal(matrix, dict(second.named_parameters())[name])


# Training


def separation(values):
    """Return mean cosine similarity within the two cliques less that across them."""
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    cosine = unit @ unit.T
    same = np.arange(12)[:, None] // 6 == np.arange(12)[None] // 6
    return cosine[same & ~np.eye(12, dtype=bool)].mean() - cosine[~same].mean()


def test_cliques_become_neighbours_and_the_held_out_loss_falls():
    options = SMALL | {"dimensions": 8}
    before = train_bert(cliques(), **options, learning_rate=0.0, epochs=1, seed=0)
    after = train_bert(cliques(), **options, learning_rate=0.02, epochs=20, seed=0)
    # Without context the best guess is one of twelve genes, log 12 = 2.48; a walk gives away
    # its clique, log 6 = 1.79, and that neither neighbour of the place is the gene.
    assert before.history[0]["validation_loss"] > 2.4
    assert min(row["validation_loss"] for row in after.history) < 1.85
    assert abs(separation(before.values)) < 0.15
    assert separation(after.values) > 0.35


def test_the_table_without_special_tokens_is_the_embedding():
    trained = train_bert(cliques(), **SMALL, epochs=1, seed=0)
    table = trained.model.table.weight.detach().numpy()
    assert trained.values.shape == (12, 16)
    assert trained.values.dtype == np.float32
    assert np.array_equal(trained.values, table[3:])


def test_genes_that_no_walk_visits_have_a_row_too():
    walks = cliques()
    more = Walks([*walks.genes, "zz"], walks.networks, walks.nodes, walks.network)
    trained = train_bert(more, **SMALL, epochs=1, seed=0)
    assert trained.values.shape == (13, 16)
    assert np.isfinite(trained.values).all()


def test_the_same_seed_gives_the_same_table_and_another_another():
    first, again, other = (train_bert(cliques(), **SMALL, epochs=2, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.values, again.values)
    assert first.history == again.history
    assert not np.allclose(first.values, other.values, atol=0.1)


def test_global_random_state_is_neither_read_nor_moved():
    results = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        before = torch.get_rng_state()
        results.append(train_bert(cliques(), **SMALL, epochs=1, seed=1).values)
        assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(*results)


def test_concatenated_positions_train():
    trained = train_bert(cliques(), **SMALL, positions="concat", epochs=2, seed=0)
    assert trained.model.join is not None
    assert trained.history[1]["validation_loss"] < trained.history[0]["validation_loss"]


def test_walks_of_a_single_node_are_left_out():
    walks = cliques(100)
    lonely = np.full((50, 6), PAD, dtype=np.int32)
    lonely[:, 0] = 3
    nodes = np.concatenate([lonely[:20], walks.nodes[:60], lonely[20:], walks.nodes[60:]])
    more = Walks(walks.genes, walks.networks, nodes, np.zeros(150, dtype=np.int16))
    plain, mixed = (train_bert(w, **SMALL, epochs=1, seed=0).values for w in (walks, more))
    assert np.array_equal(plain, mixed)


def test_a_walk_of_two_nodes_is_kept():
    walks = cliques(100)
    short = np.full((50, 6), PAD, dtype=np.int32)
    short[:, :2] = [3, 4]
    nodes = np.concatenate([walks.nodes, short])
    more = Walks(walks.genes, walks.networks, nodes, np.zeros(150, dtype=np.int16))
    plain, mixed = (train_bert(w, **SMALL, epochs=1, seed=0).values for w in (walks, more))
    assert not np.array_equal(plain, mixed)


def test_held_out_walks_are_scored_under_one_mask_and_never_trained_on(monkeypatch):
    seen = {True: [], False: []}

    def spy(net, tokens, masked, places):
        seen[net.training].append((tokens, masked))
        return masked_loss(net, tokens, masked, places)

    monkeypatch.setattr(bert, "masked_loss", spy)
    walks = cliques(100, length=12)
    assert len(np.unique(walks.nodes, axis=0)) == 100
    train_bert(walks, **SMALL, holdout=0.2, epochs=3, patience=5, seed=0)
    kept, held = (
        {tuple(row) for tokens, _ in seen[part] for row in tokens.tolist()}
        for part in (True, False)
    )
    assert (len(kept), len(held), len(kept & held)) == (80, 20, 0)
    masks = [masked for _, masked in seen[False]]
    assert len(masks) == 3
    assert all(torch.equal(mask, masks[0]) for mask in masks)
    # Training masks are drawn anew in each epoch: 80 walks, three epochs, few repetitions.
    drawn = {tuple(row) for _, masked in seen[True] for row in masked.tolist()}
    assert len(drawn) > 200


def test_the_held_out_loss_is_the_mean_over_all_masked_places():
    net, tokens = model(max_length=12), sequences([11, 5, 8, 3, 10, 2, 7])
    masked, places = mask_tokens(tokens, 0.4, generator())
    corpus = bert._Corpus(tokens, tokens, masked, places)
    with torch.no_grad():
        whole = masked_loss(net, tokens, masked, places).item()
        for size in (1, 100):
            batched = bert._held_loss(net, corpus, size)
            assert batched == pytest.approx(whole, rel=1e-5)


def overfit(**options):
    """Train on walks without structure: the held-out loss must rise again."""
    nodes = np.random.default_rng(0).integers(0, 12, (40, 8)).astype(np.int32)
    walks = Walks(cliques().genes, ["n"], nodes, np.zeros(40, dtype=np.int16))
    settings_ = SMALL | {"batch_size": 8, "learning_rate": 1e-2, "holdout": 0.3, "dropout": 0.0}
    return train_bert(walks, **settings_, seed=0, **options)


def test_the_best_state_is_restored_not_the_last():
    long = overfit(epochs=12, patience=100)
    losses = [row["validation_loss"] for row in long.history]
    best = int(np.argmin(losses))
    assert len(losses) == 12
    assert best < 10
    assert losses[-1] > losses[best] + 0.1
    short = overfit(epochs=best + 1, patience=100)
    assert short.history == long.history[: best + 1]
    assert np.array_equal(short.values, long.values)


def test_training_stops_when_patience_is_spent():
    losses = [row["validation_loss"] for row in overfit(epochs=100, patience=3).history]
    assert len(losses) == int(np.argmin(losses)) + 1 + 3


def test_the_checkpoint_gives_the_model_again(tmp_path):
    walks = cliques()
    trained = train_bert(walks, **SMALL, epochs=1, seed=0)
    save_checkpoint(tmp_path / "b.pt", trained.model, config=trained.config, genes=walks.genes)
    torch.load(tmp_path / "b.pt", weights_only=True)
    state, config, genes = load_checkpoint(tmp_path / "b.pt")
    again = WalkBERT(**config)
    again.load_state_dict(state)
    tokens = to_tokens(walks.nodes[:5])
    with torch.no_grad():
        logits = all_logits(again.eval(), tokens)
        assert torch.equal(logits, all_logits(trained.model.eval(), tokens))
    assert genes == walks.genes
    assert np.array_equal(state["table.weight"][3:].numpy(), trained.values)
