"""Variational autoencoder of expression profiles (section 3.1, equation 1 of the paper).

A gene is a sample and the cells are its features; the posterior mean is its embedding.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import trange

from gtgrn.config import common_options as common
from gtgrn.config.options import choose, make, option
from gtgrn.data.scaling import standardise
from gtgrn.training.devices import pick_device
from gtgrn.training.loop import EarlyStopping, Embedding, require_finite, seeded
from gtgrn.training.memory import in_blocks
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VaeOptions:
    """Options of the section vae."""

    latent: int = option(512, "Dimension of a gene's embedding.", minimum=1)
    hidden: int = option(512, "Width of the hidden layers.", minimum=1)
    beta: float = option(
        1,
        "Weight of the Kullback-Leibler term; 1 is the evidence lower bound.",
        minimum=0,
    )
    learning_rate: float = common.learning_rate(0.001)
    batch_size: int = common.batch_size(64)
    epochs: int = common.epochs(200)
    patience: int = common.patience(10)
    holdout: float = common.holdout(0.1)
    clip: float = common.clip(1.0)
    device: str = common.device()


class VAE(nn.Module):
    """Gaussian encoder and decoder with one hidden layer each.

    Parameters
    ----------
    n_features
        Number of cells m.
    latent
        Dimension of Z.
    hidden
        Width of the hidden layers.
    """

    def __init__(self, n_features: int, *, latent: int, hidden: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, n_features)
        )

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log-variance of beta(Z|X), each (n, latent)."""
        hidden = self.encoder(x)
        # Bounded so that an early step cannot send exp() to infinity.
        return self.mean(hidden), self.log_variance(hidden).clamp(-10.0, 10.0)

    def forward(
        self, x: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Reconstruct X from Z = mu + sigma * epsilon (reparameterisation trick).

        Parameters
        ----------
        x
            (n, m) profiles.
        noise
            (n, latent) draws of N(0, I).

        Returns
        -------
        tuple
            Reconstruction (n, m), mean and log-variance (n, latent).
        """
        mean, log_variance = self.encode(x)
        latent = mean + torch.exp(0.5 * log_variance) * noise
        return self.decoder(latent), mean, log_variance


def elbo(
    x: torch.Tensor, reconstruction: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the two terms of the evidence lower bound, equation 1, one value per gene.

    Parameters
    ----------
    x, reconstruction
        (n, m) input and decoder mean; the likelihood is Gaussian with unit variance.
    mean, log_variance
        (n, d) parameters of the posterior; the prior is N(0, I).

    Returns
    -------
    tuple
        Log-likelihood (n,) in nats and Kullback-Leibler divergence (n,) in nats; the ELBO is
        their difference.
    """
    squares = (x - reconstruction).square().sum(dim=1)
    likelihood = -0.5 * (squares + x.shape[1] * math.log(2.0 * math.pi))
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1)
    return likelihood, divergence


def train_vae(
    expression: np.ndarray,
    *,
    seed: int,
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
    **options: Any,
) -> Embedding:
    """Train on the genes of one data set and embed all of them.

    A tenth of the genes is held out to stop early; no label is involved, so they are genes
    of any part of any split.

    Parameters
    ----------
    expression
        (cells, genes), log-normalised, genes sorted by name.
    seed
        Seed of weights, batches and noise.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.
    options
        Those of :class:`VaeOptions`.

    Returns
    -------
    Embedding
        Posterior means, (genes, latent).

    Raises
    ------
    InputError
        If an option is unknown, or the loss is not finite.
    """
    chosen = make(VaeOptions, options, field="vae")
    arguments = {"expression": expression, "seed": seed, "options": chosen}
    progress = Progress(resume, arguments, module=__name__, every=save_every)
    target = pick_device(chosen.device)
    # Cells are the features: scaled, so that deep cells do not outweigh shallow ones.
    values = torch.tensor(standardise(expression.T), dtype=torch.float32)
    config = {"n_features": values.shape[1], **choose(chosen, ["latent", "hidden"])}
    draw = torch.Generator().manual_seed(seed)
    genes = _hold_out(values, chosen, draw, target)
    with seeded(seed):
        model = VAE(**config).to(target)
        history, best = _fit(model, genes, chosen, draw, progress)
    logger.info("best epoch %d of %d", best, len(history))
    with torch.no_grad():
        means = in_blocks(lambda x: model.encode(x)[0], len(genes.values), genes.values)
    progress.remove()
    embedding = torch.cat(means).cpu().numpy().astype(np.float32)
    return Embedding(embedding, history, model, config)


@dataclass(frozen=True)
class _Genes:
    """Profiles of genes, and which of them are trained on.

    Attributes
    ----------
    values
        (genes, cells) on the device.
    kept, held
        Rows to train on, and rows that are held out.
    held_noise
        (held, latent) draws of N(0, I) for the rows that are held out.
    """

    values: torch.Tensor
    kept: torch.Tensor
    held: torch.Tensor
    held_noise: torch.Tensor

    def batches(self, size: int, draw: torch.Generator) -> Iterator[torch.Tensor]:
        """Return the rows of one epoch, batch by batch."""
        yield from self.kept[torch.randperm(len(self.kept), generator=draw)].split(size)


def _hold_out(
    values: torch.Tensor, options: VaeOptions, draw: torch.Generator, device: torch.device
) -> _Genes:
    order = torch.randperm(len(values), generator=draw)
    held = order[: max(1, round(options.holdout * len(values)))]
    # One fixed draw for the held-out genes: the curve then shows the model, not the noise.
    noise = torch.randn(len(held), options.latent, generator=draw).to(device)
    return _Genes(values.to(device), order[len(held) :], held, noise)


def _fit(
    model: VAE, genes: _Genes, options: VaeOptions, draw: torch.Generator, progress: Progress
) -> tuple[list[dict], int]:
    """Train and restore the best state; return the history and the best epoch."""
    optimiser = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    stopping = EarlyStopping(model, options.patience)
    start, history = progress.resume(
        model=model, optimiser=optimiser, stopping=stopping, draw=draw
    )
    for epoch in trange(
        start, options.epochs, desc="vae", unit="epoch", file=sys.stderr, mininterval=5
    ):
        total = _train_epoch(model, genes, options, optimiser, draw)
        model.eval()
        with torch.no_grad():
            x = genes.values[genes.held.to(genes.values.device)]
            likelihood, divergence = elbo(x, *model(x, genes.held_noise))
            bound = (likelihood - options.beta * divergence).mean().item()
        for what, value in (("loss", total), ("held-out ELBO", bound)):
            require_finite(value, what=what, epoch=epoch, field="vae.learning_rate")
        history.append(
            {"epoch": epoch, "train_elbo": -total / len(genes.kept), "validation_elbo": bound}
        )
        if stopping.check(bound, epoch):
            break
        progress.save(epoch + 1, history)
    stopping.restore()
    return history, stopping.epoch


def _train_epoch(
    model: VAE,
    genes: _Genes,
    options: VaeOptions,
    optimiser: torch.optim.Optimizer,
    draw: torch.Generator,
) -> float:
    """Take the steps of one epoch; return the sum of the genes' losses."""
    model.train()
    total, target = 0.0, genes.values.device
    for batch in genes.batches(options.batch_size, draw):
        noise = torch.randn(len(batch), options.latent, generator=draw).to(target)
        x = genes.values[batch.to(target)]
        likelihood, divergence = elbo(x, *model(x, noise))
        loss = (options.beta * divergence - likelihood).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimiser.step()
        total += loss.item() * len(batch)
    return total
