"""Masked language model over random walks (section 3.2, equations 2 to 5 of the paper).

Several inferred networks become one corpus; the embedding table that predicts masked genes
from their walks is the global embedding of each gene.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import trange

from gtgrn.config import common_options as common
from gtgrn.config.options import choose, make, option
from gtgrn.embeddings.node2vec import PAD
from gtgrn.embeddings.walks import Walks
from gtgrn.training.devices import pick_device
from gtgrn.training.loop import EarlyStopping, Embedding, require_finite, seeded
from gtgrn.training.memory import in_blocks
from gtgrn.training.progress import SAVE_SECONDS, Progress

logger = logging.getLogger(__name__)

SPECIAL = 3
CLS, MASK, PADDING = range(SPECIAL)
"""Ids of the special tokens; gene i is token i + 3."""
ARCHITECTURE = ("dimensions", "layers", "heads", "feedforward", "dropout", "positions")
"""Options that are arguments of :class:`WalkBERT`."""


@dataclass(frozen=True)
class BertOptions:
    """Options of the section bert; the paper's table has 512 dimensions, BERTwalk's 128."""

    dimensions: int = option(128, "Dimension of a gene's embedding.", minimum=2)
    layers: int = common.layers(4)
    heads: int = common.heads(4)
    feedforward: int = option(200, "Width of the feed-forward layer.", minimum=1)
    dropout: float = common.dropout(0.1)
    positions: str = option(
        "add",
        "add sums embeddings and positions, concat joins them as the paper says.",
        enum=["add", "concat"],
    )
    mask_fraction: float = option(
        0.2,
        "Share of the genes of a walk that is masked.",
        exclusiveMinimum=0,
        exclusiveMaximum=1,
    )
    learning_rate: float = common.learning_rate(0.0005)
    batch_size: int = common.batch_size(64)
    epochs: int = common.epochs(500)
    patience: int = common.patience(5)
    holdout: float = common.holdout(0.05)
    clip: float = common.clip(0.5)
    device: str = common.device()


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
        self.positions: torch.Tensor
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
    seed: int,
    resume: str | Path | None = None,
    save_every: float = SAVE_SECONDS,
    **options: Any,
) -> Embedding:
    """Train on a corpus of walks and return the embedding table.

    Parameters
    ----------
    walks
        The corpus; a walk of a single node has no context and is left out.
    seed
        Seed of weights, batches, masks and dropout.
    resume, save_every
        File of a training that was killed and seconds between two saves, see
        :class:`gtgrn.training.progress.Progress`.
    options
        Those of :class:`BertOptions`. Walks are held out to stop early, with a mask drawn once.

    Returns
    -------
    Embedding
        (genes, dimensions): the rows of the table that belong to genes.

    Raises
    ------
    InputError
        If an option is unknown, or the loss is not finite.
    """
    chosen = make(BertOptions, options, field="bert")
    arguments = {"walks": walks, "seed": seed, "options": chosen}
    progress = Progress(resume, arguments, module=__name__, every=save_every)
    target = pick_device(chosen.device)
    tokens = to_tokens(walks.nodes[(walks.nodes != PAD).sum(axis=1) > 1])
    draw = torch.Generator().manual_seed(seed)
    corpus = _hold_out(tokens, chosen, draw)
    config = {
        "n_genes": len(walks.genes),
        "max_length": tokens.shape[1],
        **choose(chosen, ARCHITECTURE),
    }
    with seeded(seed):
        model = WalkBERT(**config).to(target)
        history, best = _fit(model, corpus, chosen, draw, progress)
    logger.info("best epoch %d of %d", best, len(history))
    progress.remove()
    table = model.table.weight[SPECIAL:].detach().cpu().numpy()
    return Embedding(table.astype(np.float32), history, model, config)


@dataclass(frozen=True)
class _Corpus:
    """Tokens to train on, and tokens that are held out with their fixed masks."""

    kept: torch.Tensor
    held: torch.Tensor
    held_masked: torch.Tensor
    held_places: torch.Tensor


def _hold_out(tokens: torch.Tensor, options: BertOptions, draw: torch.Generator) -> _Corpus:
    order = torch.randperm(len(tokens), generator=draw)
    n_held = max(1, round(options.holdout * len(tokens)))
    held, kept = tokens[order[:n_held]], tokens[order[n_held:]]
    return _Corpus(kept, held, *mask_tokens(held, options.mask_fraction, draw))


def _fit(
    model: WalkBERT,
    corpus: _Corpus,
    options: BertOptions,
    draw: torch.Generator,
    progress: Progress,
) -> tuple[list[dict], int]:
    """Train and restore the best state; return the history and the best epoch."""
    optimiser = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    stopping = EarlyStopping(model, options.patience)
    start, history = progress.resume(
        model=model, optimiser=optimiser, stopping=stopping, draw=draw
    )
    for epoch in trange(
        start, options.epochs, desc="bert", unit="epoch", file=sys.stderr, mininterval=5
    ):
        total = _train_epoch(model, corpus.kept, options, optimiser, draw)
        model.eval()
        with torch.no_grad():
            held_loss = _held_loss(model, corpus, options.batch_size)
        for what, value in (("loss", total), ("held-out loss", held_loss)):
            require_finite(value, what=what, epoch=epoch, field="bert.learning_rate")
        history.append(
            {
                "epoch": epoch,
                "train_loss": total / len(corpus.kept),
                "validation_loss": held_loss,
            }
        )
        if stopping.check(-held_loss, epoch):
            break
        progress.save(epoch + 1, history)
    stopping.restore()
    return history, stopping.epoch


def _train_epoch(
    model: WalkBERT,
    tokens: torch.Tensor,
    options: BertOptions,
    optimiser: torch.optim.Optimizer,
    draw: torch.Generator,
) -> float:
    """Take the steps of one epoch; return the sum of the walks' losses."""
    model.train()
    total, target = 0.0, model.positions.device
    for batch in torch.randperm(len(tokens), generator=draw).split(options.batch_size):
        masked, places = mask_tokens(tokens[batch], options.mask_fraction, draw)
        loss = masked_loss(model, tokens[batch].to(target), masked.to(target), places.to(target))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimiser.step()
        total += loss.item() * len(batch)
    return total


def _held_loss(model: WalkBERT, corpus: _Corpus, batch_size: int) -> float:
    """Return the mean loss over all masked places held out, in batches of bounded memory."""
    target = model.positions.device

    def lose(*walks: torch.Tensor) -> tuple[float, int]:
        tokens, masked, places = (rows.to(target) for rows in walks)
        n = int(places.sum())
        return masked_loss(model, tokens, masked, places).item() * n, n

    held = corpus.held, corpus.held_masked, corpus.held_places
    total, count = np.sum(in_blocks(lose, 4 * batch_size, *held), axis=0)
    return float(total / count)
