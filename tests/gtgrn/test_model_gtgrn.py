from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import torch
from gtgrn.edges import LABEL, PAIR, PART, REGULATOR, TARGET, TEST, TRAIN, UNLABELLED, VAL
from gtgrn.errors import InputError
from gtgrn.models import gtgrn
from gtgrn.models.gtgrn import choose_features, fit
from gtgrn.positional import laplacian_encodings
from gtgrn.splits import message_edges, with_unlabelled
from gtgrn.training import load_checkpoint, save_checkpoint
from gtgrn.transformer import GTGRN, undirected_with_loops
from gtgrn.vae import standardise
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

SMALL = {
    "dimensions": 8,
    "layers": 1,
    "heads": 2,
    "epochs": 6,
    "check_every": 2,
    "seed": 0,
    "device": "cpu",
}
PARTS = [TRAIN, VAL, TEST]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def names(n):
    return [f"g{i:02d}" for i in range(n)]


def make_pairs(n_regulators=8, n_genes=40, *, held_genes=False, noise=0.02, seed=0):
    """Make a split of all pairs in which a regulator's targets are the genes of its parity.

    With `held_genes` whole genes are held out, of which no training pair is left.
    """
    rng = np.random.default_rng(seed)
    pairs = [(r, g) for r in range(n_regulators) for g in range(n_genes) if r != g]
    codes = np.array(pairs)
    label = ((codes[:, 0] + codes[:, 1]) % 2 == 0) ^ (rng.random(len(codes)) < noise)
    share = [0.55, 0.2, 0.25]
    part = rng.choice(PARTS, n_genes, p=share)[codes[:, 1]] if held_genes else None
    return pd.DataFrame(
        {
            REGULATOR: [names(n_genes)[i] for i in codes[:, 0]],
            TARGET: [names(n_genes)[i] for i in codes[:, 1]],
            LABEL: label.astype(int),
            PART: rng.choice(PARTS, len(codes), p=share) if part is None else part,
        }
    )


def make_features(n_genes=40, *, seed=0):
    """Make P, G and E; G and E tell a gene's parity, each with noise."""
    rng = np.random.default_rng(seed)
    parity = np.where(np.arange(n_genes) % 2, 1.0, -1.0)[:, None]
    return {
        "P": rng.normal(size=(n_genes, 3)),
        "G": parity * rng.normal(size=4) + 0.3 * rng.normal(size=(n_genes, 4)),
        "E": parity * rng.normal(size=5) + 0.3 * rng.normal(size=(n_genes, 5)),
    }


def small_fit(pairs=None, features=None, genes=None, **options):
    pairs = make_pairs() if pairs is None else pairs
    features = make_features() if features is None else features
    return fit(pairs, names(40) if genes is None else genes, features, **(SMALL | options))


def of_part(pairs, part, values=None):
    rows = (pairs[PART] == part).to_numpy()
    return pairs[rows] if values is None else values[rows]


def part_auroc(pairs, scores, part=TEST):
    return roc_auc_score(of_part(pairs, part)[LABEL], of_part(pairs, part, scores))


def flip(pairs, part):
    """Give the pairs with every label of a part turned round."""
    rows = pairs[PART] == part
    return pairs.assign(**{LABEL: pairs[LABEL].where(~rows, 1 - pairs[LABEL])})


# What the model is shown


@dataclass
class Record:
    """Passes over the graph and decodings, in their order; node indices as sets of pairs."""

    passes: list = field(default_factory=list)
    decodings: list = field(default_factory=list)

    def training(self):
        return [
            (graph, supervised, visible)
            for (mode, graph), (_, supervised, visible) in zip(
                self.passes, self.decodings, strict=True
            )
            if mode
        ]

    def scoring(self):
        return [
            (graph, scored, visible)
            for (mode, graph), (_, scored, visible) in zip(
                self.passes, self.decodings, strict=True
            )
            if not mode
        ]


def as_pairs(a, b, *more):
    return list(zip(a.tolist(), b.tolist(), *(x.tolist() for x in more), strict=True))


