"""Train the forms of supervised peers on one split and score every pair."""

import torch
from gtgrn.data.matrix import read_matrix
from gtgrn.embeddings.tables import write_embedding
from gtgrn.jobs import start_job
from gtgrn.models.peer_training import PROFILES
from gtgrn.plugins import PEERS, load_plugin
from gtgrn.splits.tables import read_split, with_unlabelled
from gtgrn.tables import write_table
from gtgrn.training.checkpoints import save_checkpoint, write_history

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
params, output = snakemake.params, snakemake.output
expression, regulators = read_matrix(snakemake.input.matrix, snakemake.input.genes)
genes = list(expression.columns)
pairs = with_unlabelled(read_split(snakemake.input.split), genes, regulators)
features = {PROFILES: expression.to_numpy().T}
seed = int(snakemake.wildcards.seed)
runs = [(peer, form) for peer, forms in params.options.items() for form in forms]
for i, (peer, form) in enumerate(runs):
    fit, options = load_plugin(PEERS, peer).fit, params.options[peer][form]
    fitted = fit(pairs, genes, features, form=form, seed=seed, **options)
    write_history(fitted.history, output.history[i])
    save_checkpoint(output.checkpoint[i], fitted.model, config=fitted.config, genes=genes)
    write_table(fitted.messages, output.messages[i])
    write_table(fitted.exposure, output.exposure[i])
    write_embedding(fitted.embeddings, genes, output.embedding[i])
    write_table(pairs.assign(score=fitted.scores), output.scores[i])
