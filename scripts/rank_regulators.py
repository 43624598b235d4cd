"""Rank the regulators of a data set: attention of each model, centralities of each network."""

import pandas as pd
import torch
from gtgrn.data.matrix import read_matrix
from gtgrn.embeddings.tables import read_embedding
from gtgrn.evaluation.centrality import centralities, overall
from gtgrn.jobs import start_job
from gtgrn.models.attention import gtgrn_weights, stability, to_genes
from gtgrn.models.gtgrn.paper import choose_features
from gtgrn.names import PAIR
from gtgrn.plugins import PEERS, load_plugin
from gtgrn.splits.tables import read_split
from gtgrn.tables import read_table, write_table
from gtgrn.training.checkpoints import load_checkpoint

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
files, params, output = snakemake.input, snakemake.params, snakemake.output
expression = read_matrix(files.matrix, files.genes)[0]
genes = list(expression.columns)
splits = {seed: read_split(path) for seed, path in zip(params.seeds, files.splits, strict=True)}


def read_features(options, seed):
    """Read the features of GT-GRN of one seed."""
    position = params.seeds.index(seed)
    read = {name: read_embedding(files[name][position], genes) for name in options["features"]}
    return choose_features(read, control=options["control"], seed=seed)


def weigh(model, path, seed):
    """Rebuild a model from its checkpoint and give its attention by gene."""
    state, config, _ = load_checkpoint(path)
    if model == "gtgrn":
        from gtgrn.models.gtgrn.transformer import GTGRN

        network, features = GTGRN(**config), read_features(params.options, seed)
        function = gtgrn_weights
    else:
        module = load_plugin(PEERS, model)
        network = {"genelink": "GENELink", "gatv2": "GATv2"}[model]
        network, features = getattr(module, network)(**config), {"X": expression.to_numpy().T}
        function = module.attention_weights
    network.load_state_dict(state)
    return to_genes(function(network, splits[seed], genes, features))


tables, stable = [], []
for i, (model, variant) in enumerate(params.models):
    paths = files.checkpoints[i * len(params.seeds) : (i + 1) * len(params.seeds)]
    runs = pd.concat(
        weigh(model, path, seed).assign(seed=seed)
        for seed, path in zip(params.seeds, paths, strict=True)
    )
    tables.append(runs.assign(model=model, variant=variant))
    stable.append(stability(runs).assign(model=model, variant=variant))
write_table(pd.concat(tables, ignore_index=True), output.attention)
write_table(pd.concat(stable, ignore_index=True), output.stability)

reference = read_table(files.reference, PAIR)
# As many of the best pairs as there are known edges: centralities depend on density.
predicted = read_table(files.network, PAIR).head(len(reference))
found = {"reference": reference, "predicted": predicted}
central = {name: centralities(edges) for name, edges in found.items()}
for key, function in ((output.centrality, None), (output.ranking, overall)):
    parts = [
        (table if function is None else function(table)).assign(network=name)
        for name, table in central.items()
    ]
    write_table(pd.concat(parts, ignore_index=True), key)
