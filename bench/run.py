"""Paired benchmarks: two ways of doing the same in one run; only their ratio means anything.

Run by `make bench`. Each pair is timed in turns, so that other load on the machine hits both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import end_to_end
import evaluation
import models
import mutual_information
import numpy as np
import simulation
import torch
import trees

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.evaluation.metrics import mean_within_group_auroc
from gtgrn.models.gtgrn.transformer import attention, undirected_with_loops
from pairs import pair
from sklearn.metrics import roc_auc_score


def bench_attention(n: int, edges: int, dimensions: int) -> None:
    """Time forward and backward of one attention layer by each backend."""
    generator = torch.Generator().manual_seed(0)
    ends = torch.randint(0, n, (2, edges), generator=generator)
    graph = undirected_with_loops(ends[0], ends[1], n)
    inputs = torch.randn(3, n, 4, dimensions // 4, generator=generator, requires_grad=True)

    def run(backend: str) -> Callable[[], object]:
        return lambda: attention(*inputs, graph, backend).sum().backward()

    pair(f"attention n={n} edges={edges} d={dimensions}, torch / dgl", run("dgl"), run("torch"))


def bench_within_tf() -> None:
    """Time the within-regulator AUROC against a loop over scikit-learn's."""
    rng = np.random.default_rng(0)
    groups, labels = rng.integers(0, 1000, 200_000), rng.random(200_000) < 0.1
    scores = rng.random(200_000) + 0.2 * labels

    def loop() -> float:
        order = np.argsort(groups, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
        return np.mean([roc_auc_score(labels[part], scores[part]) for part in parts])

    ours = mean_within_group_auroc(labels, scores, groups)[0]
    assert abs(ours - loop()) < 1e-9
    pair(
        "within-TF AUROC, scikit-learn loop / ours",
        lambda: mean_within_group_auroc(labels, scores, groups),
        loop,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    bench_attention(910, 8000, 128)
    bench_attention(1620, 60000, 128)
    bench_within_tf()
    for topic in (trees, mutual_information, evaluation, models, simulation, end_to_end):
        topic.main()
