"""A conda channel on this machine: the installed packages of the lock, under conda's names.

No channel of conda can be reached where this is tested. So each distribution that is installed
here becomes a package of a local channel, with its files as they are, its version, and its
requirements as dependencies; Python itself becomes one too. What R's packages are called is in the
channel as empty packages of the versions that `tests/gates/conda_channels.tsv` names, so that
their environment can be solved: R is not in it. Wheels that an environment takes by pip are made
from the installed distributions likewise.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path

from check_environments import CARRIED, ON_PYPI, Environment, read_carried
from numcodecs.zstd import compress
from packaging.requirements import Requirement

SUBDIR = "linux-64"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/python{PYTHON}/site-packages"
CONDA_NAMES = {pypi: conda for conda, pypi in ON_PYPI.items()}
NOT_PACKED = re.compile(
    r"lib/python[\d.]+/(site-packages|test|idlelib|tkinter|config-|ensurepip/)"
)
EMPTY = re.compile(r"r-.+|bioconductor-.+")
Files = Iterator[tuple[str, Path]]


def conda_name(name: str) -> str:
    """Return what conda calls a distribution of PyPI."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    return CONDA_NAMES.get(name, name)


def files_of(distribution: Distribution) -> Files:
    """Yield where each file of an installed distribution goes, and where it is.

    Commands are left out: what runs here is run as ``python -m``.
    """
    for file in distribution.files or ():
        path = Path(file.locate())
        if not file.as_posix().startswith("..") and path.is_file() and path.name != "RECORD":
            yield f"{SITE}/{file.as_posix()}", path


def requirements_of(distribution: Distribution) -> list[str]:
    """Return a distribution's requirements on this machine as dependencies of conda."""
    found = [f"python {PYTHON}.*"]
    for text in distribution.requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            found.append(f"{conda_name(wanted.name)} {wanted.specifier}".strip())
    return found


def python_files() -> Files:
    """Yield Python's own files: the program, its library and the standard library."""
    base = Path(sys.base_prefix)
    yield "bin/python", Path(sys.executable).resolve()
    yield f"bin/python{PYTHON}", Path(sys.executable).resolve()
    for pattern in (f"libpython{PYTHON}*", f"python{PYTHON}/**/*"):
        for path in base.joinpath("lib").glob(pattern):
            name = path.relative_to(base).as_posix()
            if path.is_file() and not NOT_PACKED.match(name):
                yield name, path


def write_package(
    channel: Path, name: str, version: str, depends: list[str], files: Files
) -> tuple[str, dict[str, object]]:
    """Write a package of conda's format 2, a zip of two packed archives; its line of the index."""
    described = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": depends,
        "subdir": SUBDIR,
    }  # fmt: skip
    paths, content = [], io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for inside, path in files:
            archive.add(path.resolve(), inside, recursive=False)
            paths.append({"_path": inside, "path_type": "hardlink"})
    about, info = {"paths": paths, "paths_version": 1}, io.BytesIO()
    with tarfile.open(fileobj=info, mode="w") as archive:
        for inside, value in (("info/index.json", described), ("info/paths.json", about)):
            text = json.dumps(value).encode()
            entry = tarfile.TarInfo(inside)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    stem = f"{name}-{version}-0"
    path = channel / SUBDIR / f"{stem}.conda"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        package.writestr(f"pkg-{stem}.tar.zst", compress(content.getvalue(), 1))
        package.writestr(f"info-{stem}.tar.zst", compress(info.getvalue(), 1))
    digest = sha256(path.read_bytes()).hexdigest()
    return path.name, {**described, "sha256": digest, "size": path.stat().st_size}


def write_wheel(folder: Path, distribution: Distribution) -> None:
    """Write a wheel from an installed distribution."""
    name = re.sub(r"[-_.]+", "_", distribution.metadata["Name"])
    stem = f"{name}-{distribution.version}"
    lines = []
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for inside, path in files_of(distribution):
            inside = inside.removeprefix(f"{SITE}/")
            if not inside.endswith((".pyc", "/WHEEL", "/INSTALLER", "/REQUESTED")):
                wheel.write(path, inside)
                lines.append(f"{inside},,")
        info = next(line.split("/")[0] for line in lines if ".dist-info/" in line)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                       "Tag: py3-none-any\n")  # fmt: skip
        wheel.writestr(
            f"{info}/RECORD", "\n".join([*lines, f"{info}/WHEEL,,", f"{info}/RECORD,,"])
        )


def needed_by(names: Iterable[str], own: dict[str, Distribution]) -> set[str]:
    """Return packages and all that they depend on, of those that are installed."""
    found, waiting = set(), list(names)
    while waiting:
        if (name := waiting.pop()) in own and name not in found:
            found.add(name)
            waiting += [line.split()[0] for line in requirements_of(own[name])]
    return found


def make_channels(
    folder: Path, environments: Iterable[Environment], more: Iterable[str] = ()
) -> None:
    """Write the channels that environments name into a folder, and wheels beside them.

    Parameters
    ----------
    folder
        Gets a folder for each channel and one named ``wheels``: what environments install by
        pip, and what that requires and conda's packages of the environment do not bring.
    environments
        Whose packages are written, with all that they depend on.
    more
        Further packages, by conda's name.
    """
    carried = read_carried(CARRIED.read_text())
    own = {conda_name(d.metadata["Name"]): d for d in distributions()}
    index: dict[str, dict[str, object]] = {record["channel"]: {} for record in carried.values()}
    for channel in index:
        for subdir in (SUBDIR, "noarch"):
            (folder / channel / subdir).mkdir(parents=True)

    def write(channel: str, *parts: object) -> None:
        name, line = write_package(folder / channel, *parts)
        index[channel][name] = line

    wheels, of_conda = set(), needed_by(more, own)
    for environment in environments:
        packages = needed_by(environment.packages, own)
        wheels |= needed_by(environment.wheels, own) - packages
        of_conda |= packages
    for name in wheels:
        write_wheel(folder / "wheels", own[name])
    for name in sorted(of_conda):
        channel = carried.get(name, {"channel": "conda-forge"})["channel"]
        write(channel, name, own[name].version, requirements_of(own[name]), files_of(own[name]))
    version = ".".join(map(str, sys.version_info[:3]))
    write("conda-forge", "python", version, [], python_files())
    for name, record in carried.items():
        if EMPTY.fullmatch(name):
            for release in record["releases"].split():
                write(record["channel"], name, release, [], iter(()))
    for channel, lines in index.items():
        for subdir, own_lines in ((SUBDIR, lines), ("noarch", {})):
            text = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": own_lines}
            (folder / channel / subdir / "repodata.json").write_text(json.dumps(text))
