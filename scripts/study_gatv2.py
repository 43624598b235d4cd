"""Train GATv2 by one protocol of the study, for each choice of layers and heads."""

import pandas as pd
import torch
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.studies.gatv2 import SPLIT_FIRST, read_sets, run_protocol
from gtgrn.tables import read_table, write_table

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
names = snakemake.wildcards
# The grid is run on the honest protocol that has one fold.
protocol = getattr(names, "protocol", SPLIT_FIRST)
sets, genes = read_sets(snakemake.input.sets)
reference = read_table(snakemake.input.reference, PAIR)
tables = []
for options in snakemake.params.grid:
    rows, shared = run_protocol(protocol, reference, genes, sets, seed=int(names.seed), **options)
    tables.append(rows.assign(boolean=names.boolean, **options))
write_table(pd.concat(tables, ignore_index=True), snakemake.output.scores)
write_table(shared.assign(boolean=names.boolean), snakemake.output.shared)
