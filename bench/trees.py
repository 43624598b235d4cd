"""Tree methods: the fast engine against arboreto's regression, a target at a time, on one core.

Run by `make bench`. All that a call does counts, also what the targets share: the order of the
features, which a run over all genes pays once.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.inference.run import infer
from pairs import pair

SIZES = {"758 x 410": (758, 410), "100 x 99": (100, 100)}
"""Cells and genes, all of them regulators."""

BOOSTED = {"758 x 410": 120, "100 x 99": 40}
GROWN = {"758 x 410": 3, "100 x 99": 4}
"""Targets that are regressed by boosting and by forests, which take forty times as long."""

SHARED_BY_PROCESSES = 60
"""Targets of the comparison of two processes with one."""


def draw_expression(cells: int, genes: int) -> pd.DataFrame:
    """Draw log counts with many zeros, in which genes share programmes."""
    rng = np.random.default_rng(0)
    rate = np.exp(rng.normal(size=(cells, 8)) @ rng.normal(size=(8, genes)) * 0.4)
    names = [f"G{i:03d}" for i in range(genes)]
    return pd.DataFrame(np.log1p(rng.poisson(rate)), columns=names).astype(np.float32)


def bench(name: str, ours: str, against: str, size: str, count: int) -> None:
    """Time a method's fast engine against arboreto's regressor of `against`."""
    cells, genes = SIZES[size]
    expression = draw_expression(cells, genes)
    names = list(expression)

    def run(method: str, engine: str) -> pd.DataFrame:
        # Neither engine is given a second core.
        return infer(method, expression, names, seed=0, targets=names[:count], engine=engine)

    pair(
        f"{name}, {size}, {count} targets, arboreto / ours",
        lambda: run(ours, "fast"),
        lambda: run(against, "arboreto"),
        rounds=3,
    )


def bench_cores() -> None:
    """Time arboreto's engine with two processes against one."""
    expression = draw_expression(*SIZES["758 x 410"])
    names = list(expression)

    def run(threads: int) -> pd.DataFrame:
        return infer(
            "grnboost2",
            expression,
            names,
            seed=0,
            threads=threads,
            targets=names[:SHARED_BY_PROCESSES],
            engine="arboreto",
        )

    pair("GRNBoost2 by arboreto, 1 core / 2 cores", lambda: run(2), lambda: run(1), rounds=3)


def main() -> None:
    """Print the ratios."""
    warnings.simplefilter("ignore")
    for size in SIZES:
        bench("GRNBoost2", "grnboost2", "grnboost2", size, BOOSTED[size])
        bench("GENIE3", "genie3", "genie3", size, GROWN[size])
        bench("ExtraTrees against arboreto's forest", "extratrees", "genie3", size, GROWN[size])
    bench_cores()


if __name__ == "__main__":
    main()
