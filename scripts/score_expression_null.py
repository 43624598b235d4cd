"""Score every pair of a split by learning from train labels and plain features of expression."""

import pandas as pd
from gtgrn.data.matrix import read_matrix
from gtgrn.jobs import start_job
from gtgrn.models.gtgrn.gene_features import plain_features
from gtgrn.models.nulls.predictors import label_svd_expression
from gtgrn.splits.tables import read_split
from gtgrn.tables import write_table

start_job(snakemake)
split = read_split(snakemake.input.split)
expression, _ = read_matrix(snakemake.input.matrix, snakemake.input.genes)
features = pd.DataFrame(plain_features(expression.to_numpy().T), index=expression.columns)
scores = label_svd_expression(split, features, seed=int(snakemake.wildcards.seed))
write_table(split.assign(score=scores), snakemake.output[0])
