"""Collect the GATv2 study: protocols beside the publication, the grid, shared edges."""

import pandas as pd
from gtgrn.files import write_text
from gtgrn.jobs import start_job
from gtgrn.report.sections.gatv2 import grid_figure
from gtgrn.studies.gatv2_tables import MODEL, choose_point, summarise, with_reported
from gtgrn.tables import read_measures, write_table

start_job(snakemake)
files = snakemake.input
protocols, shared, grid = (
    pd.concat([read_measures(path) for path in paths], ignore_index=True)
    for paths in (files.protocols, files.shared, files.grid)
)
summary = summarise(protocols, ["boolean", "protocol", "method"])
write_table(with_reported(summary), snakemake.output.protocols)
write_table(shared, snakemake.output.shared)
points = choose_point(grid[grid["method"] == MODEL])
write_table(points, snakemake.output.grid)
figure = grid_figure(points)
write_text(figure.to_html(include_plotlyjs=True, div_id="grid"), snakemake.output.figure)
