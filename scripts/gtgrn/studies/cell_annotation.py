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
from gtgrn.names import AREAS, CELL, CELL_TYPE, REPRESENTATION, VARIANT
from gtgrn.seeds import derive_seed
from gtgrn.studies.cell_type_scores import (
    INTERVALS,
    bootstrap_areas,
    draw_counts,
    fold_scores,
    percentiles,
    score_rows,
)
from gtgrn.studies.gene_maps import gene_profiles, standardise_dimensions

PCA, VARIABLE = "pca", "variable_genes"
BATCH = 128

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
            remedy="Give counts or log-normalised values, or run fig8 without the "
            "data set (leave it out of the key datasets)",
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
            remedy="Name a column with at least two types, or run fig8 without the data set "
            "(leave it out of the key datasets)",
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
    """Return the fold of each cell; the folds of a type differ by one cell at most.

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
        rows = score_rows(fold_scores(found, cells.types, fold), drawn)
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
        rows.append([difference[0], *percentiles(difference[1:])])
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
