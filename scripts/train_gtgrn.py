"""Train one variant of GT-GRN on one split and score every pair."""

from pathlib import Path

import torch
from gtgrn.edges import write_table
from gtgrn.embeddings import read_embedding, write_embedding
from gtgrn.logs import configure_logging
from gtgrn.matrix import read_genes
from gtgrn.models.gtgrn import choose_features, fit
from gtgrn.splits import read_split, with_unlabelled
from gtgrn.training import save_checkpoint, write_history

configure_logging(snakemake.log[0])
torch.set_num_threads(snakemake.threads)
# No output: what Snakemake knows of, it deletes before it starts a killed job again.
resume = Path(snakemake.output.checkpoint).with_suffix(".resume.pt")
seed, options = int(snakemake.wildcards.seed), dict(snakemake.params.options)
genes, regulators = read_genes(snakemake.input.genes)
pairs = with_unlabelled(read_split(snakemake.input.split), genes, regulators)
features = choose_features(
    {name: read_embedding(snakemake.input[name], genes) for name in options["features"]},
    control=options.pop("control"),
    seed=seed,
)
options.pop("features")
fitted = fit(pairs, genes, features, seed=seed, resume=resume, **options)
write_history(fitted.history, snakemake.output.history)
save_checkpoint(snakemake.output.checkpoint, fitted.model, config=fitted.config, genes=genes)
write_table(fitted.messages, snakemake.output.messages)
write_embedding(fitted.embeddings, genes, snakemake.output.embedding)
write_table(pairs.assign(score=fitted.scores), snakemake.output.scores)
