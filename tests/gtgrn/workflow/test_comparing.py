"""Comparisons in the plan: within which groups, and bad input before anything runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.errors import InputError
from gtgrn.workflow.cell_groups import CellGroups
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import StudyFiles

COMPARE = {"by": "state", "groups": ["a", "b"], "within": "kind", "unit": "donor", "min_cells": 25}
CELLS = 240


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """A card of cells of two types and eight donors, and a function that changes its section."""
    monkeypatch.chdir(tmp_path)
    number = np.arange(CELLS)
    obs = pd.DataFrame(
        {
            "state": np.where(number % 8 < 4, "a", "b"),
            "kind": pd.Categorical(np.where(number < 160, "T/NK", "B")),
            "donor": number % 8,
            "one": np.where(number % 8 < 4, "x", "y"),
        },
        index=[f"c{n}" for n in number],
    )
    obs.loc[(obs["kind"] == "B") & (number % 8 < 4) & (number > 200), "state"] = "b"
    ad.AnnData(np.ones((CELLS, 2), np.float32), obs=obs).write_h5ad("mine.h5ad")
    Path("config/datasets").mkdir(parents=True)

    def write(**changes):
        expression = {"format": "h5ad", "path": "mine.h5ad", "values": "counts"}
        compare = {key: x for key, x in {**COMPARE, **changes}.items() if x is not None}
        card = {"title": "Mine", "expression": expression, "compare": compare}
        Path("config/datasets/mine.yaml").write_text(yaml.safe_dump(card))
        return make_plan({"datasets": ["mine"]})

    return write


def error(write, **changes) -> str:
    with pytest.raises(InputError) as caught:
        write(**changes)
    assert len(str(caught.value)) <= 300
    return str(caught.value)


def test_one_comparison_within_each_type_that_has_the_cells(cards):
    plan = cards()
    left_out = {group.name: group.left_out for group in plan.compared["mine"]}
    assert left_out == {"T_NK": "", "B": "21 cells are 'a', of 25 needed"}
    assert CellGroups(plan).within("mine", "T_NK") == "T/NK"
    assert CellGroups(plan).not_compared("mine") == [{"within": "B", "left_out": left_out["B"]}]
    studies = StudyFiles(plan)
    job = SimpleNamespace(dataset="mine")
    assert studies.comparisons(job) == ["<results>/mine/comparison/T_NK/summary.json"]
    assert studies.pages["report"] == ["comparison"]
    columns = {"compare.by": "state", "compare.within": "kind", "compare.unit": "donor"}
    assert CellGroups(plan).columns("mine") == columns


def test_all_cells_without_groups_or_donors(cards):
    plan = cards(within=None, unit=None)
    assert [(g.value, g.cells) for g in plan.compared["mine"]] == [("all", CELLS)]


def test_bad_comparisons_end_in_one_line(cards):
    message = error(cards, groups=["a", "treated"])
    assert "'compare.groups': no cell has 'treated' in the column 'state'" in message
    assert "Its values are a, b" in message
    assert "'compare.groups': 'a' twice" in error(cards, groups=["a", "a"])
    assert "obs has no column 'status'" in error(cards, by="status")
    assert "'compare.by': obs column 'donor' holds numbers" in error(cards, by="donor", unit=None)
    assert "'compare.unit': 'state' is compare.by too" in error(cards, unit="state")
    assert "'compare.include': has no effect" in error(cards, within=None, include=["B"])
    assert "no cell has 'NK' in the column 'kind'" in error(cards, include=["NK"])
    message = error(cards, min_cells=200)
    assert (
        "'compare.min_cells': nothing can be compared within 'T/NK': 80 cells are 'a'" in message
    )
    message = error(cards, unit="one")
    assert "'compare.unit': nothing can be compared" in message
    assert "1 donors of 'a', and 2 are needed, of 10 cells each" in message


def test_a_column_that_cannot_be_read_yet_must_be_listed(cards):
    Path("mine.h5ad").write_bytes(b"\x1f\x8b packed")
    assert "'compare.include': missing; the column cannot be read" in error(cards)
    assert [g.name for g in cards(include=["T/NK"]).compared["mine"]] == ["T_NK"]
    assert [g.name for g in cards(within=None).compared["mine"]] == ["all"]
