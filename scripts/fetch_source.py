"""Fetch a source by its card, and write its pairs as one table."""

from gtgrn.data.source_files import obtain_source, read_source
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
card, name = snakemake.params.card, snakemake.wildcards.source
# Read from the configuration, not from params: another mirror is no reason to fetch again.
path = obtain_source(
    card, name=name, mirror=snakemake.config["mirror"], offline=snakemake.config["offline"]
)
write_table(read_source(card, path), snakemake.output[0])
