"""GATv2 on a gene regulatory network, with its attention weights (arXiv 2409.13664).

The publication says two GATv2 layers, oversampled classes and attention read as importance;
widths, rate and the decoder on [h_regulator || h_target] are chosen here. The layer is that of
Brody et al. 2022 (arXiv 2105.14491). Classes are balanced within the training part only, after
the split, so that no copy of a test pair is trained on.

``published`` has training classes balanced by repeating the rarer one, supervised edges among the
messages, the last epoch. ``repaired`` has no repeats, supervised pairs hidden, the best epoch by
validation AUPRC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from gtgrn.config.options import option
from gtgrn.models.attention import tabulate
from gtgrn.models.gtgrn.transformer import LinkDecoder
from gtgrn.models.message_passing import Arcs, aggregate, arc_softmax
from gtgrn.models.peer import GraphNetwork, Peer, learn_by_messages
from gtgrn.models.peer_training import Schedule, Task, prepare, profiles
from gtgrn.models.peers.genelink import normalise

ENVIRONMENT = "torch"
SLOPE = 0.2


@dataclass(frozen=True, kw_only=True)
class Options(Schedule):
    """Options of GATv2."""

    heads: int = option(4, "Heads of each layer.", minimum=1)
    hidden: list[int] = option(
        [32, 32],
        "Width of a head in each layer.",
        minItems=1,
        items={"description": "A width.", "type": "integer", "minimum": 1},
    )
    dropout: float = option(
        0.0,
        "Dropout of the states between layers and in the decoder.",
        minimum=0,
        exclusiveMaximum=1,
    )
    symmetric: bool = option(True, "Whether messages also pass from a target to its regulators.")
    oversample: bool = option(
        True, "Whether training pairs of the rarer class are repeated until both are as many."
    )


FORMS = {
    "published": Options(epochs=200, check_every=5, learning_rate=5e-3),
    "repaired": Options(
        dropout=0.2,
        oversample=False,
        hide=0.2,
        epochs=100,
        patience=10,
        keep="best",
        learning_rate=3e-3,
        weight_decay=1e-3,
        clip=1.0,
    ),
}


class GATv2Layer(nn.Module):
    """Attention a . LeakyReLU(W_r h_i + W_s h_j) of receiver i to sender j, head by head.

    The concatenation of the two maps in the publication's W [h_i || h_j] is their sum here.

    Parameters
    ----------
    inputs, outputs
        Width of a state before, and of one head after.
    heads
        Number of heads.
    """

    def __init__(self, inputs: int, outputs: int, heads: int) -> None:
        super().__init__()
        self.heads, self.outputs = heads, outputs
        self.receiver = nn.Linear(inputs, heads * outputs)
        self.sender = nn.Linear(inputs, heads * outputs)
        self.attention = nn.Parameter(nn.init.xavier_normal_(torch.empty(heads, outputs)))
        self.bias = nn.Parameter(torch.zeros(heads, outputs))

    def forward(self, h: torch.Tensor, arcs: Arcs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states (n, heads, outputs) and attention weights (arcs, heads)."""
        receiver = self.receiver(h).index_select(0, arcs.target)
        sender = self.sender(h)
        hidden = nn.functional.leaky_relu(receiver + sender.index_select(0, arcs.source), SLOPE)
        scores = (hidden.view(-1, self.heads, self.outputs) * self.attention).sum(-1)
        weights = arc_softmax(scores, arcs)
        states = aggregate(weights, sender.view(-1, self.heads, self.outputs), arcs)
        return states + self.bias, weights


class GATv2(GraphNetwork):
    """GATv2 layers (two in the publication) and an MLP on [h_regulator || h_target].

    Parameters
    ----------
    inputs
        Number of cells.
    heads
        Heads of each layer; averaged after the last, concatenated after the others.
    hidden
        Width of a head in each layer.
    dropout
        On the states between layers and in the decoder.
    symmetric
        Whether messages also pass from a target to its regulators.
    """

    def __init__(
        self, inputs: int, *, heads: int, hidden: Sequence[int], dropout: float, symmetric: bool
    ) -> None:
        super().__init__()
        self.symmetric = symmetric
        widths = [inputs, *(heads * width for width in hidden)]
        self.layers = nn.ModuleList(
            GATv2Layer(*sizes, heads) for sizes in zip(widths[:-1], hidden, strict=True)
        )
        self.dropout = nn.Dropout(dropout)
        self.decoder = LinkDecoder(hidden[-1], hidden[-1], dropout)

    def graph(self, task: Task, hidden: torch.Tensor | None = None) -> Arcs:
        """Return the message graph with a loop at each gene, without the pairs `hidden`."""
        return task.arcs(symmetric=self.symmetric, loops=True, hidden=hidden)

    def attend(self, x: torch.Tensor, arcs: Arcs) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the states (n, hidden[-1]) and each layer's attention weights (arcs, heads)."""
        h, first = self.layers[0](x, arcs)
        attended = [first]
        for layer in self.layers[1:]:
            h, weights = layer(self.dropout(nn.functional.elu(h.flatten(1))), arcs)
            attended.append(weights)
        return h.mean(1), attended

    def forward(self, x: torch.Tensor, arcs: Arcs) -> torch.Tensor:
        """Return the states of all genes, (n, hidden[-1])."""
        return self.attend(x, arcs)[0]

    def decode(
        self, states: torch.Tensor, regulator: torch.Tensor, target: torch.Tensor
    ) -> torch.Tensor:
        """Return one logit per pair, (pairs,)."""
        return self.decoder(states, regulator, target)


def balanced_rows(labels: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Return every row once and rows of the rarer class again, until both are as many.

    Parameters
    ----------
    labels
        (pairs,) 0 or 1, of training pairs.
    draw
        Generator of the rows that are repeated.
    """
    labels = labels.cpu()
    classes = [torch.nonzero(labels == label).squeeze(1) for label in (0, 1)]
    rare, common = sorted(classes, key=len)
    if not len(rare):
        return common
    again = torch.randint(len(rare), (len(common) - len(rare),), generator=draw)
    return torch.cat([common, rare, rare[again]])


def learn(
    model: GATv2, task: Task, x: torch.Tensor, options: Options, draw: torch.Generator
) -> list[dict]:
    """Train the network, on balanced classes where the options say so."""
    rows = balanced_rows(task.train[2], draw) if options.oversample else None
    return learn_by_messages(model, task, x, options, draw, rows=rows, name="gatv2")


PEER = Peer("gatv2", FORMS, GATv2, normalise, learn)
fit, score = PEER.fit, PEER.score


def attention_weights(
    model: GATv2,
    pairs: pd.DataFrame,
    genes: Sequence[str],
    features: Mapping[str, np.ndarray],
    *,
    device: str = "auto",
) -> pd.DataFrame:
    """Return the attention that each target pays to each of its known regulators.

    The weights of a receiver sum to one over its regulators, itself and, where messages pass
    both ways, its own targets; the last two are left out of the table.

    Parameters
    ----------
    model
        A trained model.
    pairs, genes, features
        As in ``fit``; the known regulators are those of the message graph.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    pandas.DataFrame
        Columns regulator, target, layer (from 1), head (from 1), weight; one row per message
        edge, layer and head, sorted by the first four.
    """
    task = prepare(pairs, genes, device)
    x = profiles(features, task, normalise)
    arcs = model.graph(task)
    model = model.to(task.device).eval()
    with torch.no_grad():
        layers = model.attend(x, arcs)[1]
    return tabulate(task, arcs, layers, genes)
