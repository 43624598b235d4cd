"""Knock-outs of a run's data sets."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.errors import InputError
from gtgrn.workflow.perturbing import check_perturbed, find_perturbations


def test_a_misspelt_gene_ends_the_start(tmp_path):
    path = tmp_path / "x.h5ad"
    ad.AnnData(np.ones((2, 2), np.float32), var=pd.DataFrame(index=["GATA1", "B"])).write_h5ad(
        path
    )
    card = {"expression": {"format": "h5ad", "path": str(path)}}
    datasets = {"one": {**card, "perturb": ["GATA1"]}, "two": card}
    check_perturbed(datasets)
    assert find_perturbations(datasets) == {"one": {"GATA1": {"gene": "GATA1", "to": 0.0}}}
    datasets["two"] = {**card, "perturb": [{"gene": "GATA-1", "to": 1}]}
    with pytest.raises(InputError, match="Did you mean 'GATA1'"):
        check_perturbed(datasets)
