"""Score every pair of a split by the predictors that never see expression."""

from gtgrn.edges import write_table
from gtgrn.logs import configure_logging
from gtgrn.nulls import NULLS
from gtgrn.splits import read_split

configure_logging(snakemake.log[0])
split = read_split(snakemake.input[0])
for null, path in zip(snakemake.params.nulls, snakemake.output, strict=True):
    scores = NULLS[null](split, seed=int(snakemake.wildcards.seed))
    write_table(split.assign(score=scores), path)
