"""Compute Laplacian encodings of the message graph: training positives only."""

from gtgrn.data.matrix import read_genes
from gtgrn.embeddings.positional import laplacian_encodings
from gtgrn.embeddings.tables import write_embedding
from gtgrn.jobs import start_job
from gtgrn.splits.leakage import message_edges
from gtgrn.splits.tables import read_split

start_job(snakemake)
genes, _ = read_genes(snakemake.input.genes)
edges = message_edges(read_split(snakemake.input.split))
encodings = laplacian_encodings(edges, genes, **snakemake.params.options)
write_embedding(encodings, genes, snakemake.output[0], edges=edges)
