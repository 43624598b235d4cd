import numpy as np
import pandas as pd
import pytest
from context_cases import GENES, contexts
from gtgrn.context.inputs import INPUTS, make_inputs, read_inputs, write_inputs
from gtgrn.context.selection import select_sources
from gtgrn.errors import InputError

REGULATORS = [f"R{number}" for number in range(12)] + ["G001"]


@pytest.fixture(scope="module")
def made():
    return make_inputs(contexts(0), GENES, REGULATORS)


def test_tables_have_a_row_a_gene_and_come_back_from_disk(made, tmp_path):
    assert made.popularity.shape == (len(GENES), 5)
    assert made.labels.shape == (len(made.rows), len(GENES))
    assert made.prior.shape == (len(REGULATORS), len(GENES))
    assert set(np.unique(made.labels)) <= {-1, 0, 1}
    np.testing.assert_allclose(made.prior.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(made.prior.std(axis=1), 1, atol=1e-4)
    write_inputs(made, tmp_path / "all.npz")
    again = read_inputs(tmp_path / "all.npz")
    assert again.genes == GENES
    assert again.rows == made.rows
    assert again.record() == made.record()


def test_the_order_of_genes_changes_places_and_no_record(made):
    turned = GENES[::-1]
    there = made.on(turned)
    np.testing.assert_array_equal(there.labels, made.labels[:, ::-1])
    np.testing.assert_array_equal(there.popularity, made.popularity[::-1])
    assert there.record() == made.record()
    moved = made.exchanged(np.roll(np.arange(len(GENES)), 1))
    assert all(moved.record()[part] != made.record()[part] for part in INPUTS)


def test_parts_that_are_not_read_are_empty(made):
    only = made.on(GENES, ["U"])
    assert only.components.shape == made.components.shape
    assert only.popularity.shape == (len(GENES), 0)
    assert only.labels.shape == (0, len(GENES))
    assert only.prior.shape == (0, len(GENES))
    assert not only.rows
    assert not only.regulators


def test_a_gene_without_tables_and_a_damaged_file_end_in_one_line(made, tmp_path):
    with pytest.raises(InputError, match="lack 1 genes, such as new"):
        made.on([*GENES, "new"])
    path = tmp_path / "all.npz"
    write_inputs(made, path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no archive"):
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_inputs(path)


def test_neither_own_cells_nor_a_copied_row_enter():
    first, second, own, *_ = contexts(1)
    tables = {}
    for source in (first, second, own):
        rows, columns = source.edges.nonzero()
        tables[source.name] = _pairs(source.regulators[rows], np.array(GENES)[columns])
    card = {"organism": "human", "kind": "chip", "whole": True, "databases": []}
    cards = {
        first.name: card | {"cell_type": "K562"},
        second.name: card | {"cell_type": "HeLa-S3"},
        own.name: card | {"cell_type": "H9"},
    }
    reference = tables[own.name]
    # One row of the reference in another database, under other cells.
    planted = tables[second.name]["regulator"] != "R3"
    copied = reference[reference["regulator"] == "R3"]
    tables[second.name] = pd.concat([tables[second.name][planted], copied], ignore_index=True)
    kept, _ = select_sources(
        tables, cards, GENES, organism="human", cell_type="hESC", reference=reference
    )
    inputs = make_inputs(kept, GENES, REGULATORS)
    assert not any(name.startswith(own.name) for name in inputs.rows)
    assert f"{second.name}:R3" not in inputs.rows
    assert f"{first.name}:R4" in inputs.rows
    assert f"{second.name}:R4" in inputs.rows


def _pairs(regulators, targets):
    return pd.DataFrame({"regulator": regulators, "target": targets})
