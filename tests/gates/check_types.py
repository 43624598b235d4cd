"""Hold the number of mypy's complaints to a ceiling that may only fall; `make lint` runs this.

`types.txt` beside this script holds the ceiling. More complaints fail and are all printed; fewer
fail too, until `--fix` lowers the ceiling.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CEILING = Path(__file__).with_name("types.txt")


def count(output: str) -> int:
    """Return the number of errors in mypy's output."""
    return len(re.findall(r"^\S+?:\d+: error: ", output, flags=re.MULTILINE))


def judge(errors: int, ceiling: int) -> str:
    """Return what to tell the user, or nothing where the ceiling is met exactly."""
    if errors > ceiling:
        return f"{errors} errors of types, at most {ceiling}: correct what is new above."
    if errors < ceiling:
        return (
            f"{errors} errors of types where {ceiling} are allowed: well done. "
            "Lower the ceiling: python tests/gates/check_types.py --fix"
        )
    return ""


def main(arguments: list[str]) -> int:
    """Run mypy as pyproject.toml says; with `--fix`, lower the ceiling first."""
    run = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # 0: no error, 1: errors of types; anything else is a failure of mypy itself.
    if run.returncode not in (0, 1):
        print(run.stdout + run.stderr)
        return run.returncode
    errors = count(run.stdout)
    ceiling = int(CEILING.read_text()) if CEILING.exists() else errors
    if "--fix" in arguments and errors <= ceiling:
        CEILING.write_text(f"{errors}\n")
        ceiling = errors
    verdict = judge(errors, ceiling)
    if errors > ceiling:
        print(run.stdout)
    if verdict:
        print(verdict)
    return int(bool(verdict))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
