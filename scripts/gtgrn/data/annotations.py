"""What a user's h5ad says of its cells and genes: obs, obsm and var, for what is made of them.

Preprocessing keeps the columns that the card names and no more, as nothing else may change a
result. What is written for the user's own further work (activity of regulators in cells) gets
the rest back, by the names of cells and genes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gtgrn.data.hdf5_guard import try_hdf5
from gtgrn.data.obs_columns import hdf5_file

log = logging.getLogger(__name__)

Annotations = tuple[pd.DataFrame, dict[str, np.ndarray], pd.DataFrame]


def read_annotations(
    expression: Mapping, cells: Sequence[str], genes: Sequence[str]
) -> Annotations:
    """Return obs and obsm of some cells, and var of some genes, as the file has them.

    Parameters
    ----------
    expression
        The section `expression` of a card.
    cells, genes
        Names; a gene that the file does not name so has a row of missing values.

    Returns
    -------
    tuple
        obs (cells x columns), obsm by name (cells x dimensions) and var (genes x columns);
        without columns where the file is no plain h5ad or does not name all of these cells
        once.
    """
    obs, var = pd.DataFrame(index=list(cells)), pd.DataFrame(index=list(genes))
    path = hdf5_file(dict(expression))
    if path is None:
        return obs, {}, var
    import anndata as ad
    import h5py

    try_hdf5(path, source=path)
    with h5py.File(path, "r") as file:
        if "obs" not in file or hasattr(file["obs"], "dtype"):
            return obs, {}, var
        whole = ad.io.read_elem(file["obs"])
        place = pd.Index(whole.index.astype(str))
        if not place.is_unique or not set(cells) <= set(place):
            log.warning("%s names its cells otherwise: obs and obsm are not carried over", path)
            return obs, {}, var
        rows = place.get_indexer(list(cells))
        maps = file.get("obsm", {})
        arrays = {name: maps[name][:] for name in maps if isinstance(maps[name], h5py.Dataset)}
        genes_of = ad.io.read_elem(file["var"])
    genes_of.index = genes_of.index.astype(str)
    genes_of = genes_of[~genes_of.index.duplicated()]
    # Columns of sparse or nested things do not go through a selection of rows alike.
    kept = {name: values[rows] for name, values in arrays.items() if values.ndim == 2}
    return whole.iloc[rows].set_axis(list(cells)), kept, genes_of.reindex(list(genes))
