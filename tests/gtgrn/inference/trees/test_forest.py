import numpy as np
import pytest
from chance_cases import largest_t, t_bound
from gtgrn.inference.trees.forest import forest_importances
from gtgrn.inference.trees.split_search import (
    ALONE,
    LAST,
    dense_ranks,
    features_tried,
    run_targets,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor


def expression(n_genes: int, n_cells: int, *, zeros: bool, seed: int = 0) -> np.ndarray:
    """Genes that share factors; with zeros, counts with many ties."""
    rng = np.random.default_rng(seed)
    factors = 0.6 * rng.normal(size=(n_genes, 3)) @ rng.normal(size=(3, n_cells))
    rate = np.exp(factors + rng.normal(size=(n_genes, 1)))
    if zeros:
        return np.log1p(rng.poisson(rate)).astype(np.float64)
    return factors + 0.3 * rng.normal(size=(n_genes, n_cells))


def one_tree(genes: np.ndarray, **options) -> np.ndarray:
    options = {"n_estimators": 1, "max_features": 1.0, "bootstrap": False, **options}
    return forest_importances(genes, genes[:1], np.array([0]), np.array([5]), **options)[0]


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(
    ("n_cells", "max_depth", "min_samples_leaf"),
    [(300, 3, 8), (300, None, 15), (300, 5, 5), (2000, 3, 1), (30, None, 5)],
)
def test_one_tree_is_scikit_learns(zeros, n_cells, max_depth, min_samples_leaf):
    # Limits that keep nodes out in which two features split the cells alike: those are drawn.
    genes = expression(8, n_cells, zeros=zeros)
    tree = DecisionTreeRegressor(max_depth=max_depth, min_samples_leaf=min_samples_leaf)
    tree.fit(genes[1:].T, genes[0])
    ours = one_tree(genes, max_depth=max_depth, min_samples_leaf=min_samples_leaf)
    np.testing.assert_allclose(ours[1:], tree.feature_importances_, rtol=0, atol=1e-9)
    assert ours[0] == 0


def test_a_full_tree_of_two_features_is_scikit_learns_for_each_order_of_ties():
    genes = expression(3, 60, zeros=False, seed=4)
    theirs = np.array(
        [
            tree.fit(genes[1:].T, genes[0]).feature_importances_[0]
            for tree in (DecisionTreeRegressor(random_state=seed) for seed in range(300))
        ]
    )
    ours = np.array(
        [
            forest_importances(
                genes, genes[:1], np.array([0]), np.array([seed]),
                n_estimators=1, max_features=1.0, bootstrap=False,
            )[0, 1]
            for seed in range(300)
        ]
    )  # fmt: skip
    # Where two splits are equal but for rounding, which of them are tied hangs on the processor:
    # their means are .001 to .005 apart, with an error of .001. The spread of a single tree is
    # .012; ties that always went one way would give a single value, without any spread.
    assert abs(ours.mean() - theirs.mean()) < 0.012
    assert 0.5 < ours.std() / theirs.std() < 2
    assert len(set(ours.round(9))) > 100


@pytest.mark.parametrize(
    ("kind", "model"), [("rf", RandomForestRegressor), ("et", ExtraTreesRegressor)]
)
@pytest.mark.parametrize("zeros", [False, True])
def test_forests_agree_with_scikit_learns_in_the_mean(kind, model, zeros):
    genes = expression(16, 120, zeros=zeros, seed=3)

    def ours(**options):
        return forest_importances(
            genes, np.repeat(genes[:1], 50, axis=0), np.zeros(50, dtype=int), np.arange(50),
            kind=kind, n_estimators=20, **options,
        )[:, 1:]  # fmt: skip

    theirs = np.array(
        [
            model(n_estimators=20, max_features="sqrt", random_state=seed)
            .fit(genes[1:].T, genes[0])
            .feature_importances_
            for seed in range(50)
        ]
    )
    # Rounding decides between near ties, so that another processor draws other forests. Fifty
    # forests each way, 15 features in 4 cases: |t| of 49 degrees beyond 6.7 is chance in 1e-6.
    bound = t_bound(comparisons=60, degrees=49)
    assert largest_t(ours(), theirs) < bound
    # What the bound catches: forests that try all features at each node are at 18 or more.
    assert largest_t(ours(max_features=1.0), theirs) > 2 * bound


@pytest.mark.parametrize("kind", ["rf", "et"])
def test_result_of_a_target_depends_on_nothing_else(kind):
    genes = expression(20, 70, zeros=True)
    own, seeds = np.array([0, 1, 2, -1]), np.array([3, 1, 4, 9], dtype=np.uint64)
    targets = np.vstack([genes[:3], genes[:5].sum(axis=0)])
    options = {"kind": kind, "n_estimators": 20}
    together = forest_importances(genes, targets, own, seeds, **options)
    order = np.array([2, 0, 3, 1])
    shuffled = forest_importances(genes, targets[order], own[order], seeds[order], **options)
    threaded = forest_importances(genes, targets, own, seeds, threads=3, **options)
    alone = [
        forest_importances(genes, targets[[i]], own[[i]], seeds[[i]], **options)[0]
        for i in range(4)
    ]
    np.testing.assert_array_equal(shuffled, together[order])
    np.testing.assert_array_equal(threaded, together)
    np.testing.assert_array_equal(alone, together)
    other = forest_importances(genes, targets, own, seeds + np.uint64(1), **options)
    assert (other != together).any(axis=1).all()


@pytest.mark.parametrize("kind", ["rf", "et"])
def test_own_row_is_excluded_as_if_it_were_not_there(kind):
    genes = expression(9, 60, zeros=False)
    options = {"kind": kind, "n_estimators": 15}
    inside = forest_importances(genes, genes[3:4], np.array([3]), np.array([8]), **options)[0]
    without = np.delete(genes, 3, axis=0)
    outside = forest_importances(without, genes[3:4], np.array([-1]), np.array([8]), **options)[0]
    assert inside[3] == 0
    np.testing.assert_array_equal(np.delete(inside, 3), outside)
    copies = np.repeat(genes[3:4], 40, axis=0)
    copied = forest_importances(genes, copies, np.full(40, -1), np.arange(40), **options)[:, 3]
    # Of one forest .40 with a standard deviation of .08: the mean of 40 is .25 at 11 errors.
    assert copied.mean() > 0.25


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, (4, 12), elements=st.sampled_from([0.0, 0.5, 1.0, 2.5])),
    st.sampled_from(["rf", "et"]),
    st.integers(0, 2**64 - 1),
)
def test_importances_are_shares_or_nothing(genes, kind, seed):
    found = forest_importances(
        genes, genes[:1], np.array([0]), np.array([seed], dtype=np.uint64), kind=kind,
        n_estimators=10,
    )[0]  # fmt: skip
    constant = np.ptp(genes, axis=1) == 0
    assert (found >= 0).all()
    assert (found[constant] == 0).all()
    assert found.sum() == pytest.approx(1) or found.sum() == 0
    if constant[0] or constant[1:].all():
        assert found.sum() == 0


