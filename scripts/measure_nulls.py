"""Measure the nulls on the paper's split, and as reconstructions of the whole network."""

import pandas as pd
from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.reconstruction import draw_universe
from gtgrn.jobs import start_job
from gtgrn.names import PAIR, SCORE
from gtgrn.splits.tables import read_split
from gtgrn.splits.universe import rankable
from gtgrn.studies.paper_tables import measure_nulls
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params = snakemake.params
genes, regulators = read_genes(snakemake.input.genes)
reference = rankable(read_table(snakemake.input.reference, PAIR), regulators, what="reference")
pairs = draw_universe(reference, genes, params.universe)
files, tables = iter(snakemake.input.nulls), []
for seed, path in zip(params.seeds, snakemake.input.splits, strict=True):
    nulls = {null: read_table(next(files), [*PAIR, SCORE]) for null in params.nulls}
    tables.append(measure_nulls(nulls, pairs, read_split(path)).assign(seed=seed))
table = pd.concat(tables).assign(dataset=snakemake.wildcards.dataset)
write_table(table, snakemake.output[0])
