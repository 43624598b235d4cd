"""The gate of conda environments passes on what is here and catches what is planted."""

from __future__ import annotations

import shutil
from pathlib import Path

import check_environments as gate
import pytest
import third_party

SCRIPT = "import numpy\nfrom gtgrn.tables import write\n\nwrite(1)\n"
TABLES = """
from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    import torch

def write(x: torch.Tensor):
    import scipy.sparse
    try:
        import psutil
    except ImportError:
        pass
    return [helper(x), FORMS["a"]]

def helper(x):
    try:
        import h5py
    except ImportError as error:
        raise ValueError from error

def never():
    import scanpy

class Kept:
    def method(self):
        import networkx

FORMS = {"a": Kept}
NOT_USED = {"a": never}
"""


@pytest.fixture
def root(tmp_path):
    """A copy of what the gate reads."""
    for name in ("envs", "scripts", "workflow/rules"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(gate.ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "locks").mkdir()
    for name in gate.LOCKS:
        shutil.copy(gate.ROOT / name, tmp_path / name)
    return tmp_path


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_environments_that_are_here_pass_and_their_sources_were_read():
    complaints, said = gate.check()
    assert complaints == []
    assert said.endswith("0 of them not read: none")


def test_what_a_script_can_reach_is_followed_by_name(tmp_path):
    (tmp_path / "gtgrn").mkdir()
    (tmp_path / "gtgrn/__init__.py").touch()
    (tmp_path / "gtgrn/tables.py").write_text(TABLES)
    (tmp_path / "script.py").write_text(SCRIPT)
    reach = third_party.Reach(tmp_path).follow(tmp_path / "script.py")
    assert set(reach.needed) == {"numpy", "yaml", "scipy", "h5py", "networkx"}
    assert set(reach.optional) == {"psutil"}
    # A module that is loaded by its name runs any of its functions.
    (tmp_path / "empty.py").touch()
    reach = third_party.Reach(tmp_path).follow(tmp_path / "empty.py", ["gtgrn.tables"])
    assert {"yaml", "scanpy", "networkx"} <= set(reach.needed)
    assert "numpy" not in reach.needed


PLANTED = {
    "a wrong pin": (
        "envs/report.yaml",
        "pandas =2.3",
        "pandas =2.2",
        "does not say what the lock",
    ),
    "no pin": ("envs/report.yaml", "pandas =2.3", "pandas", "does not say what the lock"),
    "not carried": ("envs/report.yaml", "plotly >=6.6,<8", "plotly =7.1", "lets in nothing"),
    "unknown": ("envs/base.yaml", "decoupler-py >=2.1,<3", "decoupler =2", "no channel that was"),
    "its channel": ("envs/base.yaml", "conda-forge, bioconda,", "conda-forge,", "is on bioconda"),
    "lacking": (
        "envs/report.yaml",
        "  - jinja2 =3\n",
        "",
        "lacks jinja2, which rule build_report",
    ),
    "heavier": (
        "envs/report.yaml",
        "  - scipy",
        "  - scanpy =1.11\n  - scipy",
        "has scanpy, which",
    ),
    "a new import": (
        "scripts/gtgrn/report/page.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\nimport requests\n",
        "lacks requests, which rule build_report imports (gtgrn/report/page.py",
    ),
    "a plug-in's import": (
        "scripts/gtgrn/inference/methods/pearson.py",
        "from __future__ import annotations\n",
        "from __future__ import annotations\nimport torch\n",
        "envs/base.yaml lacks torch, which rule infer_pearson imports",
    ),
    "a wheel": (
        "envs/torch.yaml",
        "dgl==1.1.3",
        "dgl==1.1.2",
        "dgl==1.1.2 of pip, locked is 1.1.3",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_caught(root, planted):
    name, old, new, said = PLANTED[planted]
    edit(root / name, old, new)
    environment = "base" if "pearson" in name else Path(name).stem
    complaints, _ = gate.check(root, "report" if environment == "page" else environment)
    assert any(said in complaint for complaint in complaints)


def test_constraints_are_condas():
    assert gate.lets_in("=2.3", "2.3.3")
    assert not gate.lets_in("=2.3", "2.30.0")
    assert not gate.lets_in("=6", "7.1.0")
    assert gate.lets_in(">=6.6,<8", "7.1.0")
    assert not gate.lets_in(">=6.6,<7", "7.1.0")


def test_a_source_that_was_not_read_is_counted(monkeypatch, tmp_path):
    table = tmp_path / "carried.tsv"
    lines = gate.CARRIED.read_text().splitlines()
    table.write_text("\n".join([*lines[:-1], lines[-1].rsplit("\t", 1)[0] + "\t"]) + "\n")
    monkeypatch.setattr(gate, "CARRIED", table)
    assert "1 of them not read: zarr" in gate.check(name="report")[1]
