"""Judge expression-only networks over the whole universe, where a reference is known."""

from pathlib import Path

from gtgrn.data.matrix import read_genes
from gtgrn.evaluation.reconstruction import draw_universe, judge
from gtgrn.inference.consensus import align_weights
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.splits.universe import rankable
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
genes, regulators = read_genes(snakemake.input.genes)
reference = rankable(read_table(snakemake.input.reference, PAIR), regulators, what="reference")
pairs = draw_universe(reference, genes, snakemake.params.universe)
networks = {
    (Path(path).name.removesuffix(".tsv.gz"), "network"): align_weights(pairs, read_network(path))
    for path in snakemake.input.networks
}
names = {"dataset": snakemake.wildcards.dataset, "universe": snakemake.params.universe}
write_table(judge(pairs, networks).assign(**names), snakemake.output[0])
