"""Draw a split of the reference, or take the one that the data set ships, and its negatives."""

from gtgrn.config.settings import parse_scheme
from gtgrn.data.matrix import read_genes
from gtgrn.jobs import start_job
from gtgrn.splits.negatives import draw_all, write_negatives
from gtgrn.splits.schemes import draw_split
from gtgrn.splits.tables import write_split
from gtgrn.tables import read_table

start_job(snakemake)
scheme, seed, params = snakemake.wildcards.split, int(snakemake.wildcards.seed), snakemake.params
reference = read_table(snakemake.input.reference, ["regulator", "target"])
source = None
if "source" in dict(snakemake.input.items()):
    edges = read_table(snakemake.input.source, ["regulator", "target"])
    source = edges, read_genes(snakemake.input.source_genes)[0]
split = draw_split(
    scheme,
    reference,
    read_genes(snakemake.input.genes)[0],
    seed=seed,
    fractions=params.options["edges"],
    folds=params.options["folds"],
    shipped=params.card.get("splits", {}).get(parse_scheme(scheme)[0]),
    source=source,
)
negatives = draw_all(split, reference, params.negatives, seed=seed, draws=params.draws)
write_negatives(negatives, snakemake.output.negatives)
write_split(split, snakemake.output.split)
