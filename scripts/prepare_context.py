"""Make what a supervised model reads of other contexts, from sources of some kinds."""

from gtgrn.context.inputs import make_inputs, write_inputs
from gtgrn.context.selection import select_sources
from gtgrn.data.matrix import read_genes
from gtgrn.jobs import start_job
from gtgrn.names import PAIR, REGULATOR
from gtgrn.tables import read_table, write_table

start_job(snakemake)
kinds = snakemake.wildcards.kinds
cards, (genes, regulators) = snakemake.params.cards, read_genes(snakemake.input.genes)
reference = read_table(snakemake.input.reference, PAIR)
files = zip(cards, snakemake.input.sources, strict=True)
sources, dropped = select_sources(
    {name: read_table(path, PAIR) for name, path in files},
    cards,
    genes,
    **snakemake.params.dataset,
    reference=reference,
)
if kinds != "all":
    sources = [source for source in sources if source.kind in kinds.split("-")]
ranked = sorted(set(regulators) | set(reference[REGULATOR]) & set(genes))
write_inputs(make_inputs(sources, genes, ranked), snakemake.output.inputs)
write_table(dropped, snakemake.output.dropped)
