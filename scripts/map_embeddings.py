"""Find the communities of every gene representation, their maps and the regulons in them."""

import pandas as pd
from gtgrn.data.matrix import read_matrix
from gtgrn.embeddings.tables import read_embedding
from gtgrn.jobs import start_job
from gtgrn.names import COMMUNITY, GENE, IS_REGULATOR, PAIR, REPRESENTATION, VARIANT
from gtgrn.studies.gene_map_regulons import describe_regulons
from gtgrn.studies.gene_maps import (
    NOISE,
    RAW,
    UNTRAINED,
    gene_profiles,
    map_genes,
    noise,
)
from gtgrn.tables import read_table, write_table

start_job(snakemake)
files, settings = snakemake.input, dict(snakemake.params.settings)
map_settings = {key: settings.pop(key) for key in ("neighbors", "resolution")}
expression, regulators = read_matrix(files.matrix, files.genes)
genes, reference = list(expression.columns), read_table(files.reference, PAIR)
runs = [(RAW, "", 0, gene_profiles(expression.to_numpy().T))]
for names, path in zip(snakemake.params.representations, files.embeddings, strict=True):
    runs.append((*names, read_embedding(path, genes)))
seeds = sorted({seed for _, _, seed, _ in runs[1:]})
# Noise as wide as the embedding that ranks the network, or as the last one without a model.
width = next((v.shape[1] for name, _, _, v in runs if name == "gtgrn"), runs[-1][3].shape[1])
runs += [(NOISE, "", seed, noise(genes, width, seed)) for seed in seeds]

coordinates, scores, regulons, drawn = [], [], [], set()
for name, variant, seed, values in runs:
    first = (name, variant) not in drawn
    drawn.add((name, variant))
    found = map_genes(values, genes, seed=settings["seed"], draw=first, **map_settings)
    numbers, table = describe_regulons(found, reference, **settings)
    names = {REPRESENTATION: name, VARIANT: variant, "seed": seed}
    scores.append(
        {
            **names,
            "trained_on_reference": int(name not in UNTRAINED),
            "dimensions": values.shape[1],
            "communities": int(found.communities.max()) + 1,
            "silhouette": found.silhouette,
            "modularity": found.modularity,
            **numbers,
        }
    )
    regulons.append(table.assign(**names)[[*names, *table.columns]])
    if first:
        place = {GENE: found.genes, "x": found.places[:, 0], "y": found.places[:, 1]}
        rows = pd.DataFrame({**place, COMMUNITY: found.communities})
        rows[IS_REGULATOR] = rows[GENE].isin(regulators).astype(int)
        coordinates.append(rows.assign(**names)[[*names, *rows.columns]])
write_table(pd.concat(coordinates, ignore_index=True), snakemake.output.coordinates)
write_table(pd.DataFrame(scores), snakemake.output.scores)
write_table(pd.concat(regulons, ignore_index=True), snakemake.output.regulons)
