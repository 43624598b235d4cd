"""Score every pair of a split by the predictors that never see expression."""

from gtgrn.jobs import start_job
from gtgrn.models.nulls.predictors import NULLS
from gtgrn.splits.tables import read_split
from gtgrn.tables import write_table

start_job(snakemake)
split = read_split(snakemake.input[0])
for null, path in zip(snakemake.params.nulls, snakemake.output, strict=True):
    scores = NULLS[null](split, seed=int(snakemake.wildcards.seed))
    write_table(split.assign(score=scores), path)
