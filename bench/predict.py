"""How much of a predicted network rests on the cells: halves of the training, and dealt genes.

    python bench/predict.py results/pbmc68k_reduced

The models of a run score half of its cells, and the same half with the genes' expression dealt out
anew (no gene keeps its own, so that what is left rests on known edges alone). Printed is the rank
correlation of the scores with those of all cells: mean and range over draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.command.prediction import predict, read_new_cells
from gtgrn.names import PAIR, SCORE

DRAWS = 5
SIZES = {"half of the cells": 2, "a tenth of the cells": 10}


def main(folder: Path) -> None:
    """Print the table."""
    cells, missing = read_new_cells(folder / "expression.h5ad", folder)

    def score(frame: pd.DataFrame) -> pd.Series:
        network = predict(folder, frame, missing, variant="full", scheme="edges")
        return network.set_index(PAIR)[SCORE].dropna()

    whole = score(cells)
    found: dict[str, list[float]] = {}
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(cells))
        for name, share in SIZES.items():
            part = cells.iloc[order[: len(cells) // share]]
            # A cycle through a random order: every gene gets another's values.
            cycle = rng.permutation(part.shape[1])
            dealt = part.to_numpy().copy()
            dealt[:, cycle] = part.to_numpy()[:, np.roll(cycle, 1)]
            other = pd.DataFrame(dealt, part.index, part.columns)
            for what, frame in ((name, part), (f"{name}, genes dealt anew", other)):
                found.setdefault(what, []).append(whole.corr(score(frame), method="spearman"))
    print("| cells | rank correlation | range |\n|---|---|---|")
    for what, values in found.items():
        print(f"| {what} | {np.mean(values):.3f} | {min(values):.3f} to {max(values):.3f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
