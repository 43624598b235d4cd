"""Choose each model's grid point by validation; draw the spread over the grid."""

import pandas as pd
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.models.tuning import choose
from gtgrn.report.sections.tuning import tuning_figure
from gtgrn.tables import read_measures, write_table

start_job(snakemake)
rows = pd.concat([read_measures(path) for path in snakemake.input], ignore_index=True)
table = choose(rows)
write_table(table, snakemake.output.table)
write_table(table[table["chosen"] == 1], snakemake.output.best)
figure = tuning_figure(table)
write_text(figure.to_html(include_plotlyjs=True, div_id="tuning"), snakemake.output.figure)
