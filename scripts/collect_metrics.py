"""Join the metrics of all data sets, splits and seeds."""

import pandas as pd
from gtgrn.edges import read_table, write_table
from gtgrn.logs import configure_logging

configure_logging(snakemake.log[0])
keys = ["dataset", "split", "part", "negatives", "method", "variant", "seed", "metric"]
columns = [*keys, "value", "n", "n_positive"]
# The empty table stands for a run in which no data set has a reference.
tables = [pd.DataFrame(columns=columns), *(read_table(path, columns) for path in snakemake.input)]
table = pd.concat(tables, ignore_index=True)
write_table(table.sort_values(keys)[columns], snakemake.output[0])
