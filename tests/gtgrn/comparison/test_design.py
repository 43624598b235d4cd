"""Who is compared, and how the null deals the conditions anew."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from gtgrn.comparison.design import (
    COLUMNS,
    draw_labellings,
    make_design,
    read_design,
    tabulate_design,
)
from gtgrn.errors import InputError
from gtgrn.tables import read_table, write_table

AB = ("a", "b")


def cells(per_sample: int, donors: dict[str, str]):
    """Return condition and donor of each cell; a donor has the conditions of its letters."""
    rows = [(c, d) for d, own in donors.items() for c in own for _ in range(per_sample)]
    conditions, names = zip(*rows, strict=True)
    return list(conditions), list(names)


def test_cells_of_other_conditions_and_without_one_stay_out():
    design = make_design(["a", None, "c", "b", "b", "a"], AB, min_cells=2)
    assert design.rows.tolist() == [0, 3, 4, 5]
    assert design.first.tolist() == [True, False, False, True]
    assert design.donors == ()


def test_donors_stay_whole_in_every_labelling():
    conditions, donors = cells(12, {"d1": "a", "d2": "a", "d3": "b", "d4": "b", "d5": "b"})
    design = make_design(conditions, AB, donors, min_cells=20)
    assert design.donors == ("d1", "d2", "d3", "d4", "d5")
    assert not design.paired
    for labels in draw_labellings(design, 5, seed=0):
        by_cell = labels[design.sample]
        for donor in set(donors):
            assert len(set(by_cell[np.array(donors) == donor])) == 1
        assert labels.sum() == 2


def test_few_labellings_are_all_given_once():
    conditions, donors = cells(12, {f"d{n}": "ab"[n % 2] for n in range(8)})
    design = make_design(conditions, AB, donors, min_cells=20)
    found = draw_labellings(design, 1000, seed=0)
    # Four of eight, the mirrored ones and the observed one not counted.
    assert len({tuple(row) for row in found}) == len(found) == comb(8, 4) // 2 - 1
    assert not (found == design.labels).all(axis=1).any()
    assert not (found == ~design.labels).all(axis=1).any()
    uneven = make_design(conditions[:84], AB, donors[:84], min_cells=20)
    assert len(draw_labellings(uneven, 1000, seed=0)) == comb(7, 3) - 1


def test_donors_with_both_conditions_are_swapped_within():
    conditions, donors = cells(12, {"d1": "ab", "d2": "ab", "d3": "ab", "alone": "a"})
    design = make_design(conditions, AB, donors, min_cells=20)
    assert design.paired
    assert design.left_out == ("alone",)
    found = draw_labellings(design, 1000, seed=0)
    assert len(found) == 2**2 - 1
    for labels in [design.labels, *found]:
        assert (labels[::2] != labels[1::2]).all()
    many = make_design(*cells(12, {f"d{n:02d}": "ab" for n in range(12)})[:1], AB, None)
    assert len(draw_labellings(many, 50, seed=0)) == 50


@pytest.mark.parametrize(
    ("per_sample", "donors", "word"),
    [
        (60, {"d1": "a", "d2": "b", "d3": "b"}, "1 donors have 10 cells of 'a', and 2 are needed"),
        (9, {f"d{n}": "ab"[n % 2] for n in range(20)}, "0 donors have 10 cells of 'a'"),
        (60, {"d1": "ab", "d2": "a", "d3": "b"}, "donor 'd1' has cells of both conditions"),
        (11, {"d1": "a", "d2": "a", "d3": "b", "d4": "b"}, "22 cells are 'a', of 50 needed"),
    ],
)
def test_designs_that_cannot_be_tested(per_sample, donors, word):
    with pytest.raises(InputError, match=word) as caught:
        make_design(*cells(per_sample, donors)[:1], AB, cells(per_sample, donors)[1])
    assert len(str(caught.value)) <= 300


def test_a_group_is_named():
    with pytest.raises(InputError, match="3 cells of 'B' are 'a', of 50 needed"):
        make_design(["a"] * 3 + ["b"] * 60, AB, name="B")


@pytest.mark.parametrize("paired", [True, False])
def test_a_design_is_the_same_from_its_table(paired, tmp_path):
    own = (
        {"01": "ab", "1": "ab", "7": "ab"} if paired else {"01": "a", "1": "b", "2": "a", "3": "b"}
    )
    conditions, donors = cells(30, own)
    conditions[5] = None
    design = make_design(conditions, AB, donors, min_cells=20)
    names = [f"c{n}" for n in range(len(donors))]
    write_table(tabulate_design(design, names), tmp_path / "cells.tsv")
    found = read_design(read_table(tmp_path / "cells.tsv", COLUMNS), AB)
    assert found.rows.tolist() == design.rows.tolist()
    assert found.first.tolist() == design.first.tolist()
    assert found.sample.tolist() == design.sample.tolist()
    assert found.labels.tolist() == design.labels.tolist()
    assert (found.donors, found.paired) == (design.donors, design.paired)


def test_a_design_without_donors_is_the_same_from_its_table(tmp_path):
    design = make_design([None, *"ab" * 30], AB, min_cells=20)
    write_table(tabulate_design(design, [f"c{n}" for n in range(61)]), tmp_path / "cells.tsv")
    found = read_design(read_table(tmp_path / "cells.tsv", COLUMNS), AB)
    assert found.rows.tolist() == list(range(1, 61))
    assert found.labels.tolist() == design.labels.tolist()
    assert found.donors == ()
