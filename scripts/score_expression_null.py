"""Score every pair of a split by learning from train labels and plain features of genes.

The features are of expression, of other contexts or of both, as the files that are given say.
"""

import numpy as np
import pandas as pd
from gtgrn.context.inputs import read_inputs
from gtgrn.data.matrix import read_genes, read_matrix
from gtgrn.jobs import start_job
from gtgrn.models.gtgrn.gene_features import plain_features
from gtgrn.models.nulls.predictors import label_svd_expression
from gtgrn.splits.tables import read_split
from gtgrn.tables import write_table

start_job(snakemake)
files = snakemake.input
split, (genes, _) = read_split(files.split), read_genes(files.genes)
columns = []
if matrix := files.get("matrix"):
    columns.append(plain_features(read_matrix(matrix, files.genes)[0].to_numpy().T))
if elsewhere := files.get("elsewhere"):
    tables = read_inputs(elsewhere).on(genes)
    columns += [tables.popularity, tables.components]
features = pd.DataFrame(np.column_stack(columns), index=genes)
scores = label_svd_expression(split, features, seed=int(snakemake.wildcards.seed))
write_table(split.assign(score=scores), snakemake.output[0])
