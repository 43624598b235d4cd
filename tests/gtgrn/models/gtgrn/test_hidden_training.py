"""The parts of the full model: masks, pair features, Gaussian process, network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gtgrn.models.gtgrn.gaussian_process import (
    NOISE,
    OWN,
    SYMBOL_WEIGHT,
    complete,
    gene_kernel,
    label_covariance,
    symbol_prefixes,
)
from gtgrn.models.gtgrn.gene_features import gene_features, principal_components, row_profiles
from gtgrn.models.gtgrn.hidden_training import draw_supervised, make_draw, visible_labels
from gtgrn.models.gtgrn.inputs import Inputs
from gtgrn.models.gtgrn.label_matrix import LabelMatrix
from gtgrn.models.gtgrn.pair_features import (
    CHANNELS,
    SCALE,
    SHRINKAGE,
    ExpressionNeighbours,
    pair_features,
)
from gtgrn.models.gtgrn.regulator_families import same_family, symbol_stem
from gtgrn.models.gtgrn.two_role import PSEUDO_PAIRS, TwoRole, Visible, masked_attention, rates
from gtgrn.names import EDGES, GENES, TFS

CPU = torch.device("cpu")
T, G = 5, 14


def make_matrix(seed=0):
    rng = np.random.default_rng(seed)
    possible = np.ones((T, G), dtype=bool)
    possible[np.arange(T), np.arange(T)] = False
    part = rng.choice(3, (T, G), p=[0.7, 0.15, 0.15])
    train, val, test = (possible & (part == i) for i in range(3))
    labels = (rng.random((T, G)) < 0.4).astype(np.float32) * (train | val)
    names = [f"g{i:02d}" for i in range(G)]
    return LabelMatrix(names, names[:T], np.arange(T), labels, train, val, val | test)


def make_inputs(seed=0):
    rng = np.random.default_rng(seed)
    expression = rng.gamma(2.0, size=(G, 30))
    table = torch.tensor(gene_features(expression, np.arange(G) < T))
    return Inputs(
        table,
        torch.arange(T),
        ExpressionNeighbours(expression, np.arange(T), CPU),
        gene_kernel(table),
        row_profiles(expression),
    )


def visible_of(matrix, asked=None):
    asked = np.zeros((T, G), dtype=bool) if asked is None else asked
    return visible_labels(matrix, matrix.train, asked, CPU)


# What a step sees


def test_messages_hold_no_judged_or_asked_pair_in_either_direction():
    matrix, rng = make_matrix(), np.random.default_rng(1)
    asked = draw_supervised(matrix.train, EDGES, 0.3, rng)
    visible = visible_of(matrix, asked)
    assert np.array_equal(visible.known.numpy() > 0, matrix.train & ~asked)
    messages, reverse_met = visible.messages.numpy() > 0, 0
    for a in range(T):
        for g in range(G):
            closed = matrix.judged[a, g] or asked[a, g]
            if g < T:
                reverse = matrix.judged[g, a] or asked[g, a]
                reverse_met += reverse and matrix.train[a, g] and not asked[a, g]
                closed = closed or reverse
            assert messages[a, g] == (matrix.train[a, g] and not closed)
    assert reverse_met, "the matrix must hold the case that the rule is about"
    assert not visible.labels.numpy()[~(visible.known.numpy() > 0)].any()


@pytest.mark.parametrize(("setting", "axis"), [(GENES, 1), (TFS, 0)])
def test_whole_genes_or_regulators_are_hidden_where_they_are_held_out(setting, axis):
    matrix = make_matrix()
    asked = draw_supervised(matrix.train, setting, 0.3, np.random.default_rng(0))
    chosen = asked.any(axis=1 - axis)
    assert chosen.sum() == round(0.3 * matrix.train.any(axis=1 - axis).sum())
    lines = asked[:, chosen] if axis == 1 else asked[chosen]
    every = matrix.train[:, chosen] if axis == 1 else matrix.train[chosen]
    assert np.array_equal(lines, every)


def small_network(inputs, **options):
    torch.manual_seed(0)
    model = TwoRole(
        width=inputs.genes.shape[1],
        regulators=T,
        dimensions=8,
        heads=2,
        rank=3,
        channels=CHANNELS,
        **options,
    ).eval()
    for parameter in model.parameters():
        # Away from the zeros of the last layers, through which nothing would be heard.
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def logits_of(model, inputs, matrix, asked):
    draw = make_draw(matrix, inputs, matrix.train, asked)
    features = inputs.genes[inputs.regulators], inputs.genes
    everything = torch.ones(T, G, dtype=torch.bool)
    pair = pair_features(draw.visible, inputs.neighbours)[everything]
    return model(*features, draw.visible, everything, pair).detach().reshape(T, G)


def test_a_hidden_label_moves_no_score_of_its_step_and_a_visible_one_does():
    matrix, inputs = make_matrix(), make_inputs()
    model = small_network(inputs)
    asked = draw_supervised(matrix.train, EDGES, 0.3, np.random.default_rng(2))
    plain = logits_of(model, inputs, matrix, asked)
    for mask, moves in ((asked, False), (matrix.val, False), (matrix.train & ~asked, True)):
        for a, g in np.argwhere(mask)[:4]:
            labels = matrix.labels.copy()
            labels[a, g] = 1 - labels[a, g]
            changed = LabelMatrix(**{**matrix.__dict__, "labels": labels})
            other = logits_of(model, inputs, changed, asked)
            assert torch.equal(plain, other) != moves


# Network


def test_rates_are_smoothed_log_odds():
    matrix = make_matrix()
    visible = visible_of(matrix)
    overall, of_rows, of_columns = rates(visible)
    mean = (matrix.labels[matrix.train].sum() + 1) / (matrix.train.sum() + 2)
    assert torch.sigmoid(overall).item() == pytest.approx(mean, abs=1e-6)
    row = matrix.train[2]
    rate = (matrix.labels[2][row].sum() + PSEUDO_PAIRS * mean) / (row.sum() + PSEUDO_PAIRS)
    expected = np.log(rate / (1 - rate)) - np.log(mean / (1 - mean))
    assert of_rows[2].item() == pytest.approx(expected, abs=1e-5)
    empty = Visible(visible.labels, visible.known.clone(), visible.messages)
    empty.known[:, 3] = 0
    assert rates(empty)[2][3].abs() < 1e-6
    assert of_columns.shape == (G,)


def test_attention_is_a_softmax_over_the_mask():
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(n, 2, 3, generator=draw) for n in (4, 6, 6))
    mask = torch.rand(4, 6, generator=draw) < 0.5
    mask[1] = False
    result = masked_attention(query, key, value, mask).unflatten(1, (2, 3))
    for i in range(4):
        for head in range(2):
            scores = key[mask[i], head] @ query[i, head] / 3**0.5
            weights = torch.softmax(scores.clamp(-5, 5), 0)
            expected = weights @ value[mask[i], head]
            torch.testing.assert_close(result[i, head], expected, atol=1e-5, rtol=1e-4)
    assert not result[1].any()


def test_an_untrained_decoder_adds_no_bias_to_the_rates():
    inputs, matrix = make_inputs(), make_matrix()
    torch.manual_seed(0)
    model = TwoRole(width=inputs.genes.shape[1], regulators=T, rank=1).eval()
    for factor in model.factor:
        torch.nn.init.zeros_(factor.weight)
        torch.nn.init.zeros_(factor.bias)
    visible = visible_of(matrix)
    everything = torch.ones(T, G, dtype=torch.bool)
    logits = model(inputs.genes[:T], inputs.genes, visible, everything).reshape(T, G)
    overall, of_rows, of_columns = rates(visible)
    expected = overall + of_rows[:, None] + of_columns[None]
    torch.testing.assert_close(logits, expected)


# Pair features


def shrunk_mean(weights, values, mask):
    """Return the mean of one column of values over rows, in loops."""
    total = sum(w * v for w, v, m in zip(weights, values, mask, strict=True) if m)
    size = sum(abs(w) for w, m in zip(weights, mask, strict=True) if m)
    return total / (size + SHRINKAGE)


def test_pair_features_equal_their_definition():
    matrix, inputs = make_matrix(), make_inputs()
    visible = visible_of(matrix)
    mask = visible.messages.numpy() > 0
    overall, of_rows, of_columns = (x.numpy() for x in rates(visible))
    additive = overall + of_rows[:, None] + of_columns
    residual = np.where(mask, visible.labels.numpy() - 1 / (1 + np.exp(-additive)), 0)
    centred = np.where(mask, visible.labels.numpy() - 1 / (1 + np.exp(-overall)), 0)
    found = pair_features(visible, inputs.neighbours).numpy()
    few, many = (w.to_dense().numpy() for w in inputs.neighbours.columns)
    alike, near = inputs.neighbours.moments.to_dense().numpy(), inputs.neighbours.rows.numpy()

    def cosine(x, y):
        return x @ y / max(np.linalg.norm(x), 1e-6) / max(np.linalg.norm(y), 1e-6)

    for a in range(T):
        others = [0 if b == a else cosine(residual[a], residual[b]) for b in range(T)]
        positive = [max(x, 0) for x in others]
        for g in range(G):
            columns = [
                0 if h == g else max(cosine(residual[:, g], residual[:, h]), 0) for h in range(G)
            ]
            expected = [
                shrunk_mean(others, residual[:, g], mask[:, g]),
                shrunk_mean(positive, residual[:, g], mask[:, g]),
                shrunk_mean(columns, residual[a], mask[a]),
                shrunk_mean(few[g], residual[a], mask[a]),
                shrunk_mean(many[g], residual[a], mask[a]),
                shrunk_mean(alike[g], residual[a], mask[a]),
                shrunk_mean(many[g], centred[a], mask[a]),
                shrunk_mean(near[a], residual[:, g], mask[:, g]),
            ]
            np.testing.assert_allclose(found[a, g, :8], np.multiply(SCALE, expected), atol=2e-5)
            smoothed = [shrunk_mean(many[g], residual[b], mask[b]) for b in range(T)]
            both = SCALE * shrunk_mean(near[a], smoothed, np.ones(T, dtype=bool))
            assert found[a, g, 8] == pytest.approx(both, abs=2e-5)


# Gaussian process


def dense_posterior(visible, kernel):
    """Solve the whole linear system of the visible pairs at once."""
    mask = visible.messages.numpy() > 0
    labels = visible.labels.numpy().astype(float) * mask
    overall = (labels.sum() + 1) / (mask.sum() + 2)
    rate = (labels.sum(1) + PSEUDO_PAIRS * overall) / (mask.sum(1) + PSEUDO_PAIRS)
    centred = np.where(mask, labels - rate[:, None], 0)
    tasks = label_covariance(torch.tensor(centred), torch.tensor(mask).double()).numpy()
    genes = (kernel.matrix.numpy() + OWN * np.eye(G)) / (1 + OWN)
    whole = np.kron(tasks, genes)
    seen = mask.ravel()
    noise = np.repeat(NOISE * np.diag(tasks), G)
    system = whole[np.ix_(seen, seen)] + np.diag(noise[seen])
    solution = np.linalg.solve(system, centred.ravel()[seen])
    return rate[:, None] + (whole[:, seen] @ solution).reshape(T, G)


@pytest.mark.parametrize("seed", range(3))
def test_the_process_equals_the_dense_solution(seed):
    inputs, visible = make_inputs(seed), visible_of(make_matrix(seed))
    found = complete(visible, inputs.kernel).numpy()
    np.testing.assert_allclose(found, dense_posterior(visible, inputs.kernel), atol=1e-3)


def test_landmarks_give_nearly_the_kernel_of_all_genes():
    points = torch.tensor(np.random.default_rng(0).normal(size=(300, 2)))
    exact, few = gene_kernel(points), gene_kernel(points, landmarks=150)
    assert exact.factor is None
    assert few.matrix is None
    whole = few.times(torch.eye(300).double())
    torch.testing.assert_close(few.diagonal, torch.diagonal(whole))
    distances = torch.cdist(points, points) ** 2
    landmarks = torch.linspace(0, 299, 150).long()
    for kernel, chosen in ((exact.matrix, torch.arange(300)), (whole, landmarks)):
        among = distances[chosen][:, chosen]
        width = among[~torch.eye(len(among), dtype=torch.bool)].median()
        assert (kernel - torch.exp(-distances / width)).abs().mean() < 1e-3


def test_genes_that_share_long_rare_prefixes_are_alike():
    names = ["KRT18", "Krt8", "KRAS", "GATA2", "X"]
    alike = (symbol_prefixes(names) @ symbol_prefixes(names).T).toarray()
    assert np.diag(alike)[:4] == pytest.approx(1)
    assert alike[0, 1] > alike[0, 2] > alike[0, 3] == 0
    assert not alike[4].any(), "a symbol of one letter tells nothing"
    # By hand: KR has weight log(6 / 4) + 1, KRT log(6 / 3) + 1, what is unique log(6 / 2) + 1.
    two, three, one = np.log([6 / 4, 6 / 3, 6 / 2]) + 1
    dot = two**2 + three**2
    expected = dot / np.sqrt((dot + 2 * one**2) * (dot + one**2))
    assert alike[0, 1] == pytest.approx(expected)
    points = torch.tensor(np.random.default_rng(0).normal(size=(5, 2)))
    plain, joint = gene_kernel(points), gene_kernel(points, symbol_prefixes(names))
    np.testing.assert_allclose(joint.matrix - plain.matrix, SYMBOL_WEIGHT * alike, atol=1e-12)


def test_smoothing_is_kernel_ridge_regression_in_both_forms():
    rng = np.random.default_rng(0)
    points, values = torch.tensor(rng.normal(size=(30, 3))), torch.tensor(rng.normal(size=(30, 2)))
    for kernel in (gene_kernel(points), gene_kernel(points, landmarks=12)):
        matrix = kernel.times(torch.eye(30).double())
        expected = matrix @ torch.linalg.solve(matrix + 3 * torch.eye(30), values)
        torch.testing.assert_close(kernel.smooth(values, 3.0), expected)


# Gene features and families


def test_components_do_not_depend_on_the_order_of_rows_or_the_side_decomposed():
    rng = np.random.default_rng(0)
    for shape in ((12, 30), (30, 12)):
        values, order = rng.normal(size=shape), rng.permutation(shape[0])
        plain = principal_components(values, 4, whiten=0.5)
        np.testing.assert_allclose(
            principal_components(values[order], 4, whiten=0.5), plain[order], atol=1e-8
        )
        left, power, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
        expected = np.abs(left[:, :4] * power[:4] ** 0.5)
        np.testing.assert_allclose(np.abs(plain) / np.abs(plain).max(), expected / expected.max())


def test_constant_and_silent_genes_have_finite_features():
    expression = np.vstack([np.zeros(9), np.ones(9), np.arange(9.0), np.arange(9.0) ** 2])
    assert np.isfinite(gene_features(expression, np.array([True, False, True, False]))).all()


def test_families_are_stems_of_three_letters_or_what_is_given():
    assert [symbol_stem(x) for x in ("GATA2", "Gata6", "E2f1", "ZNF143", "AR")] == [
        "GATA",
        "GATA",
        "",
        "ZNF",
        "",
    ]
    names = ["GATA2", "Gata6", "AR", "ESR1"]
    expected = np.zeros((4, 4), dtype=bool)
    expected[0, 1] = expected[1, 0] = True
    assert np.array_equal(same_family(names), expected)
    given = same_family(names, {"AR": "nuclear receptor", "ESR1": "nuclear receptor"})
    assert given.sum() == 2
    assert given[2, 3]


@pytest.mark.parametrize("setting", [EDGES, GENES, TFS])
def test_a_step_has_a_pair_however_few_are_known(setting):
    known = np.zeros((3, 4), dtype=bool)
    known[1, 2] = known[2, 0] = True
    rng = np.random.default_rng(0)
    for _ in range(50):
        drawn = draw_supervised(known, setting, 0.05, rng)
        assert 1 <= drawn.sum() < 3
        assert not (drawn & ~known).any()
