"""Join the expression-only networks into the consensus networks."""

from pathlib import Path

from gtgrn.data.matrix import read_genes
from gtgrn.inference import consensus
from gtgrn.jobs import start_job
from gtgrn.splits.universe import universe
from gtgrn.tables import read_network, write_network

start_job(snakemake)
pairs = universe(*read_genes(snakemake.input.genes))
files = {Path(path).name.removesuffix(".tsv.gz"): path for path in snakemake.input.networks}
networks = {method: read_network(path) for method, path in files.items()}
consensus.describe_silence(pairs, networks, snakemake.wildcards.dataset)
for name, path in zip(snakemake.params.ensembles, snakemake.output, strict=True):
    write_network(pairs.assign(weight=getattr(consensus, name)(pairs, networks)), path)
