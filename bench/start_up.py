"""Start-up of jobs: CPU seconds that a script's imports take, and what scipy.stats would add.

    python bench/start_up.py [script ...]

Each is measured in processes of their own, in turns: the imports at the top of the script alone,
and scipy.stats after them, which two modules that most jobs import once loaded at their top.
"""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"
DEFAULT = ["train_gtgrn", "evaluate_split", "measure_stability", "measure_nulls"]
ROUNDS = 5
MEASURED = """
import time
start = time.process_time()
{imports}
own = time.process_time() - start
import scipy.stats
print(own, time.process_time() - start)
"""


def import_lines(script: Path) -> str:
    """Return the imports at the top of a script, but for those of the future."""
    nodes = ast.parse(script.read_text()).body
    wanted = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    lines = [node for node in wanted if getattr(node, "module", "") != "__future__"]
    return "\n".join(map(ast.unparse, lines))


def measure(imports: str) -> tuple[float, float]:
    """Return the CPU seconds of the imports in a new process, and with scipy.stats."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURED.format(imports=imports)],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    own, more = map(float, run.stdout.split())
    return own, more


def main(names: list[str]) -> None:
    """Print a table in Markdown."""
    texts = {name: import_lines(SCRIPTS / f"{name}.py") for name in names}
    found: dict[str, list] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, text in texts.items():
            found[name].append(measure(text))
    print("| script | imports | with scipy.stats |\n|---|---|---|")
    for name, values in found.items():
        own, more = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"| {name} | {own:.2f} s | {more:.2f} s |")


if __name__ == "__main__":
    main(sys.argv[1:] or DEFAULT)
