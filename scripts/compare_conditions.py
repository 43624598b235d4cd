"""Compare two conditions within a group of cells: edges, regulators and regulons."""

import json

from gtgrn.comparison.tables import compare_conditions
from gtgrn.data.store import read_preprocessed
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
adata = read_preprocessed(snakemake.input.expression)
net = read_table(snakemake.input.net, ["source", "target", "weight"]).astype({"source": str})
tables, summary = compare_conditions(
    adata, params.section, params.within, net, minimum=params.min_targets, seed=params.seed
)
for name, table in tables.items():
    write_table(table, output[name])
write_text(json.dumps(summary, indent=1) + "\n", output.summary)