@pytest.fixture
def record(monkeypatch):
    made = Record()
    forward, decode = GTGRN.forward, GTGRN.decode

    def spy_forward(model, features, graph):
        made.passes.append((model.training, set(as_pairs(graph.source, graph.target))))
        return forward(model, features, graph)

    def spy_decode(model, h, regulator, target, visible):
        made.decodings.append((model.training, as_pairs(regulator, target), as_pairs(*visible)))
        return decode(model, h, regulator, target, visible)

    monkeypatch.setattr(GTGRN, "forward", spy_forward)
    monkeypatch.setattr(GTGRN, "decode", spy_decode)
    return made


def coded(pairs, *columns):
    index = {gene: i for i, gene in enumerate(names(40))}
    ends = [pairs[column].map(index) for column in PAIR]
    return list(zip(*ends, *(pairs[column] for column in columns), strict=True))


def both_ways(pairs):
    return set(pairs) | {(b, a) for a, b in pairs}


LOOPS = {(i, i) for i in range(40)}


def judged_edges_in(graph, pairs):
    """Give the validation and test pairs, in either direction, that a graph holds."""
    return graph & both_ways(coded(pairs[pairs[PART].isin([VAL, TEST])]))


def supervised_edges_in(graph, supervised):
    return graph & both_ways(supervised) - LOOPS


@pytest.mark.parametrize("prior", [False, True])
def test_the_graph_at_scoring_is_that_of_the_training_positives(record, prior):
    pairs = make_pairs()
    small_fit(pairs, degree_prior=prior)
    expected = both_ways(coded(message_edges(pairs))) | LOOPS
    reciprocal = both_ways(coded(of_part(pairs, TRAIN))) & both_ways(coded(of_part(pairs, TEST)))
    assert reciprocal, "the pairs must hold the case that the rule is about"
    assert len(record.scoring()) == 4
    for graph, _, visible in record.scoring():
        assert graph == expected
        assert not judged_edges_in(graph, pairs)
        assert visible == coded(of_part(pairs, TRAIN), LABEL)
    scored = [pairs_ for _, pairs_, _ in record.scoring()]
    assert scored == [coded(of_part(pairs, VAL))] * 3 + [coded(pairs)]


@pytest.mark.parametrize("prior", [False, True])
def test_a_training_step_sees_neither_the_pairs_it_is_supervised_by_nor_their_reverse(
    record, prior
):
    pairs = make_pairs()
    small_fit(pairs, degree_prior=prior, hide=0.3, epochs=12)
    train, full = coded(of_part(pairs, TRAIN)), both_ways(coded(message_edges(pairs))) | LOOPS
    steps = record.training()
    assert len(steps) == 12
    for graph, supervised, visible in steps:
        assert set(supervised) <= set(train)
        assert not supervised_edges_in(graph, supervised)
        assert not judged_edges_in(graph, pairs)
        # Nothing else is missing: what is not hidden is seen, with its own label.
        assert graph == full - (both_ways(supervised) - LOOPS)
        hidden = both_ways(supervised)
        assert visible == [
            row for row in coded(of_part(pairs, TRAIN), LABEL) if row[:2] not in hidden
        ]
    shares = [len(supervised) / len(train) for _, supervised, _ in steps]
    assert 0.22 < np.mean(shares) < 0.38
    assert set().union(*(supervised for _, supervised, _ in steps)) == set(train)
    assert len({tuple(supervised) for _, supervised, _ in steps}) == 12


def test_without_hiding_the_supervised_edges_are_in_the_graph_and_the_check_tells(record):
    """The same look that finds nothing above finds the leak where there is one."""
    pairs = make_pairs()
    small_fit(pairs, hide=0, epochs=2)
    for graph, supervised, _ in record.training():
        assert supervised == coded(of_part(pairs, TRAIN))
        assert supervised_edges_in(graph, supervised)


