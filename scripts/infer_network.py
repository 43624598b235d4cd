"""Infer a network from expression by one of the methods in gtgrn.inference."""

from gtgrn.data.matrix import read_matrix
from gtgrn.inference.provenance import write_provenance
from gtgrn.inference.run import infer
from gtgrn.logs import configure_logging
from gtgrn.tables import write_network

configure_logging(snakemake.log[0])
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
params = snakemake.params
edges = infer(
    params.method,
    expression,
    regulators,
    seed=params.seed,
    threads=snakemake.threads,
    **params.options,
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
