"""Plug-ins found on disk: expression-only methods, supervised peers, sections of the report.

A plug-in is one module in the folder of its kind. What the workflow must know of it before any
job runs stands in it as plain constants in capitals (`ENVIRONMENT`, `SHARDED`, ...): they are
read from the syntax tree, so that starting Snakemake imports no torch and no numba.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from gtgrn.errors import InputError

PACKAGE = Path(__file__).parent
METHODS, PEERS, SECTIONS = "inference.methods", "models.peers", "report.sections"
"""Kinds of plug-ins: the packages that hold them."""


@dataclass(frozen=True)
class Plugin:
    """A module of a plug-in folder.

    Attributes
    ----------
    name
        Of the module, and of the method, peer or section.
    module
        Dotted name.
    path
        File.
    traits
        Constant -> value, of the constants in capitals whose value is a literal.
    """

    name: str
    module: str
    path: Path
    traits: dict[str, object]

    def trait(self, name: str, default: object) -> object:
        """Return a trait, or what holds for a plug-in that does not state it."""
        return self.traits.get(name, default)


@cache
def find_plugins(kind: str, package: Path = PACKAGE) -> dict[str, Plugin]:
    """Return the plug-ins of a kind by name, in the order of names."""
    folder = package.joinpath(*kind.split("."))
    return {
        path.stem: Plugin(path.stem, f"gtgrn.{kind}.{path.stem}", path, read_traits(path))
        for path in sorted(folder.glob("[!_]*.py"))
    }


def load_plugin(kind: str, name: str) -> ModuleType:
    """Import a plug-in by its name."""
    return import_module(f"gtgrn.{kind}.{name}")


def read_traits(path: Path) -> dict[str, object]:
    """Return the constants in capitals of a module whose values are literals.

    Raises
    ------
    InputError
        If the file is no Python.
    """
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise InputError(
            f"is no Python ({error.msg}, line {error.lineno})", file=path, remedy="Correct it"
        ) from None
    traits = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id.isupper():
            try:
                traits[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return traits
