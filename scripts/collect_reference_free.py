"""Join the tables of the benchmark without labels over data sets."""

import pandas as pd
from gtgrn.errors import InputError
from gtgrn.jobs import start_job
from gtgrn.tables import read_table, write_table

start_job(snakemake)
if not snakemake.input.metrics:
    raise InputError(
        "no data set with known edges has expression or a source",
        file="configuration",
        field="context.sources",
        remedy="Add such a data set, or name sources of config/sources there or in its card",
    )
for kind in ("metrics", "differences", "dropped"):
    tables = [read_table(path) for path in snakemake.input[kind]]
    write_table(pd.concat(tables, ignore_index=True), snakemake.output[kind])
