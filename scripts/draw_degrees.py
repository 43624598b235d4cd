"""Draw degree distributions with their fitted laws (Fig. 6 of the paper)."""

from gtgrn.logs import configure_logging
from gtgrn.peers import read_measures
from gtgrn.plots.paper import degree_figure
from gtgrn.plots.static_paper import draw_degrees, write_figures

configure_logging(snakemake.log[0])
degrees, fits = read_measures(snakemake.input.degrees), read_measures(snakemake.input.fits)
write_figures(degree_figure(degrees, fits), draw_degrees(degrees, fits), snakemake.output)
