"""Score every pair of a split by what other contexts say without a model."""

from gtgrn.context.nulls import score_context_nulls
from gtgrn.context.selection import select_sources
from gtgrn.data.matrix import read_genes
from gtgrn.jobs import start_job
from gtgrn.names import CONTEXT_NULLS, PAIR
from gtgrn.splits.tables import read_split
from gtgrn.tables import read_table, write_table

start_job(snakemake)
cards, genes = snakemake.params.cards, read_genes(snakemake.input.genes)[0]
files = zip(cards, snakemake.input.sources, strict=True)
sources, _ = select_sources(
    {name: read_table(path, PAIR) for name, path in files},
    cards,
    genes,
    **snakemake.params.dataset,
    reference=read_table(snakemake.input.reference, PAIR),
)
split = read_split(snakemake.input.split)
scores = score_context_nulls(split, sources, genes)
for null, path in zip(CONTEXT_NULLS, snakemake.output, strict=True):
    write_table(split.assign(score=scores[null]), path)