def test_a_planted_leak_of_test_edges_into_the_graph_is_found(record, monkeypatch):
    pairs = make_pairs()
    monkeypatch.setattr(gtgrn, "message_edges", lambda split: split.loc[split[LABEL] == 1, PAIR])
    small_fit(pairs)
    assert all(judged_edges_in(graph, pairs) for graph, *_ in record.scoring())


def test_a_planted_leak_by_the_reverse_of_a_test_pair_is_found(record, monkeypatch):
    pairs = make_pairs()
    monkeypatch.setattr(
        gtgrn, "message_edges", lambda split: of_part(split[split[LABEL] == 1], TRAIN)[PAIR]
    )
    small_fit(pairs)
    assert all(judged_edges_in(graph, pairs) for graph, *_ in record.scoring())


def test_unlabelled_pairs_cost_the_graph_no_edge(record):
    """Genes 8 and 9 regulate, but have no reference edge: their pairs judge nothing."""
    pairs = make_pairs()
    more = with_unlabelled(pairs, names(40), names(10))
    assert (more[PART] == UNLABELLED).sum() == 2 * 39
    small_fit(more, epochs=2)
    assert all(
        graph == both_ways(coded(message_edges(pairs))) | LOOPS for graph, *_ in record.scoring()
    )


# Labels that must not matter


def reads_test_labels(fit_function):
    """Tell whether scores or history change when labels outside train and val change."""
    pairs = make_pairs()
    plain = fit_function(pairs)
    lost = pairs.astype({LABEL: "Int64"})
    lost.loc[lost[PART] == TEST, LABEL] = pd.NA
    results = [fit_function(other) for other in (flip(pairs, TEST), lost)]
    return any(
        not np.array_equal(plain.scores, other.scores) or plain.history != other.history
        for other in results
    )


@pytest.mark.parametrize("options", [{}, {"degree_prior": True}, {"hide": 0}, {"norm": "batch"}])
def test_test_labels_are_never_read(options):
    assert not reads_test_labels(lambda pairs: small_fit(pairs, **options))


def test_a_fit_that_trains_on_test_pairs_is_caught():
    def leaking(pairs):
        pairs = pairs.assign(**{LABEL: pairs[LABEL].fillna(0).astype(int)})
        return small_fit(pairs.replace({PART: {TEST: TRAIN}}))

    assert reads_test_labels(leaking)


def test_a_fit_whose_graph_knows_test_edges_is_caught(monkeypatch):
    monkeypatch.setattr(
        gtgrn,
        "message_edges",
        lambda split: split.loc[(split[LABEL] == 1).fillna(False).astype(bool), PAIR],
    )
    assert reads_test_labels(small_fit)


def test_validation_labels_choose_among_checkpoints_and_do_nothing_else():
    """With a single look there is nothing to choose, and the labels have no effect at all."""
    pairs = make_pairs()
    once = [small_fit(p, check_every=6, degree_prior=True) for p in (pairs, flip(pairs, VAL))]
    assert np.array_equal(once[0].scores, once[1].scores)
    assert np.array_equal(once[0].embeddings, once[1].embeddings)
    # With many looks the path is the same; only the looks, and so the choice, differ.
    many = [
        small_fit(p, check_every=1, epochs=30, patience=100, learning_rate=0.01).history
        for p in (pairs, flip(pairs, VAL))
    ]
    losses = [[row["train_loss"] for row in history] for history in many]
    assert losses[0] == losses[1]
    for ours, theirs in zip(*many, strict=True):
        assert ours["validation_auroc"] == pytest.approx(1 - theirs["validation_auroc"])
    best = [np.argmax([row["validation_auprc"] for row in history]) for history in many]
    assert best[0] != best[1]


def test_train_labels_do_matter():
    pairs = make_pairs()
    assert not np.allclose(small_fit(pairs).scores, small_fit(flip(pairs, TRAIN)).scores)


