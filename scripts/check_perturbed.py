"""Check that the genes to knock out are regulators of the data set."""

from gtgrn.data.store import read_preprocessed
from gtgrn.jobs import start_job
from gtgrn.perturbation.tables import check_genes
from gtgrn.tables import write_table

start_job(snakemake)
adata = read_preprocessed(snakemake.input[0])
table = check_genes(adata, snakemake.params.genes, snakemake.wildcards.dataset)
write_table(table, snakemake.output[0])
