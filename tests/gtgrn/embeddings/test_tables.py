from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from gtgrn.embeddings.tables import read_embedding, write_embedding
from gtgrn.errors import InputError

GENES = ["A", "B", "NA", "1-Mar", "Ä"]


def table(n=5, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


@pytest.fixture
def path(tmp_path):
    write_embedding(table(), GENES, tmp_path / "e.h5ad")
    return tmp_path / "e.h5ad"


def test_round_trip_in_single_precision(path):
    values = read_embedding(path, GENES)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, table().astype(np.float32))
    assert [file.name for file in path.parent.iterdir()] == ["e.h5ad"]


def test_the_file_is_an_anndata_with_genes_as_observations(path):
    content = ad.read_h5ad(path)
    assert list(content.obs_names) == GENES
    assert content.shape == (5, 3)


@pytest.mark.parametrize("wanted", [GENES[::-1], ["NA", "A"], ["Ä"], ["1-Mar", "B", "A"]])
def test_rows_come_in_the_order_asked_for(path, wanted):
    rows = [GENES.index(gene) for gene in wanted]
    np.testing.assert_array_equal(read_embedding(path, wanted), table()[rows].astype(np.float32))


def test_the_order_in_the_file_means_nothing(path, tmp_path):
    write_embedding(table()[::-1], GENES[::-1], tmp_path / "reversed.h5ad")
    np.testing.assert_array_equal(
        read_embedding(tmp_path / "reversed.h5ad", GENES), read_embedding(path, GENES)
    )


def test_a_gene_without_a_row_is_named(path):
    with pytest.raises(InputError, match="2 genes have no embedding, such as X"):
        read_embedding(path, ["A", "X", "Y"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused(tmp_path, bad):
    values = table()
    values[2, 1] = bad
    write_embedding(values, GENES, tmp_path / "e.h5ad")
    with pytest.raises(InputError, match="not finite"):
        read_embedding(tmp_path / "e.h5ad", GENES)
    # A gene that nobody asks for harms nobody.
    assert read_embedding(tmp_path / "e.h5ad", ["A", "B"]).shape == (2, 3)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_an_input_error(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"e\.h5ad"):
        read_embedding(path, GENES)


def test_an_absent_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="absent"):
        read_embedding(tmp_path / "absent.h5ad", GENES)


def test_rows_and_genes_must_agree(tmp_path):
    with pytest.raises(ValueError, match="obs"):
        write_embedding(table(), GENES[:3], tmp_path / "e.h5ad")
    assert list(tmp_path.iterdir()) == []
