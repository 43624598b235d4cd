import numpy as np
import pytest
from context_cases import GENES, source
from gtgrn.context import tables
from gtgrn.context.tables import (
    GeneEffects,
    components,
    gene_table,
    popularity,
    stack_rows,
    to_scores,
)
from scipy.stats import rankdata


def _sources(seed=3):
    rng = np.random.default_rng(seed)
    first = source(rng.random((5, 60)) < 0.3, name="a")
    second = source(
        rng.random((4, 60)) < 0.2,
        name="b",
        regulators=["R1", "R3", "X", "Y"],
        whole=False,
        measured=GENES[:40],
    )
    return [first, second]


def _dense_rows(sources):
    for one in sources:
        for name, labels, rate in zip(one.regulators, one.dense(), one.rate, strict=True):
            yield one, name, labels, rate


def _effect_by_hand(sources, without=None):
    excess, information = np.zeros(60), np.full(60, 3.0)
    for _, name, labels, rate in _dense_rows(sources):
        if name != without:
            excess += np.nan_to_num(labels - rate)
            information += np.isfinite(labels) * rate * (1 - rate)
    return excess / information


def test_gene_effects_are_the_shrunken_sums_with_and_without_a_regulator():
    sources = _sources()
    effects = GeneEffects.of(sources, 60)
    np.testing.assert_allclose(effects.effect(), _effect_by_hand(sources), atol=1e-6)
    names = np.array(["R3", "nobody", "X"])
    expected = [_effect_by_hand(sources, name) for name in names]
    np.testing.assert_allclose(effects.effects_without(names), expected, atol=1e-6)


def test_gene_effects_take_one_kind():
    sources = [*_sources(), source(np.eye(3, 60), name="m", kind="motif")]
    np.testing.assert_allclose(
        GeneEffects.of(sources, 60).effect(), GeneEffects.of(sources[:2], 60).effect()
    )


def test_gene_table_has_a_column_for_each_source_and_the_effect():
    sources = _sources()
    table = gene_table(sources, 60)
    assert table.shape == (60, 3)
    known = sources[1].known
    assert 40 <= known.sum() < 60
    ranks = rankdata(sources[1].dense()[:, known].sum(axis=0))
    np.testing.assert_allclose(table[known, 1], (ranks - ranks.mean()) / ranks.std())
    assert (table[~known, 1] == 0).all()
    np.testing.assert_allclose(table[:, 0], popularity(sources[0]))
    np.testing.assert_allclose(table[:, 2], to_scores(GeneEffects.of(sources, 60).effect()))


def _components_by_hand(sources):
    blocks = []
    for one in sources:
        rows = np.nan_to_num((one.dense() - one.rate[:, None]) / one.scale[:, None])
        blocks.append(rows / np.sqrt(len(rows)))
    rows = np.concatenate(blocks)
    rows -= rows.mean(axis=1, keepdims=True)
    _, values, right = np.linalg.svd(rows, full_matrices=False)
    return right.T * values / values[0] * np.sqrt(60)


def test_components_are_those_of_the_weighted_rows():
    sources = _sources()
    expected = _components_by_hand(sources)[:, :6]
    found = components(sources, 60, 6)
    signs = np.sign((expected * found).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-6)


def test_components_by_products_alone_equal_the_full_decomposition(monkeypatch):
    sources = _sources()
    full = components(sources, 60, 2)
    calls = []
    lanczos = tables.svds
    monkeypatch.setattr(
        tables, "svds", lambda *args, **keys: calls.append(1) or lanczos(*args, **keys)
    )
    monkeypatch.setattr(np.linalg, "svd", None)
    # Nine rows and one component: few enough of them for Lanczos.
    np.testing.assert_allclose(components(sources, 60, 2), full, atol=1e-6)
    assert calls


def test_components_of_nothing_are_no_columns():
    assert components([], 10).shape == (10, 0)


def test_stack_rows_are_the_chip_rows_with_enough_of_both_labels():
    labels = np.zeros((3, 60))
    labels[0, :10] = labels[1, :9] = 1
    labels[2, :51] = 1
    chip = source(labels, name="c")
    names, rows = stack_rows([chip, source(labels, name="m", kind="motif")])
    assert names == ["c:R0"]
    np.testing.assert_array_equal(rows, labels[:1])
    assert stack_rows([])[1].shape == (0, 0)


@pytest.mark.parametrize("flat", [np.zeros(5), np.ones((2, 5)), np.zeros((2, 0))])
def test_scores_of_a_flat_row_are_zero(flat):
    assert (to_scores(flat) == 0).all()
