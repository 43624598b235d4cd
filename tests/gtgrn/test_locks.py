"""What is installed is what was locked, to the byte."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from check_environments import read_lock
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = [
    *(ROOT / name for name in ("requirements.lock", "docs/requirements.lock")),
    *sorted((ROOT / "locks").glob("*.lock")),
]
SMALL = {
    "locks/pip.lock": "first==1.0",
    "locks/torch.lock": "torch==1.0",
    "locks/torch-cpu.lock": "torch==1.0+cpu",
    "requirements.lock": "last==1.0",
}
"""The locks that a test makes, each with one package, which has a module without a line."""


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_release_of_a_lock_has_a_version_and_hashes(path):
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    entries = [entry for entry in entries if not entry.startswith("#")]
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+( ; .+)? \\\n", entry), entry
        lines = entry.splitlines()[1:]
        assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines)


def test_the_locks_pin_what_is_asked_for():
    locks = {path: read_lock(path.read_text()) for path in LOCKS}
    pinned = locks[ROOT / "requirements.lock"] | locks[ROOT / "locks/torch.lock"]
    for line in (ROOT / "requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            name = wanted.name.lower().replace("_", "-")
            assert wanted.specifier.contains(pinned[name]), line
    small = locks[ROOT / "locks/torch-cpu.lock"]["torch"]
    assert small == f"{pinned['torch']}+cpu"
    # DGL has no wheel for other Pythons; all else is for each that the package allows.
    lines = [x for x in (ROOT / "requirements.lock").read_text().splitlines() if "==" in x]
    assert [x.split("==")[0] for x in lines if "python_full_version < '3.12'" in x][0] == "dgl"


def make_wheel(folder: Path, pinned: str) -> Path:
    """Write a wheel that holds a module of the package's name."""
    name, version = pinned.split("==")
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in {**files, f"{info}/RECORD": ""}.items():
            wheel.writestr(inside, text)
    return path


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    return folder / "venv"


class Site:
    """A folder with the script that installs, small locks and the wheels that they name.

    torch's usual build is on an index, which states its hash; the other wheels lie in a folder.
    """

    def __init__(self, folder: Path, environment: Path) -> None:
        self.folder, self.environment, self.wheels = folder, environment, {}
        for name in ("locks", "wheels", "index/torch"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "locks/install.sh", folder / "locks")
        for name, pinned in SMALL.items():
            on_index = name == "locks/torch.lock"
            place = folder / ("index/torch" if on_index else "wheels")
            self.wheels[pinned] = wheel = make_wheel(place, pinned)
            digest = sha256(wheel.read_bytes()).hexdigest()
            (folder / name).write_text(f"{pinned} \\\n    --hash=sha256:{digest}\n")
            if on_index:
                link = f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>'
                (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}")

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
        own = {"PIP_INDEX_URL": (self.folder / "index").as_uri(), "PIP_CONFIG_FILE": os.devnull}
        own |= {"PIP_FIND_LINKS": str(self.folder / "wheels"), **variables}
        return subprocess.run(command, env=kept | own, capture_output=True, text=True)

    def install(self, **variables: str) -> subprocess.CompletedProcess:
        return self.run(str(self.folder / "locks/install.sh"), str(self.environment), **variables)

    def installed(self) -> set[str]:
        python = str(self.environment / "bin/python")
        listed = self.run(python, "-m", "pip", "list", "--format=freeze").stdout.split()
        return {line for line in listed if line.split("==")[0] in ("first", "torch", "last")}


@pytest.fixture
def site(tmp_path, environment):
    site = Site(tmp_path, environment)
    python = str(environment / "bin/python")
    site.run(python, "-m", "pip", "uninstall", "--yes", "first", "torch", "last")
    assert not site.installed()
    return site


def test_everything_is_installed_with_the_small_build_of_torch(site):
    run = site.install()
    assert run.returncode == 0, run.stderr
    assert site.installed() == {"first==1.0", "torch==1.0+cpu", "last==1.0"}


def test_the_other_build_is_installed_where_it_is_the_only_one_or_asked_for(site):
    assert site.install(TORCH="cuda").returncode == 0
    assert "torch==1.0" in site.installed()
    site.run(str(site.environment / "bin/python"), "-m", "pip", "uninstall", "--yes", "torch")
    site.wheels["torch==1.0+cpu"].unlink()
    run = site.install()
    assert run.returncode == 0, run.stderr
    assert "torch==1.0" in site.installed()


@pytest.mark.parametrize("pinned", ["first==1.0", "torch==1.0+cpu", "last==1.0"])
def test_a_file_that_was_tampered_with_ends_the_installation(site, pinned):
    with zipfile.ZipFile(site.wheels[pinned], "a") as wheel:
        wheel.writestr("planted.py", "print('not what was locked')\n")
    run = site.install()
    assert run.returncode != 0
    assert "DO NOT MATCH THE HASHES" in run.stderr
    assert pinned not in site.installed()
    # Nor does anything else come in its place.
    assert not [name for name in site.installed() if name.startswith(pinned.split("==")[0])]
