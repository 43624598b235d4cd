"""List the groups of a data set, those that are left out among them."""

from gtgrn.data.cell_groups import list_groups
from gtgrn.data.store import read_preprocessed
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
adata = read_preprocessed(snakemake.input[0])
table = list_groups(adata, snakemake.params.by, snakemake.params.groups)
write_table(table, snakemake.output[0])
