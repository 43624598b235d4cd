"""Join the time and memory of all jobs of the configured data sets."""

from gtgrn.jobs import start_job
from gtgrn.report.runtime import read_benchmarks
from gtgrn.tables import write_table

start_job(snakemake)
params = snakemake.params
table = read_benchmarks(params.benchmarks, params.datasets, params.seeds)
write_table(table, snakemake.output[0])
