"""Draw the map of gene representations for print."""

from gtgrn.jobs import start_job
from gtgrn.report.sections.gene_maps import draw_map
from gtgrn.tables import read_table

start_job(snakemake)
draw_map(read_table(snakemake.input.coordinates), snakemake.output.svg, snakemake.output.png)
