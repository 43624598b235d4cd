"""Infer a network from expression by one of the methods in gtgrn.inference."""

from importlib import import_module

from gtgrn.edges import write_network
from gtgrn.expression import read_preprocessed
from gtgrn.logs import configure_logging

configure_logging(snakemake.log[0])
adata = read_preprocessed(snakemake.input.expression)
edges = import_module(f"gtgrn.inference.{snakemake.params.method}").infer(
    adata.to_df(),
    list(adata.var_names[adata.var["is_regulator"]]),
    seed=snakemake.params.seed,
    threads=snakemake.threads,
    **snakemake.params.options,
)
write_network(edges, snakemake.output[0])
