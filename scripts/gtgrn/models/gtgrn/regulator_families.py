"""Score regulators without a single label from those with labels.

Nothing predicts how many targets such a regulator has; what can be said is which genes are
targets of regulators in general, and what regulators like it add to that. Like are those of
the same family (close paralogues bind the same motif) and those of similar expression.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gtgrn.models.gtgrn.gaussian_process import GeneKernel

SHORTEST_STEM = 3
"""Letters of a stem at least: a stem of one or two joins strangers (E2F1, EP300 share E)."""
FAMILY_WEIGHT = 0.5
EXPRESSION_WEIGHT = 0.15
AGREED_WEIGHT = 0.2
SMOOTH_WEIGHT = 0.3
"""Weights of the parts next to popularity; round numbers, not tuned to a data set."""
NEIGHBOURS = 3
SHRINKAGE = 0.3
PENALTY = 3.0
"""Ridge of the regression of popularity on gene features."""


def symbol_stem(name: str) -> str:
    """Return the family by the gene symbol: its leading letters, GATA for Gata2; '' if short."""
    stem = re.match(r"[A-Z]*", name.upper()).group()
    return stem if len(stem) >= SHORTEST_STEM else ""


def same_family(
    regulators: Sequence[str], families: Mapping[str, str] | None = None
) -> np.ndarray:
    """Tell which regulators are of one family, (T, T) bool with a False diagonal.

    Parameters
    ----------
    regulators
        Names.
    families
        Family by name, such as the DNA-binding domain families of JASPAR; regulators that
        are not in it have none. By default the stem of the gene symbol.
    """
    of = symbol_stem if families is None else lambda name: families.get(name, "")
    codes = np.array([of(name) for name in regulators], dtype=object)
    same = (codes[:, None] == codes[None, :]) & (codes != "")[:, None]
    np.fill_diagonal(same, False)
    return same


@dataclass(frozen=True)
class Likeness:
    """How like the regulators to score are to those with labels.

    Attributes
    ----------
    family
        (new, T) bool, never a regulator with itself.
    correlation
        (new, T) Pearson correlation of expression; 0 for a regulator with itself.
    """

    family: np.ndarray
    correlation: np.ndarray


def _scaled(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def _agreement(standardised: np.ndarray) -> np.ndarray:
    """Return each regulator's weight in the pattern that most of them share, (T,)."""
    if not standardised.any():
        return np.ones(len(standardised))
    return np.abs(np.linalg.eigh(standardised @ standardised.T)[1][:, -1])


def _own_part_and_votes(
    values: np.ndarray,
    mask: np.ndarray,
    messages: np.ndarray,
    family: np.ndarray,
    correlation: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what other regulators say of one regulator's targets, and the votes for genes.

    Parameters
    ----------
    values, mask, messages
        (T, G) labels or probabilities of other regulators, where they count in rates, and
        where they may be taken as a sign of another regulator's targets.
    family, correlation
        (T,) likeness of those regulators to the one to score.

    Returns
    -------
    tuple
        (G,) standardised popularity with the residuals of the family and of the regulators of
        nearest expression, plus the votes weighted by how far regulators agree; (G,) mean of
        labels less the regulators' rates.
    """
    known = mask.astype(float)
    labels = np.where(mask, values, 0.0)
    mean = (labels.sum() + 0.5) / (known.sum() + 1)
    popularity = (labels.sum(0) + mean) / (known.sum(0) + 1)
    rate = (labels.sum(1) + 2 * mean) / (known.sum(1) + 2)
    centred = known * (labels - rate[:, None])
    standardised = messages * centred / np.sqrt(rate * (1 - rate)).clip(1e-3)[:, None]
    residual = messages * (labels - popularity)
    # Of regulators tied at rank k all are kept: no order decides.
    near = np.maximum(correlation, 0)
    cut = np.sort(near)[::-1][:NEIGHBOURS][-1]
    near = np.where(near >= cut, near, 0)
    own = popularity + EXPRESSION_WEIGHT * (near @ residual) / (near.sum() + SHRINKAGE)
    if family.any():
        own = own + FAMILY_WEIGHT * residual[family].mean(axis=0)
    agreed = _agreement(standardised) @ standardised
    votes = centred.sum(0) / known.sum(0).clip(1)
    return _scaled(own) + AGREED_WEIGHT * _scaled(agreed), votes - votes.mean()


def score_new_regulators(
    values: np.ndarray,
    mask: np.ndarray,
    messages: np.ndarray,
    likeness: Likeness,
    kernel: GeneKernel,
    own_rows: np.ndarray,
) -> np.ndarray:
    """Score regulators, each without its own row if it has one, (new, G), in no unit.

    Popularity, the mean residual of the family, that of the regulators of nearest expression,
    the votes of regulators weighted by how far they agree, and what gene features predict of
    popularity.

    Parameters
    ----------
    values, mask, messages
        (T, G) labels or probabilities, where they count in rates, and where they may be
        taken as a sign of another regulator's targets.
    likeness
        Of the regulators to score to the T.
    kernel
        Of the genes.
    own_rows
        (new,) row of each regulator among the T, or -1.
    """
    scores = np.zeros((len(own_rows), values.shape[1]))
    votes = np.zeros_like(scores)
    for i, own in enumerate(own_rows):
        others = np.arange(len(values)) != own
        if others.any():
            scores[i], votes[i] = _own_part_and_votes(
                values[others],
                mask[others],
                messages[others],
                likeness.family[i, others],
                likeness.correlation[i, others],
            )
    smooth = kernel.smooth(torch.as_tensor(votes.T), PENALTY).cpu().numpy().T
    return scores + SMOOTH_WEIGHT * np.array([_scaled(row) for row in smooth]).reshape(
        scores.shape
    )
