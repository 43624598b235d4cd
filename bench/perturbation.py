"""Knock-outs predicted from cells in which nothing is knocked out, beside the simulator's own.

    python bench/perturbation.py gnw|boolean [networks]
    python bench/perturbation.py dream4 <folder with insilico_size100_1 to _3>

prints, by set, the mean over knock-outs of the Spearman correlation of predicted and true signed
response, that of their sizes, and the AUROC of the genes that respond, each with its 95 % interval
(knock-outs resampled) and, for the rivals, the paired difference to ours. `PEERS_PYTHON` may name
the Python of an environment with sctenifoldpy, whose scTenifoldKnk is then a rival.

The choices of gtgrn.perturbation were made on networks of the seeds 0 to 5; these begin at 10.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from gtgrn.evaluation.ranking import auroc
from gtgrn.inference.consensus import log_rank
from gtgrn.inference.run import infer
from gtgrn.names import REGULATOR, SCORE, TARGET
from gtgrn.network.regulons import select_edges
from gtgrn.perturbation.response import (
    EDGES_OF_A_GENE,
    choose_structure,
    correlate_all,
    fit,
    respond,
)
from gtgrn.simulation.boolean import simulate
from gtgrn.simulation.boolean_models import Rule, read_model
from gtgrn.simulation.experiments import run_experiment
from gtgrn.simulation.kinetics import draw_kinetics
from gtgrn.simulation.subnetworks import generate_network

METHODS = {"genie3": {"n_estimators": 100}, "clr": {}, "pearson": {}, "partial_correlation": {}}
FIRST_SEED, CELLS, FEWEST = 10, 500, 3
MODELS = Path(__file__).parents[1] / "resources/boolean_models"
Case = tuple[str, pd.DataFrame, list[str], pd.DataFrame, pd.DataFrame]
"""Set, cells x genes, regulators, true responses (knock-outs x genes) and who responds."""


def gnw_cases(networks: int) -> Iterator[Case]:
    """Yield simulated networks of 100 genes, 20 regulators; noiseless steady states as truth."""
    for seed in range(FIRST_SEED, FIRST_SEED + networks):
        edges = generate_network(100, 20, seed=seed)
        kinetics, plain = draw_kinetics(edges, seed=seed), {"microarray_noise": False}
        cells = run_experiment(kinetics, "multifactorial", conditions=CELLS, seed=seed, **plain)
        gone = run_experiment(
            kinetics, "knockouts", conditions=20, stochastic=False, seed=seed, **plain
        ).expression
        truth = gone.drop(index="wildtype") - gone.loc["wildtype"]
        truth.index = truth.index.str.removeprefix("knockout_")
        # A fiftieth of the largest concentration: beyond what the solver leaves open.
        yield "gnw", cells.expression, sorted(set(edges[REGULATOR])), truth, truth.abs() > 0.02


def boolean_cases(_: int) -> Iterator[Case]:
    """Yield the shipped Boolean models: means of cells with and without each gene."""
    for path in sorted(MODELS.glob("*.yaml")):
        model, settings = read_model(path), {"n_cells": CELLS, "redraw_extinct": False}
        cells = simulate(model, seed=FIRST_SEED, **settings).expression
        rows = {}
        for gene in model.genes:
            rules = {**model.rules, gene: Rule((), np.zeros(()))}
            silent = replace(model, rules=rules, initial={**model.initial, gene: 0.0})
            rows[gene] = simulate(silent, seed=FIRST_SEED + 1, **settings).expression.mean()
        again = simulate(model, seed=FIRST_SEED + 2, **settings).expression
        truth = pd.DataFrame(rows).T - again.mean()
        # Four standard errors of the difference of two means.
        error = again.std() * np.sqrt(2 / CELLS)
        yield path.stem, cells, list(model.genes), truth, truth.abs() > 4 * error


def dream4_cases(folder: str) -> Iterator[Case]:
    """Yield the networks of DREAM4: cells are the time series, whose perturbations are others."""
    for number in (1, 2, 3):
        own = Path(folder) / f"insilico_size100_{number}"
        cells = pd.read_csv(own / "timeseries.tsv", sep="\t").drop(columns="Time")
        gone = pd.read_csv(own / "knockouts.tsv", sep="\t")
        gone.index = gone.columns
        middle = gone.median()
        spread = 1.4826 * (gone - middle).abs().median() + 0.005
        truth = (gone - middle) / spread
        yield "dream4", cells, sorted(cells), truth, truth.abs() > 4


def predict(cells: pd.DataFrame, regulators: list[str], wanted: list[str]) -> dict:
    """Return predictor -> knock-outs x genes; larger in size is a stronger response."""
    genes = sorted(cells)
    networks = {name: infer(name, cells, regulators, seed=0, **o) for name, o in METHODS.items()}
    pairs = [(r, t) for r in regulators for t in genes if r != t]
    network = pd.DataFrame(pairs, columns=[REGULATOR, TARGET])
    network[SCORE] = log_rank(network, networks)
    network = network.sort_values([SCORE, REGULATOR, TARGET], ascending=[False, True, True])
    structure = choose_structure(network, genes)
    correlations = correlate_all(cells[genes].to_numpy(float), structure.regulators)
    coefficient = fit(structure, correlations)
    edges = select_edges(network, EDGES_OF_A_GENE * len(genes))
    degree = edges[REGULATOR].value_counts().reindex(genes).fillna(0).to_numpy()
    among = np.nan_to_num(np.corrcoef(cells[genes].to_numpy(float).T))
    rows = {
        gene: {
            "ours": respond(structure, coefficient, genes.index(gene), -1.0, len(genes)),
            "r": -among[genes.index(gene)],
            "out-degree": degree,
        }
        for gene in wanted
    }
    found = {
        name: pd.DataFrame({gene: own[name] for gene, own in rows.items()}, genes).T
        for name in ("ours", "r", "out-degree")
    }
    return found | ask_peer(cells, wanted)


def ask_peer(cells: pd.DataFrame, wanted: list[str]) -> dict[str, pd.DataFrame]:
    """Return the distances of scTenifoldKnk, where its Python is named."""
    python = os.environ.get("PEERS_PYTHON")
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        cells.to_csv(f"{folder}/cells.tsv", sep="\t")
        Path(f"{folder}/genes.txt").write_text("\n".join(wanted))
        script = str(Path(__file__).with_name("peer_tools.py"))
        subprocess.run([python, script, "knockouts", folder], check=True, capture_output=True)
        table = pd.read_csv(f"{folder}/out.tsv", sep="\t", index_col=0)
    return {"scTenifoldKnk": table.reindex(columns=sorted(cells)).fillna(0.0)}


def judge(case: Case) -> pd.DataFrame:
    """Return one row per knock-out and predictor; those with few responders are left out."""
    name, cells, regulators, truth, responds = case
    genes = sorted(cells)
    truth, responds = truth[genes], responds[genes]
    wanted = []
    for gene in (gene for gene in truth.index if gene in regulators):
        others = responds.loc[gene].drop(gene)
        if min(others.sum(), (~others).sum()) >= FEWEST or (len(genes) < 50 and others.any()):
            wanted.append(gene)
    rows = []
    for predictor, table in predict(cells, regulators, wanted).items():
        for gene in wanted:
            kept = [other for other in genes if other != gene]
            own = table.loc[gene, kept].astype(float)
            true, positive = truth.loc[gene, kept], responds.loc[gene, kept]
            row = {"set": name, "knock-out": gene, "predictor": predictor}
            row["signed"] = own.corr(true, method="spearman")
            row["size"] = own.abs().corr(true.abs(), method="spearman")
            both = positive.any() and not positive.all()
            row["auroc"] = auroc(positive.to_numpy(int), own.abs().to_numpy()) if both else np.nan
            rows.append(row)
    return pd.DataFrame(rows).fillna({"signed": 0.0, "size": 0.0})


def interval(values: np.ndarray) -> str:
    """Return mean and 95 % interval of a mean over knock-outs, by resampling them."""
    values = values[~np.isnan(values)]
    draws = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def main(kind: str, argument: str) -> None:
    """Print the table of a kind of truth."""
    if kind == "dream4":
        cases = dream4_cases(argument)
    else:
        cases = {"gnw": gnw_cases, "boolean": boolean_cases}[kind](int(argument))
    parts = []
    for number, case in enumerate(cases):
        parts.append(judge(case).assign(network=number))
    table = pd.concat(parts)
    table["unit"] = table["network"].astype(str) + table["knock-out"]
    measures = ["signed", "size", "auroc"]
    print(
        "| Set | Knock-outs | Predictor | Spearman, signed | Spearman, size | AUROC | ours less |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, own in table.groupby("set", sort=False):
        wide = {m: own.pivot(index="unit", columns="predictor", values=m) for m in measures}
        for predictor in own["predictor"].unique():
            numbers = " | ".join(interval(wide[m][predictor].to_numpy()) for m in measures)
            less = wide["auroc"]["ours"] - wide["auroc"][predictor]
            shown = "" if predictor == "ours" else interval(less.to_numpy())
            print(
                f"| {name} | {len(wide['auroc'])} | {predictor} | {numbers} | {shown} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1], (sys.argv[2:] or ["10"])[0])
