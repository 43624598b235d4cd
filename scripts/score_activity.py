"""Score the activity of regulators in cells from the predicted regulons."""

import anndata as ad
import pandas as pd
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.jobs import start_job
from gtgrn.network.activity import group_cells, mean_by_group, score_cells
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
adata = read_preprocessed(snakemake.input.expression)
net = read_table(snakemake.input.net, ["source", "target", "weight"]).astype({"source": str})
groups = group_cells(adata, params.cell_type, seed=params.seed)
activity = score_cells(adata.to_df(), net, params.min_targets)
write_table(mean_by_group(activity, groups).assign(grouped_by=groups.name), output.means)
scores = ad.AnnData(activity.to_numpy("float32"), obs=pd.DataFrame({groups.name: groups}))
scores.var_names = activity.columns
write_expression(scores, output.cells)
