"""What similar regulators and similar targets say about a pair: collaborative filtering.

All from visible labels, less what the additive rates explain, so a pair that is hidden has no
part in its own features. Similarity is either learnt from those labels (cosine of residuals)
or given by expression (nearest neighbours, fixed once).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch

from gtgrn.data.scaling import standardise
from gtgrn.models.gtgrn.gene_features import profile_moments, row_profiles
from gtgrn.models.gtgrn.two_role import Visible, rates
from gtgrn.training.memory import in_blocks

logger = logging.getLogger(__name__)

CHANNELS = 9
SHRINKAGE = 1.0
"""Weight of the zero with which a neighbourhood's mean is shrunk."""
SCALE = 8.0
"""Brings mean residuals, a few hundredths, to the size of a unit."""
COLUMN_NEIGHBOURS = (10, 40)
ROW_NEIGHBOURS = 2
BLOCK = 2048
BLOCK_ENTRIES = 1 << 23
"""Columns, and at most so many entries, of a targets x targets similarity held at once."""
DENSE_LIMIT = 1 << 26
"""Entries of that similarity beyond which only some targets may be neighbours."""


def nearest(similarity: np.ndarray, neighbours: int) -> np.ndarray:
    """Keep each row's largest positive similarities, all of those tied at rank k.

    Parameters
    ----------
    similarity
        (rows, columns); the caller sets what must not count to -inf.
    neighbours
        k; with fewer columns all are kept.
    """
    n = similarity.shape[1]
    cut = np.partition(similarity, n - min(neighbours, n), axis=1)[:, [n - min(neighbours, n)]]
    return np.where((similarity >= cut) & (similarity > 0), similarity, 0.0)


