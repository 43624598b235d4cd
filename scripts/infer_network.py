"""Infer a network from expression by one of the methods in gtgrn.inference."""

from gtgrn.edges import write_network
from gtgrn.inference._call import infer
from gtgrn.logs import configure_logging
from gtgrn.matrix import read_matrix
from gtgrn.provenance import write_provenance

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
