"""Masked language model over random walks (section 3.2, equations 2 to 5 of the paper).

Several inferred networks become one corpus; the embedding table that predicts masked genes
from their walks is the global embedding of each gene.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import trange

from gtgrn.embeddings.walks import PAD, Walks
from gtgrn.training.loop import EarlyStopping, Embedding, pick_device, require_finite, seeded
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)

SPECIAL = 3
CLS, MASK, PADDING = range(SPECIAL)
"""Ids of the special tokens; gene i is token i + 3."""


def sinusoidal_positions(length: int, dimensions: int) -> torch.Tensor:
    """Return the position encodings of equation 2, (length, dimensions).

    Coordinate i of position pos is sin(pos / 10000^(i/p)) for even i and
    cos(pos / 10000^((i-1)/p)) for odd i.
    """
    position = torch.arange(length, dtype=torch.float64)[:, None]
    i = torch.arange(dimensions)
    angle = position / 10000.0 ** ((i - i % 2).double() / dimensions)
    return torch.where(i % 2 == 0, angle.sin(), angle.cos()).float()


class WalkBERT(nn.Module):
    """Embedding table, transformer encoder (equations 3 and 4) and a linear decoder.

    Parameters
    ----------
    n_genes
        Size of the vocabulary, special tokens not counted.
    max_length
        Longest sequence, [CLS] included.
    dimensions, layers, heads, feedforward, dropout
        Of the encoder; attention is softmax(QK^T / sqrt(d_k)) V, the feed-forward layer
        ReLU(x W1 + b1) W2 + b2.
    positions
        ``add`` sums table and positions; ``concat`` concatenates them, as the paper's
        sentence has it, and maps them back to ``dimensions``.
    """

    def __init__(
        self,
        n_genes: int,
        max_length: int,
        *,
        dimensions: int,
        layers: int,
        heads: int,
        feedforward: int,
        dropout: float,
        positions: str,
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(n_genes + SPECIAL, dimensions, padding_idx=PADDING)
        self.register_buffer("positions", sinusoidal_positions(max_length, dimensions), False)
        self.join = nn.Linear(2 * dimensions, dimensions) if positions == "concat" else None
        layer = nn.TransformerEncoderLayer(
            dimensions, heads, feedforward, dropout, activation="relu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.decoder = nn.Linear(dimensions, n_genes)
        for matrix in self.encoder.parameters():
            if matrix.dim() > 1:
                nn.init.xavier_uniform_(matrix)
        # Uniform, as the paper says, at the scale of the positions so that neither drowns.
        nn.init.uniform_(self.table.weight, -1.0, 1.0)
        bound = dimensions**-0.5
        nn.init.uniform_(self.decoder.weight, -bound, bound)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, tokens: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """Return logits over genes at some places only.

        Parameters
        ----------
        tokens
            (sequences, length) ids, padded with [PAD].
        where
            (sequences, length) bool: places to decode. The rest would be thrown away, and the
            decoder over all genes is the dearest layer.

        Returns
        -------
        torch.Tensor
            (places, genes).
        """
        positions = self.positions[: tokens.shape[1]].expand(len(tokens), -1, -1)
        x = self.table(tokens)
        x = self.join(torch.cat([x, positions], dim=2)) if self.join else x + positions
        hidden = self.encoder(x, src_key_padding_mask=tokens == PADDING)
        return self.decoder(hidden[where])


def to_tokens(nodes: np.ndarray) -> torch.Tensor:
    """Turn walks (n, length) into token ids (n, length + 1) with [CLS] first."""
    tokens = torch.from_numpy(np.where(nodes == PAD, PADDING, nodes + SPECIAL)).long()
    return torch.cat([torch.full((len(tokens), 1), CLS), tokens], dim=1)


def mask_tokens(
    tokens: torch.Tensor, fraction: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mask floor(fraction * genes in the sequence) genes of each sequence, at least one.

    Parameters
    ----------
    tokens
        (n, length) ids.
    fraction
        Share of the genes to mask; the paper's is 0.2.
    generator
        Source of the draw.

    Returns
    -------
    tuple
        The tokens with [MASK] in the chosen places, and the places (n, length) bool.
        [CLS] and [PAD] are never chosen.
    """
    genes = tokens >= SPECIAL
    # In doubles: single precision would lose the allowance for rounding.
    wanted = (genes.sum(dim=1).double() * fraction + 1e-9).floor().clamp(min=1)
    draw = torch.rand(tokens.shape, generator=generator).masked_fill(~genes, 2.0)
    rank = draw.argsort(dim=1).argsort(dim=1)
    places = (rank < wanted[:, None]) & genes
    return tokens.masked_fill(places, MASK), places


