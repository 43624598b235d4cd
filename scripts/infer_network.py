"""Infer a network from expression, or the part of it that points at one shard of the genes."""

from gtgrn.data.matrix import read_matrix
from gtgrn.inference.provenance import write_provenance
from gtgrn.inference.run import infer, shard
from gtgrn.jobs import start_job
from gtgrn.tables import write_network

start_job(snakemake)
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
params, options = snakemake.params, dict(snakemake.params.options)
item = snakemake.wildcards.get("scatteritem")
if item is not None:
    options["targets"] = shard(expression.columns, item)
edges = infer(
    params.method,
    expression,
    regulators,
    seed=params.seed,
    threads=snakemake.threads,
    **options,
)
write_provenance(
    snakemake.output.provenance,
    method=params.method,
    options=params.options,
    seed=params.seed,
    matrix=snakemake.input.matrix,
    **edges.attrs,
)
write_network(edges, snakemake.output.network)
