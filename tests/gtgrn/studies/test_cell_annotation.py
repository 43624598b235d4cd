from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.evaluation.ranking import auroc
from gtgrn.studies.cell_annotation import (
    annotate,
    choose_cells,
    draw_folds,
    from_components,
    from_genes,
    from_profiles,
    from_variable_genes,
    predict_types,
    weights,
)
from gtgrn.studies.cell_type_scores import fold_scores

QUICK = {"hidden": (16, 8), "epochs": 30}
CELLS = [f"c{i:02d}" for i in range(60)]


def typed_expression(seed=0):
    """Return 60 cells x 12 genes of three types, four genes for each, and the types."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(["B", "NK", "T"], 20)
    high = np.array([np.isin(np.arange(12) // 4, i) for i in range(3)])[np.repeat(range(3), 20)]
    return rng.gamma(1.0, 1.0, (60, 12)) + 3.0 * high, kinds


EXPRESSION, TYPES = typed_expression()
FOLD = draw_folds(TYPES, 5, 0)
FITS = {
    "genes": from_genes(np.random.default_rng(1).normal(size=(12, 4))),
    "profiles": from_profiles,
    "components": from_components(3),
    "variable": from_variable_genes(5),
}


def leaky_components(train):
    """Fit components to all cells, as a careless pipeline does."""
    axes = np.linalg.svd(SEEN["all"] - SEEN["all"].mean(axis=0), full_matrices=False)[2][:3]
    return lambda cells: (cells - SEEN["all"].mean(axis=0)) @ axes.T


def leaky_scale(train):
    """Scale by the mean and spread of all cells."""
    mean, spread = SEEN["all"].mean(axis=0), SEEN["all"].std(axis=0)
    return lambda cells: np.tanh((cells - mean) / spread)


SEEN = {}
LEAKS = {"components": leaky_components, "scale": leaky_scale}


def predictions_depend_on_other_test_cells(fit):
    """Say whether a test cell's expression reaches the predictions of another in its fold.

    The first half of a fold's cells is replaced by other values; predictions of the second half
    must not move, for nothing that was fitted may have seen the first.
    """
    SEEN["all"] = EXPRESSION
    before = predict_types(EXPRESSION, TYPES, FOLD, fit, **QUICK)
    test = np.flatnonzero(FOLD == 0)
    changed = EXPRESSION.copy()
    changed[test[: len(test) // 2]] = np.random.default_rng(9).gamma(
        3.0, 9.0, (len(test) // 2, 12)
    )
    SEEN["all"] = changed
    after = predict_types(changed, TYPES, FOLD, fit, **QUICK)
    kept = test[len(test) // 2 :]
    return not np.array_equal(before[kept], after[kept])


@pytest.mark.parametrize("name", FITS)
def test_no_test_cell_reaches_what_is_fitted(name):
    assert not predictions_depend_on_other_test_cells(FITS[name])


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_caught(name):
    assert predictions_depend_on_other_test_cells(LEAKS[name])


def test_a_leak_changes_the_predictions():
    SEEN["all"] = EXPRESSION
    clean = predict_types(EXPRESSION, TYPES, FOLD, FITS["components"], **QUICK)
    leaky = predict_types(EXPRESSION, TYPES, FOLD, leaky_components, **QUICK)
    assert not np.allclose(clean, leaky)


@pytest.mark.parametrize("name", FITS)
def test_what_is_fitted_gets_training_cells_alone(name):
    given_cells = []

    def spy(train):
        given_cells.append(train.copy())
        return FITS[name](train)

    predict_types(EXPRESSION, TYPES, FOLD, spy, **QUICK)
    assert len(given_cells) == 5
    for number, train in enumerate(given_cells):
        np.testing.assert_array_equal(train, EXPRESSION[number != FOLD])


@pytest.mark.parametrize("name", FITS)
def test_labels_of_test_cells_change_nothing(name):
    before = predict_types(EXPRESSION, TYPES, FOLD, FITS[name], **QUICK)
    test = FOLD == 2
    wrong = TYPES.copy()
    wrong[test] = np.roll(TYPES[test], 5)
    assert (wrong != TYPES).any()
    after = predict_types(EXPRESSION, wrong, FOLD, FITS[name], **QUICK)
    np.testing.assert_array_equal(before[test], after[test])
    assert not np.array_equal(before[~test], after[~test])


def test_shuffled_types_cannot_be_predicted():
    rng = np.random.default_rng(0)
    values = []
    for _ in range(5):
        shuffled = rng.permutation(TYPES)
        fold = draw_folds(shuffled, 5, 0)
        found = predict_types(EXPRESSION, shuffled, fold, from_components(3), **QUICK)
        scores = fold_scores(found, shuffled, fold)
        values.append(scores.loc[scores["metric"] == "AUROC", "value"].mean())
    assert abs(np.mean(values) - 0.5) < 0.1


def test_planted_types_are_predicted():
    for fit in (from_components(3), from_genes(np.eye(12)), from_profiles):
        found = predict_types(EXPRESSION, TYPES, FOLD, fit, **QUICK)
        scores = fold_scores(found, TYPES, FOLD).groupby("metric")["value"].mean()
        assert scores["AUROC"] > 0.9
        np.testing.assert_allclose(found.sum(axis=1), 1)


# Features


def test_a_cell_is_the_weighted_mean_of_standardised_vectors():
    vectors = np.array([[1.0, 0], [3, 0], [5, 0]])
    standard = np.array([-np.sqrt(1.5), 0, np.sqrt(1.5)])
    cells = np.array([[2.0, 0, 2], [0, 0, 7], [0, 0, 0]])
    found = from_genes(vectors)(cells)(cells)
    np.testing.assert_allclose(found[:, 0], [0, standard[2], 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 1], 0)
    np.testing.assert_allclose(weights(cells).sum(axis=1), [1, 1, 0])


def test_the_depth_of_a_cell_has_no_part_in_its_mean():
    fit = from_genes(np.random.default_rng(0).normal(size=(12, 3)))(EXPRESSION)
    np.testing.assert_allclose(fit(EXPRESSION), fit(EXPRESSION * 7))


def test_components_are_scikit_learns():
    from sklearn.decomposition import PCA

    ours = from_components(4)(EXPRESSION[:40])(EXPRESSION)
    theirs = PCA(4, svd_solver="full").fit(EXPRESSION[:40]).transform(EXPRESSION)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-9)


def test_variable_genes_are_those_of_the_training_cells():
    cells = np.zeros((6, 3))
    cells[:4, 1], cells[4:, 2] = [0, 9, 0, 9], 1000
    assert from_variable_genes(1)(cells[:4])(cells).ravel().tolist() == [0, 9, 0, 9, 0, 0]


# Cells and folds


def test_small_types_are_left_out_and_named():
    types = ["a"] * 6 + ["b"] * 5 + ["c"] * 4 + [""] * 2 + [None]
    names = [f"x{i:02d}" for i in range(len(types))]
    cells = choose_cells(np.ones((len(types), 2)), names, types)
    assert cells.left_out == {"c": 4}
    assert len(cells.names) == 11
    assert choose_cells(np.ones((18, 2)), names, types, folds=4, largest=2).left_out == {"c": 4}


def test_cells_come_in_the_order_of_their_names():
    order = np.random.default_rng(0).permutation(60)
    first = choose_cells(EXPRESSION, CELLS, TYPES)
    again = choose_cells(EXPRESSION[order], [CELLS[i] for i in order], TYPES[order])
    np.testing.assert_array_equal(first.expression, again.expression)
    np.testing.assert_array_equal(first.types, again.types)


def test_types_may_be_a_column_of_obs():
    column = pd.Series(pd.Categorical([*TYPES[:59], None]), index=CELLS)
    cells = choose_cells(EXPRESSION, CELLS, column)
    assert cells.types.tolist() == TYPES[:59].tolist()


def test_bad_cells_are_one_line():
    with pytest.raises(InputError, match="1 types have 5 cells, two are needed"):
        choose_cells(EXPRESSION[:20], CELLS[:20], TYPES[:20])
    with pytest.raises(InputError, match="negative values weigh no mean"):
        choose_cells(-EXPRESSION, CELLS, TYPES)
    # A column with two types, and values as they are before their signs were changed.
    two = np.where(np.arange(20) % 2, "a", "b")
    assert set(choose_cells(EXPRESSION[:20], CELLS[:20], two).types) == {"a", "b"}


def test_folds_hold_equal_shares_of_each_type():
    table = pd.crosstab(TYPES, FOLD)
    assert (table == 4).all(axis=None)
    np.testing.assert_array_equal(FOLD, draw_folds(TYPES, 5, 0))
    assert (draw_folds(TYPES, 5, 1) != FOLD).any()


def test_tables_hold_every_representation_metric_type_and_cell():
    cells = choose_cells(EXPRESSION, CELLS, TYPES)
    representations = [
        ("pca", "", 0, from_components(3)),
        ("raw", "", 0, from_profiles),
        ("random", "", 1, from_genes(np.random.default_rng(0).normal(size=(12, 2)))),
    ]
    scores, by_type, predictions = annotate(cells, representations, bootstrap=50, **QUICK)
    assert len(scores) == 3 * 2
    assert len(by_type) == 3 * 2 * 3
    assert len(predictions) == 3 * 60
    assert (by_type["cells"] == 20).all()
    floor = scores[scores["representation"] == "pca"]
    assert (floor[["minus_pca", "minus_pca_low", "minus_pca_high"]] == 0).all(axis=None)
    assert (scores["cells_low"] <= scores["pooled"]).all()
    assert (scores["pooled"] <= scores["cells_high"]).all()
    assert (scores["fold_low"] <= scores["value"]).all()
    # The scores are those of the predictions on file.
    rows = predictions[predictions["representation"] == "raw"]
    kinds = ["B", "NK", "T"]
    values = [
        auroc(part["cell_type"] == kind, part[f"probability: {kind}"])
        for _, part in rows.groupby("fold")
        for kind in kinds
    ]
    own = scores[(scores["representation"] == "raw") & (scores["metric"] == "AUROC")]
    assert own["value"].iloc[0] == pytest.approx(np.mean(values))
    assert (rows["predicted"] == rows["cell_type"]).mean() > 0.6
    pooled = [auroc(rows["cell_type"] == kind, rows[f"probability: {kind}"]) for kind in kinds]
    assert own["pooled"].iloc[0] == pytest.approx(np.mean(pooled))
    again = annotate(cells, representations, bootstrap=50, **QUICK)
    pd.testing.assert_frame_equal(scores, again[0])
