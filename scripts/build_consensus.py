"""Join the expression-only networks by Borda count."""

from pathlib import Path

from gtgrn.consensus import borda
from gtgrn.edges import read_network, write_network
from gtgrn.expression import read_preprocessed
from gtgrn.logs import configure_logging
from gtgrn.splits import universe

configure_logging(snakemake.log[0])
adata = read_preprocessed(snakemake.input.expression)
pairs = universe(adata.var_names, adata.var_names[adata.var["is_regulator"]])
networks = {Path(path).name: read_network(path) for path in snakemake.input.networks}
write_network(pairs.assign(weight=borda(pairs, networks)), snakemake.output[0])
