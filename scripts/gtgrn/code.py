"""The code behind a job: which modules its script reaches, and a digest of them.

Snakemake reruns a rule when its script changes, not when a module that the script imports does.
So each rule has a digest of its script's import closure among its parameters, and a training
that was killed goes on only under the same closure. No list is kept by hand: imports are read
from the syntax tree, those inside functions as well. What is imported by a name that is only
known when the job runs, a plug-in, is given as one more starting point.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
SCRIPTS = PACKAGE.parent
SUFFIXES = (".j2", ".css", ".js")
"""Files beside a module that it reads as part of the code, such as templates."""


@cache
def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported(path: Path, package: Path = PACKAGE) -> frozenset[str]:
    """Return the modules of the package that a file imports anywhere in its text."""
    known, found = modules(package), set()
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            # `from package import name`: the name may be a module or a part of one.
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found & known.keys())


def closure(starts: Iterable[str | Path], package: Path = PACKAGE) -> list[Path]:
    """Return the files that code starts from and all of the package that they reach.

    Parameters
    ----------
    starts
        Files, such as scripts, and dotted names of modules, such as plug-ins.
    package
        Folder of the package.

    Returns
    -------
    list of Path
        Sorted. The packages that hold a module belong to it: importing it runs them. So do the
        templates in a package's folder.

    Raises
    ------
    KeyError
        If a dotted name is no module of the package.
    """
    known = modules(package)
    waiting = [start if isinstance(start, Path) else known[start] for start in starts]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        names = set(imported(path, package))
        for name in names | ({_name(path, package)} if package in path.parents else set()):
            parts = name.split(".")
            names |= {".".join(parts[:n]) for n in range(1, len(parts))} & known.keys()
        waiting += [known[name] for name in names]
    folders = {path.parent for path in found if package in path.parents}
    beside = {p for folder in folders for p in folder.iterdir() if p.suffix in SUFFIXES}
    return sorted(found | beside)


def digest(*starts: str | Path, package: Path = PACKAGE) -> str:
    """Return 16 hexadecimal digits of what a closure's files say and are called."""
    result = hashlib.sha256()
    for path in closure(starts, package):
        inside = package.parent in path.parents
        name = path.relative_to(package.parent).as_posix() if inside else path.name
        result.update(f"{name}\0".encode())
        result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()[:16]


def script_digest(script: str, *plugins: str) -> str:
    """Return the digest of a script of the workflow and of the plug-ins it loads by name.

    Parameters
    ----------
    script
        Name of the file in ``scripts``, without ``.py``.
    plugins
        Dotted names of modules.
    """
    return digest(SCRIPTS / f"{script}.py", *plugins)


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
