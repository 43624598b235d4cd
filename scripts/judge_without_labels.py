"""Judge rankings that never saw an edge of the data set on its edges."""

import numpy as np
from gtgrn.context.selection import select_sources
from gtgrn.context.transfer import fit_transfer
from gtgrn.data.matrix import read_genes
from gtgrn.jobs import start_job
from gtgrn.names import PAIR, REGULATOR
from gtgrn.studies.reference_free import (
    context_scores,
    judge_rankings,
    label_matrix,
    weight_matrix,
)
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
cards, genes = snakemake.params.cards, read_genes(snakemake.input.genes)[0]
reference = read_table(snakemake.input.reference, PAIR)
files = zip(cards, snakemake.input.sources, strict=True)
sources, dropped = select_sources(
    {name: read_table(path, PAIR) for name, path in files},
    cards,
    genes,
    **snakemake.params.dataset,
    reference=reference,
)
regulators = sorted(set(reference[REGULATOR]))
labels = label_matrix(reference, genes, regulators)
rankings = {}
if sources:
    # Labels decide which rows are dropped, to the ranking's disadvantage, and nothing else.
    model = fit_transfer(sources, genes)
    rankings = context_scores(model, sources, regulators, len(genes))
rankings["random"] = np.random.default_rng(0).random(labels.shape)
for method, path in zip(snakemake.params.methods, snakemake.input.networks, strict=True):
    rankings[method] = weight_matrix(read_network(path), genes, regulators)
names = {"dataset": snakemake.wildcards.dataset, "truth": snakemake.params.truth}
metrics, differences = judge_rankings(labels, rankings)
write_table(metrics.assign(**names), snakemake.output.metrics)
write_table(differences.assign(**names), snakemake.output.differences)
write_table(dropped.assign(**names), snakemake.output.dropped)
