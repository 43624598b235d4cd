"""Read a network that others made, so that it can be judged."""

from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.third_party import read_scores
from gtgrn.jobs import start_job
from gtgrn.tables import write_network

start_job(snakemake)
genes, _ = read_genes(snakemake.input.genes)
edges = read_scores(snakemake.input.scores, genes, **snakemake.params.columns)
write_network(edges, snakemake.output[0])
