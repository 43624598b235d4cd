"""Summarise the test scores of all peers on one data set beside what the originals reach."""

from gtgrn.jobs import start_job
from gtgrn.studies.peers import measure, summarise
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params = snakemake.params
rows = measure(
    (*names, read_table(path))
    for names, path in zip(params.models, snakemake.input.scores, strict=True)
)
write_table(rows, snakemake.output.seeds)
write_table(
    summarise(rows, read_table(snakemake.input.originals), params.card), snakemake.output.table
)
