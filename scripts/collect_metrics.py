"""Join what judging left of all data sets, splits and seeds, and summarise it."""

from gtgrn.evaluation.summaries import (
    COLUMNS,
    KEYS,
    LAYOUTS,
    headline_table,
    join_tables,
    rank_over_datasets,
    summarise_seeds,
)
from gtgrn.jobs import start_job
from gtgrn.tables import write_table

start_job(snakemake)
output = snakemake.output
metrics = join_tables(snakemake.input.metrics, COLUMNS).sort_values(KEYS)
write_table(metrics, output.metrics)
write_table(summarise_seeds(metrics), output.summary)
write_table(rank_over_datasets(metrics), output.ranks)
tables = {name: join_tables(snakemake.input[name], LAYOUTS[name]) for name in LAYOUTS}
for name, table in tables.items():
    write_table(table, output[name])
write_table(headline_table(metrics, tables["comparisons"]), output.table)
