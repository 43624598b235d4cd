"""Infer every network again, with another seed and on either half of the cells, and compare.

The halves have seeds of their own, or a method that reads no cell would agree with itself.
"""

import logging

import pandas as pd
from gtgrn.data.matrix import read_matrix
from gtgrn.evaluation.reconstruction import compare_networks
from gtgrn.evaluation.stability import halves
from gtgrn.inference.consensus import align_weights
from gtgrn.inference.run import infer
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.splits.universe import universe
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
params = snakemake.params
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
pairs = universe(list(expression.columns), regulators)
reference = snakemake.input.get("reference")
k = len(read_table(reference, PAIR)) if reference else expression.shape[1]
cells = halves(len(expression), seed=params.seed)
tables = []
for method, path in zip(params.methods, snakemake.input.networks, strict=True):
    logging.info("%s", method)
    options = {"threads": snakemake.threads, **params.options.get(method, {})}
    again = infer(method, expression, regulators, seed=params.seed + 1, **options)
    parts = [
        infer(method, expression.iloc[rows], regulators, seed=params.seed + half, **options)
        for half, rows in enumerate(cells)
    ]
    found = {
        "first": align_weights(pairs, read_network(path)),
        "again": align_weights(pairs, again),
    }
    tables.append(compare_networks(found, k, between="seeds").assign(method=method))
    found = {f"half {i}": align_weights(pairs, part) for i, part in enumerate(parts, start=1)}
    tables.append(compare_networks(found, k, between="halves of the cells").assign(method=method))
table = pd.concat(tables)[["method", "between", "k", "jaccard", "spearman"]]
write_table(table.assign(dataset=snakemake.wildcards.dataset), snakemake.output[0])
