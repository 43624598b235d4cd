"""Train the variational autoencoder; its posterior mean is the expression embedding."""

from pathlib import Path

import torch
from gtgrn.data.store import read_preprocessed
from gtgrn.embeddings.tables import write_embedding
from gtgrn.embeddings.vae import train_vae
from gtgrn.jobs import start_job
from gtgrn.training.checkpoints import save_checkpoint, write_history

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
# No output: what Snakemake knows of, it deletes before it starts a killed job again.
resume = Path(snakemake.output.checkpoint).with_suffix(".resume.pt")
adata = read_preprocessed(snakemake.input[0])
trained = train_vae(
    adata.X, seed=int(snakemake.wildcards.seed), resume=resume, **snakemake.params.options
)
genes = list(adata.var_names)
write_history(trained.history, snakemake.output.history)
save_checkpoint(snakemake.output.checkpoint, trained.model, config=trained.config, genes=genes)
write_embedding(trained.values, genes, snakemake.output.embedding)
