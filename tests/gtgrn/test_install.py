"""The package installs on its own: its modules, its data, its command and the workflow."""

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


def files_of_the_repository() -> list[str]:
    """Return what is under version control, and what is about to be."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Return a folder into which the package was installed, without what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    # From a copy: a build leaves its folders beside the sources.
    source, target = folder / "source", folder / "site"
    for name in files_of_the_repository():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--target", str(target), str(source)),
        ],
        check=True,
    )
    return target


def call(target: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-P", *words],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(target)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_the_installed_package_imports_every_module_and_reads_its_data(installed, tmp_path):
    run = call(installed, tmp_path, "-c", IMPORT_ALL, str(installed))
    assert run.returncode == 0, run.stdout
    package = ROOT / "scripts" / "gtgrn"
    # All modules but the root.
    modules = [p for p in package.rglob("*.py") if p != package / "__init__.py"]
    assert int(run.stdout.splitlines()[-1]) == len(modules)
    for suffix in ("*.j2", "*.css", "*.js", "*.yaml", "LICENSE.*"):
        for path in package.rglob(suffix):
            assert (installed / path.relative_to(package.parent)).is_file(), path


@pytest.mark.slow
def test_the_installed_command_has_the_workflow_with_it(installed, tmp_path):
    """A run in an empty folder is planned by the workflow of the wheel, under its own profile."""
    run = call(installed, tmp_path, "-m", "gtgrn", "run", "--dry-run")
    assert run.returncode == 0, run.stdout[-3000:]
    assert "steps would run" in run.stdout
    assert str(installed / "gtgrn/shipped/workflow/profiles/default") in run.stdout
    # What it needs is what is asked for, and no tool of development.
    metadata = next(installed.glob("gtgrn-*.dist-info")) / "METADATA"
    needed = [line for line in metadata.read_text().splitlines() if "Requires-Dist" in line]
    assert any(line.endswith("click") for line in needed)
    assert not [line for line in needed if "pytest" in line or "rpy2" in line]
    assert (installed / "bin/gtgrn").is_file()