def _block_size(n: int) -> int:
    return min(BLOCK, max(1, BLOCK_ENTRIES // max(n, 1)))


def _blocks(n: int) -> list[np.ndarray]:
    size = _block_size(n)
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


def _sparse_neighbours(
    similarity_of_rows: Callable[[np.ndarray], np.ndarray], n: int, counts: Sequence[int]
) -> list[torch.Tensor]:
    """Return a sparse (n, n) neighbour matrix for each count, from one pass over a similarity."""
    parts = [[] for _ in counts]
    for own in _blocks(n):
        block = similarity_of_rows(own)
        block[np.arange(len(own)), own] = -np.inf
        for part, neighbours in zip(parts, counts, strict=True):
            kept = nearest(block, min(neighbours, n - 1)) if n > 1 else np.zeros_like(block)
            i, j = np.nonzero(kept)
            part.append((own[i], j, kept[i, j]))
    return [_sparse(*(np.concatenate(x) for x in zip(*part, strict=True)), n) for part in parts]


def _sparse(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, n: int) -> torch.Tensor:
    index = torch.as_tensor(np.stack([rows, columns]))
    weight = torch.as_tensor(values, dtype=torch.float32)
    sparse = torch.sparse_coo_tensor(index, weight, (n, n), check_invariants=False)
    with warnings.catch_warnings():
        # That compressed rows are in beta is of no interest to the reader of a log.
        warnings.filterwarnings("ignore", message="Sparse CSR")
        return sparse.coalesce().to_sparse_csr()


class ExpressionNeighbours:
    """Nearest genes by correlation and by moments, and nearest regulators; no label.

    Parameters
    ----------
    expression
        (genes, cells), log-normalised.
    regulators
        (T,) rows of the regulators.
    device
        Where the matrices live.
    """

    def __init__(
        self, expression: np.ndarray, regulators: np.ndarray, device: torch.device
    ) -> None:
        n = len(expression)
        profiles = row_profiles(np.asarray(expression, dtype=np.float64))
        moments = standardise(profile_moments(np.asarray(expression, dtype=np.float64))[:, :3])
        power = (moments**2).sum(axis=1)

        def correlation(rows):
            return profiles[rows] @ profiles.T

        def likeness(rows):
            return np.exp(power[rows, None] * -1 - power + 2 * moments[rows] @ moments.T)

        by_correlation = _sparse_neighbours(correlation, n, COLUMN_NEIGHBOURS)
        self.columns = [matrix.to(device) for matrix in by_correlation]
        (by_moments,) = _sparse_neighbours(likeness, n, COLUMN_NEIGHBOURS[-1:])
        self.moments = by_moments.to(device)
        of_rows = profiles[regulators] @ profiles[regulators].T
        np.fill_diagonal(of_rows, -np.inf)
        kept = nearest(of_rows, ROW_NEIGHBOURS)
        self.rows = torch.as_tensor(kept, dtype=torch.float32, device=device)


def _means(weights: torch.Tensor, values: tuple[torch.Tensor, ...], mask: torch.Tensor):
    """Return shrunk weighted means over the rows of each of `values`, in one product.

    Parameters
    ----------
    weights
        (n, n), dense or sparse, not negative where sparse.
    values, mask
        (n, m) each; `values` is zero where the mask is.
    """
    if weights.layout == torch.strided and bool((weights < 0).any()):
        size, sums = weights.abs() @ mask, weights @ torch.cat(values, dim=1)
    else:
        size, sums = (weights @ torch.cat([mask, *values], dim=1)).tensor_split(
            [mask.shape[1]], dim=1
        )
    return [total / (size + SHRINKAGE) for total in sums.split(mask.shape[1], dim=1)]


def _cosine(residual: torch.Tensor) -> torch.Tensor:
    unit = residual / residual.norm(dim=1, keepdim=True).clamp_min(1e-6)
    cosine = unit @ unit.T
    return cosine - torch.diag(torch.diagonal(cosine))


def _similar_columns(residual: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return shrunk means over columns of positive cosine, in blocks: never all G x G at once.

    Where G x G exceeds `DENSE_LIMIT`, the neighbours are columns evenly spaced by name, as
    many as keep within it.
    """
    n = residual.shape[1]
    unit = residual / residual.norm(dim=0, keepdim=True).clamp_min(1e-6)
    both = torch.cat([residual, mask])
    chosen = torch.arange(n, device=mask.device)
    if n**2 > DENSE_LIMIT:
        logger.info("%d of %d targets stand for all as neighbours", DENSE_LIMIT // n, n)
        chosen = torch.linspace(0, n - 1, DENSE_LIMIT // n, device=mask.device).long()
    neighbours, both = unit[:, chosen], both[:, chosen]
    place = torch.full((n,), -1, device=mask.device)
    place[chosen] = torch.arange(len(chosen), device=mask.device)

    def means_of(own: torch.Tensor) -> torch.Tensor:
        cosine = (neighbours.T @ unit[:, own]).clamp_min_(0)
        itself = torch.nonzero(place[own] >= 0).squeeze(1)
        cosine[place[own[itself]], itself] = 0
        sums, size = (both @ cosine).chunk(2)
        return sums / (size + SHRINKAGE)

    everyone = torch.arange(n, device=mask.device)
    return torch.cat(in_blocks(means_of, _block_size(n), everyone), dim=1)


@torch.no_grad()
def pair_features(visible: Visible, neighbours: ExpressionNeighbours) -> torch.Tensor:
    """Return the pair channel from the visible labels, (T, G, CHANNELS).

    Parameters
    ----------
    visible
        The labels that may be used; `messages` is the mask that counts.
    neighbours
        Expression neighbours of the same genes and regulators.

    Returns
    -------
    torch.Tensor
        Shrunk mean residuals: of similar regulators (signed cosine; positive cosine), of
        similar targets (cosine; correlation k = 10 and 40; moments k = 40), the mean label
        above the mean rate of correlated targets, of correlated regulators, and of
        correlated targets at correlated regulators.
    """
    mask = visible.messages
    overall, of_rows, of_columns = rates(visible)
    additive = overall + of_rows[:, None] + of_columns[None, :]
    residual = mask * (visible.labels - torch.sigmoid(additive))
    cosine = _cosine(residual)
    centred = mask * (visible.labels - torch.sigmoid(overall))
    (few,) = _means(neighbours.columns[0], (residual.T,), mask.T)
    many, labels = _means(neighbours.columns[1], (residual.T, centred.T), mask.T)
    (alike,) = _means(neighbours.moments, (residual.T,), mask.T)
    (signed,) = _means(cosine, (residual,), mask)
    (positive,) = _means(cosine.clamp_min(0), (residual,), mask)
    (of_rows,) = _means(neighbours.rows, (residual,), mask)
    (of_both,) = _means(neighbours.rows, (many.T,), torch.ones_like(mask))
    channels = [
        signed,
        positive,
        _similar_columns(residual, mask),
        few.T,
        many.T,
        alike.T,
        labels.T,
        of_rows,
        of_both,
    ]
    return SCALE * torch.stack(channels, dim=-1)
