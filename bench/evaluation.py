"""The bootstrap of a million scored pairs, against a loop over scikit-learn."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.evaluation.uncertainty import AUPRC, AUROC, bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score

PAIRS, DENSITY, REGULATORS = 1_000_000, 0.1, 500
SAMPLES, LOOP_SAMPLES = 1000, 3


def scored_pairs() -> tuple[pd.DataFrame, np.ndarray]:
    """Return pairs of 500 regulators and 2000 genes, and scores without ties."""
    rng = np.random.default_rng(0)
    regulator, target = np.divmod(np.arange(PAIRS), PAIRS // REGULATORS)
    label = (rng.random(PAIRS) < DENSITY).astype(int)
    part = pd.DataFrame({"regulator": regulator, "target": target, "label": label})
    return part, rng.normal(size=PAIRS) + label


def loop(label: np.ndarray, scores: np.ndarray) -> float:
    """Return the seconds of one stratified resample, scored by scikit-learn."""
    rng = np.random.default_rng(0)
    classes = [np.flatnonzero(label == value) for value in (0, 1)]
    start = time.perf_counter()
    for _ in range(LOOP_SAMPLES):
        rows = np.concatenate([rng.choice(rows, len(rows)) for rows in classes])
        roc_auc_score(label[rows], scores[rows])
        average_precision_score(label[rows], scores[rows])
    return (time.perf_counter() - start) / LOOP_SAMPLES


def main() -> None:
    """Print the seconds of 1000 resamples on one and two threads, and the ratio to the loop."""
    part, scores = scored_pairs()
    options = {"seed": 0, "metrics": [AUROC, AUPRC]}
    bootstrap(part.head(1000), {"a": scores[:1000]}, samples=2, **options)
    seconds = {}
    for threads in (1, 2):
        start, used = time.perf_counter(), time.process_time()
        bootstrap(part, {"a": scores}, samples=SAMPLES, threads=threads, **options)
        seconds[threads] = time.perf_counter() - start
        print(
            f"bootstrap of AUROC and AUPRC, {PAIRS} pairs, {SAMPLES} samples, {threads} threads: "
            f"{seconds[threads]:.1f} s ({time.process_time() - used:.1f} s of CPU)",
            flush=True,
        )
    theirs = loop(part["label"].to_numpy(), scores) * SAMPLES
    print(
        f"bootstrap, scikit-learn loop / ours on one thread: {theirs / seconds[1]:.1f} "
        f"({theirs:.0f} s, from {LOOP_SAMPLES} samples)",
        flush=True,
    )


if __name__ == "__main__":
    main()
