"""Test the best pairs of the final network's model for edges that its training did not see."""

import logging

import pandas as pd
from gtgrn.data.matrix import read_genes
from gtgrn.data.reference import SOURCE, read_reference, read_sources
from gtgrn.errors import InputError
from gtgrn.jobs import start_job
from gtgrn.names import LABEL, PAIR, PART, SCORE, UNLABELLED
from gtgrn.network.enrichment import judge_overlap
from gtgrn.tables import read_table, write_table

start_job(snakemake)
files, params = snakemake.input, snakemake.params
genes = read_genes(files.genes)[0]

evidence = {}
if params.reference is not None:
    for name, edges in read_sources(params.reference, genes).groupby(SOURCE):
        evidence[f"source {name}"] = edges[PAIR]
for name, section in params.priors.items():
    try:
        evidence[f"prior {name}"] = read_reference(section, genes)[PAIR]
    except InputError as error:
        # A table of another organism or of no gene at hand tells nothing; the reference does.
        logging.warning("the prior %s is not compared: %s", name, error)

tables = {"overall": [], "regulators": []}
for i, (split, seed) in enumerate(params.runs):
    scores = read_table(files.models[i], [*PAIR, LABEL, PART, SCORE])
    scores = scores[scores[PART] != UNLABELLED].sort_values(PAIR, ignore_index=True)
    nulls = {}
    for name, path in zip(
        params.nulls, files.nulls[i * len(params.nulls) : (i + 1) * len(params.nulls)], strict=True
    ):
        null = read_table(path, [*PAIR, SCORE]).sort_values(PAIR, ignore_index=True)
        if not null[PAIR].equals(scores[PAIR]):
            raise ValueError(f"{path} scores other pairs than {files.models[i]}")
        nulls[name] = null[SCORE].to_numpy(float)
    found = judge_overlap(
        scores.astype({LABEL: int}), scores[SCORE].to_numpy(float), nulls, evidence, seed=seed
    )
    for key, table in zip(tables, found, strict=True):
        table.insert(0, "split", split)
        table.insert(1, "seed", seed)
        tables[key].append(table)
for key, parts in tables.items():
    write_table(pd.concat(parts, ignore_index=True), snakemake.output[key])
