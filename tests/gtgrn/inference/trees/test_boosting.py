import numpy as np
import pandas as pd
import pytest
from chance_cases import largest_t, t_bound
from gtgrn.inference.run import infer
from gtgrn.inference.trees.boosting import boosting_importances, sklearn_stop_rule
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import GradientBoostingRegressor


def expression(n_genes: int, n_cells: int, *, zeros: bool, seed: int = 0) -> np.ndarray:
    """Genes that share factors; with zeros, counts with many ties."""
    rng = np.random.default_rng(seed)
    factors = 0.6 * rng.normal(size=(n_genes, 3)) @ rng.normal(size=(3, n_cells))
    rate = np.exp(factors + rng.normal(size=(n_genes, 1)))
    if zeros:
        return np.log1p(rng.poisson(rate)).astype(np.float64)
    return factors + 0.3 * rng.normal(size=(n_genes, n_cells))


def stepped(n_cells: int, *, zeros: bool) -> np.ndarray:
    """Return a target that splits its cells into big parts: no two features split them alike."""
    genes = expression(6, n_cells, zeros=zeros, seed=2)
    above = genes[1:4] > np.quantile(genes[1:4], 0.6, axis=1, keepdims=True)
    genes[0] = np.array([4.0, 2.0, 1.0]) @ above + 1e-3 * genes[5]
    return genes


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(("n_cells", "max_depth"), [(400, 1), (400, 2), (2000, 3)])
def test_without_chance_boosting_is_scikit_learns(zeros, n_cells, max_depth):
    genes = stepped(n_cells, zeros=zeros)
    options = {"n_estimators": 12, "learning_rate": 0.1, "max_depth": max_depth}
    models = [
        GradientBoostingRegressor(random_state=seed, **options).fit(genes[1:].T, genes[0])
        for seed in (0, 1)
    ]
    theirs = models[0].feature_importances_
    # The premise: the order of the features does not matter to scikit-learn either.
    np.testing.assert_allclose(models[1].feature_importances_, theirs, rtol=0, atol=1e-12)
    ours, n_trees = boosting_importances(
        genes, genes[:1], np.array([0]), np.array([5]), max_features=1.0, subsample=1.0, **options
    )
    np.testing.assert_allclose(ours[0, 1:], theirs, rtol=0, atol=1e-9)
    assert ours[0, 0] == 0
    assert n_trees.tolist() == [12]


@pytest.mark.parametrize("zeros", [False, True])
def test_importances_agree_with_arboretos_in_the_mean(zeros):
    from arboreto.core import SGBM_KWARGS, infer_partial_network

    genes = expression(12, 100, zeros=zeros, seed=1)
    names = [f"g{i:02d}" for i in range(12)]

    def boost(**options):
        return boosting_importances(
            genes, np.repeat(genes[:1], 40, axis=0), np.zeros(40, dtype=int), np.arange(40),
            **options,
        )  # fmt: skip

    ours, n_ours = boost()
    theirs, n_theirs = np.zeros((20, 12)), []
    for seed in range(20):
        links, meta = infer_partial_network(
            "GBM", SGBM_KWARGS, genes.T, names, "g00", genes[0], include_meta=True, seed=seed
        )
        theirs[seed, [names.index(name) for name in links["TF"]]] = links["importance"]
        n_theirs.append(meta["n_estimators"][0])
    # Both stop at 25 trees or a few later; the weights add up to the trees.
    np.testing.assert_allclose(ours.sum(axis=1), n_ours)
    # Means of 40 and 20 with a standard deviation of 2 around 27: 20 % are nine errors.
    assert np.mean(n_ours) == pytest.approx(np.mean(n_theirs), rel=0.2)
    assert min(n_ours) == 25

    def shares(importances):
        return importances[:, 1:] / importances[:, 1:].sum(axis=1, keepdims=True)

    # Rounding decides between near ties, so that another processor draws other trees. Eleven
    # features in two cases: |t| of 19 degrees beyond 8.7 is chance in 1e-6.
    bound = t_bound(comparisons=22, degrees=19)
    assert largest_t(shares(ours), shares(theirs)) < bound
    # What the bound catches: trees that try all features are at 15 or more.
    assert largest_t(shares(boost(max_features=1.0)[0]), shares(theirs)) > bound


def test_comparing_the_same_bag_stops_much_later():
    genes = expression(12, 100, zeros=False, seed=1)
    arguments = genes, np.repeat(genes[:1], 100, axis=0), np.zeros(100, dtype=int), np.arange(100)
    drifted = boosting_importances(*arguments)[1]
    same = boosting_importances(*arguments, stop="same_bag")[1]
    # Medians of a hundred: 27 with an error below 1, and 299 with one of 4.
    assert np.median(drifted) < 50
    assert np.median(same) > 150
    assert same.max() < 1500


def test_the_window_and_the_number_of_trees_bound_boosting():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(6, 60))
    arguments = noise, noise[:1], np.array([0]), np.array([3])
    # Nothing to learn: with either rule the improvement is soon negative. Of 400 seeds, all end
    # at 25 to 27 trees, and with a window of three at 3 to 10, each tree with half the chance.
    assert boosting_importances(*arguments, stop="same_bag")[1][0] < 300
    assert boosting_importances(*arguments, n_estimators=7)[1].tolist() == [7]
    assert 3 <= boosting_importances(*arguments, window=3)[1][0] < 25


