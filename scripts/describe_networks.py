"""Judge networks and models over all pairs; say how they agree and what their errors are."""

from pathlib import Path

import numpy as np
import pandas as pd
from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.reconstruction import (
    align_predictions,
    compare_networks,
    describe_errors,
    draw_universe,
    reconstruct,
    training_pairs,
)
from gtgrn.evaluation.topology import compare_characteristics
from gtgrn.inference.consensus import align_weights
from gtgrn.jobs import start_job
from gtgrn.names import PAIR, SCORE, WEIGHT
from gtgrn.splits.tables import read_split
from gtgrn.splits.universe import rankable
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
names = {key: snakemake.wildcards[key] for key in ("dataset", "split")}
genes, regulators = read_genes(snakemake.input.genes)
reference = rankable(read_table(snakemake.input.reference, PAIR), regulators, what="reference")
pairs = draw_universe(reference, genes, params.universe)
networks = {
    (Path(path).name.removesuffix(".tsv.gz"), "network"): align_weights(pairs, read_network(path))
    for path in snakemake.input.networks
}
tables, runs = [], {tuple(model): {} for model in params.models}
files = iter(snakemake.input.models)
for seed, path in zip(params.seeds, snakemake.input.splits, strict=True):
    models = {tuple(model): read_table(next(files), [*PAIR, SCORE]) for model in params.models}
    models = {model: align_predictions(pairs, table) for model, table in models.items()}
    table = reconstruct(pairs, networks, models, training_pairs(pairs, read_split(path)))
    tables.append(table.assign(seed=seed))
    for model, values in models.items():
        runs[model][f"seed {seed}"] = values
write_table(pd.concat(tables).assign(**names), output.reconstruction)

means = {model: np.mean(list(seeds.values()), axis=0) for model, seeds in runs.items()}
weights = {"/".join(name): values for name, values in {**networks, **means}.items()}
k = len(reference)
agreements = [compare_networks(weights, k, between="methods")]
for model, seeds in runs.items():
    table = compare_networks(seeds, k, between="seeds")
    agreements.append(table.assign(between=f"seeds of {'/'.join(model)}"))
write_table(pd.concat(agreements).assign(**names), output.agreement)

tables = {name: pairs[PAIR].assign(**{WEIGHT: values}) for name, values in weights.items()}
table = compare_characteristics(tables, reference, threshold=params.threshold)
write_table(table.assign(**names), output.characteristics)
motifs, paths = describe_errors(tables, reference)
write_table(motifs.assign(**names), output.motifs)
write_table(paths.assign(**names), output.paths)
