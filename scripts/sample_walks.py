"""Sample random walks over the inferred networks."""

from gtgrn.data.matrix import read_genes
from gtgrn.embeddings.walks import sample_walks, write_walks
from gtgrn.jobs import start_job
from gtgrn.tables import read_network

start_job(snakemake)
genes, _ = read_genes(snakemake.input.genes)
files = zip(snakemake.params.networks, snakemake.input.networks, strict=True)
walks = sample_walks(
    {method: read_network(path) for method, path in files},
    genes,
    seed=int(snakemake.wildcards.seed),
    **snakemake.params.options,
)
write_walks(walks, snakemake.output[0])
