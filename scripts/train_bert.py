"""Train the masked language model over the walks; its table is the global embedding."""

from pathlib import Path

import torch
from gtgrn.embeddings.bert import train_bert
from gtgrn.embeddings.tables import write_embedding
from gtgrn.embeddings.walks import read_walks
from gtgrn.jobs import start_job
from gtgrn.training.checkpoints import save_checkpoint, write_history

start_job(snakemake)
torch.set_num_threads(snakemake.threads)
# No output: what Snakemake knows of, it deletes before it starts a killed job again.
resume = Path(snakemake.output.checkpoint).with_suffix(".resume.pt")
walks = read_walks(snakemake.input[0])
trained = train_bert(
    walks, seed=int(snakemake.wildcards.seed), resume=resume, **snakemake.params.options
)
write_history(trained.history, snakemake.output.history)
save_checkpoint(
    snakemake.output.checkpoint, trained.model, config=trained.config, genes=walks.genes
)
write_embedding(trained.values, walks.genes, snakemake.output.embedding)
