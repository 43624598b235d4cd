"""Sample random walks over the inferred networks."""

from gtgrn.edges import read_network
from gtgrn.expression import read_preprocessed
from gtgrn.logs import configure_logging
from gtgrn.walks import sample_walks, write_walks

configure_logging(snakemake.log[0])
genes = list(read_preprocessed(snakemake.input.expression).var_names)
files = zip(snakemake.params.networks, snakemake.input.networks, strict=True)
walks = sample_walks(
    {method: read_network(path) for method, path in files},
    genes,
    seed=int(snakemake.wildcards.seed),
    **snakemake.params.options,
)
write_walks(walks, snakemake.output[0])
