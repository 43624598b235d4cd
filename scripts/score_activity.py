"""Score the activity of regulators in cells from the predicted regulons."""

import anndata as ad
from gtgrn.data.annotations import read_annotations
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.jobs import start_job
from gtgrn.network.activity import group_cells, mark_groups, mean_by_group, score_cells
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
adata = read_preprocessed(snakemake.input.expression)
net = read_table(snakemake.input.net, ["source", "target", "weight"]).astype({"source": str})
groups = group_cells(adata, params.cell_type, seed=params.seed)
expression = adata.to_df()
activity = score_cells(expression, net, params.min_targets)
means = mean_by_group(activity, groups)
write_table(means.assign(grouped_by=groups.name), output.means)
write_table(mark_groups(expression, groups, means, params.markers), output.markers)
obs, obsm, var = read_annotations(params.expression, activity.index, activity.columns)
kept = obs.drop(columns=[groups.name], errors="ignore")
scores = ad.AnnData(
    activity.to_numpy("float32"), obs=kept.assign(**{groups.name: groups}), var=var, obsm=obsm
)
write_expression(scores, output.cells)