def test_the_rule_of_the_installed_scikit_learn_is_detected(monkeypatch):
    import sklearn.ensemble

    class Fitted:
        def __init__(self, **_options):
            self.oob_improvement_ = np.zeros(5)

        def fit(self, *_data):
            return self

    installed = sklearn_stop_rule()
    model = GradientBoostingRegressor(n_estimators=40, subsample=0.5, random_state=1)
    genes = expression(4, 60, zeros=False)
    model.fit(genes[1:].T, genes[0])
    chained = np.allclose(np.diff(model.oob_scores_), -model.oob_improvement_[1:])
    assert installed == ("other_bag" if chained else "same_bag")
    monkeypatch.setattr(sklearn.ensemble, "GradientBoostingRegressor", Fitted)
    assert sklearn_stop_rule() == "same_bag"


@pytest.mark.parametrize("stop", ["sklearn", "same_bag"])
def test_result_of_a_target_depends_on_nothing_else(stop):
    genes = expression(20, 70, zeros=True)
    own, seeds = np.array([0, 1, 2, -1]), np.array([3, 1, 4, 9], dtype=np.uint64)
    targets = np.vstack([genes[:3], genes[:5].sum(axis=0)])
    options = {"stop": stop, "n_estimators": 60}
    together = boosting_importances(genes, targets, own, seeds, **options)
    order = np.array([2, 0, 3, 1])
    shuffled = boosting_importances(genes, targets[order], own[order], seeds[order], **options)
    threaded = boosting_importances(genes, targets, own, seeds, threads=3, **options)
    for i in range(2):
        np.testing.assert_array_equal(shuffled[i], together[i][order])
        np.testing.assert_array_equal(threaded[i], together[i])
    for i in range(4):
        alone = boosting_importances(genes, targets[[i]], own[[i]], seeds[[i]], **options)
        np.testing.assert_array_equal(alone[0][0], together[0][i])
    other = boosting_importances(genes, targets, own, seeds + np.uint64(1), **options)
    assert (other[0] != together[0]).any(axis=1).all()


def test_own_row_is_excluded_as_if_it_were_not_there():
    genes = expression(9, 60, zeros=False)
    inside = boosting_importances(genes, genes[3:4], np.array([3]), np.array([8]))[0][0]
    without = np.delete(genes, 3, axis=0)
    outside = boosting_importances(without, genes[3:4], np.array([-1]), np.array([8]))[0][0]
    assert inside[3] == 0
    np.testing.assert_array_equal(np.delete(inside, 3), outside)


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, (4, 12), elements=st.sampled_from([0.0, 0.5, 1.0, 2.5])),
    st.integers(0, 2**64 - 1),
)
def test_importances_sum_to_the_trees_or_nothing(genes, seed):
    found, n_trees = boosting_importances(
        genes, genes[:1], np.array([0]), np.array([seed], dtype=np.uint64), n_estimators=30
    )
    constant = np.ptp(genes, axis=1) == 0
    assert (found >= 0).all()
    assert (found[0, constant] == 0).all()
    if constant[0] or constant[1:].all():
        assert n_trees[0] == found.sum() == 0
    else:
        assert found.sum() == pytest.approx(n_trees[0])


def test_edge_cases():
    genes = expression(5, 60, zeros=False)
    genes[4] = 2.0
    constant = boosting_importances(genes, genes[4:], np.array([4]), np.array([1]))
    assert (constant[0] == 0).all()
    assert constant[1].tolist() == [0]
    doubled = np.vstack([genes, genes[1]])
    target = np.repeat(genes[1:2], 60, axis=0)
    found = boosting_importances(doubled, target, np.full(60, -1), np.arange(60))[0].sum(axis=0)
    # The ratio over 60 targets has a standard deviation of .04: seven errors.
    assert found[1] == pytest.approx(found[5], rel=0.3)
    assert found[4] == 0
    three, n_trees = boosting_importances(
        genes[:, :3], genes[:2, :3], np.array([0, 1]), np.array([1, 2]), n_estimators=40
    )
    np.testing.assert_allclose(three.sum(axis=1), n_trees)
    nothing = boosting_importances(genes, genes[:0], np.array([]), np.array([]))
    assert nothing[0].shape == (0, 5)


def test_rejects_an_unknown_rule():
    genes = expression(3, 20, zeros=False)
    with pytest.raises(ValueError, match="stop"):
        boosting_importances(genes, genes[:1], np.array([0]), np.array([1]), stop="other")


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, "other_bag"),
        ({"stop": "same_bag"}, "same_bag"),
        ({"engine": "arboreto"}, sklearn_stop_rule()),
    ],
)
def test_the_output_says_by_which_rule_boosting_stopped(options, rule, caplog):
    genes = expression(4, 30, zeros=False)
    table = pd.DataFrame(genes.T, columns=["a", "b", "c", "d"])
    caplog.set_level("INFO")
    edges = infer("grnboost2", table, list(table), seed=0, n_estimators=30, **options)
    assert edges.attrs["details"]["stopping_rule"] == rule
    assert ("scikit-learn before 1.9" in caplog.text) == (rule == "same_bag")
