"""Draw a split of the reference, or take the one that the data set ships."""

from gtgrn.edges import read_table
from gtgrn.logs import configure_logging
from gtgrn.matrix import read_genes
from gtgrn.schemes import draw_split
from gtgrn.splits import write_split

configure_logging(snakemake.log[0])
scheme, params = snakemake.wildcards.split, snakemake.params
split = draw_split(
    scheme,
    read_table(snakemake.input.reference, ["regulator", "target"]),
    read_genes(snakemake.input.genes)[0],
    seed=int(snakemake.wildcards.seed),
    fractions=params.options["edges"],
    folds=params.options["folds"],
    shipped=params.card.get("splits", {}).get(scheme),
)
write_split(split, snakemake.output[0])
