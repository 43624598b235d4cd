"""Compare the ranks of an expression-only method between two conditions."""

import json

from gtgrn.comparison.design import COLUMNS, read_design
from gtgrn.comparison.ranks import compare_ranks
from gtgrn.comparison.summaries import summarise_ranks
from gtgrn.data.matrix import read_matrix
from gtgrn.files import write_text
from gtgrn.inference.run import infer
from gtgrn.jobs import start_job
from gtgrn.manifest import verified
from gtgrn.tables import read_table, write_table

start_job(snakemake)
params, output = snakemake.params, snakemake.output
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
design = read_design(read_table(snakemake.input.cells, COLUMNS), params.section["groups"])


def infer_some(cells, names):
    """Infer a network of some of the cells."""
    settings = {"seed": params.seed, "threads": snakemake.threads}
    return infer(params.method, cells, names, **settings, **params.options)


edges, ranked, overall = compare_ranks(
    expression.to_numpy()[design.rows],
    list(expression.columns),
    regulators,
    design,
    infer_some,
    labellings=params.section["method_labellings"],
    permutations=params.section["permutations"],
    seed=params.seed,
)
tables = {"edges": edges, "regulators": ranked}
for name, table in tables.items():
    write_table(table, output[name])
compared = json.loads(verified(snakemake.input.compared).read_text(encoding="utf-8"))
summary = summarise_ranks(compared, params.method, tables, overall)
write_text(json.dumps(summary, indent=1) + "\n", output.summary)
