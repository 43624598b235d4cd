"""Predict the response of all genes to a knock-out."""

import json

from gtgrn.data.store import read_preprocessed
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.perturbation.tables import perturb
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
adata = read_preprocessed(snakemake.input.expression)
network = read_table(snakemake.input.network, PAIR)
table, summary = perturb(adata.to_df(), network, **params.one, seed=params.seed)
write_table(table, output.table)
write_text(json.dumps(summary, indent=1) + "\n", output.summary)
