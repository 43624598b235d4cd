"""The simulator of Boolean models: against a per-cell integrator in Python, and against BoolODE.

Run by `make bench`. Agreement is measured where ../shared/data has BEELINE's data sets; beside it
stands that of BEELINE's own replicates with one another, which no simulator can beat by much.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.simulation.agreement import compare_expression, correlation_auroc
from gtgrn.simulation.boolean import (
    HILL,
    MRNA_DECAY,
    NOISE,
    PROTEIN_DECAY,
    THRESHOLD,
    TRANSCRIPTION,
    TRANSLATION,
    add_dropout,
    simulate,
)
from gtgrn.simulation.boolean_models import BooleanModel, read_model, reference_edges
from pairs import pair

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT.parent / "shared" / "data" / "hsc_boolean"
REPLICATES = 6
T_MAX, STEP = 8.0, 0.01


def integrate_cell(model: BooleanModel, rng: np.random.Generator) -> list[float]:
    """Integrate one cell in plain Python, a gene and a step at a time."""
    mrna = dict(model.initial)
    protein = {gene: TRANSLATION / PROTEIN_DECAY * x for gene, x in mrna.items()}
    for _ in range(round(T_MAX / STEP)):
        share = {
            gene: 1 / (1 + (THRESHOLD / p) ** HILL) if p > 0 else 0.0
            for gene, p in protein.items()
        }
        new = {}
        for gene, rule in model.rules.items():
            table = rule.table.ravel().tolist()
            for regulator in rule.regulators:
                s, half = share[regulator], len(table) // 2
                table = [(1 - s) * table[v] + s * table[v + half] for v in range(half)]
            x, p = mrna[gene], protein[gene]
            next_x = x + STEP * (TRANSCRIPTION * table[0] - MRNA_DECAY * x)
            next_p = p + STEP * (TRANSLATION * x - PROTEIN_DECAY * p)
            next_x += NOISE * x**0.5 * STEP * rng.standard_normal()
            next_p += NOISE * p**0.5 * STEP * rng.standard_normal()
            new[gene] = (next_x if next_x >= 0 else x, next_p if next_p >= 0 else p)
        mrna = {gene: x for gene, (x, _) in new.items()}
        protein = {gene: p for gene, (_, p) in new.items()}
    return list(mrna.values())


def bench_speed(cells: int = 20) -> None:
    """Time one core of ours against the loop, on whole simulations of the same length."""
    model = read_model(ROOT / "resources" / "boolean_models" / "hsc.yaml")
    rng = np.random.default_rng(0)
    pair(
        f"HSC model, {cells} cells, Python loop / ours",
        lambda: simulate(model, n_cells=cells, seed=0, t_max=T_MAX, step=STEP),
        lambda: [integrate_cell(model, rng) for _ in range(cells)],
        rounds=3,
    )


def read_published(replicate: int, dropout: str = "") -> pd.DataFrame:
    """Read one of BEELINE's data sets, cells x genes."""
    path = PUBLISHED / f"HSC_2000_{replicate}{dropout}" / "ExpressionData.csv.gz"
    return pd.read_csv(path, index_col=0).T


def measure_agreement() -> pd.DataFrame:
    """Compare six simulations with BEELINE's six, and BEELINE's with one another.

    Returns
    -------
    pandas.DataFrame
        Mean, smallest and largest of each measure for ``ours`` (36 pairs) and ``theirs`` (15
        pairs), and the AUROC of |Pearson| of each data set, with 0 and 50 % dropout.
    """
    model = read_model(ROOT / "resources" / "boolean_models" / "hsc.yaml")
    edges = reference_edges(model)
    whole = [
        simulate(model, n_cells=2000, seed=seed, t_max=T_MAX, step=STEP).expression
        for seed in range(REPLICATES)
    ]
    rows = []
    for dropout in (0, 50):
        ending = f"_{dropout}" if dropout else ""
        share = dropout / 100
        ours = [
            add_dropout(x, quantile=share, probability=share, seed=seed)
            for seed, x in enumerate(whole)
        ]
        theirs = [read_published(replicate, ending) for replicate in range(REPLICATES)]
        compared = {
            "ours": [compare_expression(a, b) for a in ours for b in theirs],
            "theirs": [compare_expression(a, b) for a, b in combinations(theirs, 2)],
        }
        for who, sets in (("ours", ours), ("theirs", theirs)):
            table = pd.DataFrame(compared[who]).agg(["mean", "min", "max"]).T
            auroc = pd.Series([correlation_auroc(x, edges) for x in sets])
            table.loc["pearson_auroc"] = auroc.agg(["mean", "min", "max"])
            rows.append(table.assign(dropout=dropout, who=who))
    return pd.concat(rows).rename_axis("measure").reset_index()


def main() -> None:
    """Print the ratio and the table of agreement."""
    bench_speed()
    if PUBLISHED.is_dir():
        print(measure_agreement().to_string(index=False, float_format="%.3f"), flush=True)
    else:
        print("agreement with BEELINE not measured: ../shared/data is absent")


if __name__ == "__main__":
    main()
