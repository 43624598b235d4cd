"""Complete the label matrix with a Gaussian process over regulators and genes.

Regulators are tasks that share what they learn (Bonilla et al. 2008, multi-task Gaussian
process prediction): the covariance of labels (t, g) and (u, h) is B[t, u] K[g, h]. B is read
off the visible labels, K is a kernel of the gene features plus a part of its own for every
gene, through which a gene's other labels speak; a gene without labels is reached through the
features alone, so that held-out pairs and held-out genes are one problem. The posterior mean
is one linear system, solved by conjugate gradients with two small products a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import torch

from gtgrn.models.gtgrn.two_role import PSEUDO_PAIRS, Visible

OWN = 3.0
"""Variance of a gene's own part, relative to that of the kernel."""
NOISE = 1.5
"""Variance of the noise, relative to the variance of a regulator's labels."""
SYMBOL_WEIGHT = 0.3
"""Variance of the kernel of gene symbols, relative to that of the features."""
SHORTEST_PREFIX = 2
COMMON = 0.2
"""Covariance that any two regulators share a priori: popular targets are popular with all."""
ITERATIONS = 60
TOLERANCE = 1e-6
BLOCK = 2048
LANDMARKS = 2000
"""Genes of which the kernel is exact; with more, it is approximated from so many."""


