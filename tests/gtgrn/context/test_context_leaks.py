import numpy as np
import pytest
from context_cases import source
from gtgrn.context.leaks import (
    drop_repeats,
    refuse_databases,
    refuse_own_cells,
    same_cells,
)

RNG = np.random.default_rng(5)
LABELS = RNG.random((4, 100)) < 0.3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("H1", "hESC"),
        ("H1-hESC", "embryonic stem cells"),
        ("CL:0002322", "NT2/D1"),
        ("HepG2", "hepatocytes"),
        ("HEPG2 cells", "hHep"),
        ("mDC", "dendritic cells"),
        ("mHSC-L", "haematopoietic stem cells"),
        ("mHSC-E", "mHSC-GM"),
        ("GM12878", "B cells"),
        ("Some cell", "some CELLS"),
    ],
)
def test_own_cells_are_known_by_every_name(first, second):
    assert same_cells(first, second)
    planted = source(LABELS, name="planted", cell_type=first)
    other = source(LABELS, name="other", cell_type="K562")
    motif = source(LABELS, name="motif", kind="motif")
    kept, dropped = refuse_own_cells([planted, other, motif], "human", second)
    assert [one.name for one in kept] == ["other", "motif"]
    assert [(one.source, one.regulator) for one in dropped] == [("planted", "*")]


@pytest.mark.parametrize(
    ("first", "second"), [("H1", "HepG2"), ("mESC", "mDC"), ("K562", "B cells"), ("", "hESC")]
)
def test_other_cells_stay(first, second):
    assert not same_cells(first, second)
    kept, dropped = refuse_own_cells([source(LABELS, cell_type=first)], "human", second)
    assert len(kept) == 1
    assert not dropped


def test_the_same_cells_of_another_organism_are_another_context():
    kept, _ = refuse_own_cells([source(LABELS, cell_type="mESC", organism="mouse")], "human", "H1")
    assert len(kept) == 1


def test_a_copied_row_is_dropped_and_listed_and_no_other():
    elsewhere = (RNG.random((4, 100)) < 0.3).astype(float)
    # The same experiment, called again: nine in ten labels agree.
    elsewhere[2] = np.where(RNG.random(100) < 0.9, LABELS[2], 1 - LABELS[2])
    reference = source(LABELS, name="reference")
    kept, dropped = drop_repeats([source(elsewhere, name="database")], [reference])
    assert [(one.source, one.regulator) for one in dropped] == [("database", "R2")]
    assert dropped[0].phi > 0.4
    assert "reference" in dropped[0].reason
    assert list(kept[0].regulators) == ["R0", "R1", "R3"]
    np.testing.assert_array_equal(kept[0].dense(), elsewhere[[0, 1, 3]])


def test_the_same_row_of_another_regulator_stays():
    reference = source(LABELS[:1], name="reference", regulators=["R9"])
    kept, dropped = drop_repeats([source(LABELS[:1])], [reference])
    assert not dropped
    assert list(kept[0].regulators) == ["R0"]


def test_a_source_of_the_references_database_is_refused():
    one, two = source(LABELS, name="collectri"), source(LABELS, name="encode")
    databases = {"collectri": ["CollecTRI"], "encode": ["ENCODE"]}
    kept, dropped = refuse_databases([one, two], databases, ["collectri", "DoRothEA"])
    assert [source.name for source in kept] == ["encode"]
    assert "CollecTRI" in dropped[0].reason
    assert refuse_databases([one, two], databases, [])[1] == []
