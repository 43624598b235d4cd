"""Cell types from gene representations (Fig. 8), judged without a leak between folds.

A cell is the mean of its genes' vectors, weighted by expression: log-normalised expression,
each cell's values divided by their sum, times the gene vectors, of which each dimension is
standardised over the genes. A perceptron of three layers (two hidden ones and the output) learns
the types in stratified folds. What is fitted -- the scale of features, principal components, the
choice of variable genes, the perceptron -- is fitted to the training cells of a fold: a function
that fits gets no others. The number of epochs is fixed beforehand, so nothing is chosen on test
cells.

One thing cannot be kept apart here: VAE, walks and models saw the expression of all cells, though
no type, when they were trained. The floors (variable genes, principal components) did not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gtgrn.errors import InputError
from gtgrn.evaluation.ranking import auprc, auroc
from gtgrn.names import AREAS, CELL, CELL_TYPE, REPRESENTATION, VARIANT
from gtgrn.seeds import derive_seed
from gtgrn.studies.gene_maps import gene_profiles, standardise_dimensions

PCA, VARIABLE = "pca", "variable_genes"
BATCH = 128
LEVEL = 0.95

Transform = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[np.ndarray], Transform]
"""What makes features: from training cells x genes a function of any cells x genes."""


@dataclass(frozen=True)
class Cells:
    """Cells of known types, in the order of their names.

    Parameters
    ----------
    names
        (cells,) sorted.
    types
        (cells,) texts.
    expression
        (cells, genes), not negative.
    left_out
        Types that were left out, with their numbers of cells.
    """

    names: np.ndarray
    types: np.ndarray
    expression: np.ndarray
    left_out: dict[str, int]


def choose_cells(
    expression: np.ndarray,
    names: Sequence[str],
    types: Sequence[object],
    *,
    folds: int = 5,
    largest: int | None = None,
) -> Cells:
    """Take the cells of types that can be learnt.

    Parameters
    ----------
    expression
        (cells, genes), log-normalised.
    names, types
        Name and type of each cell; a missing or empty type leaves the cell out.
    folds
        Cells that a type needs: one in every fold.
    largest
        Keep so many of the most frequent types, ties by name; None keeps all.

    Raises
    ------
    InputError
        If a value is negative or not finite, or fewer than two types are left.
    """
    if not (np.isfinite(expression).all() and np.min(expression, initial=0) >= 0):
        raise InputError(
            "negative values weigh no mean", field="expression.values",
            remedy="Give counts or log-normalised values, or leave the data set out of fig8",
        )  # fmt: skip
    table = pd.DataFrame({CELL: np.asarray(names, dtype=str), "row": np.arange(len(names))})
    kinds = np.asarray(types, dtype=object)
    table[CELL_TYPE] = np.where(pd.notna(kinds), kinds, "").astype(str)
    table = table[table[CELL_TYPE] != ""].sort_values(CELL)
    counts = table[CELL_TYPE].value_counts()
    ranked = sorted(counts.index, key=lambda name: (-counts[name], name))
    kept = [name for name in ranked if counts[name] >= folds][:largest]
    if len(kept) < 2:
        raise InputError(
            f"{len(kept)} types have {folds} cells, two are needed", field="expression.cell_type",
            remedy="Name a column with at least two types, or leave the data set out of fig8",
        )  # fmt: skip
    rows = table[table[CELL_TYPE].isin(kept)]
    return Cells(
        names=rows[CELL].to_numpy(str),
        types=rows[CELL_TYPE].to_numpy(str),
        expression=np.asarray(expression, dtype=float)[rows["row"]],
        left_out={name: int(counts[name]) for name in ranked if name not in kept},
    )


# Features


def weights(expression: np.ndarray) -> np.ndarray:
    """Divide each cell's expression by its sum; a cell without any stays zero."""
    total = expression.sum(axis=1, keepdims=True)
    return np.divide(expression, total, out=np.zeros_like(expression), where=total > 0)


def from_genes(vectors: np.ndarray) -> Fit:
    """Make a cell the weighted mean of gene vectors, (genes, dimensions); nothing is fitted."""
    standard = standardise_dimensions(vectors)
    return lambda train: lambda cells: weights(cells) @ standard


def from_profiles(train: np.ndarray) -> Transform:
    """Take for gene vectors the genes' profiles over the training cells, raw expression."""
    standard = standardise_dimensions(gene_profiles(train.T))
    return lambda cells: weights(cells) @ standard


def from_components(width: int) -> Fit:
    """Make a cell its main components of expression, which the training cells define."""

    def fit(train: np.ndarray) -> Transform:
        mean = train.mean(axis=0)
        axes = np.linalg.svd(train - mean, full_matrices=False)[2][:width]
        return lambda cells: (cells - mean) @ axes.T

    return fit