@dataclass(frozen=True)
class GeneKernel:
    """A kernel of genes as a product of factors, K = factor factor^T.

    Attributes
    ----------
    matrix
        (G, G) where all genes are landmarks, else None.
    factor
        (G, landmarks) otherwise.
    """

    matrix: torch.Tensor | None
    factor: torch.Tensor | None

    def times(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows @ K for rows (T, G)."""
        if self.matrix is not None:
            return rows @ self.matrix
        return (rows @ self.factor) @ self.factor.T

    @property
    def diagonal(self) -> torch.Tensor:
        """(G,) variances."""
        if self.matrix is not None:
            return torch.diagonal(self.matrix)
        return (self.factor**2).sum(1)

    def smooth(self, values: torch.Tensor, penalty: float) -> torch.Tensor:
        """Return the fit of a kernel ridge regression at its own points: K (K + p I)^-1 v.

        Parameters
        ----------
        values
            (G, columns).
        penalty
            p.
        """
        known = self.matrix if self.matrix is not None else self.factor
        v = values.to(known)
        if self.matrix is not None:
            lifted = known + penalty * torch.eye(len(known)).to(known)
            return known @ torch.linalg.solve(lifted, v)
        lifted = known.T @ known + penalty * torch.eye(known.shape[1]).to(known)
        return known @ torch.linalg.solve(lifted, known.T @ v)


def _squared_distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return ((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T).clamp_min(0)


def symbol_prefixes(names: Sequence[str]) -> scipy.sparse.csr_matrix:
    """Return genes by the prefixes of their symbols, rows of length 1.

    Members of a family (KRT8, KRT18; HIST1H2AB, HIST1H2AC) share a prefix, often a cluster on
    the chromosome and its regulators. A prefix counts by its inverse document frequency, so
    a rare long one weighs more than a common short one.

    Parameters
    ----------
    names
        Gene symbols, in the order of the kernel.

    Returns
    -------
    scipy.sparse.csr_matrix
        (G, prefixes); the inner product of two rows is their similarity, in [0, 1].
    """
    prefixes = [
        {name.upper()[:end] for end in range(SHORTEST_PREFIX, len(name) + 1)} for name in names
    ]
    vocabulary = {prefix: i for i, prefix in enumerate(sorted(set().union(*prefixes)))}
    rows = np.repeat(np.arange(len(names)), [len(of) for of in prefixes])
    columns = np.array([vocabulary[x] for of in prefixes for x in sorted(of)], dtype=np.int64)
    frequency = np.bincount(columns, minlength=len(vocabulary))
    weight = np.log((1 + len(names)) / (1 + frequency)) + 1
    length = np.sqrt(np.bincount(rows, weight[columns] ** 2, minlength=len(names)))
    entries = weight[columns] / length[rows]
    shape = len(names), len(vocabulary)
    return scipy.sparse.csr_matrix((entries, (rows, columns)), shape=shape)


def gene_kernel(
    features: torch.Tensor,
    prefixes: scipy.sparse.csr_matrix | None = None,
    *,
    landmarks: int = LANDMARKS,
) -> GeneKernel:
    """Return the Gaussian kernel of genes, its width the median distance, plus that of symbols.

    Parameters
    ----------
    features
        (G, width) gene features, genes sorted by name.
    prefixes
        Of :func:`symbol_prefixes`; None leaves the symbols out.
    landmarks
        Largest number of genes with an exact kernel; of more genes so many, evenly spaced by
        name, span a Nystroem approximation.
    """
    x = features.double()
    n = len(x)
    chosen = torch.arange(n) if n <= landmarks else torch.linspace(0, n - 1, landmarks).long()
    anchors = x[chosen.to(x.device)]
    among = _squared_distances(anchors, anchors)
    off_diagonal = among[~torch.eye(len(among), dtype=torch.bool, device=x.device)]
    width = off_diagonal.median().clamp_min(1e-12) if len(off_diagonal) else 1.0

    def to_anchors(rows: torch.Tensor) -> torch.Tensor:
        kernel = torch.exp(-_squared_distances(x[rows.to(x.device)], anchors) / width)
        if prefixes is None:
            return kernel
        alike = (prefixes[rows.numpy()] @ prefixes[chosen.numpy()].T).toarray()
        return kernel + SYMBOL_WEIGHT * torch.as_tensor(alike, device=x.device)

    if n <= landmarks:
        return GeneKernel(to_anchors(chosen), None)
    power, vectors = torch.linalg.eigh(to_anchors(chosen))
    kept = power > 1e-8 * power[-1]
    root = vectors[:, kept] / power[kept].sqrt()
    # In blocks: several tables of genes x landmarks would be held at once.
    blocks = [to_anchors(rows) @ root for rows in torch.arange(n).split(BLOCK)]
    return GeneKernel(None, torch.cat(blocks))


def mean_kernel(kernels: Sequence[GeneKernel]) -> GeneKernel:
    """Return the mean of kernels of the same genes: what is like in either is a little like.

    One kernel over all features at once asks two genes to be like in all of them.
    """
    matrices = [kernel.matrix for kernel in kernels if kernel.matrix is not None]
    if len(matrices) == len(kernels):
        return GeneKernel(torch.stack(matrices).mean(dim=0), None)
    factors = [kernel.factor for kernel in kernels if kernel.factor is not None]
    return GeneKernel(None, torch.cat(factors, dim=1) / len(kernels) ** 0.5)


def label_covariance(centred: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the covariance of regulators over the targets at which both are visible.

    Made positive semi-definite, then the share `COMMON` that all regulators have in common
    is added.

    Parameters
    ----------
    centred
        (T, G) labels less the regulator's rate, zero where not visible.
    mask
        (T, G) visible.
    """
    covariance = (centred @ centred.T) / (mask @ mask.T).clamp_min(1)
    power, vectors = torch.linalg.eigh(covariance)
    covariance = (vectors * power.clamp_min(0)) @ vectors.T
    spread = torch.diagonal(covariance).clamp_min(1e-4).sqrt()
    return covariance + COMMON * spread[:, None] * spread[None, :]


@torch.no_grad()
def complete(
    visible: Visible, kernel: GeneKernel, *, own: float = OWN, noise: float = NOISE
) -> torch.Tensor:
    """Return the posterior mean probability of every pair, (T, G) float64.

    Parameters
    ----------
    visible
        Labels and the mask of pairs that may be used (`messages`).
    kernel
        Of the same genes.
    own, noise
        Variances of a gene's own part and of the noise.
    """
    mask = visible.messages.double()
    labels = visible.labels.double() * mask
    overall = (labels.sum() + 1) / (mask.sum() + 2)
    rate = (labels.sum(1) + PSEUDO_PAIRS * overall) / (mask.sum(1) + PSEUDO_PAIRS)
    centred = mask * (labels - rate[:, None])
    tasks = label_covariance(centred, mask)
    variance = torch.diagonal(tasks)[:, None]
    noise = noise * variance

    def covariance_times(x: torch.Tensor) -> torch.Tensor:
        return tasks @ (kernel.times(x) + own * x) / (1 + own)

    diagonal = noise + variance * (kernel.diagonal[None, :] + own) / (1 + own)
    solution, residual = torch.zeros_like(centred), centred.clone()
    scaled = residual / diagonal
    direction, power = scaled.clone(), (residual * scaled).sum()
    enough = TOLERANCE * (centred**2).sum()
    for _ in range(ITERATIONS):
        if (residual**2).sum() <= enough:
            break
        image = mask * (covariance_times(direction) + noise * direction)
        step = power / (direction * image).sum()
        solution = solution + step * direction
        residual = residual - step * image
        scaled = residual / diagonal
        new_power = (residual * scaled).sum()
        direction = scaled + (new_power / power) * direction
        power = new_power
    return rate[:, None] + covariance_times(solution)
