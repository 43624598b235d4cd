"""Gather the expression of some data sets for the GATv2 study."""

import pandas as pd
from gtgrn.data.matrix import read_matrix
from gtgrn.errors import InputError
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.studies.gatv2 import sets_of_expression, write_sets
from gtgrn.tables import read_table, write_table

start_job(snakemake)
given, params = snakemake.input, snakemake.params
tables = {
    name: read_matrix(matrix, genes)[0]
    for name, matrix, genes in zip(params.datasets, given.matrices, given.genes, strict=True)
}
edges = [read_table(path, PAIR)[PAIR].sort_values(PAIR, ignore_index=True) for path in given.known]
first = params.datasets[0]
for name, table, known in zip(params.datasets, tables.values(), edges, strict=True):
    if set(table.columns) != set(tables[first].columns) or not known.equals(edges[0]):
        raise InputError(
            f"{name} has other genes or known edges than {first}",
            file="configuration",
            field=f"gatv2.expression.{snakemake.wildcards.boolean}",
            remedy="Name data sets of one reference and the same genes",
        )
genes = list(tables[first].columns)
matrices = {name: table[genes].to_numpy() for name, table in tables.items()}
sets = sets_of_expression(matrices, params.bins)
write_sets(sets, genes, snakemake.output.sets)
write_table(pd.DataFrame(edges[0]), snakemake.output.reference)
