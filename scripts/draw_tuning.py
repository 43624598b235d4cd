"""Draw the study of hyper-parameters (Fig. 5 of the paper), interactive and static."""

from gtgrn.jobs import start_job
from gtgrn.names import AUROC
from gtgrn.report.figures.paper import with_null_line
from gtgrn.report.figures.paper_static import draw_tuning, write_figures
from gtgrn.report.sections.tuning import tuning_figure
from gtgrn.studies.paper_tables import best_nulls
from gtgrn.tables import read_measures, write_table

start_job(snakemake)
table, nulls = read_measures(snakemake.input.tuning), read_measures(snakemake.input.nulls)
tested = nulls[(nulls["pairs"] == "test") & (nulls["metric"] == AUROC)]
best = best_nulls(tested, ["metric"]).to_dict("records")
null = best[0] if best else {"best_null": "", "null": float("nan")}
write_table(table.assign(**{key: null[key] for key in ("best_null", "null")}), snakemake.output[0])
figure = with_null_line(tuning_figure(table), null)
write_figures(figure, draw_tuning(table, null), snakemake.output[1:])
