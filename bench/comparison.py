"""Two conditions compared: claims where nothing differs, finds where one regulator does.

``python bench/comparison.py null [runs]`` deals labels at random, ``power [pairs]`` simulates
pairs of networks that differ in one regulator's targets, ``rank_null [runs]`` and
``ranks [pairs]`` do the same for the ranks of methods, and ``speed`` takes the time of 1,000
labellings of 2,000 genes x 200 regulators. `PEERS_PYTHON` may name the Python of an environment
with sctenifoldpy and pyscorpion, which then compare the same pairs; ``null`` takes celltypist's
sample from the folder of wheels that `WHEELS` names. Choices were made on pairs of the seeds 0 to
23; those of ``power`` and ``ranks`` begin at 100.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.comparison.design import Design, make_design
from gtgrn.comparison.networks import compare_networks
from gtgrn.comparison.ranks import compare_ranks
from gtgrn.comparison.summaries import CORRELATION
from gtgrn.inference.run import infer
from gtgrn.names import REGULATOR, TARGET
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import Kinetics, draw_kinetics
from gtgrn.simulation.subnetworks import generate_network

GENES, REGULATORS = 60, 15
MOVED = 4
LABELLINGS, METHOD_LABELLINGS = 300, 40
RANKED = (CORRELATION, "pearson", "partial_correlation", "grnboost2")
FIRST_SEED = 100


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


def simulate_pair(cells: int, seed: int) -> tuple:
    """Return cells of two networks that differ in one regulator's targets and in nothing else.

    Two tables, the regulator, all regulators, the edges of either network, and the targets that
    it has in one network alone.
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
    both = pd.concat([edges, added], ignore_index=True)
    union = draw_kinetics(both, seed=seed)
    tables = [
        run_experiment(
            remove_edges(union, regulator, gone), "multifactorial", conditions=cells,
            microarray_noise=False, seed=2 * seed + number, threads=2,
        ).expression
        for number, gone in enumerate((new, old))
    ]  # fmt: skip
    return *tables, regulator, sorted(set(edges[REGULATOR])), both, {*old, *new}


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


