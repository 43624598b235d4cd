"""Join the tables of a study of what other contexts add, over data sets, splits and seeds."""

from gtgrn.errors import InputError
from gtgrn.evaluation.summaries import COLUMNS, LAYOUTS, join_tables
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
if not snakemake.input.metrics:
    raise InputError(
        "no data set with expression and known edges has a source",
        file="configuration",
        field="context.sources",
        remedy="Name sources of config/sources there, or in the section context of a card",
    )
metrics = join_tables(snakemake.input.metrics, COLUMNS)
write_table(metrics, snakemake.output.metrics)
comparisons = join_tables(snakemake.input.comparisons, LAYOUTS["comparisons"])
write_table(comparisons, snakemake.output.comparisons)
