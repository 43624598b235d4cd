"""Two conditions compared: claims where nothing differs, finds where one regulator does.

``python bench/comparison.py null [runs]`` deals labels at random, ``power [pairs]`` simulates
pairs of networks that differ in one regulator's targets, and ``speed`` takes the time of 1,000
labellings of 2,000 genes x 200 regulators.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.comparison.design import make_design
from gtgrn.comparison.networks import compare_networks
from gtgrn.names import REGULATOR, TARGET
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import Kinetics, draw_kinetics
from gtgrn.simulation.subnetworks import generate_network

GENES, REGULATORS = 60, 15
MOVED = 4
LABELLINGS = 300


def remove_edges(kinetics: Kinetics, regulator: str, targets: Collection[str]) -> Kinetics:
    """Return a network without some edges of a regulator; every other parameter is the same."""
    genes = list(kinetics.genes)
    module = np.repeat(np.arange(len(kinetics.complex_bound)), np.diff(kinetics.module_inputs))
    gene = np.searchsorted(kinetics.gene_modules, module, side="right") - 1
    chosen = np.isin(gene, [genes.index(name) for name in targets])
    kept = ~(chosen & (kinetics.regulator == genes.index(regulator)))
    inputs = np.bincount(module[kept], minlength=len(kinetics.complex_bound))
    named = {key: getattr(kinetics, key)[kept] for key in ("regulator", "activates", "k", "n")}
    starts = np.concatenate([[0], inputs.cumsum()]).astype(kinetics.module_inputs.dtype)
    return replace(kinetics, module_inputs=starts, **named)


def simulate_pair(cells: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str, list[str]]:
    """Return cells of two networks that differ in one regulator's targets and in nothing else.

    The kinetics are drawn of a network with the regulator's targets of both; from each network
    those of the other are removed.
    """
    edges, rng = generate_network(GENES, REGULATORS, seed=seed), np.random.default_rng(seed)
    targets = edges.groupby(REGULATOR)[TARGET].agg(sorted)
    regulator = str(rng.choice(targets.index[targets.map(len) >= MOVED]))
    old = rng.permutation(targets[regulator])[: max(MOVED, len(targets[regulator]) // 2)]
    free = sorted(set(edges[TARGET]) - {regulator, *targets[regulator]})
    new = rng.choice(free, size=min(len(old), len(free)), replace=False)
    added = pd.DataFrame({REGULATOR: regulator, TARGET: new})
    union = draw_kinetics(pd.concat([edges, added], ignore_index=True), seed=seed)
    tables = [
        run_experiment(
            remove_edges(union, regulator, gone), "multifactorial", conditions=cells,
            microarray_noise=False, seed=2 * seed + number, threads=2,
        ).expression
        for number, gone in enumerate((new, old))
    ]  # fmt: skip
    return *tables, regulator, sorted(set(edges[REGULATOR]))


def add_zeros(table: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Set a share of the values to zero, small ones first: the lower half of a gene with odds."""
    rng = np.random.default_rng(seed)
    low = table.to_numpy() <= np.quantile(table.to_numpy(), share, axis=0)
    return table.mask(low & (rng.random(table.shape) < share), 0.0)


def compare(first: pd.DataFrame, second: pd.DataFrame, regulators, seed: int):
    """Compare two tables of cells x genes."""
    genes = sorted(first.columns)
    values = np.vstack([first[genes].to_numpy(), second[genes].to_numpy()])
    conditions = ["a"] * len(first) + ["b"] * len(second)
    design = make_design(conditions, ("a", "b"))
    return compare_networks(values, genes, regulators, design, permutations=LABELLINGS, seed=seed)


