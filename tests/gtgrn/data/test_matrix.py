from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from gtgrn.data.matrix import read_genes, read_matrix, write_matrix
from gtgrn.errors import InputError
from gtgrn.inference.provenance import common_provenance, write_provenance
from scipy import sparse

GENES = pd.DataFrame({"gene": ["7SK", "NA", "null"], "is_regulator": [True, False, True]})
VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "matrix.npy", tmp_path / "genes.tsv"


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_what_is_written_is_read_and_stays_on_disk(paths, kind):
    write_matrix(kind(VALUES), GENES, *paths)
    expression, regulators = read_matrix(*paths)
    np.testing.assert_array_equal(expression.to_numpy(), VALUES)
    assert list(expression) == ["7SK", "NA", "null"]
    assert regulators == ["7SK", "null"]
    assert read_genes(paths[1]) == (["7SK", "NA", "null"], ["7SK", "null"])
    base = expression.to_numpy()
    while not isinstance(base, np.memmap):
        base = base.base
    with pytest.raises(ValueError, match="read-only"):
        expression.to_numpy()[0, 0] = 1


def test_more_genes_than_a_block(paths):
    values = np.random.default_rng(0).random((2, 600)).astype(np.float32)
    genes = pd.DataFrame({"gene": [f"G{i:03d}" for i in range(600)], "is_regulator": False})
    write_matrix(values, genes, *paths)
    np.testing.assert_array_equal(read_matrix(*paths)[0].to_numpy(), values)


def test_damaged_files_are_named(paths):
    write_matrix(VALUES, GENES, *paths)
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[:-20])
    with pytest.raises(InputError, match=r"matrix\.npy.*not a readable matrix"):
        read_matrix(*paths)
    write_matrix(VALUES[:, :2], GENES[:2], paths[0], paths[1].with_name("other.tsv"))
    with pytest.raises(InputError, match="2 rows for 3 genes"):
        read_matrix(*paths)
    paths[0].unlink()
    with pytest.raises(InputError, match="file not found"):
        read_matrix(*paths)


def test_the_record_names_the_matrix_and_shards_must_agree(tmp_path, paths):
    write_matrix(VALUES, GENES, *paths)
    given = {"method": "clr", "options": {"bins": 4}, "seed": 1, "matrix": paths[0]}
    one, same, other = (tmp_path / f"{name}.json" for name in ("one", "same", "other"))
    write_provenance(one, **given, engine="r", versions={"minet": "3.64"})
    write_provenance(same, **given, engine="r", versions={"minet": "3.64"})
    write_provenance(other, **given)
    assert common_provenance([one, same]) == one.read_text()
    sha256 = hashlib.sha256(paths[0].read_bytes()).hexdigest()
    assert json.loads(one.read_text())["matrix_sha256"] == sha256
    with pytest.raises(InputError, match=r"other\.json.*was not made the way one\.json was"):
        common_provenance([one, same, other])
