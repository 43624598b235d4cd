"""Put the paper's Table 3 beside ours and the best null."""

from gtgrn.evaluation.summaries import COLUMNS, join_tables
from gtgrn.jobs import start_job
from gtgrn.studies.paper_tables import compare_link_prediction, read_paper_numbers
from gtgrn.tables import write_table

start_job(snakemake)
params = snakemake.params
table = compare_link_prediction(
    join_tables(snakemake.input.metrics, COLUMNS),
    {dataset: [tuple(m) for m in models] for dataset, models in params.models.items()},
    [tuple(model) for model in params.own],
    params.cards,
    read_paper_numbers(snakemake.input.numbers),
    params.controls,
)
write_table(table, snakemake.output[0])
