from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from chance_cases import ERRORS, FALSE_ALARM, spread_error
from gtgrn.evaluation import metrics, resampling
from gtgrn.evaluation import uncertainty as statistics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chisquare, friedmanchisquare, norm, studentized_range
from scipy.stats import t as student
from sklearn.metrics import average_precision_score, roc_auc_score

EVERY = (*statistics.METRICS, statistics.WITHIN_GENE)


def split_part(n=300, regulators=8, seed=0, share=0.3):
    """Return random pairs, some regulators with one class only."""
    rng = np.random.default_rng(seed)
    regulator, target = np.divmod(np.sort(rng.permutation(regulators * 70)[:n]), 70)
    label = (rng.random(n) < share * (regulator > 0)).astype(int)
    names = {"regulator": [f"T{i}" for i in regulator], "target": [f"G{i}" for i in target]}
    return pd.DataFrame(names | {"label": label})


def noisy(part, strength, seed=0, decimals=3):
    noise = np.random.default_rng(seed).normal(size=len(part))
    return (noise + strength * part["label"].to_numpy()).round(decimals)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=2, max_size=40),
    st.integers(1, 3),
)
def test_weighted_areas_match_sklearn(pairs, n_groups):
    scores, weights = np.array(pairs, dtype=float).T
    groups = np.arange(len(pairs)) % n_groups
    order, close = resampling.ranking(scores, groups)
    found = resampling.areas(order, close, weights.astype(np.int8), False)
    values = []
    for group in range(n_groups):
        rows = (groups == group) & (weights != 0)
        labels = weights[rows] > 0
        if labels.any() and not labels.all():
            weight = np.abs(weights[rows])
            values.append(
                [
                    metric(labels, scores[rows], sample_weight=weight)
                    for metric in (roc_auc_score, average_precision_score)
                ]
            )
    expected = np.mean(values, axis=0) if values else [np.nan, np.nan]
    assert found == pytest.approx(expected, nan_ok=True)


def test_groups_may_count_as_often_as_they_are_drawn():
    order, close = resampling.ranking(np.array([2.0, 1, 1, 2, 2, 1]), np.array([0, 0, 1, 1, 2, 2]))
    weights = np.array([3, -3, 1, -1, 0, 0], dtype=np.int8)
    # Group 0 ranks right and is in three times, group 1 wrong and once, group 2 not at all.
    assert resampling.areas(order, close, weights, True)[0] == pytest.approx(3 / 4)
    assert resampling.areas(order, close, weights, False)[0] == pytest.approx(1 / 2)


