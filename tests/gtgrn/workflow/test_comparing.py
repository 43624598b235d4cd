"""Comparisons in the plan: within which groups, and bad input before anything runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config.group_checks import FEWEST_CELLS
from gtgrn.errors import InputError
from gtgrn.workflow.cell_groups import CellGroups
from gtgrn.workflow.grouping import FEWEST
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

    def write(obs=None, **changes):
        if obs is not None:
            ad.AnnData(np.ones((CELLS, 2), np.float32), obs=obs).write_h5ad("mine.h5ad")
        expression = {"format": "h5ad", "path": "mine.h5ad", "values": "counts"}
        compare = {key: x for key, x in {**COMPARE, **changes}.items() if x is not None}
        card = {"title": "Mine", "expression": expression, "compare": compare}
        Path("config/datasets/mine.yaml").write_text(yaml.safe_dump(card))
        return make_plan({"datasets": ["mine"]})

    write.obs = obs
    return write


def error(write, *obs, **changes) -> str:
    with pytest.raises(InputError) as caught:
        write(*obs, **changes)
    assert len(str(caught.value)) <= 300
    return str(caught.value)


def test_one_comparison_within_each_type_that_has_the_cells(cards):
    plan = cards()
    left_out = {group.name: group.left_out for group in plan.compared["mine"]}
    assert left_out == {"T_NK": "", "B": "21 cells are 'a', of 25 needed"}
    assert CellGroups(plan).within("mine", "T_NK") == "T/NK"
    assert CellGroups(plan).not_compared("mine") == [{"within": "B", "left_out": left_out["B"]}]
    studies = StudyFiles(plan)
    assert "methods" not in CellGroups(plan).comparison("mine")
    job = SimpleNamespace(dataset="mine")
    assert studies.comparisons(job) == ["<results>/mine/comparison/T_NK/summary.json"]
    assert studies.pages["report"] == ["comparison"]
    columns = {"compare.by": "state", "compare.within": "kind", "compare.unit": "donor"}
    assert CellGroups(plan).columns("mine") == columns


def test_each_method_has_a_summary_of_its_own(cards):
    plan = cards(methods=["grnboost2", "clr"])
    folder = "<results>/mine/comparison/T_NK"
    assert StudyFiles(plan).comparisons(SimpleNamespace(dataset="mine")) == [
        f"{folder}/{name}summary.json" for name in ("", "grnboost2/", "clr/")
    ]
    ranked = {"groups": ["a", "b"], "permutations": 1000, "method_labellings": 40}
    assert CellGroups(plan).ranked("mine") == ranked


def test_the_least_numbers_of_remedies_are_those_of_the_schema():
    path = Path(__file__).parents[3] / "workflow/schemas/dataset.schema.yaml"
    sections = yaml.safe_load(path.read_text())["properties"]
    least = [
        sections[name]["properties"]["min_cells"]["minimum"] for name in ("compare", "groups")
    ]
    assert least == [FEWEST_CELLS, FEWEST]


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
    message = error(cards, methods=["grnbost2"])
    assert "'compare.methods': there is no method 'grnbost2'. Did you mean 'grnboost2'?" in message
    assert "random weights do not differ" in error(cards, methods=["random"])
    message = error(cards, min_cells=200)
    assert (
        "'compare.min_cells': nothing can be compared within 'T/NK': 80 cells are 'a'" in message
    )
    message = error(cards, unit="one")
    assert "'compare.unit': nothing can be compared" in message
    assert "1 donors of 'a', and 2 are needed, of 10 cells each" in message


def test_what_cannot_be_compared_within_a_type_is_left_out_and_listed(cards):
    obs = cards.obs.copy()
    obs.loc[obs["kind"] == "B", "state"] = "b"
    left_out = CellGroups(cards(obs)).not_compared("mine")
    assert left_out == [{"within": "B", "left_out": "0 cells are 'a', of 25 needed"}]
    obs = cards.obs.assign(donor=[f"d{n}" for n in cards.obs["donor"]], state="a")
    number = np.arange(CELLS)
    obs.loc[(number % 8 < 4) == (obs["kind"] == "B"), "state"] = "b"
    obs.loc[(obs["kind"] == "B") & (obs["state"] == "b"), "donor"] = "d0"
    left_out = CellGroups(cards(obs)).not_compared("mine")
    reason = "1 donors of 'b', and 2 are needed, of 10 cells each"
    assert left_out == [{"within": "B", "left_out": reason}]


def test_each_remedy_of_the_cells_works_when_it_is_followed(cards):
    message = error(cards, min_cells=200)
    assert message.endswith("Lower it to 80")
    assert not cards(min_cells=80).compared["mine"][1].left_out
    # Each type in one condition: no number of cells would do, all cells together do.
    obs = cards.obs.assign(state=np.where(cards.obs["kind"] == "B", "a", "b"))
    message = error(cards, obs, unit=None)
    assert "0 cells are" in message
    assert message.endswith("Remove compare.within")
    assert not cards(obs, unit=None, within=None).compared["mine"][0].left_out
    obs = cards.obs.assign(state=["a"] * 10 + ["b"] * (CELLS - 10))
    assert error(cards, obs, unit=None).endswith("Remove the section compare")


def test_each_remedy_of_the_donors_works_when_it_is_followed(cards):
    assert "Remove the key" in error(cards, unit="one")
    assert not cards(unit=None).compared["mine"][1].left_out
    # One donor of both conditions among others of one; found now, not after the networks.
    obs = cards.obs.assign(donor=[f"d{n}" for n in cards.obs["donor"]])
    obs.loc[(obs["donor"] == "d4") & (obs["kind"] == "T/NK"), "donor"] = "d0"
    message = error(cards, obs)
    assert "'compare.unit'" in message
    assert "donor 'd0' has cells of both conditions, and the others of one" in message
    assert "Name a column of samples" in message
    obs["sample"] = obs["donor"] + obs["state"]
    assert not cards(obs, unit="sample").compared["mine"][1].left_out


@pytest.mark.parametrize("key", ["by", "within"])
def test_numbers_as_conditions_or_groups_work_once_they_are_stored_as_the_remedy_says(cards, key):
    obs = cards.obs.assign(number=(np.arange(CELLS) < 160).astype(int))
    changes = {"unit": None, key: "number"}
    changes |= {"within": None, "groups": ["0", "1"]} if key == "by" else {}
    message = error(cards, obs, **changes)
    assert f"'compare.{key}': obs column 'number' holds numbers" in message
    assert message.endswith("adata.obs['number'].astype(str).astype('category')")
    obs["number"] = obs["number"].astype(str).astype("category")
    assert cards(obs, **changes).compared["mine"]


def test_every_donor_that_is_left_may_be_too_few(cards):
    """Donors with both conditions are compared in pairs, and the others' cells do not count."""
    obs = cards.obs.assign(donor="d9")
    number = np.arange(CELLS)
    for pair in (0, 1):
        for state in "ab":
            own = np.flatnonzero((obs["kind"] == "T/NK") & (obs["state"] == state))[:22]
            obs.iloc[own[pair::2], obs.columns.get_loc("donor")] = f"d{pair}"
    obs.loc[(obs["donor"] == "d9") & (number % 2 == 0), "donor"] = "d8"
    obs.loc[obs["donor"].isin(["d8", "d9"]), "donor"] += obs["state"]
    message = error(cards, obs)
    assert "22 cells are 'a', of 25 needed. Lower it to 22" in message
    assert not cards(obs, min_cells=22).compared["mine"][1].left_out


def test_a_column_that_cannot_be_read_yet_must_be_listed(cards):
    Path("mine.h5ad").write_bytes(b"\x1f\x8b packed")
    assert "'compare.include': missing; the column cannot be read" in error(cards)
    assert [g.name for g in cards(include=["T/NK"]).compared["mine"]] == ["T_NK"]
    assert [g.name for g in cards(within=None).compared["mine"]] == ["all"]
