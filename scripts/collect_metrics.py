"""Join the metrics of all data sets, splits and seeds."""

import pandas as pd
from gtgrn.edges import read_table, write_table
from gtgrn.logs import configure_logging

configure_logging(snakemake.log[0])
keys = ["dataset", "split", "part", "negatives", "method", "variant", "seed", "metric"]
table = pd.concat([read_table(path, keys) for path in snakemake.input], ignore_index=True)
write_table(table.sort_values(keys)[[*keys, "value", "n", "n_positive"]], snakemake.output[0])