def measure_power(pairs: int) -> None:
    """Print where the rewired regulator comes, by number of cells and share of zeros."""
    print("cells\tzeros\tpairs\tfirst\tmean_rank\tclaimed\twrong_regulators\tchance_rank")
    for cells in (100, 500, 1000):
        found = {zeros: [] for zeros in (0.0, 0.5, 0.7)}
        for seed in range(pairs):
            first, second, regulator, regulators = simulate_pair(cells, seed)
            for zeros, rows in found.items():
                tables = [add_zeros(t, zeros, 2 * seed + n) for n, t in enumerate((first, second))]
                _, table, _ = compare(*tables, regulators, seed)
                row = table[table[REGULATOR] == regulator].iloc[0]
                claimed = table["fdr"] <= 0.05
                others = int((claimed & (table[REGULATOR] != regulator)).sum())
                rows.append((row["rank"], row["fdr"] <= 0.05, others))
        for zeros, rows in found.items():
            ranks, claims, others = np.array(rows, dtype=float).T
            print(
                f"{cells}\t{zeros:g}\t{pairs}\t{(ranks == 1).mean():.2f}\t{ranks.mean():.2f}\t"
                f"{claims.mean():.2f}\t{others.mean():.2f}\t{(REGULATORS + 1) / 2:g}",
                flush=True,
            )


def load_null_sets() -> dict[str, tuple[pd.DataFrame, list[str]]]:
    """Return cells x genes and regulators of real and simulated cells."""
    import scanpy as sc

    adata = sc.datasets.pbmc68k_reduced()
    values = adata.raw.to_adata().to_df()
    listed = Path(__file__).parents[1] / "resources/pbmc68k_reduced/regulators.tsv"
    known = pd.read_csv(listed, sep="\t").iloc[:, 0]
    edges = generate_network(GENES, REGULATORS, seed=0)
    simulated = run_experiment(
        draw_kinetics(edges, seed=0), "multifactorial", conditions=500, microarray_noise=False,
        seed=0, threads=2,
    ).expression  # fmt: skip
    return {
        "pbmc68k_reduced": (values, sorted(set(known) & set(values))),
        "gnw_500": (simulated, sorted(set(edges[REGULATOR]))),
        "gnw_500_zeros_0.7": (add_zeros(simulated, 0.7, 0), sorted(set(edges[REGULATOR]))),
    }


def measure_null(runs: int) -> None:
    """Print what is claimed where labels were dealt at random; without donors, and with eight."""
    print("set\tunit\truns\tclaiming_edges\tclaiming_regulators\tp_below_.05\tp_below_.001")
    for name, (table, regulators) in load_null_sets().items():
        genes, values = sorted(table.columns), table[sorted(table.columns)].to_numpy()
        for unit in ("cells", "donors"):
            found = []
            for seed in range(runs):
                rng = np.random.default_rng(seed)
                donor = rng.permutation(np.arange(len(values)) % 8)
                side = rng.permutation(8) < 4
                labels = side[donor] if unit == "donors" else rng.random(len(values)) < 0.5
                design = make_design(
                    np.where(labels, "a", "b").tolist(), ("a", "b"),
                    [f"d{n}" for n in donor] if unit == "donors" else None,
                )  # fmt: skip
                edges, ranked, _ = compare_networks(
                    values[design.rows], genes, regulators, design,
                    permutations=LABELLINGS, seed=seed,
                )  # fmt: skip
                shares = (edges["p"] < 0.05).mean(), (edges["p"] < 0.001).mean()
                found.append(
                    ((edges["fdr"] <= 0.05).any(), (ranked["fdr"] <= 0.05).any(), *shares)
                )
            means = np.array(found, dtype=float).mean(axis=0)
            numbers = "\t".join(f"{x:.4g}" for x in means)
            print(f"{name}\t{unit}\t{runs}\t{numbers}", flush=True)


def measure_speed() -> None:
    """Print the time of the speed goal."""
    rng = np.random.default_rng(0)
    values = rng.poisson(1.0, (1000, 2000)).astype(np.float32)
    genes = [f"g{number:04d}" for number in range(2000)]
    design = make_design(["a", "b"] * 500, ("a", "b"))
    wall, cpu = time.perf_counter(), time.process_time()
    compare_networks(values, genes, genes[:200], design, permutations=1000, seed=0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"1000 labellings, 2000 genes x 200 regulators, 1000 cells: {wall:.1f} s, {cpu:.1f} CPU")


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    number = [int(word) for word in rest]
    {"null": measure_null, "power": measure_power, "speed": measure_speed}[what](
        *(number or {"null": [40], "power": [20], "speed": []}[what])
    )
