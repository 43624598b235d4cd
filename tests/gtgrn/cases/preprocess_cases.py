"""Preprocessing of matrices that are too small for the default filters."""

from __future__ import annotations

import anndata as ad
from gtgrn.data import preprocessing

UNFILTERED = {"min_cells_fraction": 0, "min_genes_per_cell": 0}


def preprocess(adata: ad.AnnData, **options) -> ad.AnnData:
    """Preprocess; what is not asked for is not filtered."""
    return preprocessing.preprocess(adata, **{**UNFILTERED, **options})
