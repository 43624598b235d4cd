"""GRNBoost2 by rustscenic and forests by arboreto, in a Python of their own.

    python bench/tree_peers.py <folder>

`folder` holds cells.tsv (cells x genes) and regulators.txt. Each line of the standard input is
`<engine> <seed> <targets, or - for all>`; the answer, a line, is the seconds of CPU that the
regression took, and the edges are in out.tsv: regulator, target, weight. For rustscenic 0.5.1 and
arboreto 0.1.6.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = {"TF": "regulator", "target": "target", "importance": "weight"}


def rustscenic(cells: pd.DataFrame, regulators: list[str], targets: list[str], seed: int):
    """Infer all genes: the package takes no list of targets."""
    import rustscenic.grn

    return rustscenic.grn.infer(cells, regulators, seed=seed, verbose=False)


def arboreto(kind: str, cells: pd.DataFrame, regulators: list[str], targets: list[str], seed: int):
    """Infer by arboreto's own constants, a target at a time, without dask."""
    from arboreto import core

    options = {"GBM": core.SGBM_KWARGS, "RF": core.RF_KWARGS, "ET": core.ET_KWARGS}[kind]
    features = cells[regulators].to_numpy(np.float32)
    parts = [
        core.infer_partial_network(
            kind, options, features, regulators, name, cells[name].to_numpy(float), seed=seed
        )
        for name in targets
    ]
    return pd.concat(parts, ignore_index=True)


def main(folder: Path) -> None:
    """Answer until the input ends."""
    warnings.simplefilter("ignore")
    cells = pd.read_csv(folder / "cells.tsv", sep="\t", index_col=0).astype(np.float32)
    regulators = (folder / "regulators.txt").read_text().split()
    for line in sys.stdin:
        engine, seed, names = line.split()
        targets = list(cells) if names == "-" else names.split(",")
        start = time.process_time()
        if engine == "rustscenic":
            edges = rustscenic(cells, regulators, targets, int(seed))
        else:
            edges = arboreto(engine, cells, regulators, targets, int(seed))
        seconds = time.process_time() - start
        edges.rename(columns=NAMES)[[*NAMES.values()]].to_csv(
            folder / "out.tsv", sep="\t", index=False
        )
        print(seconds, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
