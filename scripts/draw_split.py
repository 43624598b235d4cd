"""Draw a split of the reference, or take the one that the data set ships, and its negatives."""

from gtgrn.edges import read_table
from gtgrn.logs import configure_logging
from gtgrn.matrix import read_genes
from gtgrn.negatives import draw_all, write_negatives
from gtgrn.schemes import draw_split
from gtgrn.settings import parse_scheme
from gtgrn.splits import write_split

configure_logging(snakemake.log[0])
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
