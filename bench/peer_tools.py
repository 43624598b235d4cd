"""scTenifoldKnk, scTenifoldNet and SCORPION on files, run by a Python of their own.

    python bench/peer_tools.py knockouts|net|scorpion <folder>

`knockouts` reads cells.tsv (cells x genes) and genes.txt and writes out.tsv: knock-outs x genes,
distances. `net` and `scorpion` read first.tsv, second.tsv, regulators.txt and edges.tsv and write
out.tsv: regulator and how much it differs. Settings are the packages' own, but that no cell or
gene is filtered: the values are no counts. For sctenifoldpy 0.5.1 and pyscorpion 0.2.0.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

QC = {"min_lib_size": 0, "remove_outlier_cells": False, "min_percent": 0, "max_mito_ratio": 1}


def read(path: Path) -> pd.DataFrame:
    """Return genes x cells."""
    return pd.read_csv(path, sep="\t", index_col=0).T


def knockouts(folder: Path) -> pd.DataFrame:
    """Run scTenifoldKnk, with one network for all knock-outs."""
    from scTenifold import scTenifoldKnk

    model = scTenifoldKnk(read(folder / "cells.tsv"), qc_kws=QC)
    for step in ("qc", "nc", "td"):
        model.run_step(step)
    rows = {}
    for gene in (folder / "genes.txt").read_text().split():
        model.run_step("ko", ko_genes=[gene])
        model.run_step("ma")
        model.run_step("dr")
        rows[gene] = model.d_regulation.set_index("Gene")["Distance"]
    return pd.DataFrame(rows).T


def net(folder: Path) -> pd.DataFrame:
    """Run scTenifoldNet; a regulator differs by its distance."""
    from scTenifold import scTenifoldNet

    model = scTenifoldNet(
        read(folder / "first.tsv"), read(folder / "second.tsv"), "a", "b", qc_kws=QC
    )
    table = model.build()
    regulators = (folder / "regulators.txt").read_text().split()
    return table.set_index("Gene")[["Distance"]].reindex(regulators).fillna(0.0)


def scorpion(folder: Path) -> pd.DataFrame:
    """Run SCORPION; a regulator differs by its edges.

    Its prior are the true edges of both conditions (edges.tsv): without motifs there is none,
    and one that is the same for all pairs leaves it nothing to tell apart.
    """
    import scorpion as package

    prior = pd.read_csv(folder / "edges.tsv", sep="\t").assign(score=1.0)
    regulators, nets = (folder / "regulators.txt").read_text().split(), []
    for name in ("first.tsv", "second.tsv"):
        cells = read(folder / name)
        made = package.scorpion(cells, prior, None, show_progress=False, random_state=1)
        nets.append(pd.DataFrame(made["regNet"], made["tfNames"], made["geneNames"]))
    difference = (nets[0] - nets[1]) ** 2
    return difference.mean(axis=1).to_frame("Distance").reindex(regulators).fillna(0.0)


if __name__ == "__main__":
    own, start = Path(sys.argv[2]), time.process_time()
    result = {"knockouts": knockouts, "net": net, "scorpion": scorpion}[sys.argv[1]](own)
    result.to_csv(own / "out.tsv", sep="\t")
    (own / "seconds.txt").write_text(f"{time.process_time() - start:.1f}")
    assert np.isfinite(result.to_numpy(float)).all()
