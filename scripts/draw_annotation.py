"""Draw the scores of predicted cell types for print."""

from gtgrn.jobs import start_job
from gtgrn.report.sections.cell_annotation import draw_scores
from gtgrn.tables import read_measures

start_job(snakemake)
scores, by_type = map(read_measures, (snakemake.input.scores, snakemake.input.by_type))
draw_scores(scores, by_type, snakemake.output.svg, snakemake.output.png)
