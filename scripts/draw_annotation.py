"""Draw the scores of predicted cell types for print."""

from gtgrn.logs import configure_logging
from gtgrn.peers import read_measures
from gtgrn.plots.annotation import draw_scores

configure_logging(snakemake.log[0])
scores, by_type = map(read_measures, (snakemake.input.scores, snakemake.input.by_type))
draw_scores(scores, by_type, snakemake.output.svg, snakemake.output.png)
