"""What the expression matrix alone says about each gene, as features of the model.

Level, spread and shape of a gene's distribution over cells, and its place among the main
directions of co-expression. No label enters, so one table serves every split.
"""

from __future__ import annotations

import numpy as np

from gtgrn.data.scaling import standardise
from gtgrn.errors import InputError

SCALED_COMPONENTS = 32
PLAIN_COMPONENTS = 10
DENSE_LIMIT = 1 << 26
"""Most entries of a Gram matrix that is decomposed as a whole."""


def profile_moments(expression: np.ndarray) -> np.ndarray:
    """Return mean, standard deviation, detection, CV, skewness and log mean of each gene.

    Parameters
    ----------
    expression
        (genes, cells), log-normalised, not negative.

    Returns
    -------
    numpy.ndarray
        (genes, 6). A constant gene has skewness 0, a gene without a count CV 0.
    """
    mean, spread = expression.mean(axis=1), expression.std(axis=1)
    centred = expression - mean[:, None]
    cubed = np.divide(
        (centred**3).mean(axis=1), spread**3, out=np.zeros_like(mean), where=spread > 1e-9
    )
    variation = np.divide(spread, mean, out=np.zeros_like(mean), where=np.abs(mean) > 1e-9)
    detection = (expression > 0).mean(axis=1)
    return np.column_stack([mean, spread, detection, variation, cubed, np.log1p(np.abs(mean))])


def principal_components(values: np.ndarray, count: int, *, whiten: float) -> np.ndarray:
    """Return the leading principal components of rows, each with a sign of its own choosing.

    Parameters
    ----------
    values
        (rows, columns); columns are centred here.
    count
        Most components; there are no more than rows or columns.
    whiten
        0 leaves the singular values on the components, 1 takes them off, one half takes
        their square root.

    Returns
    -------
    numpy.ndarray
        (rows, components), scaled as a whole to unit mean square. The sign makes the largest
        entry of a component positive, whatever the order of the rows.
    """
    centred = values - values.mean(axis=0)
    # Of the two Gram matrices the smaller one is decomposed: cells or genes may be many.
    if min(values.shape) ** 2 > DENSE_LIMIT:
        from scipy.sparse.linalg import svds

        # Lanczos needs products with the table alone; its start is drawn with a fixed seed.
        left, singular, _ = svds(centred, k=min(count, min(values.shape) - 1), rng=0)
        power = singular**2
    elif values.shape[0] <= values.shape[1]:
        power, left = np.linalg.eigh(centred @ centred.T)
    else:
        power, right = np.linalg.eigh(centred.T @ centred)
        left = centred @ right
        left /= np.maximum(np.linalg.norm(left, axis=0), 1e-12)
    order = np.argsort(power)[::-1][:count]
    kept = order[power[order] > 1e-10 * max(power.max(), 1e-300)]
    components = left[:, kept] * np.sqrt(power[kept]) ** (1 - whiten)
    largest = np.abs(components).argmax(axis=0)
    components = components * np.sign(components[largest, np.arange(len(kept))])
    size = np.sqrt((components**2).mean()) if components.size else 1.0
    return components / max(size, 1e-12)


def gene_features(expression: np.ndarray, regulators: np.ndarray) -> np.ndarray:
    """Return the features of all genes: moments, two sets of components, is-regulator.

    Parameters
    ----------
    expression
        (genes, cells), log-normalised.
    regulators
        (genes,) bool: the gene is a regulator with pairs to score.

    Returns
    -------
    numpy.ndarray
        (genes, at most 49) float32, columns standardised, components scaled by the set.

    Raises
    ------
    InputError
        If the matrix holds a value that is not finite.
    """
    expression = np.asarray(expression, dtype=np.float64)
    if expression.ndim != 2 or not np.isfinite(expression).all():
        raise InputError(
            "expression must be a genes x cells table of finite numbers",
            field="X",
            remedy="Preprocess the expression again",
        )
    scaled = row_profiles(expression)
    blocks = [
        standardise(profile_moments(expression)),
        principal_components(scaled, SCALED_COMPONENTS, whiten=0.5),
        principal_components(expression, PLAIN_COMPONENTS, whiten=0.5),
        regulators[:, None].astype(float),
    ]
    return np.column_stack(blocks).astype(np.float32)


def plain_features(expression: np.ndarray) -> np.ndarray:
    """Return what the null that reads expression sees of each gene.

    Parameters
    ----------
    expression
        (genes, cells), log-normalised.

    Returns
    -------
    numpy.ndarray
        (genes, at most 35) float32: 32 principal components of the profiles, mean, standard
        deviation and detection rate.
    """
    expression = np.asarray(expression, dtype=np.float64)
    parts = principal_components(row_profiles(expression), SCALED_COMPONENTS, whiten=0)
    return np.column_stack([parts, profile_moments(expression)[:, :3]]).astype(np.float32)


def row_profiles(expression: np.ndarray) -> np.ndarray:
    """Return each gene's profile with mean 0 and length 1; a constant gene becomes zeros.

    The inner product of two rows is their Pearson correlation.
    """
    centred = expression - expression.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-9)
