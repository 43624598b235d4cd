"""Variational autoencoder of expression profiles (section 3.1, equation 1 of the paper).

A gene is a sample and the cells are its features; the posterior mean is its embedding.
"""

from __future__ import annotations

import logging
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import trange

from gtgrn.data.scaling import standardise
from gtgrn.training.loop import EarlyStopping, Embedding, pick_device, require_finite, seeded
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)


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
    """Return the two terms of the evidence lower bound, equation 1, a value a gene.

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
    latent: int = 64,
    hidden: int = 256,
    beta: float = 1.0,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    epochs: int = 100,
    patience: int = 10,
    holdout: float = 0.1,
    clip: float = 1.0,
    seed: int,
    device: str = "auto",
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
) -> Embedding:
    """Train on the genes of one data set and embed all of them.

    A tenth of the genes is held out to stop early; no label is involved, so they are genes
    of any part of any split.

    Parameters
    ----------
    expression
        (cells, genes), log-normalised, genes sorted by name.
    latent, hidden
        Dimension of the embedding (the paper: 512) and of the hidden layers.
    beta
        Weight of the divergence; 1 is the ELBO.
    learning_rate, batch_size, epochs, patience, clip
        Adam's step, genes a step, at most so many epochs, epochs without a better held-out
        ELBO, and the largest gradient norm.
    holdout
        Fraction of genes held out.
    seed
        Seed of weights, batches and noise.
    device
        ``auto``, ``cpu`` or ``cuda``.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.

    Returns
    -------
    Embedding
        Posterior means, (genes, latent).

    Raises
    ------
    InputError
        If the loss is not finite.
    """
    # All arguments, so that none is forgotten that changes the result.
    progress = Progress(resume, dict(locals()), module=__name__, every=save_every)
    target = pick_device(device)
    # Cells are the features: scaled, so that deep cells do not outweigh shallow ones.
    values = torch.tensor(standardise(expression.T), dtype=torch.float32)
    n, m = values.shape
    config = {"n_features": m, "latent": latent, "hidden": hidden}
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(n, generator=draw)
    held = order[: max(1, round(holdout * n))]
    kept = order[len(held) :]
    # One fixed draw for the held-out genes: the curve then shows the model, not the noise.
    held_noise = torch.randn(len(held), latent, generator=draw).to(target)
    values = values.to(target)
    with seeded(seed):
        model = VAE(**config).to(target)
        optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
        stopping = EarlyStopping(model, patience)
        start, history = progress.resume(
            model=model, optimiser=optimiser, stopping=stopping, draw=draw
        )
        for epoch in trange(
            start, epochs, desc="vae", unit="epoch", file=sys.stderr, mininterval=5
        ):
            model.train()
            total = 0.0
            for batch in kept[torch.randperm(len(kept), generator=draw)].split(batch_size):
                noise = torch.randn(len(batch), latent, generator=draw).to(target)
                x = values[batch.to(target)]
                likelihood, divergence = elbo(x, *model(x, noise))
                loss = (beta * divergence - likelihood).mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimiser.step()
                total += loss.item() * len(batch)
            model.eval()
            with torch.no_grad():
                x = values[held.to(target)]
                likelihood, divergence = elbo(x, *model(x, held_noise))
                bound = (likelihood - beta * divergence).mean().item()
            for what, value in (("loss", total), ("held-out ELBO", bound)):
                require_finite(value, what=what, epoch=epoch, field="vae.learning_rate")
            history.append(
                {"epoch": epoch, "train_elbo": -total / len(kept), "validation_elbo": bound}
            )
            if stopping.check(bound, epoch):
                break
            progress.save(epoch + 1, history)
    stopping.restore()
    logger.info("best epoch %d of %d", stopping.epoch, len(history))
    with torch.no_grad():
        embedding = model.encode(values)[0].cpu().numpy()
    progress.remove()
    return Embedding(embedding.astype(np.float32), history, model, config)
