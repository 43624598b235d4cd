"""What the form full is given besides labels: features of genes, their kernel, other contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from gtgrn.context.inputs import COMPONENTS, POPULARITY, ContextInputs
from gtgrn.errors import InputError
from gtgrn.models.gtgrn.gaussian_process import (
    GeneKernel,
    gene_kernel,
    mean_kernel,
    symbol_prefixes,
)
from gtgrn.models.gtgrn.gene_features import gene_features, principal_components, row_profiles
from gtgrn.models.gtgrn.label_matrix import LabelMatrix
from gtgrn.models.gtgrn.pair_features import ExpressionNeighbours

MATRIX = "X"
"""Letter of the expression matrix among the features."""
EXTRA_COMPONENTS = 32
"""Principal components taken of a modality other than the expression matrix."""


@dataclass(frozen=True)
class Inputs:
    """What a network is given besides labels, on the device it runs on.

    Attributes
    ----------
    genes
        (G, width) gene features.
    regulators
        (T,) their rows of regulators.
    neighbours
        For the pair channel; None for networks without.
    kernel
        Of the genes, for the Gaussian process.
    profiles
        (G, cells) expression of mean 0 and length 1.
    context
        What other contexts say, in the order of the genes; None where the model reads none.
    """

    genes: torch.Tensor
    regulators: torch.Tensor
    neighbours: ExpressionNeighbours | None
    kernel: GeneKernel
    profiles: np.ndarray
    context: ContextInputs | None = None


def make_inputs(
    matrix: LabelMatrix,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    with_pairs: bool,
    symbols: bool,
    device: torch.device,
    context: ContextInputs | None = None,
) -> Inputs:
    """Put the features into the order of names and make gene features of them.

    Parameters
    ----------
    matrix
        Gives the order.
    genes, features
        Names and tables of :func:`gtgrn.models.gtgrn.full.fit`.
    with_pairs
        Whether a pair channel will be asked for.
    symbols
        Whether the kernel of genes reads their symbols.
    device
        Where the tensors live.
    context
        What other contexts say, of which the parts that the model does not read are empty. Its
        tables of genes join the features, and have a kernel of their own beside the others'.

    Raises
    ------
    InputError
        If a table has the wrong number of rows, or a gene is not in those of other contexts.
    """
    _check_rows(features, len(genes))
    order = pd.Index(genes).get_indexer(matrix.genes)
    # Without expression every gene has the same flat profile, which says nothing about any.
    expression = np.zeros((len(order), 1))
    if MATRIX in features:
        expression = np.asarray(features[MATRIX], dtype=np.float64)[order]
    is_regulator = np.zeros(len(order), dtype=bool)
    is_regulator[matrix.regulator_genes] = True
    blocks = [gene_features(expression, is_regulator)]
    for name in sorted(set(features) - {MATRIX}):
        values = np.asarray(features[name], dtype=np.float64)[order]
        blocks.append(principal_components(values, EXTRA_COMPONENTS, whiten=0.5))
    context = None if context is None else context.on(matrix.genes)
    elsewhere = [] if context is None else _elsewhere(context)
    neighbours = None
    if with_pairs:
        neighbours = ExpressionNeighbours(expression, matrix.regulator_genes, device)
    prefixes = symbol_prefixes(matrix.genes) if symbols else None
    parts = [_tensor(some, device) for some in (blocks, elsewhere) if some]
    return Inputs(
        _tensor(blocks + elsewhere, device),
        torch.as_tensor(matrix.regulator_genes, device=device),
        neighbours,
        _kernel(parts, prefixes),
        row_profiles(expression),
        context,
    )


def _check_rows(features: Mapping[str, np.ndarray], genes: int) -> None:
    """Refuse a table that has not one row a gene."""
    for name, values in features.items():
        if len(values) != genes:
            raise InputError(
                f"{len(values)} rows for {genes} genes",
                field=name,
                remedy="Give one row per gene",
            )


def _kernel(parts: Sequence[torch.Tensor], prefixes: csr_matrix | None) -> GeneKernel:
    """Return the kernel of genes over one table of features, or the mean of those of several."""
    kernels = [gene_kernel(part, prefixes) for part in parts]
    return kernels[0] if len(kernels) == 1 else mean_kernel(kernels)


def _tensor(blocks: list[np.ndarray], device: torch.device) -> torch.Tensor:
    return torch.as_tensor(np.column_stack(blocks), dtype=torch.float32, device=device)


def _elsewhere(context: ContextInputs) -> list[np.ndarray]:
    """Return the tables of genes from other contexts, as the other features are."""
    tables = {POPULARITY: context.popularity, COMPONENTS: context.components}
    return [
        principal_components(values.astype(np.float64), EXTRA_COMPONENTS, whiten=0.5)
        for _, values in sorted(tables.items())
        if values.shape[1]
    ]
