"""Preprocessed expression on disk: AnnData in h5ad."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import h5py
import numpy as np

from gtgrn.data.readers import reading
from gtgrn.errors import InputError
from gtgrn.files import atomic_path
from gtgrn.manifest import verified
from gtgrn.names import IS_REGULATOR

UNS = "gtgrn"
"""Key of `uns` under which source, filters, settings and versions are recorded."""
BLOCK = 1 << 20
"""Bytes by which a file in memory grows."""
PARTS = ("X", "obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns")
"""Parts of an h5ad file in the order in which anndata writes them, which decides on the bytes."""


def write_expression(adata: ad.AnnData, path: str | Path) -> None:
    """Write an expression matrix as h5ad, atomically and always with the same bytes."""
    write_h5ad(adata, path, compression="gzip")


def write_h5ad(adata: ad.AnnData, path: str | Path, *, compression: str | None = None) -> None:
    """Write what :meth:`anndata.AnnData.write_h5ad` writes, by way of memory.

    HDF5 does not survive a disk that fills up: it ends in one of many errors that do not say
    so, or kills the process. In memory it cannot meet one, and the one write of the result
    fails as all other writes do.

    Parameters
    ----------
    adata
        In memory and without ``raw``.
    path
        The file, which is written atomically.
    compression
        Of the arrays, such as ``gzip``.
    """
    adata.strings_to_categoricals()
    with h5py.File(str(path), "w", driver="core", backing_store=False, block_size=BLOCK) as file:
        root = file["/"]
        root.attrs["encoding-type"], root.attrs["encoding-version"] = "anndata", "0.1.0"
        for name in PARTS:
            part = getattr(adata, name)
            if part is not None:
                part = dict(part) if name not in ("X", "obs", "var") else part
                ad.io.write_elem(root, name, part, dataset_kwargs={"compression": compression})
        file.flush()
        image = file.id.get_file_image()
    with atomic_path(path) as temporary:
        temporary.write_bytes(image)


def read_preprocessed(path: str | Path) -> ad.AnnData:
    """Read what :func:`preprocess` made and :func:`write_expression` wrote.

    Raises
    ------
    InputError
        If the file is absent, damaged or was not made by this workflow.
    """
    path, remedy = verified(path), "Remove the file and let the rule preprocess make it again"
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
