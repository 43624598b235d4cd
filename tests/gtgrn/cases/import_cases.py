"""What code imports, as a program other than ours reads it: the oracle of tests of digests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from gtgrn.code import PACKAGE, SCRIPTS


def read_imports() -> dict[Path, set[Path]]:
    """Return what each file of the checkout imports, by ruff."""
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "analyze", "graph", "--quiet", SCRIPTS.name],
        cwd=SCRIPTS.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    graph = json.loads(run.stdout)
    return {SCRIPTS.parent / a: {SCRIPTS.parent / b for b in own} for a, own in graph.items()}


def reached_by(imports: dict[Path, set[Path]], *starts: Path) -> set[Path]:
    """Return what files reach; importing a module runs the packages around it as well."""
    waiting, found = [*starts], set()
    while waiting:
        path = waiting.pop()
        if path in found or not path.exists():
            continue
        found.add(path)
        waiting += imports.get(path, ())
        if path.is_relative_to(PACKAGE) and path != PACKAGE / "__init__.py":
            folder = path.parent.parent if path.name == "__init__.py" else path.parent
            waiting.append(folder / "__init__.py")
    return found
