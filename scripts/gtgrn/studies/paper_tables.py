"""The tables of the GT-GRN paper (arXiv 2504.16961) with the paper's number beside ours.

A number says little without what a predictor reaches that never sees expression, so the best
null stands beside both. All readings are rules over the numbers; nobody words them by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtgrn.config.settings import FEATURE_SETS, FULL_SET
from gtgrn.errors import InputError
from gtgrn.evaluation.ranking import auprc, auroc
from gtgrn.evaluation.reconstruction import reconstruct, training_pairs
from gtgrn.evaluation.summaries import summarise_seeds
from gtgrn.evaluation.uncertainty import bootstrap, interval, over_seeds, seed_interval, two_sided
from gtgrn.names import AREAS, AUPRC, AUROC, LABEL, PAIR, PART, SCORE, TEST
from gtgrn.seeds import derive_seed
from gtgrn.splits.negatives import N0
from gtgrn.tables import as_numbers, read_table

PAPER_SETS = {
    "hesc_500": "hESC-500",
    "hesc_1000": "hESC-1000",
    "mesc_500": "mESC-500",
    "mesc_1000": "mESC-1000",
    "pbmc8k": "PBMC",
}
"""Card, without the prefix of those from BEELINE's archives -> name of the set in the paper."""
PREFIX = "beeline_"
GTGRN, PBMC, GOLD = "gtgrn", "PBMC", "reference"
NUMBERS = ["table", "dataset", "model", "metric", "value"]
NETWORK, NULL_MODEL = "network", "null_model"
TESTED = TEST

TABLE3 = [
    *["dataset", "paper_dataset", "method", "variant", "metric", "seeds", "mean", "sd", "paper"],
    *["difference", "best_null", "null", "null_minus_paper", "density", "reading"],
]
TABLE6 = [
    *["dataset", "kind", "row", "variant", "metric", "seeds", "mean", "sd", "against"],
    *["difference", "low", "high", "p", "paper", "best_null", "null", "note"],
]

NOTES = {
    "P": "positional encodings alone: nothing of expression",
    "PE": "no walks, so no inferred network",
    FULL_SET: "all features",
    "random": "random vectors instead of G and E",
    "permuted": "another gene's G and E",
}
MAGIC = "magic_"
IMPUTED = {"on": "expression imputed with MAGIC", "off": "expression not imputed"}


def read_paper_numbers(path: str | Path) -> pd.DataFrame:
    """Read the paper's numbers: table, dataset, model, metric, value.

    Raises
    ------
    InputError
        If a column is missing, a value is no number or a key occurs twice.
    """
    table = read_table(path, NUMBERS)[NUMBERS]
    values = as_numbers(table["value"])
    if values.isna().any() or table.duplicated(NUMBERS[:-1]).any():
        raise InputError(
            "a value is no number, or a number stands there twice",
            file=path,
            remedy="Correct the row",
        )
    return table.assign(value=values.astype(float))


def paper_dataset(card: str) -> str:
    """Return the paper's name of a card's data set, or nothing where the paper lacks it."""
    return PAPER_SETS.get(card.removeprefix(PREFIX), "")


