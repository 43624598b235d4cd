"""What each choice of the gene filter keeps, loses and does to networks.

Run by hand from the root of the repository, cards and their files as in a run:

    python bench/filters.py --mirror ../shared/data hesc_500 mhsc_l_500 CARD...

One line per data set and choice: genes and candidate regulators left, regulators and marker genes
of blood that cells express and the filter drops, AUROC and AUPRC over its density of two cheap
methods, over the genes that the choice leaves and, behind the bar, over those that the strictest
leaves (the same pairs for all choices), and seconds for the filter and both methods.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import anndata as ad
import pandas as pd
from gtgrn.config.cards import expand_card, load_cards
from gtgrn.data.cell_types import marker_types
from gtgrn.data.filters import count_cells
from gtgrn.data.preprocessing import preprocess, read_expression
from gtgrn.data.reference import read_reference, read_regulators
from gtgrn.evaluation.ranking import auprc_ratio, auroc
from gtgrn.evaluation.reconstruction import align_predictions, draw_universe
from gtgrn.inference.run import infer
from gtgrn.names import IS_REGULATOR, LABEL, PAIR, REGULATOR

CHOICES: dict[str, dict] = {
    "10 % of the cells": {"min_cells_fraction": 0.1},
    "5 %": {"min_cells_fraction": 0.05},
    "1 %": {"min_cells_fraction": 0.01},
    "3 cells": {"min_cells": 3},
    "10 cells (default)": {},
    "20 cells": {"min_cells": 20},
    "10 %, keep regulators": {"min_cells_fraction": 0.1, "keep": True},
}
METHODS = ("pearson", "clr")


def prepare(card: dict) -> tuple[ad.AnnData, list[str] | None, list[str]]:
    """Return the matrix, the candidates (None for all genes) and the markers of a card."""
    adata = read_expression(card["expression"])
    regulators = None
    if "path" in card.get("regulators", {}):
        regulators = read_regulators(card["regulators"], adata.var_names)
    elif "regulators" not in card and "reference" in card:
        edges = read_reference(card["reference"], adata.var_names)
        regulators = sorted(edges[REGULATOR].unique())
    return adata, regulators, list(marker_types(card, adata.var_names))


def judge(network: pd.DataFrame, reference: pd.DataFrame, genes: list[str]) -> tuple[float, float]:
    """Return AUROC and AUPRC over the density, over pairs of the reference's regulators."""
    pairs = draw_universe(reference, genes)
    scores = network.rename(columns={"weight": "score"})
    labels, weights = pairs[LABEL].to_numpy(), align_predictions(pairs, scores)
    return auroc(labels, weights), auprc_ratio(labels, weights)


def make(
    adata: ad.AnnData, card: dict, regulators: list[str] | None, options: dict
) -> tuple[ad.AnnData, dict[str, pd.DataFrame], float]:
    """Return what a choice of the filter leaves, the networks on it, and the seconds."""
    start, options = time.perf_counter(), dict(options)
    if options.pop("keep", False):
        options["keep"] = regulators or []
    done = preprocess(
        adata,
        values=adata.uns["gtgrn"]["source"]["values"],
        regulators=regulators,
        min_genes_per_cell=0,
        total_counts=card["expression"].get("total_counts"),
        **options,
    )
    matrix = pd.DataFrame(done.X, columns=done.var_names)
    candidates = list(done.var_names[done.var[IS_REGULATOR]])
    networks = {method: infer(method, matrix, candidates, seed=0) for method in METHODS}
    return done, networks, time.perf_counter() - start


def measure(name: str, card: dict, n_top_genes: int | None) -> None:
    """Print the line of each choice for one data set."""
    adata, regulators, markers = prepare(card)
    n_cells = count_cells(adata)
    heard = set(n_cells.index[n_cells > 0])
    print(f"\n{name}: {adata.n_obs} cells, {adata.n_vars} genes, {len(heard)} expressed")
    made = {
        choice: make(adata, card, regulators, options | {"n_top_genes": n_top_genes})
        for choice, options in CHOICES.items()
    }
    common = sorted(set.intersection(*(set(done.var_names) for done, _, _ in made.values())))
    for choice, (done, networks, seconds) in made.items():
        candidates = set(done.var_names[done.var[IS_REGULATOR]])
        lost = len(set(regulators or []) & heard - candidates)
        dropped = len(set(markers) & heard - set(done.var_names))
        scores = []
        for genes in (list(done.var_names), common):
            reference = read_reference(card["reference"], genes)[PAIR]
            reference = reference[reference[REGULATOR].isin(candidates)]
            judged = [judge(networks[method], reference, genes) for method in METHODS]
            scores.append(" ".join(f"{a:.3f}/{p:.2f}" for a, p in judged))
        print(
            f"{choice:<22} {done.n_vars:>6} genes {len(candidates):>5} regulators, "
            f"lost {lost:>4}, markers lost {dropped:>3}; {' | '.join(scores)}; {seconds:.1f} s",
            flush=True,
        )


def main() -> None:
    """Measure the cards named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="+", help="names of cards in config/datasets")
    parser.add_argument("--mirror", help="folder that 'mirror:' in a card stands for")
    parser.add_argument("--n-top-genes", type=int, help="most variable genes; by default all")
    arguments = parser.parse_args()
    folder = Path(__file__).parents[1] / "config" / "datasets"
    cards = load_cards(folder, arguments.cards, mirror=arguments.mirror, unchecked=["results"])
    for name, card in cards.items():
        for dataset, one in expand_card(name, card).items():
            measure(dataset, one, arguments.n_top_genes)


if __name__ == "__main__":
    main()
