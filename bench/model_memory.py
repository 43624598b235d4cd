"""CPU seconds and peak memory of GT-GRN on generated data of the size of a whole genome.

``python bench/model_memory.py paper`` or ``full``: 20,000 genes, 200 regulators, a million
pairs, few epochs. Prints one line of JSON. A process of its own, because the peak of a process
never falls again.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import torch
from gtgrn.names import LABEL, PART, REGULATOR, TARGET, TEST, TRAIN, VAL

GENES, REGULATORS, PAIRS, CELLS = 20_000, 200, 1_000_000, 500
EPOCHS = 2
WIDTHS = {"P": 16, "G": 128, "E": 64}


def make_pairs(rng: np.random.Generator, genes: np.ndarray) -> pd.DataFrame:
    """Draw pairs of which a twentieth are edges, in the parts of a real split."""
    rows = np.sort(rng.choice(REGULATORS * GENES, PAIRS + REGULATORS, replace=False))
    regulator, target = rows // GENES, rows % GENES
    kept = np.flatnonzero(regulator != target)[:PAIRS]
    return pd.DataFrame(
        {
            REGULATOR: genes[regulator[kept]],
            TARGET: genes[target[kept]],
            LABEL: (rng.random(PAIRS) < 0.05).astype(int),
            PART: rng.choice([TRAIN, VAL, TEST], PAIRS, p=[0.67, 0.1, 0.23]),
        }
    )


def main(form: str) -> None:
    """Train one form, score all pairs, and print what it took."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    genes = np.array([f"g{i:05d}" for i in range(GENES)], dtype=object)
    pairs = make_pairs(rng, genes)
    start = time.process_time()
    if form == "paper":
        from gtgrn.models.gtgrn.paper import fit

        features = {name: rng.normal(size=(GENES, width)) for name, width in WIDTHS.items()}
        fitted = fit(pairs, list(genes), features, epochs=EPOCHS, seed=0)
    else:
        from gtgrn.models.gtgrn import gaussian_process as kernel_completion
        from gtgrn.models.gtgrn.full import fit

        # Conjugate gradients hold the same memory at every step; a few show it.
        kernel_completion.ITERATIONS = 3
        features = {"X": rng.gamma(2.0, size=(GENES, CELLS)).astype(np.float32)}
        fitted = fit(pairs, list(genes), features, ensemble=1, epochs=EPOCHS, seed=0)
    assert np.isfinite(fitted.scores).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.process_time() - start
    print(json.dumps({"form": form, "GiB": round(peak, 2), "cpu_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main(sys.argv[1])