def masked_loss(
    model: WalkBERT, tokens: torch.Tensor, masked: torch.Tensor, places: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy over the masked places only, equation 5.

    The mean, not the paper's sum: the same minimiser, and a step that does not grow with the
    batch.
    """
    return nn.functional.cross_entropy(model(masked, places), tokens[places] - SPECIAL)


def train_bert(
    walks: Walks,
    *,
    dimensions: int = 128,
    layers: int = 4,
    heads: int = 4,
    feedforward: int = 200,
    dropout: float = 0.1,
    positions: str = "add",
    mask_fraction: float = 0.2,
    learning_rate: float = 5e-4,
    batch_size: int = 64,
    epochs: int = 500,
    patience: int = 5,
    holdout: float = 0.05,
    clip: float = 0.5,
    seed: int,
    device: str = "auto",
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
) -> Embedding:
    """Train on a corpus of walks and give the embedding table.

    Parameters
    ----------
    walks
        The corpus; a walk of a single node has no context and is left out.
    dimensions, layers, heads, feedforward, dropout, positions
        See :class:`WalkBERT`; the paper's table has 512 dimensions, BERTwalk's 128.
    mask_fraction
        Share of genes masked in a walk.
    learning_rate, batch_size, epochs, patience, clip
        Adam's step, walks a step, at most so many epochs, epochs without a better held-out
        loss, and the largest gradient norm.
    holdout
        Fraction of walks held out to stop early, with a mask drawn once.
    seed
        Seed of weights, batches, masks and dropout.
    device
        ``auto``, ``cpu`` or ``cuda``.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.

    Returns
    -------
    Embedding
        (genes, dimensions): the rows of the table that belong to genes.

    Raises
    ------
    InputError
        If the loss is not finite.
    """
    # All arguments, so that none is forgotten that changes the result.
    progress = Progress(resume, dict(locals()), module=__name__, every=save_every)
    target = pick_device(device)
    tokens = to_tokens(walks.nodes[(walks.nodes != PAD).sum(axis=1) > 1])
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(tokens), generator=draw)
    n_held = max(1, round(holdout * len(tokens)))
    held, kept = tokens[order[:n_held]], tokens[order[n_held:]]
    held_masked, held_places = mask_tokens(held, mask_fraction, draw)
    config = {
        "n_genes": len(walks.genes),
        "max_length": tokens.shape[1],
        "dimensions": dimensions,
        "layers": layers,
        "heads": heads,
        "feedforward": feedforward,
        "dropout": dropout,
        "positions": positions,
    }
    with seeded(seed):
        model = WalkBERT(**config).to(target)
        optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
        stopping = EarlyStopping(model, patience)
        start, history = progress.resume(
            model=model, optimiser=optimiser, stopping=stopping, draw=draw
        )
        for epoch in trange(
            start, epochs, desc="bert", unit="epoch", file=sys.stderr, mininterval=5
        ):
            model.train()
            total = 0.0
            for batch in torch.randperm(len(kept), generator=draw).split(batch_size):
                masked, places = mask_tokens(kept[batch], mask_fraction, draw)
                loss = masked_loss(
                    model, kept[batch].to(target), masked.to(target), places.to(target)
                )
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimiser.step()
                total += loss.item() * len(batch)
            model.eval()
            with torch.no_grad():
                held_loss = _held_loss(model, held, held_masked, held_places, batch_size, target)
            for what, value in (("loss", total), ("held-out loss", held_loss)):
                require_finite(value, what=what, epoch=epoch, field="bert.learning_rate")
            history.append(
                {"epoch": epoch, "train_loss": total / len(kept), "validation_loss": held_loss}
            )
            if stopping.check(-held_loss, epoch):
                break
            progress.save(epoch + 1, history)
        stopping.restore()
    logger.info("best epoch %d of %d", stopping.epoch, len(history))
    progress.remove()
    table = model.table.weight[SPECIAL:].detach().cpu().numpy()
    return Embedding(table.astype(np.float32), history, model, config)


def _held_loss(model, held, masked, places, batch_size, device):
    """Mean loss over all masked places of the held-out walks, in batches of bounded memory."""
    total, count = 0.0, 0
    for rows in torch.arange(len(held)).split(4 * batch_size):
        loss = masked_loss(
            model, held[rows].to(device), masked[rows].to(device), places[rows].to(device)
        )
        n = int(places[rows].sum())
        total, count = total + loss.item() * n, count + n
    return total / count