def ask_peer(peer: str, tables, regulators, regulator: str, edges) -> tuple[int, float]:
    """Return the rank of the rewired regulator by a peer, and the peer's CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in zip(("first", "second"), tables, strict=True):
            table.to_csv(f"{folder}/{name}.tsv", sep="\t")
        Path(f"{folder}/regulators.txt").write_text("\n".join(regulators))
        edges.to_csv(f"{folder}/edges.tsv", sep="\t", index=False)
        script = str(Path(__file__).with_name("peer_tools.py"))
        command = [os.environ["PEERS_PYTHON"], script, peer, folder]
        subprocess.run(command, check=True, capture_output=True)
        found = pd.read_csv(f"{folder}/out.tsv", sep="\t", index_col=0)["Distance"]
        seconds = float(Path(f"{folder}/seconds.txt").read_text())
    return 1 + int((found > found[regulator]).sum()), seconds


def judge_pair(tables, regulators, regulator: str, edges, seed: int) -> dict[str, tuple]:
    """Return method -> rank of the rewired regulator, claimed, others claimed, CPU seconds."""
    start = time.process_time()
    _, table, _ = compare(*tables, regulators, seed)
    seconds = time.process_time() - start
    row = table[table[REGULATOR] == regulator].iloc[0]
    own, claimed = row["fdr"] <= 0.05, int((table["fdr"] <= 0.05).sum())
    found = {"ours": (row["rank"], own, claimed - own, seconds)}
    if os.environ.get("PEERS_PYTHON"):
        for name, peer in (("scTenifoldNet", "net"), ("SCORPION", "scorpion")):
            rank, seconds = ask_peer(peer, tables, regulators, regulator, edges)
            found[name] = (rank, np.nan, np.nan, seconds)
    return found


def measure_power(pairs: int, *sizes: int) -> None:
    """Print where the rewired regulator comes, by number of cells and share of zeros."""
    print("| Cells | Zeros | Pairs | Method | First | Mean rank | Claimed | Others | Seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for cells in sizes or (100, 500, 2000):
        found: dict = {}
        for seed in range(FIRST_SEED, FIRST_SEED + pairs):
            first, second, regulator, regulators, edges, _ = simulate_pair(cells, seed)
            for zeros in (0.0, 0.5, 0.7):
                tables = [add_zeros(t, zeros, 2 * seed + n) for n, t in enumerate((first, second))]
                for name, row in judge_pair(tables, regulators, regulator, edges, seed).items():
                    found.setdefault((zeros, name), []).append(row)
        for (zeros, name), rows in sorted(found.items()):
            ranks, claims, others, seconds = np.array(rows, dtype=float).T
            numbers = (ranks == 1).mean(), ranks.mean(), claims.mean(), others.mean()
            shown = " | ".join("" if np.isnan(x) else f"{x:.2f}" for x in numbers)
            print(f"| {cells} | {zeros:g} | {pairs} | {name} | {shown} | {seconds.mean():.1f} |",
                  flush=True)  # fmt: skip


def rank_by(method: str, values, genes, regulators, design, seed: int):
    """Compare the ranks of a method; its correlations for the name of these."""
    if method == CORRELATION:
        return compare_networks(
            values, genes, regulators, design, permutations=LABELLINGS, seed=seed
        )
    return compare_ranks(
        values, genes, regulators, design, partial(infer, method, seed=0),
        labellings=METHOD_LABELLINGS, permutations=LABELLINGS, seed=seed,
    )  # fmt: skip


def measure_ranks(pairs: int, cells: int = 500) -> None:
    """Print what the ranks of methods find of a rewired regulator and of its edges."""
    print("| Zeros | Method | First | Mean rank | Claimed | Others | Edges claimed | Precision "
          "| Recall | Seconds |\n|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    found: dict = {}
    for seed in range(FIRST_SEED, FIRST_SEED + pairs):
        *tables, regulator, regulators, _, moved = simulate_pair(cells, seed)
        for zeros in (0.0, 0.5):
            made = [add_zeros(t, zeros, 2 * seed + n) for n, t in enumerate(tables)]
            genes = sorted(made[0].columns)
            values = np.vstack([table[genes].to_numpy() for table in made])
            design = make_design(["a"] * cells + ["b"] * cells, ("a", "b"))
            for method in RANKED:
                start = time.process_time()
                edges, table, _ = rank_by(method, values, genes, regulators, design, seed)
                seconds = time.process_time() - start
                row = table[table[REGULATOR] == regulator].iloc[0]
                claimed = edges[edges["fdr"] <= 0.05]
                true = claimed[REGULATOR].eq(regulator) & claimed[TARGET].isin(moved)
                others = (table["fdr"] <= 0.05).sum() - (row["fdr"] <= 0.05)
                numbers = row["rank"] == 1, row["rank"], row["fdr"] <= 0.05, others
                counts = len(claimed), true.sum(), true.sum() / len(moved), seconds
                found.setdefault((zeros, method), []).append((*numbers, *counts))
    for (zeros, method), rows in sorted(found.items()):
        *numbers, claimed, true, recall, seconds = np.array(rows, dtype=float).mean(axis=0)
        # Of all claims of all pairs: a pair without claims has no share of its own.
        shown = (*numbers, claimed, true / claimed if claimed else np.nan, recall, seconds)
        print(f"| {zeros:g} | {method} | {' | '.join(f'{x:.2f}' for x in shown)} |")


def measure_rank_null(runs: int) -> None:
    """Print what the ranks of methods claim where labels of simulated cells were dealt."""
    print("| Cells | Replicates | Method | Claiming edges | Claiming regulators | p < .05 | "
          "p < .001 |\n|---|---|---|---|---|---|---|")  # fmt: skip
    sets = load_null_sets()
    for name in ("gnw_500", "gnw_500_zeros_0.7"):
        table, regulators = sets[name]
        genes, values = sorted(table.columns), table[sorted(table.columns)].to_numpy()
        for unit in ("cells", "donors"):
            for method in RANKED[1:]:
                found = []
                for seed in range(runs):
                    design = deal_labels(len(values), unit, seed)
                    edges, ranked, _ = rank_by(
                        method, values[design.rows], genes, regulators, design, seed
                    )
                    found.append(count_null(edges, ranked))
                numbers = " | ".join(f"{x:.4g}" for x in np.array(found, float).mean(axis=0))
                print(f"| {name} | {unit} | {method} | {numbers} |", flush=True)


def deal_labels(cells: int, unit: str, seed: int) -> Design:
    """Return a design of labels dealt at random: to cells, or to eight donors."""
    rng = np.random.default_rng(seed)
    donor = rng.permutation(np.arange(cells) % 8)
    side = rng.permutation(8) < 4
    labels = side[donor] if unit == "donors" else rng.random(cells) < 0.5
    donors = [f"d{n}" for n in donor] if unit == "donors" else None
    return make_design(np.where(labels, "a", "b").tolist(), ("a", "b"), donors)


def count_null(edges: pd.DataFrame, ranked: pd.DataFrame) -> tuple:
    """Return whether an edge and a regulator are claimed, and the shares of two p-values."""
    shares = (edges["p"] < 0.05).mean(), (edges["p"] < 0.001).mean()
    return (edges["fdr"] <= 0.05).any(), (ranked["fdr"] <= 0.05).any(), *shares


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
    sample = {}
    if os.environ.get("WHEELS"):
        with zipfile.ZipFile(next(Path(os.environ["WHEELS"]).glob("celltypist-*.whl"))) as wheel:
            member = wheel.read("celltypist/data/samples/sample_cell_by_gene.csv")
        cells = pd.read_csv(io.BytesIO(member), index_col=0)
        cells = np.log1p(cells.div(cells.sum(axis=1), axis=0) * 1e4)
        cells = cells[cells.var().sort_index().nlargest(500).index.union(set(known) & set(cells))]
        sample["celltypist"] = (cells, sorted(set(known) & set(cells)))
    return {
        **sample,
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
                design = deal_labels(len(values), unit, seed)
                edges, ranked, _ = compare_networks(
                    values[design.rows], genes, regulators, design,
                    permutations=LABELLINGS, seed=seed,
                )  # fmt: skip
                found.append(count_null(edges, ranked))
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
    tasks = {
        "null": (measure_null, 40), "power": (measure_power, 20), "speed": (measure_speed,),
        "ranks": (measure_ranks, 10), "rank_null": (measure_rank_null, 40),
    }  # fmt: skip
    task, *usual = tasks[what]
    task(*(number or usual))
