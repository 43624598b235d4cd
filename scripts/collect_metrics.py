"""Join what judging left of all data sets, splits and seeds, and summarise it."""

from gtgrn.edges import write_table
from gtgrn.logs import configure_logging
from gtgrn.summaries import KEYS, METRICS, join_tables, rank_over_datasets, summarise_seeds

configure_logging(snakemake.log[0])
output = snakemake.output
metrics = join_tables(snakemake.input.metrics, METRICS).sort_values(KEYS)
write_table(metrics, output.metrics)
write_table(summarise_seeds(metrics), output.summary)
write_table(rank_over_datasets(metrics), output.ranks)
for name in ("comparisons", "permutations", "reconstruction", "stability"):
    write_table(join_tables(snakemake.input[name]), output[name])