def test_draws_are_uniform():
    state = np.array([7], dtype=np.uint64)
    draws = np.array([resampling._draw(state, 13) for _ in range(13_000)])
    assert draws.min() == 0
    assert draws.max() == 12
    # Three tests share the false alarms. Whole numbers: the same draws on every processor.
    assert chisquare(np.bincount(draws)).pvalue > FALSE_ALARM / 4
    # Without rejection every third value would come twice as often at this n: p of 1e-300.
    n = 3 * 2**30
    high = np.array([resampling._draw(state, n) for _ in range(12_000)])
    assert high.max() < n
    assert chisquare(np.bincount(high % 3)).pvalue > FALSE_ALARM / 4
    assert chisquare(np.bincount(high // 2**30)).pvalue > FALSE_ALARM / 4
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < ERRORS / 13_000**0.5


def test_observed_values_are_those_of_the_metrics():
    part = split_part()
    scores = {"a": noisy(part, 1, 1, decimals=0), "b": noisy(part, 0.5, 2)}
    observed, resampled = statistics.bootstrap(part, scores, seed=0, samples=3, metrics=EVERY)
    assert len(resampled) == 8
    assert all(values.shape == (3,) for values in resampled.values())
    for method, values in scores.items():
        table = metrics.evaluate(part.assign(score=values)).set_index("metric")["value"]
        for metric in EVERY:
            assert observed[method, metric] == pytest.approx(table[metric])


def test_pairs_are_drawn_within_their_class():
    part = split_part()
    _, resampled = statistics.bootstrap(part, {"flat": np.ones(len(part))}, seed=0, samples=50)
    # Of a constant score AUPRC is the density, which the stratification keeps.
    assert resampled["flat", "AUPRC"] == pytest.approx(part["label"].mean())
    assert resampled["flat", "AUROC"] == pytest.approx(0.5)
    _, entities = statistics.bootstrap(
        part, {"flat": np.ones(len(part))}, seed=0, samples=50, entity="regulator"
    )
    assert entities["flat", "AUPRC"].std() > 0.01


def test_the_resamples_have_the_distribution_of_a_plain_bootstrap():
    part = split_part(n=120)
    scores = {"a": noisy(part, 1, 1, decimals=1), "b": noisy(part, 0.5, 2, decimals=1)}
    _, ours = statistics.bootstrap(part, scores, seed=3, samples=4000)
    rng = np.random.default_rng(0)
    label = part["label"].to_numpy()
    classes = [np.flatnonzero(label == value) for value in (0, 1)]
    plain = []
    for _ in range(1000):
        rows = np.concatenate([rng.choice(rows, len(rows)) for rows in classes])
        one = [metrics.auroc(label[rows], values[rows]) for values in scores.values()]
        two = [metrics.auprc(label[rows], values[rows]) for values in scores.values()]
        within, _ = metrics.mean_within_group_auroc(
            label[rows], scores["a"][rows], part["regulator"].to_numpy()[rows]
        )
        plain.append([one[0], one[0] - one[1], two[0], two[0] - two[1], within])
    mine = [
        ours["a", "AUROC"],
        ours["a", "AUROC"] - ours["b", "AUROC"],
        ours["a", "AUPRC"],
        ours["a", "AUPRC"] - ours["b", "AUPRC"],
        ours["a", "within_TF_AUROC"],
    ]
    for found, expected in zip(mine, np.array(plain).T, strict=True):
        # Ten comparisons of 4000 resamples with 1000: 2e-8. A bootstrap without the classes
        # or of half the size has a spread that is 1.4 times as large.
        error = expected.std() * (1 / 4000 + 1 / 1000) ** 0.5
        assert found.mean() == pytest.approx(expected.mean(), abs=ERRORS * error)
        assert found.std() == pytest.approx(expected.std(), rel=ERRORS * spread_error(4000, 1000))


def test_drawn_regulators_keep_all_their_pairs():
    part = split_part(n=400, regulators=6)
    scores = {"a": noisy(part, 1)}
    observed, resampled = statistics.bootstrap(
        part, scores, seed=0, samples=4000, metrics=["within_TF_AUROC"], entity="regulator"
    )
    part["score"] = scores["a"]
    inside = [
        metrics.auroc(group["label"], group["score"])
        for name, group in part.groupby("regulator")
        if name != "T0"
    ]
    values = resampled["a", "within_TF_AUROC"]
    assert observed["a", "within_TF_AUROC"] == pytest.approx(np.mean(inside))
    assert values.min() >= min(inside) - 1e-12
    assert values.max() <= max(inside) + 1e-12
    # Six regulators are drawn, one of which has no value: the mean is over the others drawn.
    rng = np.random.default_rng(0)
    counts = rng.multinomial(6, np.full(6, 1 / 6), size=20_000)[:, :5]
    counts = counts[counts.sum(axis=1) > 0]
    means = counts @ inside / counts.sum(axis=1)
    error = means.std() * (1 / 4000 + 1 / 20_000) ** 0.5
    assert values.mean() == pytest.approx(means.mean(), abs=ERRORS * error)
    assert values.std() == pytest.approx(means.std(), rel=ERRORS * spread_error(4000, 20_000))


def test_row_order_and_threads_change_nothing():
    part = split_part()
    scores = {"a": noisy(part, 1, 1, decimals=0), "b": noisy(part, 0.5, 2)}
    rows = np.random.default_rng(5).permutation(len(part))
    shuffled = part.iloc[rows], {name: values[rows] for name, values in scores.items()}
    for options in ({}, {"entity": "regulator"}, {"entity": "target"}):
        observed, expected = statistics.bootstrap(part, scores, seed=1, samples=20, **options)
        for threads in (2, 30):
            again, found = statistics.bootstrap(
                *shuffled, seed=1, samples=20, threads=threads, **options
            )
            assert again == observed
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values)
    one = statistics.permutation_test(part, scores, seed=1, permutations=20, within="regulator")
    two = statistics.permutation_test(
        *shuffled, seed=1, permutations=20, within="regulator", threads=2
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    _, other = statistics.bootstrap(part, scores, seed=2, samples=20)
    _, first = statistics.bootstrap(part, scores, seed=1, samples=20)
    assert (other["a", "AUROC"] != first["a", "AUROC"]).any()


def test_the_same_ranking_differs_by_exactly_zero():
    part = split_part()
    scores = {"a": noisy(part, 1), "same": np.exp(noisy(part, 1)), "worse": noisy(part, 0.1, 1)}
    _, resampled = statistics.bootstrap(part, scores, seed=0, samples=200)
    for metric in statistics.METRICS:
        same = resampled["same", metric] - resampled["a", metric]
        assert statistics.interval(same, 0.95) == (0, 0)
        assert statistics.two_sided(same) == 1
        worse = resampled["worse", metric] - resampled["a", metric]
        assert statistics.interval(worse, 0.95)[1] < 0
        assert statistics.two_sided(worse) == statistics.two_sided(-worse) == 2 / 201


def test_intervals_hold_the_value():
    part = split_part()
    scores = {"a": noisy(part, 1), "b": noisy(part, 0)}
    observed, resampled = statistics.bootstrap(part, scores, seed=0, samples=300, metrics=EVERY)
    assert len(observed) == 8
    for name, value in observed.items():
        low, high = statistics.interval(resampled[name], 0.95)
        assert low < value < high
        narrow = statistics.interval(resampled[name], 0.5)
        assert narrow[1] - narrow[0] < high - low


def test_bad_input_is_refused():
    part = split_part()
    scores = {"a": noisy(part, 1)}
    with pytest.raises(ValueError, match="unknown metrics"):
        statistics.bootstrap(part, scores, seed=0, metrics=["F1"])
    with pytest.raises(ValueError, match="entity"):
        statistics.bootstrap(part, scores, seed=0, entity="TF")
    with pytest.raises(ValueError, match="one class"):
        statistics.bootstrap(part.assign(label=0), scores, seed=0)
    with pytest.raises(ValueError, match="occurs twice"):
        statistics.bootstrap(part.assign(target="G"), scores, seed=0)
    with pytest.raises(ValueError, match="NaN or infinite"):
        statistics.bootstrap(part, {"a": np.full(len(part), np.nan)}, seed=0)
    with pytest.raises(ValueError, match="within"):
        statistics.permutation_test(part, scores, seed=0, within="TF")


def test_an_undefined_metric_has_no_interval():
    part = split_part().assign(target=lambda table: [f"G{i}" for i in range(len(table))])
    scores = {"a": noisy(part, 1), "b": noisy(part, 0)}
    observed, resampled = statistics.bootstrap(
        part, scores, seed=0, samples=10, metrics=["within_gene_AUROC"]
    )
    assert np.isnan(observed["a", "within_gene_AUROC"])
    assert np.isnan(statistics.interval(resampled["a", "within_gene_AUROC"], 0.95)).all()
    tested = statistics.permutation_test(
        part, scores, seed=0, permutations=5, metrics=["within_gene_AUROC"]
    )
    assert tested["p"].isna().all()


def test_the_best_null_is_the_highest_and_the_first_of_equals():
    part = split_part()
    scores = {
        "low": noisy(part, 0),
        "z": noisy(part, 1),
        "b": noisy(part, 1),
        "model": noisy(part, 5),
    }
    for metric in EVERY:
        assert statistics.best_null(part, scores, ["low", "z", "b"], metric) == "b"


def test_permutation_p_matches_the_enumeration():
    label = np.array([1, 0, 1, 0, 1, 0])
    part = pd.DataFrame({"regulator": "T", "target": list("ABCDEF"), "label": label})
    values = np.array([6.0, 5, 4, 3, 3, 1])
    table = statistics.permutation_test(part, {"a": values}, seed=0, permutations=5000)
    table = table.set_index("metric")
    for name, metric in (("AUROC", metrics.auroc), ("AUPRC", metrics.auprc)):
        every = []
        for chosen in combinations(range(6), 3):
            other = np.zeros(6)
            other[list(chosen)] = 1
            every.append(metric(other, values))
        expected = np.mean(np.array(every) >= metric(label, values) - 1e-12)
        error = (expected * (1 - expected) / 5000) ** 0.5
        assert table.loc[name, "p"] == pytest.approx(expected, abs=ERRORS * error)
        error = np.std(every) / 5000**0.5
        assert table.loc[name, "permuted"] == pytest.approx(np.mean(every), abs=ERRORS * error)
    assert table.loc["within_TF_AUROC", "p"] == table.loc["AUROC", "p"]


def test_permuting_within_regulators_discounts_their_degree():
    rng = np.random.default_rng(0)
    regulator = np.repeat(np.arange(10), 40)
    label = (rng.random(400) < regulator / 12).astype(int)
    part = pd.DataFrame(
        {"regulator": regulator, "target": np.tile(np.arange(40), 10), "label": label}
    )
    part = part.astype({"regulator": str, "target": str})
    scores = {"degree": regulator.astype(float), "truth": label + 0.0}
    over_all = statistics.permutation_test(part, scores, seed=0, permutations=99).set_index(
        "method"
    )
    assert (over_all.loc["degree"].query("metric != 'within_TF_AUROC'")["p"] == 0.01).all()
    inside = statistics.permutation_test(
        part, scores, seed=0, permutations=99, within="regulator"
    ).set_index("method")
    assert (inside.loc["degree", "p"] == 1).all()
    assert (inside.loc["truth", "p"] == 0.01).all()
    assert inside.loc["degree", "permuted"].to_numpy() == pytest.approx(
        inside.loc["degree", "value"]
    )


def test_permutation_p_is_uniform_under_the_null():
    values = []
    for seed in range(400):
        part = split_part(n=60, seed=seed)
        scores = {"a": np.random.default_rng(seed + 1000).normal(size=60)}
        table = statistics.permutation_test(
            part, scores, seed=seed, permutations=99, metrics=["AUROC"]
        )
        values.append(table["p"].iloc[0])
    # Uniform on .01, .02, ... 1, with a kurtosis of 1.8. p without the one added to both counts
    # would be .005 lower, which is not seen here; p halved, or of a score that knows, is.
    spread = 1 / 12**0.5
    assert np.mean(values) == pytest.approx(0.505, abs=ERRORS * spread / 400**0.5)
    assert np.std(values) == pytest.approx(spread, rel=ERRORS * spread_error(400, kurtosis=1.8))


def test_seed_interval_is_students():
    values = [0.9, 0.91, 0.88, 0.9, 0.93]
    mean, deviation, low, high = statistics.seed_interval(values)
    assert (mean, deviation) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    expected = student.interval(0.95, 4, np.mean(values), deviation / 5**0.5)
    assert (low, high) == pytest.approx(expected)
    assert statistics.seed_interval([0.5])[0] == 0.5
    assert np.isnan(statistics.seed_interval([0.5])[1:]).all()
    assert np.isnan(statistics.seed_interval([])).all()
    table = pd.DataFrame({"method": list("aabb"), "metric": "AUROC", "value": [1, 3, 5, 5]})
    found = statistics.over_seeds(table, ["method", "metric"]).set_index("method")
    assert found.loc["a", ["seeds", "mean"]].tolist() == [2, 2]
    assert found.loc["a", "high"] == pytest.approx(2 + student.ppf(0.975, 1) * 1)
    assert found.loc["b", ["sd", "low", "high"]].tolist() == [0, 5, 5]


@pytest.mark.parametrize("ties", [False, True])
def test_friedman_matches_scipy(ties):
    values = np.random.default_rng(0).normal(size=(8, 4)) + np.arange(4) * 0.4
    values = values.round(0) if ties else values
    table = pd.DataFrame(values, columns=list("abcd"))
    ranks = statistics.rank_methods(table)
    expected = friedmanchisquare(*values.T)
    assert ranks.statistic == pytest.approx(expected.statistic)
    assert ranks.p == pytest.approx(expected.pvalue)
    assert ranks.mean_ranks.sum() == pytest.approx(10)
    assert ranks.mean_ranks["d"] < ranks.mean_ranks["a"]


@pytest.mark.parametrize(("k", "quantile"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_has_the_published_quantiles(k, quantile):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(12, k)))
    expected = quantile * (k * (k + 1) / (6 * 12)) ** 0.5
    assert statistics.rank_methods(table).critical_difference == pytest.approx(expected, rel=5e-4)
    loose = statistics.rank_methods(table, level=0.9).critical_difference
    assert loose == pytest.approx(
        studentized_range.ppf(0.9, k, np.inf) / 2**0.5 * (k * (k + 1) / 72) ** 0.5
    )


def test_cliques_are_what_the_critical_difference_cannot_part():
    order = pd.DataFrame([[5, 4, 3, 2, 1]] * 20, columns=list("abcde"))
    ranks = statistics.rank_methods(order)
    assert ranks.mean_ranks.to_dict() == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
    # CD 1.36: neighbours belong together.
    assert ranks.cliques == [["a", "b"], ["b", "c"], ["c", "d"], ["d", "e"]]
    assert statistics.rank_methods(order.head(4)).cliques == [
        ["a", "b", "c", "d"],
        ["b", "c", "d", "e"],
    ]
    assert statistics.rank_methods(pd.DataFrame([[5, 4]] * 50)).cliques == []
    flat = statistics.rank_methods(pd.DataFrame([[1, 1, 1]] * 4, columns=list("cab")))
    assert (flat.statistic, flat.p) == (0, 1)
    assert flat.cliques == [["a", "b", "c"]]
    for bad in (order.head(1), order[["a"]], order.where(order > 1)):
        with pytest.raises(ValueError, match="ranks need"):
            statistics.rank_methods(bad)


def binormal_auprc(shift, density):
    """Return the area under the precision-recall curve of the population."""

    def precision(recall):
        false_positive_rate = norm.sf(norm.isf(recall) + shift)
        return density * recall / (density * recall + (1 - density) * false_positive_rate)

    return quad(precision, 0, 1)[0]


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """1000 simulated data sets of 200 pairs, 500 resamples each; 95 % within two points."""
    n, positives, sets, batch = 200, 60, 1000, 10
    rng = np.random.default_rng(1)
    label = (np.arange(n) < positives).astype(int)
    part = pd.DataFrame({"regulator": "T", "target": np.arange(n).astype(str), "label": label})
    shifts = {"a": 1.2, "b": 0.8}
    auroc = {name: norm.cdf(shift / 2**0.5) for name, shift in shifts.items()}
    auprc = {name: binormal_auprc(shift, positives / n) for name, shift in shifts.items()}
    hits = {"AUROC": 0, "AUROC difference": 0, "AUPRC difference": 0}
    for seed in range(sets // batch):
        scores = {}
        for i in range(batch):
            shared = rng.normal(size=n)
            for name, shift in shifts.items():
                own = rng.normal(size=n)
                scores[name, i] = (shared + own) / 2**0.5 + shift * label
        _, resampled = statistics.bootstrap(
            part, scores, seed=seed, samples=500, metrics=["AUROC", "AUPRC"]
        )
        for i in range(batch):
            a, b = ("a", i), ("b", i)
            cases = {
                "AUROC": (resampled[a, "AUROC"], auroc["a"]),
                "AUROC difference": (
                    resampled[a, "AUROC"] - resampled[b, "AUROC"],
                    auroc["a"] - auroc["b"],
                ),
                "AUPRC difference": (
                    resampled[a, "AUPRC"] - resampled[b, "AUPRC"],
                    auprc["a"] - auprc["b"],
                ),
            }
            for name, (values, truth) in cases.items():
                low, high = np.quantile(values, [0.025, 0.975])
                hits[name] += int(low <= truth <= high)
    print({name: count / sets for name, count in hits.items()})
    for name, count in hits.items():
        assert abs(count / sets - 0.95) <= 0.02, (name, count / sets)


@pytest.mark.slow
def test_a_claim_about_other_regulators_needs_regulators_as_the_unit():
    regulators, size, sets, spread = 30, 40, 200, 0.6
    regulator, target = np.divmod(np.arange(regulators * size), size)
    label = (target < 8).astype(int)
    part = pd.DataFrame({"regulator": regulator, "target": target, "label": label})
    # The shift of a regulator is normal around 1, so the mean AUROC has a closed form.
    truth = norm.cdf(1 / (2 + spread**2) ** 0.5)
    rng, covered = np.random.default_rng(3), {None: 0, "regulator": 0}
    for seed in range(sets):
        shift = rng.normal(1, spread, regulators)
        scores = {"a": rng.normal(size=len(part)) + shift[regulator] * label}
        for entity in covered:
            _, resampled = statistics.bootstrap(
                part, scores, seed=seed, samples=300, metrics=["within_TF_AUROC"], entity=entity
            )
            low, high = statistics.interval(resampled["a", "within_TF_AUROC"], 0.95)
            covered[entity] += int(low <= truth <= high)
    assert covered[None] / sets < 0.85
    assert covered["regulator"] / sets == pytest.approx(0.95, abs=0.05)
