"""Hold modules and functions to a size that fits in one's head; `make lint` runs this.

A module has at most 400 lines, a function at most 60 lines and 10 parameters; what all rules of
the workflow share has at most 150 lines. `sizes.json` beside
this script names the exceptions and their size. The list may only shrink: something new or grown
fails, and so does an entry that is no longer needed at that size, until `--fix` lowers it. Classes
of options are no exception: a data class has fields, not parameters.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED, LONGEST_SHARED = ROOT / "workflow/rules/common.smk", 150
EXCEPTIONS = Path(__file__).with_name("sizes.json")
LIMITS = {"lines of a module": 400, "lines of a function": 60, "parameters of a function": 10}


def functions(
    node: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield each function below a node with its dotted name, methods and inner ones too."""
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}.{child.name}" if prefix else child.name
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield name, child
        yield from functions(child, name)


def measure(folder: Path) -> dict[str, dict[str, int]]:
    """Return what is over a limit: limit -> `path` or `path:function` -> size."""
    found: dict[str, dict[str, int]] = {limit: {} for limit in LIMITS}

    def note(limit: str, name: str, size: int) -> None:
        if size > LIMITS[limit]:
            found[limit][name] = max(size, found[limit].get(name, 0))

    for path in sorted(folder.rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(folder.parent).as_posix()
        note("lines of a module", name, len(text.splitlines()))
        for function, node in functions(ast.parse(text), ""):
            arguments = node.args
            count = sum(map(len, (arguments.posonlyargs, arguments.args, arguments.kwonlyargs)))
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            note("lines of a function", f"{name}:{function}", lines)
            note("parameters of a function", f"{name}:{function}", count)
    return found


def compare(
    found: dict[str, dict[str, int]], allowed: dict[str, dict[str, int]]
) -> tuple[list[str], list[str]]:
    """Return the complaints about what is too big, and about exceptions that are too generous."""
    too_big, too_generous = [], []
    for limit, most in LIMITS.items():
        sizes, exceptions = found[limit], allowed.get(limit, {})
        for name, size in sizes.items():
            if size > exceptions.get(name, most):
                too_big.append(f"{name}: {size} {limit}, at most {exceptions.get(name, most)}")
        for name, size in exceptions.items():
            if sizes.get(name, 0) < size:
                now = sizes.get(name, f"{most} or fewer")
                too_generous.append(f"{name}: {size} {limit} are allowed, it has {now}")
    return too_big, too_generous


def lower(
    found: dict[str, dict[str, int]], allowed: dict[str, dict[str, int]]
) -> dict[str, dict[str, int]]:
    """Return the exceptions that are still needed, at the smaller of the two sizes."""
    return {
        limit: {
            name: min(size, found[limit][name])
            for name, size in sorted(allowed.get(limit, {}).items())
            if name in found[limit]
        }
        for limit in LIMITS
    }


def main(arguments: list[str]) -> int:
    """Check `scripts`; with `--fix`, lower the exceptions first (without the file: record all)."""
    found = measure(ROOT / "scripts")
    allowed = json.loads(EXCEPTIONS.read_text()) if EXCEPTIONS.exists() else found
    if "--fix" in arguments:
        allowed = lower(found, allowed)
        EXCEPTIONS.write_text(json.dumps(allowed, indent=2) + "\n")
    too_big, too_generous = compare(found, allowed)
    shared = len(SHARED.read_text(encoding="utf-8").splitlines())
    if shared > LONGEST_SHARED:
        too_big.append(f"{SHARED.name}: {shared} lines, at most {LONGEST_SHARED}")
    for line in [*too_big, *too_generous]:
        print(line)
    if too_big:
        print(
            "Split it by what its parts do; the exceptions in tests/gates/sizes.json only shrink."
        )
    if too_generous:
        print("Well done. Lower the exceptions: python tests/gates/check_sizes.py --fix")
    return int(bool(too_big or too_generous))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
