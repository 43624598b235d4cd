"""Infer every network again, with another seed and on either half of the cells, and compare.

The halves have seeds of their own, or a method that reads no cell would agree with itself.
"""

import logging

import pandas as pd
from gtgrn.data.matrix import read_matrix
from gtgrn.evaluation.reconstruction import compare_networks
from gtgrn.evaluation.stability import draw_genes, halves
from gtgrn.evaluation.summaries import LAYOUTS
from gtgrn.inference.consensus import align_weights
from gtgrn.inference.run import infer
from gtgrn.jobs import start_job
from gtgrn.names import PAIR
from gtgrn.splits.universe import universe
from gtgrn.tables import read_network, read_table, write_table

start_job(snakemake)
params = snakemake.params
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
genes = draw_genes(list(expression.columns), regulators, params.genes, seed=params.seed)
whole = len(genes) == expression.shape[1]
if not whole:
    logging.info("measured among %d of %d genes", len(genes), expression.shape[1])
    expression, regulators = expression[genes], [name for name in regulators if name in set(genes)]
pairs = universe(genes, regulators)
reference = snakemake.input.get("reference")
edges = read_table(reference, PAIR) if reference else pd.DataFrame(columns=PAIR)
k = int(edges[PAIR].isin(genes).all(axis=1).sum()) or len(genes)
cells = halves(len(expression), seed=params.seed)
tables = []
for method, path in zip(params.methods, snakemake.input.networks, strict=True):
    logging.info("%s", method)
    options = {"threads": snakemake.threads, **params.options.get(method, {})}
    # The network of the run is that of all genes.
    first = (
        read_network(path)
        if whole
        else infer(method, expression, regulators, seed=params.seed, **options)
    )
    again = infer(method, expression, regulators, seed=params.seed + 1, **options)
    parts = [
        infer(method, expression.iloc[rows], regulators, seed=params.seed + half, **options)
        for half, rows in enumerate(cells)
    ]
    found = {
        "first": align_weights(pairs, first),
        "again": align_weights(pairs, again),
    }
    tables.append(compare_networks(found, k, between="seeds").assign(method=method))
    found = {f"half {i}": align_weights(pairs, part) for i, part in enumerate(parts, start=1)}
    tables.append(compare_networks(found, k, between="halves of the cells").assign(method=method))
table = pd.concat(tables).assign(genes=len(genes), dataset=snakemake.wildcards.dataset)
write_table(table[LAYOUTS["stability"]], snakemake.output[0])
