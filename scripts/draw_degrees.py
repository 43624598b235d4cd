"""Draw degree distributions with their fitted laws (Fig. 6 of the paper)."""

from gtgrn.jobs import start_job
from gtgrn.report.figures.paper import degree_figure
from gtgrn.report.figures.paper_static import draw_degrees, write_figures
from gtgrn.tables import read_measures

start_job(snakemake)
degrees, fits = read_measures(snakemake.input.degrees), read_measures(snakemake.input.fits)
write_figures(degree_figure(degrees, fits), draw_degrees(degrees, fits), snakemake.output)
