from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gtgrn.data.store import write_h5ad
from scipy import sparse


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("cells", [0, 7, 300])
def test_the_file_is_the_one_that_anndata_writes(tmp_path, compression, cells):
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"kind": ["a", "b", "c"] * (cells // 3) + ["a"] * (cells % 3)})
    table = ad.AnnData(
        rng.random((cells, 90), dtype=np.float32),
        obs=obs.set_index(np.array([f"c{i}" for i in range(cells)], dtype=object)),
        var=pd.DataFrame({"known": rng.random(90) < 0.5}, index=[f"g{i}" for i in range(90)]),
        layers={"counts": sparse.random(cells, 90, 0.2, "csr", np.float32, random_state=0)},
        obsm={"umap": rng.random((cells, 2))},
        uns={"gtgrn": {"source": "made up", "filters": {"genes": 3}}},
    )
    table.copy().write_h5ad(tmp_path / "theirs.h5ad", compression=compression)
    write_h5ad(table, tmp_path / "ours.h5ad", compression=compression)
    ours = (tmp_path / "ours.h5ad").read_bytes()
    assert ours == (tmp_path / "theirs.h5ad").read_bytes()
    write_h5ad(ad.AnnData(obs=table.obs), tmp_path / "no_matrix.h5ad")
    assert list(ad.read_h5ad(tmp_path / "no_matrix.h5ad").obs_names) == list(table.obs_names)
