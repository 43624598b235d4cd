"""What a choice inside expression-only networks costs, on data sets with a reference.

    snakemake --cores all --config 'datasets=[...]' mirror=<folder> -- networks
    python bench/networks.py ranks|consensus|methods results/<dataset> ...

prints tables in Markdown. `consensus` judges the methods of `networks` that the final network
rests on, and what joins them. `ranks` infers C3NET anew from `matrix.npy` with each way to rank
tied values, and from the same cells in other orders. `methods` infers the default methods and
others from `matrix.npy`, forests with 100 trees, and judges them beside the consensus of each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.config.settings import ENSEMBLES
from gtgrn.data.matrix import read_genes, read_matrix
from gtgrn.evaluation.ranking import (
    auprc_ratio,
    auroc,
    early_precision_ratio,
    mean_within_group_auroc,
)
from gtgrn.evaluation.reconstruction import draw_universe
from gtgrn.inference import consensus
from gtgrn.inference.consensus import align_weights
from gtgrn.inference.information.c3net import COPULAS
from gtgrn.inference.run import infer
from gtgrn.names import LABEL, PAIR, REGULATOR, WEIGHT
from gtgrn.splits.universe import rankable, universe
from gtgrn.tables import read_network, read_table

JOINED = [
    *["genie3", "grnboost2", "aracne", "mrnet", "clr", "c3net", "bc3net", "c3mtc", "pearson"],
    "partial_correlation",
]
"""The default methods, but for chance."""
BESIDE = ["extratrees"]
"""Methods that are no default: what the consensus would be with each."""
OPTIONS = {name: {"n_estimators": 100} for name in ("genie3", "extratrees")}
ORDERS = 5
"""Random orders of the cells."""


def read_universe(folder: Path) -> pd.DataFrame:
    """Return the labelled pairs of a data set."""
    genes, regulators = read_genes(folder / "genes.tsv")
    return label_known(read_table(folder / "reference.tsv", PAIR), genes, regulators)


def label_known(
    reference: pd.DataFrame, genes: Sequence[str], regulators: Sequence[str]
) -> pd.DataFrame:
    """Return the pairs of the regulators with a known edge, labelled."""
    return draw_universe(rankable(reference, regulators, what="reference"), genes)


def judge(pairs: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
    """Return AUROC, AUPRC / density, EPR and the AUROC within regulators."""
    labels = pairs[LABEL].to_numpy()
    return {
        "AUROC": auroc(labels, weights),
        "AUPRC / density": auprc_ratio(labels, weights),
        "EPR": early_precision_ratio(labels, weights),
        "within": mean_within_group_auroc(labels, weights, pairs[REGULATOR].to_numpy())[0],
    }


def compare_ranks(folder: Path) -> list[dict]:
    """Return C3NET's metrics and its Jaccard index over orders of the cells, for each way."""
    expression, regulators = read_matrix(folder / "matrix.npy", folder / "genes.tsv")
    pairs, rows = read_universe(folder), []
    for copula in COPULAS:

        def edges(order: np.ndarray | slice, copula: str = copula) -> pd.DataFrame:
            cells = expression.iloc[order]
            options = {"engine": "native", "copula": copula}
            return infer("c3net", cells, regulators, seed=0, **options)

        first = edges(slice(None))
        known = set(map(tuple, first[PAIR].to_numpy()))
        overlap = []
        for seed in range(ORDERS):
            order = np.random.default_rng(seed).permutation(len(expression))
            other = set(map(tuple, edges(order)[PAIR].to_numpy()))
            overlap.append(len(known & other) / len(known | other))
        row = {"data set": folder.name, "ties": copula, "Jaccard": np.mean(overlap)}
        rows.append(row | judge(pairs, align_weights(pairs, first)))
    return rows


def compare_consensus(folder: Path, known: pd.DataFrame | None = None) -> list[dict]:
    """Return the metrics of the consensus networks and of the methods that they join.

    Without `known`, the pairs regulator, target that judge, the data set's own reference does.
    """
    genes, regulators = read_genes(folder / "genes.tsv")
    everything = universe(genes, regulators)
    pairs = read_universe(folder) if known is None else label_known(known, genes, regulators)
    networks = {
        path.name.removesuffix(".tsv.gz"): read_network(path)
        for path in sorted((folder / "networks").glob("*.tsv.gz"))
    }
    joined = {name: networks[name] for name in JOINED if name in networks}
    others = {name: networks[name] for name in BESIDE if name in networks}
    found = {
        name: everything.assign(**{WEIGHT: getattr(consensus, name)(everything, joined)})
        for name in ENSEMBLES
    }
    for name, network in others.items():
        weights = consensus.log_rank(everything, {**joined, name: network})
        found[f"log_rank with {name}"] = everything.assign(**{WEIGHT: weights})
    return [
        {"data set": folder.name, "method": name} | judge(pairs, align_weights(pairs, network))
        for name, network in {**joined, **others, **found}.items()
    ]


def compare_methods(folder: Path) -> list[dict]:
    """Return metrics and CPU time of methods inferred anew, and of the consensus with others."""
    expression, regulators = read_matrix(folder / "matrix.npy", folder / "genes.tsv")
    everything, pairs = universe(list(expression), regulators), read_universe(folder)
    networks, seconds = {}, {}
    for name in [*JOINED, *BESIDE]:
        start = time.process_time()
        networks[name] = infer(name, expression, regulators, seed=0, **OPTIONS.get(name, {}))
        seconds[name] = round(time.process_time() - start)
    joined = {name: networks[name] for name in JOINED}
    for name in BESIDE:
        for label, members in (
            ("log_rank", joined),
            (f"log_rank with {name}", {**joined, name: networks[name]}),
        ):
            weights = consensus.log_rank(everything, members)
            networks[label] = everything.assign(**{WEIGHT: weights})
    return [
        {"data set": folder.name, "method": name}
        | judge(pairs, align_weights(pairs, network))
        | {"CPU s": seconds.get(name, "")}
        for name, network in networks.items()
    ]


def print_table(rows: Sequence[dict]) -> None:
    """Print rows as a table in Markdown."""
    table = pd.DataFrame(rows)
    print("| " + " | ".join(table.columns) + " |\n|" + "---|" * table.shape[1])
    for row in table.itertuples(index=False):
        shown = (f"{x:.3f}".lstrip("0") if isinstance(x, float) else x for x in row)
        print("| " + " | ".join(map(str, shown)) + " |")


TABLES: dict[str, Callable[[Path], list[dict]]] = {
    "ranks": compare_ranks,
    "consensus": compare_consensus,
    "methods": compare_methods,
}

if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    print_table([row for folder in folders for row in TABLES[name](Path(folder))])
