"""Compute Laplacian encodings of the message graph: training positives only."""

from gtgrn.embeddings import write_embedding
from gtgrn.expression import read_preprocessed
from gtgrn.logs import configure_logging
from gtgrn.positional import laplacian_encodings
from gtgrn.splits import message_edges, read_split

configure_logging(snakemake.log[0])
genes = list(read_preprocessed(snakemake.input.expression).var_names)
edges = message_edges(read_split(snakemake.input.split))
encodings = laplacian_encodings(edges, genes, **snakemake.params.options)
write_embedding(encodings, genes, snakemake.output[0])
