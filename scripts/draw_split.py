"""Draw a split of the reference, or take the one that the data set ships."""

from gtgrn.edges import read_table
from gtgrn.logs import configure_logging
from gtgrn.matrix import read_genes
from gtgrn.reference import read_shipped_split
from gtgrn.splits import check_split, split_edges, write_split

configure_logging(snakemake.log[0])
genes, _ = read_genes(snakemake.input.genes)
shipped = snakemake.params.card.get("splits", {}).get(snakemake.wildcards.split)
if shipped:
    split = read_shipped_split(shipped, genes)
    check_split(split)
else:
    split = split_edges(
        read_table(snakemake.input.reference, ["regulator", "target"]),
        genes,
        fractions=snakemake.params.fractions,
        seed=int(snakemake.wildcards.seed),
    )
write_split(split, snakemake.output[0])
