"""A trained model of the form ``full`` on other cells.

Weights, labels and calibration are those of the training; level, spread and co-expression of each
gene come from the other cells. The components of co-expression have no axes of their own: those
of the other cells are turned onto those of the training by the rotation that brings the genes
closest (orthogonal Procrustes, Schoenemann 1966, doi:10.1007/BF02289451).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gtgrn.errors import InputError
from gtgrn.models.gtgrn.full import build
from gtgrn.models.gtgrn.gaussian_process import gene_kernel, symbol_prefixes
from gtgrn.models.gtgrn.inputs import MATRIX, Inputs, make_inputs
from gtgrn.models.gtgrn.label_matrix import LabelMatrix, label_matrix
from gtgrn.models.gtgrn.scoring import score_pairs
from gtgrn.training.checkpoints import load_checkpoint

MOMENTS, FLAGS = 6, 1
"""Columns before and behind the components in the table of gene features."""


def align(values: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Return components turned onto others of the same genes.

    Parameters
    ----------
    values, onto
        (genes, k) and (genes, m).

    Returns
    -------
    numpy.ndarray
        (genes, m): `values` times the matrix with orthonormal rows or columns that brings them
        closest to `onto` in the sum of squares.
    """
    left, _, right = np.linalg.svd(values.T @ onto, full_matrices=False)
    return values @ (left @ right)


def score_cells(
    checkpoint: str | Path,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    trained: np.ndarray,
    cells: np.ndarray,
) -> np.ndarray:
    """Return the logits that a trained model gives to all pairs in other cells.

    Parameters
    ----------
    checkpoint
        Of the form ``full``, trained on expression alone.
    pairs
        Columns regulator, target, label, part: those of the training; labels of the train and
        validation parts are read, as they were.
    genes
        Names, in the order of the rows of both matrices.
    trained, cells
        (genes, cells) log-normalised: what the model was trained on, and the other cells.

    Raises
    ------
    InputError
        If the checkpoint is of another form, of other genes, or was trained on more than
        expression.
    """
    state, config, names = load_checkpoint(checkpoint)
    if "setting" not in config.get("model", {}):
        raise InputError(
            "a model of the form paper reads features of its own cells (VAE, walks), and none "
            "of others",
            file=checkpoint,
            remedy="Take a variant of the form full",
        )
    if list(names) != list(genes):
        raise InputError(
            "the checkpoint was trained on other genes than the matrix has",
            file=checkpoint,
            remedy="Run the workflow again",
        )
    device = torch.device("cpu")
    matrix = label_matrix(pairs, genes)
    own = make_inputs(matrix, genes, {MATRIX: trained}, config["pair_channel"], config["symbols"],
                      device)  # fmt: skip
    network = config["model"]["network"]
    if network is not None and network["width"] != own.genes.shape[1]:
        raise InputError(
            "the model reads more than the expression matrix (walks, a VAE, other contexts)",
            file=checkpoint,
            remedy="Take a variant with 'features: [X]', such as full",
        )
    inputs = _turned(own, matrix, genes, cells, config)
    model = build(config, device)
    model.load_state_dict(state)
    model.eval()
    return score_pairs(model, config, matrix, inputs, pairs, genes)[0]


def _turned(
    own: Inputs, matrix: LabelMatrix, genes: Sequence[str], cells: np.ndarray, config: dict
) -> Inputs:
    """Return the inputs of other cells with the components on the axes of the training."""
    features, device = {MATRIX: cells}, own.genes.device
    new = make_inputs(matrix, genes, features, config["pair_channel"], config["symbols"], device)
    before, after = own.genes.numpy(), new.genes.numpy()
    parts = slice(MOMENTS, before.shape[1] - FLAGS), slice(MOMENTS, after.shape[1] - FLAGS)
    turned = align(after[:, parts[1]], before[:, parts[0]])
    table = np.column_stack([after[:, :MOMENTS], turned, after[:, -FLAGS:]]).astype(np.float32)
    tensor = torch.as_tensor(table, device=device)
    prefixes = symbol_prefixes(matrix.genes) if config["symbols"] else None
    return replace(new, genes=tensor, kernel=gene_kernel(tensor, prefixes))