def paper_value(numbers: pd.DataFrame, table: str, dataset: str, model: str, metric: str) -> float:
    """Return a number of the paper, NaN where it prints none."""
    key = dict(zip(NUMBERS[:-1], (table, dataset, model, metric), strict=True))
    found = numbers.loc[(numbers[list(key)] == pd.Series(key)).all(axis=1), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def measure_nulls(
    nulls: Mapping[str, pd.DataFrame], pairs: pd.DataFrame, split: pd.DataFrame
) -> pd.DataFrame:
    """Measure nulls on the test part, and as reconstructions of the whole network.

    Parameters
    ----------
    nulls
        Name -> regulator, target, label, part, score.
    pairs
        The labelled universe over which networks are judged. A pair without a score has the
        least of them.
    split
        regulator, target, part: what was trained on.

    Returns
    -------
    pandas.DataFrame
        pairs (``test``, ``all``, ``untrained``), method, variant, metric (AUROC, AUPRC), value.
    """
    columns = ["pairs", "method", "variant", "metric", "value"]
    if not nulls:
        return pd.DataFrame(columns=columns)
    names = pd.MultiIndex.from_frame(pairs[PAIR])
    rows, weights = [], {}
    for null, table in nulls.items():
        test = table[table[PART] == TEST]
        labels, scores = test[LABEL].to_numpy(float), test[SCORE].to_numpy(float)
        for metric, area in ((AUROC, auroc), (AUPRC, auprc)):
            rows.append((TESTED, null, NULL_MODEL, metric, area(labels, scores)))
        values = table.set_index(PAIR)[SCORE].astype(float).reindex(names)
        weights[null, NULL_MODEL] = values.fillna(values.min()).to_numpy()
    whole = reconstruct(pairs, {}, weights, training_pairs(pairs, split))
    whole = whole.loc[whole["metric"].isin(AREAS), columns]
    return pd.concat([pd.DataFrame(rows, columns=columns), whole], ignore_index=True)


def join_reconstructions(
    tables: Mapping[str, Iterable[pd.DataFrame]],
    models: Mapping[str, Collection[tuple[str, str]]],
    own: Collection[tuple[str, str]],
) -> pd.DataFrame:
    """Join what Figure 4 shows of all data sets: AUROC over whole networks, nulls beside.

    Parameters
    ----------
    tables
        Data set -> its ``reconstruction.tsv`` and its table of :func:`measure_nulls`.
    models
        Data set -> (method, variant) of the supervised models to keep.
    own
        Those of them that the paper's GT-GRN stands for; the others are peers.

    Returns
    -------
    pandas.DataFrame
        dataset, pairs (``all``, ``untrained``), kind (network, null, model, peer), method,
        variant, seeds, mean, sd.
    """
    columns = ["pairs", "method", "variant", "metric", "seed", "value"]
    by = ["dataset", "pairs", "kind", "method", "variant"]
    joined = []
    for dataset, parts in tables.items():
        table = pd.concat([part[columns] for part in parts if len(part)])
        table = table[(table["metric"] == AUROC) & (table["pairs"] != TESTED)]
        kinds = {name: "model" if name in own else "peer" for name in models[dataset]}
        kind = [
            variant if variant in (NETWORK, NULL_MODEL) else kinds.get((method, variant))
            for method, variant in zip(table["method"], table["variant"], strict=True)
        ]
        joined.append(table.assign(dataset=dataset, kind=kind).dropna(subset=["kind"]))
    return over_seeds(pd.concat(joined), by)[[*by, "seeds", "mean", "sd"]]


def best_nulls(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the null of the highest mean over seeds; of equal ones the first by name.

    Parameters
    ----------
    values
        Columns method, variant, value and those of `by`, one row per seed.
    by
        Columns within which to choose, such as dataset and metric.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, best_null (``method`` or ``method/variant``), null (its mean).
    """
    means = values.groupby([*by, "method", "variant"], as_index=False)["value"].mean()
    means = means.sort_values(["value", "method", "variant"], ascending=[False, True, True])
    best = means.drop_duplicates(list(by)).sort_values(list(by))
    label = [
        method if variant == NULL_MODEL else f"{method}/{variant}"
        for method, variant in zip(best["method"], best["variant"], strict=True)
    ]
    best = best.assign(best_null=label, null=best["value"])
    return best[[*by, "best_null", "null"]].reset_index(drop=True)


def read_difference(mean: float, sd: float, paper: float, null: float) -> str:
    """Put into words how ours, the paper's number and the best null stand to each other.

    Parameters
    ----------
    mean, sd
        Ours over seeds; sd may be NaN.
    paper
        The paper's number, NaN where it has none.
    null
        Mean of the best null, NaN where there is none.
    """
    parts = []
    if np.isnan(paper):
        parts.append("not in the paper")
    else:
        gap = mean - paper
        side = "above" if gap > 0 else "below"
        within = ", within two standard deviations" if abs(gap) <= 2 * sd else ""
        parts.append(f"{abs(gap):.3f} {side} the paper{within}")
    if not np.isnan(null):
        beaten = [name for name, value in (("ours", mean), ("the paper's", paper)) if null > value]
        said = " and ".join(beaten)
        parts.append(f"the best null exceeds {said}" if beaten else "above the best null")
    return "; ".join(parts)


def compare_link_prediction(
    metrics: pd.DataFrame,
    models: Mapping[str, Sequence[tuple[str, str]]],
    own: Collection[tuple[str, str]],
    cards: Mapping[str, str],
    numbers: pd.DataFrame,
    controls: Collection[str] = (),
) -> pd.DataFrame:
    """Return Table 3: AUROC and AUPRC of supervised models, the paper's, and the best null's.

    Parameters
    ----------
    metrics
        Rows of `gtgrn.evaluation.summaries.COLUMNS` of one split.
    models
        Data set -> (method, variant) of the rows to show, in order.
    own
        Those among them that the paper's GT-GRN stands for.
    cards
        Data set -> card.
    numbers
        From :func:`read_paper_numbers`.
    controls
        Variants whose biology is destroyed: nulls too.

    Returns
    -------
    pandas.DataFrame
        Columns `TABLE3`; density is the share of positives, the AUPRC of chance.
    """
    rows = metrics[
        (metrics["negatives"] == N0) & (metrics[PART] == TEST) & metrics["metric"].isin(AREAS)
    ]
    is_null = (rows["variant"] == NULL_MODEL) | rows["variant"].isin(list(controls))
    keys = ["dataset", "metric"]
    nulls = best_nulls(rows[is_null], keys).set_index(keys)
    density = (rows["n_positive"] / rows["n"]).groupby(rows["dataset"]).mean()
    found = summarise_seeds(rows).set_index(["dataset", "method", "variant", "metric"])
    table = []
    for dataset, chosen in models.items():
        paper = paper_dataset(cards[dataset])
        for method, variant in chosen:
            model = GTGRN if (method, variant) in own else method
            for metric in AREAS:
                mine = found.loc[(dataset, method, variant, metric)]
                best, null = nulls.loc[(dataset, metric)] if len(nulls) else ("", float("nan"))
                value = paper_value(numbers, "table3", paper, model, metric)
                table.append(
                    (
                        *(dataset, paper, method, variant, metric, mine["seeds"], mine["mean"]),
                        *(mine["sd"], value, mine["mean"] - value, best, null, null - value),
                        density[dataset],
                        read_difference(mine["mean"], mine["sd"], value, null),
                    )
                )
    return pd.DataFrame(table, columns=TABLE3)


def compare_ablations(
    runs: Mapping[int, Mapping[str, pd.DataFrame]],
    nulls: pd.DataFrame,
    numbers: pd.DataFrame,
    *,
    samples: int,
    imputed: str | None = None,
) -> pd.DataFrame:
    """Return rows of Table 6 with the paired interval of each row's difference to all features.

    Seeds are averaged inside each resample, so that the interval is that of the mean difference
    over these seeds with other test pairs. Rows whose test pairs differ from those of all
    features have no interval.

    Parameters
    ----------
    runs
        Seed -> name of the row -> regulator, target, label, part, score.
    nulls
        From :func:`measure_nulls`, for all seeds.
    numbers
        From :func:`read_paper_numbers`.
    samples
        Number of resamples of the test pairs.
    imputed
        Feature set of the rows with imputation turned round, which they are compared with.

    Returns
    -------
    pandas.DataFrame
        row, metric, seeds, mean, sd, against (the row compared with), difference, low,
        high, p, paper, best_null, null.
    """
    values, draws = _resample(runs, samples)
    best = best_nulls(nulls[nulls["pairs"] == TESTED], ["metric"]).set_index("metric")
    rows = []
    for (row, metric), observed in values.items():
        mean, sd = seed_interval(observed)[:2]
        rival = imputed if imputed is not None and row.startswith(MAGIC) else FULL_SET
        difference, bounds = float("nan"), [float("nan")] * 3
        if row != rival:
            difference = mean - float(np.mean(values[rival, metric]))
            if (row, metric) in draws:
                change = draws[row, metric] - draws[rival, metric]
                bounds = [*interval(change, 0.95), two_sided(change)]
        paper = paper_value(numbers, "table6", PBMC, row, metric)
        null = best.loc[metric] if metric in best.index else ("", float("nan"))
        against = rival if row != rival else ""
        rows.append(
            (row, metric, len(observed), mean, sd, against, difference, *bounds, paper, *null)
        )
    columns = [c for c in TABLE6 if c not in ("dataset", "kind", "variant", "note")]
    return pd.DataFrame(rows, columns=columns)


def describe_rows(
    table: pd.DataFrame, variants: Mapping[str, str], imputed: str | None = None
) -> pd.DataFrame:
    """Say what each row of Table 6 is.

    Parameters
    ----------
    table
        From :func:`compare_ablations`.
    variants
        Row -> variant that was trained.
    imputed
        Feature set of the rows with imputation turned round.

    Returns
    -------
    pandas.DataFrame
        Columns `TABLE6` but the data set.
    """
    notes = {**NOTES}
    turned = [row.removeprefix(MAGIC) for row in table["row"].unique() if row.startswith(MAGIC)]
    if turned:
        notes[FULL_SET] += ", imputed with MAGIC" if turned == ["off"] else ", not imputed"
        notes |= {f"{MAGIC}{way}": f"as {imputed}, but {IMPUTED[way]}" for way in turned}
    else:
        notes[FULL_SET] += "; imputation was not turned round in this run"
    kinds = [
        "feature set" if row in FEATURE_SETS
        else "imputation" if row.startswith(MAGIC) else "control"
        for row in table["row"]
    ]  # fmt: skip
    table = table.assign(
        kind=kinds, variant=table["row"].map(variants), note=table["row"].map(notes).fillna("")
    )
    unpaired = (table["row"] != FULL_SET) & table["low"].isna()
    table.loc[unpaired, "note"] += "; other test pairs than all features, so no paired interval"
    return table[[column for column in TABLE6 if column != "dataset"]]


def _resample(
    runs: Mapping[int, Mapping[str, pd.DataFrame]], samples: int
) -> tuple[dict[tuple[str, str], list[float]], dict[tuple[str, str], np.ndarray]]:
    """Return values by seed, and their means over seeds on resamples of the test pairs."""
    values: dict[tuple[str, str], list[float]] = {}
    drawn: dict[tuple[str, str], list[np.ndarray]] = {}
    for seed, tables in runs.items():
        tests = {row: t[t[PART] == TEST].set_index(PAIR).sort_index() for row, t in tables.items()}
        pairs = tests[FULL_SET]
        same = {row: t for row, t in tests.items() if t.index.equals(pairs.index)}
        part = pairs[[LABEL]].astype(int).reset_index()
        resampled = bootstrap(
            part,
            {row: table[SCORE].to_numpy(float) for row, table in same.items()},
            seed=derive_seed(seed, "ablations"),
            samples=samples,
            metrics=AREAS,
        )[1]
        for row, table in tests.items():
            labels, scores = table[LABEL].to_numpy(float), table[SCORE].to_numpy(float)
            for metric, area in ((AUROC, auroc), (AUPRC, auprc)):
                values.setdefault((row, metric), []).append(area(labels, scores))
        for key, sampled in resampled.items():
            drawn.setdefault(key, []).append(sampled)
    paired = {key: rows for key, rows in drawn.items() if len(rows) == len(runs)}
    return values, {key: np.mean(rows, axis=0) for key, rows in paired.items()}
