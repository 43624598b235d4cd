"""Embedding tables: one row per gene, written as AnnData."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from gtgrn.data.store import write_h5ad
from gtgrn.errors import InputError
from gtgrn.manifest import verified
from gtgrn.names import PAIR

EDGES = "edges"


def write_embedding(
    values: np.ndarray,
    genes: Sequence[str],
    path: str | Path,
    *,
    edges: pd.DataFrame | None = None,
) -> None:
    """Write an embedding.

    Parameters
    ----------
    values
        (genes, dimensions), stored as float32.
    genes
        Names of the rows, the ``obs_names``.
    path
        The h5ad file.
    edges
        Columns regulator, target: the graph that it was made from, kept for the audit.
    """
    table = ad.AnnData(
        X=np.asarray(values, dtype=np.float32), obs=pd.DataFrame(index=pd.Index(genes, dtype=str))
    )
    if edges is not None:
        table.uns[EDGES] = {name: edges[name].to_numpy(str) for name in PAIR}
    write_h5ad(table, path)


def read_embedding_edges(path: str | Path) -> pd.DataFrame:
    """Return the graph that an embedding was made from, as columns regulator and target."""
    edges = ad.read_h5ad(verified(path)).uns[EDGES]
    return pd.DataFrame({name: edges[name] for name in PAIR})


def read_embedding(path: str | Path, genes: Sequence[str]) -> np.ndarray:
    """Read the rows of the given genes, (genes, dimensions) float32.

    Raises
    ------
    InputError
        If the file is absent or truncated, lacks a gene or holds a value that is not finite.
    """
    path = verified(path)
    try:
        table = ad.read_h5ad(path)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"not a readable h5ad file ({type(error).__name__})",
            file=path,
            remedy="Delete it and run the workflow again",
        ) from error
    absent = [gene for gene in genes if gene not in table.obs_names]
    if absent:
        raise InputError(
            f"{len(absent)} genes have no embedding, such as {absent[0]}",
            file=path,
            remedy="Delete it and run the workflow again",
        )
    values = np.asarray(table[list(genes)].X, dtype=np.float32)
    if not np.isfinite(values).all():
        raise InputError("values that are not finite", file=path, remedy="Lower the learning rate")
    return values
