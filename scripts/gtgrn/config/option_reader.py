"""Read the option classes of a module from its text, without importing the module.

A module that states options may import torch, which takes seconds, or a package that is only in
the environment of its jobs. So what the options need is picked out of the module's syntax tree:
the class without its methods, the constants it names, and classes of this package it inherits
from. Nothing else of the module runs. By this the schema is generated, and by this the options
of a plug-in that the schema does not know are checked at the start of a run.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from gtgrn.config.options import option, section, type_schema
from gtgrn.errors import InputError

PACKAGE = Path(__file__).parents[1]
LIGHT = ("gtgrn.config", "gtgrn.names")
"""What imports nothing heavy is imported as it is."""
OPTIONS, FORMS = "Options", "FORMS"
"""What a method of inference, and a peer, states its options by."""
COMMON = ("seed", "threads", "targets")
"""Arguments of every method of inference that are no options of it."""


def read_name(path: Path, name: str) -> Any:
    """Return the value of a name at the top of a module: an option class, forms or a constant.

    Parameters
    ----------
    path
        The module's file.
    name
        A name that the module defines.

    Raises
    ------
    InputError
        If the module does not define it, is no Python, or its definition needs a package that is
        neither this one nor part of Python.
    """
    reader = _Reader(path)
    try:
        reader.need(name)
        return reader.values[name]
    except KeyError:
        raise InputError(f"no '{name}' in the module", file=path, remedy="Define it") from None


def method_options(path: Path) -> type | None:
    """Return the option class of a method of inference, or one made of its infer's arguments.

    Parameters
    ----------
    path
        File of the method.

    Returns
    -------
    type or None
        None where infer takes any options.
    """
    reader = _Reader(path)
    if OPTIONS in reader.top:
        return read_name(path, OPTIONS)
    function = reader.top.get("infer")
    if not isinstance(function, ast.FunctionDef) or function.args.kwarg is not None:
        return None
    arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    fields = [
        (a.arg, _hint(a), option(_value(default), f"Argument {a.arg} of infer."))
        for a, default in arguments
        if a.arg not in COMMON
    ]
    return dataclasses.make_dataclass(OPTIONS, fields, frozen=True)


def peer_forms(path: Path) -> dict[str, Any] | None:
    """Return the options of a peer by form, instances of its option class; None without FORMS."""
    return read_name(path, FORMS) if FORMS in _Reader(path).top else None


def method_schema(path: Path) -> dict:
    """Return the schema of a method's options; any are taken where its module states none."""
    options, description = method_options(path), f"Options of {path.stem}."
    if options is None:
        return {"description": description, "type": "object"}
    return section(options, description, defaults=False)


def peer_schema(path: Path) -> dict:
    """Return the schema of a peer's options by form; any are taken where it states none."""
    forms, description = peer_forms(path), f"Options of {path.stem} by form."
    if forms is None:
        return {"description": description, "type": "object"}
    changes = {
        cls: section(cls, "What differs from the form's own.", defaults=False)
        for cls in map(type, forms.values())
    }
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": {form: changes[type(options)] for form, options in forms.items()},
    }


class _Reader:
    """The definitions at the top of a module, run one by one as they are needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            tree = ast.parse(path.read_bytes(), filename=str(path))
        except (OSError, SyntaxError) as error:
            raise InputError(f"not readable as Python ({error})", file=path) from error
        self.top: dict[str, ast.stmt] = {}
        for node in tree.body:
            for name in _defined(node):
                self.top[name] = node
        # Classes look up their module by this name.
        self.values: dict[str, Any] = {"__name__": __name__}

    def need(self, name: str) -> None:
        """Run the definition of a name, after those of all names in it."""
        if name in self.values or (name not in self.top and hasattr(builtins, name)):
            return
        node = self.top[name]
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.values[name] = self._imported(node, name)
            return
        node = _without_methods(node) if isinstance(node, ast.ClassDef) else node
        read = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        for other in sorted(read - _own_names(node)):
            self.need(other)
        code = compile(ast.Module([node], []), str(self.path), "exec", dont_inherit=True)
        exec(code, self.values)  # the module's own text: a job imports all of it

    def _imported(self, node: ast.Import | ast.ImportFrom, name: str) -> Any:
        alias = next(a for a in node.names if (a.asname or a.name.split(".")[0]) == name)
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        if module.startswith(LIGHT) or module.split(".")[0] in sys.stdlib_module_names:
            loaded = import_module(module)
            if isinstance(node, ast.Import):
                return loaded
            inside = getattr(loaded, alias.name, None)
            return import_module(f"{module}.{alias.name}") if inside is None else inside
        if isinstance(node, ast.ImportFrom) and module.startswith("gtgrn."):
            return read_name(
                PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py"), alias.name
            )
        raise InputError(
            f"its options need '{name}' of {module}",
            file=self.path,
            remedy="State options by plain values: they are read at the start of every run",
        )


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _without_methods(node: ast.ClassDef) -> ast.ClassDef:
    body: list[ast.stmt] = [p for p in node.body if isinstance(p, ast.AnnAssign | ast.Assign)]
    copy = ast.ClassDef(
        name=node.name,
        bases=node.bases,
        keywords=node.keywords,
        body=body or [ast.Pass()],
        decorator_list=node.decorator_list,
    )
    return ast.fix_missing_locations(ast.copy_location(copy, node))


def _own_names(node: ast.AST) -> set[str]:
    """Return the names that are bound within a statement: arguments, those of comprehensions."""
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    return arguments | {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _hint(argument: ast.arg) -> Any:
    """Return the annotation of an argument where Python's own types say it, else Any."""
    if argument.annotation is None:
        return Any
    try:
        hint = eval(ast.unparse(argument.annotation), {})
        type_schema(hint)
    except (NameError, KeyError, TypeError, AttributeError):
        return Any
    return hint


def _value(default: ast.expr | None) -> Any:
    try:
        return None if default is None else ast.literal_eval(default)
    except ValueError:
        return None
