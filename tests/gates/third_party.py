"""Which packages of others a script reaches: those that are imported when it runs.

An import inside a function counts where the function can be called: names are followed from the
script through the package's modules, and all methods of a class that is named are taken to be
called. An import inside ``try`` whose handler takes its failure is optional.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

OURS = {"gtgrn", "snakemake"}
FAILURES = {"Exception", "BaseException", "ImportError", "ModuleNotFoundError"}
NOT_RUN = ("annotation", "returns")
"""Parts of the tree that nothing evaluates under ``from __future__ import annotations``."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
Names = dict[str, tuple[str, str]]
"""Local name -> module of the package and the name there, empty for the module itself."""


@dataclass
class Module:
    """A file: its tree, its functions and classes by name, what it imports of the package."""

    tree: ast.Module
    defined: dict[str, ast.AST] = field(default_factory=dict)
    bound: Names = field(default_factory=dict)


@cache
def parse(path: Path) -> Module:
    """Return a file as a module."""
    module = Module(ast.parse(path.read_bytes(), filename=str(path)))
    for node in run_at_import(module.tree):
        if isinstance(node, DEFINITIONS):
            module.defined[node.name] = node
        elif is_constant(node):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            module.defined |= {t.id: node for t in targets if isinstance(t, ast.Name)}
        for local, target, name in imports(node):
            if target.split(".")[0] == "gtgrn":
                module.bound[local] = (target, name)
    return module


@dataclass
class Reach:
    """Follow scripts through the package, which lies in the folder of the scripts.

    Attributes
    ----------
    folder
        That holds the scripts and the package.
    needed, optional
        Package of others -> the first place found that imports it.
    """

    folder: Path
    needed: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)

    def follow(self, script: Path, plugins: Iterable[str] = ()) -> Reach:
        """Add what a script reaches, and all that modules define which it loads by name."""
        waiting = [(script, "")]
        for plugin in plugins:
            path = find_module(self.folder, plugin)
            waiting += [*enter(self.folder, plugin, ""), *((path, n) for n in parse(path).defined)]
        seen = set()
        while waiting:
            if (place := waiting.pop()) not in seen:
                seen.add(place)
                step = visit(self.folder, *place)
                self.needed = step.needed | self.needed
                self.optional = step.optional | self.optional
                waiting += step.following
        return self


@dataclass
class Step:
    """What one module or definition imports of others, and what it runs next."""

    needed: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    following: list[tuple[Path, str]] = field(default_factory=list)


@cache
def visit(folder: Path, path: Path, name: str) -> Step:
    """Read what runs when a module is imported, or all of one of its definitions."""
    module, bound, step = parse(path), dict(parse(path).bound), Step()
    waiting = [(module.defined[name] if name else module.tree, False)]
    while waiting:
        node, optional = waiting.pop(0)
        found = step.optional if optional else step.needed
        for local, target, part in imports(node):
            top = target.split(".")[0]
            if top == "gtgrn":
                bound[local] = (target, part)
                step.following += enter(folder, target, part, call=False)
            elif top not in OURS and top not in sys.stdlib_module_names:
                found.setdefault(top, f"{path.relative_to(folder)}:{node.lineno}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of = ".".join(filter(None, bound.get(node.value.id, ())))
            if of and find_module(folder, of).exists():
                step.following += enter(folder, of, node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in bound:
                step.following += enter(folder, *bound[node.id])
            elif node.id in module.defined:
                step.following.append((path, node.id))
        waiting += [(child, optional or taken) for child, taken in children(node, bool(name))]
    return step


def enter(folder: Path, module: str, name: str, *, call: bool = True) -> list[tuple[Path, str]]:
    """Return a module and the packages around it; a definition of it too, where it is named."""
    if name and find_module(folder, f"{module}.{name}").exists():
        module, name = f"{module}.{name}", ""
    parts = module.split(".")
    found = [(find_module(folder, ".".join(parts[: n + 1])), "") for n in range(len(parts))]
    path = found[-1][0]
    if name in parse(path).defined and call:
        found.append((path, name))
    elif name in parse(path).bound:
        found += enter(folder, *parse(path).bound[name], call=call)
    return found


@cache
def find_module(folder: Path, module: str) -> Path:
    """Return the file of a module by its dotted name; a package's is its ``__init__``."""
    base = folder.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def imports(node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yield the local name, the module, and the name in the module, of each part of an import."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], alias.name, ""
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        for alias in node.names:
            yield alias.asname or alias.name, node.module, alias.name


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported: of a function, that it is made."""
    for child, _ in children(node, whole=False):
        yield child
        yield from run_at_import(child)


def children(node: ast.AST, whole: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the parts of a node that run, and whether a failure in them is taken.

    Parameters
    ----------
    node
        Of a syntax tree.
    whole
        Whether bodies of functions and values of constants count: not where a module is only
        imported.
    """
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        yield from ((child, False) for child in node.orelse)
        return
    taken = isinstance(node, ast.Try) and any(map(takes_failure, node.handlers))
    left_out = [*NOT_RUN]
    if not whole and isinstance(node, FUNCTIONS):
        left_out.append("body")
    elif not whole and is_constant(node):
        left_out.append("value")
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        if name not in left_out:
            yield from (
                (part, taken and name == "body") for part in parts if isinstance(part, ast.AST)
            )


def is_constant(node: ast.AST) -> bool:
    """Tell whether a node gives a name to a value and calls nothing, such as a table of functions.

    What such a value names counts where the constant is named.
    """
    return isinstance(node, ast.Assign | ast.AnnAssign) and not any(
        isinstance(part, ast.Call) for part in ast.walk(node)
    )


def takes_failure(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler takes a failed import and raises nothing."""
    named = [part.id for part in ast.walk(handler.type or handler) if isinstance(part, ast.Name)]
    wide = handler.type is None or bool(FAILURES & set(named))
    return wide and not any(isinstance(part, ast.Raise) for part in ast.walk(handler))
