"""Cut a group of cells out of the preprocessed whole."""

import pandas as pd
from gtgrn.data.cell_groups import take_group
from gtgrn.data.matrix import write_matrix
from gtgrn.data.store import read_preprocessed, write_expression
from gtgrn.jobs import start_job

start_job(snakemake)
params, output = snakemake.params, snakemake.output
adata = read_preprocessed(snakemake.input[0])
adata = take_group(adata, params.by, params.group, params.min_cells)
genes = pd.DataFrame(
    {"gene": adata.var_names, "is_regulator": adata.var["is_regulator"].to_numpy()}
)
write_matrix(adata.X, genes, output.matrix, output.genes)
write_expression(adata, output.expression)
