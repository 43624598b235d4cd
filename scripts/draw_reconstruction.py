"""Draw the reconstruction of whole networks (Fig. 4 of the paper), interactive and static."""

from gtgrn.jobs import start_job
from gtgrn.report.figures.paper import reconstruction_figure
from gtgrn.report.figures.paper_static import draw_reconstruction, write_figures
from gtgrn.studies.paper_tables import join_reconstructions
from gtgrn.tables import read_measures, write_table

start_job(snakemake)
params = snakemake.params
files = zip(snakemake.input.reconstruction, snakemake.input.nulls, strict=True)
tables = [[read_measures(path) for path in pair] for pair in files]
models = {dataset: [tuple(m) for m in shown] for dataset, shown in params.models.items()}
own = [tuple(model) for model in params.own]
table = join_reconstructions(dict(zip(models, tables, strict=True)), models, own)
write_table(table, snakemake.output[0])
write_figures(reconstruction_figure(table), draw_reconstruction(table), snakemake.output[1:])
