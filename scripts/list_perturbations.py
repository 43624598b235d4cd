"""List the knock-outs of a data set: what responds, and what rewired networks give."""

import json

import pandas as pd
from gtgrn.jobs import start_job
from gtgrn.manifest import verified
from gtgrn.perturbation.tables import SUMMARY
from gtgrn.tables import write_table

start_job(snakemake)
rows = [json.loads(verified(path).read_text()) for path in snakemake.input]
table = pd.DataFrame(rows)[SUMMARY].assign(file=snakemake.params.names)
write_table(table, snakemake.output[0])
