"""Draw the map of gene representations for print."""

from gtgrn.logs import configure_logging
from gtgrn.report.sections.gene_maps import draw_map
from gtgrn.tables import read_table

configure_logging(snakemake.log[0])
draw_map(read_table(snakemake.input.coordinates), snakemake.output.svg, snakemake.output.png)