def test_unlabelled_pairs_are_scored_and_change_no_other_score():
    pairs = make_pairs()
    more = with_unlabelled(pairs, names(40), names(10))
    plain, fitted = small_fit(pairs), small_fit(more)
    assert fitted.scores.shape == (len(more),)
    assert np.isfinite(fitted.scores).all()
    assert fitted.history == plain.history
    np.testing.assert_allclose(fitted.scores[: len(pairs)], plain.scores, atol=1e-6)


# Repeatability


@pytest.mark.parametrize("backend", ["dgl", "torch", "sparse"])
def test_the_same_seed_gives_the_same_scores_bit_for_bit(backend):
    options = {"backend": backend, "degree_prior": True}
    first, again, other = (small_fit(**options, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.scores, again.scores)
    assert np.array_equal(first.embeddings, again.embeddings)
    assert first.history == again.history
    assert not np.allclose(first.scores, other.scores, atol=1e-2)


def test_global_random_state_is_neither_read_nor_moved():
    results = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        np.random.seed(outside)  # noqa: NPY002 - it is the state under test
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        results.append(small_fit().scores)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert np.array_equal(*results)


def test_inputs_are_left_as_they_were():
    pairs, features = make_pairs(), make_features()
    before = pairs.copy(), {name: x.copy() for name, x in features.items()}
    small_fit(pairs, features)
    pd.testing.assert_frame_equal(pairs, before[0])
    assert all(np.array_equal(features[name], before[1][name]) for name in features)


def test_all_backends_train_alike():
    options = {"dropout": 0.0, "epochs": 4}
    first, *others = [
        small_fit(backend=name, **options).scores for name in ("dgl", "torch", "sparse")
    ]
    for scores in others:
        np.testing.assert_allclose(scores, first, atol=1e-3)


@pytest.mark.parametrize("backend", ["dgl", "torch", "sparse"])
@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_bfloat16_learns_too_and_keeps_weights_and_results_in_single_precision(norm, backend):
    pairs = make_pairs()
    options = LEARN | {"norm": norm, "backend": backend, "degree_prior": True}
    half = small_fit(pairs, precision="bf16", **options)
    assert part_auroc(pairs, half.scores) > 0.9
    assert {p.dtype for p in half.model.parameters()} == {torch.float32}
    assert half.embeddings.dtype == np.float32
    short = options | {"epochs": 1, "check_every": 1, "dropout": 0.0}
    half, single = (small_fit(pairs, precision=p, **short).scores for p in ("bf16", "fp32"))
    assert not np.array_equal(half, single)
    assert np.abs(half - single).max() < 0.1


def test_an_unknown_precision_is_an_input_error():
    with pytest.raises(InputError, match="fp32 or bf16"):
        small_fit(precision="fp64")


@pytest.mark.parametrize("prior", [False, True])
def test_scores_do_not_depend_on_the_number_of_pairs_decoded_at_once(monkeypatch, prior):
    pairs = make_pairs()
    whole = small_fit(pairs, degree_prior=prior)
    sizes = []
    decode = GTGRN.decode

    def spy(model, h, regulator, *rest):
        if not model.training:
            sizes.append(len(regulator))
        return decode(model, h, regulator, *rest)

    monkeypatch.setattr(gtgrn, "BLOCK", 7)
    monkeypatch.setattr(GTGRN, "decode", spy)
    blocks = small_fit(pairs, degree_prior=prior)
    np.testing.assert_allclose(blocks.scores, whole.scores, atol=1e-5)
    assert max(sizes) == 7


def test_the_order_of_the_genes_changes_nothing_but_rounding():
    """Names tie rows to pairs; dropout alone is drawn by row, so it is off here.

    The workflow sorts genes and pairs, so its results are repeatable with dropout too.
    """
    features, order = make_features(), np.random.default_rng(1).permutation(40)
    options = {"dropout": 0.0, "degree_prior": True}
    plain = small_fit(features=features, **options)
    moved = small_fit(
        features={name: x[order] for name, x in features.items()},
        genes=[names(40)[i] for i in order],
        **options,
    )
    np.testing.assert_allclose(moved.scores, plain.scores, atol=1e-3)
    np.testing.assert_allclose(moved.embeddings, plain.embeddings[order], atol=1e-3)


def test_the_order_of_the_modalities_changes_nothing():
    features = make_features()
    plain, other = (
        small_fit(features=features),
        small_fit(features=dict(reversed(features.items()))),
    )
    assert np.array_equal(plain.scores, other.scores)


def test_scores_follow_the_pairs():
    """Training draws by row, so rows of training pairs keep their order; others may move."""
    pairs = make_pairs()
    train, rest = pairs[pairs[PART] == TRAIN], pairs[pairs[PART] != TRAIN]
    moved = pd.concat([rest.sample(frac=1, random_state=0), train])
    plain = pd.Series(small_fit(pairs).scores, index=pairs.index)
    scores = pd.Series(small_fit(moved).scores, index=moved.index)
    np.testing.assert_allclose(scores[pairs.index], plain, atol=1e-4)


def test_a_pair_scores_the_same_whatever_index_the_table_has():
    pairs = make_pairs()
    renamed = pairs.set_index(pd.Index(np.arange(len(pairs))[::-1] * 7))
    assert np.array_equal(small_fit(pairs).scores, small_fit(renamed).scores)


# Learning

LEARN = {"dimensions": 16, "epochs": 80, "check_every": 4, "learning_rate": 5e-3}


def test_a_planted_structure_is_learnt():
    pairs = make_pairs()
    fitted = small_fit(pairs, **LEARN)
    assert part_auroc(pairs, fitted.scores) > 0.93
    assert fitted.embeddings.shape == (40, 16)


def test_random_labels_are_not():
    found = []
    for seed in (0, 1):
        pairs = make_pairs()
        rng = np.random.default_rng(seed)
        pairs = pairs.assign(**{LABEL: rng.integers(0, 2, len(pairs))})
        found.append(part_auroc(pairs, small_fit(pairs, **LEARN).scores))
    # The standard error of the mean of two AUROCs on eighty pairs is .046.
    assert abs(np.mean(found) - 0.5) < 0.14


def test_features_alone_carry_over_to_genes_without_a_training_pair():
    pairs, features = make_pairs(held_genes=True), make_features()
    assert not set(of_part(pairs, TEST)[TARGET]) & set(of_part(pairs, TRAIN)[TARGET])
    results = {
        control: small_fit(
            pairs, choose_features(features, control=control, seed=0), **LEARN
        ).scores
        for control in ("none", "random")
    }
    assert part_auroc(pairs, results["none"]) > 0.93
    assert abs(part_auroc(pairs, results["random"]) - 0.5) < 0.25


def test_the_order_of_a_pair_is_learnt():
    """Each even gene regulates the odd ones and is never their target."""
    pairs = pd.DataFrame(
        [(a, b, a % 2 < b % 2) for a in range(30) for b in range(30) if a != b],
        columns=[REGULATOR, TARGET, LABEL],
    )
    part = np.random.default_rng(0).choice(PARTS, len(pairs), p=[0.6, 0.15, 0.25])
    pairs = pairs.assign(**{LABEL: pairs[LABEL].astype(int), PART: part}).replace(
        {column: dict(enumerate(names(40))) for column in PAIR}
    )
    scores = small_fit(pairs, **LEARN).scores
    codes = np.array(coded(pairs))
    mixed = pairs[(codes.sum(axis=1) % 2) == 1].index
    assert roc_auc_score(pairs.loc[mixed, LABEL], scores[mixed]) > 0.95


def test_the_degree_prior_finds_degrees_without_any_help():
    rng = np.random.default_rng(0)
    pairs = make_pairs()
    rate = dict(zip(names(8), np.linspace(0.05, 0.95, 8), strict=True))
    chance = pairs[REGULATOR].map(rate).to_numpy()
    pairs = pairs.assign(**{LABEL: (rng.random(len(pairs)) < chance).astype(int)})
    noise = {"E": rng.normal(size=(40, 2))}
    with_prior, without = (
        part_auroc(pairs, small_fit(pairs, noise, degree_prior=prior, epochs=2).scores)
        for prior in (True, False)
    )
    assert with_prior > 0.65
    assert with_prior > without + 0.1


# Checkpoints


MEASURES = {
    "auprc": average_precision_score,
    "auroc": roc_auc_score,
    "loss": lambda truth, scores: log_loss(truth, 1 / (1 + np.exp(-scores))),
}


def restless(**options):
    """Train with steps so long that validation goes up and down."""
    pairs = make_pairs(noise=0.2)
    settings = {"learning_rate": 0.05, "epochs": 25, "check_every": 1, "patience": 100}
    return pairs, small_fit(pairs, **(settings | options))


@pytest.mark.parametrize("measure", MEASURES)
def test_scores_are_those_of_the_checkpoint_that_validation_chose(measure):
    pairs, fitted = restless(select_by=measure)
    values = [row[f"validation_{measure}"] for row in fitted.history]
    best = (np.argmin if measure == "loss" else np.argmax)(values)
    assert best < 24
    assert values[best] != values[-1]
    val = of_part(pairs, VAL)[LABEL], of_part(pairs, VAL, fitted.scores)
    for name, function in MEASURES.items():
        assert function(*val) == pytest.approx(
            fitted.history[best][f"validation_{name}"], abs=1e-5
        )
    # A run that ends there has walked the same way.
    _, short = restless(select_by=measure, epochs=int(best) + 1)
    assert short.history == fitted.history[: best + 1]
    assert np.array_equal(short.scores, fitted.scores)


def test_the_three_measures_choose_differently():
    chosen = {measure: restless(select_by=measure)[1].scores.tobytes() for measure in MEASURES}
    assert len(set(chosen.values())) > 1


def test_training_stops_when_patience_is_spent():
    _, fitted = restless(epochs=200, patience=3)
    values = [row["validation_auprc"] for row in fitted.history]
    assert len(values) == int(np.argmax(values)) + 1 + 3


def test_looks_are_every_so_many_epochs_and_at_the_end():
    epochs = [row["epoch"] for row in small_fit(epochs=8, check_every=3).history]
    assert epochs == [2, 5, 7]


def test_a_run_shorter_than_the_first_look_is_trained_all_the_same():
    short, untrained = (
        small_fit(epochs=4, check_every=5, learning_rate=rate).scores for rate in (0.01, 0.0)
    )
    assert not np.allclose(short, untrained, atol=1e-2)
    assert np.array_equal(short, small_fit(epochs=4, check_every=4, learning_rate=0.01).scores)


@pytest.mark.parametrize(
    "options", [{"norm": "batch", "degree_prior": True}, {"layers": 2, "heads": 4}]
)
def test_the_checkpoint_gives_the_scores_again(tmp_path, options):
    pairs, features, path = make_pairs(), make_features(), tmp_path / "c.pt"
    fitted = small_fit(pairs, features, **options)
    save_checkpoint(path, fitted.model, config=fitted.config, genes=names(40))
    torch.load(path, weights_only=True)
    state, config, genes = load_checkpoint(path)
    model = GTGRN(**config)
    model.load_state_dict(state)
    model.eval()
    inputs = {
        name: torch.tensor(standardise(x), dtype=torch.float32) for name, x in features.items()
    }
    graph = undirected_with_loops(*torch.tensor(coded(message_edges(pairs))).T, len(genes))
    train = torch.tensor(coded(of_part(pairs, TRAIN), LABEL)).T
    with torch.no_grad():
        h = model(inputs, graph)
        scores = model.decode(
            h, *torch.tensor(coded(pairs)).T, (train[0], train[1], train[2].float())
        )
    assert np.array_equal(h.numpy(), fitted.embeddings)
    assert np.array_equal(scores.numpy().astype(float), fitted.scores)


# Options and errors


@pytest.mark.parametrize(
    "options",
    [{"hide": 0}, {"hide": 1.0}, {"norm": "batch"}, {"layers": 3, "heads": 1}, {"clip": 1e-3}],
)
def test_options_give_finite_scores_of_their_own(options):
    fitted = small_fit(**options)
    assert np.isfinite(fitted.scores).all()
    assert not np.array_equal(fitted.scores, small_fit().scores)


@pytest.mark.parametrize("letters", ["P", "G", "E", "PE"])
def test_any_modalities_may_be_left_out(letters):
    features = {name: make_features()[name] for name in letters}
    fitted = small_fit(features=features)
    assert set(fitted.model.projections) == set(letters)
    assert np.isfinite(fitted.scores).all()


def test_constant_columns_and_a_graph_without_edge_do_no_harm():
    pairs, features = make_pairs(), make_features()
    # Every training positive has its reverse in the test part.
    lonely = [(0, 1, 1, TRAIN), (1, 0, 0, TEST), (0, 2, 0, TRAIN), (2, 0, 1, TEST)]
    lonely += [(3, 4, 1, VAL), (3, 5, 0, VAL)]
    pairs = pd.DataFrame(lonely, columns=pairs.columns).replace(
        {column: dict(enumerate(names(40))) for column in PAIR}
    )
    assert message_edges(pairs).empty
    features["P"] = laplacian_encodings(message_edges(pairs), names(40), dimensions=3)
    assert not features["P"].any()
    assert np.isfinite(small_fit(pairs, features, hide=0.5).scores).all()


def test_a_pair_of_an_unknown_gene_is_an_input_error():
    pairs = make_pairs()
    pairs.loc[len(pairs) - 1, TARGET] = "stranger"
    with pytest.raises(InputError, match="expression lacks"):
        small_fit(pairs)


def test_the_prior_needs_hidden_pairs():
    with pytest.raises(InputError, match=r"gtgrn\.hide"):
        small_fit(hide=0, degree_prior=True)


def test_heads_that_do_not_divide_are_an_input_error():
    with pytest.raises(InputError, match="heads"):
        small_fit(heads=3)


# Controls


def test_without_control_features_stay():
    features = make_features()
    chosen = choose_features(features, control="none", seed=0)
    assert all(np.array_equal(chosen[name], features[name]) for name in features)
    assert set(chosen) == set(features)


def test_random_features_keep_the_shape_and_nothing_else():
    features = make_features()
    chosen = choose_features(features, control="random", seed=0)
    assert np.array_equal(chosen["P"], features["P"])
    for name in "GE":
        assert chosen[name].shape == features[name].shape
        assert abs(np.corrcoef(chosen[name].ravel(), features[name].ravel())[0, 1]) < 0.3
    assert not np.array_equal(chosen["G"], chosen["E"][:, :4])
    large = choose_features({"E": np.zeros((500, 50))}, control="random", seed=0)["E"]
    assert abs(large.mean()) < 0.03
    assert abs(large.std() - 1) < 0.03


def test_permuted_features_move_genes_together():
    rows = np.arange(40)[:, None]
    features = {"P": rows + 0.0, "G": rows * [1.0, 2.0], "E": rows * [3.0, 4.0, 5.0]}
    chosen = choose_features(features, control="permuted", seed=0)
    order = chosen["G"][:, 0].astype(int)
    assert sorted(order) == list(range(40))
    assert (order != np.arange(40)).sum() > 30
    assert np.array_equal(chosen["G"], features["G"][order])
    assert np.array_equal(chosen["E"], features["E"][order])
    assert np.array_equal(chosen["P"], features["P"])


@pytest.mark.parametrize("control", ["random", "permuted"])
def test_controls_depend_on_their_seed_only(control):
    features = make_features()
    first, again, other = (choose_features(features, control=control, seed=s) for s in (1, 1, 2))
    backwards = choose_features(dict(reversed(features.items())), control=control, seed=1)
    for name in "GE":
        assert np.array_equal(first[name], again[name])
        assert np.array_equal(first[name], backwards[name])
        assert not np.array_equal(first[name], other[name])
