"""The package installs on its own, and its modules and data are all there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys
import gtgrn
folder = pathlib.Path(gtgrn.__file__).parent
assert folder.parent == pathlib.Path(sys.argv[1]), folder
names = [m.name for m in pkgutil.walk_packages([str(folder)], "gtgrn.")]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == "gtgrn" or error.name.startswith("gtgrn."):
            raise
from gtgrn.config import cards, settings
from gtgrn.config.validation import read_schema
assert folder in settings.SCHEMA.parents, settings.SCHEMA
assert folder in cards.SCHEMA.parents, cards.SCHEMA
assert read_schema(settings.SCHEMA)["properties"]
assert read_schema(cards.SCHEMA)["properties"]
print(len(names))
"""


@pytest.mark.slow
def test_the_installed_package_imports_every_module_and_reads_its_data(tmp_path):
    # From a copy: a build leaves its folders beside the sources.
    source, target = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("scripts", "workflow/schemas"):
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "build")
        )
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--target", str(target), str(source)),
        ],
        check=True,
    )
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALL, str(target)],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    package = ROOT / "scripts" / "gtgrn"
    # All modules but the root, and the schemas, which have none.
    modules = [p for p in package.rglob("*.py") if p != package / "__init__.py"]
    assert int(run.stdout.splitlines()[-1]) == len(modules)
    for suffix in ("*.j2", "*.css", "*.js", "*.yaml"):
        for path in package.rglob(suffix):
            assert (target / path.relative_to(package.parent)).is_file(), path
