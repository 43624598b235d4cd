"""Draw the map of gene representations for print."""

from gtgrn.edges import read_table
from gtgrn.logs import configure_logging
from gtgrn.plots.embeddings import draw_map

configure_logging(snakemake.log[0])
draw_map(read_table(snakemake.input.coordinates), snakemake.output.svg, snakemake.output.png)
