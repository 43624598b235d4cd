"""Predict cell types from every gene representation and from the floors."""

import logging

import numpy as np
import pandas as pd
from gtgrn.data.store import read_preprocessed
from gtgrn.embeddings.tables import read_embedding
from gtgrn.jobs import start_job
from gtgrn.names import CELL_TYPE
from gtgrn.studies.cell_annotation import (
    PCA,
    VARIABLE,
    annotate,
    choose_cells,
    from_components,
    from_genes,
    from_profiles,
    from_variable_genes,
)
from gtgrn.studies.gene_maps import NOISE, RAW, noise
from gtgrn.tables import write_table

start_job(snakemake)
settings = dict(snakemake.params.settings)
adata = read_preprocessed(snakemake.input.expression)
genes = list(adata.var_names)
cells = choose_cells(
    np.asarray(adata.X), adata.obs_names, adata.obs[snakemake.params.column],
    folds=settings["folds"], largest=settings.pop("largest"),
)  # fmt: skip
if cells.left_out:
    logging.warning("types that are left out, with their cells: %s", cells.left_out)
runs = [
    (PCA, "", 0, from_components(settings.pop("components"))),
    (VARIABLE, "", 0, from_variable_genes(settings.pop("genes"))),
    (RAW, "", 0, from_profiles),
]
widths = {}
for names, path in zip(snakemake.params.representations, snakemake.input.embeddings, strict=True):
    vectors = read_embedding(path, genes)
    widths[names[0]] = vectors.shape[1]
    runs.append((*names, from_genes(vectors)))
# Noise as wide as the embedding that ranks the network, or as the last one without a model.
width = widths.get("gtgrn", list(widths.values())[-1])
for seed in sorted({names[2] for names in snakemake.params.representations}):
    runs.append((NOISE, "", seed, from_genes(noise(genes, width, seed))))
scores, by_type, predictions = annotate(cells, runs, **settings)
write_table(scores, snakemake.output.scores)
write_table(by_type, snakemake.output.by_type)
write_table(predictions, snakemake.output.predictions)
left_out = pd.DataFrame(cells.left_out.items(), columns=[CELL_TYPE, "cells"])
write_table(left_out, snakemake.output.left_out)
