"""Preprocessed expression on disk: AnnData in h5ad."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np

from gtgrn.data.readers import reading
from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.names import IS_REGULATOR

UNS = "gtgrn"
"""Key of `uns` under which source, filters, settings and versions are recorded."""


def write_expression(adata: ad.AnnData, path: str | Path) -> None:
    """Write an expression matrix as h5ad, atomically and always with the same bytes."""
    with atomic_path(path) as temporary:
        adata.write_h5ad(temporary, compression="gzip")


def read_preprocessed(path: str | Path) -> ad.AnnData:
    """Read what :func:`preprocess` made and :func:`write_expression` wrote.

    Raises
    ------
    InputError
        If the file is absent, damaged or was not made by this workflow.
    """
    path, remedy = Path(path), "Remove the file and let the rule preprocess make it again"
    with reading(path, "h5ad", None, remedy):
        adata = ad.read_h5ad(path)
    if IS_REGULATOR not in adata.var or UNS not in adata.uns or adata.X is None:
        raise InputError(
            "not made by this workflow", file=path, field=f"var.{IS_REGULATOR}", remedy=remedy
        )
    adata.uns[UNS] = _plain(adata.uns[UNS])
    return adata


def _plain(value: object) -> object:
    """Turn the NumPy scalars that h5ad gives back into Python's own types."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value