@pytest.mark.parametrize("kind", ["rf", "et"])
def test_edge_cases(kind):
    genes = expression(5, 60, zeros=False)
    genes[4] = 2.0
    options = {"kind": kind, "n_estimators": 200}
    constant = forest_importances(genes, genes[4:], np.array([4]), np.array([1]), **options)
    assert (constant == 0).all()
    # Two copies of a feature share what the one had.
    doubled = np.vstack([genes, genes[1]])
    target = np.repeat(genes[1:2] + 0.1 * genes[2], 40, axis=0)
    found = forest_importances(doubled, target, np.full(40, -1), np.arange(40), **options)
    assert (found[:, 4] == 0).all()
    # The ratio of one forest has a standard deviation of .11, that of 40 .017: seven errors.
    assert found[:, 1].mean() == pytest.approx(found[:, 5].mean(), rel=0.12)
    three = forest_importances(
        genes[:, :3], genes[:2, :3], np.array([0, 1]), np.array([1, 2]), **options
    )
    np.testing.assert_allclose(three.sum(axis=1), 1)
    nothing = forest_importances(genes, genes[:0], np.array([]), np.array([]), **options)
    assert nothing.shape == (0, 5)


def test_reads_a_memory_map_that_cannot_be_written(tmp_path):
    genes = expression(6, 40, zeros=True).astype(np.float32)
    np.save(tmp_path / "genes.npy", genes)
    mapped = np.load(tmp_path / "genes.npy", mmap_mode="r")
    arguments = genes[:2], np.array([0, 1]), np.array([1, 2])
    for kind in ("rf", "et"):
        np.testing.assert_array_equal(
            forest_importances(mapped, *arguments, kind=kind, n_estimators=5),
            forest_importances(genes, *arguments, kind=kind, n_estimators=5),
        )


def test_dense_ranks_join_what_scikit_learn_takes_as_equal():
    row = np.array([[3.0, 0.0, 5e-8, 1.0, 3.0, 0.0], [7.0] * 6], dtype=np.float32)
    ranks, order, above = dense_ranks(row)
    assert ranks.tolist() == [[2, 0, 0, 1, 2, 0], [0] * 6]
    assert (order >> 2).tolist() == [[4, 0, 3, 2, 5, 1], [5, 4, 3, 2, 1, 0]]
    # Of two highest cells the second is the last; the next is alone; the lowest bear no mark.
    assert (order & 3).tolist() == [[0, LAST, ALONE, 0, 0, 0], [0] * 6]
    assert above.tolist() == [3, 0]
    assert ranks.dtype == order.dtype == np.uint16
    many = dense_ranks(np.zeros((1, 2**16 + 1), dtype=np.float32))
    assert many[0].dtype == many[1].dtype == np.uint32


@pytest.mark.slow
def test_more_cells_than_fit_sixteen_bits():
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(3, 2**16 + 10))
    genes[0] = (genes[1] > 0.5) + 1e-3 * genes[2]
    ours = one_tree(genes, max_depth=1)
    np.testing.assert_allclose(ours, [0, 1, 0], atol=1e-12)


def test_number_of_features_tried():
    assert features_tried("sqrt", 409) == 20
    assert features_tried(0.1, 409) == 40
    assert features_tried(0.001, 409) == 1
    assert features_tried(7, 409) == 7
    for wrong in ("log2", 0.0, 1.5, 0, -1):
        with pytest.raises(ValueError, match="max_features"):
            features_tried(wrong, 409)


def test_rejects_what_does_not_fit():
    genes = expression(4, 20, zeros=False)
    for bad in (
        {"kind": "gbm"},
        {"targets": genes[:, :-1]},
        {"own": np.array([0])},
        {"own": np.array([0, 1, 2, 4])},
        {"seeds": np.array([1])},
    ):
        arguments = {"targets": genes, "own": np.arange(4), "seeds": np.arange(4), **bad}
        with pytest.raises(ValueError, match=r"kind|targets|own"):
            forest_importances(genes, **arguments)


def test_progress_bar_counts_targets(capsys):
    assert run_targets(lambda i: i * i, 3, threads=2, progress="genie3") == [0, 1, 4]
    assert "genie3" in capsys.readouterr().err
    run_targets(lambda i: i, 3, threads=1, progress=None)
    assert capsys.readouterr().err == ""
