"""Train one grid point of a model on one split; record validation and test scores."""

import torch
from gtgrn.data.matrix import read_genes, read_matrix
from gtgrn.jobs import start_job
from gtgrn.models.tuning import measure_point
from gtgrn.plugins import PEERS, load_plugin
from gtgrn.splits.tables import read_split
from gtgrn.tables import write_table

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
options, names = dict(snakemake.params.options), snakemake.wildcards
seed = int(names.seed)
pairs = read_split(snakemake.input.split)
if names.model == "gtgrn":
    from gtgrn.embeddings.tables import read_embedding
    from gtgrn.models.gtgrn import paper as model

    genes = read_genes(snakemake.input.genes)[0]
    read = {name: read_embedding(snakemake.input[name], genes) for name in options.pop("features")}
    features = model.choose_features(read, control=options.pop("control"), seed=seed)
    options.pop("form")  # the grid is that of the paper's form
else:
    model = load_plugin(PEERS, names.model)
    expression = read_matrix(snakemake.input.matrix, snakemake.input.genes)[0]
    genes, features = list(expression.columns), {"X": expression.to_numpy().T}
    options["form"] = snakemake.params.form
fitted = model.fit(pairs, genes, features, seed=seed, **options)
row = measure_point(pairs.assign(score=fitted.scores))
columns = {"dataset": names.dataset, "model": names.model, "point": names.point, "seed": seed}
write_table(row.assign(**columns)[[*columns, *row]], snakemake.output[0])
