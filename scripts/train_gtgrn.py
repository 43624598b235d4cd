"""Train one variant of GT-GRN on one split and score every pair."""

from pathlib import Path

import torch
from gtgrn.config.settings import EXPRESSION, FULL, PAPER
from gtgrn.context.inputs import read_inputs
from gtgrn.data.matrix import read_genes, read_matrix
from gtgrn.embeddings.tables import read_embedding, write_embedding
from gtgrn.jobs import start_job
from gtgrn.models.gtgrn import full
from gtgrn.models.gtgrn import paper as gtgrn
from gtgrn.splits.tables import read_split, with_unlabelled
from gtgrn.tables import write_table
from gtgrn.training.checkpoints import save_checkpoint, write_history

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
files, output = snakemake.input, snakemake.output
# No output: what Snakemake knows of, it deletes before it starts a killed job again.
resume = Path(output.checkpoint).with_suffix(".resume.pt")
seed, options = int(snakemake.wildcards.seed), dict(snakemake.params.options)
form, names, control = (options.pop(key) for key in ("form", "features", "control"))
genes, regulators = read_genes(files.genes)
pairs = with_unlabelled(read_split(files.split), genes, regulators)
read = {name: read_embedding(files[name], genes) for name in names if name != EXPRESSION}
if EXPRESSION in names:
    read[EXPRESSION] = read_matrix(files[EXPRESSION], files.genes)[0].to_numpy().T
features = gtgrn.choose_features(read, control=control, seed=seed)
fit = {PAPER: gtgrn.fit, FULL: full.fit}[form]
if tables := files.get("elsewhere"):
    options["elsewhere"] = read_inputs(tables)
fitted = fit(pairs, genes, features, seed=seed, resume=resume, **options)
write_history(fitted.history, output.history)
save_checkpoint(output.checkpoint, fitted.model, config=fitted.config, genes=genes)
write_table(fitted.messages, output.messages)
write_table(fitted.exposure, output.exposure)
write_embedding(fitted.embeddings, genes, output.embedding)
write_table(pairs.assign(score=fitted.scores), output.scores)
