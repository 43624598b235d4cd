"""List the cells of two conditions that are compared within a group, and their donors."""

from gtgrn.comparison.design import tabulate_design
from gtgrn.comparison.tables import find_design
from gtgrn.data.store import read_preprocessed
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
adata = read_preprocessed(snakemake.input[0])
design = find_design(adata, snakemake.params.section, snakemake.params.within)
write_table(tabulate_design(design, list(adata.obs_names)), snakemake.output[0])
