"""Groups of cells as data sets of the plan: names, what is left out, what is trained."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from gtgrn.config.group_checks import LONGEST_NAME, RESERVED, safe_names
from gtgrn.errors import InputError
from gtgrn.workflow.cell_groups import CellGroups
from gtgrn.workflow.context import ContextFiles
from gtgrn.workflow.files import Files
from gtgrn.workflow.plan import make_plan
from gtgrn.workflow.studies import StudyFiles

ROOT = Path(__file__).parents[3]
TYPES = ["CD4+/CD25 T"] * 30 + ["CD4- T"] * 25 + ["B"] * 20 + ["rare"] * 4 + [None] * 2


@pytest.fixture
def cards(tmp_path, monkeypatch):
    """A card of a matrix with a column of types, and a function that changes the card."""
    monkeypatch.chdir(tmp_path)
    obs = pd.DataFrame({"kind": pd.Categorical(TYPES), "depth": np.arange(len(TYPES))})
    obs.index = [f"c{i}" for i in range(len(TYPES))]
    ad.AnnData(np.ones((len(TYPES), 2), np.float32), obs=obs).write_h5ad("mine.h5ad")
    Path("edges.tsv").write_text("regulator\ttarget\nA\tB\n")
    Path("markers.tsv").write_text("cell_type\tgene\nT\tA\nB\tB\n")
    Path("counts.csv").write_text(",A,B\nc1,1,2\n")
    Path("config/datasets").mkdir(parents=True)

    def write(expression=None, **sections):
        expression = expression or {"format": "h5ad", "path": "mine.h5ad", "values": "counts"}
        card = {"title": "Mine", "expression": expression, **sections}
        Path("config/datasets/mine.yaml").write_text(yaml.safe_dump(card))
        return make_plan({"datasets": ["mine"]})

    return write


def error(write, *arguments, **sections) -> str:
    with pytest.raises(InputError) as caught:
        write(*arguments, **sections)
    assert len(str(caught.value)) <= 300
    return str(caught.value)


def test_each_large_group_is_a_data_set_beside_the_whole(cards):
    plan = cards(groups={"by": "kind", "min_cells": 20}, reference={"path": "edges.tsv"})
    assert list(plan.listed) == ["mine", "mine/B", "mine/CD4+_CD25_T", "mine/CD4-_T"]
    assert plan.expressed == list(plan.listed)
    left_out = {row["value"]: row["left_out"] for row in CellGroups(plan).rows("mine")}
    assert left_out["rare"] == "fewer cells than min_cells"
    assert not left_out["B"]
    assert CellGroups(plan).columns("mine") == {"groups.by": "kind"}
    assert Files(plan).whole(SimpleNamespace(dataset="mine/B")) == "<results>/mine/expression.h5ad"


def test_only_networks_are_made_of_groups_unless_models_are_asked_for(cards):
    sections = {"groups": {"by": "kind"}, "reference": {"path": "edges.tsv"}}
    sections["groups"]["min_cells"] = 10
    plan = cards(**sections)
    assert plan.supervised == ["mine"]
    assert ContextFiles(plan).ranked == []
    signs = {"signs": "<results>/mine/reference.tsv"}
    assert Files(plan).final_network(SimpleNamespace(dataset="mine/B")) == signs
    assert Files(plan).stabilities() == ["<results>/mine/evaluation/stability.tsv"]
    sections["groups"]["models"] = True
    plan = cards(**sections)
    assert plan.supervised == list(plan.listed)
    assert Files(plan).stabilities() == ["<results>/mine/evaluation/stability.tsv"]
    plan.config["peers"]["methods"] = ["gne"]
    plan.config["ablations"] |= {"datasets": ["mine"], "variants": ["E"]}
    assert plan.peers_of("mine")
    assert not plan.peers_of("mine/B")
    assert set(plan.trained_variants("mine")) - set(plan.trained_variants("mine/B")) == {"E"}
    assert plan.tuned == plan.studied == ["mine"]


def test_a_network_of_others_is_that_of_the_whole(cards):
    plan = cards(groups={"by": "kind", "min_cells": 10})
    plan.config["third_party"] = {"others": {"dataset": "mine", "path": "x"}}
    assert plan.third_party("mine") == ["others"]
    assert plan.third_party("mine/B") == []


def test_listed_groups_alone(cards):
    plan = cards(groups={"by": "kind", "min_cells": 10, "include": ["B", "rare"]})
    assert list(plan.listed) == ["mine", "mine/B"]
    reasons = {row["value"]: row["left_out"] for row in CellGroups(plan).rows("mine")}
    assert reasons["CD4- T"] == "not in groups.include"
    message = error(cards, groups={"by": "kind", "include": ["rar"]})
    assert "'groups.include': no cell has 'rar'" in message
    assert "Did you mean 'rare'?" in message


def test_bad_groups_end_in_one_line_before_anything_runs(cards):
    assert "obs has no column 'type'. Name one of kind, depth" in error(
        cards, groups={"by": "type"}
    )
    assert "'depth' holds numbers, not groups" in error(cards, groups={"by": "depth"})
    message = error(cards, groups={"by": "kind", "min_cells": 31})
    assert "no group of the column 'kind' has 31 cells (the largest has 30)" in message
    table = {"format": "table", "path": "counts.csv", "orientation": "cells_by_genes"}
    message = error(cards, table, groups={"by": "kind"})
    assert "mine.yaml: 'groups.by': cells of format table have no column 'kind'" in message
    message = error(cards, {**table, "markers": "markers.tsv"}, groups={"by": "cell_type"})
    assert "'groups.include': missing; the types that markers give" in message
    message = error(cards, groups={"by": "kind", "models": True})
    assert "'groups.models': no model is trained without a reference" in message


def test_each_remedy_works_when_it_is_followed(cards):
    message = error(cards, groups={"by": "kind", "min_cells": 31})
    assert message.endswith("Lower it to 30")
    assert list(cards(groups={"by": "kind", "min_cells": 30}).groups) == ["mine/CD4+_CD25_T"]
    section = {"by": "kind", "min_cells": 31, "include": ["rare", "B"]}
    assert error(cards, groups=section).endswith("Lower it to 20")
    assert list(cards(groups={**section, "min_cells": 20}).groups) == ["mine/B"]
    message = error(cards, groups={"by": "depth"})
    adata = ad.read_h5ad("mine.h5ad")
    adata.obs["depth"] = adata.obs["depth"] // 40
    change = re.search(r"adata\.obs\['depth'\](\.astype\(\S+\))", message)[1]
    assert change == ".astype(str).astype('category')"
    adata.obs["depth"] = adata.obs["depth"].astype(str).astype("category")
    adata.write_h5ad("mine.h5ad")
    assert list(cards(groups={"by": "depth", "min_cells": 10}).groups) == ["mine/0", "mine/1"]
    table = {"format": "table", "path": "counts.csv", "orientation": "cells_by_genes"}
    message = error(cards, table, groups={"by": "kind"})
    assert "give expression.markers and 'by: cell_type'" in message
    marked = {**table, "markers": "markers.tsv"}
    assert "'groups.include': missing" in error(cards, marked, groups={"by": "cell_type"})
    assert cards(marked, groups={"by": "cell_type", "include": ["T"]}).groups


def test_cells_that_are_all_of_their_own_group_have_no_number_to_lower_to(cards):
    adata = ad.read_h5ad("mine.h5ad")
    adata.obs["kind"] = [f"k{n}" for n in range(len(TYPES))]
    adata.write_h5ad("mine.h5ad")
    assert error(cards, groups={"by": "kind"}).endswith("Remove the section")


def test_what_is_not_there_yet_must_be_listed(cards):
    table = {"format": "table", "path": "counts.csv", "orientation": "cells_by_genes"}
    groups = {"by": "cell_type", "include": ["T", "B"]}
    plan = cards({**table, "markers": "markers.tsv"}, groups=groups)
    assert list(plan.listed) == ["mine", "mine/B", "mine/T"]
    assert CellGroups(plan).columns("mine") == {}
    Path("mine.h5ad").write_bytes(b"\x1f\x8b packed")
    message = error(cards, groups={"by": "kind"})
    assert "mine.h5ad: 'groups.include': missing; the column cannot be read before" in message
    assert list(cards(groups={"by": "kind", "include": ["x"]}).groups) == ["mine/x"]


def test_names_are_folders_that_no_other_has():
    values = ["CD4+/CD25 T", "CD4+ CD25 T", "cd4+_cd25_t", "networks", "..", "/", "ü", "-T"]
    names = safe_names([*values, "x" * 300, "x" * 301])
    assert list(names) == sorted(names)
    assert len({name.casefold() for name in names.values()}) == len(names)
    for name in names.values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", name)
        assert len(name) <= LONGEST_NAME + 2
        assert name not in RESERVED
    assert names["networks"] == "networks_2"
    assert names["-T"] == "T"
    assert safe_names(["CD8-"]) == {"CD8-": "CD8-"}


def test_no_folder_of_results_can_be_the_name_of_a_group():
    """A folder beside the groups that is not reserved would mix two data sets' files."""
    rules = [*ROOT.glob("workflow/rules/*.smk"), ROOT / "workflow/Snakefile"]
    text = "\n".join(path.read_text() for path in rules)
    text += "\n".join(path.read_text() for path in ROOT.glob("scripts/gtgrn/workflow/*.py"))
    found = set(re.findall(r"<(?:results|benchmarks)>/\{+dataset\}+/([a-z_]+)/", text))
    assert len(found) > 8
    assert found <= RESERVED


def test_the_studies_of_cell_types_are_of_the_whole(cards):
    section = {"format": "h5ad", "path": "mine.h5ad", "values": "counts", "cell_type": "kind"}
    plan = cards(section, groups={"by": "kind", "min_cells": 10})
    assert plan.typed == ["mine"]
    assert StudyFiles(plan).pages["report"] == ["groups"]
    assert "<results>/mine/groups.tsv" in StudyFiles(plan).of_page(SimpleNamespace(page="report"))
    assert StudyFiles(cards()).pages["report"] == []
