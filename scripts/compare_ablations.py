"""Put the paper's Table 6 beside ours, with controls and paired intervals."""

from gtgrn.jobs import start_job
from gtgrn.names import LABEL, PAIR, PART, SCORE
from gtgrn.studies.paper_tables import compare_ablations, describe_rows, read_paper_numbers
from gtgrn.tables import read_measures, read_table, write_table

start_job(snakemake)
params, found, dataset = snakemake.params, snakemake.input, snakemake.wildcards.dataset
files = iter(found.scores)
runs = {
    seed: {row: read_table(next(files), [*PAIR, LABEL, PART, SCORE]) for row, _, _ in params.rows}
    for seed in params.seeds
}
table = compare_ablations(
    runs, read_measures(found.nulls), read_paper_numbers(found.numbers),
    samples=params.samples, imputed=params.imputed,
)  # fmt: skip
variants = {row: variant for row, _, variant in params.rows}
write_table(
    describe_rows(table, variants, params.imputed).assign(dataset=dataset), snakemake.output[0]
)