def from_variable_genes(count: int) -> Fit:
    """Make a cell its expression of the genes that vary most over the training cells."""

    def fit(train: np.ndarray) -> Transform:
        # Columns are in the order of names, so that a stable sort breaks ties by name.
        chosen = np.sort(np.argsort(-train.var(axis=0), kind="stable")[:count])
        return lambda cells: cells[:, chosen]

    return fit


# Folds


def draw_folds(types: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return each cell a fold; those of a type differ by one cell at most.

    Parameters
    ----------
    types
        (cells,) in the order of the cells' names, so that a file's order has no part in it.
    """
    from sklearn.model_selection import StratifiedKFold

    fold = np.empty(len(types), dtype=int)
    cutter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(cutter.split(types, types)):
        fold[test] = number
    return fold


def predict_types(
    expression: np.ndarray,
    types: np.ndarray,
    fold: np.ndarray,
    fit: Fit,
    *,
    hidden: Sequence[int] = (64, 32),
    epochs: int = 40,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> np.ndarray:
    """Predict each cell's type by a perceptron that was trained on the other folds.

    Parameters
    ----------
    expression
        (cells, genes).
    types, fold
        (cells,) each.
    fit
        What makes features of cells; it gets the training cells alone.
    hidden
        Widths of the hidden layers; two by default, the output being the third.
    epochs, learning_rate
        Of Adam, fixed beforehand; mini-batches of 128 cells.
    seed
        Seed of weights and batches.

    Returns
    -------
    numpy.ndarray
        (cells, types) probabilities, types sorted by name.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    known = np.unique(types)
    probabilities = np.zeros((len(types), len(known)))
    for number in np.unique(fold):
        test = fold == number
        train = expression[~test]
        transform = fit(train)
        features = transform(train)
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread[spread <= 1e-12] = 1.0
        network = MLPClassifier(
            tuple(hidden), batch_size=min(BATCH, len(train)), learning_rate_init=learning_rate,
            max_iter=epochs, n_iter_no_change=epochs, random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():
            # The epochs are what was asked for: to have used them all is no failure.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit((features - mean) / spread, types[~test])
        columns = np.searchsorted(known, network.classes_)
        tested = network.predict_proba((transform(expression[test]) - mean) / spread)
        probabilities[np.ix_(test, columns)] = tested
    return probabilities


# Scores


def fold_scores(probabilities: np.ndarray, types: np.ndarray, fold: np.ndarray) -> pd.DataFrame:
    """Score each type against the rest in each fold: columns type, metric, fold, value."""
    rows = [
        [kind, metric, number, function(types[fold == number] == kind, column[fold == number])]
        for kind, column in zip(np.unique(types), probabilities.T, strict=True)
        for number in np.unique(fold)
        for metric, function in zip(AREAS, (auroc, auprc), strict=True)
    ]
    return pd.DataFrame(rows, columns=["type", "metric", "fold", "value"])


def interval_over_folds(values: np.ndarray) -> tuple[float, float]:
    """Return Student's 95 % interval of a mean over folds, inside [0, 1].

    Folds share training cells, so that it is somewhat too narrow.
    """
    from scipy.stats import t

    if len(values) < 2:
        return float("nan"), float("nan")
    half = t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(max(0.0, values.mean() - half)), float(min(1.0, values.mean() + half))


def draw_counts(types: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Draw how often each cell is in each resample, (samples, cells); types keep their sizes."""
    counts = np.zeros((samples, len(types)), dtype=np.int32)
    for kind in np.unique(types):
        rows = np.flatnonzero(types == kind)
        rng = np.random.default_rng(derive_seed(seed, "cells", kind))
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), samples)
    return counts


def resampled_areas(
    positive: np.ndarray, scores: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return AUROC and average precision of every resample at once, ties as in gtgrn.evaluation.ranking.

    Parameters
    ----------
    positive, scores
        (cells,) each.
    counts
        (samples, cells) from :func:`draw_counts`.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf) != 0)
    drawn = counts[:, order].astype(float)
    hits = np.add.reduceat(drawn * positive[order], starts, axis=1)
    others = np.add.reduceat(drawn * ~positive[order], starts, axis=1)
    below = others.sum(axis=1, keepdims=True) - others.cumsum(axis=1)
    total, rest = hits.sum(axis=1), others.sum(axis=1)
    first = (hits * (below + others / 2)).sum(axis=1) / (total * rest)
    found = hits.cumsum(axis=1)
    seen = found + others.cumsum(axis=1)
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return first, (precision * hits).sum(axis=1) / total


def bootstrap_areas(
    probabilities: np.ndarray, types: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return (types, samples) of each metric, from the predictions of all folds together."""
    kinds = np.unique(types)
    drawn = [
        resampled_areas(types == kind, column, counts)
        for kind, column in zip(kinds, probabilities.T, strict=True)
    ]
    return {metric: np.array([areas[i] for areas in drawn]) for i, metric in enumerate(AREAS)}


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _score_rows(scores: pd.DataFrame, drawn: dict[str, np.ndarray]) -> tuple[list, list]:
    """Return the macro rows and the rows by type; the first sample is the cells themselves."""
    macro, by_type = [], []
    for metric in AREAS:
        rows = scores[scores["metric"] == metric]
        over_types = rows.groupby("fold")["value"].mean().to_numpy()
        whole, *samples = drawn[metric].mean(axis=0)
        intervals = *interval_over_folds(over_types), whole, *_percentiles(samples)
        macro.append([metric, over_types.mean(), *intervals])
        for i, (kind, of_type) in enumerate(rows.groupby("type")):
            values = of_type["value"].to_numpy()
            whole, *samples = drawn[metric][i]
            intervals = *interval_over_folds(values), whole, *_percentiles(samples)
            by_type.append([metric, kind, values.mean(), *intervals])
    return macro, by_type


INTERVALS = ["value", "fold_low", "fold_high", "pooled", "cells_low", "cells_high"]


def annotate(
    cells: Cells,
    representations: Sequence[tuple[str, str, int, Fit]],
    *,
    folds: int = 5,
    hidden: Sequence[int] = (64, 32),
    epochs: int = 40,
    bootstrap: int = 500,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Predict the cells' types from each representation and score the predictions.

    All representations see the same folds and are scored on the same resamples of cells.

    Parameters
    ----------
    cells
        From :func:`choose_cells`.
    representations
        Name, variant, seed, and what makes features; ``pca`` must be among the names.
    folds, hidden, epochs
        As in :func:`predict_types`.
    bootstrap
        Resamples of the cells, within their types, behind an interval; the perceptrons are
        not trained again.
    seed
        Seed of folds, perceptrons and resamples.

    Returns
    -------
    tuple
        Scores: representation, variant, seed, metric, value (mean over types, then folds) with
        its interval over folds, pooled (of the predictions of all folds together) with its
        interval over cells, and the difference of pooled from that of pca, with its interval
        over cells. The same by type, with the type's number of cells.
        Predictions: representation, variant, seed, cell, fold, cell_type, predicted, and the
        probability of each type.
    """
    fold = draw_folds(cells.types, folds, derive_seed(seed, "folds"))
    counts = draw_counts(cells.types, bootstrap, seed)
    # Without a resample: every cell once.
    once = np.ones((1, len(cells.types)), dtype=np.int32)
    macro, by_type, predictions, areas = [], [], [], {}
    for *names, fit in representations:
        found = predict_types(
            cells.expression, cells.types, fold, fit, hidden=hidden, epochs=epochs, seed=seed
        )
        drawn = bootstrap_areas(found, cells.types, np.vstack([once, counts]))
        areas[tuple(names)] = {metric: drawn[metric].mean(axis=0) for metric in AREAS}
        rows = _score_rows(fold_scores(found, cells.types, fold), drawn)
        macro += [[*names, *row] for row in rows[0]]
        by_type += [[*names, *row] for row in rows[1]]
        predictions.append(_prediction_table(cells, names, fold, found))
    keys = [REPRESENTATION, VARIANT, "seed", "metric"]
    scores = pd.DataFrame(macro, columns=[*keys, *INTERVALS])
    types = pd.DataFrame(by_type, columns=[*keys, CELL_TYPE, *INTERVALS])
    types.insert(5, "cells", types[CELL_TYPE].map(pd.Series(cells.types).value_counts()))
    return _beside_pca(scores, areas), types, pd.concat(predictions, ignore_index=True)


def _beside_pca(scores: pd.DataFrame, areas: dict) -> pd.DataFrame:
    """Add the difference from the floor, on the same resamples."""
    floor = next(values for names, values in areas.items() if names[0] == PCA)
    rows = []
    for *names, metric in scores.iloc[:, :4].itertuples(index=False):
        difference = areas[tuple(names)][metric] - floor[metric]
        rows.append([difference[0], *_percentiles(difference[1:])])
    columns = ["minus_pca", "minus_pca_low", "minus_pca_high"]
    return scores.join(pd.DataFrame(rows, columns=columns))


def _prediction_table(
    cells: Cells, names: Sequence, fold: np.ndarray, found: np.ndarray
) -> pd.DataFrame:
    kinds = np.unique(cells.types)
    table = pd.DataFrame(dict(zip([REPRESENTATION, VARIANT, "seed"], names, strict=True)),
                         index=range(len(fold)))  # fmt: skip
    table[CELL], table["fold"], table[CELL_TYPE] = cells.names, fold, cells.types
    table["predicted"] = kinds[found.argmax(axis=1)]
    columns = [f"probability: {kind}" for kind in kinds]
    return table.join(pd.DataFrame(found, columns=columns))
